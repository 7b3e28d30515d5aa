#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <unordered_map>

#include <sodium.h>

#include "theta/base/bytes.h"

namespace theta::transport {

/// From the connection ids in packets to what they name. Peers choose some of the ids, so the hash is keyed (SipHash):
/// nobody can aim ids at one bucket.
template <class Value>
class ConnectionIds {
 public:
  ConnectionIds() : ids_(0, Hash{}) {
    Hash hash;
    crypto_shorthash_keygen(hash.key.data());
    ids_ = Map(0, hash);
  }

  void insert(ByteView id, Value value) { ids_.insert_or_assign(key_of(id), value); }
  void erase(ByteView id) { ids_.erase(key_of(id)); }
  /// Null when it is nobody's. An id of a length that QUIC does not have is nobody's.
  [[nodiscard]] const Value* find(ByteView id) const {
    if (id.size() > kIdBytesMax) return nullptr;
    const auto found = ids_.find(key_of(id));
    return found == ids_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  static constexpr std::size_t kIdBytesMax = 20;
  struct Key {
    std::uint8_t size = 0;
    std::array<std::uint8_t, kIdBytesMax> bytes{};
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::array<std::uint8_t, crypto_shorthash_KEYBYTES> key{};
    [[nodiscard]] std::size_t operator()(const Key& id) const {
      std::size_t result = 0;
      static_assert(sizeof result == crypto_shorthash_BYTES);
      crypto_shorthash(reinterpret_cast<std::uint8_t*>(&result), id.bytes.data(), id.size, key.data());
      return result;
    }
  };
  using Map = std::unordered_map<Key, Value, Hash>;

  [[nodiscard]] static Key key_of(ByteView id) {
    Key key;
    key.size = static_cast<std::uint8_t>(id.size());
    std::memcpy(key.bytes.data(), id.data(), id.size());
    return key;
  }

  Map ids_;
};

}  // namespace theta::transport
