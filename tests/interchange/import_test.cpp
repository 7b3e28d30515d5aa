#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "interchange/sample_gltf.h"

namespace theta::interchange {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST(ImportGltf, MakesOneNodeEachGltfNodeWithParentsFirst) {
  const auto scene = must_import(sample_glb());
  std::vector<std::string> names;
  std::vector<int> parents;
  for (const auto& node : scene.nodes) {
    names.push_back(node.name);
    parents.push_back(node.parent);
  }
  EXPECT_THAT(names, ElementsAre("root", "pair", "pair.0", "pair.1", "lamp"));
  EXPECT_THAT(parents, ElementsAre(-1, 0, 1, 1, 0));
  EXPECT_THAT(scene.warnings, IsEmpty());
}

TEST(ImportGltf, SeveralPrimitivesStandOnChildrenAndOneOnItsNode) {
  const auto scene = must_import(sample_glb());
  EXPECT_FALSE(scene.nodes[1].mesh);
  EXPECT_TRUE(scene.nodes[2].mesh && scene.nodes[2].material);
  EXPECT_TRUE(scene.nodes[3].mesh && !scene.nodes[3].material);
  EXPECT_EQ(scene.nodes[2].transform, scene::Transform{});
  EXPECT_TRUE(scene.nodes[4].mesh && scene.nodes[4].material);
}

TEST(ImportGltf, EqualMeshesAndTexturesAreOneAsset) {
  const auto scene = must_import(sample_glb());
  EXPECT_EQ(scene.nodes[2].mesh, scene.nodes[4].mesh);
  EXPECT_EQ(scene.nodes[2].material->base_color_texture, scene.nodes[4].material->normal_texture);
  // Two meshes (one has colors) and the image.
  EXPECT_THAT(scene.assets, SizeIs(3));
  for (const auto& asset : scene.assets) EXPECT_EQ(asset.id, asset_id_of(asset.bytes.view()));
}

TEST(ImportGltf, TransformsAreKeptBitForBit) {
  const auto transform = must_import(sample_glb()).nodes[1].transform;
  EXPECT_EQ(transform, (scene::Transform{{1, 2, 3}, {0, 0.6F, 0, 0.8F}, {1, -2, 1}}));
}

TEST(ImportGltf, MaterialsLightsAndCamerasAreRead) {
  const auto scene = must_import(sample_glb());
  const auto& material = *scene.nodes[2].material;
  EXPECT_THAT(material.base_color, ElementsAre(0.5F, 0.25F, 1.0F, 0.75F));
  EXPECT_EQ(material.metallic, 0.125F);
  EXPECT_EQ(material.emissive, (scene::Vec3{0.5F, 0, 1}));
  EXPECT_EQ(material.alpha_mode, scene::AlphaMode::mask);
  EXPECT_EQ(material.alpha_cutoff, 0.25F);
  EXPECT_TRUE(material.double_sided);
  const scene::Light light{scene::LightKind::spot, {1, 0.5F, 0.25F}, 40, 12, 0.25F, 0.5F};
  EXPECT_EQ(scene.nodes[4].light, light);
  scene::Camera camera;
  camera.vertical_fov = 0.75F;
  camera.aspect_ratio = 1.5F;
  camera.near_plane = 0.125F;
  EXPECT_EQ(scene.nodes[4].camera, camera);
}

TEST(ImportGltf, NormalizedIntegersBecomeFractionsAcrossStrides) {
  const auto scene = must_import(sample_glb());
  EXPECT_THAT(mesh_of(scene, 2).uv0, ElementsAre(0, 0, 1, 0, 0, 1, 1, 1));
  EXPECT_THAT(mesh_of(scene, 3).colors, ElementsAre(1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1));
  EXPECT_THAT(mesh_of(scene, 2).indices, ElementsAre(0, 1, 2, 2, 1, 3));
}

TEST(ImportGltf, SparseAccessorsOverlayTheirBase) {
  Bytes bin;
  append<float>(bin, {0, 0, 0, 1, 0, 0, 0, 1, 0});
  append<std::uint8_t>(bin, {1});
  append<float>(bin, {7, 8, 9});
  const Json views = {
      {{"byteLength", 36}}, {{"byteOffset", 36}, {"byteLength", 1}}, {{"byteOffset", 40}, {"byteLength", 12}}};
  const Json accessor = {
      {"bufferView", 0},
      {"componentType", 5126},
      {"count", 3},
      {"type", "VEC3"},
      {"sparse",
       {{"count", 1}, {"indices", {{"bufferView", 1}, {"componentType", 5121}}}, {"values", {{"bufferView", 2}}}}}};
  auto document = one_mesh_document(bin, views, Json::array({accessor}), {{"attributes", {{"POSITION", 0}}}});
  EXPECT_THAT(mesh_of(must_import(make_glb(document, bin)), 0).positions, ElementsAre(0, 0, 0, 7, 8, 9, 0, 1, 0));

  document["accessors"][0].erase("bufferView");
  EXPECT_THAT(mesh_of(must_import(make_glb(document, bin)), 0).positions, ElementsAre(0, 0, 0, 7, 8, 9, 0, 0, 0));
}

/// Five vertices on a line, since only the indices matter.
std::vector<std::uint32_t> triangles_of_mode(int mode) {
  Bytes bin;
  append<float>(bin, {0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 4, 0, 0});
  const Json views = Json::array({{{"byteLength", 60}}});
  const Json accessors = Json::array({{{"bufferView", 0}, {"componentType", 5126}, {"count", 5}, {"type", "VEC3"}}});
  const auto scene = must_import(
      make_glb(one_mesh_document(bin, views, accessors, {{"attributes", {{"POSITION", 0}}}, {"mode", mode}}), bin));
  if (!scene.nodes.empty() && scene.nodes[0].mesh) return mesh_of(scene, 0).indices;
  EXPECT_THAT(scene.warnings, Contains(HasSubstr("points and lines are not kept")));
  return {};
}

TEST(ImportGltf, StripsAndFansBecomeTriangleListsWithTheirWinding) {
  EXPECT_THAT(triangles_of_mode(4), ElementsAre(0, 1, 2));
  EXPECT_THAT(triangles_of_mode(5), ElementsAre(0, 1, 2, 1, 3, 2, 2, 3, 4));
  EXPECT_THAT(triangles_of_mode(6), ElementsAre(1, 2, 0, 2, 3, 0, 3, 4, 0));
}

TEST(ImportGltf, PointsAndLinesAreLeftOutWithAWarning) {
  for (int mode = 0; mode < 4; ++mode) EXPECT_THAT(triangles_of_mode(mode), IsEmpty());
}

TEST(ImportGltf, NormalsOffUnitLengthAreNormalisedAndEmptyOnesLeftOut) {
  auto bin = sample_bin();
  const float two = 2;
  std::memcpy(bin.data() + 48 + 8, &two, sizeof two);
  EXPECT_THAT(mesh_of(must_import(make_glb(sample_document(), bin)), 4).normals,
              ElementsAre(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1));
  const float zero = 0;
  std::memcpy(bin.data() + 48 + 8, &zero, sizeof zero);
  const auto scene = must_import(make_glb(sample_document(), bin));
  EXPECT_THAT(mesh_of(scene, 4).normals, IsEmpty());
  EXPECT_THAT(scene.warnings, Contains(HasSubstr("accessors[1]: holds directions of length 0")));
}

TEST(ImportGltf, TexturesWithoutTextureCoordinatesAreLeftOut) {
  auto document = sample_document();
  document["meshes"][1]["primitives"][0]["attributes"].erase("TEXCOORD_0");
  const auto scene = must_import(make_glb(document, sample_bin()));
  EXPECT_TRUE(scene.nodes[4].material->normal_texture.is_zero());
  EXPECT_THAT(scene.warnings, Contains(HasSubstr("meshes[1].primitives[0]: has no texture coordinates")));
}

scene::Transform transform_of_matrix(const Json& matrix, std::vector<std::string>* warnings = nullptr) {
  auto document = sample_document();
  document["nodes"][0]["matrix"] = matrix;
  const auto scene = must_import(make_glb(document, sample_bin()));
  if (warnings != nullptr) *warnings = scene.warnings;
  return scene.nodes.at(0).transform;
}

TEST(ImportGltf, MatricesBecomeTranslationRotationAndScale) {
  // A quarter turn about z, scaled by 2, 3 and 4.
  const auto turned = transform_of_matrix({0, 2, 0, 0, -3, 0, 0, 0, 0, 0, 4, 0, 5, 6, 7, 1});
  EXPECT_EQ(turned.position, (scene::Vec3{5, 6, 7}));
  EXPECT_EQ(turned.scale, (scene::Vec3{2, 3, 4}));
  EXPECT_THAT(turned.rotation.z, FloatNear(std::sqrt(0.5F), 1e-6F));
  EXPECT_THAT(turned.rotation.w, FloatNear(std::sqrt(0.5F), 1e-6F));
}

TEST(ImportGltf, MirroringMatricesKeepANegativeScale) {
  const auto mirrored = transform_of_matrix({-2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1});
  EXPECT_EQ(mirrored, (scene::Transform{{}, {}, {-2, 1, 1}}));
}

TEST(ImportGltf, FlatMatricesHaveFiniteTransforms) {
  const auto flat = transform_of_matrix({0, 0, -1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1});
  EXPECT_EQ(flat.scale, (scene::Vec3{1, 0, 1}));
  EXPECT_THAT(flat.rotation.y, FloatNear(std::sqrt(0.5F), 1e-6F));
  const auto point = transform_of_matrix({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 1});
  EXPECT_EQ(point, (scene::Transform{{1, 2, 3}, {}, {0, 0, 0}}));
}

TEST(ImportGltf, ShearingMatricesWarn) {
  std::vector<std::string> warnings;
  transform_of_matrix({1, 0, 0, 0, 0.5, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}, &warnings);
  EXPECT_THAT(warnings, Contains(HasSubstr("nodes[0].matrix: shears")));
}

TEST(ImportGltf, RotationsAreNormalisedOnlyWhenTheyMust) {
  auto document = sample_document();
  document["nodes"][1]["rotation"] = {0, 3, 0, 4};
  EXPECT_EQ(must_import(make_glb(document, sample_bin())).nodes[1].transform.rotation, (scene::Quat{0, 0.6F, 0, 0.8F}));
}

TEST(ImportGltf, NamesLoseControlCharactersAndAreMadeUpWhenEmpty) {
  auto document = sample_document();
  document["nodes"][0]["name"] = "\x1b[31mred\n\x7f";
  document["nodes"][1]["name"] = std::string(limits::kNameBytesMax - 1, 'a') + "ü";
  document["nodes"][2].erase("name");
  const auto scene = must_import(make_glb(document, sample_bin()));
  EXPECT_EQ(scene.nodes[0].name, "[31mred");
  EXPECT_EQ(scene.nodes[1].name, std::string(limits::kNameBytesMax - 1, 'a'));
  EXPECT_EQ(scene.nodes[2].name, std::string(limits::kNameBytesMax - 2, 'a') + ".0");
  EXPECT_EQ(scene.nodes[4].name, "node 2");
}

TEST(ImportGltf, OnlyTheDefaultSceneIsRead) {
  auto document = sample_document();
  document["nodes"].push_back({{"name", "elsewhere"}});
  document["scenes"].push_back({{"nodes", {3}}});
  document["scene"] = 1;
  const auto scene = must_import(make_glb(document, sample_bin()));
  ASSERT_THAT(scene.nodes, SizeIs(1));
  EXPECT_EQ(scene.nodes[0].name, "elsewhere");
  EXPECT_THAT(scene.assets, IsEmpty());
  EXPECT_THAT(scene.warnings,
              ElementsAre(HasSubstr("only its default scene was read"), HasSubstr("3 nodes are not in the scene")));
}

TEST(ImportGltf, WithoutScenesEveryRootIsRead) {
  auto document = sample_document();
  document.erase("scene");
  document.erase("scenes");
  document["nodes"].push_back({{"name", "second root"}});
  const auto scene = must_import(make_glb(document, sample_bin()));
  ASSERT_THAT(scene.nodes, SizeIs(6));
  EXPECT_EQ(scene.nodes[5].parent, -1);
}

TEST(ImportGltf, LeftOutFeaturesWarn) {
  auto document = sample_document();
  document["extensionsUsed"] = {"KHR_materials_clearcoat", "KHR_lights_punctual", "KHR_texture_transform"};
  document["extensionsRequired"] = {"KHR_texture_transform", "KHR_mesh_quantization"};
  document["animations"] = Json::array({Json::object()});
  document["skins"] = Json::array({Json::object()});
  document["meshes"][0]["primitives"][0]["targets"] = Json::array({Json::object()});
  document["samplers"][0]["wrapT"] = 33071;
  EXPECT_THAT(must_import(make_glb(document, sample_bin())).warnings,
              ElementsAre(HasSubstr("KHR_materials_clearcoat"), HasSubstr("KHR_texture_transform"),
                          HasSubstr("samplers[0].wrapT"), HasSubstr("morph targets were left out"),
                          HasSubstr("1 animations"), HasSubstr("1 skins")));
}

TEST(ImportGltf, FactorsOutsideTheirRangeAreClampedWithAWarning) {
  auto document = sample_document();
  document["materials"][0]["pbrMetallicRoughness"]["metallicFactor"] = 3;
  const auto scene = must_import(make_glb(document, sample_bin()));
  EXPECT_EQ(scene.nodes[2].material->metallic, 1);
  EXPECT_THAT(scene.warnings,
              ElementsAre(HasSubstr("materials[0].pbrMetallicRoughness.metallicFactor is outside 0..1")));
}

TEST(ImportGltf, WarningsAreBounded) {
  auto document = sample_document();
  for (int i = 0; i < 1000; ++i) document["extensionsUsed"].push_back("EXT_" + std::to_string(i));
  const auto warnings = must_import(make_glb(document, sample_bin())).warnings;
  EXPECT_THAT(warnings, SizeIs(ImportLimits{}.warnings_max + 1));
  EXPECT_EQ(warnings.back(), "and 936 more warnings");
}

TEST(ImportGltf, EmbeddedAndExternalBuffersAreRead) {
  auto document = sample_document();
  document["buffers"][0]["uri"] = "parts/my%20data.bin";
  document["images"][0] = {{"uri", "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/wAALCAACAAMBAREA/9k="}};
  std::vector<std::string> asked;
  const auto scene = import_gltf("x.gltf", as_bytes(document.dump()), [&](std::string_view path, std::size_t) {
    asked.emplace_back(path);
    return Expected<Bytes, ImportError>(sample_bin());
  });
  ASSERT_TRUE(scene.has_value()) << scene.error().message;
  EXPECT_THAT(asked, ElementsAre("parts/my data.bin"));
  EXPECT_TRUE(find_asset(*scene, asset_id_of(tiny_jpeg())));
}

TEST(ImportGltf, ProgressGrowsToOne) {
  std::vector<float> fractions;
  const auto scene = import_gltf("x.glb", sample_glb(), {}, {}, [&](float fraction) {
    fractions.push_back(fraction);
    return true;
  });
  ASSERT_TRUE(scene.has_value());
  EXPECT_EQ(fractions.front(), 0);
  EXPECT_EQ(fractions.back(), 1);
  EXPECT_TRUE(std::is_sorted(fractions.begin(), fractions.end()));
}

TEST(ImportGltf, ProgressCancelsAtEveryStep) {
  for (int steps = 0;; ++steps) {
    int left = steps;
    const auto scene = import_gltf("x.glb", sample_glb(), {}, {}, [&](float) { return left-- > 0; });
    if (scene) {
      EXPECT_GT(steps, 3);
      break;
    }
    EXPECT_EQ(scene.error().code, ImportError::cancelled);
    EXPECT_EQ(scene.error().message, "x.glb: the import was cancelled");
  }
}

}  // namespace
}  // namespace theta::interchange
