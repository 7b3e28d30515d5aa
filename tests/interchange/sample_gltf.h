#pragma once

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "theta/interchange/gltf.h"
#include "theta/interchange/mesh_asset.h"

namespace theta::interchange {

using Json = nlohmann::json;

/// A GLB of a document and a BIN chunk (none when empty).
Bytes make_glb(const Json& document, const Bytes& bin);

/// Two triangles with everything an import reads: root with two children; "pair" shows a mesh of two primitives, "lamp"
/// one of one primitive with a spot light and a camera. Attributes are floats, normalised integers and interleaved.
Json sample_document();
Bytes sample_bin();
Bytes sample_glb();

/// 1 by 1 pixel.
Bytes tiny_png();
/// Start of image and a frame header of 3 by 2 pixels; enough for whoever reads headers.
Bytes tiny_jpeg();

/// Appends values to a buffer and gives their offset.
template <class T>
std::size_t append(Bytes& bin, const std::vector<T>& values) {
  bin.resize((bin.size() + 3) / 4 * 4);
  const auto at = bin.size();
  bin.resize(at + values.size() * sizeof(T));
  if (!values.empty()) std::memcpy(bin.data() + at, values.data(), values.size() * sizeof(T));
  return at;
}

/// A document with one node and one mesh of one primitive of these attributes and mode over `bin`.
Json one_mesh_document(const Bytes& bin, Json views, Json accessors, Json primitive);

Expected<ImportedScene, ImportError> import_bytes(const Bytes& bytes, const ImportLimits& limits = {});
Expected<ImportedScene, ImportError> import_document(const Json& document, const Bytes& bin = {});
/// What an import that must succeed yields; the test fails with the error otherwise.
ImportedScene must_import(const Bytes& bytes);
/// The sentence of an import that must fail.
std::string import_error(const Bytes& bytes, const ImportLimits& limits = {});

std::optional<SharedBytes> find_asset(const ImportedScene& scene, const AssetId& id);
MeshData mesh_of(const ImportedScene& scene, std::size_t node);
Expected<Bytes, ExportError> export_scene(const ImportedScene& scene);

}  // namespace theta::interchange
