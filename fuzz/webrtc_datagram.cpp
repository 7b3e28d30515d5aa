#include <algorithm>
#include <map>
#include <memory>

#include "fuzz_input.h"
#include "theta/base/byte_codec.h"
#include "theta/transport/webrtc_engine.h"
#include "transport/stun_request.h"

namespace {

using namespace theta::transport;

struct Sink final : EventSink {
  void on_event(const Event&) override { THETA_CHECK(false); }
};

struct Output final : DatagramSender {
  std::map<SocketAddress, std::size_t> bytes;
  void send(const DatagramBurst& burst) override { bytes[burst.remote] += burst.bytes.size(); }
  [[nodiscard]] bool can_send() const override { return true; }
};

std::string value_of(const std::string& sdp, const std::string& name) {
  const auto begin = sdp.find(name) + name.size();
  return sdp.substr(begin, sdp.find("\r\n", begin) - begin);
}

}  // namespace

// Datagrams (each behind its size, u16) from two addresses, one of which has sent an authenticated check: nobody
// becomes a peer by them, and nobody is sent more than came from his address.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  theta::ByteReader in({data, size});
  Sink sink;
  Output output;
  auto engine = WebRtcEngine::create({}, sink, output);
  THETA_CHECK(engine.has_value());
  theta::MonotonicTime now{std::chrono::hours{1}};
  const auto local = SocketAddress::ipv4({127, 0, 0, 1}, 4433);
  const SocketAddress remotes[] = {SocketAddress::ipv4({127, 0, 0, 2}, 999), SocketAddress::ipv4({127, 0, 0, 3}, 999)};
  const std::string offer =
      "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=ice-ufrag:user\r\n"
      "a=ice-pwd:passwordOfTwentyFourChar\r\na=mid:0\r\na=setup:actpass\r\na=sctp-port:5000\r\na=fingerprint:sha-256 " +
      to_sdp_text({}) + "\r\n";
  const auto answer = (*engine)->accept_offer({offer, remotes[0], {}, local}, now);
  THETA_CHECK(answer.has_value());
  std::map<SocketAddress, std::size_t> received;
  const auto deliver = [&](const SocketAddress& from, theta::ByteView bytes) {
    received[from] += bytes.size();
    (*engine)->on_datagram({local, from, 0, bytes}, now);
    (*engine)->flush(now);
    now += std::chrono::milliseconds{100};
    (*engine)->on_timer(now);
    for (const auto& [to, sent] : output.bytes) THETA_CHECK(sent <= received[to]);
  };
  deliver(remotes[0], testing::stun_check(value_of(*answer, "ice-ufrag:") + ":user", value_of(*answer, "ice-pwd:")));
  THETA_CHECK(!output.bytes.empty());
  for (std::size_t at = 0; in.ok() && in.remaining() > 2; ++at) {
    const auto length = in.get<std::uint16_t>();
    const auto bytes = in.get_bytes(std::min<std::size_t>(length, in.remaining()));
    const auto kind = classify_datagram(bytes);
    // As the mux does: other protocols' datagrams never get here.
    if (kind == DatagramKind::stun || kind == DatagramKind::dtls) deliver(remotes[at % 3 == 2 ? 1 : 0], bytes);
  }
  return 0;
}
