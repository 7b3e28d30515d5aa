#include "theta/web/storage_queue.h"

#include <gtest/gtest.h>

namespace theta::web {
namespace {

TEST(StorageQueue, AdditionsShareOneWriteUntilItIsTaken) {
  StorageQueue queue{{}};
  ASSERT_TRUE(queue.append(Bytes{1}));
  ASSERT_TRUE(queue.append(Bytes{2}));
  const auto write = queue.take();
  ASSERT_TRUE(write);
  EXPECT_EQ(write->bytes, (Bytes{1, 2}));
  EXPECT_EQ(write->number, 2U);
  EXPECT_FALSE(write->replaces);
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
  EXPECT_TRUE(write->replaces);
  EXPECT_EQ(write->bytes, Bytes{9});
  write = queue.take();
  EXPECT_FALSE(write->replaces);
  EXPECT_EQ(write->bytes, Bytes{2});
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
  EXPECT_TRUE(write->replaces);
  queue.committed(write->number);
  EXPECT_TRUE(queue.is_committed(3));
}

TEST(StorageQueue, WhatWasStoredIsHandedOutOnce) {
  StorageQueue queue{{Bytes{1}, Bytes{2}}};
  EXPECT_EQ(queue.load()->state, Bytes{1});
  EXPECT_TRUE(queue.load()->state.empty());
}

}  // namespace
}  // namespace theta::web
