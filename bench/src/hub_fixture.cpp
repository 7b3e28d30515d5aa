#include "hub_fixture.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <fstream>
#include <sstream>

#include "theta/base/check.h"
#include "theta/base/hex.h"
#include "theta/hub/server.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

/// The child's side: serves until SIGTERM.
void serve(const std::string& folder, const HubSettings& settings, int output) {
  hub::HubServer::Options options;
  options.data_folder = folder;
  options.listen = "127.0.0.1:0";
  options.http = "127.0.0.1:0";
  options.environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = settings.find(name);
    return found == settings.end() ? std::nullopt : std::optional(found->second);
  };
  // Refused logins and the like would make a measurement doubtful; that rooms come and go is expected.
  options.log = [](const hub::LogEvent& event) {
    if (event.level != hub::LogLevel::info) std::fprintf(stderr, "hub: %s\n", event.text.c_str());
  };
  auto server = hub::HubServer::open(std::move(options));
  if (!server) {
    std::fprintf(stderr, "the hub to be measured did not start: %s\n", server.error().message.c_str());
    ::_exit(1);
  }
  const auto& addresses = (*server)->addresses();
  const auto line = addresses.quic + " " + addresses.fingerprint + "\n";
  THETA_CHECK(::write(output, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  (*server)->run();
}

}  // namespace

HubProcess::HubProcess(const std::string& work_folder, const HubSettings& settings)
    : folder_(work_folder),
      process_(ChildProcess::start([&](int output) { serve(folder_.path() + "/hub", settings, output); })) {
  std::istringstream line(process_.read_line());
  std::string address;
  std::string fingerprint;
  line >> address >> fingerprint;
  const auto key = from_base64url(fingerprint);
  THETA_CHECK(key.has_value() && key->size() == HubKey::kSize);
  const auto colon = address.rfind(':');
  link_.host = address.substr(0, colon);
  link_.port = static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1)));
  link_.hub = HubKey::from(*key);
  std::string token;
  std::ifstream(folder_.path() + "/hub/admin.token") >> token;
  admin_token_ = from_base64url(token).value_or(Bytes());
}

crypto::KeyPair bench_key(std::uint32_t number) {
  crypto::Seed seed;
  seed.bytes.fill(0x5a);
  for (std::size_t at = 0; at < sizeof number; ++at) seed.bytes[at] = static_cast<std::uint8_t>(number >> (8 * at));
  return crypto::KeyPair::from_seed(seed);
}

std::unique_ptr<client::Client> begin_room(const HubProcess& hub, std::uint32_t key_number) {
  client::ClientOptions options;
  options.link = hub.link();
  options.open_room = client::SessionOptions::OpenRoom{"bench", hub.admin_token()};
  auto opened = client::Client::open(std::move(options), bench_key(key_number));
  THETA_CHECK(opened.has_value());
  return std::move(*opened);
}

std::unique_ptr<client::Client> open_room(const HubProcess& hub) {
  auto client = begin_room(hub, 0);
  const auto ready = client->wait_until_caught_up(30s);
  THETA_CHECK(ready.has_value());
  return client;
}

log::RoomLink invite_from(client::Client& admin) {
  crypto::Seed secret;
  secret.bytes.fill(0xa5);
  auto ticket = admin.session().make_invite({}, secret);
  THETA_CHECK(ticket.has_value());
  return admin.link(std::move(*ticket));
}

std::unique_ptr<client::Client> join(const log::RoomLink& link, std::uint32_t key_number) {
  client::ClientOptions options;
  options.link = link;
  options.display_name = "peer " + std::to_string(key_number);
  auto opened = client::Client::open(std::move(options), bench_key(key_number));
  THETA_CHECK(opened.has_value());
  return std::move(*opened);
}

std::vector<ObjectId> make_entities(client::Client& client, std::size_t count) {
  std::vector<ObjectId> ids;
  constexpr std::size_t kPerCommand = 250;
  while (ids.size() < count) {
    std::vector<client::NewEntity> entities(std::min(kPerCommand, count - ids.size()));
    for (std::size_t at = 0; at < entities.size(); ++at) {
      entities[at].name = "entity " + std::to_string(ids.size() + at);
      entities[at].transform = scene::Transform{};
    }
    const auto created = client.session().create_entities(std::move(entities));
    THETA_CHECK(created.has_value());
    ids.insert(ids.end(), created->ids.begin(), created->ids.end());
  }
  const auto idle = client.wait_until_idle(60s);
  THETA_CHECK(idle.has_value());
  drain_events(client);
  return ids;
}

void drain_events(client::Client& client) {
  while (client.poll_event()) continue;
}

void Crowd::run_once(std::chrono::milliseconds timeout, const std::function<void(std::size_t)>& after) {
  std::vector<pollfd> waits;
  std::vector<bool> is_due;
  waits.reserve(clients.size());
  for (const auto& client : clients) {
    const auto due_in = client->next_timeout();
    is_due.push_back(due_in <= 0ms);
    timeout = std::min(timeout, due_in);
    waits.push_back({client->fd(), POLLIN, 0});
  }
  ::poll(waits.data(), waits.size(), static_cast<int>(timeout.count()));
  for (std::size_t at = 0; at < clients.size(); ++at) {
    if (!is_due[at] && waits[at].revents == 0 && clients[at]->next_timeout() > 0ms) continue;
    clients[at]->run_once(0ms);
    if (after) after(at);
  }
}

bool Crowd::wait_until_all_caught_up(std::chrono::seconds limit) {
  const auto end = steady_now() + limit;
  const auto behind = [](const auto& client) { return !std::as_const(*client).session().caught_up(); };
  while (std::any_of(clients.begin(), clients.end(), behind)) {
    if (steady_now() > end) return false;
    run_once(10ms, [&](std::size_t at) { drain_events(*clients[at]); });
  }
  return true;
}

BareEndpoint::BareEndpoint(std::optional<crypto::Seed> hub_seed) {
  transport::QuicEndpoint::Options options;
  options.listen = *transport::SocketAddress::parse("127.0.0.1:0");
  options.quic.hub_seed = std::move(hub_seed);
  auto opened = transport::QuicEndpoint::open(options, *this);
  THETA_CHECK(opened.has_value());
  endpoint = std::move(*opened);
}

void BareEndpoint::on_event(const transport::Event& event) {
  if (event.kind == transport::Event::Kind::connected) ++connected_;
  if (handler) handler(event);
}

void BareEndpoint::turn(std::chrono::milliseconds timeout) {
  const auto now = steady_now();
  const auto next = endpoint->next_timeout();
  if (next <= now) {
    timeout = 0ms;
  } else if (next - now < timeout) {
    timeout = std::chrono::ceil<std::chrono::milliseconds>(next - now);
  }
  pollfd wait{endpoint->fd(), POLLIN, 0};
  const bool readable = ::poll(&wait, 1, static_cast<int>(timeout.count())) > 0;
  if (readable) endpoint->on_readable(steady_now());
  if (endpoint->next_timeout() <= steady_now()) endpoint->on_timer(steady_now());
}

void BareEndpoint::run_until(const std::function<bool()>& done) {
  while (!done()) turn(100ms);
}

transport::PeerId BareEndpoint::connect(const transport::SocketAddress& remote, const HubKey& key) {
  const auto before = connected_;
  const auto peer = endpoint->connect(remote, key, steady_now());
  endpoint->flush(steady_now());
  run_until([&] { return connected_ > before; });
  return peer;
}

MonotonicTime steady_now() {
  return MonotonicTime{
      std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::steady_clock::now().time_since_epoch())};
}

double own_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double seconds_between(MonotonicTime from, MonotonicTime to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace theta::bench
