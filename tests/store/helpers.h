#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "theta/store/inline_engine.h"
#include "theta/store/limits.h"
#include "theta/store/log_engine.h"
#include "theta/store/sqlite_engine.h"

namespace theta::store {

/// A folder below the system's one for temporary files, gone with everything in it at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

[[nodiscard]] RoomId room_id(std::uint8_t number);
[[nodiscard]] AuthorKey author_key(std::uint8_t number);
[[nodiscard]] Bytes bytes_of(std::string_view text);
[[nodiscard]] Bytes random_bytes(std::mt19937_64& random, std::size_t size);
[[nodiscard]] AssetId asset_id_of(ByteView bytes);

/// Sixteen bytes of header, which are what `strip_test_payload` keeps, and a payload that depends on seq and size only.
inline constexpr std::size_t kTestHeaderBytes = 16;
[[nodiscard]] StoredRecord make_record(std::uint64_t seq, std::uint8_t author, std::uint64_t nonce,
                                       std::size_t payload_size = 100);
[[nodiscard]] Bytes strip_test_payload(ByteView record);
[[nodiscard]] bool operator==(const StoredRecord& a, const StoredRecord& b);

[[nodiscard]] CreateRoom create_room(std::uint8_t number);
/// `count` records after `head`, by one author whose nonces equal the seqs.
[[nodiscard]] Append append(std::uint8_t room, std::uint64_t head, std::uint64_t count = 1,
                            std::size_t payload_size = 100);
[[nodiscard]] WriteSnapshot snapshot(std::uint8_t room, std::uint64_t seq, std::size_t size, std::uint8_t fill = 7);
[[nodiscard]] WriteAssetChunk chunk(std::uint8_t room, const Bytes& asset, std::uint64_t offset, std::size_t size,
                                    std::uint64_t quota = std::uint64_t{1} << 40);

/// Waits for the completion of `ticket`, keeping others for later calls.
class Driver {
 public:
  explicit Driver(LogEngine& engine) : engine_(engine) {}
  [[nodiscard]] StoreResult<Answer> wait(Ticket ticket);
  [[nodiscard]] StoreResult<Answer> call(Request request) { return wait(engine_.submit(std::move(request))); }
  /// Every completion until none is pending, in the order in which they came.
  [[nodiscard]] std::vector<Completion> drain();

 private:
  void poll();
  LogEngine& engine_;
  std::vector<Completion> waiting_;
};

[[nodiscard]] std::unique_ptr<SqliteEngine> open_sqlite(const std::string& folder,
                                                        std::size_t requests_max = limits::kQueueRequestsMax,
                                                        std::size_t bytes_max = limits::kQueueBytesMax);
[[nodiscard]] std::unique_ptr<InlineEngine> open_inline(const std::string& folder,
                                                        std::size_t requests_max = limits::kQueueRequestsMax,
                                                        std::size_t bytes_max = limits::kQueueBytesMax);
/// All records of a room, through as many requests as it takes.
[[nodiscard]] std::vector<StoredRecord> all_records(LogEngine& engine, std::uint8_t room);

/// The code of a failure, as a matcher's value; `kSucceeded` when there is none.
inline constexpr int kSucceeded = -1;
template <class T>
[[nodiscard]] int code_of(const StoreResult<T>& result) {
  return result ? kSucceeded : static_cast<int>(result.error().code);
}
[[nodiscard]] constexpr int code(StoreError error) { return static_cast<int>(error); }
template <class T>
[[nodiscard]] std::string message_of(const StoreResult<T>& result) {
  return result ? std::string("succeeded") : result.error().message;
}

}  // namespace theta::store
