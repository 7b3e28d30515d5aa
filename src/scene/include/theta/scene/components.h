#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"

namespace theta::scene {

/// Metres, right-handed, Y up (glTF 2.0).
struct Vec3 {
  float x = 0, y = 0, z = 0;
  friend bool operator==(const Vec3&, const Vec3&) = default;
};

struct Quat {
  float x = 0, y = 0, z = 0, w = 1;
  friend bool operator==(const Quat&, const Quat&) = default;
};

/// Local to the parent: scale, then rotate, then translate.
struct Transform {
  Vec3 position;
  Quat rotation;
  Vec3 scale{1, 1, 1};
  friend bool operator==(const Transform&, const Transform&) = default;
};
static_assert(sizeof(Transform) == 40, "the same layout as on the wire");

enum class AlphaMode : std::uint8_t { opaque, mask, blend };

/// glTF 2.0 metallic-roughness; a zero texture id is "none".
struct Material {
  std::array<float, 4> base_color{1, 1, 1, 1};
  float metallic = 1;
  float roughness = 1;
  Vec3 emissive;
  AlphaMode alpha_mode = AlphaMode::opaque;
  float alpha_cutoff = 0.5F;
  bool double_sided = false;
  AssetId base_color_texture;
  AssetId metallic_roughness_texture;
  AssetId normal_texture;
  AssetId occlusion_texture;
  AssetId emissive_texture;
  friend bool operator==(const Material&, const Material&) = default;
};

enum class LightKind : std::uint8_t { directional, point, spot };

/// KHR_lights_punctual.
struct Light {
  LightKind kind = LightKind::point;
  Vec3 color{1, 1, 1};
  float intensity = 1;
  float range = 0;  // 0: unlimited
  float inner_cone_angle = 0;
  float outer_cone_angle = 0.7853982F;
  friend bool operator==(const Light&, const Light&) = default;
};

enum class CameraKind : std::uint8_t { perspective, orthographic };

struct Camera {
  CameraKind kind = CameraKind::perspective;
  float vertical_fov = 0.8F;
  float aspect_ratio = 0;  // 0: the viewport's
  float x_magnification = 1;
  float y_magnification = 1;
  float near_plane = 0.01F;
  float far_plane = 0;  // 0: infinite
  friend bool operator==(const Camera&, const Camera&) = default;
};

/// Sorted, without repeats.
using TagSet = std::vector<std::string>;

/// The registers of an entity. Same numbers as in the schema.
enum class Component : std::uint8_t {
  existence,
  parent,
  name,
  transform,
  mesh,
  material,
  visibility,
  tags,
  light,
  camera,
  application,
};
inline constexpr std::size_t kComponentCount = 11;

/// Where an entity hangs: under which parent (`kNoObject`: the root), and where among its siblings, ascending.
struct Place {
  ObjectId parent = kNoObject;
  std::uint64_t order = 0;
  friend bool operator==(const Place&, const Place&) = default;
};

/// Names one register. `application` tells application components apart and is 0 for all others.
struct RegisterKey {
  ObjectId entity;
  Component component = Component::existence;
  std::uint64_t application = 0;
  friend auto operator<=>(const RegisterKey&, const RegisterKey&) = default;
};

/// Any component's value. `monostate`: removed (or, as a default, never there).
///   name: string; transform: Transform; mesh: AssetId; material: Material; visibility: bool (visible); tags: TagSet;
///   light: Light; camera: Camera; application: Bytes; parent: Place.
using ComponentValue =
    std::variant<std::monostate, std::string, Transform, AssetId, Material, bool, TagSet, Light, Camera, Bytes, Place>;

/// Who wrote a register last, and when. A register is "still held" by a command exactly if `seq` and `command` match.
class Version {
 public:
  constexpr Version() = default;
  constexpr Version(Stamp stamp, Seq seq, std::uint8_t command, AuthorSlot slot)
      : stamp_(stamp.value()), writer_((seq.value() << 24) | (std::uint64_t{command} << 16) | slot.value()) {}
  [[nodiscard]] static constexpr Version from_raw(std::uint64_t stamp, std::uint64_t writer) {
    Version version;
    version.stamp_ = stamp;
    version.writer_ = writer;
    return version;
  }

  [[nodiscard]] constexpr Stamp stamp() const { return Stamp{stamp_}; }
  [[nodiscard]] constexpr Seq seq() const { return Seq{writer_ >> 24}; }
  [[nodiscard]] constexpr std::uint8_t command() const { return static_cast<std::uint8_t>(writer_ >> 16); }
  [[nodiscard]] constexpr AuthorSlot slot() const { return AuthorSlot{static_cast<std::uint16_t>(writer_)}; }
  [[nodiscard]] constexpr std::uint64_t raw_stamp() const { return stamp_; }
  [[nodiscard]] constexpr std::uint64_t raw_writer() const { return writer_; }

  /// Last write wins: (stamp, slot) decides; a command of the same author and stamp (the same packet) comes after.
  [[nodiscard]] constexpr bool loses_to(const Version& newer) const {
    return stamp_ != newer.stamp_ ? stamp_ < newer.stamp_ : slot() <= newer.slot();
  }
  friend constexpr bool operator==(const Version&, const Version&) = default;

 private:
  std::uint64_t stamp_ = 0;
  std::uint64_t writer_ = 0;  // seq (40 bits) | command index (8) | author slot (16)
};
static_assert(sizeof(Version) == 16);

}  // namespace theta::scene
