#include "theta/telemetry/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace theta::telemetry {
namespace {

MonotonicTime at_ms(std::int64_t ms) { return MonotonicTime{std::chrono::milliseconds(ms)}; }

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 16; ++value) {
    Histogram single;
    single.record(value);
    EXPECT_EQ(single.quantile(0.5), value);
    histogram.record(value);
  }
  EXPECT_EQ(histogram.quantile(0.5), 7U);
  EXPECT_EQ(histogram.quantile(0), 0U);
  EXPECT_EQ(histogram.quantile(1), 15U);
  EXPECT_EQ(histogram.sum(), 120U);
}

TEST(Histogram, QuantilesAreWithinAnEighthOfTheTruth) {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 100'000; ++value) histogram.record(value * 1000);
  for (const double fraction : {0.01, 0.5, 0.9, 0.99}) {
    const double truth = fraction * 1e8;
    EXPECT_NEAR(static_cast<double>(histogram.quantile(fraction)), truth, truth / 8) << fraction;
  }
}

TEST(Histogram, TakesTheLargestValueAndItsSumSaturates) {
  Histogram histogram;
  histogram.record(UINT64_MAX);
  histogram.record(UINT64_MAX);
  EXPECT_EQ(histogram.quantile(0.99), UINT64_MAX);
  EXPECT_EQ(histogram.sum(), UINT64_MAX);
  EXPECT_EQ(histogram.count(), 2U);
}

TEST(Histogram, EmptyHasNoQuantile) { EXPECT_EQ(Histogram().quantile(0.5), 0U); }

TEST(Histogram, NegativeDurationCountsAsZero) {
  Histogram histogram;
  histogram.record(std::chrono::nanoseconds(-5));
  EXPECT_EQ(histogram.max(), 0U);
  EXPECT_EQ(histogram.count(), 1U);
}

TEST(RateMeter, AveragesTheLastTenWholeSeconds) {
  RateMeter meter;
  for (int second = 0; second < 10; ++second) meter.add(50, at_ms(second * 1000 + 500));
  EXPECT_DOUBLE_EQ(meter.per_second(at_ms(10'200)), 50.0);
  EXPECT_DOUBLE_EQ(meter.per_second(at_ms(15'000)), 25.0);
  EXPECT_DOUBLE_EQ(meter.per_second(at_ms(60'000)), 0.0);
}

TEST(RateMeter, TimeThatGoesBackStandsStill) {
  RateMeter meter;
  meter.add(10, at_ms(5'000));
  meter.add(10, at_ms(1'000));
  EXPECT_DOUBLE_EQ(meter.per_second(at_ms(6'000)), 2.0);
}

TEST(Registry, GivesTheSameMetricForTheSameName) {
  Registry registry;
  Counter& first = registry.counter({.name = names::kTotalAppended, .help = "Records appended."});
  first.add(2);
  registry.counter({.name = names::kTotalAppended, .help = ""}).add();
  EXPECT_EQ(first.value(), 3U);
  EXPECT_EQ(registry.snapshot().find("total_appended")->value, 3);
}

TEST(Registry, SnapshotIsAValueThatLaterChangesDoNotTouch) {
  Registry registry;
  Gauge& depth = registry.gauge({.name = names::kQueueDepth, .help = "Waiting."});
  depth.set(4);
  const Snapshot before = registry.snapshot();
  depth.add(1);
  EXPECT_EQ(before.find("queue_depth")->value, 4);
  EXPECT_EQ(before.find("nothing"), nullptr);
}

TEST(RegistryDeathTest, OneNameAsTwoKindsIsAProgrammersFault) {
  Registry registry;
  static_cast<void>(registry.counter({.name = "thing", .help = ""}));
  EXPECT_DEATH(static_cast<void>(registry.gauge({.name = "thing", .help = ""})), "kind");
}

TEST(Prometheus, WritesEveryKind) {
  Registry registry;
  registry.counter({.name = "a_counter", .help = "Back\\slash\nand line."}).add(12'345'678'901);
  registry.gauge({.name = "b_gauge", .help = "A level.", .label_key = "kind", .label_value = "qu\"ic"}).set(1.5);
  registry.gauge({.name = "b_gauge", .help = "A level.", .label_key = "kind", .label_value = "webrtc"}).set(-2);
  registry.histogram({.name = "c_latency", .help = "A time.", .unit = Unit::nanoseconds})
      .record(std::chrono::milliseconds(8));
  EXPECT_EQ(write_prometheus(registry.snapshot()),
            "# HELP theta_a_counter Back\\\\slash\\nand line.\n"
            "# TYPE theta_a_counter counter\n"
            "theta_a_counter 12345678901\n"
            "# HELP theta_b_gauge A level.\n"
            "# TYPE theta_b_gauge gauge\n"
            "theta_b_gauge{kind=\"qu\\\"ic\"} 1.5\n"
            "theta_b_gauge{kind=\"webrtc\"} -2\n"
            "# HELP theta_c_latency A time.\n"
            "# TYPE theta_c_latency summary\n"
            "theta_c_latency{quantile=\"0.5\"} 0.008\n"
            "theta_c_latency{quantile=\"0.9\"} 0.008\n"
            "theta_c_latency{quantile=\"0.99\"} 0.008\n"
            "theta_c_latency_sum 0.008\n"
            "theta_c_latency_count 1\n");
}

TEST(Prometheus, WritesNumbersThatAreNone) {
  Registry registry;
  registry.gauge({.name = "level", .help = ""}).set(std::nan(""));
  EXPECT_NE(write_prometheus(registry.snapshot()).find("theta_level NaN\n"), std::string::npos);
}

}  // namespace
}  // namespace theta::telemetry
