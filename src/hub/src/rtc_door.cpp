#include "rtc_door.h"

#include <algorithm>
#include <charconv>

#include "http_fields.h"
#include "theta/base/hex.h"

namespace theta::hub {
namespace {

constexpr std::string_view kSdp = "application/sdp";

HttpAnswer refused(std::uint64_t& counter, unsigned status, const std::string& sentence) {
  ++counter;
  return text_answer(status, sentence + "\n");
}

/// Empty unless the text is base64url of exactly as many bytes.
template <class Fixed>
std::optional<Fixed> read_fixed(std::string_view text) {
  constexpr std::size_t kLetters = (Fixed::kSize * 4 + 2) / 3;
  if (text.size() != kLetters) return std::nullopt;
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != Fixed::kSize) return std::nullopt;
  return Fixed::from(*bytes);
}

}  // namespace

std::optional<HttpAnswer> RtcDoor::refuse_cheaply(const HttpRequest& request) {
  if (!is_media_type(request.content_type, kSdp))
    return refused(stats_.content_type, 415, "Expected Content-Type: application/sdp, an offer for a data channel.");
  if (request.body.size() > transport::kOfferBytesMax)
    return refused(stats_.body_size, 413,
                   "The offer is longer than " + std::to_string(transport::kOfferBytesMax) +
                       " bytes; an offer of data channels alone is much shorter.");
  return std::nullopt;
}

std::optional<RtcDoor::Claim> RtcDoor::read_claim(const HttpRequest& request) {
  const auto author = read_fixed<AuthorKey>(request.theta_author);
  const auto signature = read_fixed<Signature>(request.theta_signature);
  std::uint64_t ms = 0;
  constexpr std::uint64_t kMsMax = std::uint64_t{1} << 48;
  const auto text = request.theta_time;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
  if (!author || !signature || error != std::errc{} || end != text.data() + text.size() || ms > kMsMax)
    return std::nullopt;
  return Claim{*author, from_unix_ms(ms), *signature};
}

std::optional<HttpAnswer> RtcDoor::charge(const transport::SocketAddress& remote, MonotonicTime now) {
  const auto [wait, is_of_all] = offers_.charge(remote, now);
  if (wait.count() == 0) return std::nullopt;
  auto answer = is_of_all ? refused(stats_.busy, 503, "The hub gets more offers than it can answer; try again soon.")
                          : refused(stats_.source_rate, 429, "Too many offers from your address; wait a little.");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  answer.fields.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

HttpAnswer RtcDoor::answer(const HttpRequest& request, const transport::SocketAddress& candidate, Now now) {
  if (auto cheap = refuse_cheaply(request)) return std::move(*cheap);
  const auto claim = read_claim(request);
  if (!claim)
    return refused(stats_.malformed, 400,
                   "Expected Theta-Author (32 bytes) and Theta-Signature (64 bytes) in base64url and Theta-Time in "
                   "milliseconds since 1970; this is not what Theta's client sends.");
  const auto skew = std::max(claim->time, now.wall) - std::min(claim->time, now.wall);
  if (skew > kClockSkewMax)
    return refused(stats_.clock, 403,
                   "The offer's time is " + std::to_string(std::chrono::ceil<std::chrono::seconds>(skew).count()) +
                       " s from the hub's clock; at most 300 s are allowed. Set the clock of this device.");
  if (auto full = charge(request.remote, now.monotonic)) return std::move(*full);
  if (!crypto::is_valid_public_key(claim->author.view()) ||
      !transport::verify_offer(claim->author, hub_.public_key<HubKey>(), claim->time, request.body, claim->signature))
    return refused(stats_.signature, 403,
                   "The offer's signature is not one by Theta-Author for this hub; the link may be of another hub.");
  const auto sdp = accept_offer_(
      {.sdp = request.body, .remote = request.remote, .author = claim->author, .candidate = candidate}, now.monotonic);
  if (!sdp) {
    const bool is_busy = sdp.error().code == transport::TransportError::busy;
    return refused(is_busy ? stats_.busy : stats_.malformed, is_busy ? 503 : 400, sdp.error().message);
  }
  ++stats_.answered;
  auto answer = text_answer(200, *sdp);
  answer.content_type = kSdp;
  answer.fields.emplace_back("Theta-Signature", to_base64url(transport::sign_answer(hub_, request.body, *sdp).view()));
  return answer;
}

}  // namespace theta::hub
