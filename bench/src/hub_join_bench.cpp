// Method: one author makes 10,000 entities and then 100,000 edits in packets of 100 commands; after that, newcomers
// without any state join one after the other. The time runs from opening the client, its socket included, to having
// everything.

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEntities = 10'000;
constexpr std::size_t kEdits = 100'000;
constexpr int kJoins = 7;

void edit_all(client::Client& client, const std::vector<ObjectId>& ids) {
  for (std::size_t at = 0; at < kEdits; ++at) {
    const scene::Transform transform{{static_cast<float>(at), 0, 0}, {}, {1, 1, 1}};
    const auto submitted = client.session().submit(client::commands::set_transform(ids[at % ids.size()], transform));
    THETA_CHECK(submitted.has_value());
    if (at % 2000 != 1999) continue;
    const auto idle = client.wait_until_idle(60s);
    THETA_CHECK(idle.has_value());
    drain_events(client);
  }
}

}  // namespace

void bench_hub_join(Report& report, const Options& options) {
  HubProcess hub(options.work_folder,
                 {{"THETA_GUARDS_COMMANDS_BURST", "1000000"}, {"THETA_GUARDS_COMMANDS_PER_SECOND", "1000000"}});
  const auto admin = open_room(hub);
  const auto link = invite_from(*admin);
  const auto ids = make_entities(*admin, kEntities);
  const auto edit_seconds = seconds_of([&] { edit_all(*admin, ids); });
  report.add("join: edits of one client, on disk", static_cast<double>(kEdits) / edit_seconds, "edits/s");
  report.add("join: records in the log", static_cast<double>(admin->session().confirmed_head().value()), "records");
  std::vector<double> joins;
  for (std::uint32_t number = 1; number <= kJoins; ++number) {
    std::unique_ptr<client::Client> newcomer;
    joins.push_back(seconds_of([&] {
                      newcomer = join(link, number);
                      const auto ready = newcomer->wait_until_caught_up(60s);
                      THETA_CHECK(ready.has_value());
                    }) *
                    1e3);
    THETA_CHECK(newcomer->session().scene().transform(ids.front()) != nullptr);
    // The author reads on, so that its connection stays.
    admin->run_once(0ms);
  }
  report.add("join: the first after 100,000 edits", joins.front(), "ms", 300, Report::Better::lower);
  report.add("join: after 100,000 edits, median", quantile(joins, 0.5), "ms", 300, Report::Better::lower);
}

}  // namespace theta::bench
