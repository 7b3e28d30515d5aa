#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "commands.h"
#include "theta/base/result.h"
#include "theta/client/client.h"

namespace theta::cli {

/// What a subcommand that talks to a hub asks for.
struct PeerOptions {
  std::string link;
  std::string display_name;
  bool writer = true;
  /// False: keep nothing on disk (verification, export).
  bool keep_state = true;
  /// Whoever is no member yet joins by the link's invite; false for what only asks something of a member.
  bool joins = true;
  /// See client::SessionOptions.
  bool keep_signed_snapshot = false;
  std::optional<client::SessionOptions::OpenRoom> open_room;
  std::chrono::milliseconds connect_timeout{15'000};
};

/// A client that a subcommand drives to an end, and what an end by failure means for the exit code.
class Peer {
 public:
  template <class T>
  using Result = Expected<T, ExitCode>;
  using OnEvent = std::function<void(const client::Event&)>;

  /// Makes the identity if there is none.
  [[nodiscard]] static Result<std::unique_ptr<Peer>> open(const Context& context, const PeerOptions& options);

  [[nodiscard]] client::Client& client() { return *client_; }
  [[nodiscard]] client::Session& session() { return client_->session(); }
  /// Sees every event, in order, while `wait` and `turn` run.
  void on_event(OnEvent handler) { on_event_ = std::move(handler); }

  /// Until `done` holds. Fails when the session ends for good or when time runs out.
  [[nodiscard]] Result<void> wait(const std::function<bool()>& done, std::chrono::milliseconds timeout);
  [[nodiscard]] Result<void> wait_caught_up();
  /// One turn of the loop without waiting, then hands out events; fails when the session has ended for good.
  [[nodiscard]] Result<void> turn();

 private:
  Peer() = default;
  [[nodiscard]] Result<void> hand_out_events();

  std::unique_ptr<client::Client> client_;
  OnEvent on_event_;
  std::chrono::milliseconds connect_timeout_{};
  std::string last_trouble_;
};

/// What a refusal of the hub, or of the own session, means for the exit code (docs/errors.md).
[[nodiscard]] ExitCode exit_code_of(log::RefusalCode refusal);
[[nodiscard]] ExitCode exit_code_of(client::ClientError error);

/// The identity of a data folder, made on first use.
[[nodiscard]] Peer::Result<crypto::KeyPair> identity(const Context& context);

}  // namespace theta::cli
