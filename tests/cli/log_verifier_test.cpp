#include "log_verifier.h"

#include <gmock/gmock.h>

#include <functional>
#include <utility>

#include "replica/random_room.h"
#include "theta/crypto/hash.h"

namespace theta::cli {
namespace {

using replica::testing::RandomRoom;
using replica::testing::TestAuthor;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// A room with a log, and the hub's statement about its head.
class VerifiedLog : public ::testing::Test {
 protected:
  VerifiedLog() { random.run(60); }

  [[nodiscard]] log::Checkpoint checkpoint() const {
    log::Checkpoint statement;
    statement.room = random.room.hub.room();
    statement.seq = random.room.hub.head();
    statement.record_hash = random.room.hub.record_hash();
    statement.state_hash = random.room.hub.state_hash();
    return log::sign_checkpoint(statement, TestAuthor::make_key(200));
  }
  [[nodiscard]] std::pair<log::Checkpoint, Bytes> snapshot() const {
    auto bytes = random.room.hub.save_snapshot();
    auto statement = checkpoint();
    statement.snapshot_hash = crypto::hash256(bytes);
    return {log::sign_checkpoint(statement, TestAuthor::make_key(200)), std::move(bytes)};
  }
  /// Of the author of the last record, who signed another packet with that nonce as well.
  [[nodiscard]] std::pair<AuthorKey, Bytes> proof() const {
    const auto last = log::decode_record(random.room.records.back())->packet;
    auto header = last.header;
    header.stamp = Stamp{header.stamp.value() + 1};
    for (std::uint8_t fill = 1; fill < 6; ++fill) {
      const TestAuthor author(fill);
      if (author.id() != header.author) continue;
      const auto other =
          log::sign_packet(header, Bytes(last.payload.view().begin(), last.payload.view().end()), author.key());
      return {header.author, log::encode_equivocation({last, other})};
    }
    ADD_FAILURE() << "the last record is by nobody known";
    return {};
  }
  /// As a store keeps it: the record beside the columns that index it.
  static store::StoredRecord stored(const Bytes& bytes) {
    const auto record = log::decode_record(bytes);
    if (!record) return {Seq{}, {}, Nonce{}, {}, {}, SharedBytes(Bytes(bytes))};
    const auto& header = record->packet.header;
    return {record->seq,         header.author,       header.nonce,
            record->header_hash, record->record_hash, SharedBytes(Bytes(bytes))};
  }
  /// The store's entry of the room, and its authors' high-water marks.
  static LogEvidence stored_beside(const std::vector<Bytes>& records, const std::string& name) {
    LogEvidence evidence;
    auto& entry = evidence.entry.emplace();
    auto& marks = evidence.marks.emplace();
    entry.name = name;
    for (const auto& bytes : records) {
      const auto record = *log::decode_record(bytes);
      const auto& header = record.packet.header;
      entry.head = record.seq;
      entry.record_hash = record.record_hash;
      entry.log_bytes += bytes.size();
      if (record.packet.archived) entry.archived_through = record.seq;
      std::erase_if(marks, [&](const store::AuthorMark& mark) { return mark.author == header.author; });
      marks.push_back({header.author, header.nonce, record.header_hash});
    }
    return evidence;
  }
  [[nodiscard]] LogEvidence stored_beside() const {
    return stored_beside(random.room.records, random.room.hub.room_name());
  }
  static std::vector<std::string> problems_of(const std::vector<Bytes>& records, LogEvidence evidence) {
    const auto entry = evidence.entry;
    LogVerifier verifier(std::move(evidence));
    for (const auto& record : records) verifier.add(stored(record));
    verifier.finish(entry);
    return verifier.problems();
  }
  static LogEvidence signed_by_hub(std::vector<log::Checkpoint> checkpoints) {
    LogEvidence evidence;
    evidence.checkpoints = std::move(checkpoints);
    return evidence;
  }

  RandomRoom random{5};
};

TEST_F(VerifiedLog, AnHonestLogIsClean) {
  LogVerifier verifier(signed_by_hub({checkpoint()}));
  for (const auto& record : random.room.records) verifier.add(stored(record));
  verifier.finish();
  EXPECT_THAT(verifier.problems(), IsEmpty());
  EXPECT_EQ(verifier.checkpoints_checked(), 1U);
  EXPECT_EQ(verifier.state_hash(), random.room.hub.state_hash());
}

TEST_F(VerifiedLog, EveryByteCounts) {
  // One byte somewhere in each part of a record: number, time, hash, header, signature, payload.
  for (const std::size_t at : {0U, 8U, 20U, 60U, 150U, 210U, 300U}) {
    auto records = random.room.records;
    auto& touched = records[20];
    ASSERT_GT(touched.size(), at);
    touched[at] ^= 1;
    EXPECT_THAT(problems_of(records, {}), Not(IsEmpty())) << "byte " << at;
  }
}

TEST_F(VerifiedLog, AMissingRecordShows) {
  auto records = random.room.records;
  records.erase(records.begin() + 10);
  EXPECT_THAT(problems_of(records, {}).front(), HasSubstr("record 11"));
}

TEST_F(VerifiedLog, AnotherHistoryThanTheHubSignedShows) {
  auto other = checkpoint();
  other.state_hash.bytes[0] ^= 1;
  const auto lie = log::sign_checkpoint(other, TestAuthor::make_key(200));
  EXPECT_THAT(problems_of(random.room.records, signed_by_hub({lie})), ElementsAre(HasSubstr("another state")));
  EXPECT_THAT(problems_of(random.room.records, signed_by_hub({other})).front(), HasSubstr("signature"));
}

TEST_F(VerifiedLog, TheHubIsTheOneThatTheFirstRecordNames) {
  // Somebody rewrote the folder and signed all of it again, with a key of their own.
  const auto forged = log::sign_checkpoint(checkpoint(), TestAuthor::make_key(201));
  ASSERT_TRUE(log::verify_checkpoint(forged));
  EXPECT_THAT(problems_of(random.room.records, signed_by_hub({forged})), ElementsAre(HasSubstr("the room's hub is")));
}

TEST_F(VerifiedLog, AHubThatWasAskedForOutweighsTheFirstRecord) {
  auto evidence = signed_by_hub({checkpoint()});
  evidence.hub = TestAuthor::make_key(201).public_key<HubKey>();
  EXPECT_THAT(problems_of(random.room.records, evidence),
              ElementsAre(HasSubstr("record 1: it names the hub"), HasSubstr("the room's hub is")));
}

TEST_F(VerifiedLog, AKeyBesideTheLogDoesNotOutweighTheFirstRecord) {
  auto evidence = signed_by_hub({log::sign_checkpoint(checkpoint(), TestAuthor::make_key(201))});
  evidence.hub_beside = TestAuthor::make_key(201).public_key<HubKey>();
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("the room's hub is")));
}

TEST_F(VerifiedLog, AnotherRoomsLogShows) {
  LogEvidence evidence;
  evidence.room = random.room.hub.room();
  EXPECT_THAT(problems_of(random.room.records, evidence), IsEmpty());
  evidence.room->bytes[0] ^= 1;
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("record 1: the log is of room")));
}

TEST_F(VerifiedLog, WhatAnHonestStoreKeepsBesideTheLogIsClean) {
  EXPECT_THAT(problems_of(random.room.records, stored_beside()), IsEmpty());
}

TEST_F(VerifiedLog, EveryColumnOfARecordCounts) {
  const std::vector<std::pair<std::string, std::function<void(store::StoredRecord&)>>> changes{
      {"seq", [](auto& record) { record.seq = Seq{1}; }},
      {"author", [](auto& record) { record.author.bytes[0] ^= 1; }},
      {"nonce", [](auto& record) { record.nonce = Nonce{record.nonce.value() + 1}; }},
      {"header_hash", [](auto& record) { record.header_hash.bytes[0] ^= 1; }},
      {"record_hash", [](auto& record) { record.record_hash.bytes[0] ^= 1; }}};
  for (const auto& [column, change] : changes) {
    LogVerifier verifier({});
    for (std::size_t at = 0; at < random.room.records.size(); ++at) {
      auto record = stored(random.room.records[at]);
      if (at == 20) change(record);
      verifier.add(record);
    }
    EXPECT_THAT(verifier.problems(), ElementsAre(HasSubstr("record 21: the store's column " + column + " is not")));
  }
}

TEST_F(VerifiedLog, TheStoresEntryOfTheRoomCounts) {
  const std::vector<std::pair<std::string, std::function<void(store::RoomInfo&)>>> changes{
      {"names the room \"other\"", [](auto& entry) { entry.name = "other"; }},
      {"another record hash", [](auto& entry) { entry.record_hash.bytes[0] ^= 1; }},
      {"archived through 1, but record 1 is whole", [](auto& entry) { entry.archived_through = Seq{1}; }},
      {"bytes, its records have", [](auto& entry) { --entry.log_bytes; }}};
  for (const auto& [sentence, change] : changes) {
    auto evidence = stored_beside();
    change(*evidence.entry);
    EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr(sentence)));
  }
}

TEST_F(VerifiedLog, ArchivedRecordsMustBeThoseThatTheEntryNames) {
  auto records = random.room.records;
  for (std::size_t at = 0; at < 10; ++at) records[at] = log::archive_record(records[at]);
  auto evidence = stored_beside(records, random.room.hub.room_name());
  EXPECT_THAT(problems_of(records, evidence), IsEmpty());
  evidence.entry->archived_through = Seq{9};
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("through 9, but record 10 was archived")));
  evidence.entry->archived_through = Seq{11};
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("through 11, but record 11 is whole")));
  for (auto& record : records) record = log::archive_record(record);
  evidence = stored_beside(records, random.room.hub.room_name());
  evidence.entry->archived_through = Seq{records.size() + 1};
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("but the log ends at record")));
}

TEST_F(VerifiedLog, AHubThatWentOnMeanwhileIsClean) {
  auto evidence = stored_beside();
  random.run(20);
  auto records = random.room.records;
  for (std::size_t at = 0; at < 10; ++at) records[at] = log::archive_record(records[at]);
  const auto entry_now = stored_beside(records, random.room.hub.room_name()).entry;
  LogVerifier verifier(std::move(evidence));
  for (const auto& record : records) verifier.add(stored(record));
  verifier.finish(entry_now);
  EXPECT_THAT(verifier.problems(), IsEmpty());
}

TEST_F(VerifiedLog, MarksThatKnowMoreThanTheLogShowThatItsEndWasCutOff) {
  const auto marks = stored_beside().marks;
  auto records = random.room.records;
  records.pop_back();
  auto evidence = stored_beside(records, "");
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("names the room")));
  evidence.entry.reset();
  evidence.marks = marks;
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("the log's end was cut off")));
}

TEST_F(VerifiedLog, AMarkThatIsNotItsAuthorsLastPacketShows) {
  auto evidence = stored_beside();
  auto& mark = evidence.marks->back();
  mark.header_hash.bytes[0] ^= 1;
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("not in the log")));
  const auto first = log::decode_record(random.room.records.front());
  for (auto& candidate : *evidence.marks)
    if (candidate.author == first->packet.header.author) candidate = {candidate.author, Nonce{1}, first->header_hash};
  mark.header_hash.bytes[0] ^= 1;
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("is nonce 1, expected nonce")));
  evidence.marks->clear();
  EXPECT_THAT(problems_of(random.room.records, evidence), Contains(HasSubstr("is missing, expected nonce")));
}

TEST_F(VerifiedLog, ACutOffTailShows) {
  auto records = random.room.records;
  records.resize(records.size() - 3);
  EXPECT_THAT(problems_of(records, {}), IsEmpty()) << "nothing but a statement of the hub can tell";
  EXPECT_THAT(problems_of(records, signed_by_hub({checkpoint()})), ElementsAre(HasSubstr("cut off")));
  LogEvidence evidence;
  evidence.snapshot = snapshot();
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("cut off")));
}

TEST_F(VerifiedLog, AProofOfEquivocationIsCounted) {
  LogEvidence evidence;
  evidence.equivocations = {proof()};
  LogVerifier verifier(evidence);
  for (const auto& record : random.room.records) verifier.add(stored(record));
  verifier.finish();
  EXPECT_THAT(verifier.problems(), IsEmpty());
  EXPECT_EQ(verifier.equivocations(), 1U);
}

TEST_F(VerifiedLog, AProofThatProvesNothingShows) {
  LogEvidence evidence;
  evidence.equivocations = {proof()};
  evidence.equivocations.front().second.back() ^= 1;
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("proof")));
  evidence.equivocations = {{TestAuthor(9).id(), proof().second}};
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("proof")));
}

TEST_F(VerifiedLog, AProofAboutAPacketThatIsNotInTheLogShows) {
  LogEvidence evidence;
  evidence.equivocations = {proof()};
  auto records = random.room.records;
  records.pop_back();
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("neither is in the log")));
}

TEST_F(VerifiedLog, BehindAnArchivedFirstRecordSomebodyMustNameTheHub) {
  auto records = random.room.records;
  for (auto& record : records) record = log::archive_record(record);
  LogEvidence evidence;
  evidence.snapshot = snapshot();
  EXPECT_THAT(problems_of(records, evidence), ElementsAre(HasSubstr("--fingerprint")));
  evidence.hub = TestAuthor::make_key(200).public_key<HubKey>();
  EXPECT_THAT(problems_of(records, evidence), IsEmpty());
  evidence.hub_beside = std::exchange(evidence.hub, std::nullopt);
  EXPECT_THAT(problems_of(records, evidence), IsEmpty());
}

TEST_F(VerifiedLog, ASnapshotBridgesArchivedRecords) {
  LogEvidence evidence;
  evidence.hub = TestAuthor::make_key(200).public_key<HubKey>();
  evidence.snapshot = snapshot();
  auto records = random.room.records;
  for (auto& record : records) record = log::archive_record(record);
  random.run(20);
  records.insert(records.end(), random.room.records.begin() + static_cast<std::ptrdiff_t>(records.size()),
                 random.room.records.end());
  LogVerifier verifier(evidence);
  for (const auto& record : records) verifier.add(stored(record));
  verifier.finish();
  EXPECT_THAT(verifier.problems(), IsEmpty());
  EXPECT_EQ(verifier.state_hash(), random.room.hub.state_hash());
}

}  // namespace
}  // namespace theta::cli
