// What a page asks of the core before it has a room, or without needing one.

#include <cstring>

#include "core_impl.h"
#include "theta/base/hex.h"
#include "theta/interchange/mesh_asset.h"

namespace theta::web {

namespace {

Core::Reply failed(const std::string& code, const std::string& text) { return {error_text({code, text}), {}}; }

Core::Reply parse_link(const Json& arguments) {
  const auto link = log::parse_any_link(arguments.value("link", ""));
  if (!link) return failed("malformed", link.error().message);
  Json json = {{"room", to_hex(link->room.view())}, {"hub", to_hex(link->hub.view())}};
  if (link->ticket) json["invite"] = to_hex(link->ticket->invite.key.view());
  return {dump(json), {}};
}

constexpr const char* kVertexLists[] = {"positions", "normals", "tangents", "uv0", "uv1", "colors"};
using VertexList = std::vector<float> interchange::MeshData::*;
constexpr VertexList kVertexMembers[] = {&interchange::MeshData::positions, &interchange::MeshData::normals,
                                         &interchange::MeshData::tangents,  &interchange::MeshData::uv0,
                                         &interchange::MeshData::uv1,       &interchange::MeshData::colors};

/// The lists one after the other; the JSON tells how many numbers each has.
Core::Reply decode_mesh(ByteView bytes) {
  const auto mesh = interchange::read_mesh_asset(bytes);
  if (!mesh) return failed("malformed", mesh.error().message);
  Core::Reply reply;
  Json sizes = Json::object();
  const auto add = [&](const char* name, const auto& list) {
    sizes[name] = list.size();
    const auto* data = reinterpret_cast<const std::uint8_t*>(list.data());
    reply.bytes.insert(reply.bytes.end(), data, data + list.size() * sizeof list[0]);
  };
  for (std::size_t at = 0; at < std::size(kVertexLists); ++at) add(kVertexLists[at], (*mesh).*kVertexMembers[at]);
  add("indices", mesh->indices);
  reply.json = dump(sizes);
  return reply;
}

Core::Reply encode_mesh(const Json& arguments, ByteView bytes) {
  interchange::MeshData mesh;
  bool is_whole = true;
  const auto take = [&](const char* name, auto& list) {
    const auto count = arguments.value(name, std::size_t{0});
    if (count > bytes.size() / sizeof list[0]) {
      is_whole = false;
      return;
    }
    list.resize(count);
    if (count > 0) std::memcpy(list.data(), bytes.data(), count * sizeof list[0]);
    bytes = bytes.subspan(count * sizeof list[0]);
  };
  for (std::size_t at = 0; at < std::size(kVertexLists); ++at) take(kVertexLists[at], mesh.*kVertexMembers[at]);
  take("indices", mesh.indices);
  if (!is_whole || !bytes.empty()) return failed("malformed", "a mesh's lists are not as long as was told");
  auto asset = interchange::encode_mesh_asset(mesh);
  if (!asset) return failed("malformed", asset.error().message);
  return {"{}", std::move(*asset)};
}

}  // namespace

Core::Reply call_without_room(const std::string& text, ByteView bytes) {
  const auto arguments = Json::parse(text, nullptr, false);
  const auto name = arguments.is_object() ? arguments.value("call", "") : std::string();
  if (name == "parse_link") return parse_link(arguments);
  if (name == "decode_mesh") return decode_mesh(bytes);
  if (name == "encode_mesh") return encode_mesh(arguments, bytes);
  return failed("malformed", "there is no function \"" + name + "\"");
}

}  // namespace theta::web
