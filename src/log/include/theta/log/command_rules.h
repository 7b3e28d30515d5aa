#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "theta/base/limits.h"
#include "theta/wire/schema.h"

namespace theta::log {

using wire::fb::RefusalCode;

/// Why a packet, a record or a request was not taken: a code for programs and a sentence for people (what was
/// expected, what came, what to do).
struct Refused {
  RefusalCode code = RefusalCode::none;
  std::string text;
};

/// Targets, entities and ids that the commands of one packet name together: as many ids as fit its payload. FlatBuffers
/// lets commands share one list, so without this a short packet could name hundreds of thousands.
inline constexpr std::size_t kTargetsPerPacketMax = limits::kPayloadBytesMax / sizeof(std::uint64_t);
/// Bytes of names, tags and application values that the commands of one packet write together, counted once for each
/// entity that they are written to.
inline constexpr std::size_t kWrittenBytesPerPacketMax = 1024 * 1024;
static_assert(kTargetsPerPacketMax >= limits::kTargetsPerCommandMax);
static_assert(kWrittenBytesPerPacketMax >= limits::kPayloadBytesMax);

/// The one place for semantic checks that need no room: counts and sizes against limits.h, finite numbers, unit
/// quaternions (within 1e-3), positive counts, valid UTF-8 without control characters in names, known enum values,
/// no repeated targets, ids that are not zero, required parts, list lengths that agree, ids that ascend within the
/// packet where it creates, OpenRoom and JoinRoom alone in theirs. Structure is checked before
/// (`wire::verified_payload`). Takes time in proportion to the payload, and allocates only for commands of more than a
/// few targets and for refusals.
[[nodiscard]] std::optional<Refused> check_payload(const wire::fb::CommandPayload& payload,
                                                   std::uint16_t claimed_count);

/// Same for what presence carries.
[[nodiscard]] std::optional<Refused> check_presence(const wire::fb::Presence& presence);

/// The role an author must have for a command (JoinRoom and OpenRoom: none).
[[nodiscard]] wire::fb::Role required_role(wire::fb::Command command);
/// How a command meets concurrent ones unless an admin said otherwise.
[[nodiscard]] wire::fb::ConflictStrategy default_strategy(wire::fb::Command command);
/// For people: "set_transform".
[[nodiscard]] const char* command_name(wire::fb::Command command);
[[nodiscard]] const char* refusal_name(RefusalCode code);
/// True when the same bytes may be accepted later, so that the author keeps and resends them.
[[nodiscard]] bool is_retryable(RefusalCode code);

}  // namespace theta::log
