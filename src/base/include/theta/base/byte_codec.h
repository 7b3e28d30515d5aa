#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

#include "theta/base/bytes.h"

namespace theta {

static_assert(std::endian::native == std::endian::little, "Theta's fixed layouts are little-endian and read in place");

/// Appends little-endian integers, varints (LEB128, at most ten bytes) and byte strings to a buffer it borrows.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}

  template <class Integer>
  void put(Integer value) {
    const auto at = out_.size();
    out_.resize(at + sizeof value);
    std::memcpy(out_.data() + at, &value, sizeof value);
  }
  void put_varint(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<std::uint8_t>(value | 0x80));
      value >>= 7;
    }
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void put_bytes(ByteView bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

 private:
  Bytes& out_;
};

/// Reads what `ByteWriter` wrote. Any read past the end, or a varint that is overlong or over 64 bits, makes `ok()`
/// false for good and yields zeros; check once at the end.
class ByteReader {
 public:
  explicit ByteReader(ByteView bytes) : rest_(bytes) {}

  [[nodiscard]] bool ok() const { return ok_; }
  /// True when everything was read without error.
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] std::size_t remaining() const { return rest_.size(); }
  [[nodiscard]] ByteView rest() const { return rest_; }

  template <class Integer>
  [[nodiscard]] Integer get() {
    Integer value{};
    const auto bytes = get_bytes(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  [[nodiscard]] std::uint64_t get_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = get<std::uint8_t>();
      if (!ok_) return 0;
      const bool overflows = shift == 63 && byte > 1;
      const bool overlong = shift > 0 && byte == 0;
      if (overflows || overlong) break;
      value |= std::uint64_t{static_cast<std::uint8_t>(byte & 0x7f)} << shift;
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }
  /// Borrows from the input.
  [[nodiscard]] ByteView get_bytes(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const auto bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  template <class Fixed>
  [[nodiscard]] Fixed get_fixed() {
    const auto bytes = get_bytes(Fixed::kSize);
    return ok_ ? Fixed::from(bytes) : Fixed{};
  }

 private:
  ByteView rest_;
  bool ok_ = true;
};

}  // namespace theta
