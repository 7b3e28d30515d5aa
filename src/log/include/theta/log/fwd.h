#pragma once

namespace theta::log {

class AuthorDirectory;
class HybridClock;
class Members;
class PolicyTable;
class RateLimiter;
struct AuthorContext;
struct Checkpoint;
struct CommandLogConfig;
struct CommandPacket;
struct EquivocationProof;
struct Invite;
struct InviteTerms;
struct Member;
struct PacketHeader;
struct PolicyScope;
struct RateLimit;
struct Record;
struct Refused;
struct RoomLink;

}  // namespace theta::log
