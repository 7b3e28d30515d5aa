#pragma once

#include <optional>
#include <utility>

#include "theta/base/bytes.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "theta/base/result.h"
#include "theta/crypto/keys.h"
#include "theta/crypto/secret_stream.h"
#include "theta/transport/transport.h"

/// The four lanes over one ordered channel that nobody needs to trust (a WebSocket, with whatever proxy between): the
/// hub proves its key, and every message is sealed. Three messages set it up, each with a length of its own:
///
///     client -> hub   32    ephemeral X25519 key
///     hub -> client   120   ephemeral X25519 key | signature of both keys by the hub's key | stream header
///     client -> hub   24    stream header
///
/// From then on each message is one sealed `lane u8 | bytes`. Pure: random seeds come in as arguments.
namespace theta::transport {

inline constexpr std::size_t kSealedHelloBytes = crypto::ExchangeKey::kSize;
inline constexpr std::size_t kSealedAnswerBytes =
    crypto::ExchangeKey::kSize + Signature::kSize + crypto::StreamHeader::kSize;
inline constexpr std::size_t kSealedFinishBytes = crypto::StreamHeader::kSize;
/// By how much a sealed message is longer than what a lane carries.
inline constexpr std::size_t kSealedOverheadBytes = crypto::kStreamSealBytes + 1;
/// Whoever reads the channel refuses a longer message before it allocates anything.
inline constexpr std::size_t kSealedBytesMax = limits::kMessageBytesMax + kSealedOverheadBytes;

enum class SealError : std::uint8_t {
  malformed,  // not what stands in the protocol at this place; disconnect
  wrong_hub,  // signed by another key than the link names: disconnect and tell the person
};
template <class T>
using SealResult = Expected<T, SealError>;

/// A message as it came out of its seal.
struct OpenedMessage {
  Lane lane = Lane::control;
  Bytes bytes;  // the lane's number and the message

  [[nodiscard]] ByteView message() const { return ByteView(bytes).subspan(1); }
};

/// One end of an established channel. What one end seals the other must open in the same order, and all of it.
class SealedChannel {
 public:
  SealedChannel(crypto::SecretStream sending, crypto::SecretStream receiving, const ChannelBinding& binding)
      : sending_(std::move(sending)), receiving_(std::move(receiving)), binding_(binding) {}

  /// Precondition: at most `message_bytes_max(lane)`.
  [[nodiscard]] Bytes seal(Lane lane, ByteView message);
  /// After a failure no message opens any more.
  [[nodiscard]] SealResult<OpenedMessage> open(ByteView sealed);
  [[nodiscard]] const ChannelBinding& binding() const { return binding_; }

 private:
  crypto::SecretStream sending_;
  crypto::SecretStream receiving_;
  ChannelBinding binding_;
};

/// The client's side: `hello()` out, the hub's answer in, `finish` out.
class SealedClient {
 public:
  struct Established {
    SealedChannel channel;
    Bytes finish;  // to be sent before anything sealed
  };

  /// `seed` must be drawn anew for every channel. `hub` is the key that the link names.
  SealedClient(const crypto::Seed& seed, const HubKey& hub);
  [[nodiscard]] Bytes hello() const;
  [[nodiscard]] SealResult<Established> establish(ByteView answer) const;

 private:
  crypto::ExchangeKeyPair ephemeral_;
  crypto::StreamHeader header_;
  HubKey hub_;
};

/// The hub's side: a client's hello in, `answer()` out, the client's finish in.
class SealedHub {
 public:
  /// `seed` must be drawn anew for every channel.
  [[nodiscard]] static SealResult<SealedHub> accept(const crypto::KeyPair& hub, const crypto::Seed& seed,
                                                    ByteView hello);
  [[nodiscard]] const Bytes& answer() const { return answer_; }
  [[nodiscard]] SealResult<SealedChannel> establish(ByteView finish) const;

 private:
  SealedHub() = default;
  crypto::ExchangedKeys keys_;
  crypto::StreamHeader header_;
  ChannelBinding binding_;
  Bytes answer_;
};

}  // namespace theta::transport
