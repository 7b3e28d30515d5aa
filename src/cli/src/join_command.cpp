#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "commands.h"
#include "line_reader.h"
#include "peer.h"
#include "scene_text.h"
#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/event_json.h"
#include "theta/json/scene_json.h"

namespace theta::cli {

namespace {

using json::CommandJsonError;
using json::event_line;
using json::event_sentence;
using json::members_json;
using json::members_text;
using json::scene_json;

struct JoinOptions {
  std::string link;
  std::string display_name;
  std::string print;
  bool once = false;
  bool read_only = false;
  bool watch = false;
  std::uint32_t timeout_s = 15;
};

volatile std::sig_atomic_t interrupted = 0;

class Join {
 public:
  Join(const Context& context, const JoinOptions& options, Peer& peer)
      : context_(context), options_(options), peer_(peer) {
    peer_.on_event([this](const client::Event& event) {
      if (const auto line = event_line(event)) report(*line);
      if (const auto* settled = std::get_if<client::CommandSettled>(&event))
        if (settled->refusal) note_trouble(exit_code_of(settled->refusal->code), settled->refusal->text);
    });
  }

  ExitCode run() {
    if (const auto ready = peer_.wait_caught_up(); !ready) {
      say_what_is_not_read("no command on standard input was read, and none is kept; join again when the hub answers");
      return context_.output.fail(ready.error().code, ready.error().message);
    }
    if (options_.once)
      say_what_is_not_read(
          "--once reads no commands: what waits on standard input was left there; without --once, join takes it and "
          "leaves when it has ended");
    else if (const auto code = follow(); code != ExitCode::ok)
      return code;
    print();
    if (!trouble_) return ExitCode::ok;
    return context_.output.fail(trouble_->code, "not every command was taken, the first because: " + trouble_->message);
  }

 private:
  void report(const Json& line) const { context_.output.result(line, event_sentence(line)); }

  /// Commands that are left lying must not seem to be taken. Looks, and reads nothing: the input belongs to whoever
  /// called.
  void say_what_is_not_read(const std::string& sentence) const {
    int waiting = 0;
    if (isatty(STDIN_FILENO) != 0 || ioctl(STDIN_FILENO, FIONREAD, &waiting) != 0 || waiting <= 0) return;
    context_.output.note(sentence);
  }

  /// Until the input ends and everything in it is settled (or, with --watch, until a signal).
  ExitCode follow() {
    while (interrupted == 0) {
      const bool done = at_end_ && !options_.watch && peer_.session().is_idle();
      if (done) break;
      wait_for_something(!at_end_);
      if (!at_end_ && is_readable_) read_input();
      if (const auto turned = peer_.turn(); !turned)
        return context_.output.fail(turned.error().code, turned.error().message);
    }
    // Commands still under way are kept for next time; say so rather than wait for ever.
    if (!peer_.session().is_idle())
      context_.output.note("some commands are not acknowledged yet; they are kept and sent when you join again");
    return ExitCode::ok;
  }

  void read_input() {
    std::array<char, 65536> chunk{};
    const auto count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count > 0) return input_.add({chunk.data(), static_cast<std::size_t>(count)});
    at_end_ = true;
    input_.finish();
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

  /// The first thing that went wrong decides the exit code.
  void note_trouble(ExitCode code, const std::string& sentence) {
    if (!trouble_) trouble_ = Failure<ExitCode>{code, sentence};
  }

  void take_bad_line(std::string_view text, const std::string& what, ExitCode code) {
    note_trouble(code, what);
    report({{"event", "bad_line"}, {"text", what}, {"line", text.substr(0, LineReader::kBeginningBytes)}});
  }

  static ExitCode exit_code_of_line(CommandJsonError error) {
    switch (error) {
      case CommandJsonError::malformed: return ExitCode::bad_input;
      case CommandJsonError::refused:
      case CommandJsonError::not_ready: return ExitCode::failed;
      case CommandJsonError::not_permitted: return ExitCode::denied;
    }
    return ExitCode::failed;
  }

  void take(std::string_view text) {
    if (options_.read_only)
      return take_bad_line(text, "--read-only takes no commands; without it, join does", ExitCode::usage);
    const auto line = Json::parse(text, nullptr, false);
    if (line.is_discarded()) return take_bad_line(text, "expected one JSON object a line", ExitCode::bad_input);
    const auto submitted = json::submit_json(peer_.session(), line);
    if (!submitted) return take_bad_line(text, submitted.error().message, exit_code_of_line(submitted.error().code));
    Json answer = {{"event", "submitted"}, {"handle", submitted->handle.value()}};
    if (line.contains("tag")) answer["tag"] = line["tag"];
    if (!submitted->ids.empty()) {
      Json ids = Json::array();
      for (const auto id : submitted->ids) ids.push_back(json::to_text(id));
      answer["ids"] = std::move(ids);
    }
    if (submitted->took) answer["took"] = submitted->took->value();
    report(answer);
  }

  void print() {
    auto& session = peer_.session();
    if (options_.print == "state-hash") {
      const auto hash = to_hex(session.confirmed_state_hash().view());
      context_.output.result({{"state_hash", hash}, {"seq", session.confirmed_head().value()}}, hash);
    }
    if (options_.print == "scene") context_.output.result(scene_json(session.scene()), scene_text(session.scene()));
    if (options_.print == "members") {
      const auto json = members_json(session.replica().members());
      context_.output.result(json, members_text(json));
    }
    if (options_.print == "stats") {
      const auto json = stats_json();
      context_.output.result(json, table(json));
    }
  }

  [[nodiscard]] Json stats_json() {
    auto& session = peer_.session();
    const auto stats = session.statistics();
    return {{"entities", session.scene().entity_count()},
            {"members", session.replica().members().size()},
            {"seq", session.confirmed_head().value()},
            {"queued_commands", stats.queued_commands},
            {"commands_in_flight", stats.commands_in_flight},
            {"records_applied", stats.records_applied},
            {"packets_sent", stats.packets_sent},
            {"packets_resent", stats.packets_resent},
            {"refusals", stats.refusals},
            {"reconnects", stats.reconnects}};
  }

  static std::string table(const Json& numbers) {
    constexpr std::size_t kNameWidth = 20;
    std::string text;
    for (const auto& [name, value] : numbers.items()) {
      auto row = name;
      std::replace(row.begin(), row.end(), '_', ' ');
      row.resize(std::max(row.size(), kNameWidth), ' ');
      text += (text.empty() ? "" : "\n") + row + value.dump();
    }
    return text;
  }

  const Context& context_;
  const JoinOptions& options_;
  Peer& peer_;
  LineReader input_{[this](std::string_view line) { take(line); },
                    [this](std::string_view beginning) {
                      take_bad_line(beginning,
                                    "the line is longer than " + std::to_string(LineReader::kLineBytesMax) +
                                        " bytes: expected one command a line",
                                    ExitCode::bad_input);
                    }};
  bool at_end_ = false;
  bool is_readable_ = false;
  std::optional<Failure<ExitCode>> trouble_;
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

std::string list_of_commands() {
  constexpr std::size_t kLineWidth = 100;
  std::string list;
  std::string line;
  for (const auto& [name, fields] : json::command_fields()) {
    if (line.size() + name.size() > kLineWidth) {
      list += line + "\n ";
      line.clear();
    }
    line += " " + name;
  }
  return list + line;
}

}  // namespace

void add_join_command(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("join", "Take part in a room: commands as JSON lines on stdin, events on stdout");
  auto options = std::make_shared<JoinOptions>();
  command->add_option("LINK", options->link, "the room's link")->required();
  command->add_option("--as", options->display_name, "the name that others see")->envname("THETA_NAME");
  command->add_option("--print", options->print, "print this at the end")
      ->check(CLI::IsMember({"state-hash", "scene", "members", "stats"}));
  command->add_flag("--once", options->once, "leave as soon as everything is received; reads no commands");
  command->add_flag("--read-only", options->read_only, "only look: take no commands, keep nothing on disk");
  command->add_flag("--watch", options->watch, "stay after the input has ended");
  command->add_option("--timeout", options->timeout_s, "seconds to wait for the hub")->capture_default_str();
  command->add_option("--data", context.data_option, "data folder (default: per user)");
  command->footer(std::string("One JSON object a line, for example\n"
                              "  {\"command\":\"create_entities\",\"name\":\"box\",\"position\":[0,1,0]}\n"
                              "  {\"command\":\"set_transform\",\"targets\":[\"1:1\"],\"position\":[2,0,0]}\n"
                              "Commands:") +
                  list_of_commands() + "\nFields: docs/cli.md.");
  command->callback([&context, options] { context.run = [&context, options] { return run_join(context, *options); }; });
}

}  // namespace theta::cli
