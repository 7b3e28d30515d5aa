#include <gtest/gtest.h>

#include "hub/hub_world.h"
#include "theta/base/byte_codec.h"
#include "theta/crypto/hash.h"
#include "theta/log/record.h"

namespace theta::hub::testing {
namespace {

using log::RefusalCode;
using transport::Lane;

struct AssetPeople {
  explicit AssetPeople(const HubConfig& config = {})
      : world(config),
        admin(world.add_member(1)),
        room(world.open_room(admin)),
        viewer(world.add_editor(2, room, admin, log::Role::viewer)) {}

  void put(ScriptedPeer& peer, std::uint64_t offset, std::size_t size) {
    fb::AssetPutT put;
    put.request = 1;
    put.asset = boxed(asset);
    put.total_bytes = content.size();
    put.offset = offset;
    put.bytes.assign(content.begin() + static_cast<std::ptrdiff_t>(offset),
                     content.begin() + static_cast<std::ptrdiff_t>(offset + size));
    peer.send(Lane::bulk, message_of(std::move(put)));
  }
  bool has_state(const ScriptedPeer& peer, std::uint64_t received) {
    return world.run_until([&] {
      const auto* state = peer.last<fb::AssetStateT>();
      return state != nullptr && state->received_bytes == received;
    });
  }
  void get(ScriptedPeer& peer, std::uint64_t offset) {
    fb::AssetGetT get;
    get.request = 2;
    get.asset = boxed(asset);
    get.offset = offset;
    peer.send(Lane::bulk, message_of(std::move(get)));
  }

  HubWorld world;
  ScriptedPeer& admin;
  RoomId room;
  ScriptedPeer& viewer;
  Bytes content = Bytes(400'000, 42);
  AssetId asset = AssetId::from(crypto::hash256(content).view());
};

TEST(HubBulk, AnAssetGoesUpInPiecesAndComesDownWhole) {
  AssetPeople people;
  people.put(people.admin, 0, limits::kAssetChunkBytes);
  ASSERT_TRUE(people.has_state(people.admin, limits::kAssetChunkBytes));
  people.put(people.admin, limits::kAssetChunkBytes, people.content.size() - limits::kAssetChunkBytes);
  ASSERT_TRUE(people.has_state(people.admin, people.content.size()));
  Bytes received;
  while (received.size() < people.content.size()) {
    people.viewer.messages.clear();
    people.get(people.viewer, received.size());
    ASSERT_TRUE(people.world.run_until([&] { return people.viewer.last<fb::AssetChunkT>() != nullptr; }));
    const auto* chunk = people.viewer.last<fb::AssetChunkT>();
    EXPECT_EQ(chunk->request, 2U);
    EXPECT_EQ(chunk->total_bytes, people.content.size());
    received.insert(received.end(), chunk->bytes.begin(), chunk->bytes.end());
  }
  EXPECT_EQ(received, people.content);
}

TEST(HubBulk, AnUploadGoesOnWhereAnEarlierSessionStopped) {
  AssetPeople people;
  people.put(people.admin, 0, 100'000);
  ASSERT_TRUE(people.has_state(people.admin, 100'000));
  fb::AssetQueryT query;
  query.request = 5;
  query.asset = boxed(people.asset);
  people.viewer.send(Lane::bulk, message_of(std::move(query)));
  ASSERT_TRUE(people.has_state(people.viewer, 100'000));
  EXPECT_EQ(people.viewer.last<fb::AssetStateT>()->request, 5U);
}

TEST(HubBulk, AViewerMayNotAddAssets) {
  AssetPeople people;
  people.put(people.viewer, 0, 1000);
  EXPECT_TRUE(people.world.run_until([&] { return people.viewer.is_refused(RefusalCode::role_too_low); }));
}

TEST(HubBulk, BytesThatHashToSomethingElseAreRefused) {
  AssetPeople people;
  people.content.resize(1000);
  people.put(people.admin, 0, 1000);
  EXPECT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::bad_request); }));
}

TEST(HubBulk, AssetAndRoomQuotasHold) {
  HubConfig config;
  config.log.asset_bytes_per_room_max = 300'000;
  AssetPeople people(config);
  people.put(people.admin, 0, 1000);
  EXPECT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::quota); }));
  EXPECT_EQ(people.world.metric("quota_rejections", "guards.asset_bytes_per_room_max"), 1);
  config.log.asset_bytes_max = 1000;
  people.world.hub->set_config(config);
  people.admin.messages.clear();
  people.put(people.admin, 0, 1000);
  EXPECT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::quota); }));
  EXPECT_EQ(people.world.metric("quota_rejections", "guards.asset_bytes_max"), 1);
}

TEST(HubBulk, AnAssetThatIsNotThereIsRefused) {
  AssetPeople people;
  people.get(people.admin, 0);
  EXPECT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::no_such_asset); }));
}

TEST(HubBulk, OverTheRateIsRefusedWithAWaitAndCounted) {
  HubConfig config;
  config.log.bulk = {512.0 * 1024, 1024};
  AssetPeople people(config);
  people.put(people.admin, 0, limits::kAssetChunkBytes);
  ASSERT_TRUE(people.has_state(people.admin, limits::kAssetChunkBytes));
  people.get(people.admin, 0);
  people.get(people.admin, 0);
  ASSERT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::rate_limited); }));
  EXPECT_GT(people.admin.last<fb::RequestRefusedT>()->retry_after_ms, 0U);
  people.world.settle();
  EXPECT_EQ(people.world.metric("bulk_rate_drops"), 2)
      << "both: each chunk costs half of the bucket, and a request more";
  EXPECT_EQ(people.world.metric("rate_limit_drops"), 0) << "no packet was refused";
}

TEST(HubBulk, TooManyRequestsAtOnceArePutOff) {
  HubConfig config;
  config.bulk_requests_per_session_max = 2;
  AssetPeople people(config);
  people.world.is_store_held = true;
  for (std::uint32_t request = 1; request <= 3; ++request) {
    fb::AssetQueryT query;
    query.request = request;
    query.asset = boxed(people.asset);
    people.admin.send(Lane::bulk, message_of(std::move(query)));
  }
  ASSERT_TRUE(people.world.run_until([&] { return people.admin.is_refused(RefusalCode::hub_busy); }));
  EXPECT_EQ(people.admin.last<fb::RequestRefusedT>()->request, 3U);
  people.world.is_store_held = false;
  EXPECT_TRUE(people.world.run_until([&] { return people.admin.count<fb::AssetStateT>() == 2; }));
}

TEST(HubBulk, TheLogIsReadBackAsStored) {
  AssetPeople people;
  fb::LogQueryT query;
  query.request = 8;
  query.from_seq = 1;
  people.viewer.send(Lane::bulk, message_of(std::move(query)));
  ASSERT_TRUE(people.world.run_until([&] { return people.viewer.last<fb::LogRangeT>() != nullptr; }));
  const auto* range = people.viewer.last<fb::LogRangeT>();
  EXPECT_EQ(range->request, 8U);
  EXPECT_EQ(range->head_seq, 2U);
  ByteReader reader(range->records);
  replica::Replica replayed;
  while (reader.remaining() > 0) {
    const auto size = reader.get_varint();
    const auto record = log::decode_record(reader.get_bytes(size));
    ASSERT_TRUE(record.has_value());
    ASSERT_TRUE(replayed.apply(*record).has_value());
  }
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(replayed.state_hash(), people.viewer.replica.state_hash());
}

}  // namespace
}  // namespace theta::hub::testing
