// Method: an engine runs on the simulated disk while the test keeps a ledger of what was acknowledged. At a random
// operation the power goes, or the process ends, or nothing happens; then what was not synced is lost in part, a new
// engine opens the same disk, and the ledger is compared with what it reads. Faults (I/O errors, a full disk) are mixed
// in. A seed replays its run.

#include <algorithm>
#include <map>
#include <random>

#include "store/helpers.h"
#include "theta/store/sim_disk.h"

namespace theta::store {
namespace {

constexpr std::uint8_t kRooms = 3;

std::unique_ptr<InlineEngine> open_on(SimDisk& disk) {
  InlineEngine::Options options;
  options.database_path = "data/theta.db";
  options.database.vfs = disk.vfs_name();
  options.database.exclusive_locking = true;
  options.database.strip_payload = strip_test_payload;
  options.files = disk.file_system("data");
  auto engine = InlineEngine::open(std::move(options));
  return engine ? std::move(*engine) : nullptr;
}

using Unit = std::vector<StoredRecord>;

/// What one room must hold, and what it may hold besides: appends that failed or were not answered, each chain in the
/// order in which it was submitted.
struct Ledger {
  bool exists = false;
  bool may_exist = false;
  Unit acknowledged;
  std::vector<std::vector<Unit>> chains;
  std::uint64_t snapshot_seq = 0;

  /// How many units of some chain `found` holds after the acknowledged records; fails the test when it holds anything
  /// else, or half a unit.
  void settle(const Unit& found) {
    ASSERT_GE(found.size(), acknowledged.size()) << "an acknowledged record is lost";
    for (std::size_t at = 0; at < acknowledged.size(); ++at)
      ASSERT_TRUE(found[at] == acknowledged[at]) << "record " << at + 1 << " is not what was acknowledged";
    const auto explains = [&](const std::vector<Unit>& chain) {
      std::size_t at = acknowledged.size();
      for (const auto& unit : chain) {
        if (at == found.size()) return true;
        if (found.size() - at < unit.size()) return false;
        for (const auto& record : unit)
          if (!(found[at++] == record)) return false;
      }
      return at == found.size();
    };
    ASSERT_TRUE(found.size() == acknowledged.size() || std::any_of(chains.begin(), chains.end(), explains))
        << "the room has " << found.size() << " records, " << acknowledged.size()
        << " are acknowledged, and no unanswered append explains the rest";
    acknowledged = found;
    chains.clear();
  }
};

class Lives {
 public:
  explicit Lives(std::uint64_t seed) : random_(seed) {
    // A run in three has a failing disk besides the power cuts.
    if (seed % 3 == 0) {
      disk_.set_fault_hook([this](DiskOperation operation, const std::string&) {
        if (!faults_on_ || operation == DiskOperation::read || random_() % 40 != 0) return DiskFault::none;
        return random_() % 2 == 0 ? DiskFault::io : DiskFault::no_space;
      });
    }
  }

  void run(int count) {
    for (int life = 0; life < count && !::testing::Test::HasFatalFailure(); ++life) {
      faults_on_ = false;
      live();
    }
    faults_on_ = false;
    auto engine = open_on(disk_);
    ASSERT_NE(engine, nullptr);
    check(*engine);
  }

 private:
  void live() {
    // Also while it opens, migrates and recovers.
    if (random_() % 4 == 0) disk_.cut_power_at(1 + random_() % 30);
    auto engine = open_on(disk_);
    disk_.cut_power_at(0);
    if (disk_.has_power()) {
      ASSERT_NE(engine, nullptr);
      check(*engine);
      if (::testing::Test::HasFatalFailure()) return;
      if (random_() % 3 != 0) disk_.cut_power_at(1 + random_() % 150);
      faults_on_ = true;
      for (int turn = 0; turn < 12; ++turn) step(*engine);
    }
    if (random_() % 2 == 0) engine.reset();
    if (random_() % 4 == 0)
      disk_.end_process();
    else
      disk_.lose_power([this] { return random_(); });
  }

  /// One group commit of up to five requests.
  void step(InlineEngine& engine) {
    struct Sent {
      Ticket ticket;
      std::uint8_t room = 0;
      Unit unit;
    };
    std::vector<Sent> sent;
    std::map<std::uint8_t, std::uint64_t> heads;
    for (auto& [room, ledger] : ledgers_) heads[room] = ledger.acknowledged.size();
    std::map<std::uint8_t, std::vector<Unit>> chains;
    for (std::uint64_t count = 1 + random_() % 5; count > 0; --count) {
      const auto room = static_cast<std::uint8_t>(1 + random_() % kRooms);
      auto& head = heads[room];
      Request request =
          head == 0 ? Request{create_room(room)} : Request{append(room, head, 1 + random_() % 3, random_() % 5000)};
      Unit unit = head == 0 ? Unit{std::get<CreateRoom>(request).genesis} : std::get<Append>(request).records;
      if (head == 0) ledgers_[room].may_exist = true;
      head += unit.size();
      chains[room].push_back(unit);
      sent.push_back({engine.submit(std::move(request)), room, std::move(unit)});
    }
    const auto snapshot_room = static_cast<std::uint8_t>(1 + random_() % kRooms);
    const std::uint64_t snapshot_seq = ledgers_[snapshot_room].acknowledged.size();
    Ticket snapshot_ticket{};
    if (snapshot_seq > 0 && random_() % 4 == 0)
      snapshot_ticket = engine.submit(snapshot(snapshot_room, snapshot_seq, random_() % 600'000));

    std::map<std::uint64_t, bool> succeeded;
    std::vector<Completion> completions;
    engine.poll(completions);
    for (const auto& completion : completions) succeeded[completion.ticket.value()] = completion.result.has_value();
    bool any = false;
    for (auto& one : sent) {
      if (!succeeded[one.ticket.value()]) continue;
      any = true;
      auto& ledger = ledgers_[one.room];
      ledger.exists = true;
      ledger.acknowledged.insert(ledger.acknowledged.end(), one.unit.begin(), one.unit.end());
      chains[one.room].erase(chains[one.room].begin());
    }
    // A write that succeeds buries what failed before it, but not what failed after it in the same batch.
    if (any)
      for (auto& [room, ledger] : ledgers_) ledger.chains.clear();
    for (auto& [room, chain] : chains) ledgers_[room].chains.push_back(std::move(chain));
    if (snapshot_ticket.value() != 0 && succeeded[snapshot_ticket.value()])
      ledgers_[snapshot_room].snapshot_seq = std::max(ledgers_[snapshot_room].snapshot_seq, snapshot_seq);
  }

  void check(InlineEngine& engine) {
    Driver driver(engine);
    for (auto& [room, ledger] : ledgers_) {
      const auto first = driver.call(ReadRecords{room_id(room), Seq{1}, 1});
      if (!first) {
        ASSERT_EQ(code_of(first), code(StoreError::not_found)) << message_of(first);
        ASSERT_FALSE(ledger.exists) << "an acknowledged room is lost";
        ledger = {};
        continue;
      }
      ASSERT_TRUE(ledger.may_exist);
      ledger.exists = true;
      ledger.settle(all_records(engine, room));
      if (::testing::Test::HasFatalFailure()) return;
      const auto newest = driver.call(ReadSnapshot{room_id(room)});
      const std::uint64_t seq = newest ? std::get<StoredSnapshot>(*newest).seq.value() : 0;
      ASSERT_TRUE(newest || code_of(newest) == code(StoreError::not_found)) << message_of(newest);
      ASSERT_GE(seq, ledger.snapshot_seq) << "an acknowledged snapshot is lost";
      ledger.snapshot_seq = seq;
    }
  }

  std::mt19937_64 random_;
  SimDisk disk_;
  bool faults_on_ = false;
  std::map<std::uint8_t, Ledger> ledgers_;
};

TEST(PowerLossTest, EveryAcknowledgedAppendSurvivesAndNothingIsHalfThere) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Lives(seed).run(5);
    if (HasFatalFailure()) return;
  }
}

/// The test above must be able to fail: a disk that acknowledges syncs it has not done loses records.
TEST(PowerLossTest, ADiskThatLiesAboutSyncsIsFoundOut) {
  int losses = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::mt19937_64 random(seed);
    SimDisk disk;
    auto engine = open_on(disk);
    ASSERT_TRUE(Driver(*engine).call(create_room(1)));
    disk.set_fault_hook([](DiskOperation, const std::string&) { return DiskFault::lie; });
    ASSERT_TRUE(Driver(*engine).call(append(1, 1, 3)));
    disk.set_fault_hook(nullptr);
    disk.lose_power([&] { return random(); });
    engine = open_on(disk);
    ASSERT_NE(engine, nullptr);
    if (all_records(*engine, 1).size() < 4) ++losses;
  }
  EXPECT_GT(losses, 0);
}

TEST(PowerLossTest, TheSameSeedEndsInTheSameFiles) {
  const auto run = [] {
    std::mt19937_64 random(7);
    SimDisk disk;
    auto engine = open_on(disk);
    Driver driver(*engine);
    EXPECT_TRUE(driver.call(create_room(1)));
    disk.cut_power_at(10);
    std::uint64_t head = 1;
    while (driver.call(append(1, head))) ++head;
    disk.lose_power([&] { return random(); });
    engine = open_on(disk);
    return std::pair(all_records(*engine, 1).size(), disk.change_count());
  };
  EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace theta::store
