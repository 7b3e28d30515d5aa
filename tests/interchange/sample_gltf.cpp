#include "interchange/sample_gltf.h"

#include <gtest/gtest.h>

#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"

namespace theta::interchange {

Bytes make_glb(const Json& document, const Bytes& bin) {
  auto json = document.dump();
  json.resize((json.size() + 3) / 4 * 4, ' ');
  auto padded = bin;
  padded.resize((bin.size() + 3) / 4 * 4);
  Bytes glb;
  ByteWriter writer(glb);
  writer.put_bytes(as_bytes("glTF"));
  writer.put(std::uint32_t{2});
  writer.put(static_cast<std::uint32_t>(20 + json.size() + (bin.empty() ? 0 : 8 + padded.size())));
  writer.put(static_cast<std::uint32_t>(json.size()));
  writer.put_bytes(as_bytes("JSON"));
  writer.put_bytes(as_bytes(json));
  if (bin.empty()) return glb;
  writer.put(static_cast<std::uint32_t>(padded.size()));
  writer.put_bytes(as_bytes(std::string_view("BIN\0", 4)));
  writer.put_bytes(padded);
  return glb;
}

Bytes tiny_png() {
  return *from_hex(
      "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
      "0000000b49444154789c6360000200000500017a5eab3f0000000049454e44ae426082");
}

Bytes tiny_jpeg() { return *from_hex("ffd8ffe000104a46494600010100000100010000ffc0000b080002000301011100ffd9"); }

Bytes sample_bin() {
  Bytes bin;
  append<float>(bin, {0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0});              // 0: positions
  append<float>(bin, {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1});              // 48: normals
  append<std::uint16_t>(bin, {0, 0, 65535, 0, 0, 65535, 65535, 65535});  // 96: texture coordinates
  // 112: colors as three bytes, a fourth one apart
  append<std::uint8_t>(bin, {255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9, 255, 255, 255, 9});
  append<std::uint16_t>(bin, {0, 1, 2, 2, 1, 3});  // 128: indices
  append<std::uint8_t>(bin, tiny_png());           // 140: image
  return bin;
}

Json sample_document() {
  return Json::parse(R"({
    "asset": {"version": "2.0"},
    "extensionsUsed": ["KHR_lights_punctual"],
    "extensions": {"KHR_lights_punctual": {"lights": [
      {"type": "spot", "color": [1, 0.5, 0.25], "intensity": 40, "range": 12,
       "spot": {"innerConeAngle": 0.25, "outerConeAngle": 0.5}}]}},
    "scene": 0,
    "scenes": [{"nodes": [0]}],
    "nodes": [
      {"name": "root", "children": [1, 2]},
      {"name": "pair", "mesh": 0, "translation": [1, 2, 3], "rotation": [0, 0.6, 0, 0.8], "scale": [1, -2, 1]},
      {"name": "lamp", "mesh": 1, "camera": 0, "extensions": {"KHR_lights_punctual": {"light": 0}}}],
    "cameras": [{"type": "perspective", "perspective": {"yfov": 0.75, "znear": 0.125, "aspectRatio": 1.5}}],
    "meshes": [
      {"primitives": [
        {"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 4, "material": 0},
        {"attributes": {"POSITION": 0, "COLOR_0": 3}, "indices": 4}]},
      {"primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1, "TEXCOORD_0": 2}, "indices": 4, "material": 1}]}],
    "materials": [
      {"pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.25, 1, 0.75], "metallicFactor": 0.125,
                                "roughnessFactor": 0.5, "baseColorTexture": {"index": 0}},
       "emissiveFactor": [0.5, 0, 1], "alphaMode": "MASK", "alphaCutoff": 0.25, "doubleSided": true},
      {"alphaMode": "BLEND", "normalTexture": {"index": 0}}],
    "textures": [{"source": 0, "sampler": 0}],
    "samplers": [{"wrapS": 10497}],
    "images": [{"bufferView": 5, "mimeType": "image/png"}],
    "accessors": [
      {"bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
      {"bufferView": 1, "componentType": 5126, "count": 4, "type": "VEC3"},
      {"bufferView": 2, "componentType": 5123, "count": 4, "type": "VEC2", "normalized": true},
      {"bufferView": 3, "componentType": 5121, "count": 4, "type": "VEC3", "normalized": true},
      {"bufferView": 4, "componentType": 5123, "count": 6, "type": "SCALAR"}],
    "bufferViews": [
      {"buffer": 0, "byteLength": 48},
      {"buffer": 0, "byteOffset": 48, "byteLength": 48},
      {"buffer": 0, "byteOffset": 96, "byteLength": 16},
      {"buffer": 0, "byteOffset": 112, "byteLength": 16, "byteStride": 4},
      {"buffer": 0, "byteOffset": 128, "byteLength": 12},
      {"buffer": 0, "byteOffset": 140, "byteLength": 68}],
    "buffers": [{"byteLength": 208}]})");
}

Bytes sample_glb() { return make_glb(sample_document(), sample_bin()); }

Json one_mesh_document(const Bytes& bin, Json views, Json accessors, Json primitive) {
  Json document = {{"asset", {{"version", "2.0"}}}, {"nodes", Json::array({{{"name", "only"}, {"mesh", 0}}})}};
  document["buffers"] = Json::array({{{"byteLength", bin.size()}}});
  for (auto& view : views) view["buffer"] = 0;
  document["bufferViews"] = std::move(views);
  document["accessors"] = std::move(accessors);
  document["meshes"] = Json::array({{{"primitives", Json::array({std::move(primitive)})}}});
  return document;
}

Expected<ImportedScene, ImportError> import_bytes(const Bytes& bytes, const ImportLimits& limits) {
  return import_gltf("sample.glb", bytes, {}, limits);
}

Expected<ImportedScene, ImportError> import_document(const Json& document, const Bytes& bin) {
  return import_bytes(make_glb(document, bin));
}

ImportedScene must_import(const Bytes& bytes) {
  auto scene = import_bytes(bytes);
  EXPECT_TRUE(scene.has_value()) << scene.error().message;
  return scene ? std::move(*scene) : ImportedScene{};
}

std::string import_error(const Bytes& bytes, const ImportLimits& limits) {
  const auto scene = import_bytes(bytes, limits);
  EXPECT_FALSE(scene.has_value());
  return scene ? "" : scene.error().message;
}

std::optional<SharedBytes> find_asset(const ImportedScene& scene, const AssetId& id) {
  for (const auto& asset : scene.assets)
    if (asset.id == id) return asset.bytes;
  return std::nullopt;
}

MeshData mesh_of(const ImportedScene& scene, std::size_t node) {
  EXPECT_TRUE(node < scene.nodes.size() && scene.nodes[node].mesh) << "node " << node << " has no mesh";
  if (node >= scene.nodes.size() || !scene.nodes[node].mesh) return {};
  const auto bytes = find_asset(scene, *scene.nodes[node].mesh);
  EXPECT_TRUE(bytes);
  auto mesh = read_mesh_asset(bytes ? bytes->view() : ByteView());
  EXPECT_TRUE(mesh.has_value()) << mesh.error().message;
  return mesh ? std::move(*mesh) : MeshData{};
}

Expected<Bytes, ExportError> export_scene(const ImportedScene& scene) {
  return export_glb({scene.nodes, [&](const AssetId& id) { return find_asset(scene, id); }});
}

}  // namespace theta::interchange
