#include "theta/client/file_persistence.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "theta/crypto/hash.h"

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

AssetId asset_of(const Bytes& bytes) { return AssetId::from(crypto::hash256(bytes).view()); }

TEST_F(Folder, AnAssetOutlivesStatesUntilItIsForgotten) {
  {
    auto disk = open();
    ASSERT_TRUE(disk->load());
    ASSERT_TRUE(disk->replace(Bytes{1}));
    ASSERT_TRUE(disk->keep_asset(asset_of({70, 71}), SharedBytes(Bytes{70, 71})));
    ASSERT_TRUE(disk->keep_asset(asset_of({80}), SharedBytes(Bytes{80})));
    ASSERT_TRUE(disk->append(Bytes{2}));
    ASSERT_TRUE(disk->sync());
    ASSERT_TRUE(disk->replace(Bytes{9}));
    ASSERT_TRUE(disk->forget_asset(asset_of({80})));
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
  ASSERT_TRUE(disk->keep_asset(asset_of({70}), SharedBytes(Bytes{70})));
  ASSERT_TRUE(disk->keep_asset(asset_of({70}), SharedBytes(Bytes{70})));
  ASSERT_TRUE(disk->sync());
  ASSERT_TRUE(disk->forget_asset(asset_of({90})));
  EXPECT_EQ(open()->load()->assets.size(), 1U);
}

TEST_F(Folder, AnAssetThatAPowerCutToreGivesWayToTheWholeOne) {
  const Bytes whole{70, 71, 72};
  const auto keep = [&] {
    auto disk = open();
    const auto stored = disk->load();
    EXPECT_TRUE(disk->replace(Bytes{1}));
    EXPECT_TRUE(disk->keep_asset(asset_of(whole), SharedBytes(whole)));
    return stored->assets.size();
  };
  EXPECT_EQ(keep(), 0U);
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().filename().string().starts_with("asset-")) std::filesystem::resize_file(entry.path(), 1);
  EXPECT_EQ(keep(), 0U);
  const auto stored = open()->load();
  ASSERT_EQ(stored->assets.size(), 1U);
  EXPECT_EQ(Bytes(stored->assets[0].view().begin(), stored->assets[0].view().end()), whole);
}

}  // namespace
}  // namespace theta::client
