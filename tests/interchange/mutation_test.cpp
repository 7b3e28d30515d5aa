// Method: mutates the sample GLB with seeded random edits of its bytes, of its JSON's text, and of its JSON's values,
// and imports the result. Whatever comes, it must be a scene whose assets read and which exports and imports again, or
// an error with a sentence; the sanitizers judge the rest. A failure prints the seed that replays it.
#include <gtest/gtest.h>

#include <random>

#include "interchange/sample_gltf.h"

namespace theta::interchange {
namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t bound) { return static_cast<std::size_t>(random() % bound); }

/// Flips, overwrites, removes, repeats or swaps in a few bytes of interest.
void mutate_bytes(Bytes& bytes, std::size_t begin, std::size_t end, Random& random) {
  const auto edits = 1 + below(random, 4);
  for (std::size_t i = 0; i < edits && begin < end; ++i) {
    const auto at = begin + below(random, end - begin);
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(random, 5)) {
      case 0: *place ^= static_cast<std::uint8_t>(1U << below(random, 8)); break;
      case 1: *place = static_cast<std::uint8_t>(random()); break;
      case 2: *place = static_cast<std::uint8_t>("{}[]\",:-0199.e\\"[below(random, 15)]); break;
      case 3:
        bytes.erase(place);
        --end;
        break;
      default: bytes.insert(place, *place); ++end;
    }
  }
}

/// A value that some check must think of.
Json odd_value(Random& random) {
  switch (below(random, 14)) {
    case 0: return nullptr;
    case 1: return -1;
    case 2: return 0;
    case 3: return std::uint64_t{0xffffffffffffffff};
    case 4: return 4294967295U;
    case 5: return 1e300;
    case 6: return -0.5;
    case 7: return "";
    case 8: return true;
    case 9: return Json::array();
    case 10: return Json::object();
    case 11: return Json::array({0, 1, 2, 1});
    case 12: return static_cast<int>(below(random, 8));
    default: return Json::parse(R"({"bufferView": 0, "index": 0, "count": 1})");
  }
}

/// Every value in the tree, so that each is as likely to be changed.
void gather(Json& value, std::vector<Json*>& all) {
  all.push_back(&value);
  if (value.is_structured())
    for (auto& child : value) gather(child, all);
}

void mutate_value(Json& document, Random& random) {
  std::vector<Json*> all;
  gather(document, all);
  auto& target = *all[below(random, all.size())];
  const auto kind = below(random, 5);
  if (kind == 0 && target.is_array() && !target.empty()) {
    target.erase(target.begin() + static_cast<std::ptrdiff_t>(below(random, target.size())));
  } else if (kind == 1 && target.is_object() && !target.empty()) {
    auto it = target.begin();
    std::advance(it, below(random, target.size()));
    target.erase(it);
  } else if (kind == 2 && target.is_array() && !target.empty()) {
    const Json copy = target[below(random, target.size())];
    target.push_back(copy);
  } else if (kind == 3) {
    const Json other = *all[below(random, all.size())];
    target = other;
  } else {
    target = odd_value(random);
  }
}

Bytes mutant(std::uint64_t seed) {
  Random random(seed);
  auto bytes = sample_glb();
  const std::size_t json_end = 20 + sample_document().dump().size();
  switch (below(random, 4)) {
    case 0: mutate_bytes(bytes, 0, bytes.size(), random); return bytes;
    case 1: {
      // As a bare .gltf, so that the text may change its length without breaking the container.
      Bytes text(bytes.begin() + 20, bytes.begin() + static_cast<std::ptrdiff_t>(json_end));
      mutate_bytes(text, 0, text.size(), random);
      auto glb = make_glb(Json(), sample_bin());
      const auto tail = Bytes(glb.begin() + 24, glb.end());
      text.resize((text.size() + 3) / 4 * 4, ' ');
      Bytes result(bytes.begin(), bytes.begin() + 20);
      result.insert(result.end(), text.begin(), text.end());
      result.insert(result.end(), tail.begin(), tail.end());
      const auto size = static_cast<std::uint32_t>(result.size());
      const auto json_size = static_cast<std::uint32_t>(text.size());
      std::memcpy(result.data() + 8, &size, sizeof size);
      std::memcpy(result.data() + 12, &json_size, sizeof json_size);
      return result;
    }
    case 2: mutate_bytes(bytes, json_end, bytes.size(), random); return bytes;
    default: {
      auto document = sample_document();
      const auto edits = 1 + below(random, 3);
      for (std::size_t i = 0; i < edits; ++i) mutate_value(document, random);
      return make_glb(document, sample_bin());
    }
  }
}

/// True when the mutant was a scene.
bool import_mutant(std::uint64_t seed) {
  const auto scene = import_gltf("mutant.glb", mutant(seed), [](std::string_view, std::size_t) {
    return Expected<Bytes, ImportError>(sample_bin());
  });
  if (!scene) {
    EXPECT_GT(scene.error().message.size(), std::string("mutant.glb: ").size());
    return false;
  }
  for (std::size_t i = 0; i < scene->nodes.size(); ++i) {
    EXPECT_LT(scene->nodes[i].parent, static_cast<int>(i));
    if (scene->nodes[i].mesh) mesh_of(*scene, i);
  }
  const auto glb = export_scene(*scene);
  EXPECT_TRUE(glb.has_value()) << glb.error().message;
  if (!glb) return true;
  const auto again = import_bytes(*glb);
  EXPECT_TRUE(again.has_value()) << again.error().message;
  EXPECT_TRUE(!again || again->nodes == scene->nodes) << "nodes changed on the way through a GLB";
  return true;
}

TEST(Mutation, EveryMutantIsASceneOrAnErrorWithASentence) {
  constexpr std::uint64_t kSeeds = 6000;
  std::size_t scenes = 0;
  for (std::uint64_t seed = 0; seed < kSeeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    scenes += import_mutant(seed) ? 1 : 0;
  }
  // Both outcomes must be common, or the mutations are too wild or too tame to test anything.
  EXPECT_GT(scenes, kSeeds / 20);
  EXPECT_LT(scenes, kSeeds / 20 * 19);
}

TEST(Mutation, MutatedMeshAssetsAreReadOrRefused) {
  const auto scene = must_import(sample_glb());
  const auto whole = find_asset(scene, *scene.nodes[4].mesh)->view();
  std::size_t read = 0;
  for (std::uint64_t seed = 0; seed < 6000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    Bytes bytes(whole.begin(), whole.end());
    mutate_bytes(bytes, 0, bytes.size(), random);
    const auto mesh = read_mesh_asset(bytes);
    if (mesh) {
      ++read;
      EXPECT_TRUE(encode_mesh_asset(*mesh).has_value());
    } else {
      EXPECT_FALSE(mesh.error().message.empty());
    }
  }
  EXPECT_GT(read, 100U);
}

}  // namespace
}  // namespace theta::interchange
