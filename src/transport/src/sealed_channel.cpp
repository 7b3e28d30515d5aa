#include "theta/transport/sealed_channel.h"

#include <string>

#include "theta/base/check.h"
#include "theta/crypto/hash.h"

namespace theta::transport {

namespace {

constexpr std::string_view kSignatureDomain = "theta/ws/v1";
constexpr std::string_view kBindingDomain = "theta/ws/binding/v1";
constexpr std::string_view kHeaderDomain = "theta/ws/header/v1";

Bytes both_keys(const crypto::ExchangeKey& client, const crypto::ExchangeKey& hub) {
  Bytes both(client.bytes.begin(), client.bytes.end());
  both.insert(both.end(), hub.bytes.begin(), hub.bytes.end());
  return both;
}

ChannelBinding binding_of(const crypto::ExchangeKey& client, const crypto::ExchangeKey& hub) {
  return ChannelBinding::from(crypto::hash256(kBindingDomain, both_keys(client, hub)).view());
}

/// A header is public and must differ only where the key is the same; each end's seed gives it one that is.
crypto::StreamHeader header_of(const crypto::Seed& seed) {
  const auto hash = crypto::hash256(kHeaderDomain, seed.bytes);
  return crypto::StreamHeader::from(hash.view().first(crypto::StreamHeader::kSize));
}

tl::unexpected<Failure<SealError>> wrong_length(const char* what, std::size_t expected, std::size_t came) {
  return fail(SealError::malformed, std::string(what) + " has " + std::to_string(expected) + " bytes, but " +
                                        std::to_string(came) + " came; this is not Theta's protocol version 1");
}

}  // namespace

Bytes SealedChannel::seal(Lane lane, ByteView message) {
  THETA_CHECK(message.size() <= message_bytes_max(lane));
  Bytes plain;
  plain.reserve(1 + message.size());
  plain.push_back(static_cast<std::uint8_t>(lane));
  plain.insert(plain.end(), message.begin(), message.end());
  return sending_.seal(plain);
}

SealResult<OpenedMessage> SealedChannel::open(ByteView sealed) {
  if (sealed.size() > kSealedBytesMax)
    return fail(SealError::malformed, "a sealed message has " + std::to_string(sealed.size()) + " bytes; at most " +
                                          std::to_string(kSealedBytesMax) + " are allowed");
  auto plain = receiving_.open(sealed);
  if (!plain)
    return fail(SealError::malformed,
                "a sealed message does not open: it was changed, repeated, lost or moved on the way; connect again");
  if (plain->empty() || plain->front() >= kLaneCount)
    return fail(SealError::malformed, "a sealed message names none of the lanes 0 to 3");
  OpenedMessage opened{static_cast<Lane>(plain->front()), std::move(*plain)};
  const auto size = opened.message().size();
  if (size > message_bytes_max(opened.lane))
    return fail(SealError::malformed, "a message of " + std::to_string(size) + " bytes came on a lane that carries " +
                                          std::to_string(message_bytes_max(opened.lane)));
  return opened;
}

SealedClient::SealedClient(const crypto::Seed& seed, const HubKey& hub)
    : ephemeral_(crypto::ExchangeKeyPair::from_seed(seed)), header_(header_of(seed)), hub_(hub) {}

Bytes SealedClient::hello() const {
  const auto& key = ephemeral_.public_key();
  return {key.bytes.begin(), key.bytes.end()};
}

SealResult<SealedClient::Established> SealedClient::establish(ByteView answer) const {
  if (answer.size() != kSealedAnswerBytes) return wrong_length("the hub's answer", kSealedAnswerBytes, answer.size());
  const auto hub_key = crypto::ExchangeKey::from(answer.first(crypto::ExchangeKey::kSize));
  const auto signature = Signature::from(answer.subspan(crypto::ExchangeKey::kSize, Signature::kSize));
  const auto header = crypto::StreamHeader::from(answer.last(crypto::StreamHeader::kSize));
  if (!crypto::verify(kSignatureDomain, both_keys(ephemeral_.public_key(), hub_key), signature, hub_.view()))
    return fail(SealError::wrong_hub,
                "the server could not prove that it has the hub's key that the link names; somebody may stand between, "
                "or the link is of another hub: ask for a new link");
  const auto keys = ephemeral_.exchange_as_client(hub_key);
  if (!keys) return fail(SealError::malformed, "the hub sent a key of small order, which keeps no secret");
  return Established{
      SealedChannel(crypto::SecretStream(keys->send, header_), crypto::SecretStream(keys->receive, header),
                    binding_of(ephemeral_.public_key(), hub_key)),
      Bytes(header_.bytes.begin(), header_.bytes.end())};
}

SealResult<SealedHub> SealedHub::accept(const crypto::KeyPair& hub, const crypto::Seed& seed, ByteView hello) {
  if (hello.size() != kSealedHelloBytes) return wrong_length("the client's hello", kSealedHelloBytes, hello.size());
  const auto client_key = crypto::ExchangeKey::from(hello);
  const auto ephemeral = crypto::ExchangeKeyPair::from_seed(seed);
  const auto keys = ephemeral.exchange_as_server(client_key);
  if (!keys) return fail(SealError::malformed, "the client sent a key of small order, which keeps no secret");
  SealedHub result;
  result.keys_ = *keys;
  result.header_ = header_of(seed);
  result.binding_ = binding_of(client_key, ephemeral.public_key());
  const auto signature = hub.sign(kSignatureDomain, both_keys(client_key, ephemeral.public_key()));
  for (const auto part : {ephemeral.public_key().view(), signature.view(), result.header_.view()})
    result.answer_.insert(result.answer_.end(), part.begin(), part.end());
  return result;
}

SealResult<SealedChannel> SealedHub::establish(ByteView finish) const {
  if (finish.size() != kSealedFinishBytes)
    return wrong_length("the client's finish", kSealedFinishBytes, finish.size());
  return SealedChannel(crypto::SecretStream(keys_.send, header_),
                       crypto::SecretStream(keys_.receive, crypto::StreamHeader::from(finish)), binding_);
}

}  // namespace theta::transport
