#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "theta/client/error.h"
#include "theta/client/identity.h"
#include "theta/client/session.h"

namespace theta::client {

struct ClientOptions {
  /// The room, its hub, and perhaps an invite. For a room to be opened: host, port and hub key suffice.
  log::RoomLink link = {};
  /// A new room. It has no folder yet, so nothing is kept; open it again by its link to have that.
  std::optional<SessionOptions::OpenRoom> open_room = {};
  std::string display_name = {};
  /// Where the room's state and what waits to be sent are kept, in a folder a room and author. Empty: in memory only,
  /// and lost with the process.
  std::string state_folder = {};
  /// False: only reads; other processes with the same key may write.
  bool writer = true;
  /// When another process has the room locked: open it read-only instead of failing. Its state is then not kept.
  bool read_only_if_locked = false;
  /// Begin without connecting.
  bool start_offline = false;
  /// See SessionOptions.
  bool keep_signed_snapshot = false;
  std::string software = "theta";
};

/// A native peer: a `Session` with a QUIC socket, the system's clocks and a folder. No thread of its own.
///
/// Thread rule: one thread, the same for all calls. Nothing happens but within `run_once`, `wait_until` and the calls
/// themselves, so call `run_once` often (every frame of an application), or when `fd()` is readable or `next_wakeup`
/// has come.
class Client {
 public:
  /// Reads the local state; fails with `storage`, `locked` or `network`. Does not wait for the hub.
  [[nodiscard]] static ClientResult<std::unique_ptr<Client>> open(ClientOptions options, const crypto::KeyPair& author);
  /// Says goodbye to the hub and saves the state. What was not acknowledged stays in the state folder.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Waits for the network or the next timer, at most `timeout`, and does what is due.
  void run_once(std::chrono::milliseconds timeout = std::chrono::milliseconds{0});
  /// Runs until `done` holds; `timed_out` otherwise, `stopped` when the session has ended for good.
  [[nodiscard]] ClientResult<void> wait_until(const std::function<bool()>& done, std::chrono::milliseconds timeout);
  /// Until the hub has acknowledged or refused everything submitted so far.
  [[nodiscard]] ClientResult<void> wait_until_idle(std::chrono::milliseconds timeout);
  [[nodiscard]] ClientResult<void> wait_until_caught_up(std::chrono::milliseconds timeout);

  /// Readable when the network has something; -1 while there is no socket (offline). May change after `run_once`.
  [[nodiscard]] int fd() const;
  /// How long a foreign loop may wait for `fd()`.
  [[nodiscard]] std::chrono::milliseconds next_timeout() const;

  /// All editing, presence, assets and queries. Brings the session's clock up to date.
  [[nodiscard]] Session& session();
  [[nodiscard]] const Session& session() const;
  /// The next event; see events.h.
  [[nodiscard]] std::optional<Event> poll_event();
  /// A link to this room for others; `ticket` from Session::make_invite.
  [[nodiscard]] log::RoomLink link(std::optional<log::RoomLink::Ticket> ticket = {}) const;
  [[nodiscard]] transport::PeerStats network_stats() const;
  /// True when another process has the room, and this one only reads.
  [[nodiscard]] bool is_read_only() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace theta::client
