// What every LogEngine owes its caller, on real files, for the engine with a thread and the one without.

#include <algorithm>
#include <functional>

#include "store/helpers.h"
#include "theta/store/limits.h"

namespace theta::store {
namespace {

using ::testing::HasSubstr;

enum class Kind { threaded, inlined };

class EngineTest : public ::testing::TestWithParam<Kind> {
 protected:
  EngineTest() { reopen(); }
  void reopen(std::size_t requests_max = limits::kQueueRequestsMax, std::size_t bytes_max = limits::kQueueBytesMax) {
    engine_.reset();
    if (GetParam() == Kind::threaded)
      engine_ = open_sqlite(folder_.path(), requests_max, bytes_max);
    else
      engine_ = open_inline(folder_.path(), requests_max, bytes_max);
    driver_ = std::make_unique<Driver>(*engine_);
  }
  StoreResult<Answer> call(Request request) { return driver_->call(std::move(request)); }
  RoomInfo info(std::uint8_t room) {
    const auto answer = call(ListRooms{});
    for (const auto& info : std::get<RoomList>(*answer).rooms)
      if (info.room == room_id(room)) return info;
    ADD_FAILURE() << "the room is not listed";
    return {};
  }

  TemporaryFolder folder_;
  std::unique_ptr<LogEngine> engine_;
  std::unique_ptr<Driver> driver_;
};

INSTANTIATE_TEST_SUITE_P(Engines, EngineTest, ::testing::Values(Kind::threaded, Kind::inlined),
                         [](const auto& kind) { return kind.param == Kind::threaded ? "Threaded" : "Inline"; });

TEST_P(EngineTest, AnAppendIsReadBackAsItWasAfterReopening) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1, 5)));
  reopen();
  const auto records = all_records(*engine_, 1);
  ASSERT_EQ(records.size(), 6U);
  for (std::uint64_t seq = 1; seq <= 6; ++seq) EXPECT_TRUE(records[seq - 1] == make_record(seq, 1, seq)) << seq;
  const auto room = info(1);
  EXPECT_EQ(room.name, "room 1");
  EXPECT_EQ(room.head, Seq{6});
  EXPECT_EQ(room.record_hash, make_record(6, 1, 6).record_hash);
  EXPECT_EQ(room.log_bytes, 6 * (kTestHeaderBytes + 100));
}

TEST_P(EngineTest, APacketIsFoundByItsAuthorAndNonce) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(create_room(2)));
  ASSERT_TRUE(call(append(2, 1, 9)));
  const auto found = call(ReadPacket{room_id(2), author_key(1), Nonce{4}});
  ASSERT_TRUE(found) << message_of(found);
  const auto& records = std::get<RecordRange>(*found).records;
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records.front() == make_record(4, 1, 4));
  for (const auto& absent :
       {ReadPacket{room_id(2), author_key(1), Nonce{11}}, ReadPacket{room_id(2), author_key(2), Nonce{4}},
        ReadPacket{room_id(1), author_key(1), Nonce{4}}, ReadPacket{room_id(3), author_key(1), Nonce{4}}})
    EXPECT_EQ(code_of(call(absent)), code(StoreError::not_found));
}

TEST_P(EngineTest, AQueueFullOfReadsStillTakesAnAppend) {
  ASSERT_TRUE(call(create_room(1)));
  reopen(4);
  for (int request = 0; request < 6; ++request) engine_->submit(ReadRecords{room_id(1), Seq{1}, 1, 1});
  const auto ticket = engine_->submit(append(1, 1));
  int refused = 0;
  bool is_appended = false;
  for (const auto& completion : driver_->drain()) {
    if (code_of(completion.result) == code(StoreError::busy)) ++refused;
    is_appended = is_appended || (completion.ticket == ticket && completion.result);
  }
  EXPECT_EQ(refused, 2);
  EXPECT_TRUE(is_appended);
}

TEST_P(EngineTest, WhatWaitsIsBoundedInBytesToo) {
  ASSERT_TRUE(call(create_room(1)));
  reopen(limits::kQueueRequestsMax, 1'000'000);
  for (int request = 0; request < 6; ++request) engine_->submit(ReadRecords{room_id(1), Seq{1}, 1024, 300'000});
  int refused = 0;
  for (const auto& completion : driver_->drain())
    if (code_of(completion.result) == code(StoreError::busy)) ++refused;
  EXPECT_EQ(refused, 3) << "three answers of 300,000 bytes fit";
  EXPECT_TRUE(call(ReadRecords{room_id(1), Seq{1}, 1024, 300'000})) << "there is room again";
}

TEST_P(EngineTest, AnAppendToAnotherHeadIsAConflictAndChangesNothing) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1)));
  const auto late = call(append(1, 1));
  EXPECT_EQ(code_of(late), code(StoreError::conflict));
  EXPECT_THAT(message_of(late), HasSubstr("at 2"));
  EXPECT_EQ(code_of(call(append(1, 5))), code(StoreError::conflict));
  EXPECT_EQ(code_of(call(append(2, 1))), code(StoreError::not_found));
  EXPECT_EQ(info(1).head, Seq{2});
}

TEST_P(EngineTest, ARoomIsMadeOnce) {
  ASSERT_TRUE(call(create_room(1)));
  EXPECT_EQ(code_of(call(create_room(1))), code(StoreError::conflict));
}

TEST_P(EngineTest, ARefusedRequestTakesNoOtherOfItsBatchWithIt) {
  const std::vector<Ticket> tickets{
      engine_->submit(create_room(1)), engine_->submit(append(1, 1)), engine_->submit(append(1, 9)),
      engine_->submit(create_room(2)), engine_->submit(append(1, 2)), engine_->submit(append(3, 1)),
  };
  const auto completions = driver_->drain();
  ASSERT_EQ(completions.size(), tickets.size());
  const std::vector<int> codes{kSucceeded, kSucceeded, code(StoreError::conflict),
                               kSucceeded, kSucceeded, code(StoreError::not_found)};
  for (std::size_t at = 0; at < tickets.size(); ++at) {
    EXPECT_EQ(completions[at].ticket, tickets[at]);
    EXPECT_EQ(code_of(completions[at].result), codes[at]) << at << ": " << message_of(completions[at].result);
  }
  EXPECT_EQ(all_records(*engine_, 1).size(), 3U);
}

TEST_P(EngineTest, AnAppendIsAllOrNothing) {
  ASSERT_TRUE(call(create_room(1)));
  auto broken = append(1, 1, 3);
  broken.records[2].nonce = Nonce{2};  // used by the first of the three
  auto other = engine_->submit(std::move(broken));
  const auto good = engine_->submit(append(1, 1));
  EXPECT_EQ(code_of(driver_->wait(other)), code(StoreError::invalid));
  EXPECT_EQ(code_of(driver_->wait(good)), kSucceeded);
  EXPECT_EQ(info(1).head, Seq{2});
}

TEST_P(EngineTest, ANonceAtOrBelowTheHighWaterMarkIsRefused) {
  ASSERT_TRUE(call(create_room(1)));
  Append replay{room_id(1), Seq{1}, {make_record(2, 1, 1)}};
  const auto result = call(replay);
  EXPECT_EQ(code_of(result), code(StoreError::invalid));
  EXPECT_THAT(message_of(result), HasSubstr("high-water mark is 1"));
  replay.records[0].nonce = Nonce{0};
  replay.records[0].author = author_key(9);
  EXPECT_EQ(code_of(call(replay)), code(StoreError::invalid));
}

TEST_P(EngineTest, HighWaterMarksMoveWithTheirPackets) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(Append{room_id(1), Seq{1}, {make_record(2, 5, 1), make_record(3, 1, 2), make_record(4, 5, 2)}}));
  const auto answer = call(ReadMarks{room_id(1)});
  ASSERT_TRUE(answer);
  const auto& marks = std::get<Marks>(*answer).marks;
  ASSERT_EQ(marks.size(), 2U);
  EXPECT_EQ(marks[0].author, author_key(1));
  EXPECT_EQ(marks[0].nonce, Nonce{2});
  EXPECT_EQ(marks[1].author, author_key(5));
  EXPECT_EQ(marks[1].header_hash, make_record(4, 5, 2).header_hash);
}

TEST_P(EngineTest, OversizedAndEmptyRequestsAreRefusedWithASentence) {
  ASSERT_TRUE(call(create_room(1)));
  EXPECT_EQ(code_of(call(Append{room_id(1), Seq{1}, {}})), code(StoreError::invalid));
  EXPECT_EQ(code_of(call(append(1, 1, limits::kAppendRecordsMax + 1, 1))), code(StoreError::invalid));
  EXPECT_EQ(code_of(call(append(1, 1, 1, limits::kRecordBytesMax))), code(StoreError::invalid));
  EXPECT_EQ(code_of(call(append(1, 1, 1, limits::kRecordBytesMax - kTestHeaderBytes))), kSucceeded);
  auto gap = append(1, 2);
  gap.records[0].seq = Seq{4};
  EXPECT_EQ(code_of(call(gap)), code(StoreError::invalid));
  auto named = create_room(2);
  named.name = std::string(theta::limits::kNameBytesMax + 1, 'x');
  EXPECT_EQ(code_of(call(named)), code(StoreError::invalid));
}

TEST_P(EngineTest, ReadsStopAtEitherBoundButYieldAtLeastOneRecord) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1, 20, 1000 - kTestHeaderBytes)));
  const auto count = [&](std::uint64_t from, std::uint32_t count_max, std::uint32_t bytes_max) {
    const auto answer = call(ReadRecords{room_id(1), Seq{from}, count_max, bytes_max});
    EXPECT_TRUE(answer) << message_of(answer);
    EXPECT_EQ(std::get<RecordRange>(*answer).head, Seq{21});
    return std::get<RecordRange>(*answer).records.size();
  };
  EXPECT_EQ(count(2, 5, 1'000'000), 5U);
  EXPECT_EQ(count(2, 100, 3'500), 3U);
  EXPECT_EQ(count(2, 100, 10), 1U);
  EXPECT_EQ(count(20, 100, 1'000'000), 2U);
  EXPECT_EQ(count(22, 100, 1'000'000), 0U);
  EXPECT_EQ(count(~std::uint64_t{0}, ~0U, ~0U), 0U);
}

TEST_P(EngineTest, AReadSeesTheWritesBeforeItInTheSameBatch) {
  engine_->submit(create_room(1));
  engine_->submit(append(1, 1, 3));
  const auto read = engine_->submit(ReadRecords{room_id(1), Seq{1}});
  const auto after = engine_->submit(append(1, 4));
  const auto completions = driver_->drain();
  ASSERT_EQ(completions.size(), 4U);
  EXPECT_EQ(completions[2].ticket, read);
  EXPECT_EQ(completions[3].ticket, after);
  ASSERT_TRUE(completions[2].result);
  EXPECT_GE(std::get<RecordRange>(*completions[2].result).records.size(), 4U);
}

TEST_P(EngineTest, TheNewestSnapshotIsReadAndTwoAreKept) {
  ASSERT_TRUE(call(create_room(1)));
  EXPECT_EQ(code_of(call(ReadSnapshot{room_id(1)})), code(StoreError::not_found));
  ASSERT_TRUE(call(append(1, 1, 9)));
  EXPECT_EQ(code_of(call(snapshot(1, 11, 10))), code(StoreError::invalid));
  ASSERT_TRUE(call(snapshot(1, 4, 10)));
  ASSERT_TRUE(call(snapshot(1, 6, 3'000'001)));
  ASSERT_TRUE(call(snapshot(1, 5, 0)));
  reopen();
  const auto answer = call(ReadSnapshot{room_id(1)});
  ASSERT_TRUE(answer) << message_of(answer);
  const auto& newest = std::get<StoredSnapshot>(*answer);
  EXPECT_EQ(newest.seq, Seq{6});
  EXPECT_TRUE(std::ranges::equal(newest.bytes.view(), Bytes(3'000'001, 7)));
  EXPECT_TRUE(std::ranges::equal(newest.checkpoint.view(), bytes_of("checkpoint")));
}

TEST_P(EngineTest, CompactingCutsPayloadsAndKeepsHeadersAndHashes) {
  constexpr std::uint64_t kHead = 3001;
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1, kHead - 1)));
  EXPECT_EQ(code_of(call(Compact{room_id(1), Seq{10}})), code(StoreError::invalid));
  ASSERT_TRUE(call(snapshot(1, 2600, 1000)));
  EXPECT_EQ(code_of(call(Compact{room_id(1), Seq{2601}})), code(StoreError::invalid));
  const auto before = info(1).log_bytes;
  ASSERT_TRUE(call(Compact{room_id(1), Seq{2500}}));
  ASSERT_TRUE(call(Compact{room_id(1), Seq{2500}}));

  EXPECT_EQ(info(1).archived_through, Seq{2500});
  EXPECT_EQ(info(1).log_bytes, before - 2500 * 100);
  const auto records = all_records(*engine_, 1);
  ASSERT_EQ(records.size(), kHead);
  for (const auto& record : records) {
    auto expected = make_record(record.seq.value(), 1, record.seq.value());
    if (record.seq <= Seq{2500}) expected.bytes = SharedBytes(strip_test_payload(expected.bytes.view()));
    ASSERT_TRUE(record == expected) << record.seq.value();
  }
  EXPECT_TRUE(call(append(1, kHead)));
}

TEST_P(EngineTest, CheckpointsAreKeptInOrder) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1, 9)));
  for (const std::uint64_t seq : {8, 2, 5})
    ASSERT_TRUE(call(WriteCheckpoint{room_id(1), {Seq{seq}, SharedBytes(Bytes(100, static_cast<std::uint8_t>(seq)))}}));
  EXPECT_EQ(code_of(call(WriteCheckpoint{room_id(1), {Seq{11}, SharedBytes(Bytes(1))}})), code(StoreError::invalid));
  const auto answer = call(ReadCheckpoints{room_id(1), Seq{3}});
  ASSERT_TRUE(answer);
  const auto& checkpoints = std::get<Checkpoints>(*answer).checkpoints;
  ASSERT_EQ(checkpoints.size(), 2U);
  EXPECT_EQ(checkpoints[0].seq, Seq{5});
  EXPECT_EQ(checkpoints[1].seq, Seq{8});
}

TEST_P(EngineTest, TheFirstProofOfAnEquivocationIsKept) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(WriteEquivocation{room_id(1), author_key(3), SharedBytes(bytes_of("first"))}));
  ASSERT_TRUE(call(WriteEquivocation{room_id(1), author_key(3), SharedBytes(bytes_of("second"))}));
  const auto answer = call(ReadEquivocations{room_id(1)});
  ASSERT_TRUE(answer);
  const auto& proofs = std::get<Equivocations>(*answer).proofs;
  ASSERT_EQ(proofs.size(), 1U);
  EXPECT_EQ(proofs[0].first, author_key(3));
  EXPECT_TRUE(std::ranges::equal(proofs[0].second.view(), bytes_of("first")));
}

TEST_P(EngineTest, RoomsDoNotTouchEachOther) {
  for (std::uint8_t room = 1; room <= 5; ++room) {
    ASSERT_TRUE(call(create_room(room)));
    ASSERT_TRUE(call(append(room, 1, room)));
  }
  for (std::uint8_t room = 1; room <= 5; ++room) EXPECT_EQ(all_records(*engine_, room).size(), room + 1U);
}

}  // namespace
}  // namespace theta::store
