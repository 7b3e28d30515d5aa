#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "theta/base/result.h"
#include "theta/hub/log_event.h"
#include "theta/hub/server_config.h"

namespace theta::hub {

enum class ServerError : std::uint8_t {
  folder,         // the data folder or a file in it cannot be used; the message says which and why
  folder_in_use,  // another hub has it
  config,         // the configuration file or the environment is wrong
  flag,           // what `Options` say in their place is wrong, or does not go with the rest
  file,           // a certificate or its key cannot be read
  address,        // cannot listen there, or not without TLS
  store,          // the database cannot be opened
  editor,         // the editor's folder cannot be served
  tls,            // the certificate or its key is not what it must be
};
template <class T>
using ServerResult = Expected<T, ServerError>;

/// A whole hub in one process: Hub, QUIC and WebRTC, WebSockets, SQLite store and HTTP on one loop, which `run` turns
/// on the calling thread; the store has a thread of its own. Everything else is called on that thread too, except
/// `stop`.
///
/// HTTP serves the editor (/ and /r/ROOM), /ws and /rtc for browsers, /healthz, /readyz and /metrics (Prometheus text).
class HubServer {
 public:
  struct Options {
    // What is not empty here overrides environment and file.

    /// Made with mode 0700 if there is none; docs/hub.md says what is in it.
    std::string data_folder;
    std::string listen;
    std::string http;
    std::string editor;
    std::string tls_certificate;
    std::string tls_key;
    std::string tls;
    std::string public_address;
    std::string page;
    bool allow_plain_http = false;

    /// For when nobody names one.
    std::string default_data_folder;
    std::vector<std::string> default_editor_folders;
    /// Read at the start and again on SIGHUP. Empty: the defaults.
    std::string config_file;
    /// Overrides the file.
    Environment environment = process_environment();
    /// SIGINT and SIGTERM stop, SIGHUP reloads. Off in tests and when the owner has signals of its own.
    bool handle_signals = true;
    /// What the operator should know.
    LogSink log = {};
  };
  struct Addresses {
    std::string quic;
    std::string http;
    /// Where browsers find the editor, as links name it: "http://127.0.0.1:4480".
    std::string page;
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
  /// Reads file and environment again, and editor and certificate: all but data folder and addresses takes effect at
  /// once. What is wrong with them is returned, and nothing changes then. Not while `run` runs on another thread.
  [[nodiscard]] ServerResult<void> reload();

 private:
  struct State;
  explicit HubServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace theta::hub
