// Method: a child process appends on real files and writes each acknowledged head into a pipe; the parent kills it
// with SIGKILL after a random number of acknowledgements, with more appends on their way, and opens the folder. The
// pipe holds what the child was told, whenever it died. Several lives on one folder.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "store/helpers.h"

namespace theta::store {
namespace {

constexpr std::uint64_t kAppendsInFlight = 8;

[[noreturn]] void append_until_killed(const std::string& folder, int acknowledged) {
  auto engine = open_sqlite(folder);
  if (!engine) ::_exit(1);
  Driver driver(*engine);
  const auto made = driver.call(create_room(1));
  if (!made && made.error().code != StoreError::conflict) ::_exit(2);
  std::uint64_t head = all_records(*engine, 1).size();
  std::vector<std::pair<Ticket, std::uint64_t>> sent;
  for (;;) {
    while (sent.size() < kAppendsInFlight) {
      const std::uint64_t count = 1 + head % 3;
      sent.emplace_back(engine->submit(append(1, head, count, head % 2000)), head + count);
      head += count;
    }
    if (!driver.wait(sent.front().first)) ::_exit(3);
    if (::write(acknowledged, &sent.front().second, sizeof sent.front().second) < 0) ::_exit(4);
    sent.erase(sent.begin());
  }
}

TEST(KillTest, EveryAcknowledgedAppendIsThereAfterKillAtRandomMoments) {
  TemporaryFolder folder;
  std::mt19937_64 random(20);
  std::uint64_t acknowledged_head = 0;
  for (int life = 0; life < 12; ++life) {
    int ends[2];
    ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) append_until_killed(folder.path(), ends[1]);
    ::close(ends[1]);
    const std::uint64_t kill_after = 1 + random() % 200;
    std::uint64_t head = 0;
    std::uint64_t count = 0;
    while (::read(ends[0], &head, sizeof head) == static_cast<ssize_t>(sizeof head)) {
      acknowledged_head = head;
      if (++count == kill_after) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);

    auto engine = open_sqlite(folder.path());
    ASSERT_NE(engine, nullptr);
    const auto records = all_records(*engine, 1);
    ASSERT_GE(records.size(), acknowledged_head) << "life " << life;
    for (const auto& record : records) {
      const auto seq = record.seq.value();
      ASSERT_EQ(record.header_hash, make_record(seq, 1, seq, record.bytes.size() - kTestHeaderBytes).header_hash);
    }
  }
}

TEST(ShutdownTest, ClosingFinishesWhatIsQueued) {
  TemporaryFolder folder;
  {
    auto engine = open_sqlite(folder.path());
    engine->submit(create_room(1));
    for (std::uint64_t head = 1; head <= 500; ++head) engine->submit(append(1, head));
    engine->submit(snapshot(1, 1, 5'000'000));
  }
  auto engine = open_sqlite(folder.path());
  EXPECT_EQ(all_records(*engine, 1).size(), 501U);
}

TEST(SqliteEngineTest, ASecondProcessOnTheFolderIsRefusedWithASentence) {
  TemporaryFolder folder;
  const auto engine = open_sqlite(folder.path());
  SqliteEngine::Options options;
  options.data_folder = folder.path();
  const auto second = SqliteEngine::open(std::move(options));
  EXPECT_EQ(code_of(second), code(StoreError::busy));
  EXPECT_THAT(message_of(second), ::testing::HasSubstr("another process"));
}

TEST(SqliteEngineTest, ALockThatTheCallerHasIsTakenOver) {
  TemporaryFolder folder;
  auto lock = FolderLock::acquire(folder.path());
  ASSERT_TRUE(lock) << message_of(lock);
  EXPECT_EQ(code_of(FolderLock::acquire(folder.path())), code(StoreError::busy));
  SqliteEngine::Options options;
  options.data_folder = folder.path();
  options.lock = std::move(*lock);
  auto engine = SqliteEngine::open(std::move(options));
  ASSERT_TRUE(engine) << message_of(engine);
  EXPECT_EQ(code_of(FolderLock::acquire(folder.path())), code(StoreError::busy)) << "the engine holds it now";
  engine->reset();
  EXPECT_TRUE(FolderLock::acquire(folder.path()));
}

TEST(SqliteEngineTest, AFullQueueRefusesAtOnceAndRecovers) {
  TemporaryFolder folder;
  SqliteEngine::Options options;
  options.data_folder = folder.path();
  options.queue_requests_max = 4;
  auto engine = std::move(*SqliteEngine::open(std::move(options)));
  for (int request = 0; request < 6; ++request) engine->submit(ReadMarks{room_id(1)});
  EXPECT_EQ(engine->pending(), 6U);
  int refused = 0;
  for (const auto& completion : Driver(*engine).drain())
    if (code_of(completion.result) == code(StoreError::busy)) ++refused;
  EXPECT_EQ(refused, 2);
  EXPECT_TRUE(Driver(*engine).call(ListRooms{}));
}

}  // namespace
}  // namespace theta::store
