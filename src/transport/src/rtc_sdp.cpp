#include "rtc_sdp.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "rtc_channels.h"

namespace theta::transport {
namespace {

constexpr std::size_t kLinesMax = 256;
constexpr std::size_t kLineBytesMax = 1024;
constexpr std::size_t kMidBytesMax = 32;
// RFC 8839 section 5.4.
constexpr std::size_t kUfragBytesMin = 4;
constexpr std::size_t kPwdBytesMin = 22;
constexpr std::size_t kCredentialBytesMax = 256;
/// What a section without `a=max-message-size` takes (RFC 8841 section 6.1).
constexpr std::uint64_t kDefaultMessageBytesMax = 64 * 1024;

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9');
}
bool is_ice_char(char letter) { return is_letter_or_digit(letter) || letter == '+' || letter == '/'; }
bool is_mid_char(char letter) { return is_letter_or_digit(letter) || letter == '-' || letter == '_' || letter == '.'; }

bool consists_of(std::string_view text, bool (*is_allowed)(char), std::size_t min, std::size_t max) {
  return text.size() >= min && text.size() <= max && std::all_of(text.begin(), text.end(), is_allowed);
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::unexpected<Failure<TransportError>> refuse(std::string_view sentence) {
  return fail(TransportError::malformed,
              "the session description is no offer of data channels: " + std::string(sentence));
}

/// The value of "a=NAME:VALUE"; nothing for other lines.
std::optional<std::string_view> attribute(std::string_view line, std::string_view name) {
  if (!line.starts_with("a=")) return std::nullopt;
  line.remove_prefix(2);
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (line.empty() || line.front() != ':') return std::nullopt;
  line.remove_prefix(1);
  return line;
}

/// An attribute that may stand at session and at media level, and counts where it stands last, but has one value a
/// level.
class Value {
 public:
  /// False when the same level has said otherwise.
  [[nodiscard]] bool set(std::string_view value, bool is_in_media) {
    if (is_set_ && is_in_media == is_in_media_ && value != value_) return false;
    value_ = value;
    is_set_ = true;
    is_in_media_ = is_in_media;
    return true;
  }
  [[nodiscard]] bool is_set() const { return is_set_; }
  [[nodiscard]] std::string_view get() const { return value_; }

 private:
  std::string_view value_;
  bool is_set_ = false;
  bool is_in_media_ = false;
};

/// The lines of an offer that matter, before they are judged.
struct Lines {
  Value mid, ufrag, pwd, setup, sctp_port, message_bytes_max;
  std::string_view media;
  std::string_view bundle;
  std::size_t media_count = 0;
  bool is_lite = false;

  /// False when a line contradicts another.
  [[nodiscard]] bool take(std::string_view line) {
    if (line.starts_with("m=")) {
      ++media_count;
      media = line.substr(2);
      return true;
    }
    if (line == "a=ice-lite") is_lite = true;
    constexpr std::string_view kBundle = "BUNDLE ";
    if (const auto group = attribute(line, "group"); group && group->starts_with(kBundle)) {
      bundle = group->substr(kBundle.size());
    }
    const bool is_in_media = media_count != 0;
    const auto read = [&](Value& value, std::string_view name) {
      const auto found = attribute(line, name);
      return !found || value.set(*found, is_in_media);
    };
    return read(mid, "mid") && read(ufrag, "ice-ufrag") && read(pwd, "ice-pwd") && read(setup, "setup") &&
           read(sctp_port, "sctp-port") && read(message_bytes_max, "max-message-size");
  }
};

TransportResult<Lines> read_lines(std::string_view sdp) {
  if (sdp.size() > kOfferBytesMax) return refuse("it is longer than " + std::to_string(kOfferBytesMax) + " bytes");
  if (!sdp.starts_with("v=0\r\n") && !sdp.starts_with("v=0\n")) return refuse("it does not begin with v=0");
  Lines lines;
  for (std::size_t count = 0; !sdp.empty(); ++count) {
    if (count == kLinesMax) return refuse("it has more than " + std::to_string(kLinesMax) + " lines");
    const auto end = std::min(sdp.find('\n'), sdp.size());
    auto line = sdp.substr(0, end);
    sdp.remove_prefix(std::min(end + 1, sdp.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kLineBytesMax) return refuse("a line is longer than " + std::to_string(kLineBytesMax) + " bytes");
    const auto is_control = [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f; };
    if (std::any_of(line.begin(), line.end(), is_control)) return refuse("it has control characters");
    if (!lines.take(line))
      return refuse("it says two different things of one section: " + std::string(line.substr(0, 80)));
  }
  return lines;
}

/// "PORT UDP/DTLS/SCTP webrtc-datachannel" behind "application ".
bool is_data_section(std::string_view media) {
  constexpr std::string_view kKind = "application ";
  if (!media.starts_with(kKind)) return false;
  media.remove_prefix(kKind.size());
  const auto space = media.find(' ');
  if (space == std::string_view::npos) return false;
  const auto port = parse_number(media.substr(0, space));
  // Port 0 takes a section back (RFC 8829 section 5.2.2).
  if (!port || *port == 0 || *port > 0xffff) return false;
  media.remove_prefix(space + 1);
  return media == "UDP/DTLS/SCTP webrtc-datachannel";
}

bool names_mid(std::string_view bundle, std::string_view mid) {
  while (!bundle.empty()) {
    const auto end = std::min(bundle.find(' '), bundle.size());
    if (bundle.substr(0, end) == mid) return true;
    bundle.remove_prefix(std::min(end + 1, bundle.size()));
  }
  return false;
}

}  // namespace

TransportResult<SdpOffer> parse_offer(std::string_view sdp) {
  const auto lines = read_lines(sdp);
  if (!lines) return tl::unexpected(lines.error());
  if (lines->media_count != 1 || !is_data_section(lines->media)) {
    return refuse("expected exactly one section, m=application … UDP/DTLS/SCTP webrtc-datachannel");
  }
  if (!consists_of(lines->mid.get(), is_mid_char, 1, kMidBytesMax)) return refuse("it has no usable a=mid");
  if (!consists_of(lines->ufrag.get(), is_ice_char, kUfragBytesMin, kCredentialBytesMax)) {
    return refuse("it has no usable a=ice-ufrag");
  }
  if (!consists_of(lines->pwd.get(), is_ice_char, kPwdBytesMin, kCredentialBytesMax)) {
    return refuse("it has no usable a=ice-pwd");
  }
  if (lines->is_lite) return refuse("it says a=ice-lite, and two such endpoints never find each other");
  const auto setup = lines->setup.get();
  if (setup != "actpass" && setup != "active") {
    return refuse("expected a=setup:actpass or active, since this side is passive");
  }
  const auto port = parse_number(lines->sctp_port.get());
  if (!port || *port == 0 || *port > 0xffff) return refuse("it has no usable a=sctp-port");
  const auto message_bytes_max =
      lines->message_bytes_max.is_set() ? parse_number(lines->message_bytes_max.get()) : kDefaultMessageBytesMax;
  // 0 is "any size" (RFC 8841 section 6.1).
  if (!message_bytes_max || (*message_bytes_max != 0 && *message_bytes_max < kFragmentBytesMax)) {
    return refuse("a=max-message-size is below " + std::to_string(kFragmentBytesMax) + " bytes");
  }
  auto fingerprint = find_fingerprint(sdp);
  if (!fingerprint) return tl::unexpected(std::move(fingerprint.error()));
  SdpOffer offer;
  offer.mid = lines->mid.get();
  offer.has_bundle = !lines->bundle.empty();
  if (offer.has_bundle && !names_mid(lines->bundle, offer.mid)) return refuse("a=group:BUNDLE leaves its section out");
  offer.ice_ufrag = lines->ufrag.get();
  offer.ice_pwd = lines->pwd.get();
  offer.fingerprint = *fingerprint;
  offer.sctp_port = static_cast<std::uint16_t>(*port);
  return offer;
}

std::string write_answer(const SdpOffer& offer, const SdpAnswer& answer) {
  const bool is_ipv4 = answer.candidate.is_ipv4();
  auto address = answer.candidate;
  address.scope = 0;
  // "1.2.3.4:5" and "[::1]:5" both end with a colon and the port.
  auto ip = address.to_string();
  ip.resize(ip.rfind(':'));
  if (!is_ipv4) ip = ip.substr(1, ip.size() - 2);
  const auto port = std::to_string(answer.candidate.port);
  const std::string family = is_ipv4 ? "IP4 " : "IP6 ";

  std::string sdp;
  const auto line = [&sdp](std::string_view text) { sdp.append(text).append("\r\n"); };
  line("v=0");
  line("o=- " + std::to_string(answer.session >> 1) + " 2 IN IP4 127.0.0.1");
  line("s=-");
  line("t=0 0");
  if (offer.has_bundle) line("a=group:BUNDLE " + offer.mid);
  line("a=ice-lite");
  line("m=application " + port + " UDP/DTLS/SCTP webrtc-datachannel");
  line("c=IN " + family + ip);
  line("a=mid:" + offer.mid);
  line("a=ice-ufrag:" + answer.ice_ufrag);
  line("a=ice-pwd:" + answer.ice_pwd);
  line("a=fingerprint:sha-256 " + to_sdp_text(answer.fingerprint));
  line("a=setup:passive");
  line("a=sctp-port:" + std::to_string(kSctpPort));
  line("a=max-message-size:" + std::to_string(kFragmentBytesMax));
  // One component, of the highest priority a host candidate has (RFC 8445 section 5.1.2.1).
  line("a=candidate:1 1 udp 2130706431 " + ip + " " + port + " typ host");
  line("a=end-of-candidates");
  return sdp;
}

}  // namespace theta::transport
