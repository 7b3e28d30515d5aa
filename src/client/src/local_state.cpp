#include "local_state.h"

#include "theta/crypto/hash.h"

namespace theta::client {
namespace {

constexpr std::uint32_t kStateMagic = 0x534c4854;  // "THLS"
constexpr std::uint16_t kStateVersion = 2;
constexpr std::size_t kEntryHashBytes = 8;

Hash256 entry_hash(ByteView body) { return crypto::hash256("theta/journal-entry/v1", body); }

void put_sized(ByteWriter& out, ByteView bytes) {
  out.put_varint(bytes.size());
  out.put_bytes(bytes);
}

tl::unexpected<Failure<ClientError>> bad_state(const std::string& what) {
  return fail(ClientError::storage, "the local state " + what + "; move its folder away and join the room again");
}

std::optional<JournalEntry> decode_entry(ByteView bytes) {
  ByteReader in(bytes);
  JournalEntry entry;
  entry.kind = static_cast<JournalEntry::Kind>(in.get<std::uint8_t>());
  switch (entry.kind) {
    case JournalEntry::Kind::queued:
      entry.handle = CommandHandle{in.get_varint()};
      entry.draft = decode_draft(in);
      break;
    case JournalEntry::Kind::removed: entry.handle = CommandHandle{in.get_varint()}; break;
    case JournalEntry::Kind::signed_:
    case JournalEntry::Kind::record: entry.bytes = in.get_bytes(in.remaining()); break;
    case JournalEntry::Kind::unsigned_:
      entry.nonce = Nonce{in.get_varint()};
      entry.alone = in.get<std::uint8_t>() != 0;
      break;
    default: return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return entry;
}

}  // namespace

Bytes encode_state(const LocalFacts& facts, const Outbox& outbox, ByteView snapshot) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(kStateMagic);
  out.put(kStateVersion);
  out.put_bytes(facts.room.view());
  out.put_bytes(facts.author.view());
  out.put_bytes(facts.hub.view());
  out.put_varint(facts.next_handle.value());
  out.put_varint(facts.next_object_counter);
  out.put(facts.last_stamp.value());
  out.put_varint(facts.skipped_first.value());
  out.put_varint(facts.skipped_last.value());
  put_sized(out, facts.first_packet);
  outbox.encode(out);
  put_sized(out, snapshot);
  const auto hash = crypto::hash256("theta/local-state/v1", bytes);
  out.put_bytes(hash.view());
  return bytes;
}

ClientResult<DecodedState> decode_state(ByteView bytes) {
  if (bytes.size() < Hash256::kSize) return bad_state("is cut short");
  const auto body = bytes.first(bytes.size() - Hash256::kSize);
  const auto hash = Hash256::from(bytes.last(Hash256::kSize));
  if (crypto::hash256("theta/local-state/v1", body) != hash) return bad_state("is damaged (its hash does not match)");
  ByteReader in(body);
  if (in.get<std::uint32_t>() != kStateMagic) return bad_state("is not Theta's");
  if (const auto version = in.get<std::uint16_t>(); version != kStateVersion)
    return fail(ClientError::storage, "the local state has version " + std::to_string(version) +
                                          ", this program reads " + std::to_string(kStateVersion) +
                                          "; use the program that wrote it");
  DecodedState state;
  state.facts.room = in.get_fixed<RoomId>();
  state.facts.author = in.get_fixed<AuthorKey>();
  state.facts.hub = in.get_fixed<HubKey>();
  state.facts.next_handle = CommandHandle{in.get_varint()};
  state.facts.next_object_counter = in.get_varint();
  state.facts.last_stamp = Stamp{in.get<std::uint64_t>()};
  state.facts.skipped_first = Seq{in.get_varint()};
  state.facts.skipped_last = Seq{in.get_varint()};
  const auto first_packet = in.get_bytes(in.get_varint());
  state.facts.first_packet.assign(first_packet.begin(), first_packet.end());
  const bool outbox_read = state.outbox.decode(in);
  const auto snapshot = in.get_bytes(in.get_varint());
  state.snapshot.assign(snapshot.begin(), snapshot.end());
  if (!outbox_read || !in.done()) return bad_state("does not hold what it should");
  return state;
}

void Journal::note(const ClientResult<void>& result) {
  if (result) return;
  if (!broken_) failure_ = result.error().message;
  broken_ = true;
}

void Journal::append(JournalEntry::Kind kind, const Bytes& body) {
  // After a gap nothing of the journal can be told again, so nothing is added until a new state is written.
  if (persistence_ == nullptr || broken_) return;
  Bytes entry;
  ByteWriter entry_out(entry);
  entry_out.put(static_cast<std::uint8_t>(kind));
  entry_out.put_bytes(body);
  Bytes framed;
  ByteWriter out(framed);
  put_sized(out, entry);
  out.put_bytes(entry_hash(entry).view().first(kEntryHashBytes));
  note(persistence_->append(framed));
  size_ += framed.size();
  unsynced_ = true;
}

void Journal::queued(const Draft& draft, std::optional<CommandHandle> replaced) {
  if (persistence_ == nullptr) return;
  Bytes body;
  ByteWriter out(body);
  out.put_varint(replaced.value_or(CommandHandle{}).value());
  encode_draft(draft, out);
  append(JournalEntry::Kind::queued, body);
  if (!broken_) note_kept(draft.handle);
}

void Journal::removed(CommandHandle handle) {
  Bytes body;
  ByteWriter(body).put_varint(handle.value());
  append(JournalEntry::Kind::removed, body);
}

void Journal::signed_packet(const log::CommandPacket& packet) {
  if (persistence_ != nullptr) append(JournalEntry::Kind::signed_, log::encode_packet(packet));
}

void Journal::unsigned_from(Nonce nonce, bool alone) {
  Bytes body;
  ByteWriter out(body);
  out.put_varint(nonce.value());
  out.put<std::uint8_t>(alone ? 1 : 0);
  append(JournalEntry::Kind::unsigned_, body);
}

void Journal::record(const log::Record& record) {
  if (persistence_ != nullptr) append(JournalEntry::Kind::record, log::encode_record(record));
}

void Journal::sync() {
  if (persistence_ == nullptr || broken_ || !unsynced_) return;
  note(persistence_->sync());
  unsynced_ = false;
}

void Journal::keep_asset(const AssetId& asset, const SharedBytes& bytes) {
  // What a gap swallows is kept again together with the next state.
  if (persistence_ == nullptr || broken_) return;
  note(persistence_->keep_asset(asset, bytes));
  unsynced_ = true;
}

void Journal::forget_asset(const AssetId& asset) {
  // One that cannot be forgotten is sent once more by a restart, which harms nobody.
  if (persistence_ != nullptr) static_cast<void>(persistence_->forget_asset(asset));
}

void Journal::replace(ByteView state) {
  if (persistence_ == nullptr) return;
  const auto result = persistence_->replace(state);
  note(result);
  if (!result) return;
  broken_ = false;
  unsynced_ = false;
  size_ = 0;
}

std::optional<std::string> Journal::take_failure() {
  auto failure = std::move(failure_);
  failure_.reset();
  return failure;
}

Journal::Replayed Journal::replay(ByteView journal, const std::function<bool(const JournalEntry&)>& apply) {
  ByteReader in(journal);
  Replayed replayed;
  while (in.remaining() > 0) {
    const auto body = in.get_bytes(in.get_varint());
    const auto hash = in.get_bytes(kEntryHashBytes);
    // What a process that died left unfinished ends too early; what is all there and wrong was damaged afterwards.
    if (!in.ok()) break;
    const auto expected = entry_hash(body);
    const bool is_as_written = std::equal(hash.begin(), hash.end(), expected.bytes.begin());
    const auto entry = is_as_written ? decode_entry(body) : std::nullopt;
    if (!entry || !apply(*entry)) {
      // Some file systems show zeros where the power went before the bytes were there.
      const auto rest = journal.subspan(replayed.bytes);
      replayed.is_damaged = std::any_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte != 0; });
      break;
    }
    replayed.bytes = journal.size() - in.remaining();
  }
  return replayed;
}

}  // namespace theta::client
