#include "theta/sim/run.h"

#include <gtest/gtest.h>

#include <set>

namespace theta::sim {
namespace {

TEST(Run, OneSeedIsOneRun) {
  for (const auto& profile : profile_names()) {
    Options options;
    options.profile = profile;
    options.operations = 60;
    const auto once = run_seed(4711, options);
    const auto again = run_seed(4711, options);
    EXPECT_EQ(once.digest, again.digest) << profile;
    EXPECT_EQ(once.counts, again.counts) << profile;
  }
}

TEST(Run, AnotherSeedIsAnotherRun) {
  Options options;
  options.operations = 40;
  options.profile = "calm";
  std::set<std::string> digests;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) digests.insert(run_seed(seed, options).digest);
  EXPECT_EQ(digests.size(), 4U);
}

TEST(Run, AFailureNamesTheCommandThatRunsItAgain) {
  RunReport report;
  report.seed = 42;
  report.profile = "clocks";
  EXPECT_EQ(replay_command(report), "build/release/bin/theta-sim --seed 42 --profile clocks --trace");
}

TEST(Run, TheReplayCommandNamesEverythingThatMakesTheRunTheSame) {
  Options options;
  options.profile = "calm";
  options.mutant = "repeat-challenges";
  options.operations = 7;
  EXPECT_EQ(replay_command(run_seed(42, options)),
            "build/release/bin/theta-sim --seed 42 --profile calm --mutant repeat-challenges --operations 7 --trace");
}

TEST(Run, ArgumentsThatMakeNoSenseAreRefused) {
  EXPECT_EQ(run_cli({"--seed", "many"}), 2);
  EXPECT_EQ(run_cli({"--seeds", "9..3"}), 2);
  EXPECT_EQ(run_cli({"--profile", "no-such-profile"}), 2);
  EXPECT_EQ(run_cli({"--frobnicate"}), 2);
}

}  // namespace
}  // namespace theta::sim
