#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "theta/base/result.h"
#include "theta/hub/config.h"
#include "theta/transport/quic_engine.h"

namespace theta::hub {

/// What bounds the HTTP side.
struct HttpLimits {
  std::size_t connections_max = 256;
  std::size_t header_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 1024;
  /// For the header of a request, for its body, and for each 64 KiB of an answer.
  std::chrono::milliseconds request_timeout{10'000};
};

/// Where a hub keeps its data and where it is heard of.
struct HubPlace {
  /// Empty: whatever the program takes by default.
  std::string data;
  /// Addresses in numbers; port 0 lets the system choose.
  std::string listen = "[::]:4433";
  std::string http = "127.0.0.1:4480";

  /// The folder of the browser's editor; empty: wherever the program's own lies, if anywhere.
  std::string editor;
  /// PEM files for HTTPS; both or none. Read again on reload.
  std::string tls_certificate;
  std::string tls_key;
  /// "self-signed": the hub makes its own certificate. Empty: the files above, or plain HTTP.
  std::string tls;
  /// Plain HTTP on an address that others than this machine can reach.
  bool allow_plain_http = false;
  /// IP address, with or without a port, that browsers reach the UDP port at; empty: the one that their HTTP came in
  /// on.
  std::string public_address;
  /// Where browsers find the editor, for links: "https://hub.example:4480". Empty: made from the address of `http`.
  std::string page;
  /// Origins beside the hub's own whose pages may connect, separated by spaces.
  std::string allowed_origins;
};

/// Everything that a hub process can be told by its configuration file and environment. Data folder and addresses
/// take effect when the process starts, all else on reload too.
struct ServerConfig {
  HubPlace place;
  HubConfig hub;
  transport::QuicOptions quic;
  HttpLimits http;
};

enum class ConfigError : std::uint8_t {
  unreadable,  // the file cannot be opened or read
  malformed,   // no TOML; the message has file, line and column
  unknown_key,
  bad_value,  // of the wrong kind, or outside of what is allowed
};
template <class T>
using ConfigResult = Expected<T, ConfigError>;

/// One setting: `section.key` in the file, THETA_SECTION_KEY in the environment.
struct Setting {
  std::string name;
  std::string value;  // as it would be written in the file
};
/// Every setting there is, with its value in `config`.
[[nodiscard]] std::vector<Setting> list_settings(const ServerConfig& config);

/// Reads TOML over the defaults. `file_name` is for messages.
[[nodiscard]] ConfigResult<ServerConfig> parse_config(std::string_view toml, const std::string& file_name);
[[nodiscard]] ConfigResult<ServerConfig> read_config_file(const std::string& path);

/// Like getenv; a null function pointer's worth of answers is "not set".
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] Environment process_environment();
/// Overrides settings from the environment.
[[nodiscard]] ConfigResult<ServerConfig> apply_environment(ServerConfig config, const Environment& environment);

}  // namespace theta::hub
