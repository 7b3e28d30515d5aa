#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "theta/client/session.h"
#include "theta/replica/replica.h"

namespace theta::web {

/// The room as it was after one record: all records up to it, applied one by one to a replica of its own, every
/// signature and every link of the chain verified. Goes on from an earlier look where that one ended.
class LookBack {
 public:
  /// `from`: a replica of this room at an earlier record, or a new one. `session` must outlive it.
  LookBack(client::Session& session, replica::Replica from, Seq target);

  /// Nobody waits for it any more; what it has verified so far can be taken all the same.
  void cancel();
  /// True when the event was the answer that this waits for.
  bool on_event(const client::Event& event);
  /// Applies some records, or asks for more.
  void advance();
  [[nodiscard]] bool has_work() const;
  [[nodiscard]] bool is_ready() const { return replica_.head() == target_; }
  /// A sentence when it cannot be shown.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] double fraction() const;
  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  [[nodiscard]] replica::Replica take_replica() { return std::move(replica_); }

 private:
  client::Session& session_;
  replica::Replica replica_;
  Seq begin_;
  Seq target_;
  std::optional<std::uint32_t> query_;
  std::vector<log::Record> records_;
  std::size_t next_record_ = 0;
  std::string trouble_;
};

}  // namespace theta::web
