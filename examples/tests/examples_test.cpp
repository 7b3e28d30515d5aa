// Runs every example as a process of its own against a real hub on loopback, and then looks at the room.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "theta/base/hex.h"
#include "theta/client/client.h"
#include "theta/hub/server.h"

namespace theta::client {
namespace {

using namespace std::chrono_literals;

std::string make_folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "theta-examples-XXXXXX";
  return ::mkdtemp(pattern.data());
}

class Examples : public ::testing::Test {
 protected:
  void SetUp() override {
    hub::HubServer::Options options;
    options.data_folder = folder_ + "/hub";
    options.listen = "127.0.0.1:0";
    options.http = "127.0.0.1:0";
    options.handle_signals = false;
    auto server = hub::HubServer::open(std::move(options));
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::thread([this] { server_->run(); });
    open_room();
  }

  void TearDown() override {
    admin_.reset();
    if (server_) server_->stop();
    if (thread_.joinable()) thread_.join();
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }

  void open_room() {
    const auto key = create_identity(folder_ + "/admin.key");
    ASSERT_TRUE(key) << key.error().message;
    std::ifstream token_file(folder_ + "/hub/admin.token");
    std::string text;
    token_file >> text;
    const auto token = from_base64url(text);
    ASSERT_TRUE(token);
    const auto& quic = server_->addresses().quic;
    ClientOptions options;
    options.link.host = "127.0.0.1";
    options.link.port = static_cast<std::uint16_t>(std::stoi(quic.substr(quic.rfind(':') + 1)));
    const auto hub_key = from_base64url(server_->addresses().fingerprint);
    ASSERT_TRUE(hub_key);
    options.link.hub = HubKey::from(*hub_key);
    options.open_room = SessionOptions::OpenRoom{"examples", *token};
    auto admin = Client::open(options, *key);
    ASSERT_TRUE(admin) << admin.error().message;
    admin_ = std::move(*admin);
    const auto ready = admin_->wait_until_caught_up(60s);
    ASSERT_TRUE(ready) << ready.error().message;
    const auto ticket = admin_->session().make_invite({}, random_seed());
    ASSERT_TRUE(ticket) << ticket.error().message;
    link_ = to_string(admin_->link(*ticket));
  }

  /// Exit status, and what it printed.
  std::string run(const std::string& example) {
    const auto command = std::string(EXAMPLES_FOLDER) + "/" + example + " '" + link_ + "' '" + folder_ + "/peer' 2>&1";
    FILE* pipe = ::popen(command.c_str(), "r");
    EXPECT_NE(pipe, nullptr);
    std::string output;
    char piece[256];
    while (std::fgets(piece, sizeof piece, pipe) != nullptr) output += piece;
    const int status = ::pclose(pipe);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << output;
    return output;
  }

  [[nodiscard]] std::size_t count_named(const std::string& name) {
    std::size_t count = 0;
    auto& scene = admin_->session().scene();
    scene.for_each_entity([&](ObjectId entity) {
      if (const auto* own = scene.name(entity); own != nullptr && *own == name) ++count;
    });
    return count;
  }

  std::string folder_ = make_folder();
  std::unique_ptr<hub::HubServer> server_;
  std::thread thread_;
  std::unique_ptr<Client> admin_;
  std::string link_;
};

TEST_F(Examples, ConnectAndCreate) {
  const auto output = run("01_connect_and_create");
  EXPECT_NE(output.find("made cup"), std::string::npos) << output;
  EXPECT_NE(output.find("acknowledged as record"), std::string::npos) << output;
  EXPECT_TRUE(admin_->wait_until([&] { return count_named("cup") == 1 && count_named("table") == 1; }, 30s));
}

TEST_F(Examples, OfflineThenSync) {
  const auto output = run("02_offline_then_sync");
  EXPECT_NE(output.find("the lamp stands at 100"), std::string::npos) << output;
  EXPECT_TRUE(admin_->wait_until([&] { return count_named("lamp") == 1; }, 30s));
}

TEST_F(Examples, PresencePointer) {
  const auto output = run("03_presence_pointer");
  EXPECT_NE(output.find("3 participants"), std::string::npos) << output;
}

TEST_F(Examples, ASecondProcessWithTheSameKeyAndFolderIsTold) {
  const auto key = create_identity(folder_ + "/peer.key");
  ASSERT_TRUE(key);
  ClientOptions options;
  options.link = *log::parse_link(link_);
  options.state_folder = folder_ + "/peer";
  auto first = Client::open(options, *key);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = Client::open(options, *key);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ClientError::locked);
  options.read_only_if_locked = true;
  auto reader = Client::open(options, *key);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_TRUE((*reader)->is_read_only());
  ASSERT_TRUE((*first)->wait_until_caught_up(30s));
  ASSERT_TRUE((*reader)->wait_until_caught_up(30s));
  EXPECT_FALSE((*reader)->session().is_writer());
}

}  // namespace
}  // namespace theta::client
