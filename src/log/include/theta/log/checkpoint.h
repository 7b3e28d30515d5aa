#pragma once

#include <optional>

#include "theta/base/ids.h"
#include "theta/crypto/keys.h"
#include "theta/log/packet.h"

namespace theta::log {

/// A hub's signed statement: at this seq the log and the state were these. Domain "theta/checkpoint/v1" over
/// room | seq u64 | record hash | state hash | snapshot hash (zero: none).
struct Checkpoint {
  RoomId room;
  Seq seq;
  Hash256 record_hash;
  Hash256 state_hash;
  Hash256 snapshot_hash;
  HubKey hub;
  Signature signature;
};

[[nodiscard]] Checkpoint sign_checkpoint(Checkpoint unsigned_checkpoint, const crypto::KeyPair& hub);
[[nodiscard]] bool verify_checkpoint(const Checkpoint& checkpoint);
/// 32+8+32+32+32+32+64 = 232 bytes.
[[nodiscard]] Bytes encode_checkpoint(const Checkpoint& checkpoint);
[[nodiscard]] std::optional<Checkpoint> decode_checkpoint(ByteView bytes);

/// Two headers of one author with one nonce, both signed: the proof that the author's chain forks.
struct EquivocationProof {
  CommandPacket first;  // payloads may be absent
  CommandPacket second;
};
[[nodiscard]] Bytes encode_equivocation(const EquivocationProof& proof);
/// Empty unless it is a proof: same room, author and nonce, different header hashes, both signatures good.
[[nodiscard]] std::optional<EquivocationProof> decode_equivocation(ByteView bytes);

}  // namespace theta::log
