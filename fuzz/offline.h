#pragma once

#include "local_state.h"
#include "room.h"
#include "theta/client/session.h"

namespace theta::fuzz {

/// A session's disk in memory.
struct Disk final : client::Persistence {
  client::ClientResult<Stored> load() override { return stored; }
  client::ClientResult<void> replace(ByteView state) override {
    stored.state.assign(state.begin(), state.end());
    stored.journal.clear();
    return {};
  }
  client::ClientResult<void> append(ByteView entries) override {
    stored.journal.insert(stored.journal.end(), entries.begin(), entries.end());
    return {};
  }
  client::ClientResult<void> sync() override { return {}; }
  client::ClientResult<void> keep_asset(const AssetId&, const SharedBytes& bytes) override {
    stored.assets.push_back(bytes);
    return {};
  }
  /// Only a hub's answer makes an asset one to forget.
  client::ClientResult<void> forget_asset(const AssetId&) override { THETA_CHECK(false); }
  Stored stored;
};

/// The way to a hub that nobody ever reaches.
struct NoTransport final : transport::Transport {
  transport::SendResult send(transport::PeerId, transport::Lane, const SharedBytes&) override { THETA_CHECK(false); }
  void close(transport::PeerId, transport::CloseReason, std::string) override {}
  [[nodiscard]] std::size_t queued_bytes(transport::PeerId, transport::Lane) const override { return 0; }
  [[nodiscard]] transport::PeerStats peer_stats(transport::PeerId) const override { return {}; }
};

/// What the opener's disk holds of the room once it has received all of it and queued nothing.
inline Bytes received_state() {
  client::LocalFacts facts;
  facts.room = room().room();
  facts.author = opener().public_key<AuthorKey>();
  facts.hub = hub_key();
  facts.next_object_counter = 5;
  return client::encode_state(facts, {}, room_snapshot());
}

/// The opener's session over a disk, offline for ever.
struct OfflineSession {
  explicit OfflineSession(Disk& disk) : session(options(), opener(), transport, &disk) {}
  static client::SessionOptions options() {
    client::SessionOptions options;
    options.hub = hub_key();
    return options;
  }
  NoTransport transport;
  client::Session session;
};

}  // namespace theta::fuzz
