#include <cstdint>
#include <limits>

#include "checks.h"

namespace theta::interchange {
namespace {

// Small enough that no sum or product of a few of these overflows 64 bits where it is not checked for.
constexpr std::uint64_t kBytesMax = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kCountMax = std::numeric_limits<std::int32_t>::max();

std::size_t component_bytes(std::uint64_t component_type) {
  switch (component_type) {
    case 5120:
    case 5121: return 1;
    case 5122:
    case 5123: return 2;
    default: return 4;
  }
}

std::uint64_t check_component_type(const JsonCursor& accessor) {
  const auto member = accessor.require("componentType");
  const auto type = member.integer(0, kCountMax);
  const bool known = type == 5120 || type == 5121 || type == 5122 || type == 5123 || type == 5125 || type == 5126;
  if (!known) member.reject_value("5120, 5121, 5122, 5123, 5125 or 5126");
  return type;
}

AccessorType check_type(const JsonCursor& accessor) {
  const auto member = accessor.require("type");
  const auto& text = member.text();
  if (text == "SCALAR") return AccessorType::scalar;
  if (text == "VEC2") return AccessorType::vec2;
  if (text == "VEC3") return AccessorType::vec3;
  if (text == "VEC4") return AccessorType::vec4;
  if (text == "MAT2") return AccessorType::mat2;
  if (text == "MAT3") return AccessorType::mat3;
  if (text == "MAT4") return AccessorType::mat4;
  member.reject_value("SCALAR, VEC2, VEC3, VEC4, MAT2, MAT3 or MAT4");
}

/// A matrix pads each column to four bytes (glTF 2.0, section 3.6.2.4).
std::size_t element_bytes(AccessorType type, std::size_t component) {
  const auto padded = [&](std::size_t rows) { return rows * ((rows * component + 3) / 4 * 4); };
  switch (type) {
    case AccessorType::scalar: return component;
    case AccessorType::vec2: return 2 * component;
    case AccessorType::vec3: return 3 * component;
    case AccessorType::vec4: return 4 * component;
    case AccessorType::mat2: return padded(2);
    case AccessorType::mat3: return padded(3);
    case AccessorType::mat4: return padded(4);
  }
  return component;
}

/// `count` elements at `stride` from `offset` must end within the view.
void check_range(const JsonCursor& owner, const ViewShape& view, std::uint64_t offset, std::uint64_t count,
                 std::uint64_t stride, std::uint64_t element) {
  const std::uint64_t end = count == 0 ? offset : offset + (count - 1) * stride + element;
  if (end > view.size_bytes)
    owner.reject_with("expected to end within the " + std::to_string(view.size_bytes) +
                      " bytes of its buffer view, ends at byte " + std::to_string(end));
}

Json check_sparse_part(const JsonCursor& part, const CheckContext& context, std::uint64_t count, std::size_t element) {
  Json clean = Json::object();
  const auto view = part.require("bufferView").index(context.shapes.views.size());
  clean["bufferView"] = view;
  copy_integer(part, "byteOffset", clean, 0, kBytesMax);
  check_range(part, context.shapes.views[view], clean.value("byteOffset", std::uint64_t{0}), count, element, element);
  return clean;
}

Json check_sparse(const JsonCursor& sparse, const CheckContext& context, std::size_t accessor_count,
                  std::size_t element) {
  const auto count = sparse.require("count").integer(1, accessor_count);
  const auto indices = sparse.require("indices");
  const auto component_type = check_component_type(indices.expect_object());
  if (component_type != 5121 && component_type != 5123 && component_type != 5125)
    indices.require("componentType").reject_value("5121, 5123 or 5125");
  Json clean = {{"count", count}};
  clean["indices"] = check_sparse_part(indices, context, count, component_bytes(component_type));
  clean["indices"]["componentType"] = component_type;
  clean["values"] = check_sparse_part(sparse.require("values"), context, count, element);
  return clean;
}

Json check_accessor(const JsonCursor& accessor, CheckContext& context) {
  AccessorShape shape;
  shape.component_type = check_component_type(accessor);
  shape.type = check_type(accessor);
  shape.count = accessor.require("count").integer(1, kCountMax);
  Json clean = {
      {"componentType", shape.component_type}, {"type", accessor.require("type").text()}, {"count", shape.count}};
  copy_boolean(accessor, "normalized", clean);
  copy_integer(accessor, "byteOffset", clean, 0, kBytesMax);

  const auto element = element_bytes(shape.type, component_bytes(shape.component_type));
  if (copy_index(accessor, "bufferView", clean, context.shapes.views.size())) {
    const auto& view = context.shapes.views[clean["bufferView"].get<std::size_t>()];
    if (view.stride_bytes != 0 && view.stride_bytes < element)
      accessor.reject_with("expected its buffer view to have a byteStride of at least " + std::to_string(element) +
                           ", got " + std::to_string(view.stride_bytes));
    check_range(accessor, view, clean.value("byteOffset", std::uint64_t{0}), shape.count,
                view.stride_bytes == 0 ? element : view.stride_bytes, element);
    shape.has_data = true;
  }
  if (const auto sparse = accessor.find("sparse")) {
    clean["sparse"] = check_sparse(sparse->expect_object(), context, shape.count, element);
    shape.has_data = true;
  }
  context.shapes.accessors.push_back(shape);
  return clean;
}

Json check_view(const JsonCursor& view, CheckContext& context) {
  Json clean = Json::object();
  const auto buffer = view.require("buffer").index(context.shapes.buffer_sizes.size());
  const auto size = view.require("byteLength").integer(1, kBytesMax);
  clean["buffer"] = buffer;
  clean["byteLength"] = size;
  copy_integer(view, "byteOffset", clean, 0, kBytesMax);
  const auto end = clean.value("byteOffset", std::uint64_t{0}) + size;
  if (end > context.shapes.buffer_sizes[buffer])
    view.reject_with("expected to end within the " + std::to_string(context.shapes.buffer_sizes[buffer]) +
                     " bytes of buffers[" + std::to_string(buffer) + "], ends at byte " + std::to_string(end));
  std::size_t stride = 0;
  if (const auto member = view.find("byteStride")) {
    stride = member->integer(0, 252);
    // 0 is not in the specification, but exporters write it for "tightly packed".
    if (stride % 4 != 0) member->reject_value("a multiple of 4 from 4 to 252");
    clean["byteStride"] = stride;
  }
  context.shapes.views.push_back({static_cast<std::size_t>(size), stride});
  return clean;
}

}  // namespace

std::vector<BufferSource> check_buffers(const JsonCursor& root, CheckContext& context) {
  std::vector<BufferSource> sources;
  for_each_object(root, "buffers", context.limits.elements_max, [&](const JsonCursor& buffer) {
    BufferSource source;
    source.size_bytes = buffer.require("byteLength").integer(1, kBytesMax);
    if (const auto uri = buffer.find("uri")) source.uri = uri->text();
    context.shapes.buffer_sizes.push_back(source.size_bytes);
    sources.push_back(std::move(source));
  });
  return sources;
}

Json check_views(const JsonCursor& root, CheckContext& context) {
  return clean_list(root, "bufferViews", context.limits.elements_max,
                    [&](const JsonCursor& view) { return check_view(view, context); });
}

Json check_accessors(const JsonCursor& root, CheckContext& context) {
  return clean_list(root, "accessors", context.limits.elements_max,
                    [&](const JsonCursor& accessor) { return check_accessor(accessor, context); });
}

}  // namespace theta::interchange
