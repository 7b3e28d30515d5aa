#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "theta/transport/rtc_signalling.h"
#include "theta/transport/socket_address.h"

namespace theta::transport {

/// What an answer needs of an offer. Nothing else of it is looked at, and nothing unknown is copied.
struct SdpOffer {
  std::string mid;
  bool has_bundle = false;
  std::string ice_ufrag;
  std::string ice_pwd;
  CertificateFingerprint fingerprint;
  std::uint16_t sctp_port = 0;
};

/// Reads an offer of one data section and nothing else (RFC 8866, 8839, 8841), at most kOfferBytesMax, from anybody.
[[nodiscard]] TransportResult<SdpOffer> parse_offer(std::string_view sdp);

struct SdpAnswer {
  std::string ice_ufrag;
  std::string ice_pwd;
  CertificateFingerprint fingerprint;
  SocketAddress candidate;
  std::uint64_t session = 0;  // a number that is not used again
};

/// The answer of an ICE-lite, passive endpoint with one host candidate.
[[nodiscard]] std::string write_answer(const SdpOffer& offer, const SdpAnswer& answer);

/// Where SCTP lives inside DTLS (RFC 8841); no port of any machine.
inline constexpr std::uint16_t kSctpPort = 5000;

}  // namespace theta::transport
