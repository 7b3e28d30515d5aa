#include "benches.h"
#include "theta/base/check.h"
#include "theta/crypto/hash.h"
#include "workload.h"

namespace theta::bench {

void bench_scene(Report& report, const Options&) {
  const Workload workload(100'000, false);
  const auto snapshot = workload.replica.save_snapshot();
  const auto promised = crypto::hash256(snapshot);
  std::optional<replica::Replica> loaded;
  const auto load = median_seconds(
      7, [&] { loaded.reset(); },
      [&] {
        const bool is_promised = crypto::hash256(snapshot) == promised;
        THETA_CHECK(is_promised);
        auto replica = replica::Replica::load_snapshot(snapshot, false);
        THETA_CHECK(replica.has_value());
        loaded = std::move(*replica);
      });
  report.add("scene: cold load of 100,000 entities", load * 1e3, "ms", 50, Report::Better::lower);
  const auto memory = loaded->scene().memory_use();
  report.add("scene: memory over the payload", static_cast<double>(memory.overhead_bytes) / 100'000, "bytes/entity",
             200, Report::Better::lower);
  report.add("scene: snapshot", static_cast<double>(snapshot.size()) / 1e6, "MB");
  const auto save = median_seconds(
      5, [] {},
      [&] {
        const auto bytes = loaded->save_snapshot();
        THETA_CHECK(bytes.size() == snapshot.size());
      });
  report.add("scene: save of the same", save * 1e3, "ms");
}

}  // namespace theta::bench
