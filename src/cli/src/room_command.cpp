#include <optional>

#include "commands.h"
#include "data_folder.h"
#include "link_terms.h"
#include "peer.h"
#include "theta/base/hex.h"
#include "theta/base/limits.h"
#include "theta/client/identity.h"
#include "theta/json/invite_key.h"
#include "theta/wire/text.h"

namespace theta::cli {

namespace {

struct RoomOptions {
  std::string name;
  std::string hub = "127.0.0.1:4433";
  std::string fingerprint;
  std::string display_name = "owner";
  InviteOptions invite;
};

/// From --fingerprint, else from the hub's own key when its data folder is the one in use.
Peer::Result<HubKey> hub_key(const Context& context, const RoomOptions& options) {
  if (!options.fingerprint.empty()) {
    const auto given = parse_fingerprint(options.fingerprint);
    if (given) return *given;
    return fail(ExitCode::usage,
                "--fingerprint: expected the 43 characters that the hub prints when it starts, got \"" +
                    options.fingerprint + "\"");
  }
  const auto key = client::load_identity(data_folder(context.data_option) + "/hub.key");
  if (!key)
    return fail(ExitCode::usage,
                "the hub's key is not known: give --fingerprint (the hub prints it when it starts), or --data with the "
                "hub's data folder");
  return key->public_key<HubKey>();
}

/// What is wrong with an address that `split_address` does not take.
std::string address_sentence(const std::string& typed) {
  const auto sentence = "--hub: expected HOST:PORT with a port from 1 to 65535, got \"" + typed + "\"";
  if (typed.find("://") == std::string::npos) return sentence;
  return sentence +
         "; leave out what stands before the name, and give the port of the hub's address \"quic\", which it prints "
         "when it starts: the page for browsers has another one";
}

ExitCode new_room(const Context& context, const RoomOptions& options) {
  if (options.name.empty() || options.name.size() > limits::kNameBytesMax)
    return context.output.fail(ExitCode::usage, "NAME: expected a room's name of 1 to " +
                                                    std::to_string(limits::kNameBytesMax) + " bytes, got " +
                                                    std::to_string(options.name.size()));
  if (options.display_name.size() > limits::kNameBytesMax || !wire::is_plain_text(options.display_name))
    return context.output.fail(ExitCode::usage, "--as: expected a name of at most " +
                                                    std::to_string(limits::kNameBytesMax) +
                                                    " bytes without control characters");
  const auto address = split_address(options.hub);
  if (!address) return context.output.fail(ExitCode::usage, address_sentence(options.hub));
  const auto key = hub_key(context, options);
  if (!key) return context.output.fail(key.error().code, key.error().message);
  const auto token_text = admin_token(data_folder(context.data_option));
  const auto token = from_base64url(token_text);
  if (!token_text.empty() && (!token || token->empty()))
    return context.output.fail(
        ExitCode::denied,
        "the admin token is malformed: expected the 43 characters of the hub's file admin.token, "
        "in THETA_ADMIN_TOKEN or in that file of the data folder");
  if (!token || token->empty())
    return context.output.fail(ExitCode::denied,
                               "opening a room needs the hub's admin token: give --data with the hub's data folder, or "
                               "set THETA_ADMIN_TOKEN to what its file admin.token holds");
  log::RoomLink link;
  link.host = address->host;
  link.port = address->port;
  link.hub = *key;
  PeerOptions peer_options;
  peer_options.link = log::to_string(link);
  peer_options.display_name = options.display_name;
  peer_options.open_room = client::SessionOptions::OpenRoom{options.name, *token};
  auto peer = Peer::open(context, peer_options);
  if (!peer) return context.output.fail(peer.error().code, peer.error().message);
  if (const auto opened = (*peer)->wait_caught_up(); !opened)
    return context.output.fail(opened.error().code, opened.error().message);
  return print_invite(context, **peer, options.invite);
}

ExitCode revoke_invite(const Context& context, const std::string& link, const std::string& invite) {
  const auto key = json::parse_invite_key(invite);
  if (!key)
    return context.output.fail(ExitCode::usage,
                               "--revoke: expected a link with an invite, or an invite's key as 64 hexadecimal digits");
  // Whoever writes needs what was signed before and is not acknowledged yet: a nonce must never be used twice.
  PeerOptions peer_options;
  peer_options.link = link;
  peer_options.joins = false;
  auto peer = Peer::open(context, peer_options);
  if (!peer) return context.output.fail(peer.error().code, peer.error().message);
  if (const auto ready = (*peer)->wait_caught_up(); !ready)
    return context.output.fail(ready.error().code, ready.error().message);
  const auto handle = (*peer)->session().submit(client::commands::revoke_invite(*key));
  if (!handle) return context.output.fail(exit_code_of(handle.error().code), handle.error().message);
  std::optional<client::CommandSettled> settled;
  (*peer)->on_event([&](const client::Event& event) {
    const auto* other = std::get_if<client::CommandSettled>(&event);
    if (other != nullptr && other->handle == *handle) settled = *other;
  });
  const auto waited = (*peer)->wait([&] { return settled.has_value(); }, peer_options.connect_timeout);
  if (!waited) return context.output.fail(waited.error().code, waited.error().message);
  if (settled->refusal) return context.output.fail(exit_code_of(settled->refusal->code), settled->refusal->text);
  if (settled->outcome && settled->outcome->status != replica::OutcomeStatus::applied)
    return context.output.fail(ExitCode::failed, replica::describe(*settled->outcome, {}));
  context.output.result({{"revoked", to_hex(key->view())}}, "the invite is revoked: nobody joins by it any more");
  return ExitCode::ok;
}

}  // namespace

void add_room_command(CLI::App& app, Context& context) {
  auto* room = app.add_subcommand("room", "Rooms of a hub");
  room->require_subcommand(1);
  auto* make = room->add_subcommand("new", "Open a room and print a link that invites editors");
  auto options = std::make_shared<RoomOptions>();
  make->add_option("NAME", options->name, "the room's name")->required();
  make->add_option("--hub", options->hub, "the hub's address, HOST:PORT")->capture_default_str();
  make->add_option("--as", options->display_name, "the name that others see")
      ->envname("THETA_NAME")
      ->capture_default_str();
  make->add_option("--fingerprint", options->fingerprint, "the hub's fingerprint, when its data folder is not here");
  make->add_option("--data", context.data_option,
                   "data folder: your identity, and the hub's admin token (default: per user)");
  add_invite_options(*make, options->invite);
  make->callback([&context, options] { context.run = [&context, options] { return new_room(context, *options); }; });
}

void add_invite_command(CLI::App& app, Context& context) {
  auto* command =
      app.add_subcommand("invite", "Print a link that lets others into a room of which you are admin, or revoke one");
  struct Options {
    std::string link;
    std::string revoked;
    InviteOptions invite;
  };
  auto options = std::make_shared<Options>();
  command->add_option("LINK", options->link, "any link to the room")->required();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  auto* revoke = command->add_option("--revoke", options->revoked,
                                     "nobody joins by this invite any more (its link, or its key in hexadecimal); who "
                                     "came by it stays");
  add_invite_options(*command, options->invite);
  for (const char* terms : {"--role", "--expires", "--uses"}) revoke->excludes(terms);
  command->callback([&context, options] {
    context.run = [&context, options]() -> ExitCode {
      if (!options->revoked.empty()) return revoke_invite(context, options->link, options->revoked);
      PeerOptions peer_options;
      peer_options.link = options->link;
      peer_options.writer = false;
      peer_options.keep_state = false;
      peer_options.joins = false;
      auto peer = Peer::open(context, peer_options);
      if (!peer) return context.output.fail(peer.error().code, peer.error().message);
      if (const auto ready = (*peer)->wait_caught_up(); !ready)
        return context.output.fail(ready.error().code, ready.error().message);
      return print_invite(context, **peer, options->invite);
    };
  });
}

}  // namespace theta::cli
