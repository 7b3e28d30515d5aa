// Method: edits through the hub and the baseline (a round trip over QUIC, then one row in SQLite) take turns in blocks,
// so that both see the same disk in the same mood.

#include <sqlite3.h>

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

constexpr int kBlocks = 40;
constexpr int kPerBlock = 50;
/// What a single edit occupies in the hub's log, and about what it takes on the wire each way.
constexpr std::size_t kRowBytes = 256;

/// WAL and synchronous=FULL, one row a transaction, nothing else.
class BareCommits {
 public:
  explicit BareCommits(const std::string& folder) {
    THETA_CHECK(sqlite3_open((folder + "/bare.db").c_str(), &database_) == SQLITE_OK);
    const char* set_up =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows(seq INTEGER PRIMARY KEY, bytes BLOB)";
    THETA_CHECK(sqlite3_exec(database_, set_up, nullptr, nullptr, nullptr) == SQLITE_OK);
    THETA_CHECK(sqlite3_prepare_v2(database_, "INSERT INTO rows(bytes) VALUES(?)", -1, &insert_, nullptr) == SQLITE_OK);
  }
  ~BareCommits() {
    sqlite3_finalize(insert_);
    sqlite3_close(database_);
  }
  BareCommits(const BareCommits&) = delete;
  BareCommits& operator=(const BareCommits&) = delete;

  void commit(const Bytes& row) {
    sqlite3_bind_blob(insert_, 1, row.data(), static_cast<int>(row.size()), SQLITE_STATIC);
    const int stepped = sqlite3_step(insert_);
    THETA_CHECK(stepped == SQLITE_DONE);
    sqlite3_reset(insert_);
  }

 private:
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
};

/// Sends every message back.
void serve_echo(const crypto::Seed& seed, int output) {
  BareEndpoint server(seed);
  std::FILE* out = ::fdopen(output, "w");
  std::fprintf(out, "%u\n", unsigned{server.endpoint->local_address().port});
  std::fflush(out);
  server.handler = [&](const transport::Event& event) {
    if (event.kind != transport::Event::Kind::message) return;
    const SharedBytes copy(Bytes(event.message.begin(), event.message.end()));
    (void)server.endpoint->send(event.peer, event.lane, copy);
  };
  for (;;) {
    server.turn(100ms);
    server.endpoint->flush(steady_now());
  }
}

class EchoPeer {
 public:
  EchoPeer() : seed_(filled_seed()), server_(ChildProcess::start([&](int output) { serve_echo(seed_, output); })) {
    const auto port = std::stoi(server_.read_line());
    const auto address = transport::SocketAddress::ipv4({127, 0, 0, 1}, static_cast<std::uint16_t>(port));
    peer_ = client_.connect(address, crypto::KeyPair::from_seed(seed_).public_key<HubKey>());
    client_.handler = [&](const transport::Event& event) {
      if (event.kind == transport::Event::Kind::message) ++answers_;
    };
  }

  void round_trip(const SharedBytes& message) {
    const auto wanted = answers_ + 1;
    (void)client_.endpoint->send(peer_, transport::Lane::commands, message);
    client_.endpoint->flush(steady_now());
    client_.run_until([&] { return answers_ >= wanted; });
  }

 private:
  static crypto::Seed filled_seed() {
    crypto::Seed seed;
    seed.bytes.fill(3);
    return seed;
  }

  crypto::Seed seed_;
  ChildProcess server_;
  BareEndpoint client_{std::nullopt};
  transport::PeerId peer_;
  std::size_t answers_ = 0;
};

/// Submits one edit and returns when it is on the hub's disk.
void edit_once(client::Client& client, ObjectId entity, int number) {
  const scene::Transform transform{{static_cast<float>(number), 0, 0}, {}, {1, 1, 1}};
  const auto submitted = client.session().submit(client::commands::set_transform(entity, transform));
  THETA_CHECK(submitted.has_value());
  const auto settled = client.wait_until_idle(30s);
  THETA_CHECK(settled.has_value());
  drain_events(client);
}

}  // namespace

AckTimes bench_hub_ack(Report& report, const Options& options) {
  EchoPeer echo;
  HubProcess hub(options.work_folder,
                 {{"THETA_GUARDS_COMMANDS_BURST", "1000000"}, {"THETA_GUARDS_COMMANDS_PER_SECOND", "1000000"}});
  const auto client = open_room(hub);
  const auto entity = make_entities(*client, 1).front();
  const ScratchFolder folder(options.work_folder);
  BareCommits bare(folder.path());
  const Bytes row(kRowBytes, 7);
  const SharedBytes message{Bytes(row)};

  std::vector<double> acks;
  std::vector<double> trips;
  std::vector<double> commits;
  std::vector<double> baselines;
  for (int block = 0; block < kBlocks; ++block) {
    for (int at = 0; at < kPerBlock; ++at)
      acks.push_back(seconds_of([&] { edit_once(*client, entity, block * kPerBlock + at); }) * 1e3);
    for (int at = 0; at < kPerBlock; ++at) {
      trips.push_back(seconds_of([&] { echo.round_trip(message); }) * 1e3);
      commits.push_back(seconds_of([&] { bare.commit(row); }) * 1e3);
      baselines.push_back(trips.back() + commits.back());
    }
  }
  report.add("hub: bare round trip over QUIC, p50", quantile(trips, 0.5), "ms");
  report.add("hub: bare SQLite commit, p50", quantile(commits, 0.5), "ms");
  const AckTimes base{quantile(baselines, 0.5), quantile(baselines, 0.99)};
  const AckTimes ack{quantile(acks, 0.5), quantile(acks, 0.99)};
  report.add("hub: bare round trip and commit, p50", base.p50_ms, "ms");
  report.add("hub: bare round trip and commit, p99", base.p99_ms, "ms");
  report.add("hub: durable ack, p50", ack.p50_ms, "ms");
  report.add("hub: durable ack, p99", ack.p99_ms, "ms");
  report.add("hub: durable ack over bare, p50", ack.p50_ms / base.p50_ms, "ratio", 1.5, Report::Better::lower);
  report.add("hub: durable ack over bare, p99", ack.p99_ms / base.p99_ms, "ratio", 1.5, Report::Better::lower);
  return ack;
}

}  // namespace theta::bench
