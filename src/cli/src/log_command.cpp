#include <map>
#include <memory>
#include <string_view>

#include "commands.h"
#include "link_terms.h"
#include "log_source.h"
#include "log_verifier.h"
#include "theta/base/hex.h"
#include "theta/log/command_rules.h"
#include "theta/log/stamp.h"

namespace theta::cli {

namespace {

namespace fb = wire::fb;

/// Links for browsers too: who opens the room tells what to do with them.
bool is_link(const std::string& target) { return target.find("://") != std::string::npos; }

/// Walks every room of the target with a visitor of its own each.
template <class Visitor>
Peer::Result<void> walk(const Context& context, const std::string& target, bool check_damage, Visitor& visitor) {
  const auto begin = [&](const RoomLog& room) { visitor.begin(room); };
  const auto take = [&](const store::StoredRecord& record) { visitor.take(record); };
  if (!is_link(target))
    return read_logs_of_folder(target, check_damage, begin, take,
                               [&](const store::RoomInfo& entry) { visitor.end(entry); });
  if (auto read = read_log_by_link(context, target, begin, take); !read) return read;
  visitor.end(std::nullopt);
  return {};
}

// ---- show ---------------------------------------------------------------------------------------------------------

struct Show {
  const Output& output;

  void begin(const RoomLog& room) const {
    output.result({{"room", to_hex(room.room.view())}, {"name", room.name}, {"head", room.head.value()}},
                  "room " + to_hex(room.room.view()) + " \"" + printable(room.name) + "\", " +
                      counted(room.head.value(), "record", "records"));
  }
  void take(const store::StoredRecord& stored) const {
    const auto record = log::decode_record(stored.bytes.view());
    if (!record) {
      output.result({{"error", record.error().message}}, record.error().message);
      return;
    }
    Json names = Json::array();
    std::string sentence;
    const auto* payload = record->packet.archived ? nullptr : wire::verified_payload(record->packet.payload.view());
    if (payload)
      for (flatbuffers::uoffset_t at = 0; at < payload->commands()->size(); ++at) {
        const std::string name = log::command_name(payload->commands_type()->GetEnum<fb::Command>(at));
        names.push_back(name);
        sentence += (at == 0 ? "" : ", ") + name;
      }
    const auto author = to_hex(record->packet.header.author.view());
    output.result({{"seq", record->seq.value()},
                   {"hub_time_ms", to_unix_ms(record->hub_time)},
                   {"author", author},
                   {"nonce", record->packet.header.nonce.value()},
                   {"base_seq", record->packet.header.base_seq.value()},
                   {"archived", record->packet.archived},
                   {"commands", names},
                   {"record_hash", to_hex(record->record_hash.view())}},
                  std::to_string(record->seq.value()) + "  " + author.substr(0, 12) + "  nonce " +
                      std::to_string(record->packet.header.nonce.value()) + "  " +
                      (record->packet.archived ? "(archived)" : sentence));
  }
  void end(const std::optional<store::RoomInfo>& /*entry*/) const {}
};

// ---- verify -------------------------------------------------------------------------------------------------------

struct Verify {
  const Output& output;
  std::optional<HubKey> hub;
  bool clean = true;
  RoomLog room;
  std::unique_ptr<LogVerifier> verifier;

  void begin(const RoomLog& next) {
    room = next;
    auto evidence = std::move(room.evidence);
    if (hub) evidence.hub = hub;
    verifier = std::make_unique<LogVerifier>(std::move(evidence));
  }
  void take(const store::StoredRecord& record) const { verifier->add(record); }
  void end(const std::optional<store::RoomInfo>& entry) {
    verifier->finish(entry);
    auto problems = verifier->problems();
    problems.insert(problems.end(), room.damage.begin(), room.damage.end());
    if (verifier->head() != room.head)
      problems.push_back("expected " + std::to_string(room.head.value()) + " records, got " +
                         std::to_string(verifier->head().value()));
    const auto state = verifier->state_hash();
    if (!state && problems.empty())
      problems.emplace_back("payloads were archived and no snapshot bridges them: the state cannot be checked");
    if (state && room.expected_state_hash && *state != *room.expected_state_hash)
      problems.emplace_back("the log's state is not the one that the hub's snapshot led to");
    for (const auto& problem : problems) output.result({{"problem", problem}}, printable(problem));
    clean = clean && problems.empty();
    const auto id = to_hex(room.room.view());
    const auto hash = state ? to_hex(state->view()) : std::string();
    const auto signer = verifier->hub() ? to_base64url(verifier->hub()->view()) : std::string();
    const auto suspended = verifier->equivocations();
    output.result({{"room", id},
                   {"name", room.name},
                   {"records", verifier->head().value()},
                   {"archived", verifier->archived_records()},
                   {"checkpoints", verifier->checkpoints_checked()},
                   {"hub", signer},
                   {"equivocations", suspended},
                   {"state_hash", hash},
                   {"clean", problems.empty()}},
                  "room " + id.substr(0, 12) + " \"" + printable(room.name) +
                      "\": " + counted(verifier->head().value(), "record", "records") + ", " +
                      counted(verifier->checkpoints_checked(), "checkpoint", "checkpoints") + " of hub " + signer +
                      ", " +
                      (suspended == 0 ? "" : counted(suspended, "author", "authors") + " suspended with proof, ") +
                      (problems.empty() ? "clean, state " + hash : counted(problems.size(), "problem", "problems")));
  }
};

// ---- stats --------------------------------------------------------------------------------------------------------

struct Stats {
  const Output& output;
  RoomLog room;
  std::uint64_t commands = 0;
  std::uint64_t payload_bytes = 0;
  std::uint64_t record_bytes = 0;
  std::map<AuthorKey, std::uint64_t> packets;
  std::map<std::string, std::uint64_t> kinds;

  void begin(const RoomLog& next) {
    room = next;
    commands = payload_bytes = record_bytes = 0;
    packets.clear();
    kinds.clear();
  }
  void take(const store::StoredRecord& stored) {
    const auto record = log::decode_record(stored.bytes.view());
    if (!record) return;
    record_bytes += stored.bytes.size();
    payload_bytes += record->packet.header.payload_size;
    commands += record->packet.header.command_count;
    ++packets[record->packet.header.author];
    const auto* payload = record->packet.archived ? nullptr : wire::verified_payload(record->packet.payload.view());
    if (!payload) return;
    for (flatbuffers::uoffset_t at = 0; at < payload->commands()->size(); ++at)
      ++kinds[log::command_name(payload->commands_type()->GetEnum<fb::Command>(at))];
  }
  void end(const std::optional<store::RoomInfo>& /*entry*/) const {
    Json by_author = Json::object();
    for (const auto& [author, count] : packets) by_author[to_hex(author.view())] = count;
    Json line = {{"room", to_hex(room.room.view())}, {"name", room.name},
                 {"records", room.head.value()},     {"commands", commands},
                 {"payload_bytes", payload_bytes},   {"stored_bytes", record_bytes},
                 {"packets_by_author", by_author},   {"commands_by_kind", kinds}};
    std::string sentence = "room \"" + printable(room.name) + "\": " + counted(room.head.value(), "record", "records") +
                           ", " + counted(commands, "command", "commands") + " by " +
                           counted(packets.size(), "author", "authors") + ", " + std::to_string(record_bytes) +
                           " bytes";
    for (const auto& [kind, count] : kinds) sentence += "\n  " + kind + ": " + std::to_string(count);
    output.result(line, sentence);
  }
};

struct LogOptions {
  std::string target;
  std::string fingerprint;
};

ExitCode run_log(const Context& context, const std::string& what, const LogOptions& options) {
  const auto& output = context.output;
  const auto& target = options.target;
  Peer::Result<void> walked;
  bool clean = true;
  if (what == "show") {
    Show show{output};
    walked = walk(context, target, false, show);
  } else if (what == "stats") {
    Stats stats{output, {}, 0, 0, 0, {}, {}};
    walked = walk(context, target, false, stats);
  } else {
    std::optional<HubKey> hub;
    if (!options.fingerprint.empty()) {
      hub = parse_fingerprint(options.fingerprint);
      if (!hub)
        return output.fail(ExitCode::usage, "--fingerprint: expected what the hub prints when it starts, got \"" +
                                                options.fingerprint + "\"");
    }
    Verify verify{output, hub, true, {}, nullptr};
    walked = walk(context, target, true, verify);
    clean = verify.clean;
  }
  if (!walked) return output.fail(walked.error().code, walked.error().message);
  if (clean) return ExitCode::ok;
  return output.fail(ExitCode::verification,
                     "the log is not what it must be; every problem is listed on standard output");
}

}  // namespace

void add_log_command(CLI::App& app, Context& context) {
  auto* log_command =
      app.add_subcommand("log", "Look at the tamper-evident log of a room, or of all rooms of a data folder");
  log_command->require_subcommand(1);
  const std::pair<const char*, const char*> kinds[] = {
      {"show", "Print every record"},
      {"verify", "Check chains, signatures, checkpoints and state from the first record on"},
      {"stats", "Count records, commands, bytes and authors"}};
  for (const auto& [name, what] : kinds) {
    auto* command = log_command->add_subcommand(name, what);
    auto options = std::make_shared<LogOptions>();
    command->add_option("TARGET", options->target, "a room's link, or a hub's data folder")->required();
    if (std::string_view(name) == "verify")
      command->add_option("--fingerprint", options->fingerprint,
                          "whose signatures to expect (default: of the hub that the link, or the log, names)");
    command->add_option("--data", context.data_option, "data folder with your identity (default: per user)");
    const std::string kind = name;
    command->callback([&context, options, kind] {
      context.run = [&context, options, kind] { return run_log(context, kind, *options); };
    });
  }
}

}  // namespace theta::cli
