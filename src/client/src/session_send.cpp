#include <algorithm>

#include "messages.h"
#include "session_impl.h"
#include "theta/base/byte_codec.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;
using Sent = SignedPacket::Sent;
using transport::Lane;
using transport::SendResult;

// When the hub's rate limit holds back many commands, packets wait for this part of the burst, so that a few packets
// carry what otherwise would take one each.
constexpr double kBatchShare = 0.1;

}  // namespace

bool Session::Impl::may_send() const {
  return phase == SessionPhase::live && peer && is_writer && !is_searching && !lane_full;
}

bool Session::Impl::waits_for_disk(const SignedPacket& packet) const {
  return journal.is_broken() && !packet.is_written && packet.drafts.front().handle <= journal.newest_kept();
}

bool Session::Impl::rejection_waits_for_disk() const {
  if (!rejection || !journal.is_broken()) return false;
  const auto& packets = outbox.in_flight();
  return std::any_of(packets.begin(), packets.end(), [this](const SignedPacket& packet) {
    const bool is_kept = packet.is_written || packet.drafts.front().handle <= journal.newest_kept();
    return packet.packet.header.nonce == rejection->nonce && is_kept;
  });
}

bool Session::Impl::has_sendable() const {
  if (rejection_waits_for_disk()) return false;
  bool found_unsent = false;
  for (const auto& packet : outbox.in_flight()) {
    if (packet.sent == Sent::no && !found_unsent && waits_for_disk(packet)) return false;
    if (packet.sent == Sent::no) found_unsent = true;
    if (found_unsent && packet.sent == Sent::waiting) return false;
  }
  const bool may_sign = signable_drafts() > 0 && outbox.in_flight().size() < options.packets_in_flight_max;
  return found_unsent || may_sign;
}

std::size_t Session::Impl::signable_drafts() const {
  const auto& drafts = outbox.drafts();
  const auto count = std::min(drafts.size(), theta::limits::kCommandsPerPacketMax);
  if (assets.upload_count() == 0) return count;
  const auto waits = [this](const Draft& draft) {
    return std::any_of(draft.assets.begin(), draft.assets.end(),
                       [this](const AssetId& asset) { return assets.is_uploading(asset); });
  };
  for (std::size_t at = 0; at < count; ++at)
    if (waits(drafts[at])) return at;
  return count;
}

void Session::Impl::hold_until(MonotonicTime time) { held_until = std::max(held_until, time); }

void Session::Impl::pump_packets() {
  resolve_rejection();
  if (!may_send() || rejection || now.monotonic < held_until) return;
  paced_until = MonotonicTime::min();
  // Behind a packet that was held back, answers are still owed: sending again before they came would make it impossible
  // to tell which of the two they answer.
  if (!has_sendable()) return;
  show();
  sign_what_fits();
  send_signed();
}

void Session::Impl::sign_what_fits() {
  std::size_t unsent_commands = 0;
  for (const auto& packet : outbox.in_flight())
    if (packet.sent == Sent::no) unsent_commands += packet.drafts.size();
  bool any = false;
  while (outbox.in_flight().size() < options.packets_in_flight_max) {
    const auto signable = signable_drafts();
    if (signable == 0) break;
    const auto affordable = pacer.available(theta::limits::kCommandsPerPacketMax + unsent_commands, now.monotonic);
    const auto free = affordable > unsent_commands ? affordable - unsent_commands : 0;
    const auto batch =
        std::min(signable, std::max<std::size_t>(1, static_cast<std::size_t>(pacer.burst() * kBatchShare)));
    if (pacer.is_limited() && free < batch) {
      paced_until = pacer.time_of(batch + unsent_commands, now.monotonic);
      break;
    }
    const auto count = outbox.plan_packet(std::min(free, signable));
    if (count == 0) break;
    const auto& packet = outbox.sign(count, facts.room, overlay.chain(), key);
    journal.signed_packet(packet.packet);
    unsent_commands += count;
    any = true;
  }
  // Written down before it is sent: a restart must send these very bytes again, never others with the same nonce.
  if (any) journal.sync();
  if (!journal.is_broken()) outbox.note_written();
}

void Session::Impl::send_signed() {
  for (auto& packet : outbox.in_flight()) {
    if (sends_front_only && &packet != &outbox.in_flight().front()) return;
    if (packet.sent != Sent::no) continue;
    if (waits_for_disk(packet)) return;
    const auto cost = packet.drafts.size();
    // A packet can cost more than the burst that the hub allows now; then it goes from a full bucket.
    const auto wanted = pacer.is_limited() ? std::min(cost, static_cast<std::size_t>(pacer.burst())) : cost;
    if (pacer.available(wanted, now.monotonic) < wanted) {
      paced_until = pacer.time_of(wanted, now.monotonic);
      return;
    }
    const auto result = transport.send(*peer, Lane::commands, packet.message);
    if (result != SendResult::queued) {
      lane_full = result == SendResult::full;
      return;
    }
    pacer.take(cost);
    packet.sent = Sent::waiting;
    ++counters.packets_sent;
    if (packet.sent_before) ++counters.packets_resent;
    packet.sent_before = true;
    // The time-out for answers begins with the first packet that waits for one.
    last_heard = std::max(last_heard, now.monotonic);
  }
}

// ---- History ------------------------------------------------------------------------------------------------------

void Session::Impl::pump_history() {
  if (history.empty() || history.front().sent || now.monotonic < held_until) return;
  auto& query = history.front();
  fb::LogQueryT message;
  message.request = query.request = next_request;
  message.from_seq = query.from.value();
  message.count_max = query.count;
  if (transport.send(*peer, Lane::bulk, encode_message(std::move(message))) != SendResult::queued) return;
  query.sent = true;
  ++next_request;
}

namespace {

/// One record after the other from `from` on, each chained to the one before: a gap would be a place to hide in.
bool is_piece_of_log(const std::vector<log::Record>& records, Seq from) {
  if (records.empty()) return false;
  for (std::size_t at = 0; at < records.size(); ++at) {
    const auto& record = records[at];
    if (record.seq.value() != from.value() + at) return false;
    if (at > 0 && record.record_hash !=
                      log::hash_record(records[at - 1].record_hash, record.seq, record.hub_time, record.header_hash))
      return false;
  }
  return true;
}

}  // namespace

void Session::Impl::on_log_range(const fb::LogRange& range) {
  if (history.empty() || !history.front().sent || history.front().request != range.request()) return;
  const auto query = history.front();
  History answer{query.query, Seq{range.head_seq()}, {}, std::nullopt};
  if (const auto* bytes = range.records()) {
    ByteReader in(ByteView(bytes->data(), bytes->size()));
    while (in.remaining() > 0) {
      auto record = log::decode_record(in.get_bytes(in.get_varint()));
      if (!in.ok() || !record) return strike("the hub answered a query with a log that does not decode");
      answer.records.push_back(std::move(*record));
    }
  }
  history.pop_front();
  if (query.forgotten) return;
  if (!query.internal) {
    events.push(std::move(answer));
    return;
  }
  if (!is_piece_of_log(answer.records, query.from))
    return strike("the hub did not answer with the part of the log that it was asked for");
  on_searched(answer.records);
}

}  // namespace theta::client
