#include <vector>

#include "fuzz_input.h"
#include "quic_lanes.h"

namespace {

using theta::Bytes;
using theta::ByteView;
using theta::transport::Lane;
using theta::transport::LaneReceiver;

struct Cut {
  std::vector<Bytes> messages;
  LaneReceiver::Status end = LaneReceiver::Status::need_more;
  bool operator==(const Cut&) const = default;
};

/// The messages of a stream that arrives in pieces of this size.
Cut cut(ByteView stream, std::size_t piece_bytes, Lane lane, bool expects_preface) {
  LaneReceiver receiver(lane, expects_preface);
  Cut result;
  while (!stream.empty()) {
    auto piece = stream.first(std::min(piece_bytes, stream.size()));
    stream = stream.subspan(piece.size());
    for (;;) {
      ByteView message;
      const auto status = receiver.next(piece, message);
      // What is held grows with what arrived, never with what was announced.
      THETA_CHECK(receiver.held_bytes() <= 2 * (theta::transport::message_bytes_max(lane)));
      if (status == LaneReceiver::Status::need_more) break;
      if (status != LaneReceiver::Status::message) {
        result.end = status;
        return result;
      }
      result.messages.emplace_back(message.begin(), message.end());
    }
  }
  return result;
}

}  // namespace

// However a stream falls into pieces, the same messages come out and it ends the same way.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto lane = static_cast<Lane>(data[0] % 3);
  const bool expects_preface = (data[0] & 0x80) != 0;
  const ByteView stream(data + 2, size - 2);
  const auto whole = cut(stream, stream.size() + 1, lane, expects_preface);
  THETA_CHECK(cut(stream, std::size_t{1} + data[1], lane, expects_preface) == whole);
  return 0;
}
