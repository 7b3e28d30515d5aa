#include "rtc_stun.h"

#include <algorithm>
#include <span>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "theta/base/check.h"
#include "theta/crypto/hash.h"

namespace theta::transport {
namespace {

constexpr std::size_t kHeaderBytes = 20;
constexpr std::size_t kAttributeHeaderBytes = 4;
constexpr std::size_t kIntegrityBytes = 20;
constexpr std::size_t kFingerprintBytes = 4;
constexpr std::uint32_t kMagicCookie = 0x2112a442;
constexpr std::uint32_t kFingerprintXor = 0x5354554e;
constexpr std::uint16_t kBindingRequest = 0x0001;
constexpr std::uint16_t kBindingSuccess = 0x0101;
constexpr std::uint16_t kBindingError = 0x0111;

constexpr std::uint16_t kUsername = 0x0006;
constexpr std::uint16_t kMessageIntegrity = 0x0008;
constexpr std::uint16_t kErrorCode = 0x0009;
constexpr std::uint16_t kUnknownAttributes = 0x000a;
constexpr std::uint16_t kXorMappedAddress = 0x0020;
constexpr std::uint16_t kPriority = 0x0024;
constexpr std::uint16_t kUseCandidate = 0x0025;
constexpr std::uint16_t kFingerprint = 0x8028;
constexpr std::uint16_t kIceControlled = 0x8029;
constexpr std::uint16_t kComprehensionOptional = 0x8000;

using Digest = std::array<std::uint8_t, kIntegrityBytes>;

std::uint32_t read_be(ByteView bytes) {
  std::uint32_t value = 0;
  for (const auto byte : bytes) value = value << 8 | byte;
  return value;
}
std::uint16_t read_u16(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(read_be(bytes.subspan(at, 2)));
}
void write_u16(std::span<std::uint8_t> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t at = 0; at < table.size(); ++at) {
    auto value = at;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
    table[at] = value;
  }
  return table;
}

/// The CRC-32 of ISO 3309, as Ethernet and zip have it.
std::uint32_t crc32(ByteView bytes) {
  static constexpr auto kTable = make_crc_table();
  std::uint32_t value = 0xffffffff;
  for (const auto byte : bytes) value = kTable[(value ^ byte) & 0xff] ^ (value >> 8);
  return ~value;
}

/// Of everything before `integrity_at`, with a header that says the message ends behind MESSAGE-INTEGRITY (RFC 8489
/// section 14.5).
Digest integrity_of(ByteView message, std::size_t integrity_at, std::string_view password) {
  THETA_CHECK(integrity_at >= kHeaderBytes && integrity_at <= message.size() && integrity_at <= kStunBytesMax);
  std::array<std::uint8_t, kStunBytesMax> covered;
  std::copy_n(message.begin(), integrity_at, covered.begin());
  write_u16(covered, 2, integrity_at + kAttributeHeaderBytes + kIntegrityBytes - kHeaderBytes);
  Digest digest{};
  const int status =
      gnutls_hmac_fast(GNUTLS_MAC_SHA1, password.data(), password.size(), covered.data(), integrity_at, digest.data());
  THETA_CHECK(status == 0);
  return digest;
}

std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// Builds an answer attribute by attribute.
class Writer {
 public:
  Writer(std::uint16_t type, const StunRequest& request) : bytes_(kHeaderBytes) {
    write_u16(bytes_, 0, type);
    put_u32(4, kMagicCookie);
    std::copy(request.transaction.begin(), request.transaction.end(), bytes_.begin() + 8);
  }
  void add(std::uint16_t type, ByteView value) {
    const auto at = bytes_.size();
    bytes_.resize(at + kAttributeHeaderBytes + padded(value.size()));
    write_u16(bytes_, at, type);
    write_u16(bytes_, at + 2, value.size());
    std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at + kAttributeHeaderBytes));
    write_u16(bytes_, 2, bytes_.size() - kHeaderBytes);
  }
  [[nodiscard]] Bytes finish(std::string_view password) {
    add(kMessageIntegrity, integrity_of(bytes_, bytes_.size(), password));
    const auto at = bytes_.size();
    add(kFingerprint, std::array<std::uint8_t, kFingerprintBytes>{});
    put_u32(at + kAttributeHeaderBytes, crc32(ByteView(bytes_).first(at)) ^ kFingerprintXor);
    return std::move(bytes_);
  }

 private:
  void put_u32(std::size_t at, std::uint32_t value) {
    write_u16(bytes_, at, value >> 16);
    write_u16(bytes_, at + 2, value & 0xffff);
  }
  Bytes bytes_;
};

bool is_known(std::uint16_t type) {
  return type == kUsername || type == kMessageIntegrity || type == kPriority || type == kUseCandidate;
}

void take_attribute(StunRequest& request, std::uint16_t type, ByteView value) {
  if (type == kUsername) request.username = {reinterpret_cast<const char*>(value.data()), value.size()};
  if (type == kUseCandidate) request.use_candidate = true;
  if (type == kIceControlled) request.is_controlled = true;
  if (type < kComprehensionOptional && !is_known(type) && request.unknown.size() < kStunUnknownAttributesMax) {
    request.unknown.push_back(type);
  }
}

}  // namespace

bool parse_stun_request(ByteView datagram, StunRequest& request) {
  request = {};
  if (datagram.size() < kHeaderBytes || datagram.size() > kStunBytesMax) return false;
  if (read_u16(datagram, 0) != kBindingRequest || read_be(datagram.subspan(4, 4)) != kMagicCookie) return false;
  if (read_u16(datagram, 2) != datagram.size() - kHeaderBytes || datagram.size() % 4 != 0) return false;
  std::copy_n(datagram.begin() + 8, request.transaction.size(), request.transaction.begin());
  for (std::size_t at = kHeaderBytes; at < datagram.size();) {
    if (datagram.size() - at < kAttributeHeaderBytes) return false;
    const auto type = read_u16(datagram, at);
    const std::size_t size = read_u16(datagram, at + 2);
    const auto next = at + kAttributeHeaderBytes + padded(size);
    if (next > datagram.size()) return false;
    if (type == kFingerprint) {
      if (size != kFingerprintBytes || next != datagram.size()) return false;
      request.fingerprint_at = at;
    } else if (request.integrity_at == 0) {
      if (type == kMessageIntegrity) {
        if (size != kIntegrityBytes) return false;
        request.integrity_at = at;
      }
      // The first of a kind counts (RFC 8489 section 14).
      const bool is_second_name = type == kUsername && !request.username.empty();
      if (!is_second_name) take_attribute(request, type, datagram.subspan(at + kAttributeHeaderBytes, size));
    }
    at = next;
  }
  return true;
}

bool verify_stun_request(ByteView datagram, const StunRequest& request, std::string_view password) {
  if (request.integrity_at == 0 || request.fingerprint_at == 0) return false;
  const auto expected = integrity_of(datagram, request.integrity_at, password);
  const auto given = datagram.subspan(request.integrity_at + kAttributeHeaderBytes, kIntegrityBytes);
  if (!crypto::equal_constant_time(expected, given)) return false;
  const auto crc = read_be(datagram.subspan(request.fingerprint_at + kAttributeHeaderBytes, kFingerprintBytes));
  return crc == (crc32(datagram.first(request.fingerprint_at)) ^ kFingerprintXor);
}

Bytes write_stun_success(const StunRequest& request, const SocketAddress& mapped, std::string_view password) {
  constexpr std::uint8_t kFamilyIpv4 = 1;
  constexpr std::uint8_t kFamilyIpv6 = 2;
  constexpr std::size_t kMappedIpv4At = 12;  // in the IPv6-mapped form
  const bool is_ipv4 = mapped.is_ipv4();
  // The address is disguised by cookie and transaction, so that no NAT on the way rewrites it.
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xa4, 0x42};
  std::copy(request.transaction.begin(), request.transaction.end(), mask.begin() + 4);
  Bytes value{0, is_ipv4 ? kFamilyIpv4 : kFamilyIpv6, static_cast<std::uint8_t>(mapped.port >> 8 ^ mask[0]),
              static_cast<std::uint8_t>((mapped.port & 0xff) ^ mask[1])};
  const auto first = is_ipv4 ? kMappedIpv4At : 0;
  for (auto at = first; at < mapped.ip.size(); ++at) {
    value.push_back(static_cast<std::uint8_t>(mapped.ip[at] ^ mask[at - first]));
  }
  Writer writer(kBindingSuccess, request);
  writer.add(kXorMappedAddress, value);
  return writer.finish(password);
}

Bytes write_stun_error(const StunRequest& request, StunErrorCode code, std::string_view password) {
  const auto number = static_cast<unsigned>(code);
  Writer writer(kBindingError, request);
  writer.add(kErrorCode, Bytes{0, 0, static_cast<std::uint8_t>(number / 100), static_cast<std::uint8_t>(number % 100)});
  if (code == StunErrorCode::unknown_attribute) {
    Bytes types(2 * request.unknown.size());
    for (std::size_t at = 0; at < request.unknown.size(); ++at) write_u16(types, 2 * at, request.unknown[at]);
    writer.add(kUnknownAttributes, types);
  }
  return writer.finish(password);
}

}  // namespace theta::transport
