#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "theta/base/result.h"
#include "theta/hub/server_config.h"

namespace theta::hub {

enum class ServerError : std::uint8_t {
  folder,         // the data folder or a file in it cannot be used; the message says which and why
  folder_in_use,  // another hub has it
  config,         // the configuration file or the environment is wrong
  address,        // cannot listen there
  store,          // the database cannot be opened
};
template <class T>
using ServerResult = Expected<T, ServerError>;

/// A whole hub in one process: Hub, QUIC endpoint, SQLite store and HTTP on one loop, which `run` turns on the calling
/// thread; the store has a thread of its own. Everything else is called on that thread too, except `stop`.
///
/// HTTP serves GET and HEAD of /healthz, /readyz and /metrics (Prometheus text), one request a connection.
class HubServer {
 public:
  struct Options {
    /// Made with mode 0700 if there is none: hub.key, admin.token, theta.db, assets/, hub.lock.
    std::string data_folder;
    /// Addresses in numbers; port 0 lets the system choose.
    std::string listen = "[::]:4433";
    std::string http = "127.0.0.1:4480";
    /// Read at the start and again on SIGHUP. Empty: the defaults.
    std::string config_file;
    /// Overrides the file.
    Environment environment = process_environment();
    /// SIGINT and SIGTERM stop, SIGHUP reloads. Off in tests and when the owner has signals of its own.
    bool handle_signals = true;
    /// Sentences for the operator.
    std::function<void(const std::string&)> log = {};
  };
  struct Addresses {
    std::string quic;
    std::string http;
    /// base64url of the hub's key, as links carry it.
    std::string fingerprint;
  };

  /// Opens and binds everything, so that what can fail fails here.
  [[nodiscard]] static ServerResult<std::unique_ptr<HubServer>> open(Options options);
  ~HubServer();
  HubServer(const HubServer&) = delete;
  HubServer& operator=(const HubServer&) = delete;

  [[nodiscard]] const Addresses& addresses() const;
  /// Serves until `stop` or a signal. Then: peers hear going_away, what was sequenced is committed, and it returns.
  void run();
  /// From any thread, also before `run`.
  void stop();
  /// Reads file and environment again; what is wrong with them is returned, and nothing changes then.
  [[nodiscard]] ServerResult<void> reload();

 private:
  struct State;
  explicit HubServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::hub
