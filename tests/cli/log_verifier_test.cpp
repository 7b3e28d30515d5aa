#include "log_verifier.h"

#include <gmock/gmock.h>

#include "replica/random_room.h"
#include "theta/crypto/hash.h"

namespace theta::cli {
namespace {

using replica::testing::RandomRoom;
using replica::testing::TestAuthor;
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
  static std::vector<std::string> problems_of(const std::vector<Bytes>& records, LogEvidence evidence) {
    LogVerifier verifier(std::move(evidence));
    for (const auto& record : records) verifier.add(record);
    verifier.finish();
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
  for (const auto& record : random.room.records) verifier.add(record);
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
  EXPECT_THAT(problems_of(random.room.records, evidence), ElementsAre(HasSubstr("the room's hub is")));
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
  for (const auto& record : random.room.records) verifier.add(record);
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
  for (const auto& record : records) verifier.add(record);
  verifier.finish();
  EXPECT_THAT(verifier.problems(), IsEmpty());
  EXPECT_EQ(verifier.state_hash(), random.room.hub.state_hash());
}

}  // namespace
}  // namespace theta::cli
