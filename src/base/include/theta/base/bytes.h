#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace theta {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// A byte string of fixed length with a type of its own; `Tag` keeps a room id from being compared with a key.
template <class Tag, std::size_t Size>
struct FixedBytes {
  static constexpr std::size_t kSize = Size;
  std::array<std::uint8_t, Size> bytes{};

  [[nodiscard]] constexpr ByteView view() const { return {bytes}; }
  [[nodiscard]] constexpr bool is_zero() const {
    for (const auto byte : bytes)
      if (byte != 0) return false;
    return true;
  }
  /// Precondition: `source.size() == kSize`, checked by the caller.
  [[nodiscard]] static FixedBytes from(ByteView source) {
    FixedBytes result;
    std::memcpy(result.bytes.data(), source.data(), Size);
    return result;
  }
  friend constexpr bool operator==(const FixedBytes&, const FixedBytes&) = default;
  // Written out because libc++ 14 has no <=> for arrays.
  friend constexpr std::strong_ordering operator<=>(const FixedBytes& left, const FixedBytes& right) {
    return __builtin_memcmp(left.bytes.data(), right.bytes.data(), Size) <=> 0;
  }
};

/// For hash maps. The first eight bytes suffice where the value is itself a hash or a public key.
template <class Fixed>
struct FixedBytesHash {
  [[nodiscard]] std::size_t operator()(const Fixed& value) const {
    std::size_t prefix = 0;
    std::memcpy(&prefix, value.bytes.data(), sizeof prefix);
    return prefix;
  }
};

/// An immutable counted buffer: one message fans out to many peers, and to the store, without a copy. Copies may be
/// used from different threads.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(Bytes bytes) : bytes_(std::make_shared<const Bytes>(std::move(bytes))) {}

  [[nodiscard]] ByteView view() const { return bytes_ ? ByteView(*bytes_) : ByteView(); }
  [[nodiscard]] std::size_t size() const { return bytes_ ? bytes_->size() : 0; }
  [[nodiscard]] bool empty() const { return size() == 0; }

 private:
  std::shared_ptr<const Bytes> bytes_;
};

[[nodiscard]] inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace theta
