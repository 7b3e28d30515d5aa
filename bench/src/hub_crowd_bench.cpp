// Method: thirty clients in one room, the hub in a process of its own. Every client moves an entity of its own ten
// times a second and sends presence thirty times a second, at phases that are spread over the interval, as people's
// are. Each is watched by the next of its group: when it shows the change, the edit was seen. Four are measured, on
// this process's thread; the other twenty-six are the crowd, in a process of their own, because thirty clients that
// verify everything fill a thread, and waiting for that thread is nothing that the hub adds. In life each of them has
// a machine of its own; here the crowd leaves the processors to the hub and the measured ones when they want them.

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <utility>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMeasured = 4;
constexpr std::size_t kOthers = 26;
constexpr auto kDuration = 20s;
constexpr int kNiceness = 19;
/// The crowd goes on until it is stopped.
constexpr auto kForever = 1h;
constexpr auto kEditEvery = 100ms;
constexpr auto kPresenceEvery = std::chrono::nanoseconds(1s) / 30;

/// One client's timetable, and its edits that the observer has not seen.
struct Member {
  ObjectId entity;
  MonotonicTime next_edit;
  MonotonicTime next_presence;
  struct Edit {
    float x = 0;
    MonotonicTime submitted;
  };
  std::deque<Edit> unseen;
  float next_x = 1;
};

/// Clients that edit by timetable and watch each other.
class Group {
 public:
  explicit Group(std::vector<std::unique_ptr<client::Client>> clients) {
    crowd_.clients = std::move(clients);
    const bool all = crowd_.wait_until_all_caught_up(120s);
    THETA_CHECK(all);
    for (auto& client : crowd_.clients) members_.push_back({make_entities(*client, 1).front(), {}, {}, {}, 1});
    const auto has_all = [&](const auto& client) {
      const auto& scene = std::as_const(*client).session().scene();
      return std::all_of(members_.begin(), members_.end(),
                         [&](const Member& member) { return scene.transform(member.entity) != nullptr; });
    };
    while (!std::all_of(crowd_.clients.begin(), crowd_.clients.end(), has_all)) crowd_.run_once(10ms);
  }

  /// Milliseconds from submitting to being seen, of every edit.
  std::vector<double> run(std::chrono::seconds duration) {
    const auto begin = steady_now();
    const auto end = begin + duration;
    for (std::size_t at = 0; at < members_.size(); ++at) {
      members_[at].next_edit = begin + kEditEvery * at / members_.size();
      members_[at].next_presence = begin + kPresenceEvery * at / members_.size();
    }
    // The limit only guards against a hub that died.
    const auto limit = end + 10s;
    while (steady_now() < limit && (steady_now() < end || has_unseen())) {
      const auto next = steady_now() < end ? act() : limit;
      const auto wait = std::chrono::floor<std::chrono::milliseconds>(next - steady_now());
      crowd_.run_once(std::clamp<std::chrono::milliseconds>(wait, 0ms, 50ms), [this](std::size_t at) { look(at); });
    }
    THETA_CHECK(!has_unseen());
    return std::move(latencies_ms_);
  }

  [[nodiscard]] std::uint64_t presence_seen() const { return presence_seen_; }

 private:
  [[nodiscard]] bool has_unseen() const {
    return std::any_of(members_.begin(), members_.end(), [](const Member& member) { return !member.unseen.empty(); });
  }

  /// Everything whose time has come; returns when the next comes.
  MonotonicTime act() {
    auto next = MonotonicTime::max();
    for (std::size_t at = 0; at < members_.size(); ++at) {
      auto& member = members_[at];
      const auto now = steady_now();
      bool has_acted = false;
      if (member.next_edit <= now) {
        edit(at);
        member.next_edit += kEditEvery;
        has_acted = true;
      }
      if (member.next_presence <= now) {
        client::Presence presence;
        presence.view = client::Pose{{member.next_x, 1, 2}, {}};
        presence.pointer_origin = scene::Vec3{1, 2, 3};
        presence.pointer_target = scene::Vec3{3, 2, 1};
        crowd_.clients[at]->session().set_presence(presence);
        member.next_presence += kPresenceEvery;
        has_acted = true;
      }
      if (has_acted) {
        crowd_.clients[at]->run_once(0ms);
        look(at);
      }
      next = std::min({next, member.next_edit, member.next_presence});
    }
    return next;
  }

  void edit(std::size_t at) {
    auto& member = members_[at];
    const scene::Transform transform{{member.next_x, 0, 0}, {}, {1, 1, 1}};
    const auto submitted = steady_now();
    const auto handle = crowd_.clients[at]->session().submit(client::commands::set_transform(member.entity, transform));
    THETA_CHECK(handle.has_value());
    member.unseen.push_back({member.next_x, submitted});
    member.next_x += 1;
  }

  /// What client `at` was told: does it show its predecessor's newest edits?
  void look(std::size_t at) {
    bool has_changed = false;
    while (const auto event = crowd_.clients[at]->poll_event()) {
      has_changed = has_changed || std::holds_alternative<client::Changed>(*event);
      if (const auto* presence = std::get_if<client::PresenceChanged>(&*event))
        presence_seen_ += presence->sessions.size();
    }
    if (!has_changed) return;
    auto& watched = members_[(at + members_.size() - 1) % members_.size()];
    const auto* transform = std::as_const(*crowd_.clients[at]).session().scene().transform(watched.entity);
    const auto now = steady_now();
    while (transform != nullptr && !watched.unseen.empty() && watched.unseen.front().x <= transform->position.x) {
      latencies_ms_.push_back(seconds_between(watched.unseen.front().submitted, now) * 1e3);
      watched.unseen.pop_front();
    }
  }

  Crowd crowd_;
  std::vector<Member> members_;
  std::vector<double> latencies_ms_;
  std::uint64_t presence_seen_ = 0;
};

/// The child's side.
void be_the_others(const log::RoomLink& link, int output) {
  THETA_CHECK(::setpriority(PRIO_PROCESS, 0, kNiceness) == 0);
  std::vector<std::unique_ptr<client::Client>> clients;
  for (std::uint32_t at = 0; at < kOthers; ++at) clients.push_back(join(link, kMeasured + at));
  Group group(std::move(clients));
  THETA_CHECK(::write(output, "ready\n", 6) == 6);
  (void)group.run(kForever);
}

}  // namespace

void bench_hub_crowd(Report& report, const Options& options, const AckTimes& alone) {
  HubProcess hub(options.work_folder, {});
  std::vector<std::unique_ptr<client::Client>> clients;
  clients.push_back(open_room(hub));
  const auto link = invite_from(*clients.front());
  const auto begin = steady_now();
  auto others = ChildProcess::start([&](int output) { be_the_others(link, output); });
  THETA_CHECK(others.read_line() == "ready");
  for (std::uint32_t at = 1; at < kMeasured; ++at) clients.push_back(join(link, at));
  Group group(std::move(clients));
  const auto use_before = own_cpu_seconds();
  auto latencies = group.run(kDuration);
  const auto own_use = own_cpu_seconds() - use_before;
  const auto others_use = others.stop().cpu_seconds;
  const auto seconds = seconds_between(begin, steady_now());
  report.add("crowd: edits that were watched", static_cast<double>(latencies.size()), "edits");
  report.add("crowd: presence seen by the watchers", static_cast<double>(group.presence_seen()), "updates");
  report.add("crowd: edit seen by another client, p50", quantile(latencies, 0.5), "ms");
  const auto p99 = quantile(latencies, 0.99);
  report.add("crowd: edit seen by another client, p99", p99, "ms");
  report.add("crowd: added by hub and crowd, p99", p99 - alone.p99_ms, "ms", 5, Report::Better::lower);
  report.add("crowd: processor of the 4 clients", own_use / std::chrono::duration<double>(kDuration).count(), "cores");
  report.add("crowd: processor of the 26 others", others_use / seconds, "cores");
  report.add("crowd: processor of the hub", hub.process().stop().cpu_seconds / seconds, "cores");
}

}  // namespace theta::bench
