#include "rtc_channels.h"
#include "fuzz_input.h"
#include "rtc_sctp.h"
#include "theta/base/byte_codec.h"

// What comes in data channels: the message that opens one, fragments (each behind its size, u16), and the chunks in
// which heartbeats come back.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta::transport;
  const auto bytes = theta::fuzz::copy_of(data, size);
  if (const auto lane = parse_channel_open(bytes)) {
    // Only the priority is free.
    auto expected = write_channel_open(*lane);
    THETA_CHECK(expected.size() == bytes.size());
  }
  static_cast<void>(find_heartbeat_acks(bytes));
  for (const auto lane : {Lane::control, Lane::presence}) {
    FragmentReceiver receiver(lane);
    theta::ByteReader in(bytes);
    auto status = FragmentReceiver::Status::need_more;
    while (in.remaining() > 2 &&
           (status == FragmentReceiver::Status::need_more || status == FragmentReceiver::Status::message)) {
      const auto length = in.get<std::uint16_t>();
      theta::ByteView message;
      status = receiver.add(in.get_bytes(std::min<std::size_t>(length, in.remaining())), message);
      if (status == FragmentReceiver::Status::message) {
        THETA_CHECK(message.size() <= message_bytes_max(lane));
        receiver.release();
      }
      THETA_CHECK(receiver.held_bytes() <= 2 * message_bytes_max(lane));
    }
  }
  return 0;
}
