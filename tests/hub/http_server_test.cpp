// Method: a real HubServer on loopback and raw TCP or TLS clients on blocking sockets. Every read waits for what must
// come, or for the hub to close.

#include <gtest/gtest.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "hub/running_server.h"

namespace theta::hub::testing {
namespace {

namespace asio = boost::asio;

HubServer::Options with_editor(const std::string& folder) {
  auto options = options_in(folder);
  options.editor = folder + "/editor";
  fs::create_directories(options.editor + "/assets");
  std::ofstream(options.editor + "/index.html") << "<!doctype html>page";
  std::ofstream(options.editor + "/assets/large-A1b2C3d4.bin") << std::string(3'000'000, 'x');
  return options;
}

TEST(HttpServer, ConnectionIsKeptForFurtherRequestsAndPipelinedOnesAreAnsweredInOrder) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto answers = ask_over_tcp(running.server->addresses().http,
                                    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                    "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                    "GET /r/room HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                    "GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                                    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::vector<std::string> statuses;
  for (auto at = answers.find("HTTP/1.1 "); at != std::string::npos; at = answers.find("HTTP/1.1 ", at + 1))
    statuses.push_back(answers.substr(at + 9, 3));
  EXPECT_EQ(statuses, (std::vector<std::string>{"200", "200", "200", "404"})) << answers;
  EXPECT_NE(answers.find("Connection: keep-alive"), std::string::npos);
}

TEST(HttpServer, LargeFilesArriveWhole) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto answer = get(*running.server, "/assets/large-A1b2C3d4.bin");
  EXPECT_NE(answer.find("Content-Length: 3000000\r\n"), std::string::npos);
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, 3'000'000U);
}

TEST(HttpServer, RequestsThatAreNotClearAreRefusedAndTheConnectionEnded) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const std::string post = "POST /rtc HTTP/1.1\r\nHost: localhost\r\n";
  const std::string get = "GET /healthz HTTP/1.1\r\n";
  for (const auto& request : {
           post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n",
           post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
           post + "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody!",
           post + "Content-Length: -1\r\n\r\n",
           get + "\r\n",
           get + "Host: a\r\nHost: b\r\n\r\n",
           get + "Host: a\r\nOrigin: http://a\r\nOrigin: http://b\r\n\r\n",
           get + "Host: <script>\r\n\r\n",
           get + "Host : hub\r\n\r\n",
           get + "Host: localhost\r\nX: a\x01z\r\n\r\n",
           std::string("GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("GET /%ff HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("GET * HTTP/1.1\r\nHost: localhost\r\n\r\n"),
           std::string("GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n"),
           std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
       }) {
    const auto answer = ask_over_tcp(running.server->addresses().http, request);
    EXPECT_EQ(status_line(answer), "HTTP/1.1 400 Bad Request") << request;
    EXPECT_NE(answer.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
    EXPECT_EQ(answer.find("\nHTTP/1.1"), std::string::npos) << "nothing after it is taken for a request: " << request;
  }
}

TEST(HttpServer, ChunkedBodiesAreRefusedBeforeAnythingOfThemIsRead) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto& address = running.server->addresses().http;
  const std::string head = "POST /rtc HTTP/1.1\r\nHost: hub\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& body : {std::string("1\r\nx\r\n0\r\n\r\n"), "0\r\nA: " + std::string(70'000, 'a') + "\r\n\r\n",
                           "1;" + std::string(70'000, 'a') + "\r\nx\r\n0\r\n\r\n", std::string("zz\r\n\r\n")})
    EXPECT_EQ(status_line(ask_over_tcp(address, head + body)), "HTTP/1.1 411 Length Required") << body.substr(0, 20);
  EXPECT_EQ(status_line(get(*running.server, "/healthz")), "HTTP/1.1 200 OK");
}

TEST(HttpServer, AbsoluteTargetsAreServedLikeOthers) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto answer =
      ask_over_tcp(running.server->addresses().http,
                   "GET http://localhost:1/healthz HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 200 OK");
}

TEST(HttpServer, BodiesHaveTheBoundOfTheirAddress) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto status = [&](const std::string& path, std::size_t size) {
    const auto head =
        "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\nConnection: close\r\n";
    return status_line(ask_over_tcp(running.server->addresses().http, head + "Content-Length: " + std::to_string(size) +
                                                                          "\r\n\r\n" + std::string(size, 'x')));
  };
  EXPECT_EQ(status("/rtc", 16 * 1024), "HTTP/1.1 415 Unsupported Media Type");
  EXPECT_EQ(status("/rtc", 16 * 1024 + 1), "HTTP/1.1 413 Payload Too Large");
  EXPECT_EQ(status("/healthz", 1024), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(status("/healthz", 1025), "HTTP/1.1 413 Payload Too Large");
}

TEST(HttpServer, WhoOpensManyConnectionsEndsTheirOwn) {
  TemporaryFolder folder;
  auto options = with_editor(folder.path());
  options.config_file = folder.path() + "/theta.toml";
  std::ofstream(options.config_file) << "[http]\nconnections_max = 4\n";
  RunningServer running(options);
  const auto& address = running.server->addresses().http;
  const std::string begun = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
  const int honest = say_over_tcp(address, begun, "127.0.0.2");
  std::vector<int> greedy;
  for (int at = 0; at < 12; ++at) greedy.push_back(say_over_tcp(address, begun));
  // Nine of twelve have to go, so that four connections are left.
  for (int at = 0; at < 9; ++at) EXPECT_EQ(read_all(greedy[at]), "");
  const std::string rest = "Connection: close\r\n\r\n";
  EXPECT_EQ(::send(honest, rest.data(), rest.size(), MSG_NOSIGNAL), static_cast<ssize_t>(rest.size()));
  EXPECT_EQ(status_line(read_all(honest)), "HTTP/1.1 200 OK");
  for (int at = 9; at < 12; ++at) ::close(greedy[at]);
}

TEST(HttpServer, ClientThatAsksWhetherToGoOnIsToldTo) {
  TemporaryFolder folder;
  RunningServer running(with_editor(folder.path()));
  const auto answer =
      ask_over_tcp(running.server->addresses().http,
                   "POST /rtc HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n"
                   "Content-Length: 3\r\n\r\nv=0");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\n")) << answer;
}

TEST(HttpServer, PlainHttpWhereOthersCouldReachItMustBeAllowed) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.http = "0.0.0.0:0";
  const auto refused = HubServer::open(options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ServerError::address);
  for (const char* way_out : {"--tls-certificate", "--tls self-signed", "--allow-plain-http"})
    EXPECT_NE(refused.error().message.find(way_out), std::string::npos) << refused.error().message;
  options.allow_plain_http = true;
  const auto allowed = HubServer::open(options);
  ASSERT_TRUE(allowed.has_value()) << allowed.error().message;
  EXPECT_TRUE((*allowed)->addresses().page.starts_with("http://localhost:")) << (*allowed)->addresses().page;
}

/// The answer to one request over TLS; `certificate` is the only authority that is trusted.
std::string ask_over_tls(const HubServer& server, const std::string& certificate, const std::string& request,
                         int version_max = 0) {
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.load_verify_file(certificate);
  tls.set_verify_mode(asio::ssl::verify_peer);
  if (version_max != 0) SSL_CTX_set_max_proto_version(tls.native_handle(), version_max);
  asio::ssl::stream<asio::ip::tcp::socket> stream(context, tls);
  const auto& address = server.addresses().http;
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  stream.set_verify_callback(asio::ssl::host_name_verification("127.0.0.1"));
  boost::system::error_code error;
  stream.handshake(asio::ssl::stream_base::client, error);
  if (error) return "handshake: " + error.message();
  asio::write(stream, asio::buffer(request), error);
  std::string answer;
  asio::read(stream, asio::dynamic_buffer(answer), error);
  return answer;
}

const std::string kHealth = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

TEST(HttpServer, WhoSendsTooMuchOverTlsReadsTheAnswer) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.tls = "self-signed";
  RunningServer running(options);
  const std::string request =
      "POST /rtc HTTP/1.1\r\nHost: hub\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
  const auto answer = ask_over_tls(*running.server, folder.path() + "/data/tls.crt", request);
  EXPECT_EQ(status_line(answer), "HTTP/1.1 413 Payload Too Large");
  EXPECT_NE(answer.find("takes no request body of that size"), std::string::npos);
}

TEST(HttpServer, SelfSignedCertificateIsMadeKeptAndExplained) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.tls = "self-signed";
  std::string told;
  options.log = [&told](const LogEvent& event) {
    if (event.event == "tls_self_signed") told = event.text;
  };
  std::string certificate;
  {
    RunningServer running(options);
    EXPECT_TRUE(running.server->addresses().page.starts_with("https://127.0.0.1:"));
    const auto file = folder.path() + "/data/tls.crt";
    EXPECT_EQ(status_line(ask_over_tls(*running.server, file, kHealth)), "HTTP/1.1 200 OK");
    EXPECT_TRUE(ask_over_tls(*running.server, file, kHealth, TLS1_1_VERSION).starts_with("handshake: "));
    std::ifstream(file) >> certificate;
    EXPECT_NE(told.find("Proceed"), std::string::npos);
    EXPECT_NE(told.find("SHA-256"), std::string::npos);
    EXPECT_EQ(fs::status(folder.path() + "/data/tls.key").permissions(),
              fs::perms::owner_read | fs::perms::owner_write);
  }
  const auto written = fs::last_write_time(folder.path() + "/data/tls.crt");
  RunningServer again(options);
  EXPECT_EQ(fs::last_write_time(folder.path() + "/data/tls.crt"), written) << "people confirmed this one";
}

TEST(HttpServer, LargeFilesArriveWholeOverTls) {
  TemporaryFolder folder;
  auto options = with_editor(folder.path());
  options.tls = "self-signed";
  RunningServer running(options);
  const auto file = folder.path() + "/data/tls.crt";
  for (const char* path : {"/metrics", "/assets/large-A1b2C3d4.bin"}) {
    const auto answer = ask_over_tls(*running.server, file,
                                     std::string("GET ") + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto length = answer.find("Content-Length: ");
    ASSERT_NE(length, std::string::npos) << path;
    EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, std::stoul(answer.substr(length + 16))) << path;
  }
}

TEST(HttpServer, OperatorsCertificateIsServedAndABadOneNamed) {
  TemporaryFolder maker;
  auto options = options_in(maker.path());
  options.tls = "self-signed";
  { RunningServer running(options); }
  TemporaryFolder folder;
  options = options_in(folder.path());
  options.http = "0.0.0.0:0";
  options.tls_certificate = maker.path() + "/data/tls.crt";
  options.tls_key = maker.path() + "/data/tls.key";
  {
    RunningServer running(options);
    EXPECT_EQ(status_line(ask_over_tls(*running.server, options.tls_certificate, kHealth)), "HTTP/1.1 200 OK");
  }
  const auto refusal = [](const HubServer::Options& wrong) {
    const auto opened = HubServer::open(wrong);
    EXPECT_FALSE(opened.has_value());
    return opened ? Failure<ServerError>{} : opened.error();
  };
  const auto expect = [&](const HubServer::Options& wrong, ServerError code, const std::string& words) {
    const auto error = refusal(wrong);
    EXPECT_EQ(error.code, code) << error.message;
    EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
  };
  auto wrong = options;
  wrong.tls_key.clear();
  expect(wrong, ServerError::flag, "--tls-certificate and --tls-key go together");
  wrong = options;
  wrong.tls = "self-signed";
  expect(wrong, ServerError::flag, "not both");
  wrong = options;
  wrong.tls_certificate = folder.path() + "/none.pem";
  expect(wrong, ServerError::file, "none.pem");
  wrong = options;
  wrong.tls_key = folder.path() + "/data/hub.key";
  expect(wrong, ServerError::tls, "hub.key");
  wrong = options_in(folder.path());
  wrong.tls = "yes";
  expect(wrong, ServerError::flag, "--tls: expected \"self-signed\"");
  wrong.tls.clear();
  wrong.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HUB_TLS") return "yes";
    return std::nullopt;
  };
  expect(wrong, ServerError::config, "hub.tls: expected \"self-signed\"");
}

/// What a client says first.
std::string client_hello() {
  asio::ssl::context tls(asio::ssl::context::tls_client);
  const std::unique_ptr<SSL, decltype(&SSL_free)> session(SSL_new(tls.native_handle()), &SSL_free);
  auto* written = BIO_new(BIO_s_mem());
  SSL_set_bio(session.get(), BIO_new(BIO_s_mem()), written);
  SSL_set_connect_state(session.get());
  SSL_do_handshake(session.get());
  char* data = nullptr;
  const auto size = BIO_get_mem_data(written, &data);
  return {data, static_cast<std::size_t>(size)};
}

TEST(HttpServer, HandshakesOverTheRateOfTheirSourceWaitForTheirTurn) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.tls = "self-signed";
  options.config_file = folder.path() + "/theta.toml";
  std::ofstream(options.config_file) << "[http]\nconnections_max = 1000\n";
  RunningServer running(options);
  const auto hello = client_hello();
  std::vector<int> sockets;
  for (int at = 0; at < 300; ++at) sockets.push_back(say_over_tcp(running.server->addresses().http, hello));
  const auto metrics = ask_over_tls(*running.server, folder.path() + "/data/tls.crt",
                                    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_line(metrics), "HTTP/1.1 200 OK") << "who waits is served in the end";
  const auto waits = metrics.find("\ntheta_http_tls_waits ");
  ASSERT_NE(waits, std::string::npos);
  EXPECT_GT(std::stoi(metrics.substr(waits + 22)), 0);
  for (const int socket : sockets) ::close(socket);
}

TEST(HttpServer, PlainHttpOnATlsPortIsSentOnToHttps) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.tls = "self-signed";
  RunningServer running(options);
  const auto answer =
      ask_over_tcp(running.server->addresses().http, "GET /r/room?x HTTP/1.1\r\nHost: hub:4480\r\n\r\n");
  EXPECT_EQ(status_line(answer), "HTTP/1.1 308 Permanent Redirect");
  EXPECT_NE(answer.find("Location: https://hub:4480/r/room\r\n"), std::string::npos) << answer;
}

TEST(HttpServer, StrangersToTlsAndHalfHandshakesKeepNobodyWaiting) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.tls = "self-signed";
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HTTP_CONNECTIONS_MAX") return "8";
    return std::nullopt;
  };
  RunningServer running(options);
  std::vector<int> idle;
  for (int count = 0; count < 20; ++count)
    idle.push_back(say_over_tcp(running.server->addresses().http, std::string("\x16\x03\x01\x02\x00\x01", 6)));
  const auto file = folder.path() + "/data/tls.crt";
  EXPECT_EQ(status_line(ask_over_tls(*running.server, file, kHealth)), "HTTP/1.1 200 OK");
  for (const int socket : idle) ::close(socket);
}

TEST(HttpServer, RequestsAndHandshakesThatNeverEndAreEnded) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "THETA_HTTP_REQUEST_TIMEOUT_MS") return "100";
    return std::nullopt;
  };
  {
    RunningServer running(options);
    const auto& address = running.server->addresses().http;
    EXPECT_EQ(ask_over_tcp(address, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: "), "");
    EXPECT_EQ(ask_over_tcp(address, "POST /rtc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nv=0"), "");
    EXPECT_NE(get(*running.server, "/metrics").find("theta_http_rejections{reason=\"timeout\"} 2\n"),
              std::string::npos);
  }
  options.tls = "self-signed";
  RunningServer running(options);
  EXPECT_EQ(ask_over_tcp(running.server->addresses().http, std::string("\x16\x03\x01\x02\x00\x01", 6)), "");
  const auto metrics = ask_over_tls(*running.server, folder.path() + "/data/tls.crt",
                                    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const bool is_counted = metrics.find("theta_http_rejections{reason=\"tls\"} 1\n") != std::string::npos ||
                          metrics.find("theta_http_rejections{reason=\"timeout\"} 1\n") != std::string::npos;
  EXPECT_TRUE(is_counted) << metrics;
}

TEST(HttpServer, EditorThatCannotBeServedIsNamed) {
  TemporaryFolder folder;
  auto options = options_in(folder.path());
  options.editor = folder.path() + "/nowhere";
  const auto opened = HubServer::open(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code, ServerError::editor);
  EXPECT_NE(opened.error().message.find("nowhere"), std::string::npos);
}

TEST(HttpServer, ReloadServesWhatIsInTheFolderNow) {
  TemporaryFolder folder;
  auto options = with_editor(folder.path());
  auto opened = HubServer::open(options);
  ASSERT_TRUE(opened.has_value());
  std::ofstream(options.editor + "/index.html") << "newer";
  ASSERT_TRUE((*opened)->reload().has_value());
  fs::remove(options.editor + "/index.html");
  EXPECT_FALSE((*opened)->reload().has_value());
  std::thread loop([&] { (*opened)->run(); });
  EXPECT_NE(get(**opened, "/").find("newer"), std::string::npos) << "a reload that fails changes nothing";
  (*opened)->stop();
  loop.join();
}

}  // namespace
}  // namespace theta::hub::testing
