// Versions, damage and readers of the database file.

#include <sqlite3.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "store/helpers.h"
#include "theta/store/data_folder_reader.h"
#include "theta/store/room_database.h"
#include "theta/store/sim_disk.h"

namespace theta::store {
namespace {

using ::testing::HasSubstr;

void run_sql_on(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  char* message = nullptr;
  ASSERT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message;
  sqlite3_close(database);
}

/// Makes a folder's database what version 1 would have written: without the list of assets.
constexpr const char* kBackToVersion1 =
    "DROP TABLE room_assets;"
    "ALTER TABLE rooms DROP COLUMN asset_bytes;"
    "ALTER TABLE rooms DROP COLUMN asset_count;"
    "UPDATE schema_version SET version = 1;";

TEST(DatabaseVersionTest, AnOlderVersionIsBroughtUpToDateWithItsRecords) {
  TemporaryFolder folder;
  {
    auto engine = open_inline(folder.path());
    ASSERT_TRUE(Driver(*engine).call(create_room(1)));
    ASSERT_TRUE(Driver(*engine).call(append(1, 1, 9)));
  }
  run_sql_on(folder.file("theta.db"), kBackToVersion1);
  const auto reader = DataFolderReader::open(folder.path());
  EXPECT_EQ(code_of(reader), code(StoreError::invalid));
  EXPECT_THAT(message_of(reader), HasSubstr("older Theta"));

  auto engine = open_inline(folder.path());
  ASSERT_NE(engine, nullptr);
  EXPECT_EQ(all_records(*engine, 1).size(), 10U);
  ASSERT_TRUE(Driver(*engine).call(append(1, 10)));
  const auto asset = bytes_of("an asset");
  EXPECT_TRUE(Driver(*engine).call(chunk(1, asset, 0, asset.size())));
}

TEST(DatabaseVersionTest, ANewerVersionIsRefusedWithASentence) {
  TemporaryFolder folder;
  ASSERT_NE(open_inline(folder.path()), nullptr);
  run_sql_on(folder.file("theta.db"), "UPDATE schema_version SET version = 99");
  const auto opened = RoomDatabase::open(folder.file("theta.db"), {});
  EXPECT_EQ(code_of(opened), code(StoreError::invalid));
  EXPECT_THAT(message_of(opened), HasSubstr("newer Theta (database version 99"));
  EXPECT_EQ(code_of(DataFolderReader::open(folder.path())), code(StoreError::invalid));
}

TEST(DatabaseVersionTest, AnotherProgramsDatabaseIsRefused) {
  TemporaryFolder folder;
  run_sql_on(folder.file("theta.db"), "CREATE TABLE recipes (cake TEXT)");
  const auto opened = RoomDatabase::open(folder.file("theta.db"), {});
  EXPECT_EQ(code_of(opened), code(StoreError::invalid));
  EXPECT_THAT(message_of(opened), HasSubstr("not one of Theta's"));
}

TEST(DatabaseDamageTest, AFileThatIsNoDatabaseIsCorrupt) {
  TemporaryFolder folder;
  std::ofstream(folder.file("theta.db")) << std::string(10'000, 'x');
  EXPECT_EQ(code_of(RoomDatabase::open(folder.file("theta.db"), {})), code(StoreError::corrupt));
}

TEST(DatabaseDamageTest, AMissingFolderIsAnErrorAndNotACrash) {
  TemporaryFolder folder;
  EXPECT_EQ(code_of(RoomDatabase::open(folder.file("absent/theta.db"), {})), code(StoreError::io));
  EXPECT_EQ(code_of(DataFolderReader::open(folder.file("absent"))), code(StoreError::not_found));
}

class DamageTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kHead = 41;

  DamageTest() {
    auto database = open();
    RoomDatabase::SnapshotProgress progress;
    const Request create = create_room(1);
    const Request records = append(1, 1, kHead - 1, 700);
    const Request checkpoint = WriteCheckpoint{room_id(1), {Seq{5}, SharedBytes(bytes_of("signed"))}};
    const Request proof = WriteEquivocation{room_id(1), author_key(1), SharedBytes(bytes_of("two bodies"))};
    for (const auto* request : {&create, &records, &checkpoint, &proof})
      EXPECT_TRUE(database->write({&request, 1}).front());
    EXPECT_TRUE(database->write_snapshot_step(snapshot(1, 5, 20'000), progress));
  }

  StoreResult<RoomDatabase> open() {
    DatabaseOptions options;
    options.vfs = disk_.vfs_name();
    options.exclusive_locking = true;
    return RoomDatabase::open("theta.db", options);
  }

  /// Everything that can be read either is what was written or fails; false when something failed.
  static bool reads_true_or_fails(RoomDatabase& database) {
    bool all_read = true;
    const auto read = [&](Request request) {
      auto answer = database.read(request);
      if (!answer) all_read = false;
      return answer;
    };
    if (const auto answer = read(ReadRecords{room_id(1), Seq{1}})) {
      const auto& range = std::get<RecordRange>(*answer);
      EXPECT_EQ(range.head, Seq{kHead});
      EXPECT_EQ(range.records.size(), kHead);
      for (const auto& record : range.records) {
        const auto seq = record.seq.value();
        EXPECT_TRUE(record == make_record(seq, 1, seq, seq == 1 ? 100 : 700)) << seq;
      }
    }
    if (const auto answer = read(ReadSnapshot{room_id(1)})) {
      EXPECT_TRUE(std::ranges::equal(std::get<StoredSnapshot>(*answer).bytes.view(), Bytes(20'000, 7)));
    }
    if (const auto answer = read(ListRooms{})) {
      const auto& rooms = std::get<RoomList>(*answer).rooms;
      if (rooms.empty())
        all_read = false;
      else
        EXPECT_EQ(rooms[0].name, "room 1");
    }
    read(ReadMarks{room_id(1)});
    read(ReadCheckpoints{room_id(1), Seq{0}});
    read(ReadEquivocations{room_id(1)});
    return all_read;
  }

  SimDisk disk_;
};

TEST_F(DamageTest, AFlippedByteIsNeverReadAsData) {
  std::mt19937_64 random(5);
  std::uint64_t size = 0;
  for (const auto& file : disk_.files())
    if (file.path == "theta.db") size = file.size_bytes;
  ASSERT_GT(size, 50'000U);
  int noticed = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    const std::uint64_t offset = random() % size;
    const auto mask = static_cast<std::uint8_t>(1 + random() % 255);
    SCOPED_TRACE("offset " + std::to_string(offset) + " mask " + std::to_string(mask));
    ASSERT_TRUE(disk_.damage("theta.db", offset, mask));
    {
      auto database = open();
      if (!database || !reads_true_or_fails(*database)) ++noticed;
    }
    ASSERT_TRUE(disk_.damage("theta.db", offset, mask));
    if (HasFailure()) return;
  }
  EXPECT_GT(noticed, 500);
  auto database = open();
  ASSERT_TRUE(database);
  EXPECT_TRUE(reads_true_or_fails(*database)) << "the damage was taken back, so all is well again";
}

TEST(DatabaseDamageTest, ADamagedRecordIsNamedAndOtherRoomsGoOn) {
  TemporaryFolder folder;
  {
    auto engine = open_inline(folder.path());
    Driver driver(*engine);
    for (const std::uint8_t room : {1, 2}) ASSERT_TRUE(driver.call(create_room(room)));
    ASSERT_TRUE(driver.call(append(1, 1, 40, 700)));
  }
  std::fstream file(folder.file("theta.db"), std::ios::in | std::ios::out | std::ios::binary);
  const std::string image((std::istreambuf_iterator<char>(file)), {});
  const auto record = make_record(20, 1, 20, 700);
  const auto payload = record.bytes.view().subspan(kTestHeaderBytes, 32);
  const auto at = image.find(std::string(payload.begin(), payload.end()));
  ASSERT_NE(at, std::string::npos);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(static_cast<char>(image[at] ^ 1));
  file.close();

  auto engine = open_inline(folder.path());
  Driver driver(*engine);
  const auto read = driver.call(ReadRecords{room_id(1), Seq{1}});
  EXPECT_EQ(code_of(read), code(StoreError::corrupt));
  EXPECT_THAT(message_of(read), HasSubstr("record 20 is not what was written"));
  EXPECT_TRUE(driver.call(ReadRecords{room_id(1), Seq{21}}));
  EXPECT_TRUE(driver.call(append(2, 1)));
  auto reader = DataFolderReader::open(folder.path());
  ASSERT_TRUE(reader);
  const auto findings = reader->verify();
  ASSERT_TRUE(findings);
  ASSERT_EQ(findings->size(), 1U);
  EXPECT_THAT(findings->front(), HasSubstr("room 1: record 20"));
}

TEST(DataFolderReaderTest, ItSeesWhatALiveHubHasCommittedAndKeepsNothingFromIt) {
  TemporaryFolder folder;
  auto engine = open_sqlite(folder.path());
  Driver driver(*engine);
  ASSERT_TRUE(driver.call(create_room(1)));
  auto reader = DataFolderReader::open(folder.path());
  ASSERT_TRUE(reader) << message_of(reader);
  for (std::uint64_t head = 1; head < 50; ++head) {
    ASSERT_TRUE(driver.call(append(1, head, 1, 5000)));
    const auto read = reader->read(ReadRecords{room_id(1), Seq{1}});
    ASSERT_TRUE(read) << message_of(read);
    ASSERT_EQ(std::get<RecordRange>(*read).records.size(), head + 1);
  }
  const auto asset = bytes_of("bytes of an asset");
  ASSERT_TRUE(driver.call(chunk(1, asset, 0, asset.size())));
  const auto read = reader->read(ReadAssetChunk{room_id(1), asset_id_of(asset)});
  ASSERT_TRUE(read) << message_of(read);
  EXPECT_TRUE(std::ranges::equal(std::get<AssetChunk>(*read).bytes.view(), asset));
  EXPECT_EQ(code_of(reader->read(append(1, 50))), code(StoreError::invalid));
  const auto findings = reader->verify();
  ASSERT_TRUE(findings);
  EXPECT_THAT(*findings, ::testing::IsEmpty());
}

TEST(DataFolderReaderTest, ItReadsAFolderThatNobodyHasOpenAndLeavesNoFileBehind) {
  TemporaryFolder folder;
  {
    auto engine = open_sqlite(folder.path());
    ASSERT_TRUE(Driver(*engine).call(create_room(1)));
  }
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      found.push_back(entry.path().filename());
    std::ranges::sort(found);
    return found;
  };
  const auto before = names();
  {
    auto reader = DataFolderReader::open(folder.path());
    ASSERT_TRUE(reader) << message_of(reader);
    EXPECT_EQ(std::get<RoomList>(*reader->read(ListRooms{})).rooms.size(), 1U);
  }
  EXPECT_EQ(names(), before);
}

}  // namespace
}  // namespace theta::store
