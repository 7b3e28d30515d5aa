#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/time.h"
#include "theta/crypto/keys.h"
#include "theta/transport/error.h"
#include "theta/transport/transport.h"

namespace theta::transport {

// What browser and hub sign when they exchange an SDP offer and its answer (RFC 8829) in one HTTP request, so that each
// knows the other by its Ed25519 key although DTLS uses certificates that are made on the spot: the SDP names the
// certificate's fingerprint, and the signature covers the SDP. Pure, and the same code in hub and browser.

/// SHA-256 of a DTLS certificate in DER, as SDP's `a=fingerprint` spells it (RFC 8122).
using CertificateFingerprint = FixedBytes<struct CertificateFingerprintTag, 32>;

/// A browser's offer has about 1 KiB with one data section.
inline constexpr std::size_t kOfferBytesMax = 16 * 1024;
/// The answers of ours are well below; a browser refuses longer ones unread.
inline constexpr std::size_t kAnswerBytesMax = 4 * 1024;

/// Domain "theta/rtc/offer/v1" over hub key | `time` in ms, u64 LE | BLAKE2b-256(offer). The hub's key keeps an offer
/// from being replayed to another hub, and the time from being replayed later; how old it may be is the hub's decision.
[[nodiscard]] Signature sign_offer(const crypto::KeyPair& author, const HubKey& hub, WallTime time,
                                   std::string_view offer);
[[nodiscard]] bool verify_offer(const AuthorKey& author, const HubKey& hub, WallTime time, std::string_view offer,
                                const Signature& signature);

/// Domain "theta/rtc/answer/v1" over BLAKE2b-256(offer) | BLAKE2b-256(answer): the answer belongs to this offer only.
[[nodiscard]] Signature sign_answer(const crypto::KeyPair& hub, std::string_view offer, std::string_view answer);
[[nodiscard]] bool verify_answer(const HubKey& hub, std::string_view offer, std::string_view answer,
                                 const Signature& signature);

/// The one SHA-256 fingerprint that a session description names, at session or media level; the same one may be named
/// several times. `malformed` without one or with two different ones: which of them DTLS will show would be anybody's
/// guess.
[[nodiscard]] TransportResult<CertificateFingerprint> find_fingerprint(std::string_view sdp);
/// "AB:CD:…", as SDP writes it.
[[nodiscard]] std::string to_sdp_text(const CertificateFingerprint& fingerprint);

/// Domain "theta/rtc/binding/v1" over the client's and the hub's fingerprint. Both ends compute it only after DTLS has
/// shown that the other end owns its certificate.
[[nodiscard]] ChannelBinding rtc_channel_binding(const CertificateFingerprint& client,
                                                 const CertificateFingerprint& hub);

}  // namespace theta::transport
