#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "theta/base/byte_codec.h"
#include "theta/crypto/keys.h"
#include "theta/log/record.h"
#include "theta/replica/replica.h"
#include "theta/transport/sim_network.h"
#include "theta/wire/commands_lane.h"
#include "theta/wire/schema.h"

namespace theta::client::testing {

/// A hub of one room, small enough to be bent: it orders packets by the real rules, and a test can make it refuse, stay
/// silent, forget or lie at one point. The real hub has tests of its own.
class FakeHub final : public transport::EventSink {
 public:
  FakeHub();
  void use(transport::SimEndpoint& endpoint) { endpoint_ = &endpoint; }
  void on_event(const transport::Event& event) override;

  [[nodiscard]] HubKey key() const { return key_.public_key<HubKey>(); }
  [[nodiscard]] const crypto::KeyPair& key_pair() const { return key_; }
  [[nodiscard]] RoomId room() const { return replica_.room(); }
  [[nodiscard]] const replica::Replica& replica() const { return replica_; }
  [[nodiscard]] const std::vector<log::Record>& log() const { return log_; }
  [[nodiscard]] std::size_t count_commands(const AuthorKey& author) const;

  /// Sequences a packet that did not come from a peer.
  void sequence(log::CommandPacket packet);
  void notice(wire::fb::NoticeKind kind, const std::string& text);
  /// As signed by `signer` (the hub's own key unless a test forges it).
  void send_checkpoint(std::optional<Hash256> state_hash = {}, const crypto::KeyPair* signer = nullptr);
  void send_presence(std::uint32_t session, std::uint32_t counter, float x);
  /// To every peer, on the bulk lane.
  void send_unasked(const Bytes& bytes);
  void disconnect_all(transport::CloseReason reason = transport::CloseReason::going_away, const std::string& text = {});
  /// Whoever needs a snapshot gets the one of this moment from now on, and the records that came after it.
  void take_snapshot() { taken_ = make_snapshot(); }

  // What a test bends.
  WallTime wall = from_unix_ms(1'700'000'000'000);
  float commands_burst = 0;
  float commands_per_second = 0;
  std::size_t resume_records_max = 1'000'000;
  /// Asked for every packet that would be taken; a refusal keeps it out.
  std::function<std::optional<wire::Refusal>(Nonce)> refuse;
  /// Packets are taken, but nobody hears of it.
  bool relays = true;
  /// Packets vanish.
  bool ignores_packets = false;
  /// Changes a snapshot's bytes, a record's compact form, or the checkpoint on the way out.
  std::function<void(Bytes&)> bend_snapshot;
  std::function<void(Bytes&)> bend_record;
  /// Snapshots are of this replica.
  std::optional<replica::Replica> forked;
  /// What Welcome says, instead of `wall`.
  std::optional<std::uint64_t> told_time_ms;
  /// What Welcome says of the page.
  std::string page;
  /// Attached leaves the hub last, behind the snapshot and the records: to the peer, the lanes have overtaken it.
  bool attached_comes_last = false;
  bool ignores_attach = false;
  bool ignores_open = false;
  bool ignores_assets = false;
  /// Questions about the log vanish, or are refused.
  bool ignores_history = false;
  /// A record that answers to questions about the log leave out.
  Seq withheld;
  std::optional<wire::fb::RefusalCode> history_refusal;

  // What a test counts.
  std::vector<Bytes> submitted;  // packets in compact form, as they came
  std::vector<Bytes> presence;
  std::size_t snapshots_sent = 0;
  std::size_t attaches = 0;
  std::size_t history_queries = 0;
  std::size_t unasked_bytes = 0;  // of `send_unasked`, as far as the lanes took them

 private:
  struct Peer {
    transport::ChannelBinding binding;
    AuthorKey author;
    bool logged_in = false;
    bool attached = false;
    bool writer = false;
    std::uint32_t session = 0;
    std::uint32_t attach_request = 0;
    std::uint64_t next_seq = 1;
  };
  void on_control(transport::PeerId id, const wire::fb::Message& message);
  void on_bulk(transport::PeerId id, const wire::fb::Message& message);
  void log_in(transport::PeerId id, const wire::fb::Login& login);
  void attach(transport::PeerId id, const wire::fb::Attach& attach);
  void submit(transport::PeerId id, ByteView compact);
  void relay();
  struct Snapshot {
    wire::fb::CheckpointT checkpoint;
    Bytes bytes;
  };
  [[nodiscard]] Snapshot make_snapshot() const;
  void send_snapshot(transport::PeerId id, Snapshot snapshot);
  void introduce_others(transport::PeerId id);
  void expel_revoked();
  template <class Table>
  void send(transport::PeerId id, transport::Lane lane, Table table);
  void refuse_request(transport::PeerId id, std::uint32_t request, wire::fb::RefusalCode code, std::string text);
  [[nodiscard]] const replica::Replica& shown() const { return forked ? *forked : replica_; }
  [[nodiscard]] wire::fb::CheckpointT checkpoint(const Hash256& state_hash, const Hash256& snapshot_hash,
                                                 const crypto::KeyPair& signer) const;

  crypto::KeyPair key_;
  transport::SimEndpoint* endpoint_ = nullptr;
  replica::Replica replica_;
  std::vector<log::Record> log_;
  std::vector<Bytes> compact_;
  std::optional<Snapshot> taken_;
  std::map<transport::PeerId, Peer> peers_;
  std::uint32_t next_session_ = 1;
  std::map<AssetId, Bytes> assets_;
};

}  // namespace theta::client::testing
