#pragma once

#include <string_view>

/// The names under which Theta's measurements are known, in every exporter and on every page. They never change.
namespace theta::telemetry::names {

inline constexpr std::string_view kTotalAppended = "total_appended";
inline constexpr std::string_view kAppendRatePerSec = "append_rate_per_sec";
inline constexpr std::string_view kConflictRejections = "conflict_rejections";
inline constexpr std::string_view kQueueDepth = "queue_depth";
inline constexpr std::string_view kSignatureVerifyLatency = "signature_verify_latency";
inline constexpr std::string_view kSignatureRejections = "signature_rejections";
inline constexpr std::string_view kReplayRejections = "replay_rejections";
inline constexpr std::string_view kRateLimitDrops = "rate_limit_drops";
inline constexpr std::string_view kPayloadGuardDrops = "payload_guard_drops";
inline constexpr std::string_view kCompressionRatio = "compression_ratio";
inline constexpr std::string_view kCompressLatency = "compress_latency";
inline constexpr std::string_view kDecompressLatency = "decompress_latency";
inline constexpr std::string_view kRtt = "rtt";
inline constexpr std::string_view kJitter = "jitter";
inline constexpr std::string_view kTransportKind = "transport_kind";
inline constexpr std::string_view kPacketsSent = "packets_sent";
inline constexpr std::string_view kPacketsReceived = "packets_received";
inline constexpr std::string_view kCommandLatency = "command_latency";

}  // namespace theta::telemetry::names
