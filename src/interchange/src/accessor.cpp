#include "accessor.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <type_traits>

namespace theta::interchange {
namespace {

/// Elements of one run of bytes.
struct Run {
  ByteView bytes;
  std::size_t stride = 0;
  std::size_t count = 0;
  std::size_t components = 0;
};

template <class Source, class Target>
Target converted(Source value, bool normalized) {
  if constexpr (std::is_same_v<Target, std::uint32_t> || std::is_same_v<Source, float> || sizeof(Source) == 4) {
    return static_cast<Target>(value);
  } else {
    if (!normalized) return static_cast<Target>(value);
    const float fraction = static_cast<float>(value) / static_cast<float>(std::numeric_limits<Source>::max());
    return std::max(fraction, -1.0F);
  }
}

/// Calls `put(element, component, value)` for all of a run. Sources need no alignment.
template <class Source, class Target, class Put>
void decode_as(const Run& run, bool normalized, const Put& put) {
  for (std::size_t i = 0; i < run.count; ++i) {
    for (std::size_t c = 0; c < run.components; ++c) {
      Source value;
      std::memcpy(&value, run.bytes.data() + i * run.stride + c * sizeof(Source), sizeof value);
      put(i, c, converted<Source, Target>(value, normalized));
    }
  }
}

template <class Target, class Put>
void decode(const Run& run, int component_type, bool normalized, const Put& put) {
  switch (component_type) {
    case TINYGLTF_COMPONENT_TYPE_BYTE: return decode_as<std::int8_t, Target>(run, normalized, put);
    case TINYGLTF_COMPONENT_TYPE_UNSIGNED_BYTE: return decode_as<std::uint8_t, Target>(run, normalized, put);
    case TINYGLTF_COMPONENT_TYPE_SHORT: return decode_as<std::int16_t, Target>(run, normalized, put);
    case TINYGLTF_COMPONENT_TYPE_UNSIGNED_SHORT: return decode_as<std::uint16_t, Target>(run, normalized, put);
    case TINYGLTF_COMPONENT_TYPE_UNSIGNED_INT: return decode_as<std::uint32_t, Target>(run, normalized, put);
    default:
      if constexpr (!std::is_same_v<Target, std::uint32_t>) decode_as<float, Target>(run, normalized, put);
  }
}

ByteView view_rest(const tinygltf::Model& model, const Content& content, int view_index, std::size_t offset) {
  const auto& view = model.bufferViews[static_cast<std::size_t>(view_index)];
  return content.buffer_bytes(static_cast<std::size_t>(view.buffer), view.byteOffset, view.byteLength).subspan(offset);
}

std::vector<std::uint32_t> sparse_places(const tinygltf::Model& model, const Content& content,
                                         const tinygltf::Accessor& accessor, const std::string& path) {
  const auto& sparse = accessor.sparse;
  const auto size = static_cast<std::size_t>(
      tinygltf::GetComponentSizeInBytes(static_cast<std::uint32_t>(sparse.indices.componentType)));
  std::vector<std::uint32_t> places(static_cast<std::size_t>(sparse.count));
  const Run run{
      view_rest(model, content, sparse.indices.bufferView, static_cast<std::size_t>(sparse.indices.byteOffset)), size,
      places.size(), 1};
  decode<std::uint32_t>(run, sparse.indices.componentType, false,
                        [&](std::size_t i, std::size_t, std::uint32_t place) { places[i] = place; });
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] >= accessor.count)
      reject(ImportError::malformed, path + ".sparse.indices: element " + std::to_string(i) + ": expected 0.." +
                                         std::to_string(accessor.count - 1) + ", got " + std::to_string(places[i]));
    if (i > 0 && places[i] <= places[i - 1])
      reject(ImportError::malformed, path + ".sparse.indices: element " + std::to_string(i) + ": expected more than " +
                                         std::to_string(places[i - 1]) + " (the element before), got " +
                                         std::to_string(places[i]));
  }
  return places;
}

template <class Target>
std::vector<Target> read(const tinygltf::Model& model, const Content& content, std::size_t index) {
  const auto& accessor = model.accessors[index];
  const auto components =
      static_cast<std::size_t>(tinygltf::GetNumComponentsInType(static_cast<std::uint32_t>(accessor.type)));
  const auto element =
      components *
      static_cast<std::size_t>(tinygltf::GetComponentSizeInBytes(static_cast<std::uint32_t>(accessor.componentType)));
  std::vector<Target> values(accessor.count * components, Target{0});
  if (accessor.bufferView >= 0) {
    const auto stride = model.bufferViews[static_cast<std::size_t>(accessor.bufferView)].byteStride;
    const Run run{view_rest(model, content, accessor.bufferView, accessor.byteOffset), stride == 0 ? element : stride,
                  accessor.count, components};
    decode<Target>(run, accessor.componentType, accessor.normalized,
                   [&](std::size_t i, std::size_t c, Target value) { values[i * components + c] = value; });
  }
  if (!accessor.sparse.isSparse) return values;
  const auto places = sparse_places(model, content, accessor, "accessors[" + std::to_string(index) + "]");
  const auto& sparse = accessor.sparse.values;
  const Run run{view_rest(model, content, sparse.bufferView, static_cast<std::size_t>(sparse.byteOffset)), element,
                places.size(), components};
  decode<Target>(run, accessor.componentType, accessor.normalized,
                 [&](std::size_t i, std::size_t c, Target value) { values[places[i] * components + c] = value; });
  return values;
}

}  // namespace

std::vector<float> AccessorReader::floats(std::size_t accessor) const {
  return read<float>(model_, content_, accessor);
}

std::vector<std::uint32_t> AccessorReader::indices(std::size_t accessor) const {
  return read<std::uint32_t>(model_, content_, accessor);
}

}  // namespace theta::interchange
