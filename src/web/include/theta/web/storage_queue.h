#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "theta/client/persistence.h"

namespace theta::web {

/// A session's persistence where storing takes a while and may fail later: what is written waits here, in order, until
/// the page has it on its disk. Writes are numbered; whoever sends something asks for the newest number and sends when
/// it is committed, so that nothing is sent that is not kept.
///
/// After a failure nothing of the journal that came before is worth writing: appends are dropped until the next
/// `replace`, which holds everything but the assets; those are written with it. Bounded by what a session writes
/// between two states (client::limits::kJournalBytesMax), and by the assets that it uploads, whose bytes are shared
/// with it.
class StorageQueue final : public client::Persistence {
 public:
  explicit StorageQueue(Stored stored) : stored_(std::move(stored)) {}

  // What the session calls.
  [[nodiscard]] client::ClientResult<Stored> load() override;
  [[nodiscard]] client::ClientResult<void> replace(ByteView state) override;
  [[nodiscard]] client::ClientResult<void> append(ByteView entries) override;
  [[nodiscard]] client::ClientResult<void> sync() override { return {}; }
  [[nodiscard]] client::ClientResult<void> keep_asset(const AssetId& asset, const SharedBytes& bytes) override;
  [[nodiscard]] client::ClientResult<void> forget_asset(const AssetId& asset) override;

  enum class Kind : std::uint8_t {
    addition,  // to the journal
    state,     // which empties the journal
    asset,     // kept beside them
    forget,    // of an asset
  };
  struct Write {
    std::uint64_t number = 0;  // the newest that is in it; 0: stands for nothing but itself
    Kind kind = Kind::addition;
    AssetId asset = {};
    SharedBytes bytes = {};
  };
  /// The next one to store; to be stored before, or together with, those that come after.
  [[nodiscard]] std::optional<Write> take();
  /// Everything up to this number survives a crash of the machine.
  void committed(std::uint64_t number);
  /// What was taken last could not be stored.
  void failed();

  /// Of what was written last; 0: nothing yet.
  [[nodiscard]] std::uint64_t newest() const { return newest_; }
  [[nodiscard]] bool is_committed(std::uint64_t number) const { return number <= committed_; }
  /// A new state must be written before anything else can be.
  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] bool has_work() const { return !broken_ && (!waiting_.empty() || !addition_.empty()); }

 private:
  void close_addition();
  void drop_all_but_assets();

  Stored stored_;
  std::deque<Write> waiting_;
  Bytes addition_;           // behind all of `waiting_`
  std::deque<Write> taken_;  // assets, not committed yet
  std::uint64_t newest_ = 0;
  std::uint64_t committed_ = 0;
  bool broken_ = false;
};

}  // namespace theta::web
