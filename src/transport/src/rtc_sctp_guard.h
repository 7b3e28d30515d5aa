#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "theta/base/bytes.h"

namespace theta::transport {

inline constexpr std::size_t kSctpHeaderBytes = 12;
/// Of a chunk, and of a parameter within one.
inline constexpr std::size_t kSctpChunkHeaderBytes = 4;

/// Calls `visit(type, chunk)` for each whole chunk of a packet, its header included, as usrsctp will find them.
template <class Visit>
void for_each_sctp_chunk(ByteView packet, Visit visit) {
  auto rest = packet.subspan(std::min(packet.size(), kSctpHeaderBytes));
  while (rest.size() >= kSctpChunkHeaderBytes) {
    const std::size_t size = std::size_t{rest[2]} << 8 | rest[3];
    if (size < kSctpChunkHeaderBytes || size > rest.size()) return;
    visit(rest[0], rest.first(size));
    rest = rest.subspan(std::min(rest.size(), (size + 3) & ~std::size_t{3}));
  }
}

/// RE-CONFIG chunks of a peer in all, sent again and answers included. It has four channels, and the first that it
/// closes ends the connection.
inline constexpr std::size_t kSctpReconfigsMax = 64;
/// DATA chunks that may follow the first of them: what was under way when the peer closed its channels.
inline constexpr std::size_t kSctpDataBehindReconfigMax = 128;

/// Stands before usrsctp, which bounds what it keeps of an association with one exception: requests to reset streams
/// behind data that has not come, and all data behind those, wait there for as long as the peer likes.
class SctpGuard {
 public:
  /// False: the packet must not reach usrsctp; no browser would have sent it.
  [[nodiscard]] bool admit(ByteView packet);

 private:
  std::size_t reconfigs_ = 0;
  std::size_t data_behind_ = 0;
};

}  // namespace theta::transport
