#include "theta/transport/rtc_signalling.h"

#include <algorithm>
#include <optional>
#include <string>

#include "theta/base/byte_codec.h"
#include "theta/base/hex.h"
#include "theta/crypto/hash.h"

namespace theta::transport {
namespace {

constexpr std::string_view kOfferDomain = "theta/rtc/offer/v1";
constexpr std::string_view kAnswerDomain = "theta/rtc/answer/v1";
constexpr std::string_view kBindingDomain = "theta/rtc/binding/v1";
constexpr std::string_view kFingerprintPrefix = "a=fingerprint:";

Bytes offer_message(const HubKey& hub, WallTime time, std::string_view offer) {
  Bytes message(hub.bytes.begin(), hub.bytes.end());
  ByteWriter out(message);
  out.put<std::uint64_t>(to_unix_ms(time));
  out.put_bytes(crypto::hash256(as_bytes(offer)).view());
  return message;
}

Bytes answer_message(std::string_view offer, std::string_view answer) {
  const auto offer_hash = crypto::hash256(as_bytes(offer));
  Bytes message(offer_hash.bytes.begin(), offer_hash.bytes.end());
  ByteWriter out(message);
  out.put_bytes(crypto::hash256(as_bytes(answer)).view());
  return message;
}

char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

std::optional<std::uint8_t> hex_digit(char letter) {
  const char low = lower(letter);
  if (low >= '0' && low <= '9') return static_cast<std::uint8_t>(low - '0');
  if (low >= 'a' && low <= 'f') return static_cast<std::uint8_t>(low - 'a' + 10);
  return std::nullopt;
}

/// Pairs of hexadecimal digits with colons between, nothing before and nothing behind.
std::optional<CertificateFingerprint> parse_fingerprint(std::string_view text) {
  constexpr std::size_t kLettersPerByte = 3;
  CertificateFingerprint result;
  if (text.size() != CertificateFingerprint::kSize * kLettersPerByte - 1) return std::nullopt;
  for (std::size_t at = 0; at < CertificateFingerprint::kSize; ++at) {
    const auto high = hex_digit(text[at * kLettersPerByte]);
    const auto low = hex_digit(text[at * kLettersPerByte + 1]);
    const bool is_last = at + 1 == CertificateFingerprint::kSize;
    if (!high || !low || (!is_last && text[at * kLettersPerByte + 2] != ':')) return std::nullopt;
    result.bytes[at] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return result;
}

/// What stands behind "a=fingerprint:sha-256 " in a line; nothing for any other line.
std::optional<std::string_view> sha256_of_line(std::string_view line) {
  constexpr std::string_view kHashName = "sha-256 ";
  if (!line.starts_with(kFingerprintPrefix)) return std::nullopt;
  line.remove_prefix(kFingerprintPrefix.size());
  if (line.size() < kHashName.size()) return std::nullopt;
  const auto name = line.substr(0, kHashName.size());
  const bool is_sha256 =
      std::equal(name.begin(), name.end(), kHashName.begin(), [](char a, char b) { return lower(a) == b; });
  if (!is_sha256) return std::nullopt;
  return line.substr(kHashName.size());
}

}  // namespace

Signature sign_offer(const crypto::KeyPair& author, const HubKey& hub, WallTime time, std::string_view offer) {
  return author.sign(kOfferDomain, offer_message(hub, time, offer));
}

bool verify_offer(const AuthorKey& author, const HubKey& hub, WallTime time, std::string_view offer,
                  const Signature& signature) {
  return crypto::verify(kOfferDomain, offer_message(hub, time, offer), signature, author.view());
}

Signature sign_answer(const crypto::KeyPair& hub, std::string_view offer, std::string_view answer) {
  return hub.sign(kAnswerDomain, answer_message(offer, answer));
}

bool verify_answer(const HubKey& hub, std::string_view offer, std::string_view answer, const Signature& signature) {
  return crypto::verify(kAnswerDomain, answer_message(offer, answer), signature, hub.view());
}

TransportResult<CertificateFingerprint> find_fingerprint(std::string_view sdp) {
  std::optional<CertificateFingerprint> found;
  while (!sdp.empty()) {
    const auto end = std::min(sdp.find('\n'), sdp.size());
    auto line = sdp.substr(0, end);
    sdp.remove_prefix(std::min(end + 1, sdp.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto text = sha256_of_line(line);
    if (!text) continue;
    const auto fingerprint = parse_fingerprint(*text);
    if (!fingerprint) {
      return fail(TransportError::malformed,
                  "a sha-256 fingerprint is 32 pairs of hexadecimal digits with colons between; the session "
                  "description has another form");
    }
    if (found && *found != *fingerprint) {
      return fail(TransportError::malformed,
                  "the session description names two different certificate fingerprints; it may name one only");
    }
    found = fingerprint;
  }
  if (!found) {
    return fail(TransportError::malformed,
                "the session description names no sha-256 certificate fingerprint (a=fingerprint:sha-256 …); without "
                "one, nobody could tell who answers");
  }
  return *found;
}

std::string to_sdp_text(const CertificateFingerprint& fingerprint) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const auto byte : fingerprint.bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0x0f];
  }
  return text;
}

ChannelBinding rtc_channel_binding(const CertificateFingerprint& client, const CertificateFingerprint& hub) {
  Bytes both(client.bytes.begin(), client.bytes.end());
  both.insert(both.end(), hub.bytes.begin(), hub.bytes.end());
  return ChannelBinding::from(crypto::hash256(kBindingDomain, both).view());
}

}  // namespace theta::transport
