#include "theta/hub/server_config.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <variant>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "theta/base/check.h"

namespace theta::hub {
namespace {

using std::chrono::milliseconds;

constexpr double kMillion = 1e6;
constexpr double kBillion = 1e9;
constexpr double kTerabyte = 1e12;

/// Where a setting is kept, and what it may be. Times are in milliseconds.
struct Field {
  std::string name;
  std::variant<std::size_t*, double*, milliseconds*, MonotonicClock::duration*, std::string*, bool*> slot;
  double min = 0;
  double max = 0;
};
static_assert(std::is_same_v<std::size_t, std::uint64_t>, "one slot type serves sizes and 64-bit counts");

void add_guards(std::vector<Field>& fields, HubConfig& hub) {
  auto& log = hub.log;
  const double payload_max = limits::kPayloadBytesMax;
  const double commands_max = limits::kCommandsPerPacketMax;
  fields.insert(fields.end(), {
                                  {"guards.payload_bytes_max", &log.payload_bytes_max, 1, payload_max},
                                  {"guards.commands_per_packet_max", &log.commands_per_packet_max, 1, commands_max},
                                  {"guards.commands_burst", &log.commands.burst, 1, kMillion},
                                  {"guards.commands_per_second", &log.commands.per_second, 0.001, kMillion},
                                  {"guards.room_commands_burst", &log.room_commands.burst, 1, kMillion},
                                  {"guards.room_commands_per_second", &log.room_commands.per_second, 0.001, kMillion},
                                  {"guards.room_joins_burst", &log.room_joins.burst, 1, kMillion},
                                  {"guards.room_joins_per_second", &log.room_joins.per_second, 0.001, kMillion},
                                  {"guards.requests_burst", &hub.requests.burst, 1, kMillion},
                                  {"guards.requests_per_second", &hub.requests.per_second, 0.001, kMillion},
                                  {"guards.presence_burst", &log.presence.burst, 1, kMillion},
                                  {"guards.presence_per_second", &log.presence.per_second, 0.001, kMillion},
                                  {"guards.bulk_burst_bytes", &log.bulk.burst, 512.0 * 1024, kTerabyte},
                                  {"guards.bulk_bytes_per_second", &log.bulk.per_second, 1024, kTerabyte},
                                  {"guards.clock_skew_max_ms", &log.clock_skew_max, 0, kBillion},
                                  {"guards.entities_per_room_max", &log.entities_per_room_max, 0, kBillion},
                                  {"guards.entities_per_author_max", &log.entities_per_author_max, 0, kBillion},
                                  {"guards.log_bytes_per_room_max", &log.log_bytes_per_room_max, 0, kTerabyte},
                                  {"guards.asset_bytes_per_room_max", &log.asset_bytes_per_room_max, 0, kTerabyte},
                                  {"guards.asset_bytes_max", &log.asset_bytes_max, 0, kBillion},
                                  {"guards.authors_per_room_max", &log.authors_per_room_max, 1, 65535},
                              });
}

void add_hub(std::vector<Field>& fields, HubConfig& hub) {
  const double snapshot_max = 1e5;
  fields.insert(fields.end(), {
                                  {"sessions.sessions_max", &hub.sessions_max, 1, kMillion},
                                  {"sessions.per_room_max", &hub.sessions_per_room_max, 1, kMillion},
                                  {"sessions.per_author_and_room_max", &hub.sessions_per_author_max, 1, kMillion},
                                  {"sessions.login_timeout_ms", &hub.login_timeout, 100, kBillion},
                                  {"sessions.roomless_timeout_ms", &hub.roomless_timeout, 1000, kBillion},
                                  {"sessions.stalled_timeout_ms", &hub.stalled_timeout, 1000, kBillion},
                                  {"sessions.author_buckets_max", &hub.author_buckets_max, 1, kMillion},
                                  {"sessions.bulk_requests_max", &hub.bulk_requests_per_session_max, 1, 16},
                                  {"rooms.loaded_max", &hub.rooms_loaded_max, 1, kMillion},
                                  {"rooms.rooms_max", &hub.rooms_max, 1, kMillion},
                                  {"rooms.idle_unload_ms", &hub.room_idle_unload, 0, kBillion},
                                  {"rooms.uncommitted_records_max", &hub.uncommitted_records_max, 1, kMillion},
                                  {"rooms.uncommitted_bytes_max", &hub.uncommitted_bytes_max, 128.0 * 1024, kBillion},
                                  {"rooms.ring_records_max", &hub.ring_records_max, 0, kMillion},
                                  {"rooms.ring_bytes_max", &hub.ring_bytes_max, 0, kBillion},
                                  {"rooms.resume_records_max", &hub.resume_records_max, 0, kMillion},
                                  {"rooms.join_tail_records_max", &hub.join_tail_records_max, 0, kMillion},
                                  {"rooms.snapshot_every_records", &hub.snapshot_every_records, 16, snapshot_max},
                                  {"rooms.snapshot_idle_ms", &hub.snapshot_idle, 0, kBillion},
                                  {"rooms.archive_after_records", &hub.archive_after_records, 0, kBillion},
                                  {"rooms.probe_backoff_min_ms", &hub.probe_backoff_min, 10, kBillion},
                                  {"rooms.probe_backoff_max_ms", &hub.probe_backoff_max, 10, kBillion},
                                  {"presence.flush_ms", &hub.presence_flush, 0, 10'000},
                                  {"presence.datagrams_per_flush", &hub.presence_datagrams_per_flush, 1, 1024},
                                  {"presence.receiver_burst", &hub.presence_to_receiver.burst, 1, kMillion},
                                  {"presence.receiver_per_second", &hub.presence_to_receiver.per_second, 1, kMillion},
                                  {"presence.room_burst", &hub.presence_to_room.burst, 1, kMillion},
                                  {"presence.room_per_second", &hub.presence_to_room.per_second, 1, kMillion},
                                  {"presence.backlog_bytes_max", &hub.presence_backlog_bytes_max, 0, kMillion},
                              });
}

void add_process(std::vector<Field>& fields, transport::QuicOptions& quic, HttpLimits& http) {
  fields.insert(fields.end(),
                {
                    {"transport.idle_timeout_ms", &quic.idle_timeout, 1000, kBillion},
                    {"transport.handshake_timeout_ms", &quic.handshake_timeout, 100, kBillion},
                    {"transport.linger_ms", &quic.linger, 0, 60'000},
                    {"transport.connections_max", &quic.connections_max, 1, kMillion},
                    {"transport.connections_per_source_max", &quic.connections_per_source_max, 1, kMillion},
                    {"transport.connections_per_network_max", &quic.connections_per_network_max, 1, kMillion},
                    {"transport.half_open_before_retry", &quic.half_open_before_retry, 0, kMillion},
                    {"transport.half_open_max", &quic.half_open_max, 1, kMillion},
                    {"transport.half_open_per_source_max", &quic.half_open_per_source_max, 1, kMillion},
                    {"transport.half_open_per_network_max", &quic.half_open_per_network_max, 1, kMillion},
                    {"transport.unfinished_bytes_max", &quic.unfinished_bytes_max, 1024.0 * 1024, kTerabyte},
                    {"transport.stranger_answers_burst", &quic.stranger_answers_burst, 0, kMillion},
                    {"transport.stranger_answers_per_second", &quic.stranger_answers_per_second, 0, kMillion},
                    {"transport.retries_burst", &quic.retries_burst, 0, kMillion},
                    {"transport.retries_per_second", &quic.retries_per_second, 0, kMillion},
                    {"transport.lane_window_bytes", &quic.lane_window_bytes, 16.0 * 1024, kBillion},
                    {"transport.connection_window_bytes", &quic.connection_window_bytes, 64.0 * 1024, kBillion},
                    {"transport.control_queue_bytes", &quic.lane_bounds.control, 64.0 * 1024, kBillion},
                    {"transport.commands_queue_bytes", &quic.lane_bounds.commands, 64.0 * 1024, kBillion},
                    {"transport.bulk_queue_bytes", &quic.lane_bounds.bulk, 64.0 * 1024, kBillion},
                    {"transport.presence_queue_bytes", &quic.lane_bounds.presence, 2048, kBillion},
                    {"http.connections_max", &http.connections_max, 1, 65536},
                    {"http.header_bytes_max", &http.header_bytes_max, 256, kMillion},
                    {"http.body_bytes_max", &http.body_bytes_max, 0, kMillion},
                    {"http.request_timeout_ms", &http.request_timeout, 100, kBillion},
                });
}

std::vector<Field> fields_of(ServerConfig& config) {
  std::vector<Field> fields;
  fields.push_back({"hub.data", &config.place.data});
  fields.push_back({"hub.listen", &config.place.listen});
  fields.push_back({"hub.http", &config.place.http});
  fields.push_back({"hub.editor", &config.place.editor});
  fields.push_back({"hub.tls_certificate", &config.place.tls_certificate});
  fields.push_back({"hub.tls_key", &config.place.tls_key});
  fields.push_back({"hub.tls", &config.place.tls});
  fields.push_back({"hub.allow_plain_http", &config.place.allow_plain_http});
  fields.push_back({"hub.public_address", &config.place.public_address});
  fields.push_back({"hub.page", &config.place.page});
  fields.push_back({"hub.allowed_origins", &config.place.allowed_origins});
  add_guards(fields, config.hub);
  add_hub(fields, config.hub);
  add_process(fields, config.quic, config.http);
  return fields;
}

std::string number_text(double value) {
  std::ostringstream text;
  text.precision(15);
  text << value;
  return text.str();
}

bool is_text(const Field& field) { return std::holds_alternative<std::string*>(field.slot); }
bool is_switch(const Field& field) { return std::holds_alternative<bool*>(field.slot); }

double value_of(const Field& field) {
  if (const auto* slot = std::get_if<std::size_t*>(&field.slot)) return static_cast<double>(**slot);
  if (const auto* slot = std::get_if<double*>(&field.slot)) return **slot;
  if (const auto* slot = std::get_if<milliseconds*>(&field.slot)) return static_cast<double>((*slot)->count());
  const auto* slot = std::get_if<MonotonicClock::duration*>(&field.slot);
  return static_cast<double>(std::chrono::duration_cast<milliseconds>(**slot).count());
}

/// As it would be written in the file.
std::string text_of(const Field& field) {
  if (const auto* slot = std::get_if<std::string*>(&field.slot)) {
    std::ostringstream text;
    text << toml::value(**slot);
    return text.str();
  }
  if (is_switch(field)) return *std::get<bool*>(field.slot) ? "true" : "false";
  return number_text(value_of(field));
}

/// Empty when it was taken, else what is wrong.
std::string assign(const Field& field, double value) {
  const bool takes_fractions = std::holds_alternative<double*>(field.slot);
  const bool is_allowed = std::isfinite(value) && value >= field.min && value <= field.max;
  if (!is_allowed || (!takes_fractions && value != std::floor(value)))
    return field.name + " takes " + (takes_fractions ? "a number" : "a whole number") + " from " +
           number_text(field.min) + " to " + number_text(field.max) + "; got " + number_text(value);
  const auto whole = static_cast<std::int64_t>(value);
  if (const auto* slot = std::get_if<std::size_t*>(&field.slot)) **slot = static_cast<std::size_t>(whole);
  if (const auto* slot = std::get_if<double*>(&field.slot)) **slot = value;
  if (const auto* slot = std::get_if<milliseconds*>(&field.slot)) **slot = milliseconds(whole);
  if (const auto* slot = std::get_if<MonotonicClock::duration*>(&field.slot)) **slot = milliseconds(whole);
  return {};
}

/// "guards.commands_burst" becomes THETA_GUARDS_COMMANDS_BURST.
std::string variable_of(const std::string& name) {
  std::string result = "THETA_";
  for (const char letter : name)
    result += letter == '.' ? '_' : static_cast<char>(letter >= 'a' && letter <= 'z' ? letter - 'a' + 'A' : letter);
  return result;
}

std::string place(const std::string& file_name, const toml::source_region& source) {
  return file_name + ":" + std::to_string(source.begin.line) + ":" + std::to_string(source.begin.column) + ": ";
}

ConfigResult<void> apply_section(std::vector<Field>& fields, const std::string& section, const toml::table& table,
                                 const std::string& file_name) {
  for (const auto& [key, node] : table) {
    const auto name = section + "." + std::string(key.str());
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.name == name; });
    if (field == fields.end())
      return fail(ConfigError::unknown_key, place(file_name, key.source()) + "there is no setting " + name +
                                                "; docs/hub.md lists them all. Remove it or correct its name.");
    if (is_text(*field)) {
      const auto text = node.value<std::string>();
      if (!text || !node.is_string())
        return fail(ConfigError::bad_value, place(file_name, node.source()) + name + " takes a text in quotes.");
      *std::get<std::string*>(field->slot) = *text;
      continue;
    }
    if (is_switch(*field)) {
      if (!node.is_boolean())
        return fail(ConfigError::bad_value, place(file_name, node.source()) + name + " takes true or false.");
      *std::get<bool*>(field->slot) = *node.value<bool>();
      continue;
    }
    const auto value = node.value<double>();
    if (!value || !node.is_number())
      return fail(ConfigError::bad_value, place(file_name, node.source()) + name + " takes a number.");
    if (const auto wrong = assign(*field, *value); !wrong.empty())
      return fail(ConfigError::bad_value, place(file_name, node.source()) + wrong + ".");
  }
  return {};
}

}  // namespace

std::vector<Setting> list_settings(const ServerConfig& config) {
  auto copy = config;
  std::vector<Setting> result;
  for (const auto& field : fields_of(copy)) result.push_back({field.name, text_of(field)});
  return result;
}

ConfigResult<ServerConfig> parse_config(std::string_view toml, const std::string& file_name) {
  const auto parsed = toml::parse(toml, file_name);
  if (!parsed)
    return fail(ConfigError::malformed,
                place(file_name, parsed.error().source()) + std::string(parsed.error().description()) + ".");
  ServerConfig config;
  auto fields = fields_of(config);
  for (const auto& [key, node] : parsed.table()) {
    const std::string section(key.str());
    const bool is_section = std::any_of(fields.begin(), fields.end(),
                                        [&](const Field& field) { return field.name.starts_with(section + "."); });
    const auto* table = node.as_table();
    if (!is_section || table == nullptr)
      return fail(ConfigError::unknown_key, place(file_name, key.source()) + "there is no section [" + section +
                                                "]; docs/hub.md lists them all. Remove it or correct its name.");
    if (auto applied = apply_section(fields, section, *table, file_name); !applied)
      return tl::unexpected(std::move(applied.error()));
  }
  return config;
}

ConfigResult<ServerConfig> read_config_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file)
    return fail(ConfigError::unreadable,
                "The configuration file " + path + " cannot be read; check its name and permissions.");
  return parse_config(text.str(), path);
}

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return std::string(value);
  };
}

ConfigResult<ServerConfig> apply_environment(ServerConfig config, const Environment& environment) {
  for (const auto& field : fields_of(config)) {
    const auto variable = variable_of(field.name);
    const auto text = environment(variable);
    if (!text) continue;
    if (is_text(field)) {
      *std::get<std::string*>(field.slot) = *text;
      continue;
    }
    if (is_switch(field)) {
      if (*text != "true" && *text != "false")
        return fail(ConfigError::bad_value,
                    "The environment's " + variable + " takes true or false; got \"" + *text + "\".");
      *std::get<bool*>(field.slot) = *text == "true";
      continue;
    }
    double value = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc{} || end != text->data() + text->size())
      return fail(ConfigError::bad_value, "The environment's " + variable + " takes a number; got \"" + *text + "\".");
    if (const auto wrong = assign(field, value); !wrong.empty())
      return fail(ConfigError::bad_value, "The environment's " + variable + ": " + wrong + ".");
  }
  return config;
}

}  // namespace theta::hub
