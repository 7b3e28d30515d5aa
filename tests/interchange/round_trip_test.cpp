#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>

#include "interchange/sample_gltf.h"

namespace theta::interchange {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

void expect_same(const ImportedScene& a, const ImportedScene& b) {
  ASSERT_EQ(a.nodes.size(), b.nodes.size());
  for (std::size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(a.nodes[i], b.nodes[i]) << "node " << i << ", " << a.nodes[i].name;
    EXPECT_EQ(std::memcmp(&a.nodes[i].transform, &b.nodes[i].transform, sizeof(scene::Transform)), 0) << "node " << i;
  }
  ASSERT_EQ(a.assets.size(), b.assets.size());
  for (const auto& asset : a.assets) EXPECT_TRUE(find_asset(b, asset.id));
}

/// Importing the export gives the same, twice, and the second export the same bytes.
void expect_round_trip(const ImportedScene& first) {
  const auto glb = export_scene(first);
  ASSERT_TRUE(glb.has_value()) << glb.error().message;
  const auto second = must_import(*glb);
  EXPECT_THAT(second.warnings, IsEmpty());
  expect_same(first, second);
  const auto again = export_scene(second);
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(*glb, *again);
}

TEST(RoundTrip, KeepsTheSample) { expect_round_trip(must_import(sample_glb())); }

TEST(RoundTrip, KeepsAnEmptyScene) { expect_round_trip({}); }

ImportedScene one_node(SceneNode node) {
  ImportedScene scene;
  scene.nodes.push_back(std::move(node));
  return scene;
}

/// Any finite float, of all magnitudes.
float any_float(std::mt19937_64& random) {
  for (;;) {
    const auto bits = static_cast<std::uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) return value;
  }
}

TEST(RoundTrip, KeepsAnyTransformBitForBit) {
  constexpr std::uint64_t kSeed = 1;
  std::mt19937_64 random(kSeed);
  std::uniform_real_distribution<float> part(-1, 1);
  ImportedScene scene;
  for (int i = 0; i < 2000; ++i) {
    SceneNode node;
    node.name = "n";
    node.parent = static_cast<int>(random() % 8) == 0 ? -1 : i - 1;
    if (i % 900 == 0) node.parent = -1;
    node.transform.position = {any_float(random), any_float(random), -0.0F};
    node.transform.scale = {any_float(random), any_float(random), any_float(random)};
    const double q[4] = {part(random), part(random), part(random), part(random)};
    const double length = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
    node.transform.rotation = {static_cast<float>(q[0] / length), static_cast<float>(q[1] / length),
                               static_cast<float>(q[2] / length), static_cast<float>(q[3] / length)};
    scene.nodes.push_back(node);
  }
  expect_round_trip(scene);
}

TEST(RoundTrip, KeepsAnyGeometryBitForBit) {
  constexpr std::uint64_t kSeed = 2;
  std::mt19937_64 random(kSeed);
  // Around the bound where indices grow from two bytes to four.
  for (const std::size_t vertices : {3UL, 65535UL, 65536UL}) {
    MeshData mesh;
    for (std::size_t i = 0; i < vertices * 3; ++i) mesh.positions.push_back(any_float(random));
    for (std::size_t i = 0; i < vertices * 2; ++i) mesh.uv0.push_back(any_float(random));
    for (std::size_t i = 0; i < vertices * 2; ++i) mesh.uv1.push_back(any_float(random));
    for (std::size_t i = 0; i < vertices * 4; ++i) mesh.colors.push_back(any_float(random));
    for (std::size_t i = 0; i < 30; ++i) mesh.indices.push_back(static_cast<std::uint32_t>(random() % vertices));
    mesh.indices[0] = static_cast<std::uint32_t>(vertices - 1);
    auto bytes = *encode_mesh_asset(mesh);
    SceneNode node;
    node.name = "mesh";
    node.mesh = asset_id_of(bytes);
    auto scene = one_node(node);
    scene.assets.push_back({*node.mesh, SharedBytes(bytes)});
    expect_round_trip(scene);
  }
}

TEST(RoundTrip, KeepsLightsAndCamerasOfEachKind) {
  ImportedScene scene;
  const auto add_light = [&](scene::Light light) {
    SceneNode node;
    node.name = "light";
    node.light = light;
    scene.nodes.push_back(node);
  };
  add_light({scene::LightKind::directional, {0.1F, 0.2F, 0.3F}, 3.3F});
  add_light({scene::LightKind::point, {1, 1, 1}, 0.7F, 12.5F});
  add_light({scene::LightKind::spot, {1, 0, 1}, 0, 0, 0, 1.5707964F});
  const auto add_camera = [&](scene::Camera camera) {
    SceneNode node;
    node.name = "camera";
    node.camera = camera;
    scene.nodes.push_back(node);
  };
  add_camera({scene::CameraKind::perspective, 0.7F, 1.7F, 1, 1, 0.03F, 100.1F});
  add_camera({scene::CameraKind::perspective, 0.7F, 0, 1, 1, 0.03F, 0});
  scene::Camera orthographic;
  orthographic.kind = scene::CameraKind::orthographic;
  orthographic.x_magnification = 2.2F;
  orthographic.y_magnification = -3.3F;
  orthographic.near_plane = 0;
  orthographic.far_plane = 5.5F;
  add_camera(orthographic);
  expect_round_trip(scene);
}

TEST(Export, BringsValuesThatGltfDoesNotAllowIntoRange) {
  ImportedScene scene;
  SceneNode node;
  node.name = "odd";
  node.light = scene::Light{scene::LightKind::spot, {2, 1, 0}, 5, -1, 3, 2};
  node.camera = scene::Camera{scene::CameraKind::orthographic, 0, 0, 0, 0, -1, 0};
  node.transform.rotation = {0, 0, 0, 1.0005F};
  scene.nodes.push_back(node);
  const auto glb = export_scene(scene);
  ASSERT_TRUE(glb.has_value()) << glb.error().message;
  const auto again = must_import(*glb);
  EXPECT_THAT(again.warnings, IsEmpty());
  EXPECT_EQ(again.nodes[0].light->color, (scene::Vec3{1, 0.5F, 0}));
  EXPECT_EQ(again.nodes[0].light->intensity, 10);
  EXPECT_EQ(again.nodes[0].camera->near_plane, 0);
  EXPECT_GT(again.nodes[0].camera->far_plane, 0);
  EXPECT_EQ(again.nodes[0].transform.rotation, scene::Quat{});
}

TEST(Export, SharesGeometryAmongMaterials) {
  const auto scene = must_import(sample_glb());
  const auto glb = *export_scene(scene);
  const std::string text(glb.begin(), glb.end());
  const auto document = Json::parse(text.substr(20, text.find("BIN") - 8 - 20 + 4));
  // "pair.0" and "lamp" show one geometry in two materials.
  EXPECT_EQ(document["meshes"].size(), 3U);
  EXPECT_EQ(document["meshes"][0]["primitives"][0]["attributes"], document["meshes"][2]["primitives"][0]["attributes"]);
  EXPECT_EQ(document["images"].size(), 1U);
}

ExportError export_error(const ImportedScene& scene, const char* sentence) {
  const auto glb = export_scene(scene);
  EXPECT_FALSE(glb.has_value());
  if (glb) return {};
  EXPECT_THAT(glb.error().message, HasSubstr(sentence));
  return glb.error().code;
}

TEST(Export, RefusesScenesItCannotWrite) {
  auto scene = must_import(sample_glb());
  scene.nodes[1].parent = 1;
  EXPECT_EQ(export_error(scene, "nodes[1].parent: expected -1..0"), ExportError::bad_scene);
  scene = must_import(sample_glb());
  scene.nodes[1].transform.position.x = std::numeric_limits<float>::infinity();
  EXPECT_EQ(export_error(scene, "nodes[1].transform: expected finite numbers"), ExportError::bad_scene);
  scene = must_import(sample_glb());
  scene.nodes[4].light->intensity = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(export_error(scene, "nodes[4]: expected finite numbers"), ExportError::bad_scene);
  scene = must_import(sample_glb());
  const auto mesh = *scene.nodes[2].mesh;
  scene.nodes[2].mesh = scene.nodes[2].material->base_color_texture;
  EXPECT_EQ(export_error(scene, "expected a mesh asset"), ExportError::bad_asset);
  scene.nodes[2].mesh = mesh;
  scene.nodes[2].material->base_color_texture = mesh;
  EXPECT_EQ(export_error(scene, "is neither PNG nor JPEG"), ExportError::bad_asset);
  scene.assets.clear();
  EXPECT_EQ(export_error(scene, "is not here"), ExportError::missing_asset);
}

// ---- Real files ----------------------------------------------------------------------------------------------------

Bytes file_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "expected assimp's test models (Debian package assimp-testmodels), cannot read " << path;
  return Bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

struct RealFile {
  const char* path;
  std::size_t nodes;
  std::size_t triangles;
};

void PrintTo(const RealFile& file, std::ostream* out) { *out << file.path; }

Expected<ImportedScene, ImportError> import_file(const std::string& path) {
  const auto full = std::string(THETA_TEST_MODELS) + "/" + path;
  return import_gltf(path, file_bytes(full), folder_resolver(full.substr(0, full.rfind('/'))));
}

class RealFiles : public testing::TestWithParam<RealFile> {};

TEST_P(RealFiles, ImportWholeAndRoundTrip) {
  const auto scene = import_file(GetParam().path);
  ASSERT_TRUE(scene.has_value()) << scene.error().message;
  EXPECT_EQ(scene->nodes.size(), GetParam().nodes);
  std::size_t triangles = 0;
  for (std::size_t i = 0; i < scene->nodes.size(); ++i)
    if (scene->nodes[i].mesh) triangles += mesh_of(*scene, i).triangle_count();
  EXPECT_EQ(triangles, GetParam().triangles);
  expect_round_trip(*scene);
}

// The counts were checked with pygltflib and trimesh.
INSTANTIATE_TEST_SUITE_P(
    Assimp, RealFiles,
    testing::Values(RealFile{"glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb", 158, 121496},
                    RealFile{"glTF2/BoxBadNormals-glTF-Binary/BoxBadNormals.glb", 2, 12},
                    RealFile{"glTF2/BoxTexcoords-glTF/boxTexcoords.gltf", 3, 12},
                    RealFile{"glTF2/BoxTextured-glTF-Binary/BoxTextured.glb", 2, 12},
                    RealFile{"glTF2/BoxTextured-glTF-Embedded/BoxTextured.gltf", 2, 12},
                    RealFile{"glTF2/BoxTextured-glTF-pbrSpecularGlossiness/BoxTextured.gltf", 2, 12},
                    RealFile{"glTF2/BoxTextured-glTF/BoxTextured.gltf", 2, 12},
                    RealFile{"glTF2/ClearCoat-glTF/ClearCoatTest.gltf", 33, 37116},
                    RealFile{"glTF2/TestNoRootNode/SceneWithoutNodes.gltf", 0, 0},
                    RealFile{"glTF2/cameras/Cameras.gltf", 3, 2},
                    RealFile{"glTF2/glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_00.gltf", 1, 0},
                    RealFile{"glTF2/glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_05.gltf", 1, 2},
                    RealFile{"glTF2/glTF-Asset-Generator/Mesh_PrimitiveMode/Mesh_PrimitiveMode_13.gltf", 1, 2},
                    RealFile{"glTF2/glTF-Sample-Models/AnimatedMorphCube-glTF/AnimatedMorphCube.gltf", 1, 12},
                    RealFile{"glTF2/issue_3269/texcoord_crash.gltf", 5, 10},
                    RealFile{"glTF2/simple_skin/simple_skin.gltf", 3, 8},
                    RealFile{"glTF2/textureTransform/TextureTransformTest.gltf", 12, 24}));

struct BadFile {
  const char* path;
  ImportError code;
  const char* error;
};

void PrintTo(const BadFile& file, std::ostream* out) { *out << file.path; }

class BadFiles : public testing::TestWithParam<BadFile> {};

TEST_P(BadFiles, AreRefusedWithTheElement) {
  const auto scene = import_file(GetParam().path);
  ASSERT_FALSE(scene.has_value());
  EXPECT_EQ(scene.error().code, GetParam().code);
  EXPECT_THAT(scene.error().message, testing::StartsWith(std::string(GetParam().path) + ": " + GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Assimp, BadFiles,
    testing::Values(
        BadFile{"glTF/BoxTextured-glTF/BoxTextured.gltf", ImportError::unsupported,
                "asset.version: expected glTF \"2.0\""},
        BadFile{"glTF/BoxTextured-glTF-Binary/BoxTextured.glb", ImportError::malformed,
                "offset 4: GLB version: expected 2, got 1"},
        BadFile{"glTF2/BoxTextured-glTF-techniqueWebGL/BoxTextured.gltf", ImportError::unsupported,
                "extensionsRequired[0]: "},
        BadFile{"glTF2/BoxWithInfinites-glTF-Binary/BoxWithInfinites.glb", ImportError::malformed,
                "accessors[2]: element 0: expected finite"},
        BadFile{"glTF2/IncorrectVertexArrays/Cube.gltf", ImportError::malformed,
                "bufferViews[2]: expected to end within the 514 bytes"},
        BadFile{"glTF2/IndexOutOfRange/IndexOutOfRange.gltf", ImportError::malformed,
                "accessors[0]: element 0: expected an index 0..23, got 255"},
        BadFile{"glTF2/IndexOutOfRange/AllIndicesOutOfRange.gltf", ImportError::malformed, "accessors[0]: element 0: "},
        BadFile{"glTF2/MissingBin/BoxTextured.gltf", ImportError::missing_file,
                "buffers[0].uri: \"BoxTextured0.bin\" cannot be read"},
        BadFile{"glTF2/RecursiveNodes/RecursiveNodes.gltf", ImportError::malformed,
                "nodes[0]: its parents form a ring"},
        BadFile{"glTF2/SchemaFailures/sceneWrongType.gltf", ImportError::malformed, "scene: expected 0, got \"hello\""},
        BadFile{"glTF2/TestNoRootNode/NoScene.gltf", ImportError::malformed,
                "scene: names a scene, but the file has none"},
        BadFile{"glTF2/draco/2CylinderEngine.gltf", ImportError::unsupported, "extensionsRequired[0]: "},
        BadFile{"glTF2/wrongTypes/badArray.gltf", ImportError::malformed,
                "meshes[0].primitives: expected a list, got an object"},
        BadFile{"glTF2/wrongTypes/badExtension.gltf", ImportError::malformed,
                "materials[0].pbrMetallicRoughness.baseColorTexture.extensions."},
        BadFile{"glTF2/wrongTypes/badNumber.gltf", ImportError::malformed,
                "materials[0].normalTexture: expected a member \"index\""},
        BadFile{"glTF2/wrongTypes/badObject.gltf", ImportError::malformed,
                "materials[0].pbrMetallicRoughness: expected an object"},
        BadFile{"glTF2/wrongTypes/badString.gltf", ImportError::malformed, "scenes[0].name: expected a string, got 42"},
        BadFile{"glTF2/wrongTypes/badUint.gltf", ImportError::malformed,
                "materials[0].pbrMetallicRoughness.baseColorTexture.index: expected 0, got -1"},
        BadFile{"invalid/malformed.obj", ImportError::malformed, "offset 0: expected glTF's JSON or a GLB"},
        BadFile{"invalid/malformed2.obj", ImportError::malformed, "offset 0: expected glTF's JSON or a GLB"},
        BadFile{"invalid/OutOfMemory.off", ImportError::malformed, "offset 0: expected glTF's JSON or a GLB"},
        BadFile{"invalid/empty.ply", ImportError::malformed, "offset 0: expected glTF's JSON or a GLB"}));

}  // namespace
}  // namespace theta::interchange
