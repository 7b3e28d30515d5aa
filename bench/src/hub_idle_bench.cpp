// Method: the hub's resident memory before and after a thousand real clients have logged in and attached, each as an
// editor of its own, in forty rooms of twenty-five; all of them live in this process. One room comes first, so that
// what the hub allocates once is not charged to the clients; the other rooms are.

#include <malloc.h>
#include <sys/resource.h>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

/// Beside the first.
constexpr std::size_t kRooms = 39;
constexpr std::size_t kPerRoom = 25;
constexpr double kClients = kRooms * kPerRoom;

void wait_for_all(Crowd& crowd) {
  const bool all = crowd.wait_until_all_caught_up(300s);
  THETA_CHECK(all);
}

/// Opens so many rooms and fills them, all of them side by side. Keys are numbered on from the crowd's size: one person
/// in two rooms would be an author less.
void fill_rooms(Crowd& crowd, const HubProcess& hub, std::size_t rooms) {
  const auto next_key = [&] { return static_cast<std::uint32_t>(crowd.clients.size()); };
  const std::size_t first = crowd.clients.size();
  for (std::size_t room = 0; room < rooms; ++room) crowd.clients.push_back(begin_room(hub, next_key()));
  wait_for_all(crowd);
  std::vector<log::RoomLink> links;
  for (std::size_t room = 0; room < rooms; ++room) links.push_back(invite_from(*crowd.clients[first + room]));
  for (std::size_t at = 1; at < kPerRoom; ++at) {
    for (const auto& link : links) crowd.clients.push_back(join(link, next_key()));
    wait_for_all(crowd);
  }
}

/// Each client has a socket.
void allow_many_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

void bench_hub_idle(Report& report, const Options& options) {
  allow_many_files();
  // The hub's process begins as a copy of this one. What earlier measurements have freed must not lie in it, touched
  // and at hand, or the clients would seem to take nothing.
  ::malloc_trim(0);
  // All clients come from one address.
  HubProcess hub(options.work_folder, {{"THETA_TRANSPORT_CONNECTIONS_PER_SOURCE_MAX", "2000"}});
  Crowd crowd;
  fill_rooms(crowd, hub, 1);
  const auto before = hub.process().resident_kib();
  const auto seconds = seconds_of([&] { fill_rooms(crowd, hub, kRooms); });
  const auto after = hub.process().resident_kib();
  report.add("idle: the hub with 25 clients", before / 1024, "MiB");
  report.add("idle: the hub with 1,000 clients in 40 rooms", after / 1024, "MiB");
  report.add("idle: memory of the hub a client", (after - before) / kClients, "KiB", 100, Report::Better::lower);
  report.add("idle: clients that came in", kClients / seconds, "clients/s");
  // Gone without goodbyes: a thousand of them, each waiting for its answer, would only take time.
  hub.process().stop();
}

}  // namespace theta::bench
