#include "hub_benches.h"

namespace theta::bench {

void bench_hub(Report& report, const Options& options) {
  const auto alone = bench_hub_ack(report, options);
  bench_hub_crowd(report, options, alone);
  bench_hub_idle(report, options);
  bench_hub_join(report, options);
  bench_hub_bulk(report, options);
  bench_quic_bulk(report, options);
}

}  // namespace theta::bench
