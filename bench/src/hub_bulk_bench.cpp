// Method: one asset of 64 MiB goes up through one client and down through another that never had it: hashed on the
// way in, synced to disk, hashed again on the way out. The bulk limiter is lifted; it is the hub's path that counts.

#include "hub_benches.h"
#include "hub_fixture.h"
#include "theta/base/check.h"

namespace theta::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAssetBytes = std::size_t{64} * 1024 * 1024;

SharedBytes noise() {
  Bytes bytes(kAssetBytes);
  std::uint64_t state = 88172645463325252U;
  for (auto& byte : bytes) {
    // Xorshift: the same bytes in every run, and no compression helps with them.
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    byte = static_cast<std::uint8_t>(state);
  }
  return SharedBytes(std::move(bytes));
}

/// Runs until an event of this kind has come.
template <class Wanted>
void await(client::Client& client) {
  const auto done = client.wait_until(
      [&] {
        while (const auto event = client.poll_event()) {
          if (const auto* failed = std::get_if<client::AssetFailed>(&*event))
            std::fprintf(stderr, "the hub refused the asset: %s\n", failed->refusal.text.c_str());
          if (std::holds_alternative<Wanted>(*event)) return true;
        }
        return false;
      },
      120s);
  THETA_CHECK(done.has_value());
}

}  // namespace

void bench_hub_bulk(Report& report, const Options& options) {
  HubProcess hub(options.work_folder, {{"THETA_GUARDS_BULK_BURST_BYTES", "1000000000"},
                                       {"THETA_GUARDS_BULK_BYTES_PER_SECOND", "1000000000"}});
  const auto writer = open_room(hub);
  const auto reader = join(invite_from(*writer), 1);
  const auto ready = reader->wait_until_caught_up(30s);
  THETA_CHECK(ready.has_value());
  const auto bytes = noise();
  const auto megabytes = static_cast<double>(bytes.size()) / 1e6;
  AssetId asset;
  const auto up = seconds_of([&] {
    const auto id = writer->session().upload_asset(bytes);
    THETA_CHECK(id.has_value());
    asset = *id;
    await<client::AssetStored>(*writer);
  });
  const auto down = seconds_of([&] {
    const auto asked = reader->session().download_asset(asset);
    THETA_CHECK(asked.has_value());
    await<client::AssetReady>(*reader);
  });
  report.add("bulk: a 64 MiB asset up, on disk", megabytes / up, "MB/s");
  report.add("bulk: and down to another client", megabytes / down, "MB/s");
  report.add("bulk: processor of the hub for both", hub.process().stop().cpu_seconds, "s");
}

}  // namespace theta::bench
