// Method: a real HubServer on loopback and a data folder of its own, its loop on a thread. Requests are plain TCP;
// every wait is for an event, with a deadline only as a guard against hanging.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "hub/running_server.h"
#include "theta/base/hex.h"
#include "theta/hub/server.h"
#include "theta/transport/quic_endpoint.h"
#include "theta/wire/schema.h"

namespace theta::hub::testing {
namespace {

unsigned mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 0777U : 0U;
}

TEST(HubServer, HealthReadinessAndMetricsAreServed) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  EXPECT_EQ(status_line(get(*running.server, "/healthz")), "HTTP/1.1 200 OK");
  // Ready once the store has listed its rooms: poll until it is.
  while (status_line(get(*running.server, "/readyz")) != "HTTP/1.1 200 OK") std::this_thread::yield();
  const auto metrics = get(*running.server, "/metrics?now");
  EXPECT_EQ(status_line(metrics), "HTTP/1.1 200 OK");
  for (const char* name :
       {"theta_total_appended", "theta_append_rate_per_sec", "theta_conflict_rejections", "theta_queue_depth",
        "theta_signature_verify_latency", "theta_signature_rejections", "theta_replay_rejections",
        "theta_rate_limit_drops", "theta_payload_guard_drops", "theta_compression_ratio", "theta_compress_latency",
        "theta_rtt", "theta_jitter", "theta_transport_kind", "theta_packets_sent", "theta_packets_received",
        "theta_command_latency"})
    EXPECT_NE(metrics.find(name), std::string::npos) << name;
}

/// The lines of `text` that begin with `prefix`, without it, up to the next character that is no part of a name.
std::set<std::string> names_after(const std::string& text, const std::string& prefix) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(prefix)) continue;
    const auto rest = line.substr(prefix.size());
    names.insert(rest.substr(0, rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_")));
  }
  return names;
}

TEST(HubServer, TheManualListsEveryMetricAndNoOther) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto exported = names_after(get(*running.server, "/metrics"), "# TYPE theta_");
  std::ifstream file(THETA_SOURCE_DIR "/docs/hub.md");
  std::stringstream manual;
  manual << file.rdbuf();
  EXPECT_GT(exported.size(), 60U);
  EXPECT_EQ(names_after(manual.str(), "| `theta_"), exported);
}

TEST(HubServer, EveryGuardsCounterIsThereFromTheStart) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto metrics = get(*running.server, "/metrics");
  std::ifstream file(THETA_SOURCE_DIR "/docs/hub.md");
  int guards = 0;
  for (std::string line; std::getline(file, line);) {
    const auto end = line.find("` | guard: ");
    if (!line.starts_with("| `theta_") || end == std::string::npos) continue;
    const auto name = line.substr(3, end - 3);
    ++guards;
    // With or without a label; the first sample of a name says 0.
    const auto sample = std::min(metrics.find("\n" + name + " 0"), metrics.find("\n" + name + "{"));
    EXPECT_NE(sample, std::string::npos) << name;
  }
  EXPECT_GT(guards, 25);
  for (const char* setting : {"sessions.sessions_max", "rooms.rooms_max", "guards.log_bytes_per_room_max"})
    EXPECT_NE(metrics.find("theta_quota_rejections{setting=\"" + std::string(setting) + "\"} 0"), std::string::npos)
        << setting;
  for (const char* code : {"clock_skew", "suspended", "schema_mismatch"})
    EXPECT_NE(metrics.find("theta_refusals{code=\"" + std::string(code) + "\"} 0"), std::string::npos) << code;
}

TEST(HubServer, EveryQuotaIsCountedUnderASettingThatExists) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  std::string all;
  for (const auto& setting : list_settings(ServerConfig{})) all += "setting=\"" + setting.name + "\"\n";
  std::istringstream lines(get(*running.server, "/metrics"));
  int quotas = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("theta_quota_rejections{")) continue;
    const auto label = line.substr(line.find('{') + 1, line.find('}') - line.find('{') - 1);
    EXPECT_NE(all.find(label + "\n"), std::string::npos) << label;
    ++quotas;
  }
  EXPECT_EQ(quotas, 14);
}

TEST(HubServer, WhoAsksForTheMetricsOftenGetsTheLastOnesAgain) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto began = std::chrono::steady_clock::now();
  std::set<std::string> different;
  for (int count = 0; count < 60; ++count) {
    // Counted, so that a text that is made anew differs from the last one.
    EXPECT_EQ(status_line(get(*running.server, "/ws")).substr(0, 12), "HTTP/1.1 426");
    const auto metrics = get(*running.server, "/metrics");
    const auto begin = metrics.find("theta_http_rejections{reason=\"no_websocket\"} ");
    ASSERT_NE(begin, std::string::npos);
    different.insert(metrics.substr(begin, metrics.find('\n', begin) - begin));
  }
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
  EXPECT_GE(different.size(), 20U);
  EXPECT_LE(different.size(), 20U + static_cast<std::size_t>(seconds)) << "20 at once, and one a second";
}

TEST(HubServer, WhatIsNotThereIsSaidInASentence) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto missing = get(*running.server, "/secrets");
  EXPECT_EQ(status_line(missing), "HTTP/1.1 404 Not Found");
  EXPECT_NE(missing.find("/healthz"), std::string::npos);
  const auto post = get(*running.server, "/healthz", "POST");
  EXPECT_EQ(status_line(post), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_NE(post.find("Allow: GET, HEAD"), std::string::npos);
}

TEST(HubServer, HeadHasTheHeaderOnly) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto head = get(*running.server, "/healthz", "HEAD");
  EXPECT_EQ(status_line(head), "HTTP/1.1 200 OK");
  EXPECT_NE(head.find("Content-Length: 3"), std::string::npos);
  EXPECT_EQ(head.substr(head.find("\r\n\r\n")), "\r\n\r\n");
}

TEST(HubServer, HeadersAndBodiesOverTheBoundAreRefused) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto& address = running.server->addresses().http;
  const auto large = ask_over_tcp(address, "GET / HTTP/1.1\r\nX-Large: " + std::string(20'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(status_line(large).substr(0, 12), "HTTP/1.1 431");
  const auto body = ask_over_tcp(address, "GET / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(100, 'x'));
  EXPECT_EQ(status_line(body).substr(0, 12), "HTTP/1.1 413");
  EXPECT_EQ(status_line(ask_over_tcp(address, "no http at all\r\n\r\n")).substr(0, 12), "HTTP/1.1 400");
  const auto metrics = get(*running.server, "/metrics");
  for (const char* reason : {"header_size", "body_size", "malformed"})
    EXPECT_NE(metrics.find("theta_http_rejections{reason=\"" + std::string(reason) + "\"} 1"), std::string::npos)
        << reason;
}

TEST(HubServer, HalfRequestsKeepNobodyWaiting) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  std::vector<int> idle;
  for (int count = 0; count < 272; ++count)
    idle.push_back(say_over_tcp(running.server->addresses().http, "GET /healthz HTTP/1.1\r\n"));
  EXPECT_EQ(status_line(get(*running.server, "/healthz")), "HTTP/1.1 200 OK");
  const auto metrics = get(*running.server, "/metrics");
  // 274 came for 256 places; the first answer may have ended before the second request came, or not.
  const auto ended = [&](int count) {
    return metrics.find("theta_http_rejections{reason=\"connection_limit\"} " + std::to_string(count) + "\n") !=
           std::string::npos;
  };
  EXPECT_TRUE(ended(17) || ended(18));
  EXPECT_NE(metrics.find("theta_http_rejections{reason=\"timeout\"} 0\n"), std::string::npos)
      << "no place had to run out of time";
  for (const int socket : idle) ::close(socket);
}

TEST(HubServer, ThousandsOfRequestsInTurnAreAllAnswered) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  for (int count = 0; count < 2000; ++count)
    ASSERT_EQ(status_line(get(*running.server, "/healthz")), "HTTP/1.1 200 OK") << count;
}

TEST(HubServer, SecretsAreMadeForTheOwnerAloneAndKept) {
  TemporaryFolder folder;
  std::string fingerprint;
  std::string token;
  {
    RunningServer running(options_in(folder.path()));
    fingerprint = running.server->addresses().fingerprint;
    EXPECT_EQ(mode_of(folder.path() + "/data"), 0700U);
    EXPECT_EQ(mode_of(folder.path() + "/data/hub.key"), 0600U);
    EXPECT_EQ(::chmod((folder.path() + "/data").c_str(), 0755), 0);
    EXPECT_EQ(mode_of(folder.path() + "/data/admin.token"), 0600U);
    std::ifstream(folder.path() + "/data/admin.token") >> token;
    EXPECT_EQ(from_base64url(token)->size(), 32U);
    EXPECT_EQ(from_base64url(fingerprint)->size(), 32U);
  }
  RunningServer again(options_in(folder.path()));
  EXPECT_EQ(again.server->addresses().fingerprint, fingerprint);
  EXPECT_EQ(mode_of(folder.path() + "/data"), 0700U) << "a folder that others could read is closed to them";
}

TEST(HubServer, ASecondHubIsKeptOutOfTheFolder) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  const auto second = HubServer::open(options_in(folder.path()));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ServerError::folder_in_use);
  EXPECT_NE(second.error().message.find(folder.path()), std::string::npos);
}

TEST(HubServer, ASecretThatOthersCanReadIsNotUsed) {
  TemporaryFolder folder;
  { RunningServer running(options_in(folder.path())); }
  ASSERT_EQ(::chmod((folder.path() + "/data/hub.key").c_str(), 0644), 0);
  const auto opened = HubServer::open(options_in(folder.path()));
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ServerError::folder);
  EXPECT_NE(opened.error().message.find("chmod 600"), std::string::npos);
}

TEST(HubServer, AnAddressInUseIsNamed) {
  TemporaryFolder folder;
  TemporaryFolder other;
  RunningServer running(options_in(folder.path()));
  auto options = options_in(other.path());
  options.http = running.server->addresses().http;
  const auto opened = HubServer::open(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ServerError::address);
  EXPECT_NE(opened.error().message.find(options.http), std::string::npos);
}

/// A QUIC peer that keeps what comes.
class QuicPeer final : public transport::EventSink {
 public:
  explicit QuicPeer(const HubServer& server) {
    transport::QuicEndpoint::Options options;
    options.listen = *transport::SocketAddress::parse("127.0.0.1:0");
    auto opened = transport::QuicEndpoint::open(options, *this);
    EXPECT_TRUE(opened.has_value());
    endpoint_ = std::move(*opened);
    const auto key = HubKey::from(*from_base64url(server.addresses().fingerprint));
    endpoint_->connect(*transport::SocketAddress::parse(server.addresses().quic), key, now());
    endpoint_->flush(now());
  }
  void on_event(const transport::Event& event) override {
    if (event.kind == transport::Event::Kind::closed) close_reason = event.reason;
    if (event.kind != transport::Event::Kind::message) return;
    const wire::AlignedBytes aligned(event.message);
    const auto* message = wire::verified_message(aligned.view());
    has_hello = has_hello || (message != nullptr && message->body_as_HubHello() != nullptr);
  }
  template <class Condition>
  bool run_until(Condition condition) {
    const auto deadline = now() + std::chrono::seconds(60);
    while (!condition() && now() < deadline) {
      const auto wait = std::min(endpoint_->next_timeout(), deadline) - now();
      const auto wait_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
      pollfd waiting{endpoint_->fd(), POLLIN, 0};
      if (::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(wait_ms, 0))) > 0)
        endpoint_->on_readable(now());
      else
        endpoint_->on_timer(now());
    }
    return condition();
  }

  bool has_hello = false;
  std::optional<transport::CloseReason> close_reason;

 private:
  static MonotonicTime now() {
    return MonotonicTime(
        std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::steady_clock::now().time_since_epoch()));
  }
  std::unique_ptr<transport::QuicEndpoint> endpoint_;
};

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::trunc);
  file << text;
}

TEST(HubServer, AFlagGoesOverTheEnvironmentOverTheFileOverTheDefault) {
  TemporaryFolder folder;
  const auto in = [&](const char* name) { return folder.path() + "/" + name; };
  write_file(in("theta.toml"),
             "[hub]\ndata = \"" + in("file") + "\"\nlisten = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n");
  HubServer::Options options;
  options.handle_signals = false;
  options.default_data_folder = in("default");
  options.environment = {};
  options.listen = options.http = "127.0.0.1:0";
  const auto opens = [&](const char* name) {
    const auto server = HubServer::open(options);
    return server.has_value() && fs::exists(in(name) + "/theta.db");
  };
  EXPECT_TRUE(opens("default"));
  options.listen = options.http = "";
  options.config_file = in("theta.toml");
  EXPECT_TRUE(opens("file")) << "the addresses of the file too";
  options.environment = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HUB_DATA") return in("environment");
    return std::nullopt;
  };
  EXPECT_TRUE(opens("environment"));
  options.data_folder = in("flag");
  EXPECT_TRUE(opens("flag"));
}

/// Keeps a server's log, and lets a test wait for what it says.
class KeptLog {
 public:
  LogSink sink() {
    return [this](const LogEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event.event);
      arrived_.notify_all();
    };
  }
  std::ptrdiff_t count(const std::string& event) {
    const std::lock_guard lock(mutex_);
    return std::count(events_.begin(), events_.end(), event);
  }
  /// Until `event` was said `count` times.
  bool wait_for(const std::string& event, std::ptrdiff_t count) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, std::chrono::seconds(60),
                             [&] { return std::count(events_.begin(), events_.end(), event) >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::string> events_;
};

TEST(HubServer, AFolderWithAssetsAndWithoutADatabaseIsWarnedOf) {
  TemporaryFolder folder;
  KeptLog log;
  auto options = options_in(folder.path());
  options.log = log.sink();
  const auto data = options.data_folder;
  ASSERT_TRUE(HubServer::open(options).has_value());
  fs::create_directories(data + "/assets/partial");
  fs::resize_file(data + "/theta.db", 0);
  fs::remove(data + "/theta.db-wal");
  ASSERT_TRUE(HubServer::open(options).has_value());
  fs::create_directories(data + "/assets/ab");
  ASSERT_TRUE(HubServer::open(options).has_value());
  EXPECT_EQ(log.count("rooms_missing"), 0) << "a new folder, no whole asset, a database";

  fs::resize_file(data + "/theta.db", 0);
  fs::remove(data + "/theta.db-wal");
  ASSERT_TRUE(HubServer::open(options).has_value());
  EXPECT_EQ(log.count("rooms_missing"), 1);
  fs::remove(data + "/theta.db");
  fs::remove(data + "/theta.db-wal");
  ASSERT_TRUE(HubServer::open(options).has_value());
  EXPECT_EQ(log.count("rooms_missing"), 2);
}

TEST(HubServer, OnSighupGuardsChangeForLiveConnectionsAndABadFileChangesNothing) {
  TemporaryFolder folder;
  KeptLog log;
  auto options = options_in(folder.path());
  options.config_file = folder.path() + "/theta.toml";
  options.handle_signals = true;
  options.log = log.sink();
  write_file(options.config_file, "");
  RunningServer running(options);
  ASSERT_TRUE(log.wait_for("serving", 1));
  const auto& http = running.server->addresses().http;
  const auto ask = [&] {
    const std::string begin = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: ";
    return ask_over_tcp(http, begin + std::string(900, 'x') + "\r\n\r\n");
  };
  QuicPeer first(*running.server);
  ASSERT_TRUE(first.run_until([&] { return first.has_hello; }));
  EXPECT_EQ(status_line(ask()), "HTTP/1.1 200 OK");

  write_file(options.config_file, "[sessions]\nsessions_max = 1\n[http]\nheader_bytes_max = 256\n");
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  ASSERT_TRUE(log.wait_for("configuration_reloaded", 1));
  QuicPeer second(*running.server);
  ASSERT_TRUE(second.run_until([&] { return second.close_reason.has_value(); }));
  EXPECT_EQ(*second.close_reason, transport::CloseReason::resource_limit);
  EXPECT_EQ(status_line(ask()).substr(0, 12), "HTTP/1.1 431");

  write_file(options.config_file, "[sessions]\nsession_max = 2\n");
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  ASSERT_TRUE(log.wait_for("configuration_refused", 1));
  QuicPeer third(*running.server);
  ASSERT_TRUE(third.run_until([&] { return third.close_reason.has_value(); }));
  EXPECT_EQ(*third.close_reason, transport::CloseReason::resource_limit) << "the bound stays";
  EXPECT_EQ(status_line(ask()).substr(0, 12), "HTTP/1.1 431");

  write_file(options.config_file, "[transport]\nconnections_max = 1\n");
  ASSERT_EQ(::kill(::getpid(), SIGHUP), 0);
  ASSERT_TRUE(log.wait_for("configuration_reloaded", 2));
  EXPECT_EQ(status_line(ask()), "HTTP/1.1 200 OK");
  QuicPeer fourth(*running.server);
  ASSERT_TRUE(fourth.run_until([&] { return fourth.close_reason.has_value(); }));
  EXPECT_NE(get(*running.server, "/metrics").find("theta_datagram_drops{reason=\"connection_limit\"} 1"),
            std::string::npos);
  EXPECT_FALSE(first.close_reason.has_value()) << "what is there is not taken away";
}

TEST(HubServer, AReloadThatWouldMoveTheHubSaysThatItNeedsAStart) {
  TemporaryFolder folder;
  KeptLog log;
  auto options = options_in(folder.path());
  options.listen = "";
  options.config_file = folder.path() + "/theta.toml";
  options.log = log.sink();
  write_file(options.config_file, "[hub]\nlisten = \"127.0.0.1:0\"\n");
  const auto server = HubServer::open(options);
  ASSERT_TRUE(server.has_value()) << server.error().message;
  write_file(options.config_file, "[hub]\nlisten = \"127.0.0.2:0\"\n");
  EXPECT_TRUE((*server)->reload().has_value());
  EXPECT_TRUE(log.wait_for("restart_needed", 1));
  write_file(options.config_file, "[hub\n");
  const auto refused = (*server)->reload();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ServerError::config);
}

TEST(HubServer, AQuicPeerIsGreetedAndToldWhenTheHubStops) {
  TemporaryFolder folder;
  RunningServer running(options_in(folder.path()));
  QuicPeer peer(*running.server);
  ASSERT_TRUE(peer.run_until([&] { return peer.has_hello; }));
  running.server->stop();
  ASSERT_TRUE(peer.run_until([&] { return peer.close_reason.has_value(); }));
  EXPECT_EQ(*peer.close_reason, transport::CloseReason::going_away);
}

}  // namespace
}  // namespace theta::hub::testing
