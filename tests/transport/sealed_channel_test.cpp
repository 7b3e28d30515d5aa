#include "theta/transport/sealed_channel.h"

#include <gtest/gtest.h>

#include <numeric>

namespace theta::transport {
namespace {

crypto::Seed seed_of(std::uint8_t fill) {
  crypto::Seed seed;
  seed.bytes.fill(fill);
  return seed;
}

crypto::KeyPair hub_key() { return crypto::KeyPair::from_seed(seed_of(1)); }

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

struct Ends {
  SealedChannel client;
  SealedChannel hub;
};

Ends established() {
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  auto client_end = client.establish(hub->answer());
  auto hub_end = hub->establish(client_end->finish);
  return {std::move(client_end->channel), std::move(*hub_end)};
}

TEST(SealedChannel, BothWaysCarryEveryLane) {
  auto ends = established();
  EXPECT_EQ(ends.client.binding(), ends.hub.binding());
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    const auto up = ends.hub.open(ends.client.seal(lane, bytes_of("up")));
    ASSERT_TRUE(up.has_value()) << up.error().message;
    EXPECT_EQ(up->lane, lane);
    EXPECT_EQ(Bytes(up->message().begin(), up->message().end()), bytes_of("up"));
    const auto down = ends.client.open(ends.hub.seal(lane, {}));
    ASSERT_TRUE(down.has_value()) << down.error().message;
    EXPECT_EQ(down->lane, lane);
    EXPECT_TRUE(down->message().empty());
  }
}

TEST(SealedChannel, HandshakeMessagesHaveTheirDocumentedLengths) {
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  EXPECT_EQ(client.hello().size(), 32U);
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  EXPECT_EQ(hub->answer().size(), 120U);
  EXPECT_EQ(client.establish(hub->answer())->finish.size(), 24U);
}

TEST(SealedChannel, EveryFlippedBitIsRefusedAndNothingOpensAfterwards) {
  const auto sealed_size = std::string_view("hello").size() + kSealedOverheadBytes;
  for (std::size_t bit = 0; bit < sealed_size * 8; ++bit) {
    auto ends = established();
    auto sealed = ends.client.seal(Lane::commands, bytes_of("hello"));
    ASSERT_EQ(sealed.size(), sealed_size);
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto refused = ends.hub.open(sealed);
    ASSERT_FALSE(refused.has_value()) << "bit " << bit;
    EXPECT_EQ(refused.error().code, SealError::malformed);
    EXPECT_FALSE(ends.hub.open(ends.client.seal(Lane::commands, bytes_of("next"))).has_value()) << "bit " << bit;
  }
}

TEST(SealedChannel, EveryTruncationIsRefused) {
  const auto sealed_size = std::string_view("hello").size() + kSealedOverheadBytes;
  for (std::size_t size = 0; size < sealed_size; ++size) {
    auto ends = established();
    const auto sealed = ends.client.seal(Lane::commands, bytes_of("hello"));
    EXPECT_FALSE(ends.hub.open(ByteView(sealed).first(size)).has_value()) << size;
  }
}

TEST(SealedChannel, ReplayedMessageIsRefused) {
  auto ends = established();
  const auto sealed = ends.client.seal(Lane::commands, bytes_of("once"));
  EXPECT_TRUE(ends.hub.open(sealed).has_value());
  EXPECT_FALSE(ends.hub.open(sealed).has_value());
}

TEST(SealedChannel, ReorderedMessageIsRefused) {
  auto ends = established();
  const auto first = ends.client.seal(Lane::commands, bytes_of("first"));
  const auto second = ends.client.seal(Lane::commands, bytes_of("second"));
  EXPECT_FALSE(ends.hub.open(second).has_value());
  EXPECT_FALSE(ends.hub.open(first).has_value());
}

TEST(SealedChannel, MessageSentBackToItsSenderIsRefused) {
  auto ends = established();
  EXPECT_FALSE(ends.client.open(ends.client.seal(Lane::control, bytes_of("mirror"))).has_value());
}

TEST(SealedChannel, LargestMessageOfEachLaneFitsAndOneByteMoreIsRefused) {
  for (const auto lane : {Lane::control, Lane::commands, Lane::bulk, Lane::presence}) {
    auto ends = established();
    const Bytes largest(message_bytes_max(lane), 7);
    const auto sealed = ends.client.seal(lane, largest);
    EXPECT_LE(sealed.size(), kSealedBytesMax);
    const auto opened = ends.hub.open(sealed);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ(opened->message().size(), largest.size());
  }
}

/// A client that seals by hand what `SealedChannel::seal` never would.
struct Forger {
  Forger() {
    const auto hub_pair = hub_key();
    const auto ephemeral = crypto::ExchangeKeyPair::from_seed(seed_of(9));
    const auto hub_side = SealedHub::accept(hub_pair, seed_of(3), ephemeral.public_key().view());
    const auto hub_public = crypto::ExchangeKey::from(ByteView(hub_side->answer()).first(32));
    const crypto::StreamHeader header{};
    stream.emplace(ephemeral.exchange_as_client(hub_public)->send, header);
    auto channel = hub_side->establish(header.view());
    hub.emplace(std::move(*channel));
  }
  std::optional<crypto::SecretStream> stream;
  std::optional<SealedChannel> hub;
};

TEST(SealedChannel, UnknownLaneEmptySealAndTooLongMessageAreRefused) {
  const auto refusal = [](const Bytes& plain) {
    Forger forger;
    const auto opened = forger.hub->open(forger.stream->seal(plain));
    return opened ? std::string("opened") : opened.error().message;
  };
  EXPECT_EQ(refusal({1, 42}), "opened");
  EXPECT_EQ(refusal({}), "a sealed message names none of the lanes 0 to 3");
  EXPECT_EQ(refusal({4, 42}), "a sealed message names none of the lanes 0 to 3");
  Bytes presence(2 + limits::kPresenceBytesMax);
  presence[0] = static_cast<std::uint8_t>(Lane::presence);
  EXPECT_EQ(refusal(presence), "a message of 1101 bytes came on a lane that carries 1100");
  EXPECT_EQ(refusal(Bytes(limits::kMessageBytesMax + 2, 1)),
            "a sealed message has 1048595 bytes; at most 1048594 are allowed");
}

TEST(SealedChannel, AnswerOfAnotherHubIsRefused) {
  const auto other = crypto::KeyPair::from_seed(seed_of(8));
  const SealedClient client(seed_of(2), hub_key().public_key<HubKey>());
  const auto impostor = SealedHub::accept(other, seed_of(3), client.hello());
  const auto refused = client.establish(impostor->answer());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, SealError::wrong_hub);
}

TEST(SealedChannel, EveryFlippedBitOfTheSignedAnswerIsRefused) {
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  for (std::size_t bit = 0; bit < (crypto::ExchangeKey::kSize + Signature::kSize) * 8; ++bit) {
    auto answer = hub->answer();
    answer[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    EXPECT_FALSE(client.establish(answer).has_value()) << "bit " << bit;
  }
}

TEST(SealedChannel, ChangedStreamHeaderLetsNothingOpen) {
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  auto answer = hub->answer();
  answer.back() ^= 1;
  auto client_end = client.establish(answer);
  auto hub_end = hub->establish(client_end->finish);
  EXPECT_FALSE(client_end->channel.open(hub_end->seal(Lane::control, bytes_of("x"))).has_value());
}

TEST(SealedChannel, AnswerOfAnEarlierConnectionIsRefused) {
  const auto hub_pair = hub_key();
  const SealedClient earlier(seed_of(2), hub_pair.public_key<HubKey>());
  const auto recorded = SealedHub::accept(hub_pair, seed_of(3), earlier.hello())->answer();
  const SealedClient client(seed_of(4), hub_pair.public_key<HubKey>());
  EXPECT_EQ(client.establish(recorded).error().code, SealError::wrong_hub);
}

TEST(SealedChannel, WhoRelaysAHandshakeWithItsOwnKeyHasAnotherBinding) {
  // The client wants to talk to the relay, which is a hub itself, and the relay uses the client's login at the hub.
  const auto relay = crypto::KeyPair::from_seed(seed_of(8));
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), relay.public_key<HubKey>());
  const auto relay_hub_side = SealedHub::accept(relay, seed_of(5), client.hello());
  auto client_end = client.establish(relay_hub_side->answer());
  const SealedClient relay_client_side(seed_of(6), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), relay_client_side.hello());
  auto hub_end = hub->establish(relay_client_side.establish(hub->answer())->finish);
  EXPECT_NE(client_end->channel.binding(), hub_end->binding());
}

TEST(SealedChannel, WhoRelaysAHandshakeUnchangedCanReadNothing) {
  // The hub's key pair stands between as well, but without the secrets of either end's ephemeral key.
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  auto client_end = client.establish(hub->answer());
  const auto relay = SealedHub::accept(hub_pair, seed_of(6), client.hello());
  auto relay_end = relay->establish(client_end->finish);
  EXPECT_FALSE(relay_end->open(client_end->channel.seal(Lane::control, bytes_of("login"))).has_value());
}

TEST(SealedChannel, HandshakeMessagesOfWrongLengthAreRefused) {
  const auto hub_pair = hub_key();
  const SealedClient client(seed_of(2), hub_pair.public_key<HubKey>());
  const auto hub = SealedHub::accept(hub_pair, seed_of(3), client.hello());
  for (const std::size_t size : {0, 31, 33, 120}) {
    const auto refused = SealedHub::accept(hub_pair, seed_of(3), Bytes(size, 9));
    ASSERT_FALSE(refused.has_value()) << size;
    EXPECT_EQ(refused.error().code, SealError::malformed);
  }
  for (const std::size_t size : {0, 119, 121}) EXPECT_FALSE(client.establish(Bytes(size, 9)).has_value()) << size;
  for (const std::size_t size : {0, 23, 25}) EXPECT_FALSE(hub->establish(Bytes(size, 9)).has_value()) << size;
}

TEST(SealedChannel, SmallOrderKeysAreRefused) {
  const auto hub_pair = hub_key();
  EXPECT_FALSE(SealedHub::accept(hub_pair, seed_of(3), Bytes(32, 0)).has_value());
  Bytes one(32, 0);
  one[0] = 1;
  EXPECT_FALSE(SealedHub::accept(hub_pair, seed_of(3), one).has_value());
}

TEST(SealedChannel, LongSequenceStaysReadable) {
  auto ends = established();
  Bytes message(300);
  std::iota(message.begin(), message.end(), std::uint8_t{0});
  for (int round = 0; round < 2000; ++round) {
    message[0] = static_cast<std::uint8_t>(round);
    const auto opened = ends.client.open(ends.hub.seal(Lane::bulk, message));
    ASSERT_TRUE(opened.has_value()) << "round " << round;
    ASSERT_TRUE(std::equal(message.begin(), message.end(), opened->message().begin(), opened->message().end()));
  }
}

}  // namespace
}  // namespace theta::transport
