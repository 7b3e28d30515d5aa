#include "store/helpers.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "theta/base/check.h"
#include "theta/crypto/hash.h"

namespace theta::store {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "theta-store-XXXXXX").string();
  THETA_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RoomId room_id(std::uint8_t number) {
  RoomId room;
  room.bytes.fill(number);
  return room;
}

AuthorKey author_key(std::uint8_t number) {
  AuthorKey author;
  author.bytes.fill(static_cast<std::uint8_t>(number ^ 0x80));
  return author;
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

Bytes random_bytes(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

AssetId asset_id_of(ByteView bytes) { return AssetId::from(crypto::hash256(bytes).view()); }

StoredRecord make_record(std::uint64_t seq, std::uint8_t author, std::uint64_t nonce, std::size_t payload_size) {
  std::mt19937_64 random(seq * 1000003 + payload_size);
  const Bytes header_hash = random_bytes(random, Hash256::kSize);
  const Bytes record_hash = random_bytes(random, Hash256::kSize);
  return {Seq{seq},
          author_key(author),
          Nonce{nonce},
          Hash256::from(header_hash),
          Hash256::from(record_hash),
          SharedBytes(random_bytes(random, kTestHeaderBytes + payload_size))};
}

Bytes strip_test_payload(ByteView record) {
  const auto header = record.first(std::min(record.size(), kTestHeaderBytes));
  return {header.begin(), header.end()};
}

bool operator==(const StoredRecord& a, const StoredRecord& b) {
  return a.seq == b.seq && a.author == b.author && a.nonce == b.nonce && a.header_hash == b.header_hash &&
         a.record_hash == b.record_hash && std::ranges::equal(a.bytes.view(), b.bytes.view());
}

CreateRoom create_room(std::uint8_t number) {
  return {room_id(number), "room " + std::to_string(number), make_record(1, 1, 1)};
}

Append append(std::uint8_t room, std::uint64_t head, std::uint64_t count, std::size_t payload_size) {
  Append request{room_id(room), Seq{head}, {}};
  for (std::uint64_t seq = head + 1; seq <= head + count; ++seq)
    request.records.push_back(make_record(seq, 1, seq, payload_size));
  return request;
}

WriteSnapshot snapshot(std::uint8_t room, std::uint64_t seq, std::size_t size, std::uint8_t fill) {
  return {room_id(room), {Seq{seq}, SharedBytes(bytes_of("checkpoint")), SharedBytes(Bytes(size, fill))}};
}

WriteAssetChunk chunk(std::uint8_t room, const Bytes& asset, std::uint64_t offset, std::size_t size,
                      std::uint64_t quota) {
  const auto part = ByteView(asset).subspan(offset, size);
  return {room_id(room), asset_id_of(asset), asset.size(), offset, SharedBytes(Bytes(part.begin(), part.end())), quota};
}

void Driver::poll() {
  // Long enough for any disk; a test that gets here has hung.
  constexpr int kHungMs = 60'000;
  if (const auto* threaded = dynamic_cast<SqliteEngine*>(&engine_)) {
    pollfd event{threaded->event_fd(), POLLIN, 0};
    THETA_CHECK(::poll(&event, 1, kHungMs) == 1);
  }
  engine_.poll(waiting_);
}

StoreResult<Answer> Driver::wait(Ticket ticket) {
  for (;;) {
    const auto is_it = [&](const Completion& completion) { return completion.ticket == ticket; };
    const auto found = std::find_if(waiting_.begin(), waiting_.end(), is_it);
    if (found != waiting_.end()) {
      auto result = std::move(found->result);
      waiting_.erase(found);
      return result;
    }
    THETA_CHECK(engine_.pending() > 0);
    poll();
  }
}

std::vector<Completion> Driver::drain() {
  while (engine_.pending() > 0) poll();
  return std::exchange(waiting_, {});
}

std::unique_ptr<SqliteEngine> open_sqlite(const std::string& folder, std::size_t requests_max, std::size_t bytes_max) {
  SqliteEngine::Options options;
  options.data_folder = folder;
  options.strip_payload = strip_test_payload;
  options.queue_requests_max = requests_max;
  options.queue_bytes_max = bytes_max;
  auto engine = SqliteEngine::open(std::move(options));
  EXPECT_TRUE(engine) << message_of(engine);
  return engine ? std::move(*engine) : nullptr;
}

std::unique_ptr<InlineEngine> open_inline(const std::string& folder, std::size_t requests_max, std::size_t bytes_max) {
  InlineEngine::Options options;
  options.database_path = folder + "/theta.db";
  options.database.strip_payload = strip_test_payload;
  options.queue_requests_max = requests_max;
  options.queue_bytes_max = bytes_max;
  options.files = make_real_file_system(folder);
  auto engine = InlineEngine::open(std::move(options));
  EXPECT_TRUE(engine) << message_of(engine);
  return engine ? std::move(*engine) : nullptr;
}

std::vector<StoredRecord> all_records(LogEngine& engine, std::uint8_t room) {
  Driver driver(engine);
  std::vector<StoredRecord> records;
  for (;;) {
    const auto answer = driver.call(ReadRecords{room_id(room), Seq{records.size() + 1}});
    EXPECT_TRUE(answer) << message_of(answer);
    if (!answer) return records;
    const auto& range = std::get<RecordRange>(*answer);
    if (range.records.empty()) return records;
    records.insert(records.end(), range.records.begin(), range.records.end());
  }
}

}  // namespace theta::store
