#pragma once

#include <optional>

#include "theta/base/byte_codec.h"
#include "theta/base/bytes.h"
#include "theta/scene/components.h"

namespace theta::scene {

/// The one byte form of every component value: what the state hash covers, and what snapshots and journals hold.
/// Little-endian, no padding, floats by their bit pattern:
///
///   value      := 0x00                         removed; also the value of `existence`, which has no other
///               | 0x01 body
///   name       := size u32, bytes
///   transform  := position 3 f32, rotation 4 f32 (x y z w), scale 3 f32
///   mesh       := 32 bytes
///   material   := base_color 4 f32, metallic f32, roughness f32, emissive 3 f32, alpha_mode u8, alpha_cutoff f32,
///                 double_sided u8, then the texture ids base_color, metallic_roughness, normal, occlusion, emissive,
///                 32 bytes each
///   visibility := u8 (0 or 1)
///   tags       := count u32, then for each: size u32, bytes; ascending by bytes, no repeats
///   light      := kind u8, color 3 f32, intensity f32, range f32, inner_cone_angle f32, outer_cone_angle f32
///   camera     := kind u8, vertical_fov, aspect_ratio, x_magnification, y_magnification, near_plane, far_plane f32
///   application:= size u32, bytes
///   parent     := parent u64, order u64
void append_canonical(const ComponentValue& value, Bytes& out);

/// Reads one value of `component` and leaves the reader behind it. Empty, with the reader anywhere, when the bytes are
/// not what `append_canonical` writes for a value that `theta/base/limits.h` allows: truncated, too long, an unknown
/// enumerator, a flag other than 0 and 1, a float that is not finite, tags out of order. Allocates no more than the
/// limits of the component, whatever the sizes in the input say.
[[nodiscard]] std::optional<ComponentValue> read_canonical(ByteReader& reader, Component component);

/// Whether `component` can hold `value`. `monostate` fits every component but `parent`.
[[nodiscard]] bool is_value_of(const ComponentValue& value, Component component);

}  // namespace theta::scene
