// Method: a browser with four open channels, whose own SCTP hears nothing any more, and in its name packets that no
// implementation sends. What the hub's usrsctp keeps of them is what the process has allocated more than before.

#include "rtc_sctp_guard.h"

#include <malloc.h>

#include <chrono>

#include <gtest/gtest.h>

#include "theta/transport/webrtc_engine.h"
#include "transport/raw_sctp.h"
#include "transport/rtc_wire.h"

namespace theta::transport::testing {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kCommandsStream = 2;
constexpr std::uint16_t kSequenceThatNeverComes = 1000;

const Bytes kAnyHeader(kSctpHeaderBytes, 0);

TEST(RtcSctpGuard, StreamResetsOfAnAssociationAreBounded) {
  SctpGuard guard;
  const auto two = RawSctpPacket(kAnyHeader).add_reset({1, 1, 1}).add_reset({2, 1, 1}).finish();
  for (std::size_t at = 0; at < kSctpReconfigsMax / 2; ++at) EXPECT_TRUE(guard.admit(two));
  EXPECT_FALSE(guard.admit(two));
  EXPECT_TRUE(guard.admit(RawSctpPacket(kAnyHeader).add_data({}, Bytes(1)).finish())) << "the rest goes on";
}

TEST(RtcSctpGuard, DataIsBoundedOnceAStreamWasReset) {
  SctpGuard guard;
  const auto data = RawSctpPacket(kAnyHeader).add_data({}, Bytes(1)).add_data({}, Bytes(1)).finish();
  for (int at = 0; at < 10'000; ++at) ASSERT_TRUE(guard.admit(data));
  EXPECT_TRUE(guard.admit(RawSctpPacket(kAnyHeader).add_reset({1, 1, 1}).finish()));
  for (std::size_t at = 0; at < kSctpDataBehindReconfigMax / 2; ++at) ASSERT_TRUE(guard.admit(data));
  EXPECT_FALSE(guard.admit(data));
}

TEST(RtcSctpGuard, ChunksThatAreCutOffAreNotLookedAt) {
  SctpGuard guard;
  for (int at = 0; at < 1000; ++at) {
    auto packet = RawSctpPacket(kAnyHeader).add_reset({1, 1, 1}).finish();
    packet.pop_back();
    packet.pop_back();
    packet.pop_back();
    ASSERT_TRUE(guard.admit(packet)) << "its length is a lie, so usrsctp skips it too";
    ASSERT_TRUE(guard.admit(ByteView(packet).first(at % kSctpHeaderBytes)));
  }
}

/// What a hostile browser does with its association, and what that costs the hub.
class Hostile {
 public:
  Hostile() {
    client.watch_sctp = [this](ByteView packet) { note(packet); };
    EXPECT_TRUE(wire.connect(client));
    wire.run_for(1s);
    // Its own usrsctp would end the association when it hears what it never sent acknowledged.
    wire.on_transmit = [this](RtcPacket& packet, MonotonicClock::duration&) { return packet.to == wire.hub_address(); };
    before_ = mallinfo2().uordblks;
  }
  ~Hostile() { client.watch_sctp = nullptr; }
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

  [[nodiscard]] RawSctpPacket packet() const { return RawSctpPacket(like_); }
  void send(const RawSctpPacket& packet) {
    (void)client.dtls->send(packet.finish());
    constexpr std::size_t kAtOnce = 50;
    if (++count_ % kAtOnce != 0) return;
    wire.run_for(7ms);
    held_max_ = std::max(held_max_, held());
  }
  /// The most at any time.
  [[nodiscard]] std::size_t held_max() const { return std::max(held_max_, held()); }
  /// Within the time that the hub waits for its last words to be heard.
  [[nodiscard]] bool is_closed() {
    wire.run_for(3s);
    return wire.sink.count(Event::Kind::closed) != 0;
  }

 private:
  Bytes like_;
  std::size_t before_ = 0;
  std::size_t held_max_ = 0;
  std::size_t count_ = 0;

  [[nodiscard]] std::size_t held() const {
    const auto now = mallinfo2().uordblks;
    return now > before_ ? now - before_ : 0;
  }
  void note(ByteView packet) {
    like_.assign(packet.begin(), packet.end());
    for_each_sctp_chunk(packet, [this](std::uint8_t type, ByteView chunk) {
      constexpr std::size_t kInitialTsnAt = 16;
      const auto read = [&](std::size_t at) {
        return std::uint32_t{chunk[at]} << 24 | std::uint32_t{chunk[at + 1]} << 16 | std::uint32_t{chunk[at + 2]} << 8 |
               chunk[at + 3];
      };
      if (type == RawSctpPacket::kInit || type == RawSctpPacket::kInitAck) request = tsn = read(kInitialTsnAt);
      if (type == RawSctpPacket::kData) tsn = read(kSctpChunkHeaderBytes) + 1;
    });
  }

 public:
  RtcWire wire;
  RtcClient& client{wire.add_client()};
  std::uint32_t tsn = 0;      // the next
  std::uint32_t request = 0;  // the next to reset streams
};

/// Much less than was sent.
constexpr std::size_t kHeldMax = 512 * 1024;

TEST(RtcSctpGuard, RequestsToResetStreamsLaterAreNotKeptWithoutABound) {
  Hostile hostile;
  for (std::uint32_t at = 0; at < 10'000; ++at) {
    hostile.send(hostile.packet().add_reset({hostile.request + at, hostile.tsn + 1000, 200}));
  }
  EXPECT_LT(hostile.held_max(), kHeldMax);
  EXPECT_TRUE(hostile.is_closed());
  EXPECT_GT(hostile.wire.engine->stats().sctp_dropped_resets, 0U);
  EXPECT_EQ(hostile.wire.engine->stats().protocol_errors, 1U);
}

TEST(RtcSctpGuard, DataBehindAResetIsNotKeptWithoutABound) {
  Hostile hostile;
  hostile.send(hostile.packet().add_reset({hostile.request, hostile.tsn, 1}));
  for (std::uint32_t at = 1; at < 6000; ++at) {
    hostile.send(hostile.packet().add_data({hostile.tsn + at, kCommandsStream}, Bytes(1100, 1)));
  }
  EXPECT_LT(hostile.held_max(), kHeldMax);
  EXPECT_TRUE(hostile.is_closed());
}

TEST(RtcSctpGuard, DataThatCannotBeDeliveredYetIsNotKeptWithoutABound) {
  for (const std::size_t size : {1, 1100}) {
    for (const auto& [step, flags] : {std::pair{2U, 3}, {1U, 3}, {1U, 2}, {2U, 6}}) {
      Hostile hostile;
      for (std::uint32_t at = 0; at < 10'000; ++at) {
        const auto sequence = static_cast<std::uint16_t>(kSequenceThatNeverComes + at);
        hostile.send(hostile.packet().add_data({.tsn = hostile.tsn + 1 + step * at,
                                                .stream = static_cast<std::uint16_t>(at % kSctpStreamsMax),
                                                .sequence = sequence,
                                                .flags = static_cast<std::uint8_t>(flags)},
                                               Bytes(size, 1)));
      }
      EXPECT_LT(hostile.held_max(), kHeldMax) << "every " << step << ", flags " << flags << ", " << size << " bytes";
    }
  }
}

}  // namespace
}  // namespace theta::transport::testing
