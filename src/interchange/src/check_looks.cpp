#include <limits>
#include <string_view>

#include "checks.h"

namespace theta::interchange {
namespace {

constexpr double kFloatMax = std::numeric_limits<float>::max();
// Exporters that compute in 32 bits write half of pi a little above what 64 bits hold.
constexpr double kHalfPi = 1.5707964;

/// A factor outside 0..1 is common and harmless: it is clamped, with a warning.
void clamp_factor(const JsonCursor& factor, Json& value, CheckContext& context) {
  const double number = factor.number();
  const double clamped = number < 0 ? 0 : number > 1 ? 1 : number;
  if (clamped != number) context.warnings.add(factor.path() + " is outside 0..1 and was clamped");
  value = clamped;
}

void copy_factor(const JsonCursor& from, const char* key, Json& to, CheckContext& context) {
  if (const auto member = from.find(key)) clamp_factor(*member, to[key], context);
}

void copy_factors(const JsonCursor& from, const char* key, Json& to, std::size_t count, CheckContext& context) {
  if (!copy_numbers(from, key, to, count)) return;
  const auto list = from.require(key);
  for (std::size_t i = 0; i < count; ++i) clamp_factor(list[i], to[key][i], context);
}

/// `strength` is normalTexture's scale or occlusionTexture's strength, which Theta's materials do not have.
void copy_texture(const JsonCursor& from, const char* key, Json& to, CheckContext& context,
                  const char* strength = nullptr) {
  const auto info = from.find(key);
  if (!info) return;
  Json clean = {{"index", info->require("index").index(context.shapes.textures)}};
  const auto set = info->find("texCoord");
  if (set && set->integer(0, std::numeric_limits<std::int32_t>::max()) != 0)
    context.warnings.add(set->path() + ": only the first set of texture coordinates is used");
  const auto amount = strength == nullptr ? std::nullopt : info->find(strength);
  if (amount && amount->number() != 1) context.warnings.add(amount->path() + " other than 1 is not kept");
  if (const auto extensions = info->find("extensions")) {
    extensions->expect_object();
    for (const auto& [name, value] : extensions->value().items()) extensions->require(name.c_str()).expect_object();
  }
  to[key] = std::move(clean);
}

Json check_material(const JsonCursor& material, CheckContext& context) {
  Json clean = Json::object();
  copy_text(material, "name", clean);
  if (const auto pbr = material.find("pbrMetallicRoughness")) {
    Json factors = Json::object();
    copy_factors(*pbr, "baseColorFactor", factors, 4, context);
    copy_factor(*pbr, "metallicFactor", factors, context);
    copy_factor(*pbr, "roughnessFactor", factors, context);
    copy_texture(*pbr, "baseColorTexture", factors, context);
    copy_texture(*pbr, "metallicRoughnessTexture", factors, context);
    clean["pbrMetallicRoughness"] = std::move(factors);
  }
  copy_texture(material, "normalTexture", clean, context, "scale");
  copy_texture(material, "occlusionTexture", clean, context, "strength");
  copy_texture(material, "emissiveTexture", clean, context);
  copy_factors(material, "emissiveFactor", clean, 3, context);
  if (copy_text(material, "alphaMode", clean)) {
    const auto mode = material.require("alphaMode");
    if (mode.text() != "OPAQUE" && mode.text() != "MASK" && mode.text() != "BLEND")
      mode.reject_value("OPAQUE, MASK or BLEND");
  }
  copy_number(material, "alphaCutoff", clean, 0, kFloatMax);
  copy_boolean(material, "doubleSided", clean);
  return clean;
}

Json check_camera(const JsonCursor& camera, CheckContext&) {
  Json clean = Json::object();
  const auto type = camera.require("type");
  const bool perspective = type.text() == "perspective";
  if (!perspective && type.text() != "orthographic") type.reject_value("perspective or orthographic");
  clean["type"] = type.text();
  const auto lens = camera.require(perspective ? "perspective" : "orthographic");
  constexpr double kLeast = std::numeric_limits<float>::denorm_min();
  Json numbers = Json::object();
  if (perspective) {
    numbers["yfov"] = lens.require("yfov").number(kLeast, 3.1415928);
    numbers["znear"] = lens.require("znear").number(kLeast, kFloatMax);
    copy_number(lens, "aspectRatio", numbers, kLeast, kFloatMax);
    copy_number(lens, "zfar", numbers, kLeast, kFloatMax);
  } else {
    for (const char* key : {"xmag", "ymag"}) {
      const auto magnification = lens.require(key);
      numbers[key] = magnification.number();
      if (static_cast<float>(magnification.number()) == 0) magnification.reject_value("a number other than 0");
    }
    numbers["znear"] = lens.require("znear").number(0, kFloatMax);
    numbers["zfar"] = lens.require("zfar").number(kLeast, kFloatMax);
  }
  if (numbers.contains("zfar") && numbers["zfar"] <= numbers["znear"])
    lens.require("zfar").reject_value("more than znear, which is " + numbers["znear"].dump());
  clean[type.text()] = std::move(numbers);
  return clean;
}

Json check_light(const JsonCursor& light, CheckContext& context) {
  Json clean = Json::object();
  const auto type = light.require("type");
  if (type.text() != "directional" && type.text() != "point" && type.text() != "spot")
    type.reject_value("directional, point or spot");
  clean["type"] = type.text();
  copy_factors(light, "color", clean, 3, context);
  copy_number(light, "intensity", clean, 0, kFloatMax);
  copy_number(light, "range", clean, 0, kFloatMax);
  if (type.text() != "spot") return clean;
  const auto spot = light.require("spot");
  Json cone = Json::object();
  copy_number(spot, "innerConeAngle", cone, 0, kHalfPi);
  copy_number(spot, "outerConeAngle", cone, 0, kHalfPi);
  const double inner = cone.value("innerConeAngle", 0.0);
  const double outer = cone.value("outerConeAngle", 0.7853981633974483);
  if (inner >= outer)
    spot.reject_with("expected innerConeAngle below outerConeAngle, got " + Json(inner).dump() + " and " +
                     Json(outer).dump());
  clean["spot"] = std::move(cone);
  return clean;
}

}  // namespace

std::vector<ImageSource> check_images(const JsonCursor& root, CheckContext& context) {
  std::vector<ImageSource> images;
  for_each_object(root, "images", context.limits.elements_max, [&](const JsonCursor& image) {
    ImageSource source;
    const auto uri = image.find("uri");
    const auto view = image.find("bufferView");
    if (uri.has_value() == view.has_value()) image.reject_with("expected either uri or bufferView");
    if (uri) source.uri = uri->text();
    if (view) source.buffer_view = view->index(context.shapes.views.size());
    if (const auto mime = image.find("mimeType")) source.mime_type = mime->text();
    images.push_back(std::move(source));
  });
  context.shapes.images = images.size();
  return images;
}

Json check_samplers(const JsonCursor& root, CheckContext& context) {
  return clean_list(root, "samplers", context.limits.elements_max, [&](const JsonCursor& sampler) {
    constexpr std::uint64_t kRepeat = 10497;
    for (const char* key : {"wrapS", "wrapT"}) {
      const auto wrap = sampler.find(key);
      if (wrap && wrap->integer(0, 65535) != kRepeat)
        context.warnings.add(wrap->path() + ": textures repeat; other ways to wrap are not kept");
    }
    return Json::object();
  });
}

Json check_textures(const JsonCursor& root, CheckContext& context) {
  const auto samplers = root.find("samplers");
  const auto sampler_count = samplers ? samplers->value().size() : 0;
  auto textures = clean_list(root, "textures", context.limits.elements_max, [&](const JsonCursor& texture) {
    Json clean = Json::object();
    copy_index(texture, "source", clean, context.shapes.images);
    copy_index(texture, "sampler", clean, sampler_count);
    return clean;
  });
  context.shapes.textures = textures.size();
  return textures;
}

Json check_materials(const JsonCursor& root, CheckContext& context) {
  auto materials = clean_list(root, "materials", context.limits.elements_max,
                              [&](const JsonCursor& material) { return check_material(material, context); });
  context.shapes.materials = materials.size();
  return materials;
}

Json check_cameras(const JsonCursor& root, CheckContext& context) {
  auto cameras = clean_list(root, "cameras", context.limits.elements_max,
                            [&](const JsonCursor& camera) { return check_camera(camera, context); });
  context.shapes.cameras = cameras.size();
  return cameras;
}

Json check_lights(const JsonCursor& root, CheckContext& context) {
  const auto extensions = root.find("extensions");
  const auto punctual = extensions ? extensions->find("KHR_lights_punctual") : std::nullopt;
  if (!punctual) return Json::array();
  auto lights = clean_list(*punctual, "lights", context.limits.elements_max,
                           [&](const JsonCursor& light) { return check_light(light, context); });
  context.shapes.lights = lights.size();
  return lights;
}

}  // namespace theta::interchange
