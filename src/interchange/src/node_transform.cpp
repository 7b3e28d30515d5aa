#include "node_transform.h"

#include <cmath>
#include <cstddef>

namespace theta::interchange {
namespace {

using Axis = std::array<double, 3>;

double dot(const Axis& a, const Axis& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

Axis cross(const Axis& a, const Axis& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}

Axis scaled(const Axis& a, double factor) { return {a[0] * factor, a[1] * factor, a[2] * factor}; }

/// Any unit vector at a right angle to a unit vector.
Axis perpendicular(const Axis& axis) {
  std::size_t least = 0;
  for (std::size_t i = 1; i < 3; ++i)
    if (std::abs(axis[i]) < std::abs(axis[least])) least = i;
  Axis other{};
  other[least] = 1;
  const auto result = cross(axis, other);
  return scaled(result, 1 / std::sqrt(dot(result, result)));
}

/// Gives unit columns for those that have no length, so that all three span space.
void complete(std::array<Axis, 3>& columns, const std::array<bool, 3>& known) {
  const int count = int{known[0]} + int{known[1]} + int{known[2]};
  if (count == 3) return;
  if (count == 0) {
    columns = {Axis{1, 0, 0}, Axis{0, 1, 0}, Axis{0, 0, 1}};
    return;
  }
  std::size_t start = 0;
  while (!known[start]) ++start;
  if (count == 2 && !known[(start + 1) % 3]) start = (start + 2) % 3;
  // Now `start` is known, and with two known ones, so is the next.
  const auto second = (start + 1) % 3;
  if (count == 1) columns[second] = perpendicular(columns[start]);
  const auto third = cross(columns[start], columns[second]);
  const double length = std::sqrt(dot(third, third));
  columns[(start + 2) % 3] = length > 0 ? scaled(third, 1 / length) : perpendicular(columns[start]);
}

/// Of a rotation matrix given by its columns (Shepperd's method: divide by the largest part).
std::array<double, 4> quaternion_of(const std::array<Axis, 3>& m) {
  const auto at = [&](std::size_t row, std::size_t column) { return m[column][row]; };
  const double trace = at(0, 0) + at(1, 1) + at(2, 2);
  if (trace > 0) {
    const double s = 2 * std::sqrt(trace + 1);
    return {(at(2, 1) - at(1, 2)) / s, (at(0, 2) - at(2, 0)) / s, (at(1, 0) - at(0, 1)) / s, s / 4};
  }
  std::size_t i = 0;
  if (at(1, 1) > at(0, 0)) i = 1;
  if (at(2, 2) > at(i, i)) i = 2;
  const auto j = (i + 1) % 3;
  const auto k = (i + 2) % 3;
  // Columns that shear can make the radicand slightly negative; the caller normalises what comes out.
  const double s = 2 * std::sqrt(std::max(at(i, i) - at(j, j) - at(k, k) + 1, 1e-12));
  std::array<double, 4> q{};
  q[i] = s / 4;
  q[j] = (at(j, i) + at(i, j)) / s;
  q[k] = (at(k, i) + at(i, k)) / s;
  q[3] = (at(k, j) - at(j, k)) / s;
  return q;
}

bool is_orthogonal(const std::array<Axis, 3>& columns) {
  constexpr double kTolerance = 1e-4;
  return std::abs(dot(columns[0], columns[1])) < kTolerance && std::abs(dot(columns[1], columns[2])) < kTolerance &&
         std::abs(dot(columns[2], columns[0])) < kTolerance;
}

scene::Quat normalized(const std::array<double, 4>& q) {
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (!(length > 0) || !std::isfinite(length)) return {};
  return {static_cast<float>(q[0] / length), static_cast<float>(q[1] / length), static_cast<float>(q[2] / length),
          static_cast<float>(q[3] / length)};
}

}  // namespace

Decomposition decompose(const std::array<double, 16>& matrix) {
  std::array<Axis, 3> columns{};
  std::array<double, 3> lengths{};
  std::array<bool, 3> known{};
  for (std::size_t c = 0; c < 3; ++c) {
    columns[c] = {matrix[c * 4], matrix[c * 4 + 1], matrix[c * 4 + 2]};
    lengths[c] = std::sqrt(dot(columns[c], columns[c]));
    known[c] = lengths[c] > 1e-30;
    columns[c] = known[c] ? scaled(columns[c], 1 / lengths[c]) : Axis{};
    if (!known[c]) lengths[c] = 0;
  }
  complete(columns, known);
  if (dot(cross(columns[0], columns[1]), columns[2]) < 0) {
    columns[0] = scaled(columns[0], -1);
    lengths[0] = -lengths[0];
  }
  Decomposition result;
  result.exact = is_orthogonal(columns);
  result.transform.position = {static_cast<float>(matrix[12]), static_cast<float>(matrix[13]),
                               static_cast<float>(matrix[14])};
  result.transform.rotation = normalized(quaternion_of(columns));
  result.transform.scale = {static_cast<float>(lengths[0]), static_cast<float>(lengths[1]),
                            static_cast<float>(lengths[2])};
  return result;
}

scene::Quat unit(const scene::Quat& rotation) {
  const std::array<double, 4> q = {rotation.x, rotation.y, rotation.z, rotation.w};
  const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  constexpr double kTolerance = 1e-6;
  return std::abs(length - 1) <= kTolerance ? rotation : normalized(q);
}

}  // namespace theta::interchange
