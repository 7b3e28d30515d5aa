#include "overlay.h"

#include "theta/base/check.h"

namespace theta::client {

replica::Replica& Overlay::begin_base() {
  if (shown_ && replica_.has_predictions()) {
    before_.remember(replica_.scene(), replica_.predicted_changes());
    replica_.drop_predictions();
    events_.expect_changes();
    if (replica_.members_changed()) events_.push_members_changed();
  }
  shown_ = false;
  return replica_;
}

void Overlay::note_changes() {
  if (replica_.members_changed()) events_.push_members_changed();
  // What was predicted is compared once all predictions stand again.
  for (const auto& change : replica_.last_changes())
    if (!before_.contains(change.key)) events_.push_change(change.key);
}

replica::ReplicaResult<std::vector<replica::Outcome>> Overlay::apply(const log::Record& record, replica::Trust trust) {
  begin_base();
  auto outcomes = replica_.apply(record, trust);
  if (outcomes) {
    note_changes();
    if (record.packet.header.author == author_ || replica_.members_changed()) read_author();
  }
  return outcomes;
}

void Overlay::replace(replica::Replica replica) {
  replica_ = std::move(replica);
  shown_ = false;
  before_.clear();
  read_author();
  events_.push_everything_changed();
}

void Overlay::read_author() {
  const auto* member = replica_.members().find(author_);
  is_member_ = member != nullptr;
  role_ = member ? member->role : wire::fb::Role::none;
  slot_ = member ? member->slot : kNoSlot;
  chain_ = member ? ChainEnd{member->nonce, member->head, member->stamp} : ChainEnd{};
  object_counter_ = member ? member->object_counter : 0;
}

void Overlay::predict_all(Outbox& outbox) {
  begin_base();
  shown_ = true;
  next_predicted_nonce_ = Nonce{chain_.nonce.value() + 1};
  if (replica_.head() == Seq{0}) return;
  for (auto& packet : outbox.in_flight()) {
    const auto& header = packet.packet.header;
    // What a snapshot already holds is not shown twice.
    if (header.nonce <= chain_.nonce) continue;
    static_cast<void>(
        replica_.predict({author_, header.nonce, header.base_seq, header.stamp, packet.packet.payload.view()}));
    note_changes();
    for (std::size_t i = 0; i < packet.drafts.size(); ++i)
      packet.drafts[i].shown_at = {header.nonce, static_cast<std::uint16_t>(i)};
    next_predicted_nonce_ = Nonce{header.nonce.value() + 1};
  }
  for (auto& draft : outbox.drafts())
    static_cast<void>(predict_next(draft, outbox.resolved_payload(draft, Outbox::Places::overlay)));
  before_.take_different(replica_.scene(), [this](const scene::RegisterKey& key) { events_.push_change(key); });
}

replica::Outcome Overlay::predict_next(Draft& draft, ByteView payload) {
  THETA_CHECK(shown_);
  draft.shown_at = {next_predicted_nonce_, 0};
  next_predicted_nonce_ = Nonce{next_predicted_nonce_.value() + 1};
  const auto outcomes = replica_.predict({author_, draft.shown_at.nonce, draft.base_seq, draft.stamp, payload});
  note_changes();
  return outcomes.empty() ? replica::Outcome{} : outcomes.front();
}

bool Overlay::would_work(ByteView payload) {
  THETA_CHECK(shown_);
  const auto outcomes =
      replica_.try_out({author_, next_predicted_nonce_, replica_.head(), replica_.latest_stamp(), payload});
  return !outcomes.empty() && outcomes.front().status != replica::OutcomeStatus::rejected;
}

}  // namespace theta::client
