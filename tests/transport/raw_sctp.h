#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include <usrsctp.h>

#include "theta/base/bytes.h"

namespace theta::transport::testing {

/// Builds SCTP packets that no implementation would send (RFC 9260 section 3, RFC 6525 section 4).
class RawSctpPacket {
 public:
  /// `like`: a packet of the association in the same direction; its ports and tag are taken.
  explicit RawSctpPacket(ByteView like) : bytes_(like.begin(), like.begin() + kHeaderBytes) {}

  RawSctpPacket& add_chunk(std::uint8_t type, std::uint8_t flags, ByteView value) {
    constexpr std::size_t kChunkHeaderBytes = 4;
    bytes_.push_back(type);
    bytes_.push_back(flags);
    put_u16(static_cast<std::uint16_t>(kChunkHeaderBytes + value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
    return *this;
  }
  struct Data {
    std::uint32_t tsn = 0;
    std::uint16_t stream = 0;
    std::uint16_t sequence = 0;
    std::uint8_t flags = 3;  // a whole message, ordered
    std::uint32_t ppid = 53;
  };
  RawSctpPacket& add_data(const Data& data, ByteView payload) {
    Bytes value;
    put_be(value, data.tsn, 4);
    put_be(value, data.stream, 2);
    put_be(value, data.sequence, 2);
    put_be(value, data.ppid, 4);
    value.insert(value.end(), payload.begin(), payload.end());
    return add_chunk(kData, data.flags, value);
  }
  struct Reset {
    std::uint32_t request = 0;
    std::uint32_t tsn = 0;  // the last that is sent before it
    std::size_t streams = 0;
  };
  /// An Outgoing SSN Reset Request.
  RawSctpPacket& add_reset(const Reset& reset) {
    constexpr std::size_t kFixedBytes = 16;
    Bytes value;
    put_be(value, 13, 2);
    put_be(value, static_cast<std::uint32_t>(kFixedBytes + 2 * reset.streams), 2);
    put_be(value, reset.request, 4);
    put_be(value, 0, 4);
    put_be(value, reset.tsn, 4);
    value.resize(value.size() + 2 * reset.streams);
    return add_chunk(kReconfig, 0, value);
  }
  /// With its checksum.
  [[nodiscard]] Bytes finish() const {
    auto packet = bytes_;
    std::fill_n(packet.begin() + kChecksumAt, 4, std::uint8_t{0});
    const std::uint32_t sum = usrsctp_crc32c(packet.data(), packet.size());
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&sum);
    std::copy_n(raw, sizeof sum, packet.begin() + kChecksumAt);
    return packet;
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

  static constexpr std::uint8_t kData = 0;
  static constexpr std::uint8_t kInit = 1;
  static constexpr std::uint8_t kInitAck = 2;
  static constexpr std::uint8_t kReconfig = 130;
  static constexpr std::size_t kHeaderBytes = 12;

  static void put_be(Bytes& bytes, std::uint32_t value, int size) {
    for (int at = size - 1; at >= 0; --at) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * at)));
  }

 private:
  static constexpr std::size_t kChecksumAt = 8;
  void put_u16(std::uint16_t value) { put_be(bytes_, value, 2); }

  Bytes bytes_;
};

}  // namespace theta::transport::testing
