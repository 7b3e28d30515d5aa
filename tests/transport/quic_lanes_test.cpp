#include "quic_lanes.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transport/recording_sink.h"

namespace theta::transport {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::filled;
using Status = LaneReceiver::Status;

Bytes all_unsent(const LaneSender& sender) {
  std::array<ngtcp2_vec, 16> parts;
  const auto count = sender.peek(parts);
  Bytes bytes;
  for (std::size_t at = 0; at < count; ++at) bytes.insert(bytes.end(), parts[at].base, parts[at].base + parts[at].len);
  return bytes;
}

TEST(LaneSender, WritesThePrefaceThenLengthAndMessage) {
  LaneSender sender;
  sender.push_preface(1);
  sender.push_message(bytes_of("ab"));
  EXPECT_THAT(all_unsent(sender), ElementsAre(1, 2, 'a', 'b'));
}

TEST(LaneSender, HoldsMessagesUntilTheyAreAcknowledgedWhole) {
  LaneSender sender;
  sender.push_message(filled(100));
  sender.push_message(filled(100));
  const auto held = sender.held_bytes();
  sender.mark_sent(150);
  EXPECT_EQ(sender.unsent_bytes(), 52U);
  EXPECT_EQ(all_unsent(sender).size(), 52U);
  sender.mark_acknowledged(100);
  EXPECT_EQ(sender.held_bytes(), held) << "one byte of the first message is still missing";
  sender.mark_acknowledged(101);
  EXPECT_EQ(sender.held_messages(), 1U);
  sender.mark_sent(52);
  sender.mark_acknowledged(202);
  EXPECT_EQ(sender.held_bytes(), 0U);
  EXPECT_FALSE(sender.has_unsent());
}

std::vector<std::string> cut(LaneReceiver& receiver, const Bytes& bytes, std::size_t piece, Status& status) {
  std::vector<std::string> messages;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    ByteView input = ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at));
    ByteView message;
    while ((status = receiver.next(input, message)) == Status::message)
      messages.emplace_back(message.begin(), message.end());
    if (status != Status::need_more) break;
  }
  return messages;
}

TEST(LaneReceiver, CutsMessagesWhateverThePiecesAre) {
  LaneSender sender;
  const std::vector<std::string> sent{"", "a", std::string(127, 'b'), std::string(128, 'c'), "", std::string(900, 'd')};
  sender.push_preface(lane_preface(Lane::commands));
  for (const auto& text : sent) sender.push_message(bytes_of(text));
  const auto bytes = all_unsent(sender);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    LaneReceiver receiver(Lane::commands, true);
    Status status{};
    EXPECT_EQ(cut(receiver, bytes, piece, status), sent) << "pieces of " << piece;
    EXPECT_EQ(status, Status::need_more);
  }
}

Status status_of(Lane lane, const Bytes& bytes) {
  LaneReceiver receiver(lane, false);
  Status status{};
  (void)cut(receiver, bytes, bytes.size(), status);
  return status;
}

TEST(LaneReceiver, RefusesALengthOverTheLanesLimitBeforeItsBytesCome) {
  // 64 KiB is 80 80 04 as LEB128, 1 MiB is 80 80 40.
  EXPECT_EQ(status_of(Lane::control, {0x80, 0x80, 0x04}), Status::need_more);
  EXPECT_EQ(status_of(Lane::control, {0x81, 0x80, 0x04}), Status::too_large);
  EXPECT_EQ(status_of(Lane::bulk, {0x80, 0x80, 0x40}), Status::need_more);
  EXPECT_EQ(status_of(Lane::bulk, {0x81, 0x80, 0x40}), Status::too_large);
  EXPECT_EQ(status_of(Lane::bulk, {0xff, 0xff, 0xff}), Status::too_large);
}

TEST(LaneReceiver, RefusesAnOverlongLength) {
  EXPECT_EQ(status_of(Lane::bulk, {0x80, 0x00}), Status::malformed);
  EXPECT_EQ(status_of(Lane::bulk, {0x81, 0x80, 0x00}), Status::malformed);
}

TEST(LaneReceiver, RefusesAnotherLanesPreface) {
  LaneReceiver receiver(Lane::commands, true);
  Status status{};
  (void)cut(receiver, {lane_preface(Lane::bulk), 1, 'x'}, 3, status);
  EXPECT_EQ(status, Status::malformed);
}

}  // namespace
}  // namespace theta::transport
