#pragma once

#include <string>
#include <vector>

#include "room_state.h"
#include "theta/replica/replica.h"

namespace theta::replica {

struct Replica::Impl {
  RoomState state;
  std::string name;
  Seq head;
  Hash256 record_hash;
  WallTime hub_time{};
  Stamp latest_stamp;

  // What the last step did; with predictions, what all of them did.
  StateLog step_log;
  std::uint64_t predictions = 0;
  StateLog::Mark changes_from;
  bool changes_known = false;
  std::vector<scene::ChangeLog::Change> changes;
  bool members_changed = false;

  [[nodiscard]] Hash256 state_hash() const;
  [[nodiscard]] const Journal* journal_of(const AuthorKey& author) const;
  std::vector<Outcome> advance(const log::Record& record, std::uint64_t object_counter);
  [[nodiscard]] std::vector<Outcome> execute(const Draft& draft, Seq seq, StateLog& log);
  void settle_author(const log::Record& record, std::uint64_t object_counter);
  void note_member_changes(std::size_t from_step);
  void begin_step();
};

}  // namespace theta::replica
