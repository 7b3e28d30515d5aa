#include "admission.h"

#include <algorithm>

#include "theta/log/compact.h"
#include "theta/log/stamp.h"

namespace theta::hub {
namespace {

using log::RefusalCode;

std::optional<wire::Refusal> check_clock(const HubContext& context, const log::PacketHeader& header) {
  const auto stamp_ms = log::stamp_ms(header.stamp);
  const auto skew_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(context.config.log.clock_skew_max.count(), 0));
  const auto latest_ms = to_unix_ms(context.now.wall) + skew_ms;
  if (stamp_ms <= latest_ms) return std::nullopt;
  const auto ahead_ms = stamp_ms - to_unix_ms(context.now.wall);
  return make_refusal(
      header.nonce, RefusalCode::clock_skew,
      "The packet's stamp is " + std::to_string(ahead_ms) + " ms ahead of the hub's clock; at most " +
          std::to_string(skew_ms) + " ms are taken. Set this machine's clock.",
      log::retry_after_ms(std::chrono::milliseconds(std::min<std::uint64_t>(stamp_ms - latest_ms, 3'600'000))));
}

struct Quota {
  Limit limit;
  const char* what;
  std::uint64_t most;
  const char* remedy;
};

constexpr const char* kEntitiesRemedy = "Delete something, or ask the hub's operator for a larger quota.";
constexpr const char* kAuthorsRemedy = "Ask the hub's operator for a larger quota.";
constexpr const char* kLogRemedy =
    "Admins can still grant and revoke roles, revoke invites, set policies and delete entities, in a reserve. "
    "The hub's operator can raise guards.log_bytes_per_room_max, or have old packets archived "
    "(rooms.archive_after_records).";

wire::Refusal over_quota(HubContext& context, Nonce nonce, const Quota& quota, std::uint64_t needed) {
  context.metrics.count_over(quota.limit);
  return make_refusal(nonce, RefusalCode::quota,
                      std::string(quota.what) + " may be at most " + std::to_string(quota.most) +
                          "; this packet would make it " + std::to_string(needed) + ". " + quota.remedy);
}

/// The end of a room's log that only governing commands of admins may fill, so that whoever filled the rest can still
/// be put out. A grant or a revocation takes about 400 bytes.
constexpr std::uint64_t kAdminLogBytesMax = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t kAdminLogShare = 64;

bool is_governing(wire::fb::Command command) {
  return log::required_role(command) == log::Role::admin || command == wire::fb::Command::DeleteEntities;
}

bool is_governing(const log::CommandPacket& packet) {
  const auto* payload = wire::verified_payload(packet.payload.view());
  if (payload == nullptr) return false;
  for (flatbuffers::uoffset_t at = 0; at < payload->commands_type()->size(); ++at)
    if (!is_governing(payload->commands_type()->GetEnum<wire::fb::Command>(at))) return false;
  return true;
}

std::optional<wire::Refusal> check_log_bytes(HubContext& context, const replica::Replica& replica,
                                             std::uint64_t log_bytes, const log::CommandPacket& packet) {
  const auto most = context.config.log.log_bytes_per_room_max;
  const auto after = log_bytes + log::PacketHeader::kEncodedBytes + Signature::kSize + packet.payload.size();
  const auto reserve = std::min(most / kAdminLogShare, kAdminLogBytesMax);
  const Quota quota{Limit::log_bytes_per_room, "The room's log in bytes", most - reserve, kLogRemedy};
  if (after <= quota.most) return std::nullopt;
  const auto* member = replica.members().find(packet.header.author);
  const bool is_admin = member != nullptr && member->role == log::Role::admin;
  if (after <= most && is_admin && is_governing(packet)) return std::nullopt;
  return over_quota(context, packet.header.nonce, quota, after);
}

std::optional<wire::Refusal> check_entities(HubContext& context, const replica::Replica& replica,
                                            const replica::ValidPacket& valid) {
  const auto created = valid.created_entities();
  if (created == 0) return std::nullopt;
  const auto& config = context.config.log;
  const auto& header = valid.packet().header;
  const auto in_room = replica.scene().entity_count() + created;
  if (in_room > config.entities_per_room_max)
    return over_quota(context, header.nonce,
                      {Limit::entities_per_room, "The number of entities in this room", config.entities_per_room_max,
                       kEntitiesRemedy},
                      in_room);
  const auto* member = replica.members().find(header.author);
  const auto own = (member != nullptr ? replica.entities_of(member->slot) : 0) + created;
  if (own > config.entities_per_author_max)
    return over_quota(context, header.nonce,
                      {Limit::entities_per_author, "The number of entities made by one author",
                       config.entities_per_author_max, kEntitiesRemedy},
                      own);
  return std::nullopt;
}

}  // namespace

wire::Refusal make_refusal(Nonce nonce, RefusalCode code, std::string text, std::uint32_t retry_after_ms) {
  wire::Refusal refusal;
  refusal.nonce = nonce;
  refusal.code = code;
  refusal.retry_after_ms = retry_after_ms;
  refusal.text = std::move(text);
  return refusal;
}

wire::Refusal over_rate(Nonce nonce, const OverRate& over) {
  const auto wait_ms = log::retry_after_ms(over.wait);
  const auto number = [](double value) { return std::to_string(static_cast<std::uint64_t>(value)); };
  return make_refusal(nonce, RefusalCode::rate_limited,
                      std::string(over.who) + " " + number(over.limit.burst) + " " + over.unit + " at once and " +
                          number(over.limit.per_second) + " a second. " + over.again + " after " +
                          std::to_string(wait_ms) + " ms.",
                      wait_ms);
}

PacketClaim read_claim(const AuthorKey& author, ByteView compact) {
  return {author, log::peek_nonce(compact).value_or(Nonce{}), log::peek_command_count(compact).value_or(1),
          compact.size()};
}

std::optional<wire::Refusal> check_guards(HubContext& context, const PacketClaim& claim) {
  const auto& config = context.config.log;
  const auto commands_max = std::min(config.commands_per_packet_max, limits::kCommandsPerPacketMax);
  // A claim is not trusted, and one above the bound is refused anyway.
  const auto cost = std::clamp<std::size_t>(claim.command_count, 1, std::max<std::size_t>(commands_max, 1));
  const auto wait = context.charge(claim.author, AuthorLimiters::Bucket::commands, static_cast<double>(cost));
  if (wait > wait.zero()) {
    context.metrics.rate_limit_drops.add();
    return over_rate(claim.nonce,
                     {"This author may send", "commands", "Send this packet again", config.commands, wait});
  }
  const auto bytes_max = std::min(config.payload_bytes_max, limits::kPayloadBytesMax) +
                         (wire::kCompactPacketBytesMax - limits::kPayloadBytesMax);
  if (claim.size_bytes > bytes_max)
    return make_refusal(claim.nonce, RefusalCode::too_large,
                        "A packet may have " + std::to_string(bytes_max) + " bytes; this one has " +
                            std::to_string(claim.size_bytes) + ". Split it into smaller steps.");
  if (claim.command_count > commands_max)
    return make_refusal(claim.nonce, RefusalCode::too_many_commands,
                        "A packet may hold " + std::to_string(commands_max) + " commands; this one says " +
                            std::to_string(claim.command_count) + ". Split it into smaller steps.");
  return std::nullopt;
}

tl::expected<replica::ValidPacket, wire::Refusal> admit_packet(HubContext& context, const replica::Replica& replica,
                                                               std::uint64_t log_bytes, log::CommandPacket packet) {
  const auto& config = context.config.log;
  const auto header = packet.header;
  if (auto skewed = check_clock(context, header)) return tl::unexpected(std::move(*skewed));
  if (header.payload_size > config.payload_bytes_max)
    return tl::unexpected(make_refusal(header.nonce, RefusalCode::too_large,
                                       "A payload may have " + std::to_string(config.payload_bytes_max) +
                                           " bytes on this hub; this one has " + std::to_string(header.payload_size) +
                                           ". Split it into smaller steps."));
  if (auto over = check_log_bytes(context, replica, log_bytes, packet)) return tl::unexpected(std::move(*over));
  const bool is_new = replica.members().find(header.author) == nullptr;
  if (is_new && replica.members().size() >= config.authors_per_room_max)
    return tl::unexpected(over_quota(
        context, header.nonce,
        {Limit::authors_per_room, "The number of authors in this room", config.authors_per_room_max, kAuthorsRemedy},
        replica.members().size() + 1));
  auto valid = context.measure(context.metrics.signature_verify_latency,
                               [&] { return replica.validate(std::move(packet), context.now.wall); });
  if (!valid) return tl::unexpected(make_refusal(header.nonce, valid.error().code, std::move(valid.error().text)));
  if (auto over = check_entities(context, replica, *valid)) return tl::unexpected(std::move(*over));
  return std::move(*valid);
}

}  // namespace theta::hub
