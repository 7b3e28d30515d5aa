#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "theta/hub/server.h"

namespace theta::hub::testing {

namespace fs = std::filesystem;

class TemporaryFolder {
 public:
  TemporaryFolder() {
    auto pattern = (fs::temp_directory_path() / "theta-hub-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path() const { return path_; }

 private:
  std::string path_;
};

inline HubServer::Options options_in(const std::string& folder) {
  HubServer::Options options;
  options.data_folder = folder + "/data";
  options.listen = "127.0.0.1:0";
  options.http = "127.0.0.1:0";
  options.environment = {};
  options.handle_signals = false;
  return options;
}

/// A server whose loop runs until this goes away.
class RunningServer {
 public:
  explicit RunningServer(HubServer::Options options) {
    auto opened = HubServer::open(std::move(options));
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    server = std::move(*opened);
    thread_ = std::thread([this] { server->run(); });
  }
  ~RunningServer() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    server->stop();
    thread_.join();
  }
  std::unique_ptr<HubServer> server;

 private:
  std::thread thread_;
};

/// A TCP socket that has sent `text` from an address of this machine; -1 when that failed.
inline int say_over_tcp(const std::string& address, const std::string& text, const char* from = "127.0.0.1") {
  const auto colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
  ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  ::inet_pton(AF_INET, from, &here.sin_addr);
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&here), sizeof here) == 0 &&
      ::connect(socket, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 &&
      ::send(socket, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()))
    return socket;
  ::close(socket);
  return -1;
}

/// Reads until the server closes, and closes too.
inline std::string read_all(int socket) {
  std::string answer;
  if (socket < 0) return answer;
  char buffer[4096];
  for (;;) {
    const auto size = ::recv(socket, buffer, sizeof buffer, 0);
    if (size <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(size));
  }
  ::close(socket);
  return answer;
}

/// Sends `request` and reads until the server closes.
inline std::string ask_over_tcp(const std::string& address, const std::string& request) {
  return read_all(say_over_tcp(address, request));
}

inline std::string get(const HubServer& server, const std::string& path, const std::string& method = "GET") {
  const auto rest = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  return ask_over_tcp(server.addresses().http, method + " " + path + rest);
}

inline std::string status_line(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

}  // namespace theta::hub::testing
