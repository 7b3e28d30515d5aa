#include "theta/client/file_persistence.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace theta::client {
namespace {

class Folder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "theta-persistence-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    path = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(path); }
  [[nodiscard]] std::unique_ptr<FilePersistence> open() const { return std::move(FilePersistence::open(path).value()); }

  std::string path;
};

AssetId asset_named(std::uint8_t number) {
  AssetId asset;
  asset.bytes.fill(number);
  return asset;
}

TEST_F(Folder, AnAssetOutlivesStatesUntilItIsForgotten) {
  {
    auto disk = open();
    ASSERT_TRUE(disk->load());
    ASSERT_TRUE(disk->replace(Bytes{1}));
    ASSERT_TRUE(disk->keep_asset(asset_named(7), SharedBytes(Bytes{70, 71})));
    ASSERT_TRUE(disk->keep_asset(asset_named(8), SharedBytes(Bytes{80})));
    ASSERT_TRUE(disk->append(Bytes{2}));
    ASSERT_TRUE(disk->sync());
    ASSERT_TRUE(disk->replace(Bytes{9}));
    ASSERT_TRUE(disk->forget_asset(asset_named(8)));
  }
  const auto stored = open()->load();
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->state, Bytes{9});
  ASSERT_EQ(stored->assets.size(), 1U);
  EXPECT_EQ(Bytes(stored->assets[0].view().begin(), stored->assets[0].view().end()), (Bytes{70, 71}));
}

TEST_F(Folder, AnAssetIsKeptOnceAndForgettingAnUnknownOneIsNoFault) {
  auto disk = open();
  ASSERT_TRUE(disk->load());
  ASSERT_TRUE(disk->replace(Bytes{1}));
  ASSERT_TRUE(disk->keep_asset(asset_named(7), SharedBytes(Bytes{70})));
  ASSERT_TRUE(disk->keep_asset(asset_named(7), SharedBytes(Bytes{70})));
  ASSERT_TRUE(disk->sync());
  ASSERT_TRUE(disk->forget_asset(asset_named(9)));
  EXPECT_EQ(open()->load()->assets.size(), 1U);
}

}  // namespace
}  // namespace theta::client
