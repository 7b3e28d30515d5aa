// What JavaScript calls: plain functions over numbers and addresses. web/client/src/core.ts is the only caller.

#include <emscripten.h>

#include <cstdlib>
#include <string>

#include "theta/base/hex.h"
#include "theta/json/json.h"
#include "theta/web/core.h"

namespace theta::web {
namespace {

using json::Json;

/// What the last call that returns more than a number has returned; JavaScript copies it at once.
struct Result {
  std::string text;
  Bytes bytes;
};
Result result;

ByteView view(const std::uint8_t* data, std::size_t size) { return {data, size}; }
std::string text_of(const std::uint8_t* data, std::size_t size) { return {reinterpret_cast<const char*>(data), size}; }

Now now_of(double monotonic_ms, double wall_ms) {
  constexpr double kNanoseconds = 1e6;
  return {MonotonicTime{MonotonicClock::duration{static_cast<std::int64_t>(monotonic_ms * kNanoseconds)}},
          from_unix_ms(static_cast<std::uint64_t>(wall_ms))};
}

void fail_with(const std::string& text) {
  result = {Json{{"error", {{"code", "refused"}, {"text", text}}}}.dump(), {}};
}

/// What the bytes are, as core.ts reads it.
std::string write_text(const StorageQueue::Write& write) {
  using Kind = StorageQueue::Kind;
  switch (write.kind) {
    case Kind::addition: return R"({"kind":"addition"})";
    case Kind::state: return R"({"kind":"state"})";
    case Kind::asset: return R"({"kind":"asset","asset":")" + to_hex(write.asset.view()) + "\"}";
    case Kind::forget: return R"({"kind":"forget","asset":")" + to_hex(write.asset.view()) + "\"}";
  }
  return "{}";
}

Core* create(const Json& given, const crypto::Seed& author, client::Persistence::Stored stored, Now now) {
  CoreOptions options;
  const auto link = log::parse_any_link(given.value("link", ""));
  if (!link) return fail_with(link.error().message), nullptr;
  options.room = link->room;
  options.hub = link->hub;
  options.ticket = link->ticket;
  options.display_name = given.value("display_name", "");
  options.writer = given.value("writer", true);
  options.start_offline = given.value("offline", false);
  options.keeps = given.value("keeps", true);
  options.keeps_assets = given.value("keeps_assets", false);
  options.random_seed = given.value("random_seed", std::uint64_t{0});
  auto core = Core::create(options, crypto::KeyPair::from_seed(author), std::move(stored), now);
  if (!core) return fail_with(core.error().message), nullptr;
  result = {"{}", {}};
  return core->release();
}

}  // namespace
}  // namespace theta::web

using theta::web::Core;
using namespace theta;  // NOLINT: C functions stand outside of namespaces

extern "C" {

EMSCRIPTEN_KEEPALIVE const char* theta_result_text() { return web::result.text.data(); }
EMSCRIPTEN_KEEPALIVE std::size_t theta_result_text_size() { return web::result.text.size(); }
EMSCRIPTEN_KEEPALIVE const std::uint8_t* theta_result_bytes() { return web::result.bytes.data(); }
EMSCRIPTEN_KEEPALIVE std::size_t theta_result_bytes_size() { return web::result.bytes.size(); }
/// Gives a large result's memory back.
EMSCRIPTEN_KEEPALIVE void theta_result_forget() { web::result = {}; }

/// `seed`: 32 bytes. The kept assets stand in the options as their sizes ("assets"), and in the bytes one behind the
/// other. Null: see the result.
EMSCRIPTEN_KEEPALIVE Core* theta_create(const std::uint8_t* options, std::size_t options_size, const std::uint8_t* seed,
                                        const std::uint8_t* state, std::size_t state_size, const std::uint8_t* journal,
                                        std::size_t journal_size, const std::uint8_t* assets, double monotonic_ms,
                                        double wall_ms) {
  const auto given = json::Json::parse(web::text_of(options, options_size), nullptr, false);
  if (!given.is_object()) return web::fail_with("expected options"), nullptr;
  crypto::Seed author;
  std::copy(seed, seed + author.bytes.size(), author.bytes.begin());
  client::Persistence::Stored stored{Bytes(state, state + state_size), Bytes(journal, journal + journal_size)};
  for (const auto size : given.value("assets", std::vector<std::size_t>{})) {
    stored.assets.emplace_back(Bytes(assets, assets + size));
    assets += size;
  }
  return web::create(given, author, std::move(stored), web::now_of(monotonic_ms, wall_ms));
}
EMSCRIPTEN_KEEPALIVE void theta_destroy(Core* core) { delete core; }

/// Milliseconds until it wants to be called again; negative: only when something arrives.
EMSCRIPTEN_KEEPALIVE double theta_step(Core* core, double monotonic_ms, double wall_ms) {
  const auto now = web::now_of(monotonic_ms, wall_ms);
  core->step(now);
  const auto next = core->next_wakeup();
  if (!next) return -1;
  if (*next <= now.monotonic) return 0;
  return std::chrono::duration<double, std::milli>(*next - now.monotonic).count();
}

/// The answer is the result. `core` may be null for functions that need no room.
EMSCRIPTEN_KEEPALIVE void theta_call(Core* core, const std::uint8_t* text, std::size_t text_size,
                                     const std::uint8_t* bytes, std::size_t bytes_size, double monotonic_ms,
                                     double wall_ms) {
  const auto given = web::text_of(text, text_size);
  auto reply = core ? core->call(given, web::view(bytes, bytes_size), web::now_of(monotonic_ms, wall_ms))
                    : web::call_without_room(given, web::view(bytes, bytes_size));
  web::result = {std::move(reply.json), std::move(reply.bytes)};
}

EMSCRIPTEN_KEEPALIVE void theta_receive(Core* core, std::size_t channel, const std::uint8_t* frame, std::size_t size) {
  core->link().receive(channel, web::view(frame, size));
}

/// The channel of the frame in the result; -1: there is none for the channels whose bits are set.
EMSCRIPTEN_KEEPALIVE int theta_next_frame(Core* core, unsigned writable_channels) {
  auto frame = core->link().next_frame(writable_channels);
  if (!frame) return -1;
  web::result = {{}, std::move(frame->bytes)};
  return static_cast<int>(frame->channel);
}
EMSCRIPTEN_KEEPALIVE int theta_has_queued(Core* core) { return core->link().has_queued() ? 1 : 0; }

/// The number of the write in the result; -1: there is none.
EMSCRIPTEN_KEEPALIVE double theta_next_write(Core* core) {
  auto* storage = core->storage();
  auto write = storage ? storage->take() : std::nullopt;
  if (!write) return -1;
  const auto bytes = write->bytes.view();
  web::result = {web::write_text(*write), Bytes(bytes.begin(), bytes.end())};
  return static_cast<double>(write->number);
}
EMSCRIPTEN_KEEPALIVE void theta_written(Core* core, double number) {
  if (auto* storage = core->storage()) storage->committed(static_cast<std::uint64_t>(number));
}
EMSCRIPTEN_KEEPALIVE void theta_write_failed(Core* core, const std::uint8_t* text, std::size_t size) {
  core->storage_failed(web::text_of(text, size));
}

/// 1: a step is due.
EMSCRIPTEN_KEEPALIVE int theta_poll(Core* core) {
  core->poll();
  return core->wants_step() ? 1 : 0;
}
/// 1: the result is an output; 0: there is none.
EMSCRIPTEN_KEEPALIVE int theta_next_output(Core* core) {
  auto output = core->next_output();
  if (!output) return 0;
  const auto bytes = output->bytes.view();
  web::result = {std::move(output->json), Bytes(bytes.begin(), bytes.end())};
  return 1;
}

}  // extern "C"
