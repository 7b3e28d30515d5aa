// What a bad file gets: an error that names the file, the offset or element, what was expected and what came.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "interchange/sample_gltf.h"

namespace theta::interchange {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct BadValue {
  const char* pointer;  // JSON pointer into the sample; "-" appends
  const char* value;
  const char* error;
};

void PrintTo(const BadValue& bad, std::ostream* out) { *out << bad.pointer << " = " << bad.value; }

class BadDocument : public testing::TestWithParam<BadValue> {};

TEST_P(BadDocument, NamesTheElement) {
  auto document = sample_document();
  document[Json::json_pointer(GetParam().pointer)] = Json::parse(GetParam().value);
  EXPECT_EQ(import_error(make_glb(document, sample_bin())), std::string("sample.glb: ") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Structure, BadDocument,
    testing::Values(
        BadValue{"/asset", "3", "asset: expected an object, got 3"},
        BadValue{"/asset/version", R"("1.0")", R"(asset.version: expected glTF "2.0", got "1.0")"},
        BadValue{"/asset/minVersion", R"("2.1")", R"(asset.minVersion: expected "2.0", got "2.1")"},
        BadValue{
            "/extensionsRequired", R"(["KHR_draco_mesh_compression"])",
            "extensionsRequired[0]: the file cannot be read without KHR_draco_mesh_compression, which compresses its "
            "geometry; export "
            "it without compression"},
        BadValue{"/extensionsRequired", R"(["EXT_\u001bx"])",
                 "extensionsRequired[0]: the file cannot be read without EXT_?x, which Theta does not read; export it "
                 "without that "
                 "extension"},
        BadValue{"/accessors/3/bufferView", "9", "accessors[3].bufferView: expected 0..5, got 9"},
        BadValue{"/accessors/3/bufferView", "-1", "accessors[3].bufferView: expected 0..5, got -1"},
        BadValue{"/accessors/3/bufferView", "1.5", "accessors[3].bufferView: expected 0..5, got 1.5"},
        BadValue{"/accessors/3/bufferView", "18446744073709551615",
                 "accessors[3].bufferView: expected 0..5, got 18446744073709551615"},
        BadValue{"/accessors/0/componentType", "5124",
                 "accessors[0].componentType: expected 5120, 5121, 5122, 5123, 5125 or 5126, got 5124"},
        BadValue{"/accessors/0/type", R"("VEC5")",
                 R"(accessors[0].type: expected SCALAR, VEC2, VEC3, VEC4, MAT2, MAT3 or MAT4, got "VEC5")"},
        BadValue{"/accessors/0/count", "0", "accessors[0].count: expected 1..2147483647, got 0"},
        BadValue{"/accessors/0/count", "2147483647",
                 "accessors[0]: expected to end within the 48 bytes of its buffer view, ends at byte 25769803764"},
        BadValue{"/accessors/0/byteOffset", "4294967295",
                 "accessors[0]: expected to end within the 48 bytes of its buffer view, ends at byte 4294967343"},
        BadValue{"/accessors/0/normalized", R"("yes")",
                 R"(accessors[0].normalized: expected true or false, got "yes")"},
        BadValue{"/accessors/0/name", "42", "accessors[0].name: expected a string, got 42"},
        BadValue{"/accessors/0/sparse", "{}", R"(accessors[0].sparse: expected a member "count", there is none)"},
        BadValue{"/accessors/0/sparse", R"({"count": 5})", "accessors[0].sparse.count: expected 1..4, got 5"},
        BadValue{"/bufferViews/1/buffer", "1", "bufferViews[1].buffer: expected 0, got 1"},
        BadValue{"/bufferViews/1/byteLength", "4294967295",
                 "bufferViews[1]: expected to end within the 208 bytes of buffers[0], ends at byte 4294967343"},
        BadValue{"/bufferViews/0/byteStride", "8",
                 "accessors[0]: expected its buffer view to have a byteStride of at least 12, got 8"},
        BadValue{"/bufferViews/0/byteStride", "253", "bufferViews[0].byteStride: expected 0..252, got 253"},
        BadValue{"/bufferViews/0/byteStride", "13",
                 "bufferViews[0].byteStride: expected a multiple of 4 from 4 to 252, got 13"},
        BadValue{"/buffers/0/byteLength", "1000",
                 "buffers[0].byteLength: expected at most 208 (the bytes there are), got 1000"},
        BadValue{"/buffers/-", R"({"byteLength": 4})",
                 "buffers[1]: expected a uri, or a BIN chunk for the first buffer of a GLB; there is neither"}));

INSTANTIATE_TEST_SUITE_P(
    Nodes, BadDocument,
    testing::Values(
        BadValue{"/scene", "1", "scene: expected 0, got 1"},
        BadValue{"/scenes/0/nodes", "[1]", "scenes[0].nodes[0]: expected a node without a parent, got 1"},
        BadValue{"/scenes/0/nodes", "[0, 0]", "scenes[0].nodes[1]: expected each node once, got 0"},
        BadValue{"/scenes/0/nodes", "[3]", "scenes[0].nodes[0]: expected 0..2, got 3"},
        BadValue{"/nodes/0/children", "[1, 1]",
                 "nodes[0].children[1]: nodes[1] is already a child of nodes[0]; a node has one parent"},
        BadValue{"/nodes/2/children", "[1]",
                 "nodes[2].children[0]: nodes[1] is already a child of nodes[0]; a node has one parent"},
        BadValue{"/nodes/2/children", "[0]",
                 "nodes[0]: its parents form a ring: it is below itself, or below a node that is"},
        BadValue{"/nodes/-", R"({"children": [3]})",
                 "nodes[3]: its parents form a ring: it is below itself, or below a node that is"},
        BadValue{"/nodes/1/mesh", "2", "nodes[1].mesh: expected 0..1, got 2"},
        BadValue{"/nodes/1/camera", R"("0")", R"(nodes[1].camera: expected 0, got "0")"},
        BadValue{"/nodes/1/translation", "[1, 2]", "nodes[1].translation: expected a list of 3, got a list of 2"},
        BadValue{"/nodes/1/translation", "[1, 2, 1e39]",
                 "nodes[1].translation[2]: expected a number that 32-bit floats can hold, got 1e+39"},
        BadValue{"/nodes/1/translation", "[1, 2, null]", "nodes[1].translation[2]: expected a number, got null"},
        BadValue{"/nodes/1/rotation", "[0, 0, 0, 0]",
                 "nodes[1].rotation: expected a unit quaternion, got one of length 0.0"},
        BadValue{"/nodes/1/matrix", "[1,0,0,0, 0,1,0,0, 0,0,1,0, 0,0,0,1]",
                 "nodes[1]: expected either matrix or translation, rotation and scale, got both"},
        BadValue{"/nodes/0/matrix", "[1,0,0,0, 0,1,0,0, 0,0,1,0.5, 0,0,0,1]",
                 "nodes[0].matrix[11]: expected 0.0, as in any affine matrix, got 0.5"},
        BadValue{"/nodes/2/extensions/KHR_lights_punctual/light", "1",
                 "nodes[2].extensions.KHR_lights_punctual.light: expected 0, got 1"}));

INSTANTIATE_TEST_SUITE_P(
    MeshesAndLooks, BadDocument,
    testing::Values(
        BadValue{"/meshes/0/primitives", "{}", "meshes[0].primitives: expected a list, got an object"},
        BadValue{"/meshes/0/primitives/1/mode", "7", "meshes[0].primitives[1].mode: expected 0..6, got 7"},
        BadValue{"/meshes/0/primitives/1/material", "2", "meshes[0].primitives[1].material: expected 0..1, got 2"},
        BadValue{"/meshes/0/primitives/1/indices", "0",
                 "meshes[0].primitives[1].indices: expected an accessor of unsigned SCALAR, got 0"},
        BadValue{"/meshes/0/primitives/1/attributes/POSITION", "2",
                 "meshes[0].primitives[1].attributes.POSITION: expected an accessor of VEC3, got 2"},
        BadValue{"/meshes/0/primitives/1/attributes/_CUSTOM", "5",
                 "meshes[0].primitives[1].attributes._CUSTOM: expected 0..4, got 5"},
        BadValue{"/accessors/1/count", "3",
                 "meshes[0].primitives[0].attributes.POSITION: expected as many elements as the other "
                 "attributes (3), got 4"},
        BadValue{"/textures/0/source", "1", "textures[0].source: expected 0, got 1"},
        BadValue{"/textures/0/sampler", "1", "textures[0].sampler: expected 0, got 1"},
        BadValue{"/images/0/uri", R"("x.png")", "images[0]: expected either uri or bufferView"},
        BadValue{"/images/0/bufferView", "0",
                 "images[0]: expected a PNG or JPEG image, got 48 bytes of something else (declared as image/png)"},
        BadValue{"/materials/0/alphaMode", R"("GLASS")",
                 R"(materials[0].alphaMode: expected OPAQUE, MASK or BLEND, got "GLASS")"},
        BadValue{"/materials/0/doubleSided", "1", "materials[0].doubleSided: expected true or false, got 1"},
        BadValue{"/materials/0/pbrMetallicRoughness/baseColorTexture/index", "1",
                 "materials[0].pbrMetallicRoughness.baseColorTexture.index: expected 0, got 1"},
        BadValue{"/cameras/0/type", R"("fisheye")",
                 R"(cameras[0].type: expected perspective or orthographic, got "fisheye")"},
        BadValue{"/cameras/0/perspective/zfar", "0.125",
                 "cameras[0].perspective.zfar: expected more than znear, which is 0.125, got 0.125"},
        BadValue{"/extensions/KHR_lights_punctual/lights/0/type", R"("laser")",
                 R"(extensions.KHR_lights_punctual.lights[0].type: expected directional, point or spot, got "laser")"},
        BadValue{"/extensions/KHR_lights_punctual/lights/0/spot/innerConeAngle", "0.5",
                 "extensions.KHR_lights_punctual.lights[0].spot: expected innerConeAngle below "
                 "outerConeAngle, got 0.5 and 0.5"}));

class BadUri : public testing::TestWithParam<const char*> {};

TEST_P(BadUri, NeverReachesTheResolver) {
  auto document = sample_document();
  document["buffers"][0]["uri"] = GetParam();
  bool asked = false;
  const auto scene = import_gltf("x.gltf", as_bytes(document.dump()), [&](std::string_view, std::size_t) {
    asked = true;
    return Expected<Bytes, ImportError>(sample_bin());
  });
  ASSERT_FALSE(scene.has_value());
  EXPECT_THAT(scene.error().message, StartsWith("x.gltf: buffers[0].uri: expected "));
  EXPECT_FALSE(asked);
}

INSTANTIATE_TEST_SUITE_P(Uris, BadUri,
                         testing::Values("", ".", "/etc/passwd", "../secret", "a/../../b", "a//b", "a/",
                                         "http://host/a.bin", "file:///a", "%2e%2e/secret", "%2fetc", "C:/a", "a\\b",
                                         "a%00b", "a%5c..%5cb", ".ssh/key.bin", "%2essh/key.bin", "a/.b.bin", "id_rsa",
                                         "notes.txt", "bin", "a.png", "a.bin/b", "data:text/plain,hello",
                                         "data:;base64,a", "data:;base64,ab?d"));

TEST(BadUri, ImagesHaveImagesNames) {
  auto document = sample_document();
  std::vector<std::string> asked;
  const auto import_with = [&](const char* uri) {
    document["images"][0] = {{"uri", uri}};
    return import_gltf("x.gltf", make_glb(document, sample_bin()), [&](std::string_view path, std::size_t) {
      asked.emplace_back(path);
      return Expected<Bytes, ImportError>(tiny_png());
    });
  };
  EXPECT_EQ(import_with("a.bin").error().message,
            "x.gltf: images[0].uri: expected the name of an image's file, .png, .jpg or .jpeg, got \"a.bin\"");
  EXPECT_EQ(import_with("a/.b.png").error().code, ImportError::malformed);
  EXPECT_THAT(asked, testing::IsEmpty());
  EXPECT_TRUE(import_with("a.PNG").has_value());
  EXPECT_TRUE(import_with("./a.b.jpeg").has_value());
  EXPECT_THAT(asked, testing::ElementsAre("a.PNG", "a.b.jpeg"));
}

/// Positions are the first 48 bytes, indices lie at 128.
TEST(BadContent, PositionsThatAreNotFiniteAreNamed) {
  auto bin = sample_bin();
  const std::uint32_t nan = 0x7fc00000;
  std::memcpy(bin.data() + 16, &nan, sizeof nan);
  EXPECT_EQ(import_error(make_glb(sample_document(), bin)),
            "sample.glb: accessors[0]: element 1: expected finite numbers, got nan");
}

TEST(BadContent, IndicesBeyondTheVerticesAreNamed) {
  auto bin = sample_bin();
  bin[134] = 4;
  EXPECT_EQ(import_error(make_glb(sample_document(), bin)),
            "sample.glb: accessors[4]: element 3: expected an index 0..3, got 4");
}

TEST(BadContent, SparseIndicesMustGrowWithinTheAccessor) {
  Bytes bin;
  append<float>(bin, {0, 0, 0, 1, 0, 0, 0, 1, 0});
  append<std::uint8_t>(bin, {1, 1});
  const Json views = {{{"byteLength", 36}}, {{"byteOffset", 36}, {"byteLength", 2}}};
  const Json accessor = {
      {"bufferView", 0},
      {"componentType", 5126},
      {"count", 3},
      {"type", "VEC3"},
      {"sparse",
       {{"count", 2}, {"indices", {{"bufferView", 1}, {"componentType", 5121}}}, {"values", {{"bufferView", 0}}}}}};
  const auto document = one_mesh_document(bin, views, Json::array({accessor}), {{"attributes", {{"POSITION", 0}}}});
  EXPECT_THAT(import_error(make_glb(document, bin)),
              HasSubstr("accessors[0].sparse.indices: element 1: expected more than 1"));
  bin[37] = 3;
  EXPECT_THAT(import_error(make_glb(document, bin)),
              HasSubstr("accessors[0].sparse.indices: element 1: expected 0..2, got 3"));
}

TEST(BadContent, MissingFilesAreNamed) {
  auto document = sample_document();
  document["buffers"][0]["uri"] = "gone.bin";
  const auto scene = import_gltf("x.gltf", as_bytes(document.dump()), folder_resolver("."));
  ASSERT_FALSE(scene.has_value());
  EXPECT_EQ(scene.error().code, ImportError::missing_file);
  EXPECT_THAT(scene.error().message, StartsWith("x.gltf: buffers[0].uri: \"gone.bin\" cannot be read"));
  EXPECT_EQ(import_gltf("x.gltf", as_bytes(document.dump()), {}).error().code, ImportError::missing_file);
}

TEST(BadContainer, EveryTruncationIsRefusedWithASentence) {
  const auto whole = sample_glb();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto error = import_error(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    EXPECT_THAT(error, HasSubstr("offset ")) << size << " bytes";
  }
}

TEST(BadContainer, HeaderFieldsAreNamedWithTheirOffset) {
  const auto with_byte = [](std::size_t at, std::uint8_t value) {
    auto glb = sample_glb();
    glb[at] = value;
    return import_error(glb);
  };
  EXPECT_EQ(with_byte(4, 1), "sample.glb: offset 4: GLB version: expected 2, got 1");
  EXPECT_THAT(with_byte(11, 0xff), HasSubstr("offset 8: GLB length: expected 20.."));
  EXPECT_THAT(with_byte(15, 0xff), HasSubstr("offset 12: chunk length: expected at most "));
  EXPECT_THAT(with_byte(16, 'X'), HasSubstr("offset 16: first chunk's type: expected 1313821514 (JSON), got "));
  EXPECT_THAT(with_byte(20, '!'), HasSubstr("offset 20: expected glTF's JSON or a GLB"));
}

TEST(BadContainer, BytesThatAreNoGltfAreRefused) {
  EXPECT_THAT(import_error({}), HasSubstr("offset 0: expected glTF's JSON or a GLB"));
  EXPECT_THAT(import_error(tiny_png()), HasSubstr("offset 0: expected glTF's JSON or a GLB"));
  const auto list = as_bytes("[]");
  EXPECT_EQ(import_error(Bytes(list.begin(), list.end())),
            "sample.glb: the document: expected an object, got a list of 0");
}

TEST(BadContainer, FileNamesCannotWriteToATerminal) {
  const auto scene = import_gltf("\x1b[2Jx", {}, {});
  EXPECT_THAT(scene.error().message, StartsWith("?[2Jx: "));
  EXPECT_THAT(import_gltf("Möbel.glb", {}, {}).error().message, StartsWith("Möbel.glb: "));
  EXPECT_THAT(import_gltf("\xff\xc2\x9b", {}, {}).error().message, StartsWith("??: "));
}

/// Runs with one limit set to the least that works and to one less.
void expect_bound(std::size_t ImportLimits::*limit, std::size_t least, const char* error) {
  ImportLimits limits;
  limits.*limit = least;
  const auto fits = import_bytes(sample_glb(), limits);
  EXPECT_TRUE(fits.has_value()) << fits.error().message;
  limits.*limit = least - 1;
  const auto scene = import_bytes(sample_glb(), limits);
  ASSERT_FALSE(scene.has_value()) << error;
  EXPECT_EQ(scene.error().code, ImportError::too_large);
  EXPECT_THAT(scene.error().message, HasSubstr(error));
}

TEST(ImportLimits, HoldAtTheirBound) {
  expect_bound(&ImportLimits::file_bytes_max, sample_glb().size(), "bytes, got ");
  expect_bound(&ImportLimits::total_bytes_max, sample_glb().size(), "the file and what it refers to: more than ");
  expect_bound(&ImportLimits::nodes_max, 5,
               "nodes: with a node for each further primitive of a mesh there are more than 4");
  expect_bound(&ImportLimits::node_depth_max, 2, "nested deeper than 1 nodes");
  expect_bound(&ImportLimits::json_depth_max, 6, "the JSON is nested deeper than 5");
  expect_bound(&ImportLimits::elements_max, 6, "bufferViews: expected at most 5 entries, got a list of 6");
  expect_bound(&ImportLimits::geometry_bytes_max, 288, "the geometry: more than 287 bytes");
  expect_bound(&ImportLimits::texture_bytes_max, tiny_png().size(), "images[0]: expected at most ");
  expect_bound(&ImportLimits::texture_side_max, 1, "pixels a side, got 1 by 1");
}

TEST(ImportLimits, BoundTheJson) {
  ImportLimits limits;
  limits.json_bytes_max = 100;
  EXPECT_THAT(import_error(sample_glb(), limits), HasSubstr("offset 20: expected at most 100 bytes of JSON, got "));
  limits = {};
  limits.json_values_max = 100;
  EXPECT_THAT(import_error(sample_glb(), limits), HasSubstr("the JSON has more than 100 values"));
  const std::string deep(1000000, '[');
  EXPECT_THAT(import_error(Bytes(deep.begin(), deep.end())), HasSubstr("offset 64: the JSON is nested deeper than 64"));
}

constexpr std::size_t kImageBytes = 4096;

/// A GLB of `count` images of kImageBytes with a texture and a material each, the materials on primitives of the first
/// mesh; image i lies in view `view_of(i)`, and all views from 5 on are the same range.
Bytes glb_with_images(std::size_t count, const std::function<std::size_t(std::size_t)>& view_of) {
  auto document = sample_document();
  for (const char* list : {"images", "textures", "materials"}) document[list] = Json::array();
  auto& primitives = document["meshes"][0]["primitives"];
  const Json primitive = primitives[0];
  primitives = Json::array();
  auto& views = document["bufferViews"];
  views[5]["byteLength"] = kImageBytes;
  for (std::size_t i = 0; i < count; ++i) {
    document["images"].push_back({{"bufferView", view_of(i)}});
    document["textures"].push_back({{"source", i}});
    document["materials"].push_back({{"normalTexture", {{"index", i}}}});
    primitives.push_back(primitive);
    primitives.back()["material"] = i;
    while (views.size() <= view_of(i)) views.push_back(views[5]);
  }
  document["meshes"][1]["primitives"][0]["material"] = 0;
  auto bin = sample_bin();
  bin.resize(views[5]["byteOffset"].get<std::size_t>() + kImageBytes);
  document["buffers"][0]["byteLength"] = bin.size();
  return make_glb(document, bin);
}

TEST(ImportLimits, ImagesOfOneBufferViewAreTakenOnce) {
  const auto glb = glb_with_images(1000, [](std::size_t) { return 5; });
  ImportLimits limits;
  limits.total_bytes_max = glb.size();
  ASSERT_LT(limits.total_bytes_max, 1000 * kImageBytes);
  const auto scene = import_bytes(glb, limits);
  ASSERT_TRUE(scene.has_value()) << scene.error().message;
  EXPECT_EQ(scene->assets.size(), 2U);  // a mesh and the image
}

TEST(ImportLimits, BoundImagesInBufferViewsThatOverlap) {
  const auto glb = glb_with_images(1000, [](std::size_t i) { return 5 + i; });
  ImportLimits limits;
  limits.total_bytes_max = 1000 * kImageBytes;
  EXPECT_TRUE(import_bytes(glb, limits).has_value());
  --limits.total_bytes_max;
  EXPECT_THAT(import_error(glb, limits), HasSubstr("the images in buffer views: more than 4095999 bytes"));
}

TEST(ImportLimits, BoundPrimitivesThatYieldNothing) {
  constexpr int kPoints = 0;
  auto document = sample_document();
  auto& primitives = document["meshes"][0]["primitives"];
  const Json points = {{"attributes", {{"POSITION", 0}}}, {"mode", kPoints}};
  primitives = Json(100, points);
  document["nodes"][0]["children"] = Json::array();
  for (std::size_t i = 0; i < 100; ++i) {
    document["nodes"][0]["children"].push_back(i + 1);
    document["nodes"][i + 1] = {{"mesh", 0}};
  }
  ImportLimits limits;
  limits.elements_max = 100 * 100;
  const auto scene = import_bytes(make_glb(document, sample_bin()), limits);
  ASSERT_TRUE(scene.has_value()) << scene.error().message;
  EXPECT_EQ(scene->nodes.size(), 101U);
  --limits.elements_max;
  EXPECT_EQ(import_error(make_glb(document, sample_bin()), limits),
            "sample.glb: nodes: all of them together show more than 9999 primitives of meshes");
}

TEST(ImportLimits, BoundGeometryThatManyPrimitivesShareOfOneAccessor) {
  // Each primitive has indices of its own, so none of them is known already.
  auto document = sample_document();
  auto& accessors = document["accessors"];
  auto& primitives = document["meshes"][0]["primitives"];
  for (int i = 0; i < 100; ++i) {
    accessors.push_back(accessors[4]);
    primitives.push_back({{"attributes", {{"POSITION", 0}}}, {"indices", accessors.size() - 1}});
  }
  ImportLimits limits;
  limits.geometry_bytes_max = 2000;
  EXPECT_THAT(import_error(make_glb(document, sample_bin()), limits), HasSubstr("the geometry: more than 2000 bytes"));
}

}  // namespace
}  // namespace theta::interchange
