#include "session_impl.h"
#include "theta/base/hex.h"

namespace theta::client {

namespace {

/// A state that nothing came into yet, neither from a hub nor from the author.
bool is_blank(const DecodedState& state, ByteView journal) {
  return state.snapshot.empty() && journal.empty() && state.facts.first_packet.empty() && state.outbox.empty();
}

}  // namespace

ClientResult<void> Session::Impl::restore() {
  if (persistence == nullptr) return {};
  auto stored = persistence->load();
  if (!stored) return tl::unexpected(stored.error());
  // Before anything else asks for the lane.
  for (auto& asset : stored->assets) static_cast<void>(assets.upload(std::move(asset)));
  // The journal belongs to a state, so there is one from the start.
  if (stored->state.empty()) return begin_state();
  auto state = decode_state(stored->state);
  if (!state) return tl::unexpected(state.error());
  // A link with a wrong fingerprint leaves a blank state behind, which must not keep the right one out.
  if (state->facts.hub != options.hub && is_blank(*state, stored->journal)) return begin_state();
  if (auto fitting = check_state_fits(state->facts); !fitting) return fitting;
  if (!state->snapshot.empty()) {
    auto loaded = replica::Replica::load_snapshot(state->snapshot, false);
    if (!loaded)
      return fail(ClientError::storage, "the local state's snapshot does not load: " + loaded.error().message +
                                            "; move the state folder away and join the room again");
    overlay.replace(std::move(*loaded));
  }
  facts = std::move(state->facts);
  outbox = std::move(state->outbox);
  const auto replayed = Journal::replay(stored->journal, [this](const JournalEntry& entry) { return replay(entry); });
  if (replayed.is_damaged)
    return fail(ClientError::storage,
                "the local state's journal is damaged from byte " + std::to_string(replayed.bytes) + " of " +
                    std::to_string(stored->journal.size()) +
                    " on, and what was queued behind that cannot be read; restore the state folder from a backup, or "
                    "move it away and join again without what was queued");
  clock.observe(overlay.replica().latest_stamp());
  for (const auto& draft : outbox.drafts()) clock.observe(draft.stamp);
  for (const auto& packet : outbox.in_flight()) clock.observe(packet.packet.header.stamp);
  clock.observe(facts.last_stamp);
  note_minted();
  events = EventQueue();
  show();
  events = EventQueue();
  if (overlay.replica().head() != Seq{0}) events.push_everything_changed();
  journal.set_size(replayed.bytes);
  journal.note_kept(CommandHandle{facts.next_handle.value() - 1});
  // Whatever follows a torn entry could not be read again either, so the next entry must not stand behind it.
  if (replayed.bytes != stored->journal.size()) save();
  report_storage();
  return {};
}

ClientResult<void> Session::Impl::begin_state() {
  save();
  report_storage();
  return {};
}

ClientResult<void> Session::Impl::check_state_fits(const LocalFacts& kept) const {
  const bool same_room = options.room.is_zero() || kept.room == options.room;
  if (!same_room || kept.author != author())
    return fail(ClientError::storage, "the local state is of another room or author; use another state folder");
  if (kept.hub != options.hub)
    return fail(ClientError::storage, "the local state comes from the hub with the fingerprint " +
                                          to_base64url(kept.hub.view()) + ", but the link names " +
                                          to_base64url(options.hub.view()) +
                                          "; ask whoever sent the link, and only if the room has moved to that hub, "
                                          "move the state away and join again");
  return {};
}

bool Session::Impl::replay(const JournalEntry& entry) {
  switch (entry.kind) {
    case JournalEntry::Kind::queued: {
      auto draft = entry.draft;
      facts.next_handle = std::max(facts.next_handle, CommandHandle{draft.handle.value() + 1});
      const auto replaced = outbox.add(std::move(draft));
      return replaced.value_or(CommandHandle{}) == entry.handle;
    }
    case JournalEntry::Kind::removed: return !outbox.remove_draft(entry.handle).empty();
    case JournalEntry::Kind::signed_: {
      auto packet = log::decode_packet(entry.bytes);
      if (!packet || packet->header.author != author() || !Outbox::can_restore(*packet)) return false;
      auto drafts = outbox.take_front(packet->header.command_count);
      if (drafts.size() != packet->header.command_count) return false;
      outbox.restore_packet(std::move(*packet), std::move(drafts));
      return true;
    }
    case JournalEntry::Kind::unsigned_: {
      const auto* packet = outbox.find(entry.nonce);
      const auto count = packet ? packet->drafts.size() : 0;
      outbox.unsign_from(entry.nonce);
      for (std::size_t i = 0; entry.alone && i < count; ++i) outbox.drafts()[i].alone = true;
      return count > 0;
    }
    case JournalEntry::Kind::record: {
      const auto record = log::decode_record(entry.bytes);
      if (!record || !overlay.apply(*record, replica::Trust::trusted_source)) return false;
      for (auto count = outbox.count_through(record->header_hash); count > 0; --count)
        static_cast<void>(outbox.acknowledge_front());
      return true;
    }
  }
  return false;
}

/// The highest counters used by what waits, which the log does not know yet.
void Session::Impl::note_minted() {
  const auto note = [this](const Draft& draft) {
    for (const auto& [first, count] : minted_ids(draft.payload))
      last_used_counter = std::max(last_used_counter, counter_of(first) + count - 1);
  };
  for (const auto& packet : outbox.in_flight())
    for (const auto& draft : packet.drafts) note(draft);
  for (const auto& draft : outbox.drafts()) note(draft);
  facts.next_object_counter = std::max(facts.next_object_counter, last_used_counter + 1);
}

void Session::Impl::save() {
  if (persistence == nullptr) return;
  auto& base = overlay.begin_base();
  const auto saved = base.head() == Seq{0} ? Bytes() : base.save_snapshot();
  const bool had_gap = journal.is_broken();
  journal.replace(encode_state(facts, outbox, saved));
  if (had_gap)
    assets.each_upload([this](const AssetId& asset, const SharedBytes& bytes) { journal.keep_asset(asset, bytes); });
  if (!journal.is_broken()) {
    outbox.note_written();
    journal.note_kept(CommandHandle{facts.next_handle.value() - 1});
  }
}

void Session::Impl::report_storage() {
  if (auto failure = journal.take_failure()) events.push(StorageFailed{std::move(*failure)});
}

}  // namespace theta::client
