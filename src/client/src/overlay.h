#pragma once

#include <optional>
#include <vector>

#include "event_queue.h"
#include "outbox.h"
#include "shown_values.h"
#include "theta/replica/replica.h"

namespace theta::client {

/// What the application sees: the log's state, and on top the author's commands that are not in it yet. Whoever moves
/// the state below takes the predictions back first (`begin_base`); `predict_all` puts them on again, which must come
/// before anybody looks or is told. Whatever looks different then is told to the event queue, and what only went and
/// came back is not.
class Overlay {
 public:
  Overlay(const AuthorKey& author, EventQueue& events) : author_(author), events_(events) {}

  /// With predictions, if there are.
  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  /// The author's chain in the log, and its highest object counter.
  [[nodiscard]] const ChainEnd& chain() const { return chain_; }
  [[nodiscard]] std::uint64_t object_counter() const { return object_counter_; }
  [[nodiscard]] bool is_member() const { return is_member_; }
  [[nodiscard]] wire::fb::Role role() const { return role_; }
  [[nodiscard]] AuthorSlot slot() const { return slot_; }
  /// False between `begin_base` and `predict_all`.
  [[nodiscard]] bool is_shown() const { return shown_; }

  /// The state below, without predictions, to apply records to.
  replica::Replica& begin_base();
  [[nodiscard]] replica::ReplicaResult<std::vector<replica::Outcome>> apply(const log::Record& record,
                                                                            replica::Trust trust);
  void replace(replica::Replica replica);

  /// Predicts what is in flight and what is queued, in this order.
  void predict_all(Outbox& outbox);
  /// Predicts one more draft behind all others. Precondition: `is_shown()`.
  [[nodiscard]] replica::Outcome predict_next(Draft& draft, ByteView payload);
  /// Whether a command would work behind all others; changes nothing. Precondition: `is_shown()`.
  [[nodiscard]] bool would_work(ByteView payload);

 private:
  void note_changes();
  void read_author();

  AuthorKey author_;
  EventQueue& events_;
  replica::Replica replica_;
  ChainEnd chain_;
  std::uint64_t object_counter_ = 0;
  wire::fb::Role role_ = wire::fb::Role::none;
  AuthorSlot slot_ = kNoSlot;
  bool is_member_ = false;
  bool shown_ = true;
  ShownValues before_;  // of what was predicted when predictions were shown last
  Nonce next_predicted_nonce_{1};
};

}  // namespace theta::client
