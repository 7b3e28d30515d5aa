#include <algorithm>
#include <string_view>

#include "fuzz_input.h"
#include "rtc_sdp.h"

// An offer from anybody: refused with a sentence, or answered with our own lines and nothing of its own between them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta::transport;
  const auto bytes = theta::fuzz::copy_of(data, size);
  const auto offer = parse_offer({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!offer) {
    THETA_CHECK(offer.error().code == TransportError::malformed && !offer.error().message.empty());
    return 0;
  }
  SdpAnswer answer;
  answer.candidate = SocketAddress::ipv4({192, 0, 2, 1}, 4433);
  const auto text = write_answer(*offer, answer);
  THETA_CHECK(text.size() <= kAnswerBytesMax);
  constexpr std::ptrdiff_t kLines = 16;
  THETA_CHECK(std::count(text.begin(), text.end(), '\n') == kLines + (offer->has_bundle ? 1 : 0));
  return 0;
}
