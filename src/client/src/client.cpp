#include "theta/client/client.h"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "theta/base/hex.h"
#include "theta/client/file_persistence.h"
#include "theta/transport/quic_endpoint.h"

namespace theta::client {
namespace {

using namespace std::chrono_literals;
using transport::CloseReason;

// A loop that has nothing to do still looks around this often.
constexpr auto kIdleWaitMax = 1000ms;
constexpr auto kGoodbyeMax = 500ms;

Now read_clocks() {
  return {
      MonotonicTime{
          std::chrono::duration_cast<MonotonicClock::duration>(std::chrono::steady_clock::now().time_since_epoch())},
      WallTime{std::chrono::duration_cast<WallClock::duration>(std::chrono::system_clock::now().time_since_epoch())}};
}

std::string room_folder(const ClientOptions& options, const crypto::KeyPair& author) {
  const auto key = author.public_key<AuthorKey>();
  return options.state_folder + "/rooms/" + to_base64url(options.link.room.view()) + "." +
         to_base64url(key.view()).substr(0, 16);
}

std::string host_and_port(const log::RoomLink& link) {
  const bool is_ipv6 = link.host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + link.host + "]" : link.host) + ":" + std::to_string(link.port);
}

}  // namespace

struct Client::Impl final : transport::EventSink {
  explicit Impl(ClientOptions given) : options(std::move(given)) {}

  void on_event(const transport::Event& event) override {
    if (session) session->on_event(event, now);
  }
  void tick() { now = read_clocks(); }
  void drive();
  void connect();
  void goodbye();
  [[nodiscard]] MonotonicTime next_wakeup() const;

  ClientOptions options;
  Now now;
  std::optional<RoomLock> lock;
  std::unique_ptr<FilePersistence> persistence;
  std::unique_ptr<transport::QuicEndpoint> endpoint;
  std::optional<transport::PeerId> peer;
  std::unique_ptr<Session> session;
  std::size_t next_address = 0;
  bool read_only = false;
};

ClientResult<std::unique_ptr<Client>> Client::open(ClientOptions options, const crypto::KeyPair& author) {
  auto impl = std::make_unique<Impl>(std::move(options));
  impl->tick();
  auto& given = impl->options;
  if (!given.state_folder.empty() && !given.link.room.is_zero()) {
    const auto folder = room_folder(given, author);
    auto lock = RoomLock::take(folder);
    if (lock) {
      impl->lock.emplace(std::move(*lock));
      auto persistence = FilePersistence::open(folder);
      if (!persistence) return tl::unexpected(persistence.error());
      impl->persistence = std::move(*persistence);
    } else if (lock.error().code == ClientError::locked && given.read_only_if_locked) {
      impl->read_only = true;
    } else {
      return tl::unexpected(lock.error());
    }
  }
  auto endpoint = transport::QuicEndpoint::open({}, *impl);
  if (!endpoint) return fail(ClientError::network, endpoint.error().message);
  impl->endpoint = std::move(*endpoint);

  SessionOptions session;
  session.room = given.link.room;
  session.hub = given.link.hub;
  session.ticket = given.link.ticket;
  session.open_room = given.open_room;
  session.display_name = given.display_name;
  session.writer = given.writer && !impl->read_only;
  session.software = given.software;
  session.keep_signed_snapshot = given.keep_signed_snapshot;
  const auto seed = random_seed();
  std::memcpy(&session.random_seed, seed.bytes.data(), sizeof session.random_seed);
  impl->session = std::make_unique<Session>(std::move(session), author, *impl->endpoint, impl->persistence.get());
  impl->session->set_now(impl->now);
  if (auto restored = impl->session->restore(); !restored) return tl::unexpected(restored.error());
  if (given.start_offline) impl->session->go_offline();
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Client::~Client() {
  impl_->tick();
  impl_->session->save();
  impl_->goodbye();
}

void Client::Impl::goodbye() {
  session->go_offline();
  endpoint->shut_down(CloseReason::none, "the peer left");
  endpoint->flush(now.monotonic);
  const auto end = now.monotonic + kGoodbyeMax;
  while (endpoint->connection_count() > 0 && now.monotonic < end) {
    const auto next = std::min(endpoint->next_timeout(), end);
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::max(next - now.monotonic, MonotonicClock::duration{}));
    pollfd poll_fd{endpoint->fd(), POLLIN, 0};
    const bool readable = ::poll(&poll_fd, 1, static_cast<int>(wait.count())) > 0;
    tick();
    readable ? endpoint->on_readable(now.monotonic) : endpoint->on_timer(now.monotonic);
  }
}

void Client::Impl::connect() {
  const auto name = host_and_port(options.link);
  const auto addresses = transport::resolve(name);
  if (!addresses) return session->connect_failed(addresses.error().message, now);
  // A name may stand for several addresses; each attempt takes the next.
  const auto& address = (*addresses)[next_address++ % addresses->size()];
  peer = endpoint->connect(address, options.link.hub, now.monotonic);
  session->connecting(*peer, now);
}

void Client::Impl::drive() {
  tick();
  if (session->wants_connection(now.monotonic)) connect();
  if (endpoint->next_timeout() <= now.monotonic) endpoint->on_timer(now.monotonic);
  session->step(now);
  endpoint->flush(now.monotonic);
}

MonotonicTime Client::Impl::next_wakeup() const {
  auto next = endpoint->next_timeout();
  if (const auto wakeup = session->next_wakeup()) next = std::min(next, *wakeup);
  return next;
}

void Client::run_once(std::chrono::milliseconds timeout) {
  impl_->drive();
  const auto wait = std::min(timeout, next_timeout());
  pollfd poll_fd{impl_->endpoint->fd(), POLLIN, 0};
  const bool readable = ::poll(&poll_fd, 1, static_cast<int>(wait.count())) > 0;
  impl_->tick();
  if (readable) impl_->endpoint->on_readable(impl_->now.monotonic);
  impl_->drive();
}

ClientResult<void> Client::wait_until(const std::function<bool()>& done, std::chrono::milliseconds timeout) {
  const auto end = read_clocks().monotonic + timeout;
  for (;;) {
    run_once(0ms);
    if (done()) return {};
    if (session().phase() == SessionPhase::stopped)
      return fail(ClientError::stopped, "the session has ended; its last events say why");
    const auto left = end - read_clocks().monotonic;
    if (left <= MonotonicClock::duration::zero())
      return fail(ClientError::timed_out,
                  "what was waited for did not happen within " + std::to_string(timeout.count()) + " ms");
    run_once(std::chrono::ceil<std::chrono::milliseconds>(left));
    if (done()) return {};
  }
}

ClientResult<void> Client::wait_until_idle(std::chrono::milliseconds timeout) {
  return wait_until([this] { return session().is_idle(); }, timeout);
}

ClientResult<void> Client::wait_until_caught_up(std::chrono::milliseconds timeout) {
  return wait_until([this] { return session().caught_up(); }, timeout);
}

int Client::fd() const { return impl_->endpoint->fd(); }

std::chrono::milliseconds Client::next_timeout() const {
  const auto now = read_clocks().monotonic;
  const auto next = impl_->next_wakeup();
  if (next <= now) return 0ms;
  if (next - now > kIdleWaitMax) return kIdleWaitMax;
  return std::chrono::ceil<std::chrono::milliseconds>(next - now);
}

Session& Client::session() {
  impl_->tick();
  impl_->session->set_now(impl_->now);
  return *impl_->session;
}
const Session& Client::session() const { return *impl_->session; }
std::optional<Event> Client::poll_event() { return impl_->session->poll_event(); }
bool Client::is_read_only() const { return impl_->read_only; }

log::RoomLink Client::link(std::optional<log::RoomLink::Ticket> ticket) const {
  auto result = impl_->options.link;
  result.room = impl_->session->room();
  result.ticket = std::move(ticket);
  return result;
}

transport::PeerStats Client::network_stats() const {
  return impl_->peer ? impl_->endpoint->peer_stats(*impl_->peer) : transport::PeerStats{};
}

}  // namespace theta::client
