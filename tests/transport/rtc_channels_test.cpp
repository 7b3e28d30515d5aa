#include "rtc_channels.h"

#include <gtest/gtest.h>

namespace theta::transport {
namespace {

constexpr std::array kLanes{Lane::control, Lane::commands, Lane::bulk, Lane::presence};

Bytes fragment_of(std::uint8_t kind, std::size_t size, std::uint8_t value = 'x') {
  Bytes fragment(size + 1, value);
  fragment[0] = kind;
  return fragment;
}

TEST(RtcChannels, EachLaneOpensItsChannel) {
  for (const auto lane : kLanes) {
    const auto opened = parse_channel_open(write_channel_open(lane));
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(*opened, lane);
  }
}

TEST(RtcChannels, TheLengthsOfAnOpenMustAddUpExactly) {
  for (const auto lane : kLanes) {
    auto message = write_channel_open(lane);
    for (std::size_t size = 0; size < message.size(); ++size) {
      EXPECT_FALSE(parse_channel_open(ByteView(message).first(size)).has_value()) << size;
    }
    message.push_back(0);
    EXPECT_FALSE(parse_channel_open(message).has_value());
  }
}

TEST(RtcChannels, WhatIsNoneOfTheFourChannelsIsRefusedWithASentence) {
  const auto changed = [](Lane lane, std::size_t at, std::uint8_t value) {
    auto message = write_channel_open(lane);
    message.at(at) = value;
    return message;
  };
  const std::vector<Bytes> refused{
      Bytes{kChannelAck},                       // an acknowledgement of nothing
      changed(Lane::control, 0, 0x02),          // another message
      changed(Lane::control, 1, 0x80),          // unordered
      changed(Lane::control, 1, 0x01),          // not reliable
      changed(Lane::presence, 1, 0x00),         // ordered
      changed(Lane::presence, 1, 0x82),         // by time instead of retransmissions
      changed(Lane::presence, 7, 1),            // one retransmission
      changed(Lane::control, 12, 'C'),          // another label
      changed(Lane::control, 12 + 7 + 6, '2'),  // another protocol
      changed(Lane::control, 9, 8),             // label longer than it is
      changed(Lane::control, 8, 0xff),          // label longer than anything
  };
  for (const auto& message : refused) {
    const auto result = parse_channel_open(message);
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, TransportError::malformed);
    EXPECT_FALSE(result.error().message.empty());
  }
}

TEST(RtcChannels, ThePriorityOfAnOpenDoesNotMatter) {
  auto message = write_channel_open(Lane::commands);
  message[2] = 0x01;
  EXPECT_TRUE(parse_channel_open(message).has_value());
}

TEST(RtcChannels, FragmentsJoinToWhatWasCut) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kFragmentBytesMax - 2, kFragmentBytesMax - 1,
                                 kFragmentBytesMax, 3 * kFragmentBytesMax}) {
    Bytes message(size);
    for (std::size_t at = 0; at < size; ++at) message[at] = static_cast<std::uint8_t>(at * 7);
    FragmentReceiver receiver(Lane::bulk);
    ByteView joined;
    auto status = FragmentReceiver::Status::need_more;
    Bytes fragment;
    for (std::size_t offset = 0; status == FragmentReceiver::Status::need_more;) {
      const FragmentSender sender(message, offset);
      sender.write(fragment);
      EXPECT_LE(fragment.size(), kFragmentBytesMax);
      status = receiver.add(fragment, joined);
      offset += sender.piece_bytes();
    }
    EXPECT_EQ(status, FragmentReceiver::Status::message);
    EXPECT_EQ(Bytes(joined.begin(), joined.end()), message) << size;
    receiver.release();
    EXPECT_EQ(receiver.held_bytes(), 0U);
  }
}

TEST(RtcChannels, AMessageAtTheLanesBoundIsTakenAndOneByteMoreIsNot) {
  for (const auto lane : {Lane::control, Lane::bulk}) {
    for (const std::size_t excess : {0, 1}) {
      FragmentReceiver receiver(lane);
      ByteView message;
      auto rest = message_bytes_max(lane) + excess;
      auto status = FragmentReceiver::Status::need_more;
      while (status == FragmentReceiver::Status::need_more && rest > kFragmentBytesMax - 1) {
        status = receiver.add(fragment_of(1, kFragmentBytesMax - 1), message);
        rest -= kFragmentBytesMax - 1;
      }
      ASSERT_EQ(status, FragmentReceiver::Status::need_more);
      status = receiver.add(fragment_of(0, rest), message);
      EXPECT_EQ(status, excess == 0 ? FragmentReceiver::Status::message : FragmentReceiver::Status::too_large);
    }
  }
  FragmentReceiver presence(Lane::presence);
  ByteView message;
  EXPECT_EQ(presence.add(fragment_of(0, message_bytes_max(Lane::presence)), message),
            FragmentReceiver::Status::message);
  EXPECT_EQ(presence.add(fragment_of(0, message_bytes_max(Lane::presence) + 1), message),
            FragmentReceiver::Status::too_large);
}

TEST(RtcChannels, NoFragmentOfOursIsMalformed) {
  ByteView message;
  using Status = FragmentReceiver::Status;
  EXPECT_EQ(FragmentReceiver(Lane::bulk).add({}, message), Status::malformed);
  EXPECT_EQ(FragmentReceiver(Lane::bulk).add(fragment_of(2, 1), message), Status::malformed);
  EXPECT_EQ(FragmentReceiver(Lane::bulk).add(fragment_of(0xff, 1), message), Status::malformed);
  EXPECT_EQ(FragmentReceiver(Lane::bulk).add(fragment_of(1, 0), message), Status::malformed) << "it would never end";
  EXPECT_EQ(FragmentReceiver(Lane::bulk).add(fragment_of(0, kFragmentBytesMax), message), Status::malformed);
  EXPECT_EQ(FragmentReceiver(Lane::presence).add(fragment_of(1, 1), message), Status::malformed);
}

TEST(RtcChannels, TheReasonOfACloseIsCutAtACharactersEnd) {
  const auto short_one = write_close_fragment(CloseReason::superseded, "newer");
  EXPECT_EQ(short_one, (Bytes{2, 8, 0, 'n', 'e', 'w', 'e', 'r'}));
  std::string text(kCloseTextBytesMax - 1, 'x');
  text += "\u00e9 and more";
  const auto cut = write_close_fragment(CloseReason::none, text);
  EXPECT_EQ(cut.size(), 3 + kCloseTextBytesMax - 1);
}

}  // namespace
}  // namespace theta::transport
