#include "outbox.h"

#include <algorithm>

#include "theta/base/check.h"
#include "theta/base/limits.h"
#include "theta/client/limits.h"
#include "theta/log/command_rules.h"
#include "theta/log/compact.h"
#include "theta/log/record.h"
#include "theta/log/stamp.h"
#include "theta/wire/commands_lane.h"

namespace theta::client {
namespace {

// Bytes that joining adds for each command, at most: tables' alignment and the union's vectors.
constexpr std::size_t kJoinSlackBytes = 16;

bool refers_to(const Draft& draft, CommandHandle handle) {
  return draft.refers_first == handle || draft.refers_last == handle;
}

void fix(Draft& draft, CommandHandle settled, CommandPlace place) {
  if (!refers_to(draft, settled)) return;
  // Only the settled end of a span becomes fixed; the payload keeps a placeholder for the other.
  const auto* table = wire::verified_payload(draft.payload);
  THETA_CHECK(table != nullptr);
  CommandPlace first{}, last{};
  const auto* command = table->commands()->Get(0);
  const auto read = [&](const auto* reference) {
    first = {Nonce{reference->first()->nonce()}, reference->first()->index()};
    last = {Nonce{reference->last()->nonce()}, reference->last()->index()};
  };
  if (draft.footprint.command == wire::fb::Command::Undo) read(static_cast<const wire::fb::Undo*>(command));
  if (draft.footprint.command == wire::fb::Command::Redo) read(static_cast<const wire::fb::Redo*>(command));
  if (draft.refers_first == settled) {
    first = place;
    draft.refers_first = {};
  }
  if (draft.refers_last == settled) {
    last = place;
    draft.refers_last = {};
  }
  draft.payload = with_references(draft.payload, first, last);
}

}  // namespace

std::optional<CommandHandle> Outbox::add(Draft draft) {
  std::optional<CommandHandle> replaced;
  std::size_t scanned = 0;
  if (draft.footprint.replaceable) {
    for (auto older = drafts_.end(); older != drafts_.begin() && scanned < limits::kCoalesceScanMax; ++scanned) {
      --older;
      if (replaces(draft.footprint, older->footprint)) {
        replaced = older->handle;
        bytes_ -= older->payload.size();
        drafts_.erase(older);
        ++coalesced_;
        break;
      }
      if (depend(draft.footprint, older->footprint)) break;
    }
  }
  // At the end, not in the older one's place: stamps rise along the queue, so that nothing gets a later stamp than the
  // moment it was made.
  bytes_ += draft.payload.size();
  drafts_.push_back(std::move(draft));
  return replaced;
}

const Draft* Outbox::find_draft(CommandHandle handle) const {
  for (const auto& draft : drafts_)
    if (draft.handle == handle) return &draft;
  return nullptr;
}

std::vector<Draft> Outbox::remove_draft(CommandHandle handle) {
  std::vector<Draft> removed;
  std::vector<CommandHandle> wanted{handle};
  // Undos stand behind what they undo, so one pass finds chains of them too.
  std::deque<Draft> kept;
  for (auto& draft : drafts_) {
    const bool goes = std::any_of(wanted.begin(), wanted.end(),
                                  [&](CommandHandle gone) { return draft.handle == gone || refers_to(draft, gone); });
    if (!goes) {
      kept.push_back(std::move(draft));
      continue;
    }
    wanted.push_back(draft.handle);
    bytes_ -= draft.payload.size();
    removed.push_back(std::move(draft));
  }
  drafts_ = std::move(kept);
  return removed;
}

std::size_t Outbox::plan_packet(std::size_t commands_max) const {
  if (drafts_.empty() || commands_max == 0) return 0;
  const auto& first = drafts_.front();
  if (first.must_travel_alone()) return 1;
  std::size_t bytes = 0, targets = 0, count = 0;
  for (const auto& draft : drafts_) {
    bytes += draft.payload.size() + kJoinSlackBytes;
    targets += std::max<std::size_t>(draft.footprint.targets.size(), 1);
    const bool near = log::stamp_ms(draft.stamp) - log::stamp_ms(first.stamp) <= limits::kPackedStampSpreadMs;
    const bool fits = bytes <= theta::limits::kPayloadBytesMax && targets <= limits::kPackedTargetsMax;
    const bool joins = !draft.must_travel_alone() && near && fits && draft.base_seq == first.base_seq;
    if (count > 0 && !joins) break;
    ++count;
    if (count == std::min(commands_max, theta::limits::kCommandsPerPacketMax)) break;
  }
  return count;
}

const SignedPacket& Outbox::sign(std::size_t count, const RoomId& room, const ChainEnd& log_end,
                                 const crypto::KeyPair& author) {
  THETA_CHECK(count > 0 && count <= drafts_.size());
  auto drafts = take_front(count);
  std::vector<Bytes> resolved;
  for (const auto& draft : drafts) resolved.push_back(resolved_payload(draft, Places::signed_packets));
  ChainEnd end = log_end;
  if (!in_flight_.empty()) {
    const auto& last = in_flight_.back();
    end = {last.packet.header.nonce, last.header_hash, last.packet.header.stamp};
  }
  log::PacketHeader header;
  header.protocol_version = wire::kProtocolVersion;
  header.command_count = static_cast<std::uint16_t>(count);
  header.room = room;
  header.author = author.public_key<AuthorKey>();
  header.nonce = Nonce{end.nonce.value() + 1};
  header.prev = end.head;
  header.base_seq = drafts.back().base_seq;
  // The key may have been used elsewhere meanwhile, with later stamps; the chain's stamps only rise.
  header.stamp = std::max(drafts.back().stamp, Stamp{end.stamp.value() + 1});
  push_packet(log::sign_packet(header, join_payloads({resolved.begin(), resolved.end()}), author), std::move(drafts));
  return in_flight_.back();
}

void Outbox::push_packet(log::CommandPacket packet, std::vector<Draft> drafts) {
  SignedPacket signed_packet;
  signed_packet.header_hash = log::hash_header(packet.header);
  const auto compact = log::compact_packet(packet);
  signed_packet.message = SharedBytes(wire::encode(wire::Submit{compact}));
  signed_packet.packet = std::move(packet);
  commands_in_flight_ += drafts.size();
  for (const auto& draft : drafts) bytes_ += draft.payload.size();
  bytes_ += signed_packet.message.size();
  signed_packet.drafts = std::move(drafts);
  in_flight_.push_back(std::move(signed_packet));
}

std::vector<Draft> Outbox::take_front(std::size_t count) {
  std::vector<Draft> result;
  for (; count > 0 && !drafts_.empty(); --count) {
    bytes_ -= drafts_.front().payload.size();
    result.push_back(std::move(drafts_.front()));
    drafts_.pop_front();
  }
  return result;
}

bool Outbox::can_restore(const log::CommandPacket& packet) {
  const auto* payload = wire::verified_payload(packet.payload.view());
  return payload != nullptr && !log::check_payload(*payload, packet.header.command_count);
}

void Outbox::restore_packet(log::CommandPacket packet, std::vector<Draft> drafts) {
  push_packet(std::move(packet), std::move(drafts));
  in_flight_.back().sent_before = true;
  in_flight_.back().is_written = true;
}

SignedPacket* Outbox::find(Nonce nonce) {
  for (auto& packet : in_flight_)
    if (packet.packet.header.nonce == nonce) return &packet;
  return nullptr;
}

SignedPacket Outbox::acknowledge_front() {
  THETA_CHECK(!in_flight_.empty());
  auto packet = std::move(in_flight_.front());
  in_flight_.pop_front();
  commands_in_flight_ -= packet.drafts.size();
  bytes_ -= packet.message.size();
  std::uint16_t index = 0;
  for (const auto& draft : packet.drafts) {
    bytes_ -= draft.payload.size();
    fix_references(draft.handle, {packet.packet.header.nonce, index++});
  }
  return packet;
}

std::size_t Outbox::count_through(const Hash256& header_hash) const {
  for (std::size_t i = 0; i < in_flight_.size(); ++i)
    if (in_flight_[i].header_hash == header_hash) return i + 1;
  return 0;
}

void Outbox::unsign_from(Nonce nonce) {
  while (!in_flight_.empty() && in_flight_.back().packet.header.nonce >= nonce) {
    auto packet = std::move(in_flight_.back());
    in_flight_.pop_back();
    commands_in_flight_ -= packet.drafts.size();
    bytes_ -= packet.message.size();
    for (auto draft = packet.drafts.rbegin(); draft != packet.drafts.rend(); ++draft)
      drafts_.push_front(std::move(*draft));
  }
}

void Outbox::forget_sending() {
  for (auto& packet : in_flight_) packet.sent = SignedPacket::Sent::no;
}

void Outbox::note_written() {
  for (auto& packet : in_flight_) packet.is_written = true;
}

bool Outbox::is_waiting_for_answers() const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [](const SignedPacket& packet) { return packet.sent == SignedPacket::Sent::waiting; });
}

std::optional<CommandPlace> Outbox::place_of(CommandHandle handle, Places places) const {
  for (const auto& packet : in_flight_)
    for (std::size_t i = 0; i < packet.drafts.size(); ++i) {
      if (packet.drafts[i].handle != handle) continue;
      if (places == Places::overlay) return packet.drafts[i].shown_at;
      return CommandPlace{packet.packet.header.nonce, static_cast<std::uint16_t>(i)};
    }
  const auto* draft = find_draft(handle);
  // What is undone stands before what undoes it, so whoever signs finds it signed already.
  THETA_CHECK(places == Places::overlay || draft == nullptr);
  return draft ? std::optional(draft->shown_at) : std::nullopt;
}

std::optional<CommandHandle> Outbox::command_shown_at(CommandPlace place) const {
  for (const auto& packet : in_flight_)
    for (const auto& draft : packet.drafts)
      if (draft.shown_at == place) return draft.handle;
  for (const auto& draft : drafts_)
    if (draft.shown_at == place) return draft.handle;
  return std::nullopt;
}

void Outbox::fix_references(CommandHandle settled, CommandPlace place) {
  for (auto& packet : in_flight_)
    for (auto& draft : packet.drafts) fix(draft, settled, place);
  for (auto& draft : drafts_) fix(draft, settled, place);
}

Bytes Outbox::resolved_payload(const Draft& draft, Places places) const {
  const CommandHandle none;
  if (draft.refers_first == none && draft.refers_last == none) return draft.payload;
  Draft copy = draft;
  // Both ends are looked up before either is written: the handles stay in the draft, for it may be signed again.
  const auto first = draft.refers_first == none ? std::nullopt : place_of(draft.refers_first, places);
  const auto last = draft.refers_last == none ? std::nullopt : place_of(draft.refers_last, places);
  if (first) fix(copy, draft.refers_first, *first);
  if (last && copy.refers_last != none) fix(copy, draft.refers_last, *last);
  return copy.payload;
}

void Outbox::map_draft_ids(const std::function<ObjectId(ObjectId)>& map) {
  THETA_CHECK(in_flight_.empty());
  for (auto& draft : drafts_) {
    bytes_ -= draft.payload.size();
    draft.payload = map_ids(draft.payload, map);
    draft.describe();
    bytes_ += draft.payload.size();
  }
}

void Outbox::encode(ByteWriter& out) const {
  out.put_varint(in_flight_.size());
  for (const auto& packet : in_flight_) {
    const auto stored = log::encode_packet(packet.packet);
    out.put_varint(stored.size());
    out.put_bytes(stored);
    out.put_varint(packet.drafts.size());
    for (const auto& draft : packet.drafts) encode_draft(draft, out);
  }
  out.put_varint(drafts_.size());
  for (const auto& draft : drafts_) encode_draft(draft, out);
}

bool Outbox::decode(ByteReader& in) {
  const auto packets = in.get_varint();
  for (std::uint64_t i = 0; in.ok() && i < packets; ++i) {
    auto packet = log::decode_packet(in.get_bytes(in.get_varint()));
    if (!in.ok() || !packet) return false;
    std::vector<Draft> drafts;
    const auto count = in.get_varint();
    for (std::uint64_t j = 0; in.ok() && j < count; ++j) drafts.push_back(decode_draft(in));
    if (!in.ok() || drafts.size() != packet->header.command_count || !can_restore(*packet)) return false;
    restore_packet(std::move(*packet), std::move(drafts));
  }
  const auto count = in.get_varint();
  for (std::uint64_t i = 0; in.ok() && i < count; ++i) {
    auto draft = decode_draft(in);
    if (!in.ok()) return false;
    bytes_ += draft.payload.size();
    drafts_.push_back(std::move(draft));
  }
  return in.ok();
}

}  // namespace theta::client
