#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "theta/base/byte_codec.h"
#include "theta/base/ids.h"
#include "theta/client/command.h"
#include "theta/client/events.h"
#include "theta/wire/schema.h"

namespace theta::client {

/// What a command touches, as far as the outbox must know to coalesce and pack without changing what comes out.
struct Footprint {
  wire::fb::Command command = wire::fb::Command::NONE;
  std::vector<std::uint64_t> targets;  // ascending; entities that it writes or makes
  std::uint32_t components = 0;        // a bit for each register that it may write
  std::uint64_t application = 0;       // which application component
  bool barrier = false;                // touches what its targets do not tell: nothing moves across it
  bool replaceable = false;            // a later one with the same key makes it pointless
  bool travels_alone = false;
};

[[nodiscard]] Footprint footprint_of(const wire::fb::CommandPayload& payload);
/// Whether `newer` sets exactly what `older` set, so that only the newer one need be sent.
[[nodiscard]] bool replaces(const Footprint& newer, const Footprint& older);
/// Whether the order of the two matters.
[[nodiscard]] bool depend(const Footprint& a, const Footprint& b);

struct CommandPlace {
  Nonce nonce;
  std::uint16_t index = 0;
  friend bool operator==(const CommandPlace&, const CommandPlace&) = default;
};

/// A command that is not in the log yet.
struct Draft {
  CommandHandle handle;
  Stamp stamp;
  Seq base_seq;   // what its author saw
  Bytes payload;  // a CommandPayload with this one command
  /// Must not share a packet: a packet that held it was refused, and others should not suffer.
  bool alone = false;
  /// Undo and redo of commands whose place in the chain is not fixed yet; 0: the payload says it.
  CommandHandle refers_first;
  CommandHandle refers_last;

  // Both follow from the payload.
  Footprint footprint;
  std::vector<AssetId> assets;  // that it names, so that others who see it will ask the hub for them
  /// Where the overlay shows it; not where it will be signed, since several drafts may share a packet then.
  CommandPlace shown_at;

  void describe();
  [[nodiscard]] bool must_travel_alone() const { return alone || footprint.travels_alone; }
};

void encode_draft(const Draft& draft, ByteWriter& out);
/// A payload that is not a well-formed single command leaves the reader failed.
[[nodiscard]] Draft decode_draft(ByteReader& in);

/// The same Undo or Redo, naming these commands.
[[nodiscard]] Bytes with_references(ByteView payload, CommandPlace first, CommandPlace last);

/// One payload of several drafts' commands, in order; `payloads` are single commands.
[[nodiscard]] Bytes join_payloads(const std::vector<ByteView>& payloads);

/// Replaces every entity id in the command by what `map` says.
[[nodiscard]] Bytes map_ids(ByteView payload, const std::function<ObjectId(ObjectId)>& map);
/// The ids that a command makes: first and count pairs for duplicates, single ones for creates.
[[nodiscard]] std::vector<std::pair<ObjectId, std::uint64_t>> minted_ids(ByteView payload);

}  // namespace theta::client
