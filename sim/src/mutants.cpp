#include "mutants.h"

#include <deque>
#include <map>
#include <unordered_map>

#include "theta/log/compact.h"
#include "theta/log/record.h"
#include "theta/wire/commands_lane.h"

namespace theta::sim {
namespace {

using store::Append;
using store::Completion;
using store::Request;
using store::Ticket;
using transport::Lane;
using transport::PeerId;
using transport::SendResult;

/// Answers before it works, or in spite of what came of the work.
class HastyEngine final : public store::LogEngine {
 public:
  HastyEngine(store::LogEngine& inner, bool waits) : inner_(inner), waits_(waits) {}

  Ticket submit(Request request) override {
    const bool is_append = std::holds_alternative<Append>(request);
    const Ticket ours{++last_ticket_};
    if (is_append && !waits_) {
      answered_.push_back({ours, store::Answer{store::Done{}}});
      late_.push_back(std::move(request));
      return ours;
    }
    work_off();
    names_[inner_.submit(std::move(request))] = {ours, is_append};
    return ours;
  }
  void poll(std::vector<Completion>& completions) override {
    // What was answered is written one poll later, which is what a crash in between shows.
    const bool works = answered_.empty();
    for (auto& done : answered_) completions.push_back(std::move(done));
    answered_.clear();
    if (works) work_off();
    std::vector<Completion> done;
    inner_.poll(done);
    for (auto& completion : done) {
      const auto found = names_.find(completion.ticket);
      if (found == names_.end()) continue;
      const auto [ours, is_append] = found->second;
      names_.erase(found);
      if (is_append) completion.result = store::Answer{store::Done{}};
      completions.push_back({ours, std::move(completion.result)});
    }
  }
  [[nodiscard]] std::size_t pending() const override { return inner_.pending() + answered_.size() + late_.size(); }

 private:
  void work_off() {
    for (auto& request : late_) static_cast<void>(inner_.submit(std::move(request)));
    late_.clear();
  }

  store::LogEngine& inner_;
  bool waits_;
  std::uint64_t last_ticket_ = 0;
  std::vector<Completion> answered_;
  std::vector<Request> late_;
  std::unordered_map<Ticket, std::pair<Ticket, bool>> names_;
};

/// Changes what is to be written.
class RewritingEngine final : public store::LogEngine {
 public:
  RewritingEngine(store::LogEngine& inner, Mutant mutant) : inner_(inner), mutant_(mutant) {}
  Ticket submit(Request request) override {
    if (auto* append = std::get_if<Append>(&request)) rewrite(*append);
    return inner_.submit(std::move(request));
  }
  void poll(std::vector<Completion>& completions) override { inner_.poll(completions); }
  [[nodiscard]] std::size_t pending() const override { return inner_.pending(); }

 private:
  void rewrite(Append& append) {
    if (mutant_ == Mutant::drop_last_of_batch) {
      if (append.records.size() > 1) append.records.pop_back();
      return;
    }
    // Every fifth append, so that a room lives long enough to notice.
    if (++appends_ % 5 != 0) return;
    auto& record = append.records.back();
    auto bytes = Bytes(record.bytes.view().begin(), record.bytes.view().end());
    constexpr std::size_t kHubTimeAt = 8;
    if (mutant_ == Mutant::backdate_records) bytes[kHubTimeAt] ^= 1;
    if (mutant_ == Mutant::rewrite_after_relay) bytes.back() ^= 1;
    record.bytes = SharedBytes(std::move(bytes));
  }

  store::LogEngine& inner_;
  Mutant mutant_;
  std::uint64_t appends_ = 0;
};

/// Orders packets in the name of a viewer, once there is one.
class ForgingEngine final : public store::LogEngine {
 public:
  explicit ForgingEngine(store::LogEngine& inner) : inner_(inner) {}
  Ticket submit(Request request) override {
    if (auto* append = std::get_if<Append>(&request))
      for (auto& record : append->records) forge(record);
    return inner_.submit(std::move(request));
  }
  void poll(std::vector<Completion>& completions) override { inner_.poll(completions); }
  [[nodiscard]] std::size_t pending() const override { return inner_.pending(); }

 private:
  void forge(store::StoredRecord& stored) {
    auto record = log::decode_record(stored.bytes.view());
    if (!record) return;
    const wire::AlignedBytes aligned(record->packet.payload.view());
    const auto* payload = wire::verified_payload(aligned.view());
    if (payload == nullptr) return;
    if (payload->commands_type()->GetEnum<wire::fb::Command>(0) == wire::fb::Command::JoinRoom) {
      const auto* join = static_cast<const wire::fb::JoinRoom*>(payload->commands()->Get(0));
      if (join->invite()->role() == wire::fb::Role::viewer) viewer_ = record->packet.header.author;
    } else if (viewer_) {
      record->packet.header.author = *viewer_;
      stored.bytes = SharedBytes(log::encode_record(*record));
    }
  }

  store::LogEngine& inner_;
  std::optional<AuthorKey> viewer_;
};

/// Answers "complete" to an asset's last chunk and throws it away.
class ForgetfulEngine final : public store::LogEngine {
 public:
  explicit ForgetfulEngine(store::LogEngine& inner) : inner_(inner) {}
  Ticket submit(Request request) override {
    const auto* chunk = std::get_if<store::WriteAssetChunk>(&request);
    if (chunk == nullptr || chunk->offset + chunk->bytes.size() != chunk->total_bytes)
      return inner_.submit(std::move(request));
    const auto total = chunk->total_bytes;
    const auto ticket = inner_.submit(store::AssetStatus{chunk->room, chunk->asset});
    forgotten_.emplace(ticket, total);
    return ticket;
  }
  void poll(std::vector<Completion>& completions) override {
    const auto before = completions.size();
    inner_.poll(completions);
    for (auto index = before; index < completions.size(); ++index) {
      const auto found = forgotten_.find(completions[index].ticket);
      if (found == forgotten_.end()) continue;
      completions[index].result = store::Answer{store::AssetState{found->second, found->second}};
      forgotten_.erase(found);
    }
  }
  [[nodiscard]] std::size_t pending() const override { return inner_.pending(); }

 private:
  store::LogEngine& inner_;
  std::unordered_map<Ticket, std::uint64_t> forgotten_;
};

/// Meddles with what the hub sends.
class MeddlingTransport final : public transport::Transport {
 public:
  MeddlingTransport(transport::Transport& inner, Mutant mutant, IsVictim is_victim)
      : inner_(inner), mutant_(mutant), is_victim_(std::move(is_victim)) {}

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override {
    if (mutant_ == Mutant::unbounded_lane) return keep_and_send(peer, lane, message);
    if (lane != Lane::commands) return inner_.send(peer, lane, message);
    const auto decoded = wire::decode_lane_message(message.view());
    const bool is_refusal = decoded && std::holds_alternative<wire::Refusal>(decoded->message);
    const auto* records = decoded ? std::get_if<wire::Records>(&decoded->message) : nullptr;
    if (mutant_ == Mutant::swallow_refusals && is_refusal) return SendResult::queued;
    if (records == nullptr) return inner_.send(peer, lane, message);
    ++records_messages_;
    // Peers come and go; every third message is somebody's, and often enough the same one's.
    const bool is_hit = records_messages_ % 3 == 0;
    if (mutant_ == Mutant::hold_back_records && is_victim_(peer)) return SendResult::queued;
    if (mutant_ == Mutant::alter_relayed_records && is_hit) return send_altered(peer, *records);
    if (mutant_ == Mutant::refuse_what_is_taken && is_hit) refuse_next(peer, *records);
    return inner_.send(peer, lane, message);
  }
  void close(PeerId peer, transport::CloseReason reason, std::string text) override {
    inner_.close(peer, reason, std::move(text));
  }
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override {
    std::size_t kept = 0;
    const auto found = kept_.find({peer, lane});
    if (found != kept_.end())
      for (const auto& message : found->second) kept += message.size();
    return kept + inner_.queued_bytes(peer, lane);
  }
  [[nodiscard]] transport::PeerStats peer_stats(PeerId peer) const override { return inner_.peer_stats(peer); }

 private:
  SendResult keep_and_send(PeerId peer, Lane lane, const SharedBytes& message) {
    auto& queue = kept_[{peer, lane}];
    queue.push_back(message);
    while (!queue.empty()) {
      const auto result = inner_.send(peer, lane, queue.front());
      if (result == SendResult::full) return SendResult::queued;
      queue.pop_front();
      if (result != SendResult::queued) return result;
    }
    return SendResult::queued;
  }
  SendResult send_altered(PeerId peer, const wire::Records& records) {
    Bytes first(records.records.front().begin(), records.records.front().end());
    first.back() ^= 1;
    auto altered = records;
    altered.records.front() = first;
    return inner_.send(peer, Lane::commands, SharedBytes(wire::encode(altered)));
  }
  // Says "no" to the packets of a record that is about to arrive: the peer that sent one of them believes it.
  void refuse_next(PeerId peer, const wire::Records&) {
    for (std::uint64_t nonce = 1; nonce < 64; ++nonce) {
      wire::Refusal refusal;
      refusal.nonce = Nonce{nonce};
      refusal.code = wire::fb::RefusalCode::bad_value;
      refusal.text = "refused on purpose";
      static_cast<void>(inner_.send(peer, Lane::commands, SharedBytes(wire::encode(refusal))));
    }
  }

  transport::Transport& inner_;
  Mutant mutant_;
  IsVictim is_victim_;
  std::uint64_t records_messages_ = 0;
  std::map<std::pair<PeerId, Lane>, std::deque<SharedBytes>> kept_;
};

/// Meddles with the presence that the hub relays.
class PresenceMeddler final : public transport::Transport {
 public:
  PresenceMeddler(transport::Transport& inner, Mutant mutant) : inner_(inner), mutant_(mutant) {}

  [[nodiscard]] SendResult send(PeerId peer, Lane lane, const SharedBytes& message) override {
    if (lane != Lane::presence) return inner_.send(peer, lane, message);
    if (mutant_ != Mutant::flood_presence) return inner_.send(peer, lane, meddled(message));
    constexpr int kTimes = 50;
    for (int count = 1; count < kTimes; ++count) static_cast<void>(inner_.send(peer, lane, message));
    return inner_.send(peer, lane, message);
  }
  void close(PeerId peer, transport::CloseReason reason, std::string text) override {
    inner_.close(peer, reason, std::move(text));
  }
  [[nodiscard]] std::size_t queued_bytes(PeerId peer, Lane lane) const override {
    return inner_.queued_bytes(peer, lane);
  }
  [[nodiscard]] transport::PeerStats peer_stats(PeerId peer) const override { return inner_.peer_stats(peer); }

 private:
  [[nodiscard]] SharedBytes meddled(const SharedBytes& message) {
    const wire::AlignedBytes aligned(message.view());
    const auto* verified = wire::verified_message(aligned.view());
    if (verified == nullptr || verified->body_as_PresenceBundle() == nullptr) return message;
    wire::fb::MessageT unpacked;
    verified->UnPackTo(&unpacked);
    for (auto& update : unpacked.body.AsPresenceBundle()->updates) {
      auto& first = first_.try_emplace(update->session, update->bytes).first->second;
      if (mutant_ == Mutant::swap_presence) {
        const auto next = first_.upper_bound(update->session);
        update->session = next == first_.end() ? first_.begin()->first : next->first;
      } else {
        update->bytes = revived(first, update->bytes);
      }
    }
    flatbuffers::FlatBufferBuilder builder;
    wire::fb::FinishMessageBuffer(builder, wire::fb::Message::Pack(builder, &unpacked));
    return SharedBytes(Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()));
  }
  // What was first, numbered like the newest.
  [[nodiscard]] static Bytes revived(const Bytes& first, const Bytes& newest) {
    wire::fb::PresenceT old;
    flatbuffers::GetRoot<wire::fb::Presence>(first.data())->UnPackTo(&old);
    old.counter = flatbuffers::GetRoot<wire::fb::Presence>(newest.data())->counter();
    flatbuffers::FlatBufferBuilder builder;
    builder.Finish(wire::fb::Presence::Pack(builder, &old));
    return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
  }

  transport::Transport& inner_;
  Mutant mutant_;
  std::map<std::uint32_t, Bytes> first_;  // by session
};

}  // namespace

const std::vector<MutantName>& all_mutants() {
  static const std::vector<MutantName> names{
      {Mutant::ack_before_commit, "ack-before-commit"},
      {Mutant::ack_failed_writes, "ack-failed-writes"},
      {Mutant::drop_last_of_batch, "drop-last-of-batch"},
      {Mutant::lying_sync, "lying-sync"},
      {Mutant::rewrite_after_relay, "rewrite-after-relay"},
      {Mutant::backdate_records, "backdate-records"},
      {Mutant::refuse_what_is_taken, "refuse-what-is-taken"},
      {Mutant::swallow_refusals, "swallow-refusals"},
      {Mutant::hold_back_records, "hold-back-records"},
      {Mutant::alter_relayed_records, "alter-relayed-records"},
      {Mutant::unbounded_lane, "unbounded-lane"},
      {Mutant::forget_outbox, "forget-outbox"},
      {Mutant::repeat_challenges, "repeat-challenges"},
      {Mutant::write_as_viewer, "write-as-viewer"},
      {Mutant::refuse_for_role, "refuse-for-role"},
      {Mutant::forget_assets, "forget-assets"},
      {Mutant::reorder_records, "reorder-records"},
      {Mutant::steal_keys, "steal-keys"},
      {Mutant::rotten_scene, "rotten-scene"},
      {Mutant::submit_twice, "submit-twice"},
      {Mutant::swallow_changes, "swallow-changes"},
      {Mutant::swap_presence, "swap-presence"},
      {Mutant::revive_presence, "revive-presence"},
      {Mutant::flood_presence, "flood-presence"},
      {Mutant::starve_victim, "starve-victim"},
      {Mutant::endless_ring, "endless-ring"},
      {Mutant::bend_state, "bend-state"},
  };
  return names;
}

Mutant find_mutant(const std::string& name) {
  for (const auto& entry : all_mutants())
    if (name == entry.name) return entry.mutant;
  return Mutant::none;
}

std::unique_ptr<store::LogEngine> make_mutant_engine(Mutant mutant, store::LogEngine& inner) {
  switch (mutant) {
    case Mutant::ack_before_commit: return std::make_unique<HastyEngine>(inner, false);
    case Mutant::ack_failed_writes: return std::make_unique<HastyEngine>(inner, true);
    case Mutant::drop_last_of_batch:
    case Mutant::rewrite_after_relay:
    case Mutant::backdate_records: return std::make_unique<RewritingEngine>(inner, mutant);
    case Mutant::forget_assets: return std::make_unique<ForgetfulEngine>(inner);
    default: return nullptr;
  }
}

std::unique_ptr<store::LogEngine> make_mutant_sequencer(Mutant mutant, store::LogEngine& inner) {
  return mutant == Mutant::write_as_viewer ? std::make_unique<ForgingEngine>(inner) : nullptr;
}

bool bend(const scene::Scene& scene) {
  // The session owns a scene that is not const; nothing but this fault writes it from outside.
  auto& open = const_cast<scene::Scene&>(scene);
  ObjectId chosen;
  scene.for_each_entity([&](ObjectId entity) {
    if (scene.transform(entity) != nullptr) chosen = std::max(chosen, entity);
  });
  if (chosen == kNoObject) return false;
  auto transform = *scene.transform(chosen);
  transform.position.x += 1;
  scene::ChangeLog log;
  open.set_transform(chosen, transform, *scene.version({chosen, scene::Component::transform}), log);
  return true;
}

void reorder(std::vector<store::StoredRecord>& records) {
  if (records.size() < 4) return;
  auto& one = records[records.size() / 2];
  auto& other = records[records.size() / 2 + 1];
  std::swap(one, other);
  std::swap(one.seq, other.seq);
  constexpr std::size_t kSeqBytes = 8;
  for (auto* record : {&one, &other}) {
    Bytes bytes(record->bytes.view().begin(), record->bytes.view().end());
    const auto seq = record->seq.value();
    for (std::size_t at = 0; at < kSeqBytes; ++at) bytes[at] = static_cast<std::uint8_t>(seq >> (8 * at));
    record->bytes = SharedBytes(std::move(bytes));
  }
}

std::optional<SharedBytes> refuse_for_role(Lane lane, ByteView message) {
  if (lane != Lane::commands) return std::nullopt;
  const auto decoded = wire::decode_lane_message(message);
  const auto* submit = decoded ? std::get_if<wire::Submit>(&decoded->message) : nullptr;
  const auto nonce = submit ? log::peek_nonce(submit->packet) : std::nullopt;
  if (!nonce) return std::nullopt;
  wire::Refusal refusal;
  refusal.nonce = *nonce;
  refusal.code = wire::fb::RefusalCode::role_too_low;
  refusal.text = "refused on purpose";
  return SharedBytes(wire::encode(refusal));
}

std::unique_ptr<transport::Transport> make_mutant_transport(Mutant mutant, transport::Transport& inner,
                                                            IsVictim is_victim) {
  switch (mutant) {
    case Mutant::refuse_what_is_taken:
    case Mutant::swallow_refusals:
    case Mutant::hold_back_records:
    case Mutant::alter_relayed_records:
    case Mutant::unbounded_lane: return std::make_unique<MeddlingTransport>(inner, mutant, std::move(is_victim));
    case Mutant::swap_presence:
    case Mutant::revive_presence:
    case Mutant::flood_presence: return std::make_unique<PresenceMeddler>(inner, mutant);
    default: return nullptr;
  }
}

}  // namespace theta::sim
