#pragma once

namespace theta::wire {

class AlignedBytes;
struct PeerVersion;
struct Submit;
struct Records;
struct Refusal;
struct DecodedLaneMessage;
enum class LaneError : unsigned char;
enum class CompressionError : unsigned char;

}  // namespace theta::wire
