#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "json_cursor.h"

namespace theta::interchange {

/// Where a buffer's or an image's bytes are.
struct BufferSource {
  std::optional<std::string> uri;  // none: the BIN chunk
  std::size_t size_bytes = 0;
};

struct ImageSource {
  std::optional<std::string> uri;
  std::size_t buffer_view = 0;  // when there is no uri
  std::string mime_type;        // as declared, may be empty
};

enum class AccessorType { scalar, vec2, vec3, vec4, mat2, mat3, mat4 };

struct AccessorShape {
  AccessorType type = AccessorType::scalar;
  std::uint64_t component_type = 0;
  std::size_t count = 0;
  bool has_data = false;
};

struct ViewShape {
  std::size_t size_bytes = 0;
  std::size_t stride_bytes = 0;  // 0: tightly packed
};

/// What every later check compares its indices with.
struct Shapes {
  std::vector<std::size_t> buffer_sizes;
  std::vector<ViewShape> views;
  std::vector<AccessorShape> accessors;
  std::size_t images = 0;
  std::size_t textures = 0;
  std::size_t materials = 0;
  std::size_t meshes = 0;
  std::size_t cameras = 0;
  std::size_t lights = 0;
  std::size_t nodes = 0;
};

/// A document of which every structural fact has been checked: types, indices, byte ranges, the node forest.
struct CheckedDocument {
  /// Rebuilt from checked members alone, so that the glTF library never sees anything else. Without buffers and images:
  /// it must neither look for bytes nor copy them.
  Json clean;
  std::vector<BufferSource> buffers;
  std::vector<ImageSource> images;
  /// Roots of the scene to read, in order.
  std::vector<std::size_t> roots;
};

struct CheckContext {
  const ImportLimits& limits;
  Warnings& warnings;
  Shapes shapes;
};

[[nodiscard]] CheckedDocument check_document(const JsonCursor& root, const ImportLimits& limits, Warnings& warnings);

// The parts of check_document(), in this order; each reads `context.shapes` of those before it and adds its own.

[[nodiscard]] std::vector<BufferSource> check_buffers(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_views(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_accessors(const JsonCursor& root, CheckContext& context);
[[nodiscard]] std::vector<ImageSource> check_images(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_samplers(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_textures(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_materials(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_cameras(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_lights(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_meshes(const JsonCursor& root, CheckContext& context);
[[nodiscard]] Json check_nodes(const JsonCursor& root, CheckContext& context);
[[nodiscard]] std::vector<std::size_t> check_scenes(const JsonCursor& root, CheckContext& context);

/// Every kind of element may have a name; few are read, but none may be anything else than a string.
inline void check_name(const JsonCursor& element) {
  if (const auto name = element.find("name")) static_cast<void>(name->text());
}

/// Calls `visit` with each object of an optional list.
template <class Visit>
void for_each_object(const JsonCursor& parent, const char* key, std::size_t size_max, const Visit& visit) {
  const auto list = parent.find(key);
  if (!list) return;
  list->expect_list(size_max);
  for (std::size_t i = 0; i < list->value().size(); ++i) {
    const auto element = (*list)[i];
    check_name(element);
    visit(element);
  }
}

/// The same, gathering what `check` makes of each.
template <class Check>
[[nodiscard]] Json clean_list(const JsonCursor& parent, const char* key, std::size_t size_max, const Check& check) {
  Json list = Json::array();
  for_each_object(parent, key, size_max, [&](const JsonCursor& element) { list.push_back(check(element)); });
  return list;
}

/// Copies an optional member into `to` once it is checked; true when it is there.
bool copy_text(const JsonCursor& from, const char* key, Json& to);
bool copy_boolean(const JsonCursor& from, const char* key, Json& to);
bool copy_integer(const JsonCursor& from, const char* key, Json& to, std::uint64_t min, std::uint64_t max);
bool copy_index(const JsonCursor& from, const char* key, Json& to, std::size_t count);
bool copy_number(const JsonCursor& from, const char* key, Json& to, double min, double max);
/// A list of exactly `count` finite numbers.
bool copy_numbers(const JsonCursor& from, const char* key, Json& to, std::size_t count);

}  // namespace theta::interchange
