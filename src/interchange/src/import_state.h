#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "accessor.h"
#include "content.h"
#include "image_kind.h"
#include "model.h"

namespace theta::interchange {

/// The assets of one import, each kept once.
class AssetSet {
 public:
  AssetId add(Bytes bytes);
  [[nodiscard]] std::vector<ImportedAsset> take() { return std::move(assets_); }

 private:
  std::unordered_set<AssetId, FixedBytesHash<AssetId>> known_;
  std::vector<ImportedAsset> assets_;
};

/// Tells the caller how far along an import is, and rejects when told to stop.
class Progress {
 public:
  explicit Progress(const ProgressCallback& callback) : callback_(callback) {}

  void report(float fraction) {
    if (callback_ && !callback_(fraction)) reject(ImportError::cancelled, "the import was cancelled");
  }

 private:
  const ProgressCallback& callback_;
};

/// What all steps after the checks share. Borrows for one import.
struct ImportState {
  const ImportLimits& limits;
  const CheckedDocument& document;
  const tinygltf::Model& model;
  Content& content;
  Warnings& warnings;
  Progress& progress;
  AssetSet assets;
};

struct PrimitiveAsset {
  AssetId mesh;
  /// Without them, textures have no place on the mesh.
  bool has_texture_coordinates = false;
};

/// Meshes of the document as assets, made when first asked for.
class MeshImporter {
 public:
  explicit MeshImporter(ImportState& state);

  /// Nothing when the primitive has no triangles; the reason became a warning.
  [[nodiscard]] std::optional<PrimitiveAsset> primitive_asset(std::size_t mesh, std::size_t primitive);

 private:
  /// Accessors in the order of the mesh asset's lists, indices last; -1 is "none".
  using Key = std::tuple<std::vector<int>, int>;

  [[nodiscard]] std::optional<PrimitiveAsset> convert(const std::vector<int>& accessors, int mode,
                                                      const std::string& path);
  [[nodiscard]] std::vector<float> attribute(int accessor, const std::string& name);
  [[nodiscard]] std::vector<float> directions(int accessor, const std::string& name);
  [[nodiscard]] std::vector<float> colors(int accessor);
  [[nodiscard]] std::vector<std::uint32_t> corner_indices(int accessor, std::size_t vertex_count);
  void charge(std::size_t numbers);

  ImportState& state_;
  AccessorReader reader_;
  Budget geometry_;
  std::map<Key, std::optional<PrimitiveAsset>> done_;
};

/// Materials (with their textures as assets), lights and cameras, made when first asked for.
class LookImporter {
 public:
  explicit LookImporter(ImportState& state);

  [[nodiscard]] const scene::Material& material(std::size_t index);
  [[nodiscard]] scene::Light light(std::size_t index) const;
  [[nodiscard]] scene::Camera camera(std::size_t index) const;

 private:
  struct KeptImage {
    AssetId id;
    ImageKind kind;
  };

  [[nodiscard]] AssetId texture(int index);
  [[nodiscard]] AssetId image(std::size_t index);
  [[nodiscard]] KeptImage image_of_view(const ImageSource& source, const std::string& path);
  [[nodiscard]] KeptImage keep_image(Bytes bytes, const ImageSource& source, const std::string& path);

  ImportState& state_;
  std::vector<std::optional<scene::Material>> materials_;
  std::vector<std::optional<AssetId>> images_;
  /// Images may share a buffer view, and views may overlap: one is copied and hashed once, all of them up to a budget.
  std::unordered_map<std::size_t, KeptImage> images_of_views_;
  Budget view_images_;
};

}  // namespace theta::interchange
