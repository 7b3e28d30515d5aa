#pragma once

#include <array>

#include "theta/scene/components.h"

namespace theta::interchange {

struct Decomposition {
  scene::Transform transform;
  /// False when no translation, rotation and scale make this matrix (it shears): `transform` is then the nearest by its
  /// columns.
  bool exact = true;
};

/// Splits an affine matrix (columns first, as in glTF) into translation, rotation and scale. A mirroring matrix gets a
/// negative scale in x. Columns of length zero give scale zero and the rotation of the others.
[[nodiscard]] Decomposition decompose(const std::array<double, 16>& matrix);

/// Unit length within what f32 can tell: such a quaternion stays bit for bit, any other is normalised. Precondition:
/// finite and not zero.
[[nodiscard]] scene::Quat unit(const scene::Quat& rotation);

}  // namespace theta::interchange
