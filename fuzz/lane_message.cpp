#include <algorithm>

#include "fuzz_input.h"
#include "theta/log/compact.h"
#include "theta/wire/commands_lane.h"

// A message of the commands lane, down to the packet: what a hub does with a stranger's first bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  const auto decoded = wire::decode_lane_message({data, size});
  if (!decoded) return 0;
  if (const auto* submit = std::get_if<wire::Submit>(&decoded->message)) {
    static_cast<void>(log::peek_command_count(submit->packet));
    const auto nonce = log::peek_nonce(submit->packet);
    const auto packet = log::expand_packet(submit->packet, {});
    if (packet) {
      THETA_CHECK(nonce == packet->header.nonce);
      const Bytes compact = log::compact_packet(*packet);
      THETA_CHECK(std::equal(compact.begin(), compact.end(), submit->packet.begin(), submit->packet.end()));
    }
  }
  if (const auto* refusal = std::get_if<wire::Refusal>(&decoded->message))
    THETA_CHECK(wire::decode_lane_message(wire::encode(*refusal)).has_value());
  return 0;
}
