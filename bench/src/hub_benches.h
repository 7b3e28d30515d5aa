#pragma once

#include "benches.h"

namespace theta::bench {

/// What one edit of one client takes when nobody else is there, from submitting to hearing that it is on disk.
struct AckTimes {
  double p50_ms = 0;
  double p99_ms = 0;
};

AckTimes bench_hub_ack(Report& report, const Options& options);
void bench_hub_crowd(Report& report, const Options& options, const AckTimes& alone);
void bench_hub_idle(Report& report, const Options& options);
void bench_hub_join(Report& report, const Options& options);
void bench_hub_bulk(Report& report, const Options& options);
void bench_quic_bulk(Report& report, const Options& options);
void bench_echo(Report& report, const Options& options);
void bench_rtc(Report& report, const Options& options);

}  // namespace theta::bench
