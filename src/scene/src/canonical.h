#pragma once

#include <array>
#include <cstring>
#include <string_view>

#include "theta/base/byte_codec.h"
#include "theta/crypto/hash.h"
#include "theta/scene/canonical.h"

namespace theta::scene {

// The state hash is a sum over elements, one a register:
//
//   element := BLAKE2b-256( "theta/register/v1" 0x00 preimage )
//   preimage := entity u64, component u8, application u64, stamp u64, writer u64, value
//
// `stamp` and `writer` are the version's two words, `value` is as in theta/scene/canonical.h. All little-endian. The
// existence and the parent of an entity are elements like any other. The change log keeps preimages: the very bytes
// that were hashed say how to go back.

inline constexpr std::string_view kElementDomain = "theta/register/v1";
inline constexpr std::size_t kElementDomainBytes = kElementDomain.size() + 1;
inline constexpr std::size_t kElementHeadBytes = 8 + 1 + 8 + 8 + 8;

/// A component's value without the presence byte.
void encode_body(Bytes& out, const std::string& value);
void encode_body(Bytes& out, const Transform& value);
void encode_body(Bytes& out, const AssetId& value);
void encode_body(Bytes& out, const Material& value);
void encode_body(Bytes& out, std::uint8_t flag);
void encode_body(Bytes& out, const TagSet& value);
void encode_body(Bytes& out, const Light& value);
void encode_body(Bytes& out, const Camera& value);
void encode_body(Bytes& out, const Bytes& value);
void encode_body(Bytes& out, const Place& value);

/// `own` bytes come from this process's change log and hold whatever the scene held; `hostile` ones are held to the
/// limits.
enum class Source : std::uint8_t { own, hostile };
[[nodiscard]] std::optional<ComponentValue> decode_value(ByteReader& reader, Component component, Source source);

inline void write_element_head(std::uint8_t* out, const RegisterKey& key, const Version& version) {
  const std::uint64_t entity = key.entity.value();
  const std::uint64_t stamp = version.raw_stamp();
  const std::uint64_t writer = version.raw_writer();
  std::memcpy(out, &entity, 8);
  out[8] = static_cast<std::uint8_t>(key.component);
  std::memcpy(out + 9, &key.application, 8);
  std::memcpy(out + 17, &stamp, 8);
  std::memcpy(out + 25, &writer, 8);
}

struct ElementHead {
  RegisterKey key;
  Version version;
};
[[nodiscard]] ElementHead read_element_head(ByteReader& reader);

/// An element under construction; keeps its buffer from use to use.
class Element {
 public:
  Element();
  /// Starts the element anew; the value's bytes, presence first, are then appended to the buffer returned.
  Bytes& begin(const RegisterKey& key, const Version& version);
  /// Takes over a preimage that is already there.
  void assign(ByteView preimage);
  [[nodiscard]] Hash256 hash() const { return crypto::hash256(ByteView(buffer_)); }
  [[nodiscard]] ByteView preimage() const { return ByteView(buffer_).subspan(kElementDomainBytes); }
  [[nodiscard]] std::size_t memory_bytes() const { return buffer_.capacity(); }

 private:
  Bytes buffer_;
};

/// The element of a transform that is there, on the stack and of fixed size: the frequent case.
class TransformElement {
 public:
  TransformElement(ObjectId entity, const Transform& transform, const Version& version) {
    std::memcpy(buffer_.data(), kElementDomain.data(), kElementDomain.size());
    write_element_head(buffer_.data() + kElementDomainBytes, {entity, Component::transform, 0}, version);
    buffer_[kElementDomainBytes + kElementHeadBytes] = 1;
    std::memcpy(buffer_.data() + kElementDomainBytes + kElementHeadBytes + 1, &transform, sizeof transform);
  }
  [[nodiscard]] Hash256 hash() const { return crypto::hash256(ByteView(buffer_)); }
  [[nodiscard]] ByteView preimage() const { return ByteView(buffer_).subspan(kElementDomainBytes); }

 private:
  std::array<std::uint8_t, kElementDomainBytes + kElementHeadBytes + 1 + sizeof(Transform)> buffer_{};
};

}  // namespace theta::scene
