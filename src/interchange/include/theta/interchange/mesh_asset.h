#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/result.h"

namespace theta::interchange {

/// A mesh asset is at most this large; FlatBuffers' own bound is 2 GiB.
inline constexpr std::size_t kMeshAssetBytesMax = std::size_t{1} << 30;

enum class MeshError {
  malformed,  // no mesh asset: the bytes do not verify
  bad_value,  // lists of the wrong length, an index out of bounds, a number that is not finite
  too_large,  // over kMeshAssetBytesMax
};

/// A triangle list. Every list but `indices` holds one entry a vertex, or is empty.
struct MeshData {
  std::vector<float> positions;        // x y z, metres
  std::vector<float> normals;          // x y z
  std::vector<float> tangents;         // x y z, handedness
  std::vector<float> uv0;              // u v
  std::vector<float> uv1;              // u v
  std::vector<float> colors;           // linear r g b a
  std::vector<std::uint32_t> indices;  // three a triangle

  [[nodiscard]] std::size_t vertex_count() const { return positions.size() / 3; }
  [[nodiscard]] std::size_t triangle_count() const { return indices.size() / 3; }
  friend bool operator==(const MeshData&, const MeshData&) = default;
};

/// Canonical: equal meshes give equal bytes, and so one AssetId. Refuses what `read_mesh_asset` would refuse.
[[nodiscard]] Expected<Bytes, MeshError> encode_mesh_asset(const MeshData& mesh);

/// For bytes from anywhere: verified as a FlatBuffer, then every length, index and number is checked. The bytes need no
/// alignment. The result shares nothing with them.
[[nodiscard]] Expected<MeshData, MeshError> read_mesh_asset(ByteView bytes);

/// The content address that rooms know an asset by: BLAKE2b-256 of its bytes.
[[nodiscard]] AssetId asset_id_of(ByteView bytes);

}  // namespace theta::interchange
