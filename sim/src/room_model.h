#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "theta/replica/replica.h"
#include "theta/store/log_engine.h"

namespace theta::sim {

/// One record as it was when the store first said that it is on disk.
struct ModelRecord {
  SharedBytes stored;
  AuthorKey author;
  Nonce nonce;
  Hash256 header_hash;
  Hash256 record_hash;
  Hash256 state_hash;  // after it
  std::vector<replica::Outcome> outcomes;
  bool changed_scene = false;
  /// Somebody was promised that it stays: the store completed its write, or a peer has it.
  bool is_promised = false;
};

/// What one room must be, kept outside of the system: a replica of its own, moved by what the store said is on disk.
class RoomModel {
 public:
  /// The next record; what is wrong with it as a sentence, or empty.
  [[nodiscard]] std::optional<std::string> append(const store::StoredRecord& record, bool is_promised);
  /// Takes back what nobody was promised, after a restart did not find it. Precondition: `head` is not before the last
  /// promised record.
  void roll_back(Seq head);

  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  [[nodiscard]] Seq head() const { return replica_.head(); }
  [[nodiscard]] const std::vector<ModelRecord>& records() const { return records_; }
  /// Null for a seq that the log does not have.
  [[nodiscard]] const ModelRecord* find(Seq seq) const;
  void promise(Seq through);
  [[nodiscard]] Seq promised() const { return promised_; }
  /// Whether the author was an admin at every record since it first was one.
  [[nodiscard]] bool was_always_admin(const AuthorKey& author) const {
    return admins_.contains(author) && !former_admins_.contains(author);
  }

 private:
  void note_admins();

  replica::Replica replica_;
  std::vector<ModelRecord> records_;
  Seq promised_;
  std::set<AuthorKey> admins_;  // ever
  std::set<AuthorKey> former_admins_;
};

using RoomModels = std::map<RoomId, RoomModel>;

}  // namespace theta::sim
