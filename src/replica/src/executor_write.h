#pragma once

#include <variant>

#include "executor.h"
#include "theta/replica/convert.h"
#include "theta/replica/outcome.h"
#include "theta/scene/components.h"

namespace theta::replica {

/// What a command wants to write to one register, or why it cannot. Transforms keep a way of their own since they are
/// most of the traffic.
using MadeValue = std::variant<scene::Transform, scene::TagSet, scene::ComponentValue, RejectReason>;

/// FlatBuffers aligns the elements and both sides are little-endian, so they are read in place.
[[nodiscard]] inline Targets targets_of(const flatbuffers::Vector<std::uint64_t>& list) {
  return {list.data(), list.size()};
}
[[nodiscard]] inline std::uint32_t count_of(Targets targets) { return static_cast<std::uint32_t>(targets.size()); }

// Optional parts of commands: absent removes the component.
[[nodiscard]] inline scene::ComponentValue value_of(const wire::fb::Bytes32* asset) {
  if (!asset) return std::monostate{};
  return wire::from_fb<AssetId>(*asset);
}
template <class Table>
[[nodiscard]] scene::ComponentValue value_of(const Table* value) requires requires {
  from_fb(*value);
}
{
  if (!value) return std::monostate{};
  return from_fb(*value);
}
[[nodiscard]] inline scene::ComponentValue value_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (!bytes) return std::monostate{};
  return Bytes(bytes->begin(), bytes->end());
}

// f32 arithmetic with + - * only: the same bits on every machine.
[[nodiscard]] inline scene::Vec3 operator+(const scene::Vec3& a, const scene::Vec3& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
[[nodiscard]] inline scene::Vec3 operator-(const scene::Vec3& a, const scene::Vec3& b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
[[nodiscard]] inline scene::Vec3 multiply(const scene::Vec3& a, const scene::Vec3& b) {
  return {a.x * b.x, a.y * b.y, a.z * b.z};
}
[[nodiscard]] inline scene::Vec3 cross(const scene::Vec3& a, const scene::Vec3& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
/// Hamilton product: first `b`, then `a`.
[[nodiscard]] inline scene::Quat operator*(const scene::Quat& a, const scene::Quat& b) {
  return {a.w * b.x + a.x * b.w + a.y * b.z - a.z * b.y, a.w * b.y - a.x * b.z + a.y * b.w + a.z * b.x,
          a.w * b.z + a.x * b.y - a.y * b.x + a.z * b.w, a.w * b.w - a.x * b.x - a.y * b.y - a.z * b.z};
}
/// v + 2 w (q x v) + 2 q x (q x v) for a unit quaternion.
[[nodiscard]] inline scene::Vec3 rotate(const scene::Quat& rotation, const scene::Vec3& v) {
  const scene::Vec3 axis{rotation.x, rotation.y, rotation.z};
  const auto once = cross(axis, v);
  const auto twice = cross(axis, once);
  const float w = rotation.w;
  return {v.x + 2 * (w * once.x + twice.x), v.y + 2 * (w * once.y + twice.y), v.z + 2 * (w * once.z + twice.z)};
}

}  // namespace theta::replica
