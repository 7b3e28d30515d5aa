#include "peer.h"

#include <filesystem>

#include "data_folder.h"
#include "theta/client/identity.h"

namespace theta::cli {

ExitCode exit_code_of(log::RefusalCode refusal) {
  switch (refusal) {
    case log::RefusalCode::not_member:
    case log::RefusalCode::role_too_low:
    case log::RefusalCode::suspended:
    case log::RefusalCode::equivocation:
    case log::RefusalCode::invite_invalid:
    case log::RefusalCode::invite_expired:
    case log::RefusalCode::invite_exhausted:
    case log::RefusalCode::invite_revoked:
    case log::RefusalCode::unauthenticated:
    case log::RefusalCode::forbidden: return ExitCode::denied;
    default: return ExitCode::failed;
  }
}

ExitCode exit_code_of(client::ClientError error) {
  switch (error) {
    case client::ClientError::network: return ExitCode::unreachable;
    case client::ClientError::not_permitted: return ExitCode::denied;
    case client::ClientError::bad_command: return ExitCode::bad_input;
    default: return ExitCode::failed;
  }
}

namespace {

ExitCode exit_code_of(const client::Disconnected& gone) {
  if (gone.refusal != log::RefusalCode::none) return cli::exit_code_of(gone.refusal);
  switch (gone.reason) {
    case transport::CloseReason::unauthenticated: return ExitCode::denied;
    case transport::CloseReason::unreachable:
    case transport::CloseReason::idle_timeout: return ExitCode::unreachable;
    default: return ExitCode::failed;
  }
}

}  // namespace

Peer::Result<crypto::KeyPair> identity(const Context& context) {
  const auto folder = data_folder(context.data_option);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  auto key = client::load_or_create_identity(identity_path(folder));
  if (!key) return fail(exit_code_of(key.error().code), key.error().message);
  return *key;
}

Peer::Result<std::unique_ptr<Peer>> Peer::open(const Context& context, const PeerOptions& options) {
  const auto link = log::parse_link(options.link);
  if (!link) return fail(ExitCode::bad_input, link.error().message);
  const auto key = identity(context);
  if (!key) return tl::unexpected(key.error());
  client::ClientOptions client_options;
  client_options.link = *link;
  if (!options.joins) client_options.link.ticket.reset();
  client_options.open_room = options.open_room;
  client_options.display_name = options.display_name;
  client_options.writer = options.writer;
  client_options.keep_signed_snapshot = options.keep_signed_snapshot;
  if (options.keep_state) client_options.state_folder = rooms_path(data_folder(context.data_option));
  auto opened = client::Client::open(std::move(client_options), *key);
  if (!opened) return fail(exit_code_of(opened.error().code), opened.error().message);
  std::unique_ptr<Peer> peer(new Peer);
  peer->client_ = std::move(*opened);
  peer->connect_timeout_ = options.connect_timeout;
  return peer;
}

Peer::Result<void> Peer::hand_out_events() {
  while (auto event = client_->poll_event()) {
    if (on_event_) on_event_(*event);
    if (const auto* gone = std::get_if<client::Disconnected>(&*event)) {
      last_trouble_ = gone->text;
      // A session goes on asking whether an admin has given a revoked role back; whoever types a command wants to know.
      const auto code = exit_code_of(*gone);
      if (!gone->will_retry || code == ExitCode::denied) return fail(code, gone->text);
    }
    if (const auto* diverged = std::get_if<client::Diverged>(&*event))
      return fail(ExitCode::verification, diverged->text);
  }
  return {};
}

Peer::Result<void> Peer::turn() {
  client_->run_once();
  return hand_out_events();
}

Peer::Result<void> Peer::wait(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    if (auto handed = hand_out_events(); !handed) return handed;
    if (done()) return {};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    client_->run_once(std::min(left, std::chrono::milliseconds{200}));
  }
  return fail(ExitCode::unreachable,
              last_trouble_.empty() ? "the hub did not answer in time; is it running, and is the link's address right?"
                                    : "gave up waiting for the hub: " + last_trouble_);
}

Peer::Result<void> Peer::wait_caught_up() {
  return wait([this] { return session().caught_up(); }, connect_timeout_);
}

}  // namespace theta::cli
