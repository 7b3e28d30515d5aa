#pragma once

#include <cstddef>
#include <cstdint>

namespace theta::limits {

// Bounds that are part of the protocol: every replica enforces the same ones. What an operator can tune lies in
// `log/config.h`, and can only be stricter.

/// A packet's payload after decompression.
inline constexpr std::size_t kPayloadBytesMax = 64 * 1024;
inline constexpr std::size_t kCommandsPerPacketMax = 100;
/// Entities that one command may create, delete, duplicate or set.
inline constexpr std::size_t kTargetsPerCommandMax = 4096;
/// Entities in the subtrees that one command deletes, duplicates or restores.
inline constexpr std::size_t kSubtreeEntitiesMax = 16384;
inline constexpr std::size_t kHierarchyDepthMax = 1024;
inline constexpr std::size_t kNameBytesMax = 256;
inline constexpr std::size_t kTagBytesMax = 64;
inline constexpr std::size_t kTagsPerEntityMax = 64;
inline constexpr std::size_t kAppComponentsPerEntityMax = 32;
inline constexpr std::size_t kAppComponentBytesMax = 16 * 1024;
inline constexpr std::size_t kSelectionMax = 1024;
inline constexpr std::size_t kToolNameBytesMax = 64;
inline constexpr std::size_t kAuthorsPerRoomMax = 65535;
inline constexpr std::size_t kInvitesPerRoomMax = 65536;
inline constexpr std::size_t kPolicyRulesMax = 1024;
inline constexpr std::size_t kTombstonesMax = 65536;
/// Undo journal of one author: what is older falls out.
inline constexpr std::size_t kJournalEntriesMax = 256;
inline constexpr std::size_t kJournalBytesMax = 4 * 1024 * 1024;
/// All authors' journals of a room; beyond it the largest loses its oldest entries.
inline constexpr std::size_t kJournalBytesPerRoomMax = 64 * 1024 * 1024;
/// Entities that the commands of one packet may touch in all.
inline constexpr std::size_t kPacketWorkMax = 4 * kSubtreeEntitiesMax;

/// Names, tags and application components of all entities of a room.
inline constexpr std::size_t kSceneVariableBytesMax = std::size_t{256} * 1024 * 1024;
/// What the commands of one packet may copy: values of duplicated entities, journal entries that are toggled.
inline constexpr std::size_t kPacketCopyBytesMax = 16 * kJournalBytesMax;

/// Versions pack the seq of the record that wrote a register into 40 bits.
inline constexpr std::uint64_t kSeqMax = (std::uint64_t{1} << 39) - 1;

/// Messages on the lanes, framing included.
inline constexpr std::size_t kMessageBytesMax = 1024 * 1024;
inline constexpr std::size_t kAssetChunkBytes = 256 * 1024;
inline constexpr std::size_t kPresenceBytesMax = 1100;

static_assert(kMessageBytesMax >= kAssetChunkBytes + 1024, "an asset chunk and its envelope fit one message");
static_assert(kMessageBytesMax >= kPayloadBytesMax + 1024, "a packet and its envelope fit one message");

}  // namespace theta::limits
