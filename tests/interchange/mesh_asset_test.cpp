#include "theta/interchange/mesh_asset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "theta/base/hex.h"

namespace theta::interchange {
namespace {

using testing::HasSubstr;

MeshData triangle() {
  MeshData mesh;
  mesh.positions = {0, 0, 0, 1, 0, 0, 0, 1, 0};
  mesh.uv0 = {0, 0, 1, 0, 0, 1};
  mesh.indices = {0, 1, 2};
  return mesh;
}

std::string refusal(const MeshData& mesh) {
  const auto bytes = encode_mesh_asset(mesh);
  EXPECT_FALSE(bytes.has_value());
  return bytes ? "" : bytes.error().message;
}

TEST(MeshAsset, ReadsWhatWasWritten) {
  const auto bytes = encode_mesh_asset(triangle());
  ASSERT_TRUE(bytes.has_value());
  const auto mesh = read_mesh_asset(*bytes);
  ASSERT_TRUE(mesh.has_value()) << mesh.error().message;
  EXPECT_EQ(*mesh, triangle());
}

TEST(MeshAsset, ReadsFromAnyAlignment) {
  const auto bytes = *encode_mesh_asset(triangle());
  for (std::size_t shift = 0; shift < 8; ++shift) {
    Bytes moved(shift, 0);
    moved.insert(moved.end(), bytes.begin(), bytes.end());
    EXPECT_TRUE(read_mesh_asset(ByteView(moved).subspan(shift)).has_value()) << shift;
  }
}

/// Rooms know meshes by this hash: a change here makes every mesh of every room another asset.
TEST(MeshAsset, IsCanonicalForGood) {
  const auto bytes = *encode_mesh_asset(triangle());
  EXPECT_EQ(bytes, *encode_mesh_asset(triangle()));
  EXPECT_EQ(to_hex(asset_id_of(bytes).view()), "3b4e3fecfc77281b346b46c1ff8aeb81eac7b2dbd528e171bad45b819decee99");
}

TEST(MeshAsset, EveryTruncationIsRefused) {
  const auto bytes = *encode_mesh_asset(triangle());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto mesh = read_mesh_asset(ByteView(bytes).first(size));
    ASSERT_FALSE(mesh.has_value()) << size;
    EXPECT_EQ(mesh.error().code, MeshError::malformed);
  }
}

TEST(MeshAsset, ListsThatDisagreeAreRefused) {
  auto mesh = triangle();
  mesh.normals = {0, 0, 1};
  EXPECT_EQ(refusal(mesh), "normals: expected 9 numbers, got 3");
  mesh = triangle();
  mesh.positions.pop_back();
  EXPECT_EQ(refusal(mesh), "positions: expected 6 numbers, got 8");
  mesh = triangle();
  mesh.indices.pop_back();
  EXPECT_EQ(refusal(mesh), "indices: expected three a triangle, got 2");
  EXPECT_EQ(refusal({}), "positions: expected at least one vertex, got none");
}

TEST(MeshAsset, IndicesOutOfBoundsAreRefused) {
  auto mesh = triangle();
  mesh.indices[2] = 3;
  EXPECT_EQ(refusal(mesh), "indices[2]: expected 0..2, got 3");
}

TEST(MeshAsset, NumbersThatAreNotFiniteAreRefused) {
  auto mesh = triangle();
  mesh.uv0[3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(refusal(mesh), "uv0[3]: expected a finite number, got inf");
  // Such bytes from elsewhere, too: the writer of a hostile peer does not check.
  auto bytes = *encode_mesh_asset(triangle());
  const float one = 1;
  const std::uint32_t nan = 0x7fc00000;
  for (std::size_t at = 0; at + 4 <= bytes.size(); at += 4)
    if (std::memcmp(bytes.data() + at, &one, 4) == 0) std::memcpy(bytes.data() + at, &nan, 4);
  const auto read = read_mesh_asset(bytes);
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().code, MeshError::bad_value);
  EXPECT_THAT(read.error().message, HasSubstr("expected a finite number"));
}

}  // namespace
}  // namespace theta::interchange
