// Assets through an engine on real files: uploads in chunks, resumption, quotas, hostile sizes, who may read what.

#include <algorithm>
#include <fstream>
#include <random>

#include "store/helpers.h"
#include "theta/base/hex.h"
#include "theta/store/limits.h"

namespace theta::store {
namespace {

using ::testing::HasSubstr;

class AssetTest : public ::testing::Test {
 protected:
  AssetTest() : engine_(open_inline(folder_.path())) {
    EXPECT_TRUE(call(create_room(1)));
    EXPECT_TRUE(call(create_room(2)));
  }
  StoreResult<Answer> call(Request request) { return Driver(*engine_).call(std::move(request)); }
  void reopen(WallTime keep_uploads_since = {}) {
    engine_.reset();
    InlineEngine::Options options;
    options.database_path = folder_.file("theta.db");
    options.files = make_real_file_system(folder_.path());
    options.keep_uploads_since = keep_uploads_since;
    engine_ = std::move(*InlineEngine::open(std::move(options)));
  }
  Bytes make_asset(std::size_t size) { return random_bytes(random_, size); }
  StoreResult<Answer> upload(std::uint8_t room, const Bytes& asset, std::size_t chunk_size) {
    StoreResult<Answer> result = Answer{Done{}};
    for (std::size_t at = 0; at < asset.size() && result; at += chunk_size)
      result = call(chunk(room, asset, at, std::min(chunk_size, asset.size() - at)));
    return result;
  }
  AssetState status(std::uint8_t room, const Bytes& asset) {
    return std::get<AssetState>(*call(AssetStatus{room_id(room), asset_id_of(asset)}));
  }
  Bytes download(std::uint8_t room, const Bytes& asset) {
    Bytes all;
    while (all.size() < asset.size()) {
      const auto answer = call(ReadAssetChunk{room_id(room), asset_id_of(asset), all.size()});
      if (!answer) return {};
      const auto part = std::get<AssetChunk>(*answer).bytes.view();
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
  std::size_t partial_files() const {
    const auto files = std::filesystem::directory_iterator(folder_.file("assets/partial"));
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

  TemporaryFolder folder_;
  std::unique_ptr<InlineEngine> engine_;
  std::mt19937_64 random_{1};
};

TEST_F(AssetTest, AnAssetLiesAtItsHashAndIsReadBack) {
  const auto asset = make_asset(700'000);
  ASSERT_TRUE(upload(1, asset, theta::limits::kAssetChunkBytes));
  const auto hex = to_hex(asset_id_of(asset).view());
  EXPECT_TRUE(std::filesystem::exists(folder_.file("assets/" + hex.substr(0, 2) + "/" + hex.substr(2))));
  EXPECT_EQ(partial_files(), 0U);
  reopen();
  EXPECT_EQ(download(1, asset), asset);
  EXPECT_EQ(status(1, asset).received_bytes, asset.size());
  const auto rooms = call(ListRooms{});
  EXPECT_EQ(std::get<RoomList>(*rooms).rooms[0].asset_bytes, asset.size());
}

TEST_F(AssetTest, AnUploadGoesOnAfterReopening) {
  const auto asset = make_asset(300'000);
  ASSERT_TRUE(call(chunk(1, asset, 0, 100'000)));
  ASSERT_TRUE(call(chunk(1, asset, 100'000, 50'000)));
  reopen();
  EXPECT_EQ(status(1, asset).total_bytes, 300'000U);
  EXPECT_EQ(status(1, asset).received_bytes, 150'000U);
  EXPECT_TRUE(call(chunk(1, asset, 150'000, 150'000)));
  EXPECT_EQ(download(1, asset), asset);
}

TEST_F(AssetTest, UploadsOlderThanTheBoundAreThrownAwayOnOpening) {
  const auto asset = make_asset(1000);
  ASSERT_TRUE(call(chunk(1, asset, 0, 100)));
  reopen(from_unix_ms(~std::uint64_t{0} >> 16));
  EXPECT_EQ(partial_files(), 0U);
  EXPECT_EQ(status(1, asset).total_bytes, 0U);
  EXPECT_TRUE(upload(1, asset, 400));
}

TEST_F(AssetTest, FilesThatNoUploadKnowsAreThrownAwayOnOpening) {
  const auto asset = make_asset(100);
  const auto name = to_hex(room_id(1).view()) + "-" + to_hex(asset_id_of(asset).view());
  std::ofstream(folder_.file("assets/partial/" + name)) << "left behind";
  reopen();
  EXPECT_EQ(partial_files(), 0U);
}

TEST_F(AssetTest, WrongBytesAreRefusedAndThrownAway) {
  auto asset = make_asset(1000);
  auto wrong = chunk(1, asset, 0, 1000);
  asset[500] ^= 1;
  wrong.asset = asset_id_of(asset);
  const auto result = call(wrong);
  EXPECT_EQ(code_of(result), code(StoreError::invalid));
  EXPECT_THAT(message_of(result), HasSubstr("hash to"));
  EXPECT_EQ(partial_files(), 0U);
  EXPECT_EQ(status(1, asset).total_bytes, 0U);
  EXPECT_TRUE(upload(1, asset, 300));
}

TEST_F(AssetTest, AChunkOutOfOrderIsRefusedAndSaysWhereToGoOn) {
  const auto asset = make_asset(1000);
  EXPECT_EQ(code_of(call(chunk(1, asset, 100, 100))), code(StoreError::invalid));
  ASSERT_TRUE(call(chunk(1, asset, 0, 100)));
  const auto repeated = call(chunk(1, asset, 0, 100));
  EXPECT_EQ(code_of(repeated), code(StoreError::invalid));
  EXPECT_THAT(message_of(repeated), HasSubstr("100 bytes were received"));
  auto other_total = chunk(1, asset, 100, 100);
  other_total.total_bytes = 2000;
  EXPECT_EQ(code_of(call(other_total)), code(StoreError::invalid));
  EXPECT_TRUE(call(chunk(1, asset, 100, 900)));
  EXPECT_TRUE(call(chunk(1, asset, 0, 100))) << "the room has it all already";
}

TEST_F(AssetTest, HostileSizesAreRefused) {
  const auto asset = make_asset(1000);
  const auto refused = [&](auto change) {
    auto request = chunk(1, asset, 0, 1000);
    change(request);
    return code_of(call(request)) == code(StoreError::invalid);
  };
  EXPECT_TRUE(refused([](auto& request) { request.total_bytes = 0; }));
  EXPECT_TRUE(refused([](auto& request) { request.total_bytes = limits::kAssetBytesMax + 1; }));
  EXPECT_TRUE(refused([](auto& request) { request.total_bytes = 999; }));
  EXPECT_TRUE(refused([](auto& request) { request.offset = ~std::uint64_t{0} - 10; }));
  EXPECT_TRUE(refused([](auto& request) { request.bytes = {}; }));
  EXPECT_TRUE(refused([](auto& request) {
    request.bytes = SharedBytes(Bytes(theta::limits::kAssetChunkBytes + 1));
    request.total_bytes = theta::limits::kAssetChunkBytes + 1;
  }));
  EXPECT_EQ(partial_files(), 0U);
  ASSERT_TRUE(upload(1, asset, 1000));
  EXPECT_EQ(code_of(call(ReadAssetChunk{room_id(1), asset_id_of(asset), 1000})), code(StoreError::invalid));
  const auto read = call(ReadAssetChunk{room_id(1), asset_id_of(asset), 990, ~0U});
  EXPECT_EQ(std::get<AssetChunk>(*read).bytes.size(), 10U);
}

TEST_F(AssetTest, ARoomsQuotaHoldsWholeAssetsAndUploads) {
  constexpr std::uint64_t kQuota = 1000;
  const auto first = make_asset(600);
  const auto second = make_asset(600);
  const auto third = make_asset(400);
  ASSERT_TRUE(call(chunk(1, first, 0, 600, kQuota)));
  const auto refused = call(chunk(1, second, 0, 100, kQuota));
  EXPECT_EQ(code_of(refused), code(StoreError::quota));
  EXPECT_THAT(message_of(refused), HasSubstr("600 are taken and this one needs 600"));
  ASSERT_TRUE(call(chunk(1, third, 0, 300, kQuota)));
  EXPECT_EQ(code_of(call(chunk(1, make_asset(101), 0, 101, kQuota))), code(StoreError::quota));
  EXPECT_TRUE(call(chunk(1, third, 300, 100, kQuota)));
  EXPECT_TRUE(call(chunk(2, second, 0, 600, kQuota))) << "quotas are each room's own";
}

TEST_F(AssetTest, KnowingAHashOpensNothingInAnotherRoom) {
  const auto asset = make_asset(1000);
  ASSERT_TRUE(upload(1, asset, 1000));
  EXPECT_EQ(status(2, asset).total_bytes, 0U);
  EXPECT_EQ(code_of(call(ReadAssetChunk{room_id(2), asset_id_of(asset)})), code(StoreError::not_found));
  ASSERT_TRUE(upload(2, asset, 300));
  EXPECT_EQ(download(2, asset), asset);
  EXPECT_EQ(code_of(call(AssetStatus{room_id(3), asset_id_of(asset)})), code(StoreError::not_found));
  EXPECT_EQ(code_of(call(chunk(3, asset, 0, 1000))), code(StoreError::not_found));
}

TEST_F(AssetTest, OneUploadTooManyThrowsAwayTheOneTouchedLongestAgo) {
  std::vector<Bytes> assets;
  for (std::size_t count = 0; count <= limits::kPartialUploadsPerRoomMax; ++count) assets.push_back(make_asset(100));
  for (std::size_t at = 0; at + 1 < assets.size(); ++at) ASSERT_TRUE(call(chunk(1, assets[at], 0, 10)));
  ASSERT_TRUE(call(chunk(1, assets[0], 10, 10)));
  ASSERT_TRUE(call(chunk(1, assets.back(), 0, 10)));
  EXPECT_EQ(partial_files(), limits::kPartialUploadsPerRoomMax);
  EXPECT_EQ(status(1, assets[0]).received_bytes, 20U);
  EXPECT_EQ(status(1, assets[1]).total_bytes, 0U);
  EXPECT_EQ(status(1, assets.back()).received_bytes, 10U);
}

TEST_F(AssetTest, AMissingFileIsCorruptAndNamesTheAsset) {
  const auto asset = make_asset(100);
  ASSERT_TRUE(upload(1, asset, 100));
  const auto hex = to_hex(asset_id_of(asset).view());
  std::filesystem::remove(folder_.file("assets/" + hex.substr(0, 2) + "/" + hex.substr(2)));
  const auto read = call(ReadAssetChunk{room_id(1), asset_id_of(asset)});
  EXPECT_EQ(code_of(read), code(StoreError::corrupt));
  EXPECT_THAT(message_of(read), HasSubstr(hex));
}

}  // namespace
}  // namespace theta::store
