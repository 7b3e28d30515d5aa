#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "theta/client/session.h"
#include "theta/web/link.h"
#include "theta/web/storage_queue.h"

namespace theta::web {

struct CoreOptions {
  RoomId room = {};
  HubKey hub = {};
  std::optional<log::RoomLink::Ticket> ticket = {};
  std::string display_name = {};
  /// False: only reads; another page of the same person writes.
  bool writer = true;
  bool start_offline = false;
  /// False: nothing is stored, and an edit is safe only when the hub has it.
  bool keeps = true;
  /// The page keeps assets: `asset_wanted` asks for each before the hub is asked, and `supply_asset` answers.
  bool keeps_assets = false;
  /// Seeds the jitter of reconnects. Not a secret.
  std::uint64_t random_seed = 0;
};

/// One room of a page: a session, what carries its lanes, what keeps its state, and all that the page is told, as JSON.
/// The page (or its worker) drives it: frames, storage, clocks and random bytes come in as arguments, frames, writes
/// and outputs are asked for. web/client/src/core.ts is the other half of every name here.
///
/// One thread. Nothing happens but in the calls.
class Core {
 public:
  /// `stored`: what was kept of this room and author. Fails with a sentence when that cannot be read; it is left alone.
  [[nodiscard]] static client::ClientResult<std::unique_ptr<Core>> create(const CoreOptions& options,
                                                                          const crypto::KeyPair& author,
                                                                          client::Persistence::Stored stored, Now now);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  /// Does what is due. Call after every frame that came in, and at `next_wakeup`.
  void step(Now now);
  [[nodiscard]] std::optional<MonotonicTime> next_wakeup() const;
  /// A task can go on at once.
  [[nodiscard]] bool wants_step() const;

  [[nodiscard]] Link& link();
  /// As it should be shown now; what the outputs make the page's copy equal to.
  [[nodiscard]] const scene::Scene& scene() const;
  /// Null when nothing is kept.
  [[nodiscard]] StorageQueue* storage();
  /// What was taken of the storage last could not be stored; tried again by and by.
  void storage_failed(const std::string& text);

  /// What a function of the page asks for.
  struct Reply {
    /// The answer's fields, or `{"error":{"code":…,"text":…}}`.
    std::string json;
    Bytes bytes;
  };
  /// `json` names the function ("call") and its arguments; `bytes` come along where a function takes some.
  [[nodiscard]] Reply call(const std::string& json, ByteView bytes, Now now);

  /// What the page is told.
  struct Output {
    /// An object with a field "event".
    std::string json;
    SharedBytes bytes;
  };
  /// Turns what has happened into outputs; as often as the page wants to hear, at most once a frame. What was told may
  /// be what a task waited for: look at `wants_step` again.
  void poll();
  [[nodiscard]] std::optional<Output> next_output();

 private:
  struct Impl;
  explicit Core(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Functions that need no room: `parse_link`, `decode_mesh`, `encode_mesh`.
[[nodiscard]] Core::Reply call_without_room(const std::string& json, ByteView bytes);

}  // namespace theta::web
