#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "event_queue.h"
#include "theta/base/time.h"
#include "theta/client/error.h"
#include "theta/log/command_rules.h"
#include "theta/transport/transport.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// Uploads and downloads on the bulk lane, one after the other, chunk by chunk. A new connection goes on where the last
/// one stopped. Downloaded bytes are believed only if they hash to the asset's id.
class AssetTransfers {
 public:
  /// `looks_first`: downloads wait for `supply` before they go to the hub.
  AssetTransfers(EventQueue& events, bool looks_first) : events_(events), looks_first_(looks_first) {}

  /// The caller bounds how many. Goes before downloads that wait, since commands may wait for it.
  [[nodiscard]] ClientResult<AssetId> upload(SharedBytes bytes);
  /// What is being uploaded is there already.
  void download(const AssetId& asset);
  /// Answers AssetWanted: with the asset, or with nothing. False: these bytes are another asset's, or torn.
  bool supply(const AssetId& asset, SharedBytes bytes);
  [[nodiscard]] std::size_t count() const { return queue_.size() + wanted_.size(); }
  [[nodiscard]] std::size_t upload_count() const;
  /// Of those that only the hub can give.
  [[nodiscard]] std::size_t download_count() const { return queue_.size() - upload_count(); }
  [[nodiscard]] bool is_uploading(const AssetId& asset) const { return find_upload(asset) != nullptr; }
  void each_upload(const std::function<void(const AssetId&, const SharedBytes&)>& tell) const;
  /// Uploads that the hub has taken, or will never take, each told once.
  [[nodiscard]] std::vector<AssetId> take_finished_uploads() { return std::exchange(finished_uploads_, {}); }

  /// Sends what may be sent. `next_request` numbers requests of the connection.
  void pump(transport::Transport& transport, transport::PeerId peer, std::uint32_t& next_request, MonotonicTime now);
  /// When `pump` has something to do again after a refusal.
  [[nodiscard]] std::optional<MonotonicTime> next_attempt() const;
  /// Since when an answer is owed.
  [[nodiscard]] std::optional<MonotonicTime> waiting_since() const;

  void on_state(const wire::fb::AssetState& state, MonotonicTime now);
  void on_chunk(const wire::fb::AssetChunk& chunk, MonotonicTime now);
  /// True when the request was one of these.
  bool on_refused(std::uint32_t request, const log::Refused& refusal, std::uint32_t retry_after_ms, MonotonicTime now);
  void on_disconnected();

 private:
  struct Transfer {
    AssetId asset;
    bool is_upload = false;
    SharedBytes source;           // upload
    Bytes received;               // download
    std::uint64_t total = 0;      // 0: not known yet
    std::uint64_t confirmed = 0;  // what the other side has, or what we have
    std::uint64_t requested = 0;  // sent, or asked for
    bool queried = false;         // upload: the hub told how much it has
    bool restarted = false;       // a wrong hash is tried again once from the start
  };
  [[nodiscard]] const Transfer* find_upload(const AssetId& asset) const;
  void ask_hub(const AssetId& asset);
  void finish_download();
  void fail_front(log::Refused refusal);
  void complete_front();
  [[nodiscard]] std::optional<SharedBytes> next_message(std::uint32_t request);
  void rewind();
  void report_progress();

  EventQueue& events_;
  const bool looks_first_;
  std::set<AssetId> wanted_;  // told by AssetWanted and not answered; together with the queue, the caller bounds them
  std::deque<Transfer> queue_;
  std::vector<AssetId> finished_uploads_;  // since they were taken last; at most as many as were queued
  std::deque<std::uint32_t> requests_;     // in flight, all of the front transfer, oldest first
  MonotonicTime hold_until_ = MonotonicTime::min();
  MonotonicTime last_answer_{};
  bool blocked_ = false;  // refused: wait until everything in flight is answered, then begin again where it stands
};

}  // namespace theta::client
