#pragma once

#include <cstdint>

namespace theta::scene {

struct Vec3;
struct Quat;
struct Transform;
struct Material;
struct Light;
struct Camera;
struct Place;
struct RegisterKey;
enum class Component : std::uint8_t;
class Version;
class ChangeLog;
class Scene;

}  // namespace theta::scene
