#include "rtc_stun.h"
#include "fuzz_input.h"

// A check from anybody: what is read lies within it, and every answer can be written and is short.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta::transport;
  const auto bytes = theta::fuzz::copy_of(data, size);
  StunRequest request;
  if (!parse_stun_request(bytes, request)) return 0;
  static_cast<void>(verify_stun_request(bytes, request, "VOkJxbRl1RmTxUk/WvJxBt"));
  THETA_CHECK(request.unknown.size() <= kStunUnknownAttributesMax && request.username.size() < bytes.size());
  constexpr std::size_t kAnswerBytesMax = 80;
  const auto from = SocketAddress::ipv4({192, 0, 2, 1}, 4433);
  THETA_CHECK(write_stun_success(request, from, "password").size() <= kAnswerBytesMax);
  THETA_CHECK(write_stun_error(request, StunErrorCode::unknown_attribute, "password").size() <= kAnswerBytesMax);
  return 0;
}
