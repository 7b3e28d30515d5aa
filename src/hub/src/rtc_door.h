#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "http_message.h"
#include "source_limiter.h"
#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/transport/webrtc_engine.h"

namespace theta::hub {

struct RtcDoorStats {
  std::uint64_t answered = 0;
  std::uint64_t content_type = 0;  // 415
  std::uint64_t body_size = 0;     // 413
  std::uint64_t malformed = 0;     // 400: header fields or the offer
  std::uint64_t clock = 0;         // 403
  std::uint64_t signature = 0;     // 403
  std::uint64_t source_rate = 0;   // 429
  std::uint64_t busy = 0;          // 503
};

/// POST /rtc: takes a browser's signed offer, has the engine answer it, and signs the answer. What costs little is
/// checked first; the source pays before a signature is verified.
class RtcDoor {
 public:
  /// Offers of one IPv4 address or IPv6 /64, and of an IPv6 /48.
  static constexpr log::RateLimit kOffersOfSource{30, 2};
  static constexpr log::RateLimit kOffersOfNetwork{120, 8};
  /// Offers of everybody: each costs two signatures.
  static constexpr log::RateLimit kOffersOfAll{500, 200};
  /// How far the browser's clock may be off.
  static constexpr std::chrono::minutes kClockSkewMax{5};

  /// `WebRtcEngine::accept_offer`.
  using AcceptOffer = std::function<transport::TransportResult<std::string>(const transport::RtcOffer&, MonotonicTime)>;

  RtcDoor(const crypto::KeyPair& hub, AcceptOffer accept_offer) : hub_(hub), accept_offer_(std::move(accept_offer)) {}

  /// `candidate` is where the browser is told to send. Origin and method were looked at already.
  [[nodiscard]] HttpAnswer answer(const HttpRequest& request, const transport::SocketAddress& candidate, Now now);
  [[nodiscard]] const RtcDoorStats& stats() const { return stats_; }

 private:
  struct Claim {
    AuthorKey author;
    WallTime time{};
    Signature signature;
  };

  [[nodiscard]] std::optional<HttpAnswer> refuse_cheaply(const HttpRequest& request);
  [[nodiscard]] static std::optional<Claim> read_claim(const HttpRequest& request);
  [[nodiscard]] std::optional<HttpAnswer> charge(const transport::SocketAddress& remote, MonotonicTime now);

  crypto::KeyPair hub_;
  AcceptOffer accept_offer_;
  RtcDoorStats stats_;
  SourceLimiter offers_{{kOffersOfSource, kOffersOfNetwork, kOffersOfAll}};
};

}  // namespace theta::hub
