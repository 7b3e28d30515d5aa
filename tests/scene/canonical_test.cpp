#include "theta/scene/canonical.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

#include "scene/helpers.h"
#include "theta/base/limits.h"

namespace theta::scene {
namespace {

using testing::example_values;

Bytes encode(const ComponentValue& value) {
  Bytes bytes;
  append_canonical(value, bytes);
  return bytes;
}

std::optional<ComponentValue> decode(ByteView bytes, Component component) {
  ByteReader reader(bytes);
  auto value = read_canonical(reader, component);
  if (!reader.done()) return std::nullopt;
  return value;
}

/// A text or byte string as `append_canonical` writes it, with any size in front.
Bytes with_size(std::uint32_t size, std::size_t bytes) {
  Bytes out = encode(Bytes(bytes, 'a'));
  std::memcpy(out.data() + 1, &size, sizeof size);
  return out;
}

TEST(Canonical, EveryComponentRoundTrips) {
  for (const auto& [component, value] : example_values()) {
    EXPECT_TRUE(is_value_of(value, component));
    EXPECT_EQ(decode(encode(value), component), value) << "component " << static_cast<int>(component);
  }
  const Place place{testing::object(3), 77};
  EXPECT_EQ(decode(encode(place), Component::parent), ComponentValue(place));
}

TEST(Canonical, RemovedIsOneZeroByteForEveryComponentButParent) {
  const Bytes removed{0};
  EXPECT_EQ(encode({}), removed);
  for (std::uint8_t number = 0; number < kComponentCount; ++number) {
    const auto component = static_cast<Component>(number);
    const bool can_be_removed = component != Component::parent;
    EXPECT_EQ(is_value_of({}, component), can_be_removed);
    EXPECT_EQ(decode(removed, component).has_value(), can_be_removed) << int{number};
  }
}

TEST(Canonical, TheBytesOfATransformAreItsFloatsLittleEndian) {
  Transform transform;
  transform.position.x = 1;
  const auto bytes = encode(transform);
  ASSERT_EQ(bytes.size(), 41U);
  const Bytes start{1, 0, 0, 0x80, 0x3f, 0, 0, 0, 0};
  EXPECT_TRUE(std::equal(start.begin(), start.end(), bytes.begin()));
}

TEST(Canonical, EveryTruncationIsRefused) {
  for (const auto& [component, value] : example_values()) {
    const auto bytes = encode(value);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      ByteReader reader(ByteView(bytes).first(size));
      EXPECT_FALSE(read_canonical(reader, component).has_value()) << static_cast<int>(component) << " cut at " << size;
    }
  }
}

TEST(Canonical, WhatIsReadFromAnyMutationWritesTheSameBytesAgain) {
  std::mt19937 random(17);
  for (const auto& [component, value] : example_values()) {
    const auto bytes = encode(value);
    for (int round = 0; round < 2000; ++round) {
      auto mutated = bytes;
      for (int flips = 0; flips < 3; ++flips)
        mutated[random() % mutated.size()] ^= static_cast<std::uint8_t>(1U << (random() % 8));
      ByteReader reader(mutated);
      const auto read = read_canonical(reader, component);
      if (!read) continue;
      const auto consumed = mutated.size() - reader.remaining();
      EXPECT_TRUE(is_value_of(*read, component));
      EXPECT_EQ(encode(*read), Bytes(mutated.begin(), mutated.begin() + static_cast<std::ptrdiff_t>(consumed)));
    }
  }
}

TEST(Canonical, FloatsThatAreNotFiniteAreRefused) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (std::size_t at = 0; at < 10; ++at) {
      auto bytes = encode(Transform{});
      std::memcpy(bytes.data() + 1 + 4 * at, &bad, 4);
      EXPECT_FALSE(decode(bytes, Component::transform).has_value());
    }
    Light light;
    light.range = bad;
    EXPECT_FALSE(decode(encode(light), Component::light).has_value());
    Camera camera;
    camera.near_plane = bad;
    EXPECT_FALSE(decode(encode(camera), Component::camera).has_value());
    Material material;
    material.alpha_cutoff = bad;
    EXPECT_FALSE(decode(encode(material), Component::material).has_value());
  }
}

TEST(Canonical, SizesAreHeldToTheLimitsAtTheBound) {
  const auto size_of = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
  const auto name_max = limits::kNameBytesMax;
  EXPECT_TRUE(decode(with_size(size_of(name_max), name_max), Component::name).has_value());
  EXPECT_FALSE(decode(with_size(size_of(name_max + 1), name_max + 1), Component::name).has_value());
  const auto app_max = limits::kAppComponentBytesMax;
  EXPECT_TRUE(decode(with_size(size_of(app_max), app_max), Component::application).has_value());
  EXPECT_FALSE(decode(with_size(size_of(app_max + 1), app_max + 1), Component::application).has_value());
  EXPECT_FALSE(decode(with_size(0xffffffff, 8), Component::application).has_value());
  EXPECT_FALSE(decode(with_size(0xffffffff, 8), Component::tags).has_value());
}

TEST(Canonical, TagsAreHeldToOrderCountAndLength) {
  TagSet most;
  for (std::size_t at = 0; at < limits::kTagsPerEntityMax; ++at) {
    std::string tag(limits::kTagBytesMax, 'a');
    tag[0] = static_cast<char>('0' + at);
    most.push_back(tag);
  }
  EXPECT_EQ(decode(encode(most), Component::tags), ComponentValue(most));
  auto one_more = most;
  one_more.emplace_back("z");
  EXPECT_FALSE(decode(encode(one_more), Component::tags).has_value());
  EXPECT_FALSE(decode(encode(TagSet{std::string(limits::kTagBytesMax + 1, 'a')}), Component::tags).has_value());
  EXPECT_FALSE(decode(encode(TagSet{"b", "a"}), Component::tags).has_value());
  EXPECT_FALSE(decode(encode(TagSet{"a", "a"}), Component::tags).has_value());
  EXPECT_TRUE(decode(encode(TagSet{}), Component::tags).has_value());
}

TEST(Canonical, UnknownEnumeratorsFlagsAndComponentsAreRefused) {
  EXPECT_FALSE(decode(Bytes{2}, Component::name).has_value());
  EXPECT_FALSE(decode(Bytes{1, 2}, Component::visibility).has_value());
  EXPECT_FALSE(decode(Bytes{1}, Component::existence).has_value());
  EXPECT_FALSE(decode(Bytes{0}, static_cast<Component>(kComponentCount)).has_value());
  EXPECT_FALSE(decode(Bytes{1, 0, 0, 0, 0}, static_cast<Component>(200)).has_value());
  auto light = encode(Light{});
  light[1] = 3;
  EXPECT_FALSE(decode(light, Component::light).has_value());
  auto camera = encode(Camera{});
  camera[1] = 2;
  EXPECT_FALSE(decode(camera, Component::camera).has_value());
}

}  // namespace
}  // namespace theta::scene
