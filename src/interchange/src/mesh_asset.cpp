#include "theta/interchange/mesh_asset.h"

#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <type_traits>

#include "theta/crypto/hash.h"
#include "theta/wire/generated/mesh_asset_generated.h"

namespace theta::interchange {
namespace {

using MeshResult = std::optional<Failure<MeshError>>;

MeshResult check_list(const std::vector<float>& list, const char* name, std::size_t expected, bool may_be_absent) {
  if (list.empty() && may_be_absent) return std::nullopt;
  if (list.size() != expected)
    return Failure<MeshError>{MeshError::bad_value, std::string(name) + ": expected " + std::to_string(expected) +
                                                        " numbers, got " + std::to_string(list.size())};
  for (std::size_t i = 0; i < list.size(); ++i)
    if (!std::isfinite(list[i]))
      return Failure<MeshError>{
          MeshError::bad_value,
          std::string(name) + "[" + std::to_string(i) + "]: expected a finite number, got " + std::to_string(list[i])};
  return std::nullopt;
}

MeshResult check_mesh(const MeshData& mesh) {
  const auto count = mesh.vertex_count();
  if (mesh.positions.empty())
    return Failure<MeshError>{MeshError::bad_value, "positions: expected at least one vertex, got none"};
  if (auto wrong = check_list(mesh.positions, "positions", count * 3, false)) return wrong;
  if (auto wrong = check_list(mesh.normals, "normals", count * 3, true)) return wrong;
  if (auto wrong = check_list(mesh.tangents, "tangents", count * 4, true)) return wrong;
  if (auto wrong = check_list(mesh.uv0, "uv0", count * 2, true)) return wrong;
  if (auto wrong = check_list(mesh.uv1, "uv1", count * 2, true)) return wrong;
  if (auto wrong = check_list(mesh.colors, "colors", count * 4, true)) return wrong;
  if (mesh.indices.size() % 3 != 0)
    return Failure<MeshError>{MeshError::bad_value,
                              "indices: expected three a triangle, got " + std::to_string(mesh.indices.size())};
  for (std::size_t i = 0; i < mesh.indices.size(); ++i)
    if (mesh.indices[i] >= count)
      return Failure<MeshError>{MeshError::bad_value, "indices[" + std::to_string(i) + "]: expected 0.." +
                                                          std::to_string(count - 1) + ", got " +
                                                          std::to_string(mesh.indices[i])};
  return std::nullopt;
}

std::size_t size_bytes(const MeshData& mesh) {
  const auto numbers = mesh.positions.size() + mesh.normals.size() + mesh.tangents.size() + mesh.uv0.size() +
                       mesh.uv1.size() + mesh.colors.size() + mesh.indices.size();
  return numbers * 4 + 256;  // the table, its vtable and the lengths take less than this
}

template <class Element>
flatbuffers::Offset<flatbuffers::Vector<Element>> put(flatbuffers::FlatBufferBuilder& builder,
                                                      const std::vector<Element>& list, bool required) {
  if (list.empty() && !required) return 0;
  return builder.CreateVector(list);
}

/// FlatBuffers stores little-endian, as hosts do here.
template <class Element>
void take(std::vector<Element>& list, const flatbuffers::Vector<Element>* stored) {
  if (stored == nullptr) return;
  list.resize(stored->size());
  if (!list.empty()) std::memcpy(list.data(), stored->Data(), list.size() * sizeof(Element));
}

}  // namespace

Expected<Bytes, MeshError> encode_mesh_asset(const MeshData& mesh) {
  if (auto wrong = check_mesh(mesh)) return tl::unexpected(std::move(*wrong));
  const auto size = size_bytes(mesh);
  if (size > kMeshAssetBytesMax)
    return fail(MeshError::too_large, "a mesh asset has at most " + std::to_string(kMeshAssetBytesMax) +
                                          " bytes, this one takes " + std::to_string(size));
  flatbuffers::FlatBufferBuilder builder(size);
  const auto positions = put(builder, mesh.positions, true);
  const auto normals = put(builder, mesh.normals, false);
  const auto tangents = put(builder, mesh.tangents, false);
  const auto uv0 = put(builder, mesh.uv0, false);
  const auto uv1 = put(builder, mesh.uv1, false);
  const auto colors = put(builder, mesh.colors, false);
  const auto indices = put(builder, mesh.indices, true);
  wire::fb::FinishMeshAssetBuffer(
      builder, wire::fb::CreateMeshAsset(builder, positions, normals, tangents, uv0, uv1, colors, indices));
  return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

Expected<MeshData, MeshError> read_mesh_asset(ByteView bytes) {
  if (bytes.size() > kMeshAssetBytesMax)
    return fail(MeshError::too_large, "a mesh asset has at most " + std::to_string(kMeshAssetBytesMax) +
                                          " bytes, got " + std::to_string(bytes.size()));
  // FlatBuffers reads in place, which needs an aligned start.
  constexpr std::size_t kAlignment = 8;
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % kAlignment != 0)
    return read_mesh_asset(Bytes(bytes.begin(), bytes.end()));
  // Shorter bytes would make the verifier read the identifier past their end.
  flatbuffers::Verifier verifier(bytes.data(), bytes.size());
  if (bytes.size() < 8 || !wire::fb::VerifyMeshAssetBuffer(verifier))
    return fail(MeshError::malformed, "expected a mesh asset (THMA), got " + std::to_string(bytes.size()) +
                                          " bytes that do not verify as one");
  const auto* stored = wire::fb::GetMeshAsset(bytes.data());
  MeshData mesh;
  take(mesh.positions, stored->positions());
  take(mesh.normals, stored->normals());
  take(mesh.tangents, stored->tangents());
  take(mesh.uv0, stored->uv0());
  take(mesh.uv1, stored->uv1());
  take(mesh.colors, stored->colors());
  take(mesh.indices, stored->indices());
  if (auto wrong = check_mesh(mesh)) return tl::unexpected(std::move(*wrong));
  return mesh;
}

AssetId asset_id_of(ByteView bytes) { return AssetId::from(crypto::hash256(bytes).view()); }

}  // namespace theta::interchange
