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
  static std::vector<std::string> problems_of(const std::vector<Bytes>& records,
                                              std::vector<log::Checkpoint> statements) {
    LogVerifier verifier(std::move(statements));
    for (const auto& record : records) verifier.add(record);
    return verifier.problems();
  }

  RandomRoom random{5};
};

TEST_F(VerifiedLog, AnHonestLogIsClean) {
  LogVerifier verifier({checkpoint()});
  for (const auto& record : random.room.records) verifier.add(record);
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
  EXPECT_THAT(problems_of(random.room.records, {lie}), ElementsAre(HasSubstr("another state")));
  EXPECT_THAT(problems_of(random.room.records, {other}).front(), HasSubstr("signature"));
}

TEST_F(VerifiedLog, ASnapshotBridgesArchivedRecords) {
  auto statement = checkpoint();
  const auto snapshot = random.room.hub.save_snapshot();
  statement.snapshot_hash = crypto::hash256(snapshot);
  statement = log::sign_checkpoint(statement, TestAuthor::make_key(200));
  auto records = random.room.records;
  for (auto& record : records) record = log::archive_record(record);
  random.run(20);
  records.insert(records.end(), random.room.records.begin() + static_cast<std::ptrdiff_t>(records.size()),
                 random.room.records.end());
  LogVerifier verifier({});
  verifier.add_snapshot(statement, snapshot);
  for (const auto& record : records) verifier.add(record);
  EXPECT_THAT(verifier.problems(), IsEmpty());
  EXPECT_EQ(verifier.state_hash(), random.room.hub.state_hash());
}

}  // namespace
}  // namespace theta::cli
