// Method: the simulated disk fails chosen operations or runs full under a RoomDatabase or an engine, and later works
// again. Whatever failed must have a cause and leave no trace; whatever follows must succeed.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "store/helpers.h"
#include "theta/store/room_database.h"
#include "theta/store/sim_disk.h"

namespace theta::store {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::HasSubstr;

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() {
    InlineEngine::Options options;
    options.database_path = "data/theta.db";
    options.database.vfs = disk_.vfs_name();
    options.database.exclusive_locking = true;
    options.database.strip_payload = strip_test_payload;
    options.files = disk_.file_system("data");
    auto engine = InlineEngine::open(std::move(options));
    EXPECT_TRUE(engine) << message_of(engine);
    engine_ = std::move(*engine);
  }
  StoreResult<Answer> call(Request request) { return Driver(*engine_).call(std::move(request)); }

  SimDisk disk_;
  std::unique_ptr<InlineEngine> engine_;
};

TEST_F(FaultTest, AFullDiskRefusesAppendsUntilSpaceReturns) {
  ASSERT_TRUE(call(create_room(1)));
  disk_.set_capacity(disk_.used_bytes() + 20'000);
  std::uint64_t head = 1;
  StoreResult<Answer> result = Answer{Done{}};
  while ((result = call(append(1, head, 1, 3000)))) ++head;
  EXPECT_EQ(code_of(result), code(StoreError::no_space));
  EXPECT_THAT(message_of(result), HasSubstr("full"));
  EXPECT_EQ(code_of(call(append(1, head, 1, 3000))), code(StoreError::no_space));
  EXPECT_EQ(all_records(*engine_, 1).size(), head) << "reads go on while the disk is full";
  disk_.set_capacity(~std::uint64_t{0});
  EXPECT_TRUE(call(append(1, head, 1, 3000)));
  EXPECT_EQ(all_records(*engine_, 1).size(), head + 1);
}

TEST_F(FaultTest, ALargeAppendThatDoesNotFitTakesNoSmallOneOfItsBatchWithIt) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(create_room(2)));
  disk_.set_capacity(disk_.used_bytes() + 100'000);
  const auto large = engine_->submit(append(1, 1, 10, 60'000));
  const auto small = engine_->submit(append(2, 1));
  Driver driver(*engine_);
  EXPECT_EQ(code_of(driver.wait(large)), code(StoreError::no_space));
  EXPECT_EQ(code_of(driver.wait(small)), kSucceeded);
  EXPECT_EQ(all_records(*engine_, 1).size(), 1U);
  EXPECT_EQ(all_records(*engine_, 2).size(), 2U);
}

TEST_F(FaultTest, EverySingleFaultyOperationIsReportedAndSurvived) {
  ASSERT_TRUE(call(create_room(1)));
  std::uint64_t head = 1;
  for (const auto fault : {DiskFault::io, DiskFault::no_space}) {
    for (int faulty = 1; faulty <= 60; ++faulty) {
      SCOPED_TRACE("operation " + std::to_string(faulty));
      int operation = 0;
      disk_.set_fault_hook([&](DiskOperation kind, const std::string&) {
        return kind != DiskOperation::read && ++operation == faulty ? fault : DiskFault::none;
      });
      for (int turn = 0; turn < 3; ++turn) {
        const auto ticket = engine_->submit(append(1, head, 2, 9000));
        const auto result = Driver(*engine_).wait(ticket);
        if (result)
          head += 2;
        else
          ASSERT_THAT(code_of(result), AnyOf(Eq(code(StoreError::io)), Eq(code(StoreError::no_space))))
              << message_of(result);
      }
      disk_.set_fault_hook(nullptr);
      ASSERT_TRUE(call(append(1, head, 1)));
      ++head;
      ASSERT_EQ(all_records(*engine_, 1).size(), head);
    }
  }
}

TEST_F(FaultTest, AFaultWhileASnapshotIsWrittenLeavesTheOldOne) {
  ASSERT_TRUE(call(create_room(1)));
  ASSERT_TRUE(call(append(1, 1, 3)));
  ASSERT_TRUE(call(snapshot(1, 2, 1000)));
  disk_.set_capacity(disk_.used_bytes() + 3'000'000);
  EXPECT_EQ(code_of(call(snapshot(1, 4, 20'000'000))), code(StoreError::no_space));
  const auto newest = call(ReadSnapshot{room_id(1)});
  ASSERT_TRUE(newest);
  EXPECT_EQ(std::get<StoredSnapshot>(*newest).seq, Seq{2});
  disk_.set_capacity(~std::uint64_t{0});
  ASSERT_TRUE(call(snapshot(1, 4, 2'000'000)));
  EXPECT_EQ(std::get<StoredSnapshot>(*call(ReadSnapshot{room_id(1)})).seq, Seq{4});
}

TEST_F(FaultTest, AnUploadSurvivesAFullDiskAndGoesOnWhereItWas) {
  ASSERT_TRUE(call(create_room(1)));
  std::mt19937_64 random(3);
  const auto asset = random_bytes(random, 100'000);
  ASSERT_TRUE(call(chunk(1, asset, 0, 40'000)));
  disk_.set_capacity(disk_.used_bytes() + 10'000);
  EXPECT_EQ(code_of(call(chunk(1, asset, 40'000, 60'000))), code(StoreError::no_space));
  disk_.set_capacity(~std::uint64_t{0});
  const auto status = call(AssetStatus{room_id(1), asset_id_of(asset)});
  EXPECT_EQ(std::get<AssetState>(*status).received_bytes, 40'000U);
  ASSERT_TRUE(call(chunk(1, asset, 40'000, 60'000)));
  EXPECT_EQ(std::get<AssetState>(*call(AssetStatus{room_id(1), asset_id_of(asset)})).received_bytes, 100'000U);
}

TEST_F(FaultTest, AssetsThatWereAcknowledgedSurvivePowerLossAtEveryOperation) {
  std::mt19937_64 random(11);
  const auto asset = random_bytes(random, 30'000);
  bool was_cut = true;
  for (std::uint64_t cut = 1; was_cut; ++cut) {
    SCOPED_TRACE("operation " + std::to_string(cut));
    SimDisk disk;
    const auto open = [&] {
      InlineEngine::Options options;
      options.database_path = "data/theta.db";
      options.database.vfs = disk.vfs_name();
      options.database.exclusive_locking = true;
      options.files = disk.file_system("data");
      return InlineEngine::open(std::move(options));
    };
    auto engine = open();
    ASSERT_TRUE(Driver(**engine).call(create_room(1)));
    disk.cut_power_at(cut);
    Driver(**engine).call(chunk(1, asset, 0, 20'000)).has_value();
    const bool acknowledged = Driver(**engine).call(chunk(1, asset, 20'000, 10'000)).has_value();
    was_cut = !disk.has_power();
    disk.lose_power([&] { return random(); });
    engine = open();
    ASSERT_TRUE(engine) << message_of(engine);
    Driver driver(**engine);
    if (!acknowledged) {
      // What is there may be a torn file; then the hash at the end says so and the upload starts over.
      for (int attempt = 0; attempt < 2; ++attempt) {
        const auto state = std::get<AssetState>(*driver.call(AssetStatus{room_id(1), asset_id_of(asset)}));
        if (state.received_bytes == asset.size()) break;
        const auto done = driver.call(chunk(1, asset, state.received_bytes, asset.size() - state.received_bytes));
        ASSERT_TRUE(done || attempt == 0) << message_of(done);
      }
    }
    const auto read = driver.call(ReadAssetChunk{room_id(1), asset_id_of(asset), 0});
    ASSERT_TRUE(read) << message_of(read);
    EXPECT_TRUE(std::ranges::equal(std::get<AssetChunk>(*read).bytes.view(), asset));
  }
}

/// The real file system: a limit on file sizes stands for a full disk, as it needs no rights and ends with the process.
TEST(RealFullDiskTest, AnAppendOverTheFileSizeLimitIsNoSpaceAndTheNextSucceeds) {
  TemporaryFolder folder;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    auto engine = open_inline(folder.path());
    const auto call = [&](Request request) { return Driver(*engine).call(std::move(request)); };
    if (!engine || !call(create_room(1))) ::_exit(1);
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const auto unlimited = limit.rlim_cur;
    limit.rlim_cur = 300'000;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::uint64_t head = 1;
    StoreResult<Answer> result = Answer{Done{}};
    while ((result = call(append(1, head, 1, 20'000)))) ++head;
    if (result.error().code != StoreError::no_space) ::_exit(2);
    limit.rlim_cur = unlimited;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    if (!call(append(1, head, 1, 20'000))) ::_exit(3);
    ::_exit(all_records(*engine, 1).size() == head + 1 ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace theta::store
