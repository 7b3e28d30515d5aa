// Replays a recorded log and prints, after every record, what another machine must print too:
// theta_replay_log FILE. The last line is the snapshot, saved, loaded again and rehashed from its values.

#include <cinttypes>
#include <cstdio>

#include "log_file.h"
#include "theta/base/hex.h"
#include "theta/crypto/hash.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"

namespace theta::replay {
namespace {

void print_record(const replica::Replica& replica, const std::vector<replica::Outcome>& outcomes) {
  std::printf("%" PRIu64 " %s", replica.head().value(), to_hex(replica.state_hash().view()).c_str());
  for (const auto& outcome : outcomes) {
    std::printf(" %d/%d/%" PRIu32, static_cast<int>(outcome.status), static_cast<int>(outcome.reason),
                outcome.applied_targets);
    if (!outcome.blocker) continue;
    const auto& [author, seq, key] = *outcome.blocker;
    std::printf("/%d:%" PRIu64 ":%" PRIu64 ":%d:%" PRIu64, author.value(), seq.value(), key.entity.value(),
                static_cast<int>(key.component), key.application);
  }
  std::printf("\n");
}

bool print_snapshot(const replica::Replica& replica) {
  const auto bytes = replica.save_snapshot();
  const auto loaded = replica::Replica::load_snapshot(bytes, true);
  if (!loaded) {
    std::fprintf(stderr, "the snapshot does not load: %s\n", loaded.error().message.c_str());
    return false;
  }
  std::printf("snapshot %zu bytes %s state %s\n", bytes.size(), to_hex(crypto::hash256(bytes).view()).c_str(),
              to_hex(loaded->state_hash().view()).c_str());
  return true;
}

/// The same bytes with one of them changed; where, follows from the record. Every machine must refuse it, in the same
/// words. False: it was taken.
bool print_mutant(replica::Replica& replica, Bytes bytes, std::uint64_t number) {
  const auto mixed = (number + 1) * 0x9e3779b97f4a7c15ULL;
  bytes[static_cast<std::size_t>((mixed >> 20) % bytes.size())] ^= static_cast<std::uint8_t>((mixed >> 56) | 1);
  const auto record = log::decode_record(bytes);
  if (!record) {
    std::printf("mutant does not decode: %s\n", record.error().message.c_str());
    return true;
  }
  const auto outcomes = replica.apply(*record);
  std::printf("mutant %s\n", outcomes ? "was taken" : outcomes.error().message.c_str());
  return !outcomes;
}

int run(const char* path) {
  const auto records = read_log(path);
  if (!records) {
    std::fprintf(stderr, "cannot read %s, or it is cut short\n", path);
    return 1;
  }
  replica::Replica replica;
  for (const auto& bytes : *records) {
    const auto record = log::decode_record(bytes);
    if (!record) {
      std::fprintf(stderr, "a record does not decode: %s\n", record.error().message.c_str());
      return 1;
    }
    if (!print_mutant(replica, bytes, record->seq.value())) return 1;
    const auto outcomes = replica.apply(*record);
    if (!outcomes) {
      std::fprintf(stderr, "record %" PRIu64 " is refused: %s\n", record->seq.value(),
                   outcomes.error().message.c_str());
      return 1;
    }
    print_record(replica, *outcomes);
  }
  return print_snapshot(replica) ? 0 : 1;
}

}  // namespace
}  // namespace theta::replay

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: theta_replay_log FILE\n");
    return 2;
  }
  return theta::replay::run(argv[1]);
}
