#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <gnutls/crypto.h>

#include "theta/base/bytes.h"

namespace theta::transport::testing {

/// Writes STUN binding requests as a browser does (RFC 8489, RFC 8445), sound ones and, part by part, others.
class StunRequestWriter {
 public:
  explicit StunRequestWriter(std::uint8_t transaction = 7) : bytes_(20, transaction) {
    put_u16(0, 0x0001);
    put_u32(4, 0x2112a442);
  }

  StunRequestWriter& add(std::uint16_t type, ByteView value) {
    const auto at = bytes_.size();
    bytes_.resize(at + 4 + (value.size() + 3) / 4 * 4);
    put_u16(at, type);
    put_u16(at + 2, value.size());
    std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at + 4));
    put_u16(2, bytes_.size() - 20);
    return *this;
  }
  StunRequestWriter& add_username(std::string_view name) { return add(0x0006, as_bytes(name)); }
  StunRequestWriter& add_priority() { return add(0x0024, Bytes{0x6e, 0x7f, 0x1e, 0xff}); }
  StunRequestWriter& add_controlling() { return add(0x802a, Bytes(8, 1)); }
  StunRequestWriter& add_controlled() { return add(0x8029, Bytes(8, 1)); }
  StunRequestWriter& add_use_candidate() { return add(0x0025, {}); }
  StunRequestWriter& add_integrity(std::string_view password) {
    const auto at = bytes_.size();
    put_u16(2, at + 24 - 20);
    Bytes digest(20);
    gnutls_hmac_fast(GNUTLS_MAC_SHA1, password.data(), password.size(), bytes_.data(), at, digest.data());
    return add(0x0008, digest);
  }
  StunRequestWriter& add_fingerprint() {
    const auto at = bytes_.size();
    add(0x8028, Bytes(4));
    put_u32(at + 4, crc32(ByteView(bytes_).first(at)) ^ 0x5354554e);
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }

  [[nodiscard]] static std::uint32_t crc32(ByteView bytes) {
    std::uint32_t value = 0xffffffff;
    for (const auto byte : bytes) {
      value ^= byte;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320U : 0U);
    }
    return ~value;
  }

 private:
  void put_u16(std::size_t at, std::size_t value) {
    bytes_[at] = static_cast<std::uint8_t>(value >> 8);
    bytes_[at + 1] = static_cast<std::uint8_t>(value);
  }
  void put_u32(std::size_t at, std::uint32_t value) {
    put_u16(at, value >> 16);
    put_u16(at + 2, value & 0xffff);
  }
  Bytes bytes_;
};

[[nodiscard]] inline Bytes stun_check(std::string_view username, std::string_view password, bool use_candidate = true) {
  StunRequestWriter writer;
  writer.add_username(username).add_priority().add_controlling();
  if (use_candidate) writer.add_use_candidate();
  return writer.add_integrity(password).add_fingerprint().bytes();
}

}  // namespace theta::transport::testing
