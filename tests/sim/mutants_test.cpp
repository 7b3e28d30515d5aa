// Method: a fault is put into the system at one of its seams, and seeds are run until a checker finds it. The test is
// of the checkers: a simulation that cannot see a broken hub proves nothing about a whole one. The mutants live in
// sim/src/mutants.cpp; the product knows nothing of them.

#include <gtest/gtest.h>

#include <algorithm>

#include "theta/sim/run.h"

namespace theta::sim {
namespace {

struct Expectation {
  const char* mutant;
  /// Where its effect shows soonest.
  const char* profile;
  /// Who may find it first.
  std::vector<std::string> checkers;
};

std::ostream& operator<<(std::ostream& out, const Expectation& expectation) { return out << expectation.mutant; }

const std::vector<Expectation>& expectations() {
  static const std::vector<Expectation> all{
      {"ack-before-commit", "hub-crashes", {"durability"}},
      {"ack-failed-writes", "bad-disk", {"durability", "chain", "convergence"}},
      {"drop-last-of-batch", "rate-limited", {"durability", "chain", "convergence"}},
      {"lying-sync", "hub-crashes", {"durability"}},
      {"rewrite-after-relay", "hub-crashes", {"durability", "chain"}},
      {"backdate-records", "hub-crashes", {"durability", "chain"}},
      {"refuse-what-is-taken", "calm", {"outcome", "settlement"}},
      {"swallow-refusals", "roles", {"settlement"}},
      {"hold-back-records", "calm", {"settlement"}},
      {"alter-relayed-records", "calm", {"settlement"}},
      {"unbounded-lane", "slow-readers", {"queues"}},
      {"forget-outbox", "peer-crashes", {"settlement"}},
      {"repeat-challenges", "calm", {"handshake"}},
      {"write-as-viewer", "roles", {"roles"}},
      {"refuse-for-role", "calm", {"roles"}},
      {"forget-assets", "assets", {"assets"}},
      {"reorder-records", "calm", {"chain"}},
      {"steal-keys", "two-devices", {"authorship"}},
      {"rotten-scene", "calm", {"scene"}},
      {"submit-twice", "calm", {"outcome"}},
      {"swallow-changes", "calm", {"rollback"}},
      {"swap-presence", "lossy", {"presence"}},
      {"revive-presence", "lossy", {"presence"}},
      {"flood-presence", "lossy", {"queues"}},
      {"starve-victim", "hostile", {"progress"}},
      {"endless-ring", "slow-readers", {"bounds"}},
      {"bend-state", "calm", {"convergence"}},
  };
  return all;
}

class MutantTest : public ::testing::TestWithParam<Expectation> {};

TEST_P(MutantTest, IsFound) {
  constexpr std::uint64_t kSeeds = 12;
  Options options;
  options.mutant = GetParam().mutant;
  options.profile = GetParam().profile;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto report = run_seed(seed, options);
    if (report.ok()) continue;
    const auto& expected = GetParam().checkers;
    EXPECT_TRUE(std::find(expected.begin(), expected.end(), report.violation->checker) != expected.end())
        << report.violation->checker << " found it: " << report.violation->sentence << "\n"
        << replay_command(report);
    return;
  }
  FAIL() << "no checker found " << options.mutant << " in " << kSeeds << " seeds of " << options.profile;
}

std::string test_name(const ::testing::TestParamInfo<Expectation>& info) {
  std::string name = info.param.mutant;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, MutantTest, ::testing::ValuesIn(expectations()), test_name);

TEST(Mutants, EachHasAnExpectation) {
  for (const auto& name : mutant_names())
    EXPECT_TRUE(std::any_of(expectations().begin(), expectations().end(), [&](const Expectation& expectation) {
      return name == expectation.mutant;
    })) << name;
}

TEST(Mutants, EachCheckerIsNamedByAnExpectation) {
  for (const auto& name : checker_names())
    EXPECT_TRUE(std::any_of(expectations().begin(), expectations().end(), [&](const Expectation& expectation) {
      const auto& checkers = expectation.checkers;
      return std::find(checkers.begin(), checkers.end(), name) != checkers.end();
    })) << name;
}

}  // namespace
}  // namespace theta::sim
