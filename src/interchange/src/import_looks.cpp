#include <string>

#include "import_state.h"
#include "text.h"

namespace theta::interchange {
namespace {

float at(const std::vector<double>& numbers, std::size_t i, float otherwise) {
  return i < numbers.size() ? static_cast<float>(numbers[i]) : otherwise;
}

scene::AlphaMode alpha_mode(const std::string& text) {
  if (text == "MASK") return scene::AlphaMode::mask;
  if (text == "BLEND") return scene::AlphaMode::blend;
  return scene::AlphaMode::opaque;
}

}  // namespace

LookImporter::LookImporter(ImportState& state)
    : state_(state),
      materials_(state.model.materials.size()),
      images_(state.document.images.size()),
      view_images_(state.limits.total_bytes_max, "the images in buffer views") {}

const scene::Material& LookImporter::material(std::size_t index) {
  auto& slot = materials_[index];
  if (slot) return *slot;
  const auto& source = state_.model.materials[index];
  const auto& pbr = source.pbrMetallicRoughness;
  scene::Material material;
  for (std::size_t i = 0; i < 4; ++i) material.base_color[i] = at(pbr.baseColorFactor, i, 1);
  material.metallic = static_cast<float>(pbr.metallicFactor);
  material.roughness = static_cast<float>(pbr.roughnessFactor);
  material.emissive = {at(source.emissiveFactor, 0, 0), at(source.emissiveFactor, 1, 0),
                       at(source.emissiveFactor, 2, 0)};
  material.alpha_mode = alpha_mode(source.alphaMode);
  if (material.alpha_mode == scene::AlphaMode::mask) material.alpha_cutoff = static_cast<float>(source.alphaCutoff);
  material.double_sided = source.doubleSided;
  material.base_color_texture = texture(pbr.baseColorTexture.index);
  material.metallic_roughness_texture = texture(pbr.metallicRoughnessTexture.index);
  material.normal_texture = texture(source.normalTexture.index);
  material.occlusion_texture = texture(source.occlusionTexture.index);
  material.emissive_texture = texture(source.emissiveTexture.index);
  slot = material;
  return *slot;
}

AssetId LookImporter::texture(int index) {
  if (index < 0) return {};
  const auto source = state_.model.textures[static_cast<std::size_t>(index)].source;
  if (source < 0) {
    state_.warnings.add("textures[" + std::to_string(index) + "]: has no PNG or JPEG image, so it was left out");
    return {};
  }
  return image(static_cast<std::size_t>(source));
}

AssetId LookImporter::image(std::size_t index) {
  auto& slot = images_[index];
  if (slot) return *slot;
  const auto path = "images[" + std::to_string(index) + "]";
  const auto& source = state_.document.images[index];
  const auto kept = source.uri
                        ? keep_image(state_.content.read_uri(UriUse::image, *source.uri, path + ".uri"), source, path)
                        : image_of_view(source, path);
  if (!source.mime_type.empty() && source.mime_type != mime_type(kept.kind.format))
    state_.warnings.add(path + ": is declared as " + printable(source.mime_type, 40) + " but holds " +
                        mime_type(kept.kind.format));
  slot = kept.id;
  return *slot;
}

LookImporter::KeptImage LookImporter::image_of_view(const ImageSource& source, const std::string& path) {
  const auto known = images_of_views_.find(source.buffer_view);
  if (known != images_of_views_.end()) return known->second;
  const auto& view = state_.model.bufferViews[source.buffer_view];
  view_images_.charge(view.byteLength);
  const auto stored =
      state_.content.buffer_bytes(static_cast<std::size_t>(view.buffer), view.byteOffset, view.byteLength);
  const auto kept = keep_image(Bytes(stored.begin(), stored.end()), source, path);
  images_of_views_.emplace(source.buffer_view, kept);
  return kept;
}

LookImporter::KeptImage LookImporter::keep_image(Bytes bytes, const ImageSource& source, const std::string& path) {
  const auto& limits = state_.limits;
  if (bytes.size() > limits.texture_bytes_max)
    reject(ImportError::too_large, path + ": expected at most " + std::to_string(limits.texture_bytes_max) +
                                       " bytes, got " + std::to_string(bytes.size()));
  const auto kind = image_kind(bytes);
  if (!kind)
    reject(ImportError::malformed,
           path + ": expected a PNG or JPEG image, got " + std::to_string(bytes.size()) + " bytes of something else" +
               (source.mime_type.empty() ? "" : " (declared as " + printable(source.mime_type, 40) + ")"));
  if (kind->width > limits.texture_side_max || kind->height > limits.texture_side_max)
    reject(ImportError::too_large, path + ": expected at most " + std::to_string(limits.texture_side_max) +
                                       " pixels a side, got " + std::to_string(kind->width) + " by " +
                                       std::to_string(kind->height));
  return {state_.assets.add(std::move(bytes)), *kind};
}

scene::Light LookImporter::light(std::size_t index) const {
  const auto& source = state_.model.lights[index];
  scene::Light light;
  light.kind = source.type == "directional" ? scene::LightKind::directional
               : source.type == "spot"      ? scene::LightKind::spot
                                            : scene::LightKind::point;
  light.color = {at(source.color, 0, 1), at(source.color, 1, 1), at(source.color, 2, 1)};
  light.intensity = static_cast<float>(source.intensity);
  if (light.kind != scene::LightKind::directional) light.range = static_cast<float>(source.range);
  if (light.kind == scene::LightKind::spot) {
    light.inner_cone_angle = static_cast<float>(source.spot.innerConeAngle);
    light.outer_cone_angle = static_cast<float>(source.spot.outerConeAngle);
  }
  return light;
}

scene::Camera LookImporter::camera(std::size_t index) const {
  const auto& source = state_.model.cameras[index];
  scene::Camera camera;
  if (source.type == "perspective") {
    camera.vertical_fov = static_cast<float>(source.perspective.yfov);
    camera.aspect_ratio = static_cast<float>(source.perspective.aspectRatio);
    camera.near_plane = static_cast<float>(source.perspective.znear);
    camera.far_plane = static_cast<float>(source.perspective.zfar);
  } else {
    camera.kind = scene::CameraKind::orthographic;
    camera.x_magnification = static_cast<float>(source.orthographic.xmag);
    camera.y_magnification = static_cast<float>(source.orthographic.ymag);
    camera.near_plane = static_cast<float>(source.orthographic.znear);
    camera.far_plane = static_cast<float>(source.orthographic.zfar);
  }
  return camera;
}

}  // namespace theta::interchange
