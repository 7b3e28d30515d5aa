#include "theta/wire/schema.h"

#include "theta/wire/generated/schema_hash.h"

namespace theta::wire {

Hash256 schema_hash() { return Hash256::from(ByteView(kSchemaHashBytes)); }

PeerVersion own_version() { return {kProtocolVersion, kSchemaRevision, schema_hash()}; }

std::optional<std::string> version_mismatch(const PeerVersion& own, const PeerVersion& peer) {
  const auto differ = [](const char* what, std::uint32_t ours, std::uint32_t theirs) {
    const char* advice = ours < theirs ? "this side is older: update it" : "the other side is older: update that one";
    return std::string("The two sides speak different ") + what + " (this side " + std::to_string(ours) +
           ", the other side " + std::to_string(theirs) + "); " + advice + '.';
  };
  if (own.protocol_version != peer.protocol_version)
    return differ("protocol versions", own.protocol_version, peer.protocol_version);
  if (own.schema_revision != peer.schema_revision)
    return differ("schema revisions", own.schema_revision, peer.schema_revision);
  if (own.schema_hash != peer.schema_hash)
    return "Both sides say schema revision " + std::to_string(own.schema_revision) +
           ", but their schemas differ, so neither is known to be older: one of them is an unreleased build. Install " +
           "the same release on both sides.";
  return std::nullopt;
}

Signature signature_from_fb(const fb::Bytes64& value) { return Signature::from(ByteView(value.bytes()->Data(), 64)); }

fb::Bytes64 signature_to_fb(const Signature& value) {
  return fb::Bytes64(flatbuffers::span<const std::uint8_t, 64>(value.bytes));
}

}  // namespace theta::wire
