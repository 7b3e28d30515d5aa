#include <algorithm>
#include <array>
#include <string_view>

#include "checks.h"
#include "text.h"

namespace theta::interchange {
namespace {

constexpr std::array<std::string_view, 2> kReadExtensions = {"KHR_lights_punctual", "KHR_mesh_quantization"};

/// Extensions that change looks alone: without them the scene is still the scene, so they are ignored with a warning
/// even when the file calls them required.
bool changes_looks_only(std::string_view name) {
  return name == "KHR_texture_transform" || name.starts_with("KHR_materials_");
}

bool is_read(std::string_view name) {
  return std::find(kReadExtensions.begin(), kReadExtensions.end(), name) != kReadExtensions.end();
}

bool compresses_geometry(std::string_view name) {
  return name == "KHR_draco_mesh_compression" || name == "EXT_meshopt_compression";
}

void check_extensions(const JsonCursor& root, CheckContext& context) {
  if (const auto used = root.find("extensionsUsed")) {
    used->expect_list(context.limits.elements_max);
    for (std::size_t i = 0; i < used->value().size(); ++i) {
      const auto& name = (*used)[i].text();
      if (!is_read(name)) context.warnings.add("the extension " + printable(name, 64) + " is not read and was ignored");
    }
  }
  const auto required = root.find("extensionsRequired");
  if (!required) return;
  required->expect_list(context.limits.elements_max);
  for (std::size_t i = 0; i < required->value().size(); ++i) {
    const auto entry = (*required)[i];
    const auto& name = entry.text();
    if (is_read(name) || changes_looks_only(name)) continue;
    entry.reject_with("the file cannot be read without " + printable(name, 64) +
                          (compresses_geometry(name) ? ", which compresses its geometry; export it without compression"
                                                     : ", which Theta does not read; export it without that extension"),
                      ImportError::unsupported);
  }
}

void check_asset(const JsonCursor& root) {
  const auto asset = root.require("asset");
  const auto version = asset.require("version");
  if (!version.text().starts_with("2.")) version.reject_value("glTF \"2.0\"", ImportError::unsupported);
  const auto least = asset.find("minVersion");
  if (least && least->text() != "2.0") least->reject_value("\"2.0\"", ImportError::unsupported);
}

void warn_of_motion(const JsonCursor& root, CheckContext& context) {
  for (const char* key : {"animations", "skins"}) {
    const auto list = root.find(key);
    if (!list) continue;
    const auto count = list->expect_list(context.limits.elements_max).value().size();
    if (count > 0)
      context.warnings.add(std::to_string(count) + " " + key + " were left out; geometry is kept in its bind pose");
  }
}

template <class Read>
bool copy_member(const JsonCursor& from, const char* key, Json& to, const Read& read) {
  const auto member = from.find(key);
  if (member) to[key] = read(*member);
  return member.has_value();
}

}  // namespace

bool copy_text(const JsonCursor& from, const char* key, Json& to) {
  return copy_member(from, key, to, [](const JsonCursor& it) { return it.text(); });
}
bool copy_boolean(const JsonCursor& from, const char* key, Json& to) {
  return copy_member(from, key, to, [](const JsonCursor& it) { return it.boolean(); });
}
bool copy_integer(const JsonCursor& from, const char* key, Json& to, std::uint64_t min, std::uint64_t max) {
  return copy_member(from, key, to, [&](const JsonCursor& it) { return it.integer(min, max); });
}
bool copy_index(const JsonCursor& from, const char* key, Json& to, std::size_t count) {
  return copy_member(from, key, to, [&](const JsonCursor& it) { return it.index(count); });
}
bool copy_number(const JsonCursor& from, const char* key, Json& to, double min, double max) {
  return copy_member(from, key, to, [&](const JsonCursor& it) { return it.number(min, max); });
}
bool copy_numbers(const JsonCursor& from, const char* key, Json& to, std::size_t count) {
  return copy_member(from, key, to, [&](const JsonCursor& it) {
    it.expect_list(std::size_t{1} << 20);
    if (it.value().size() != count) it.reject_value("a list of " + std::to_string(count));
    Json numbers = Json::array();
    for (std::size_t i = 0; i < count; ++i) numbers.push_back(it[i].number());
    return numbers;
  });
}

CheckedDocument check_document(const JsonCursor& root, const ImportLimits& limits, Warnings& warnings) {
  CheckContext context{limits, warnings, {}};
  root.expect_object();
  check_asset(root);
  check_extensions(root, context);

  CheckedDocument checked;
  auto& clean = checked.clean = {{"asset", {{"version", "2.0"}}}};
  checked.buffers = check_buffers(root, context);
  clean["bufferViews"] = check_views(root, context);
  clean["accessors"] = check_accessors(root, context);
  checked.images = check_images(root, context);
  clean["samplers"] = check_samplers(root, context);
  clean["textures"] = check_textures(root, context);
  clean["materials"] = check_materials(root, context);
  clean["cameras"] = check_cameras(root, context);
  clean["extensions"]["KHR_lights_punctual"]["lights"] = check_lights(root, context);
  clean["meshes"] = check_meshes(root, context);
  clean["nodes"] = check_nodes(root, context);
  checked.roots = check_scenes(root, context);
  warn_of_motion(root, context);
  return checked;
}

}  // namespace theta::interchange
