#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include "theta/base/bytes.h"

namespace theta {

/// An integer id with a type of its own and no arithmetic.
template <class Tag, class Rep>
class Id {
 public:
  using Representation = Rep;
  constexpr Id() = default;
  constexpr explicit Id(Rep value) : value_(value) {}
  [[nodiscard]] constexpr Rep value() const { return value_; }
  friend constexpr auto operator<=>(Id, Id) = default;

 private:
  Rep value_{};
};

/// Place of a record in its room's log: 1, 2, 3, …; 0 is "before the first".
using Seq = Id<struct SeqTag, std::uint64_t>;
/// Place of a packet in its author's chain within a room: 1, 2, 3, …; 0 is "none yet".
using Nonce = Id<struct NonceTag, std::uint64_t>;
/// An author's number in a room, given by the log when the author joins as editor or admin. Slot 0 belongs to the
/// room's opener; `kNoSlot` is "none".
using AuthorSlot = Id<struct AuthorSlotTag, std::uint16_t>;
inline constexpr AuthorSlot kNoSlot{0xffff};

/// Hybrid logical clock: milliseconds since the Unix epoch in the upper 48 bits, a counter in the lower 16.
using Stamp = Id<struct StampTag, std::uint64_t>;

/// An entity's name everywhere: the minting author's slot in the upper 16 bits, that author's counter in the lower 48.
/// `kNoObject` (all zero) is "none", so counters begin at 1.
using ObjectId = Id<struct ObjectIdTag, std::uint64_t>;
inline constexpr ObjectId kNoObject{0};
inline constexpr std::uint64_t kObjectCounterMax = (std::uint64_t{1} << 48) - 1;

[[nodiscard]] constexpr ObjectId make_object_id(AuthorSlot slot, std::uint64_t counter) {
  return ObjectId{(std::uint64_t{slot.value()} << 48) | (counter & kObjectCounterMax)};
}
[[nodiscard]] constexpr AuthorSlot slot_of(ObjectId id) {
  return AuthorSlot{static_cast<std::uint16_t>(id.value() >> 48)};
}
[[nodiscard]] constexpr std::uint64_t counter_of(ObjectId id) { return id.value() & kObjectCounterMax; }

/// BLAKE2b-256 of something; what, the field's name says.
using Hash256 = FixedBytes<struct Hash256Tag, 32>;
/// Header hash of the room's first packet.
using RoomId = FixedBytes<struct RoomIdTag, 32>;
/// Ed25519 public key of an author.
using AuthorKey = FixedBytes<struct AuthorKeyTag, 32>;
/// Ed25519 public key of a hub; its "fingerprint".
using HubKey = FixedBytes<struct HubKeyTag, 32>;
/// Content address of an asset: BLAKE2b-256 of its bytes.
using AssetId = FixedBytes<struct AssetIdTag, 32>;
/// Ed25519 public key of an invite; its secret travels in the link only.
using InviteKey = FixedBytes<struct InviteKeyTag, 32>;
/// Ed25519 signature. Never an identity: compare what was signed instead.
using Signature = FixedBytes<struct SignatureTag, 64>;

}  // namespace theta

namespace theta::detail {

/// Its address differs from process to process.
extern const char kHashAnchor;

/// Authors choose their objects' ids, so without a key they could choose ones that collide in everybody's tables. The
/// order of such a table must therefore never show: not in state, not in bytes, not in what is printed.
[[nodiscard]] inline std::uint64_t mix_id(std::uint64_t id) {
  const auto key = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&kHashAnchor));
  std::uint64_t mixed = (id ^ (key * 0x9e3779b97f4a7c15ULL)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 32) ^ key) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 32);
}

}  // namespace theta::detail

template <class Tag, class Rep>
struct std::hash<theta::Id<Tag, Rep>> {
  [[nodiscard]] std::size_t operator()(theta::Id<Tag, Rep> id) const {
    return static_cast<std::size_t>(theta::detail::mix_id(std::uint64_t{id.value()}));
  }
};
