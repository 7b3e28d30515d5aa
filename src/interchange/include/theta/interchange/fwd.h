#pragma once

namespace theta::interchange {

struct ExportScene;
struct ImportedAsset;
struct ImportedScene;
struct ImportLimits;
struct MeshData;
struct SceneNode;
enum class ExportError;
enum class ImportError;
enum class MeshError;

}  // namespace theta::interchange
