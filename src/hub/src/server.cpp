#include "theta/hub/server.h"

#include <sodium.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "data_folder.h"
#include "descriptor_limit.h"
#include "hub_log.h"
#include "hub_transports.h"
#include "hub_web.h"
#include "kept_text.h"
#include "place_check.h"
#include "theta/base/hex.h"
#include "theta/hub/hub.h"
#include "theta/log/record.h"
#include "theta/store/sqlite_engine.h"
#include "transport_metrics.h"

namespace theta::hub {
namespace {

namespace asio = boost::asio;
using transport::CloseReason;

/// How long a stopping hub waits for its disk, and then for its peers to hear of it.
constexpr MonotonicClock::duration kDrainTimeout = std::chrono::seconds(10);
constexpr MonotonicClock::duration kGoodbyeTimeout = std::chrono::seconds(2);
constexpr auto kKeepUploads = std::chrono::hours(24 * 7);
/// How often /metrics walks through all sessions and rooms, for whoever asks: enough for some who look twice at once.
constexpr log::RateLimit kMetricsRate{20, 1};
constexpr const char* kGoodbye = "The hub is stopping; connect again soon.";

Now read_clocks() {
  const auto monotonic = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {MonotonicTime(std::chrono::duration_cast<MonotonicClock::duration>(monotonic)),
          WallTime(std::chrono::duration_cast<WallClock::duration>(wall))};
}

/// A flag over the environment over the file over the default.
ServerConfig with_flags(ServerConfig config, const HubServer::Options& options) {
  auto& place = config.place;
  const auto flags = place_of(options);
  if (place.data.empty()) place.data = options.default_data_folder;
  for (const auto slot :
       {&HubPlace::data, &HubPlace::listen, &HubPlace::http, &HubPlace::editor, &HubPlace::tls_certificate,
        &HubPlace::tls_key, &HubPlace::tls, &HubPlace::public_address, &HubPlace::page})
    if (!(flags.*slot).empty()) place.*slot = flags.*slot;
  place.allow_plain_http |= flags.allow_plain_http;
  return config;
}

ServerResult<ServerConfig> read_config(const HubServer::Options& options) {
  ServerConfig config;
  if (!options.config_file.empty()) {
    auto read = read_config_file(options.config_file);
    if (!read) return fail(ServerError::config, std::move(read.error().message));
    config = *read;
  }
  if (!options.environment) return with_flags(std::move(config), options);
  auto applied = apply_environment(std::move(config), options.environment);
  if (!applied) return fail(ServerError::config, std::move(applied.error().message));
  return with_flags(std::move(*applied), options);
}

ServerResult<ServerConfig> load_config(const HubServer::Options& options) {
  auto config = read_config(options);
  if (!config) return config;
  if (auto checked = check_place(config->place, place_of(options)); !checked)
    return tl::unexpected(std::move(checked.error()));
  return config;
}

/// Assets come into a folder only by its rooms, so a folder with assets and without any room has lost its database.
bool has_lost_its_rooms(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  for (const auto* name : {"/theta.db", "/theta.db-wal"})
    if (const auto size = fs::file_size(folder + name, error); !error && size > 0) return false;
  for (fs::directory_iterator entry(folder + "/assets", error), end; !error && entry != end; entry.increment(error))
    if (entry->path().filename() != "partial") return true;
  return false;
}

}  // namespace

struct HubServer::State final : transport::EventSink {
  State(Options options_, DataFolder folder_, ServerConfig config_)
      : options(std::move(options_)),
        folder(std::move(folder_)),
        config(std::move(config_)),
        hub_log(options.log),
        wake_timer(loop),
        signals(loop) {}
  ~State() override { release_descriptors(); }

  // Opening, in this order.
  [[nodiscard]] ServerResult<void> open_store();
  [[nodiscard]] ServerResult<void> open_transports();
  void make_hub();
  [[nodiscard]] ServerResult<void> open_web();

  // The loop.
  void on_event(const transport::Event& event) override { hub->on_event(event); }
  void watch_udp();
  void watch_store();
  void watch_signals();
  void turn(Now now);
  void arm_timer(Now now);
  void on_signal(int number);

  // Stopping.
  void begin_stop();
  void continue_stop(Now now);
  void release_descriptors();

  [[nodiscard]] ServerResult<void> reload();
  [[nodiscard]] std::string make_metrics_text();
  void say(LogLevel level, std::string_view event, std::string_view text, HubLog::Fields fields = {}) {
    hub_log.say(level, read_clocks(), event, text, std::move(fields));
  }

  Options options;
  DataFolder folder;
  ServerConfig config;
  HubLog hub_log;
  Addresses addresses;
  asio::io_context loop;
  std::unique_ptr<store::SqliteEngine> engine;
  std::unique_ptr<HubTransports> transports;
  std::unique_ptr<Hub> hub;
  std::unique_ptr<HubWeb> web;
  std::unique_ptr<TransportMetrics> transport_metrics;
  KeptText metrics{kMetricsRate, [this] { return make_metrics_text(); }};
  std::optional<asio::posix::stream_descriptor> udp_descriptor;
  std::optional<asio::posix::stream_descriptor> store_descriptor;
  asio::steady_timer wake_timer;
  MonotonicTime armed_for = MonotonicTime::max();  // when `wake_timer` fires
  asio::signal_set signals;
  std::vector<store::Completion> completions;

  enum class Phase : std::uint8_t { serving, draining, saying_goodbye, stopped };
  Phase phase = Phase::serving;
  MonotonicTime phase_ends{};
};

// ---- Opening ------------------------------------------------------------------------------------------------------

ServerResult<void> HubServer::State::open_store() {
  if (has_lost_its_rooms(folder.path()))
    say(LogLevel::warning, "rooms_missing",
        "The folder " + folder.path() +
            " has assets, but its database theta.db is missing or empty: its rooms are gone. If that is not meant, "
            "stop the hub and restore the folder from a backup.");
  store::SqliteEngine::Options engine_options;
  engine_options.data_folder = folder.path();
  engine_options.lock = folder.take_lock();
  engine_options.strip_payload = log::archive_record;
  engine_options.keep_uploads_since = read_clocks().wall - kKeepUploads;
  auto opened = store::SqliteEngine::open(std::move(engine_options));
  if (!opened) return fail(ServerError::store, "The store in " + folder.path() + ": " + opened.error().message);
  engine = std::move(*opened);
  return {};
}

ServerResult<void> HubServer::State::open_transports() {
  const auto address = transport::SocketAddress::parse(config.place.listen);
  if (!address) return fail(ServerError::address, "The address to listen on: " + address.error().message);
  auto opened = HubTransports::open(*address, config.quic, folder.key(), *this);
  if (!opened) return tl::unexpected(std::move(opened.error()));
  transports = std::move(*opened);
  return {};
}

void HubServer::State::make_hub() {
  const auto now = read_clocks();
  hub = std::make_unique<Hub>(
      config.hub,
      Hub::Dependencies{.key = folder.key(),
                        .admin_token = folder.admin_token(),
                        .transport = transports->peers(),
                        .store = *engine,
                        .random = [](std::span<std::uint8_t> bytes) { ::randombytes_buf(bytes.data(), bytes.size()); },
                        .stopwatch = [] { return read_clocks().monotonic; },
                        .observer = nullptr,
                        .log = options.log});
  hub->set_now(now);
  transport_metrics = std::make_unique<TransportMetrics>(hub->registry());
  udp_descriptor.emplace(loop, transports->mux().fd());
  store_descriptor.emplace(loop, engine->event_fd());
  watch_udp();
  watch_store();
  if (options.handle_signals) watch_signals();
  asio::post(loop, [this] { turn(read_clocks()); });
}

ServerResult<void> HubServer::State::open_web() {
  web = std::make_unique<HubWeb>(
      HubWeb::Dependencies{
          .loop = loop,
          .transports = *transports,
          .key = folder.key(),
          .data_folder = folder.path(),
          .default_editor_folders = options.default_editor_folders,
          .turn = {.begin =
                       [this] {
                         const auto now = read_clocks();
                         hub->set_now(now);
                         return now;
                       },
                   .end = [this](Now now) { turn(now); }},
          .clock = read_clocks,
          .is_ready = [this] { return hub->is_ready() && phase == Phase::serving; },
          .metrics = [this] { return metrics.at(read_clocks().monotonic); },
          .say = [this](LogLevel level, std::string_view event, std::string_view text,
                        HubLog::Fields fields) { say(level, event, text, std::move(fields)); },
          .say_of_peers =
              [this](LogLevel level, std::string_view event, std::string_view text, HubLog::Fields fields) {
                hub->set_now(read_clocks());
                hub->say_of_peers(level, event, text, std::move(fields));
              }},
      config.http);
  if (auto opened = web->open(config.place); !opened) return opened;
  hub->set_page(web->page_to_tell());
  addresses = {transports->mux().local_address().to_string(), web->local_address(), web->page(),
               to_base64url(hub->key().view())};
  return {};
}

// ---- The loop -----------------------------------------------------------------------------------------------------

void HubServer::State::watch_udp() {
  udp_descriptor->async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    const auto now = read_clocks();
    hub->set_now(now);
    transports->on_readable(now.monotonic);
    turn(now);
    if (phase != Phase::stopped) watch_udp();
  });
}

void HubServer::State::watch_store() {
  store_descriptor->async_wait(asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
    if (error) return;
    turn(read_clocks());
    if (phase != Phase::stopped) watch_store();
  });
}

void HubServer::State::watch_signals() {
  boost::system::error_code ignored;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) signals.add(number, ignored);
  signals.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    on_signal(number);
    if (phase != Phase::stopped) watch_signals();
  });
}

void HubServer::State::on_signal(int number) {
  if (number != SIGHUP) return begin_stop();
  // What came of it is logged.
  (void)reload();
}

void HubServer::State::turn(Now now) {
  completions.clear();
  engine->poll(completions);
  hub->on_completions(completions, now);
  hub->step(now);
  transports->flush(now.monotonic);
  if (phase != Phase::serving) continue_stop(now);
  if (phase != Phase::stopped) arm_timer(now);
}

void HubServer::State::arm_timer(Now now) {
  auto wakeup = std::min(hub->next_wakeup(), transports->next_timeout());
  if (phase != Phase::serving) wakeup = std::min(wakeup, phase_ends);
  // A timer that fires too early costs one turn; setting it anew in every turn costs system calls in each.
  if (armed_for <= wakeup) return;
  armed_for = wakeup;
  const auto wait = std::max(wakeup - now.monotonic, MonotonicClock::duration::zero());
  wake_timer.expires_after(std::chrono::duration_cast<asio::steady_timer::duration>(wait));
  wake_timer.async_wait([this](boost::system::error_code error) {
    if (error) return;
    armed_for = MonotonicTime::max();
    const auto then = read_clocks();
    hub->set_now(then);
    transports->on_timer(then.monotonic);
    turn(then);
  });
}

// ---- Stopping -----------------------------------------------------------------------------------------------------

void HubServer::State::begin_stop() {
  // Asked a second time, it stops at once; what was acknowledged is on disk in any case.
  if (phase != Phase::serving) {
    phase = Phase::stopped;
    loop.stop();
    return;
  }
  say(LogLevel::info, "stopping", "The hub is stopping: peers are told, and what was sequenced is committed.");
  const auto now = read_clocks();
  hub->set_now(now);
  hub->begin_shutdown();
  web->close();
  phase = Phase::draining;
  phase_ends = now.monotonic + kDrainTimeout;
  turn(now);
}

void HubServer::State::continue_stop(Now now) {
  const bool is_over = now.monotonic >= phase_ends;
  if (phase == Phase::draining && (hub->is_drained() || is_over)) {
    hub->close_all();
    transports->shut_down(CloseReason::going_away, kGoodbye);
    transports->flush(now.monotonic);
    phase = Phase::saying_goodbye;
    phase_ends = now.monotonic + kGoodbyeTimeout;
  } else if (phase == Phase::saying_goodbye && is_over) {
    phase = Phase::stopped;
  }
  if (phase == Phase::saying_goodbye && transports->connection_count() == 0) phase = Phase::stopped;
  if (phase == Phase::stopped) loop.stop();
}

void HubServer::State::release_descriptors() {
  // The endpoint and the engine own them.
  if (udp_descriptor) udp_descriptor->release();
  if (store_descriptor) store_descriptor->release();
}

ServerResult<void> HubServer::State::reload() {
  auto loaded = load_config(options);
  if (!loaded) {
    say(LogLevel::error, "configuration_refused", "The configuration stays as it was: " + loaded.error().message,
        {{"reason", loaded.error().message}});
    return tl::unexpected(std::move(loaded.error()));
  }
  const auto& was = config.place;
  const auto& is = loaded->place;
  if (was.data != is.data || was.listen != is.listen || was.http != is.http)
    say(LogLevel::warning, "restart_needed",
        "Data folder and addresses stay as they are until the hub is started again.");
  loaded->place.data = was.data;
  loaded->place.listen = was.listen;
  loaded->place.http = was.http;
  if (auto web_reloaded = web->reload(loaded->place, loaded->http); !web_reloaded) {
    say(LogLevel::error, "configuration_refused", "The configuration stays as it was: " + web_reloaded.error().message,
        {{"reason", web_reloaded.error().message}});
    return web_reloaded;
  }
  config = std::move(*loaded);
  addresses.page = web->page();
  hub->set_page(web->page_to_tell());
  hub->set_config(config.hub);
  transports->set_options(config.quic);
  say(LogLevel::info, "configuration_reloaded", "The configuration was read again.");
  return {};
}

std::string HubServer::State::make_metrics_text() {
  hub->set_now(read_clocks());
  transport_metrics->refresh(*transports);
  transport_metrics->refresh(web->http_stats(), web->site_stats(), web->rtc_stats());
  return telemetry::write_prometheus(hub->metrics());
}

// ---- The class ----------------------------------------------------------------------------------------------------

HubServer::HubServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HubServer::~HubServer() = default;

ServerResult<std::unique_ptr<HubServer>> HubServer::open(Options options) {
  auto config = load_config(options);
  if (!config) return tl::unexpected(std::move(config.error()));
  if (config->place.data.empty())
    return fail(ServerError::folder, "Expected a data folder: name one with --data, THETA_HUB_DATA or hub.data.");
  auto folder = DataFolder::open(config->place.data);
  if (!folder) return tl::unexpected(std::move(folder.error()));
  raise_descriptor_limit();
  auto state = std::make_unique<State>(std::move(options), std::move(*folder), std::move(*config));
  if (auto opened = state->open_store(); !opened) return tl::unexpected(std::move(opened.error()));
  if (auto opened = state->open_transports(); !opened) return tl::unexpected(std::move(opened.error()));
  state->make_hub();
  if (auto opened = state->open_web(); !opened) return tl::unexpected(std::move(opened.error()));
  const auto& addresses = state->addresses;
  state->say(LogLevel::info, "serving", "Serving peers on " + addresses.quic + " and HTTP on " + addresses.http + ".",
             {{"quic", addresses.quic},
              {"http", addresses.http},
              {"page", addresses.page},
              {"fingerprint", addresses.fingerprint},
              {"data", state->folder.path()}});
  return std::unique_ptr<HubServer>(new HubServer(std::move(state)));
}

const HubServer::Addresses& HubServer::addresses() const { return state_->addresses; }
void HubServer::run() { state_->loop.run(); }
void HubServer::stop() {
  asio::post(state_->loop, [state = state_.get()] { state->begin_stop(); });
}
ServerResult<void> HubServer::reload() { return state_->reload(); }

}  // namespace theta::hub
