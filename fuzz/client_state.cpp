#include "fuzz_input.h"
#include "offline.h"
#include "theta/crypto/hash.h"

namespace {

using namespace theta;

/// Hashes guard both files against damage, and no fuzzer gets past them. So the input is what they are made of: the
/// state's size (u32) and bytes, then the journal's entries, each behind its size (u16).
client::Persistence::Stored with_hashes(ByteView input) {
  ByteReader in(input);
  client::Persistence::Stored stored;
  const auto state_bytes = in.get<std::uint32_t>();
  const auto state = in.get_bytes(std::min<std::size_t>(state_bytes, in.remaining()));
  stored.state.assign(state.begin(), state.end());
  ByteWriter(stored.state).put_bytes(crypto::hash256("theta/local-state/v1", state).view());
  ByteWriter journal(stored.journal);
  while (in.ok() && in.remaining() > 2) {
    const auto entry_bytes = in.get<std::uint16_t>();
    const auto entry = in.get_bytes(std::min<std::size_t>(entry_bytes, in.remaining()));
    journal.put_varint(entry.size());
    journal.put_bytes(entry);
    journal.put_bytes(crypto::hash256("theta/journal-entry/v1", entry).view().first(8));
  }
  return stored;
}

}  // namespace

// A client's own files, read back: a session that works, or a sentence.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Disk disk;
  disk.stored = with_hashes({data, size});
  const auto replayed = client::Journal::replay(disk.stored.journal, [](const auto&) { return true; });
  THETA_CHECK(replayed.bytes <= disk.stored.journal.size());
  const auto state = client::decode_state(disk.stored.state);
  if (!state) {
    THETA_CHECK(!state.error().message.empty());
    return 0;
  }
  fuzz::OfflineSession offline(disk);
  if (const auto restored = offline.session.restore(); !restored) {
    THETA_CHECK(!restored.error().message.empty());
    return 0;
  }
  static_cast<void>(offline.session.confirmed_state_hash());
  static_cast<void>(offline.session.undo());
  offline.session.save();
  // What was written from there reads back for good.
  fuzz::OfflineSession again(disk);
  THETA_CHECK(again.session.restore().has_value());
  return 0;
}
