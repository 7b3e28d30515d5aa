#include "rtc_sctp_guard.h"

#include <usrsctp.h>

namespace theta::transport {

bool SctpGuard::admit(ByteView packet) {
  auto reconfigs = reconfigs_;
  auto data_behind = data_behind_;
  for_each_sctp_chunk(packet, [&](std::uint8_t type, ByteView) {
    if (type == SCTP_STREAM_RESET) ++reconfigs;
    if (type == SCTP_DATA && reconfigs != 0) ++data_behind;
  });
  if (reconfigs > kSctpReconfigsMax || data_behind > kSctpDataBehindReconfigMax) return false;
  reconfigs_ = reconfigs;
  data_behind_ = data_behind;
  return true;
}

}  // namespace theta::transport
