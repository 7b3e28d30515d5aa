#pragma once

#include <optional>

#include "hub_context.h"
#include "theta/replica/replica.h"
#include "theta/wire/commands_lane.h"

namespace theta::hub {

// Whether this hub takes a packet at this moment. Another hub, or this one a second later, may decide differently, so
// none of it is part of a packet's validity.

/// A packet before it was opened: what its sender claims.
struct PacketClaim {
  AuthorKey author;
  Nonce nonce;
  std::uint16_t command_count = 0;
  std::size_t size_bytes = 0;
};

/// What can be read of a packet in compact form without opening it.
[[nodiscard]] PacketClaim read_claim(const AuthorKey& author, ByteView compact);

/// The guards that cost next to nothing: rate, size, command count. The author is charged in every case, so a flood of
/// refused packets is refused by its rate.
[[nodiscard]] std::optional<wire::Refusal> check_guards(HubContext& context, const PacketClaim& claim);

/// Clock skew and quotas, then validity (the signature is verified here).
[[nodiscard]] tl::expected<replica::ValidPacket, wire::Refusal> admit_packet(HubContext& context,
                                                                             const replica::Replica& replica,
                                                                             std::uint64_t log_bytes,
                                                                             log::CommandPacket packet);

/// Who is over its rate, what it may, and how long it has to wait.
struct OverRate {
  const char* who;    // "This author may send"
  const char* unit;   // "commands"
  const char* again;  // "Send this packet again"
  log::RateLimit limit;
  std::chrono::nanoseconds wait;
};
[[nodiscard]] wire::Refusal over_rate(Nonce nonce, const OverRate& over);
[[nodiscard]] wire::Refusal make_refusal(Nonce nonce, log::RefusalCode code, std::string text,
                                         std::uint32_t retry_after_ms = 0);

}  // namespace theta::hub
