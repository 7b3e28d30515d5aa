#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/log/checkpoint.h"
#include "theta/log/config.h"
#include "theta/wire/schema.h"

namespace theta::hub::messages {

// The hub's messages in the form in which a lane carries them.

[[nodiscard]] SharedBytes hub_hello(const HubKey& hub, const Hash256& challenge);
[[nodiscard]] SharedBytes welcome(WallTime hub_time, const log::CommandLogConfig& config, std::string_view page);
[[nodiscard]] SharedBytes checkpoint(const log::Checkpoint& checkpoint);
[[nodiscard]] SharedBytes room_opened(const RoomId& room);
[[nodiscard]] SharedBytes notice(wire::fb::NoticeKind kind, std::string_view text);

struct AttachedFields {
  RoomId room;
  wire::fb::Role role = wire::fb::Role::none;
  AuthorSlot slot = kNoSlot;
  std::uint32_t session = 0;
  Nonce nonce;
  Seq head;
  Seq from;
  const log::Checkpoint* snapshot = nullptr;
  std::uint64_t snapshot_bytes = 0;
};
[[nodiscard]] SharedBytes attached(const AttachedFields& fields);

struct RequestRefusedFields {
  std::uint32_t request = 0;
  wire::fb::RefusalCode code = wire::fb::RefusalCode::none;
  std::string_view text;
  std::uint32_t retry_after_ms = 0;
};
[[nodiscard]] SharedBytes request_refused(const RequestRefusedFields& fields);

struct SessionInfoFields {
  std::uint32_t session = 0;
  AuthorKey author;
  AuthorSlot slot = kNoSlot;
  bool connected = true;
};
[[nodiscard]] SharedBytes session_info(const SessionInfoFields& fields);

[[nodiscard]] SharedBytes snapshot_chunk(Seq seq, std::uint64_t offset, ByteView bytes);

struct AssetFields {
  std::uint32_t request = 0;
  AssetId asset;
  std::uint64_t total_bytes = 0;
  std::uint64_t position = 0;  // received so far, or the chunk's offset
};
[[nodiscard]] SharedBytes asset_state(const AssetFields& fields);
[[nodiscard]] SharedBytes asset_chunk(const AssetFields& fields, ByteView bytes);
[[nodiscard]] SharedBytes log_range(std::uint32_t request, Seq head, ByteView records);

/// Several sessions' presence in one datagram.
struct PresenceUpdate {
  std::uint32_t session = 0;
  ByteView bytes;
};
[[nodiscard]] SharedBytes presence_bundle(const std::vector<PresenceUpdate>& updates);
/// An upper bound of what an update adds to a bundle, and of an empty bundle.
inline constexpr std::size_t kPresenceUpdateOverheadBytes = 32;
inline constexpr std::size_t kPresenceBundleOverheadBytes = 64;
/// The largest presence that is relayed: alone in a bundle, it fits a datagram.
inline constexpr std::size_t kPresenceBlobBytesMax =
    limits::kPresenceBytesMax - kPresenceBundleOverheadBytes - kPresenceUpdateOverheadBytes;

}  // namespace theta::hub::messages
