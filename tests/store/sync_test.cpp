// Method: the engine's files are a double whose syncs wait until the test lets them go. What must not wait for them is
// completed meanwhile; what must, is not. No clock is involved: an engine that lets the log wait stops for good, and
// the driver's guard against hanging ends the test.

#include <condition_variable>
#include <functional>
#include <mutex>

#include "store/helpers.h"

namespace theta::store {
namespace {

/// Shared by a test and the double inside the engine.
class Gate {
 public:
  void close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  /// Waits while the gate is closed.
  void pass() {
    std::unique_lock lock(mutex_);
    if (is_open_) return;
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return is_open_; });
    --waiting_;
  }
  /// Until somebody waits at the gate.
  void wait_for_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_open_ = true;
  int waiting_ = 0;
};

class GatedFiles final : public FileSystem {
 public:
  GatedFiles(const std::string& root, Gate& gate) : files_(make_real_file_system(root)), gate_(gate) {}
  StoreResult<std::uint64_t> size(const std::string& path) override { return files_->size(path); }
  StoreResult<Bytes> read(const std::string& path, std::uint64_t offset, std::size_t size_bytes) override {
    return files_->read(path, offset, size_bytes);
  }
  StoreResult<void> write(const std::string& path, std::uint64_t offset, ByteView bytes) override {
    return files_->write(path, offset, bytes);
  }
  StoreResult<void> truncate(const std::string& path, std::uint64_t size_bytes) override {
    return files_->truncate(path, size_bytes);
  }
  StoreResult<void> sync(const std::string& path) override {
    gate_.pass();
    return files_->sync(path);
  }
  StoreResult<void> rename(const std::string& from, const std::string& to) override { return files_->rename(from, to); }
  StoreResult<void> remove(const std::string& path) override { return files_->remove(path); }
  StoreResult<void> make_directory(const std::string& path) override { return files_->make_directory(path); }
  StoreResult<void> sync_directory(const std::string& path) override { return files_->sync_directory(path); }
  StoreResult<std::vector<Entry>> list(const std::string& path) override { return files_->list(path); }

 private:
  std::unique_ptr<FileSystem> files_;
  Gate& gate_;
};

struct GatedEngine {
  GatedEngine() {
    SqliteEngine::Options options;
    options.data_folder = folder.path();
    options.strip_payload = strip_test_payload;
    options.files = std::make_unique<GatedFiles>(folder.path(), gate);
    engine = std::move(*SqliteEngine::open(std::move(options)));
    driver = std::make_unique<Driver>(*engine);
  }
  ~GatedEngine() { gate.open(); }

  TemporaryFolder folder;
  Gate gate;
  std::unique_ptr<SqliteEngine> engine;
  std::unique_ptr<Driver> driver;
};

TEST(SqliteEngineSync, PacketsAreCommittedWhileAnAssetIsSynced) {
  GatedEngine gated;
  auto& driver = *gated.driver;
  ASSERT_TRUE(driver.call(create_room(1)));
  const auto asset = bytes_of("an asset");
  gated.gate.close();
  const auto upload = gated.engine->submit(chunk(1, asset, 0, asset.size()));
  gated.gate.wait_for_somebody();
  for (std::uint64_t head = 1; head <= 20; ++head) EXPECT_TRUE(driver.call(append(1, head)));
  EXPECT_TRUE(driver.call(snapshot(1, 5, 1'000'000)));
  EXPECT_TRUE(driver.call(ReadRecords{room_id(1), Seq{1}, 10, 1000}));
  // The asset's own answer waits, and so do other assets.
  const auto status = gated.engine->submit(AssetStatus{room_id(1), asset_id_of(asset)});
  EXPECT_EQ(gated.engine->pending(), 2U);
  gated.gate.open();
  const auto stored = driver.wait(upload);
  ASSERT_TRUE(stored);
  EXPECT_EQ(std::get<AssetState>(*stored).received_bytes, asset.size());
  EXPECT_EQ(std::get<AssetState>(*driver.wait(status)).received_bytes, asset.size());
  EXPECT_EQ(all_records(*gated.engine, 1).size(), 21U);
}

TEST(SqliteEngineSync, AnEngineThatIsClosedWhileItSyncsFinishesWhatIsQueued) {
  GatedEngine gated;
  ASSERT_TRUE(gated.driver->call(create_room(1)));
  const auto asset = bytes_of("an asset");
  gated.gate.close();
  gated.engine->submit(chunk(1, asset, 0, asset.size()));
  gated.gate.wait_for_somebody();
  gated.engine->submit(append(1, 1));
  gated.gate.open();
  gated.engine.reset();
  const auto again = open_sqlite(gated.folder.path());
  EXPECT_EQ(all_records(*again, 1).size(), 2U);
  Driver driver(*again);
  const auto state = driver.call(AssetStatus{room_id(1), asset_id_of(asset)});
  ASSERT_TRUE(state);
  EXPECT_EQ(std::get<AssetState>(*state).received_bytes, asset.size());
}

}  // namespace
}  // namespace theta::store
