#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "command_json.h"
#include "commands.h"
#include "event_json.h"
#include "peer.h"
#include "theta/base/hex.h"

namespace theta::cli {

namespace {

struct JoinOptions {
  std::string link;
  std::string display_name;
  std::string print;
  bool once = false;
  bool read_only = false;
  bool watch = false;
  std::uint32_t timeout_s = 15;
};

/// Lines of standard input as they come, without ever blocking the peer.
class LineReader {
 public:
  [[nodiscard]] bool at_end() const { return at_end_; }

  /// Reads what is there and calls `take` with each whole line.
  template <class Take>
  void read(Take take) {
    std::array<char, 65536> chunk{};
    const auto count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      at_end_ = true;
      if (!partial_.empty()) take(partial_);
      partial_.clear();
      return;
    }
    partial_.append(chunk.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n', begin)) {
      if (end > begin) take(partial_.substr(begin, end - begin));
      begin = end + 1;
    }
    partial_.erase(0, begin);
    constexpr std::size_t kLineBytesMax = 16 * 1024 * 1024;
    if (partial_.size() > kLineBytesMax) at_end_ = true;
  }

 private:
  std::string partial_;
  bool at_end_ = false;
};

volatile std::sig_atomic_t interrupted = 0;

class Join {
 public:
  Join(const Context& context, const JoinOptions& options, Peer& peer)
      : context_(context), options_(options), peer_(peer) {
    peer_.on_event([this](const client::Event& event) {
      if (const auto line = event_line(event)) report(*line);
    });
  }

  ExitCode run() {
    if (const auto ready = peer_.wait_caught_up(); !ready)
      return context_.output.fail(ready.error().code, ready.error().message);
    if (!options_.once)
      if (const auto code = follow(); code != ExitCode::ok) return code;
    return print();
  }

 private:
  void report(const Json& line) const { context_.output.result(line, event_sentence(line)); }

  /// Until the input ends and everything in it is settled (or, with --watch, until a signal).
  ExitCode follow() {
    LineReader input;
    while (interrupted == 0) {
      const bool done = input.at_end() && !options_.watch && peer_.session().is_idle();
      if (done) break;
      wait_for_something(!input.at_end());
      if (!input.at_end() && is_readable_) input.read([this](const std::string& line) { take(line); });
      if (const auto turned = peer_.turn(); !turned)
        return context_.output.fail(turned.error().code, turned.error().message);
    }
    // Commands still under way are kept for next time; say so rather than wait for ever.
    if (!peer_.session().is_idle())
      context_.output.note("some commands are not acknowledged yet; they are kept and sent when you join again");
    return bad_lines_ == 0 ? ExitCode::ok : ExitCode::bad_input;
  }

  void wait_for_something(bool with_input) {
    std::array<pollfd, 2> wanted{};
    nfds_t count = 0;
    if (const int fd = peer_.client().fd(); fd >= 0) wanted[count++] = {fd, POLLIN, 0};
    const nfds_t input_at = count;
    if (with_input) wanted[count++] = {STDIN_FILENO, POLLIN, 0};
    const auto timeout = std::min(peer_.client().next_timeout(), std::chrono::milliseconds{500});
    ::poll(wanted.data(), count, static_cast<int>(timeout.count()));
    is_readable_ = with_input && (wanted[input_at].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
  }

  void take(const std::string& text) {
    const auto line = Json::parse(text, nullptr, false);
    const auto submitted = line.is_discarded()
                               ? fail(CommandJsonError::malformed, std::string("expected one JSON object a line"))
                               : submit_json(peer_.session(), line);
    if (!submitted) {
      ++bad_lines_;
      report({{"event", "bad_line"}, {"text", submitted.error().message}, {"line", text.substr(0, 200)}});
      return;
    }
    Json answer = {{"event", "submitted"}, {"handle", submitted->handle.value()}};
    if (!line.is_discarded() && line.contains("tag")) answer["tag"] = line["tag"];
    if (!submitted->ids.empty()) {
      Json ids = Json::array();
      for (const auto id : submitted->ids) ids.push_back(to_text(id));
      answer["ids"] = std::move(ids);
    }
    report(answer);
  }

  ExitCode print() {
    auto& session = peer_.session();
    if (options_.print == "state-hash") {
      const auto hash = to_hex(session.confirmed_state_hash().view());
      context_.output.result({{"state_hash", hash}, {"seq", session.confirmed_head().value()}}, hash);
    }
    if (options_.print == "scene") context_.output.event(scene_json(session.scene()));
    if (options_.print == "stats") {
      const auto stats = session.statistics();
      context_.output.event({{"entities", session.scene().entity_count()},
                             {"members", session.replica().members().size()},
                             {"seq", session.confirmed_head().value()},
                             {"queued_commands", stats.queued_commands},
                             {"commands_in_flight", stats.commands_in_flight},
                             {"records_applied", stats.records_applied},
                             {"packets_sent", stats.packets_sent},
                             {"packets_resent", stats.packets_resent},
                             {"refusals", stats.refusals},
                             {"reconnects", stats.reconnects}});
    }
    return ExitCode::ok;
  }

  const Context& context_;
  const JoinOptions& options_;
  Peer& peer_;
  bool is_readable_ = false;
  int bad_lines_ = 0;
};

ExitCode run_join(const Context& context, const JoinOptions& options) {
  PeerOptions peer_options;
  peer_options.link = options.link;
  peer_options.display_name = options.display_name;
  peer_options.writer = !options.read_only;
  peer_options.keep_state = !options.read_only;
  peer_options.connect_timeout = std::chrono::seconds{options.timeout_s};
  auto peer = Peer::open(context, peer_options);
  if (!peer) return context.output.fail(peer.error().code, peer.error().message);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  return Join(context, options, **peer).run();
}

}  // namespace

void add_join_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("join", "Take part in a room: commands as JSON lines on stdin, events on stdout");
  auto options = std::make_shared<JoinOptions>();
  command->add_option("LINK", options->link, "the room's link")->required();
  command->add_option("--as", options->display_name, "the name that others see");
  command->add_option("--print", options->print, "print this at the end")
      ->check(CLI::IsMember({"state-hash", "scene", "stats"}));
  command->add_flag("--once", options->once, "leave as soon as everything is received");
  command->add_flag("--read-only", options->read_only, "only look; keep nothing on disk");
  command->add_flag("--watch", options->watch, "stay after the input has ended");
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the hub")->capture_default_str();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->footer(
      "One JSON object a line, for example\n"
      "  {\"command\":\"create_entities\",\"name\":\"box\",\"position\":[0,1,0]}\n"
      "  {\"command\":\"set_transform\",\"targets\":[\"1:1\"],\"position\":[2,0,0]}\n"
      "Commands: create_entities delete_entities duplicate_entities rename_entity reparent_entities reorder_entities\n"
      "set_transform translate_by rotate_by scale_by set_mesh set_material set_light set_camera set_visibility\n"
      "change_tags set_app_component highlight_selection activate_tool deactivate_tool grant_role revoke_role\n"
      "set_policy undo redo. Fields: docs/cli.md.");
  command->callback([&context, options] { context.run = [&context, options] { return run_join(context, *options); }; });
}

}  // namespace theta::cli
