#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/client/command.h"
#include "theta/log/command_rules.h"
#include "theta/log/record.h"
#include "theta/replica/outcome.h"
#include "theta/scene/components.h"
#include "theta/transport/transport.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// Names a submitted command until it is settled: 1, 2, 3, …; goes on counting over restarts.
using CommandHandle = Id<struct CommandHandleTag, std::uint64_t>;
/// Names a connection in the room, for presence; new with every connection.
using SessionNumber = Id<struct SessionNumberTag, std::uint32_t>;

// ---- Presence -----------------------------------------------------------------------------------------------------

struct Pose {
  scene::Vec3 position;
  scene::Quat rotation;
};

/// What moves at frame rate: lossy, latest wins. Everything in world space. Absent parts are not shown.
struct Presence {
  std::optional<Pose> view;  // head or camera
  /// Of the view's frustum: radians over 0 and under pi, and width by height, over 0.
  struct ViewShape {
    float vertical_fov = 0;
    float aspect_ratio = 0;
  };
  std::optional<ViewShape> view_shape;
  std::optional<Pose> left_hand;
  std::optional<Pose> right_hand;
  std::optional<scene::Vec3> pointer_origin;
  std::optional<scene::Vec3> pointer_target;
  ObjectId hovered = kNoObject;
  struct Dragged {
    ObjectId entity;
    scene::Transform transform;
  };
  std::vector<Dragged> dragging;  // at most 16
  Bytes app;                      // at most 256 bytes
};

// ---- Events -------------------------------------------------------------------------------------------------------

/// The hub is who the link says, and has accepted the author's key.
struct Connected {
  std::string address;
  transport::TransportKind kind = transport::TransportKind::simulated;
};
struct Attached {
  RoomId room;
  wire::fb::Role role = wire::fb::Role::none;
  AuthorSlot slot = kNoSlot;
  SessionNumber session;
};
/// Everything that the hub had when this session attached is applied.
struct CaughtUp {
  Seq head;
};
/// What the overlay shows is different now, rollbacks included; read the new values from the scene.
struct Changed {
  std::vector<scene::RegisterKey> registers;  // ascending, without repeats
  bool everything = false;                    // a snapshot was loaded, or too many to list
  bool members = false;                       // roles, selections, tools, policies
};
struct CommandSettled {
  enum class How : std::uint8_t {
    acknowledged,  // in the log and on the hub's disk, at `seq`
    refused,       // not in the log; gone from the scene again
    coalesced,     // never sent: a newer command of this session, `into`, says the same and more
  };
  CommandHandle handle;
  How how = How::acknowledged;
  Seq seq;
  Nonce nonce;
  std::uint16_t index = 0;                  // place in its packet: names the command for `Session::undo`
  std::optional<replica::Outcome> outcome;  // absent when only a snapshot told that it is in the log
  std::optional<log::Refused> refusal;
  CommandHandle into;
  Command command;  // refused: what it was
};
/// The command is in the log, but lost against somebody else's, wholly or on some targets. Do it again on top
/// (`Session::submit_again`) or leave it.
struct Conflict {
  CommandHandle handle;
  replica::Outcome outcome;
  std::string blocker_name;  // display name of the other author, or empty
  std::string text;
  Command command;
};
struct PresenceChanged {
  std::vector<SessionNumber> sessions;
};
struct SessionJoined {
  SessionNumber session;
  AuthorKey author;
  AuthorSlot slot = kNoSlot;
};
struct SessionLeft {
  SessionNumber session;
  AuthorKey author;
};
struct Notice {
  wire::fb::NoticeKind kind = wire::fb::NoticeKind::lagging;
  std::string text;
};
/// Another session of this author has become the writer: commands are kept until `Session::take_writer`.
struct WriterLost {
  std::string text;
};
struct Disconnected {
  transport::CloseReason reason = transport::CloseReason::none;
  std::string text;
  bool will_retry = false;
  /// What the hub answered, when it refused the login or the room; none: something else ended the connection.
  log::RefusalCode refusal = log::RefusalCode::none;
};
/// The hub's log and ours cannot both be true. The session has stopped for good; what it knows is kept for evidence.
struct Diverged {
  std::string text;
};
/// Ids that this author made elsewhere were in the way of commands not yet sent; these got new ones.
struct IdsRemapped {
  std::vector<std::pair<ObjectId, ObjectId>> ids;  // old, new
};
struct AssetProgress {
  AssetId asset;
  bool upload = false;
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};
struct AssetStored {
  AssetId asset;
};
struct AssetReady {
  AssetId asset;
  SharedBytes bytes;
  /// It came from the hub, just now.
  bool is_new = false;
};
/// With `SessionOptions::looks_for_assets`: an asset was asked for, and `Session::supply_asset` is waited for.
struct AssetWanted {
  AssetId asset;
};
struct AssetFailed {
  AssetId asset;
  log::Refused refusal;
};
/// Answer of `Session::query_history`, in order; empty when there are none, or the hub refused.
struct History {
  std::uint32_t query = 0;
  Seq head;
  std::vector<log::Record> records;  // packets as the hub tells them: see `log verify` for proof
  std::optional<log::Refused> refusal;
};
/// The local state could not be written: a restart would forget what came after. Tried again by itself.
struct StorageFailed {
  std::string text;
};

using Event = std::variant<Connected, Attached, CaughtUp, Changed, CommandSettled, Conflict, PresenceChanged,
                           SessionJoined, SessionLeft, Notice, WriterLost, Disconnected, Diverged, IdsRemapped,
                           AssetProgress, AssetStored, AssetReady, AssetWanted, AssetFailed, History, StorageFailed>;

}  // namespace theta::client
