#include "benches.h"
#include "theta/base/check.h"
#include "theta/wire/commands_lane.h"
#include "workload.h"

namespace theta::bench {

namespace {

/// Records in the compact form in which they arrive, with what it takes to expand them.
struct Stream {
  std::vector<Bytes> compact;
  std::vector<log::Record> setup;
  std::size_t commands = 0;
  std::vector<log::CommandPacket> packets;
};

Stream make_stream(std::size_t packets, std::size_t commands_per_packet, bool with_signatures) {
  Workload workload(1000, with_signatures);
  Stream stream;
  stream.setup = workload.setup;
  for (std::size_t at = 0; at < packets; ++at) {
    const auto record = workload.set_transforms(commands_per_packet);
    stream.compact.push_back(log::compact_record(record, AuthorSlot{0}));
    stream.packets.push_back(record.packet);
    stream.commands += commands_per_packet;
  }
  return stream;
}

replica::Replica prepared(const Stream& stream) {
  replica::Replica replica;
  for (const auto& record : stream.setup) {
    const auto applied = replica.apply(record, replica::Trust::trusted_source);
    THETA_CHECK(applied.has_value());
  }
  return replica;
}

/// Decode, verify, apply: what every peer does with a record; and the state hash at the end.
void take_all(replica::Replica& replica, const Stream& stream, replica::Trust trust) {
  for (const auto& compact : stream.compact) {
    const auto record =
        log::expand_record(compact, Seq{replica.head().value() + 1}, replica.record_hash(), replica.members());
    THETA_CHECK(record.has_value());
    const auto outcomes = replica.apply(*record, trust);
    THETA_CHECK(outcomes.has_value());
  }
  // Hashing is put off until somebody asks; nobody may say that it was left out.
  THETA_CHECK(!replica.state_hash().is_zero());
}

double rate(const Stream& stream, replica::Trust trust, int runs) {
  std::optional<replica::Replica> replica;
  const auto seconds = median_seconds(
      runs, [&] { replica = prepared(stream); }, [&] { take_all(*replica, stream, trust); });
  return static_cast<double>(stream.commands) / seconds;
}

double raw_verify_rate(const Stream& stream) {
  const auto seconds = seconds_of([&] {
    for (const auto& packet : stream.packets) {
      const bool good = log::verify_signature(packet);
      THETA_CHECK(good);
    }
  });
  return static_cast<double>(stream.packets.size()) / seconds;
}

/// The two sides of a ratio take turns, so that a machine that is fast now and slow then is fair to both.
constexpr int kTurns = 15;
constexpr int kRivalTurns = 5;  // each starts a process
constexpr int kRuns = 5;

struct Turns {
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  void add(double our_rate, double their_rate) {
    ours.push_back(our_rate);
    theirs.push_back(their_rate);
    ratios.push_back(our_rate / their_rate);
  }
};

void measure_singles(Report& report, const Stream& singles) {
  Turns turns;
  for (int turn = 0; turn < kTurns; ++turn)
    turns.add(rate(singles, replica::Trust::verify, 1), raw_verify_rate(singles));
  report.add("core: libsodium's raw verify", quantile(turns.theirs, 0.5), "packets/s");
  report.add("core: packets of one command, verified", quantile(turns.ours, 0.5), "packets/s");
  report.add("core: of the raw verify rate", quantile(turns.ratios, 0.5), "ratio", 0.85);
}

/// S1: 6,000 single sets over 1,000 nodes, each applied on a second replica; unsigned, as the rival is.
void measure_s1(Report& report, const Options& options) {
  const auto s1 = make_stream(6000, 1, false);
  Turns turns;
  std::vector<double> apply_alone;
  for (int turn = 0; turn < kRivalTurns; ++turn) {
    const auto yjs = run_rival(options, "yjs_s1.mjs");
    if (!yjs) return report.add("S1: unsigned apply", rate(s1, replica::Trust::trusted_source, kRuns), "edits/s");
    turns.add(rate(s1, replica::Trust::trusted_source, kRuns), yjs->at("edit_and_apply_per_s").get<double>());
    apply_alone.push_back(yjs->at("apply_per_s").get<double>());
  }
  report.add("S1: unsigned apply", quantile(turns.ours, 0.5), "edits/s");
  report.add("S1: Yjs, edit and apply on a second replica", quantile(turns.theirs, 0.5), "edits/s");
  report.add("S1: Yjs, apply alone", quantile(apply_alone, 0.5), "edits/s");
  report.add("S1: times Yjs (its edit and apply)", quantile(turns.ratios, 0.5), "ratio", 20);
}

}  // namespace

void bench_core(Report& report, const Options& options) {
  const auto batches = make_stream(400, 100, true);
  report.add("core: packets of 100 commands, verified", rate(batches, replica::Trust::verify, kRuns), "commands/s",
             500'000);
  const auto singles = make_stream(1000, 1, true);
  measure_singles(report, singles);
  measure_s1(report, options);

  const auto message = wire::encode(wire::Submit{log::compact_packet(singles.packets.back())});
  report.add("wire: one single-edit packet, uncompressed", static_cast<double>(message.size()), "bytes", 200,
             Report::Better::lower);
}

}  // namespace theta::bench
