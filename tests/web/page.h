#pragma once

#include <deque>
#include <string>
#include <vector>

#include "client/peers.h"
#include "theta/json/json.h"
#include "theta/web/core.h"

namespace theta::web::testing {

using client::testing::World;
using json::Json;

/// A page without a browser: carries the core's frames between its link and the simulated network as data channels
/// would, stores its writes when it is told to, and keeps what it was told.
class Page final : public transport::EventSink {
 public:
  explicit Page(World& the_world) : world(the_world), endpoint(the_world.network.add_endpoint(*this, "page")) {}

  [[nodiscard]] Now now() const {
    return {world.network.now(), client::testing::TestPeer::wall_of(world.network.now())};
  }
  void open(CoreOptions options, std::uint8_t author = 9) {
    auto made = Core::create(options, client::testing::author_key(author), disk.stored, now());
    ASSERT_TRUE(made) << made.error().message;
    core = std::move(*made);
  }
  [[nodiscard]] CoreOptions options_for(client::testing::TestPeer& admin,
                                        wire::fb::Role role = wire::fb::Role::editor) const {
    CoreOptions options;
    options.room = world.hub.room();
    options.hub = world.hub.key();
    options.display_name = "Pia";
    crypto::Seed secret;
    secret.bytes.fill(77);
    options.ticket = *admin->make_invite({role, {}, 0}, secret);
    return options;
  }

  void on_event(const transport::Event& event) override {
    if (!core || event.peer != peer) return;
    if (event.kind == transport::Event::Kind::connected) core->link().open_webrtc(event.info.binding, "hub");
    if (event.kind == transport::Event::Kind::message) receive(event.lane, event.message);
    if (event.kind == transport::Event::Kind::closed) core->link().closed(event.reason, event.text, true);
  }

  void turn() {
    if (!core) return;
    core->step(now());
    if (stores) store();
    core->poll();
    while (auto output = core->next_output()) {
      auto event = Json::parse(output->json);
      if (event["event"] == "connect") peer = endpoint.connect(*world.hub_endpoint);
      if (event["event"] == "disconnect") endpoint.close(peer, transport::CloseReason::none, "");
      events.push_back(std::move(event));
    }
    send();
  }
  bool run_until(const std::function<bool()>& done) {
    return world.run_until(
        [&] {
          turn();
          return done();
        },
        std::chrono::minutes{2});
  }
  /// As the page's script would: by name, with an answer.
  Json call(const std::string& name, Json arguments = Json::object(), ByteView bytes = {}) {
    arguments["call"] = name;
    const auto reply = core->call(arguments.dump(), bytes, now());
    last_bytes = reply.bytes;
    return Json::parse(reply.json);
  }
  Json submit(const std::string& command) { return call("submit", {{"command", Json::parse(command)}}); }
  [[nodiscard]] std::vector<Json> all(const std::string& name) const {
    std::vector<Json> result;
    for (const auto& event : events)
      if (event["event"] == name) result.push_back(event);
    return result;
  }
  [[nodiscard]] Json status() const {
    const auto every = all("status");
    return every.empty() ? Json::object() : every.back();
  }
  [[nodiscard]] bool is_live() const { return status().value("phase", "") == "live"; }

  void store() {
    auto* storage = core->storage();
    while (auto write = storage ? storage->take() : std::nullopt) {
      using Kind = StorageQueue::Kind;
      if (write->kind == Kind::addition) static_cast<void>(disk.append(write->bytes.view()));
      if (write->kind == Kind::state) static_cast<void>(disk.replace(write->bytes.view()));
      if (write->kind == Kind::asset) static_cast<void>(disk.keep_asset(write->asset, write->bytes));
      if (write->kind == Kind::forget) static_cast<void>(disk.forget_asset(write->asset));
      storage->committed(write->number);
    }
  }

  World& world;
  transport::SimEndpoint& endpoint;
  transport::PeerId peer;
  std::unique_ptr<Core> core;
  client::testing::MemoryPersistence disk;
  bool stores = true;
  std::vector<Json> events;
  Bytes last_bytes;
  std::size_t frames_sent = 0;

 private:
  static constexpr std::size_t kPiece = 1000;

  /// In small fragments, as a hub may send them.
  void receive(transport::Lane lane, ByteView message) {
    const std::size_t piece_bytes = lane == transport::Lane::presence ? message.size() + 1 : kPiece;
    do {
      const auto size = std::min(message.size(), piece_bytes);
      Bytes frame{static_cast<std::uint8_t>(size < message.size() ? 1 : 0)};
      frame.insert(frame.end(), message.begin(), message.begin() + static_cast<std::ptrdiff_t>(size));
      core->link().receive(static_cast<std::size_t>(lane), frame);
      message = message.subspan(size);
    } while (!message.empty());
  }
  void send() {
    while (auto frame = core->link().next_frame(0xf)) {
      ++frames_sent;
      auto& rest = unfinished_[frame->channel];
      rest.insert(rest.end(), frame->bytes.begin() + 1, frame->bytes.end());
      if (frame->bytes.front() != 0) continue;
      const auto lane = static_cast<transport::Lane>(frame->channel);
      ASSERT_EQ(endpoint.send(peer, lane, SharedBytes(std::move(rest))), transport::SendResult::queued);
      rest = {};
    }
  }
  Bytes unfinished_[transport::kLaneCount];
};

/// A page's copy of the scene, kept by what scene_mirror.h says and by nothing else.
class Follower {
 public:
  void follow(const Json& step);
  /// "id<parent:name" of every entity in tree order.
  [[nodiscard]] std::vector<std::string> lines() const;

 private:
  std::map<std::string, Json> entities_;
  std::map<std::string, std::vector<std::string>> children_;
};

inline void Follower::follow(const Json& step) {
  if (step.value("reset", false)) {
    if (step["first"]) *this = {};
    for (const auto& entity : step["entities"]) {
      entities_[entity["id"]] = entity;
      children_[entity["parent"]].push_back(entity["id"]);
    }
    return;
  }
  const auto take_out = [&](const std::string& id) {
    const auto known = entities_.find(id);
    if (known != entities_.end()) std::erase(children_[known->second["parent"]], id);
  };
  for (const auto& placed : step["placed"]) take_out(placed[0]);
  for (const auto& id : step["removed"]) take_out(id);
  for (const auto& id : step["removed"]) {
    entities_.erase(id);
    children_.erase(id);
  }
  for (const auto& entity : step["entities"]) entities_[entity["id"]] = entity;
  for (const auto& placed : step["placed"]) {
    auto& list = children_[placed[1]];
    auto at = placed[2].is_null() ? list.end() : std::find(list.begin(), list.end(), placed[2].get<std::string>());
    list.insert(at, placed[0].get<std::string>());
  }
}

inline std::vector<std::string> Follower::lines() const {
  std::vector<std::string> result;
  std::vector<std::string> open = {"root"};
  while (!open.empty()) {
    const auto id = open.back();
    open.pop_back();
    if (id != "root") result.push_back(entities_.at(id).dump());
    const auto below = children_.find(id);
    if (below != children_.end()) open.insert(open.end(), below->second.rbegin(), below->second.rend());
  }
  return result;
}

}  // namespace theta::web::testing
