#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "theta/base/hex.h"
#include "theta/hub/hub.h"
#include "theta/log/compact.h"
#include "theta/log/invite.h"
#include "theta/replica/replica.h"
#include "theta/store/inline_engine.h"
#include "theta/store/sim_disk.h"
#include "theta/transport/sim_network.h"
#include "theta/wire/commands_lane.h"

namespace theta::hub::testing {

namespace fb = wire::fb;

[[nodiscard]] crypto::KeyPair key_of(std::uint8_t seed);
/// A packet's payload of these commands.
[[nodiscard]] Bytes payload_of(std::vector<fb::CommandUnion> commands);
template <class Command>
[[nodiscard]] Bytes payload_of(Command command) {
  std::vector<fb::CommandUnion> commands(1);
  commands[0].Set(std::move(command));
  return payload_of(std::move(commands));
}
[[nodiscard]] fb::CreateEntitiesT create_entities(AuthorSlot slot, std::uint64_t first_counter, std::size_t count = 1);
[[nodiscard]] fb::RenameEntityT rename(ObjectId target, const std::string& name);
[[nodiscard]] SharedBytes message_of(fb::MessageBodyUnion body);
template <class Body>
[[nodiscard]] SharedBytes message_of(Body body) {
  fb::MessageBodyUnion any;
  any.Set(std::move(body));
  return message_of(std::move(any));
}
template <class Fixed>
[[nodiscard]] std::unique_ptr<fb::Bytes32> boxed(const Fixed& value) {
  return std::make_unique<fb::Bytes32>(wire::to_fb32(value));
}

class HubWorld;

/// A peer that does what a test tells it, and keeps everything that the hub sends. It verifies and applies records, as
/// a real one would.
class ScriptedPeer final : public transport::EventSink {
 public:
  ScriptedPeer(HubWorld& world, std::uint8_t key_seed);

  void connect();
  /// Sends Login for the hello that came; `binding` replaces the connection's own, as a relaying attacker would.
  void log_in(std::optional<transport::ChannelBinding> binding = std::nullopt);
  struct AttachOptions {
    bool writer = true;
    bool resume = false;
    std::optional<Hash256> claimed_hash = std::nullopt;
    Bytes join = {};
  };
  void attach(const RoomId& room, AttachOptions options);
  void attach(const RoomId& room) { attach(room, AttachOptions{}); }
  void detach();
  void send_control(const SharedBytes& message) { send(transport::Lane::control, message); }
  void send(transport::Lane lane, const SharedBytes& message);
  void close();

  /// Signs the next packet of this author's chain and submits it; the chain goes on as if it were accepted.
  log::CommandPacket submit(Bytes payload);
  /// Signs without submitting or moving the chain.
  [[nodiscard]] log::CommandPacket make_packet(Bytes payload, Nonce nonce, const Hash256& prev) const;
  void submit_packet(const log::CommandPacket& packet);
  [[nodiscard]] log::CommandPacket make_join(const RoomId& room, const log::RoomLink::Ticket& ticket) const;
  /// Takes the chain back to what the log says, after refusals.
  void reset_chain();
  void send_presence(std::uint32_t counter, std::size_t app_bytes = 8);

  void on_event(const transport::Event& event) override;

  /// The newest control or bulk message of this kind; null when none came.
  template <class Body>
  [[nodiscard]] const Body* last() const {
    for (auto at = messages.rbegin(); at != messages.rend(); ++at)
      if ((*at)->body.type == fb::MessageBodyUnionTraits<Body>::enum_value)
        return static_cast<const Body*>((*at)->body.value);
    return nullptr;
  }
  template <class Body>
  [[nodiscard]] std::size_t count() const {
    std::size_t result = 0;
    for (const auto& message : messages)
      result += message->body.type == fb::MessageBodyUnionTraits<Body>::enum_value ? 1 : 0;
    return result;
  }
  [[nodiscard]] bool is_refused(log::RefusalCode code) const {
    const auto* refused = last<fb::RequestRefusedT>();
    return refused != nullptr && refused->code == code;
  }
  [[nodiscard]] bool has_notice(fb::NoticeKind kind) const;
  [[nodiscard]] std::size_t refusal_count(log::RefusalCode code) const;
  [[nodiscard]] Seq head() const { return replica.head(); }

  crypto::KeyPair key;
  AuthorKey author;
  transport::SimEndpoint* endpoint = nullptr;
  transport::PeerId hub{};
  transport::PeerInfo info;
  bool is_connected = false;
  std::optional<transport::Event> closed;
  std::vector<std::unique_ptr<fb::MessageT>> messages;
  std::vector<wire::Refusal> refusals;
  struct PresenceUpdate {
    std::uint32_t session = 0;
    std::uint32_t counter = 0;
  };
  std::vector<PresenceUpdate> presence;
  std::size_t presence_datagrams = 0;
  std::size_t records_messages = 0;
  replica::Replica replica;
  std::string replica_error;
  Bytes snapshot;

 private:
  void on_message(const transport::Event& event);
  void on_records(const wire::Records& records);
  void take_snapshot_chunk(const fb::SnapshotChunkT& chunk);

  HubWorld& world_;
  Nonce nonce_;
  Hash256 chain_head_;
};

/// One hub, its disk and its network, in virtual time. Faults: the disk's through `disk`, the network's through `net`.
class HubWorld {
 public:
  explicit HubWorld(const HubConfig& config = {}, std::size_t store_requests_max = store::limits::kQueueRequestsMax);

  /// `address` is what the hub sees it come from.
  ScriptedPeer& add_peer(std::uint8_t key_seed, const std::string& address = {});
  /// Connected and logged in.
  ScriptedPeer& add_member(std::uint8_t key_seed);
  /// A room opened by `admin`, who is attached to it as writer.
  RoomId open_room(ScriptedPeer& admin, const std::string& name = "room");
  /// Joined through an invite of `admin`, and attached as writer.
  ScriptedPeer& add_editor(std::uint8_t key_seed, const RoomId& room, const ScriptedPeer& admin,
                           log::Role role = log::Role::editor);
  [[nodiscard]] log::RoomLink::Ticket make_ticket(const RoomId& room, const ScriptedPeer& admin,
                                                  log::InviteTerms terms = {}) const;

  /// Lets virtual time pass until `condition` holds; false when it does not within the bound.
  bool run_until(const std::function<bool()>& condition, MonotonicClock::duration bound = std::chrono::seconds(30));
  void run_for(MonotonicClock::duration duration);
  /// Until nothing is under way: no message, no request to the store.
  void settle() { run_for(std::chrono::seconds(1)); }
  [[nodiscard]] Now now() const;
  [[nodiscard]] double metric(std::string_view name, std::string_view label = {});

  [[nodiscard]] std::size_t count_logged(std::string_view event) const;
  /// Null when nothing of that name was logged.
  [[nodiscard]] const LogEvent* last_logged(std::string_view event) const;

  /// The hub's process ends and begins again on the same disk.
  void restart_hub();

  store::SimDisk disk;
  transport::SimNetwork net;
  HubConfig config;
  crypto::KeyPair hub_key;
  Bytes admin_token;
  WallTime::duration wall_offset{};
  std::vector<LogEvent> log;
  std::unique_ptr<store::InlineEngine> engine;
  std::unique_ptr<Hub> hub;
  transport::SimEndpoint* hub_endpoint = nullptr;
  /// Completions wait while this is set, as behind a slow disk.
  bool is_store_held = false;
  std::size_t store_requests_max;
  /// Sees each answer of the store before the hub does, and may change it: a folder that somebody has edited.
  std::function<void(store::Answer&)> alter_answer;

 private:
  /// The endpoint wants its sink before the hub, which wants the endpoint, can exist.
  struct Forward final : transport::EventSink {
    explicit Forward(HubWorld& owner) : world(owner) {}
    void on_event(const transport::Event& event) override;
    HubWorld& world;
  };
  void start_hub();
  void turn();

  Forward forward_;
  std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  std::vector<store::Completion> completions_;
  std::uint8_t random_byte_ = 0;
};

}  // namespace theta::hub::testing
