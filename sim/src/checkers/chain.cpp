#include <cstring>
#include <map>

#include "checker.h"
#include "theta/crypto/hash.h"
#include "theta/crypto/keys.h"

namespace theta::sim {
namespace {

// Read from docs/format.md and written again here, so that a mistake in the log module's own code shows.
constexpr std::size_t kHubTimeAt = 8;
constexpr std::size_t kRecordHashAt = 16;
constexpr std::size_t kHeaderAt = 48;
constexpr std::size_t kHeaderBytes = 160;
constexpr std::size_t kSignatureAt = kHeaderAt + kHeaderBytes;
constexpr std::size_t kFlagsAt = kSignatureAt + 64;
constexpr std::size_t kPayloadAt = kFlagsAt + 1;

template <class Integer>
Integer read(ByteView bytes, std::size_t at) {
  Integer value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

/// The log as it stands on the disk proves itself, from the first record on, to somebody who has nothing but the
/// format: every signature, every author's chain without a gap, every record's hash, a hub time that never goes back.
class ChainChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "chain"; }

  void on_end(const FinalView& end) override {
    for (const auto& log : end.logs) verify(log);
  }

 private:
  struct Chain {
    std::uint64_t nonce = 0;
    std::uint64_t stamp = 0;
    Hash256 head;
  };

  void verify(const DiskLog& log) {
    std::map<AuthorKey, Chain> chains;
    Hash256 previous;
    std::uint64_t time = 0;
    std::uint64_t seq = 0;
    for (const auto& stored : log.records) {
      const auto wrong = verify_record(log, stored.bytes.view(), ++seq, previous, time, chains);
      if (!wrong.empty())
        return violate("Room " + short_name(log.room.view()) + ", record " + std::to_string(seq) + ": " + wrong);
    }
  }

  [[nodiscard]] std::string verify_record(const DiskLog& log, ByteView bytes, std::uint64_t seq, Hash256& previous,
                                          std::uint64_t& time, std::map<AuthorKey, Chain>& chains) const {
    if (bytes.size() < kPayloadAt) return "it is too short";
    if (read<std::uint64_t>(bytes, 0) != seq) return "it has another seq";
    const auto hub_time = read<std::uint64_t>(bytes, kHubTimeAt);
    if (hub_time < time) return "the hub's time goes back";
    time = hub_time;
    const auto header = bytes.subspan(kHeaderAt, kHeaderBytes);
    const auto header_hash = crypto::hash256("theta/packet-header/v1", header);
    const auto record_hash = crypto::Hasher("theta/record/v1")
                                 .update(previous.view())
                                 .update_integer(seq)
                                 .update_integer(hub_time)
                                 .update(header_hash.view())
                                 .finish();
    previous = record_hash;
    if (std::memcmp(record_hash.bytes.data(), bytes.data() + kRecordHashAt, 32) != 0) return "its hash is wrong";
    const auto author = AuthorKey::from(header.subspan(40, 32));
    const auto signature = Signature::from(bytes.subspan(kSignatureAt, 64));
    if (!crypto::verify("theta/packet/v1", header, signature, author.view())) return "its signature does not verify";
    if (seq == 1 ? std::memcmp(header_hash.bytes.data(), log.room.bytes.data(), 32) != 0
                 : std::memcmp(header.data() + 8, log.room.bytes.data(), 32) != 0)
      return "it is another room's";
    return verify_author(bytes, header, header_hash, seq, log, chains[author]);
  }

  [[nodiscard]] static std::string verify_author(ByteView bytes, ByteView header, const Hash256& header_hash,
                                                 std::uint64_t seq, const DiskLog& log, Chain& chain) {
    const auto nonce = read<std::uint64_t>(header, 72);
    if (nonce != chain.nonce + 1) return "its author's nonces have a gap";
    if (std::memcmp(header.data() + 80, chain.head.bytes.data(), 32) != 0) return "its author's chain is broken";
    if (read<std::uint64_t>(header, 112) >= seq) return "it saw records that came after it";
    const auto stamp = read<std::uint64_t>(header, 120);
    if (stamp <= chain.stamp) return "its author's stamps do not rise";
    chain = {nonce, stamp, header_hash};
    const bool is_archived = (bytes[kFlagsAt] & 1) != 0;
    if (is_archived) return seq <= log.archived_through.value() ? "" : "its payload is cut, and nobody asked for that";
    const auto payload = bytes.subspan(kPayloadAt);
    if (payload.size() != read<std::uint32_t>(header, 4)) return "its payload has another size";
    const auto payload_hash = crypto::hash256("theta/payload", payload);
    if (std::memcmp(payload_hash.bytes.data(), header.data() + 128, 32) != 0) return "its payload has another hash";
    return "";
  }
};

}  // namespace

std::unique_ptr<Checker> make_chain_checker(RecordKeeper& keeper) { return std::make_unique<ChainChecker>(keeper); }

}  // namespace theta::sim
