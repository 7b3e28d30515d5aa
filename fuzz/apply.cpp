#include "fuzz_input.h"
#include "room.h"

// Any payload that passes the checks, sent by a member: predicted and taken back, then sequenced. Taking back is exact,
// and what was sequenced is what its snapshot says from its values alone.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace theta;
  const auto bytes = fuzz::copy_of(data, size);
  const auto* payload = wire::verified_payload(bytes);
  if (payload == nullptr || payload->commands()->size() > limits::kCommandsPerPacketMax) return 0;
  const auto count = static_cast<std::uint16_t>(payload->commands()->size());
  auto room = fuzz::room();
  const auto before = room.state_hash();
  auto packet = fuzz::next_packet(room, bytes, count);
  if (!log::check_payload(*payload, count)) {
    const auto& header = packet.header;
    static_cast<void>(room.predict({header.author, header.nonce, header.base_seq, header.stamp, bytes}));
    room.drop_predictions();
    THETA_CHECK(room.state_hash() == before);
  }
  auto valid = room.validate(std::move(packet), from_unix_ms(1'700'000'000'000));
  if (!valid) return 0;
  const auto applied = room.sequence(std::move(*valid));
  THETA_CHECK(applied.outcomes.size() == count);
  const auto loaded = replica::Replica::load_snapshot(room.save_snapshot(), true);
  THETA_CHECK(loaded.has_value() && loaded->state_hash() == room.state_hash());
  return 0;
}
