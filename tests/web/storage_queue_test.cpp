#include "theta/web/storage_queue.h"

#include <gtest/gtest.h>

namespace theta::web {
namespace {

using Kind = StorageQueue::Kind;

Bytes bytes_of(const StorageQueue::Write& write) {
  const auto view = write.bytes.view();
  return {view.begin(), view.end()};
}

AssetId asset_named(std::uint8_t number) {
  AssetId asset;
  asset.bytes.fill(number);
  return asset;
}

TEST(StorageQueue, AdditionsShareOneWriteUntilItIsTaken) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.append(Bytes{1}));
  ASSERT_TRUE(queue.append(Bytes{2}));
  const auto write = queue.take();
  ASSERT_TRUE(write);
  EXPECT_EQ(bytes_of(*write), (Bytes{1, 2}));
  EXPECT_EQ(write->number, 2U);
  EXPECT_EQ(write->kind, Kind::addition);
  EXPECT_FALSE(queue.is_committed(1));
  queue.committed(write->number);
  EXPECT_TRUE(queue.is_committed(queue.newest()));
  EXPECT_FALSE(queue.take());
}

TEST(StorageQueue, AStateStandsForAllThatCameBefore) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.append(Bytes{1}));
  ASSERT_TRUE(queue.replace(Bytes{9}));
  ASSERT_TRUE(queue.append(Bytes{2}));
  auto write = queue.take();
  EXPECT_EQ(write->kind, Kind::state);
  EXPECT_EQ(bytes_of(*write), Bytes{9});
  write = queue.take();
  EXPECT_EQ(write->kind, Kind::addition);
  EXPECT_EQ(bytes_of(*write), Bytes{2});
  queue.committed(write->number);
  EXPECT_TRUE(queue.is_committed(1));
}

TEST(StorageQueue, AfterAFailureOnlyAWholeStateIsWorthWriting) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.append(Bytes{1}));
  ASSERT_TRUE(queue.take());
  ASSERT_TRUE(queue.append(Bytes{2}));
  queue.failed();
  EXPECT_TRUE(queue.is_broken());
  ASSERT_TRUE(queue.append(Bytes{3}));
  EXPECT_FALSE(queue.take()) << "a journal with a gap cannot be read";
  EXPECT_FALSE(queue.is_committed(3));
  ASSERT_TRUE(queue.replace(Bytes{9}));
  EXPECT_FALSE(queue.is_broken());
  const auto write = queue.take();
  EXPECT_EQ(write->kind, Kind::state);
  queue.committed(write->number);
  EXPECT_TRUE(queue.is_committed(3));
}

TEST(StorageQueue, AnAssetKeepsItsPlaceAmongAdditionsAndOutlivesAState) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.append(Bytes{1}));
  ASSERT_TRUE(queue.keep_asset(asset_named(7), SharedBytes(Bytes{70})));
  ASSERT_TRUE(queue.append(Bytes{2}));
  EXPECT_EQ(queue.take()->kind, Kind::addition);
  ASSERT_TRUE(queue.replace(Bytes{9}));
  auto write = queue.take();
  ASSERT_TRUE(write);
  EXPECT_EQ(write->kind, Kind::asset);
  EXPECT_EQ(write->asset, asset_named(7));
  EXPECT_EQ(bytes_of(*write), Bytes{70});
  queue.committed(write->number);
  EXPECT_FALSE(queue.is_committed(3)) << "the state that stands for it was not stored";
  write = queue.take();
  EXPECT_EQ(write->kind, Kind::state);
  queue.committed(write->number);
  EXPECT_TRUE(queue.is_committed(queue.newest()));
  ASSERT_TRUE(queue.forget_asset(asset_named(7)));
  EXPECT_EQ(queue.take()->kind, Kind::forget);
}

TEST(StorageQueue, AnAssetThatCouldNotBeStoredIsWrittenWithTheNextState) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.keep_asset(asset_named(7), SharedBytes(Bytes{70})));
  ASSERT_TRUE(queue.take());
  ASSERT_TRUE(queue.keep_asset(asset_named(8), SharedBytes(Bytes{80})));
  queue.failed();
  EXPECT_FALSE(queue.take());
  ASSERT_TRUE(queue.replace(Bytes{9}));
  EXPECT_EQ(queue.take()->asset, asset_named(7));
  EXPECT_EQ(queue.take()->asset, asset_named(8));
  EXPECT_EQ(queue.take()->kind, Kind::state);
  EXPECT_FALSE(queue.take());
}

TEST(StorageQueue, WhatWasStoredIsHandedOutOnce) {
  StorageQueue queue{{Bytes{1}, Bytes{2}}};
  EXPECT_EQ(queue.load()->state, Bytes{1});
  EXPECT_TRUE(queue.load()->state.empty());
}

}  // namespace
}  // namespace theta::web
