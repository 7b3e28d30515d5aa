#include <algorithm>
#include <map>
#include <tuple>

#include "checker.h"
#include "theta/crypto/keys.h"
#include "theta/log/record.h"

namespace theta::sim {
namespace {

namespace fb = wire::fb;
using fb::Role;

// The rules of docs/format.md and schema/commands.fbs, written again here, so that a mistake in the product's own
// shows.

Role role_needed(fb::Command command) {
  const bool governs = command == fb::Command::GrantRole || command == fb::Command::RevokeRole ||
                       command == fb::Command::RevokeInvite || command == fb::Command::SetPolicy;
  return governs ? Role::admin : Role::editor;
}

Role role_needed(const fb::CommandPayload& payload) {
  auto needed = Role::none;
  for (flatbuffers::uoffset_t at = 0; at < payload.commands()->size(); ++at)
    needed = std::max(needed, role_needed(payload.commands_type()->GetEnum<fb::Command>(at)));
  return needed;
}

template <class Integer>
void put(Bytes& bytes, Integer value) {
  for (std::size_t at = 0; at < sizeof value; ++at) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * at)));
}

void put(Bytes& bytes, ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

/// Who was what after each record of one room.
class RoleFold {
 public:
  [[nodiscard]] std::uint64_t head() const { return head_; }

  /// The next record; what its author had no right to, or empty.
  [[nodiscard]] std::string take(const log::Record& record) {
    const auto& author = record.packet.header.author;
    const wire::AlignedBytes aligned(record.packet.payload.view());
    const auto* payload = wire::verified_payload(aligned.view());
    if (payload == nullptr) return "its payload is no list of commands";
    const auto role_before = role(author, head_);
    const bool is_known = roles_.contains(author);
    head_ = record.seq.value();
    const auto first = payload->commands_type()->GetEnum<fb::Command>(0);
    if (first == fb::Command::OpenRoom) {
      room_ = RoomId::from(record.header_hash.view());
      set(author, Role::admin);
      return head_ == 1 ? "" : "it opens a room that is open";
    }
    if (first == fb::Command::JoinRoom) {
      if (is_known) return "it lets somebody in who is in";
      return take_join(record, *static_cast<const fb::JoinRoom*>(payload->commands()->Get(0)));
    }
    if (role_before < role_needed(*payload))
      return std::string("its author was ") + fb::EnumNameRole(role_before) + " and needed to be " +
             fb::EnumNameRole(role_needed(*payload));
    for (flatbuffers::uoffset_t at = 0; at < payload->commands()->size(); ++at)
      govern(payload->commands_type()->GetEnum<fb::Command>(at), payload->commands()->Get(at));
    return "";
  }

  void roll_back(std::uint64_t head) {
    const auto is_after = [head](const auto& change) { return change.first > head; };
    for (auto& [author, changes] : roles_) std::erase_if(changes, is_after);
    std::erase_if(roles_, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(came_by_, [head](const auto& entry) { return entry.second.second > head; });
    std::erase_if(revoked_, [head](const auto& entry) { return entry.second > head; });
    for (auto& [key, uses] : uses_) std::erase_if(uses, [head](std::uint64_t seq) { return seq > head; });
    head_ = std::min(head_, head);
  }

  [[nodiscard]] Role role(const AuthorKey& author, std::uint64_t at) const {
    auto result = Role::none;
    const auto found = roles_.find(author);
    if (found == roles_.end()) return result;
    for (const auto& [seq, role] : found->second)
      if (seq <= at) result = role;
    return result;
  }
  /// The least that the author was at any of these records.
  [[nodiscard]] Role least_role(const AuthorKey& author, std::uint64_t from, std::uint64_t through) const {
    auto result = role(author, from);
    const auto found = roles_.find(author);
    if (found == roles_.end()) return result;
    for (const auto& [seq, role] : found->second)
      if (seq > from && seq <= through) result = std::min(result, role);
    return result;
  }
  [[nodiscard]] std::size_t author_count() const { return roles_.size(); }

 private:
  [[nodiscard]] std::string take_join(const log::Record& record, const fb::JoinRoom& join) {
    const auto& invite = *join.invite();
    const auto author = record.packet.header.author;
    const auto key = wire::from_fb<InviteKey>(*invite.key());
    const auto issuer = wire::from_fb<AuthorKey>(*invite.issuer());
    auto& uses = uses_[key];
    if (role(issuer, head_) != Role::admin) return "it uses the invite of somebody who was no admin";
    if (invite.expires_at_ms() != 0 && to_unix_ms(record.hub_time) > invite.expires_at_ms())
      return "it uses an invite that had expired";
    if (revoked_.contains(key)) return "it uses an invite that was revoked";
    if (invite.uses_max() != 0 && uses.size() >= invite.uses_max()) return "it uses an invite that was used up";
    Bytes terms;
    put(terms, room_.view());
    put(terms, key.view());
    put(terms, static_cast<std::uint8_t>(invite.role()));
    put(terms, invite.expires_at_ms());
    put(terms, invite.uses_max());
    if (!crypto::verify("theta/invite/v1", terms, wire::signature_from_fb(*invite.signature()), issuer.view()))
      return "it uses an invite that nobody signed";
    Bytes proof;
    put(proof, room_.view());
    put(proof, author.view());
    if (!crypto::verify("theta/join/v1", proof, wire::signature_from_fb(*join.proof()), key.view()))
      return "it uses an invite whose secret its author does not know";
    uses.push_back(head_);
    came_by_.insert_or_assign(author, std::make_pair(key, head_));
    set(author, invite.role());
    return "";
  }

  void govern(fb::Command type, const void* command) {
    if (type == fb::Command::GrantRole) {
      const auto* grant = static_cast<const fb::GrantRole*>(command);
      const auto whom = wire::from_fb<AuthorKey>(*grant->author());
      if (grant->role() == Role::admin || !is_last_admin(whom)) set(whom, grant->role());
    }
    if (type == fb::Command::RevokeRole) {
      const auto whom = wire::from_fb<AuthorKey>(*static_cast<const fb::RevokeRole*>(command)->author());
      const bool holds = roles_.contains(whom) && !is_last_admin(whom);
      if (holds) set(whom, Role::none);
      const auto invite = came_by_.find(whom);
      if (holds && static_cast<const fb::RevokeRole*>(command)->revoke_invite() && invite != came_by_.end())
        revoked_.try_emplace(invite->second.first, head_);
    }
    if (type == fb::Command::RevokeInvite)
      revoked_.try_emplace(wire::from_fb<InviteKey>(*static_cast<const fb::RevokeInvite*>(command)->invite()), head_);
  }

  [[nodiscard]] bool is_last_admin(const AuthorKey& author) const {
    if (role(author, head_) != Role::admin) return false;
    return std::count_if(roles_.begin(), roles_.end(),
                         [](const auto& entry) { return entry.second.back().second == Role::admin; }) == 1;
  }

  void set(const AuthorKey& author, Role role) { roles_[author].emplace_back(head_, role); }

  RoomId room_;
  std::uint64_t head_ = 0;
  std::map<AuthorKey, std::vector<std::pair<std::uint64_t, Role>>> roles_;
  std::map<InviteKey, std::vector<std::uint64_t>> uses_;
  std::map<AuthorKey, std::pair<InviteKey, std::uint64_t>> came_by_;
  std::map<InviteKey, std::uint64_t> revoked_;  // at which record
};

/// Roles live in the log and bind everybody, the hub too: it takes no packet of somebody who had no right to it at that
/// record, and refuses none for a role that its author had.
class RoleChecker final : public Checker {
 public:
  using Checker::Checker;
  [[nodiscard]] const char* name() const override { return "roles"; }

  void on_durable(const RoomId& room, const store::StoredRecord& stored) override { take(room, stored); }

  void on_disk_read(const DiskLog& log, const RoomModel* model) override {
    static_cast<void>(model);
    auto& fold = folds_[log.room];
    fold.roll_back(log.head.value());
    while (fold.head() < log.records.size() && take(log.room, log.records[fold.head()])) {
    }
  }

  void on_advanced(const PeerView& peer, const RoomModel& model) override {
    const auto& fold = folds_[peer.room];
    if (fold.head() != model.head().value()) return;
    const auto& members = model.replica().members().all();
    if (members.size() != fold.author_count()) violate("The room has other members than its log gives.");
    for (const auto& [author, member] : members)
      if (member.role != fold.role(author, fold.head()))
        return violate("Author " + short_name(author.view()) + " is " + fb::EnumNameRole(member.role) + " at record " +
                       std::to_string(fold.head()) + "; by the log it is " +
                       fb::EnumNameRole(fold.role(author, fold.head())) + ".");
    // What a peer predicts for itself may be more or less.
    const auto head = peer.session->confirmed_head().value();
    if (peer.session->is_idle() && head <= fold.head() && peer.session->role() != fold.role(peer.author, head))
      violate(peer.name + " takes itself for " + fb::EnumNameRole(peer.session->role()) + "; by the log it is " +
              fb::EnumNameRole(fold.role(peer.author, head)) + ".");
  }

  void on_submitted(const PeerView& peer, const Submission& submission) override {
    submitted_[{peer.index, submission.handle}] = folds_[peer.room].head();
  }

  void on_event(const PeerView& peer, const client::Event& event) override {
    const auto* settled = std::get_if<client::CommandSettled>(&event);
    if (settled == nullptr || !settled->refusal || settled->refusal->code != log::RefusalCode::role_too_low) return;
    const wire::AlignedBytes aligned(settled->command.payload());
    const auto* payload = wire::verified_payload(aligned.view());
    const auto submitted = submitted_.find({peer.index, settled->handle});
    if (payload == nullptr || submitted == submitted_.end()) return;
    // A packet is refused as one, with one sentence, for the command in it that needs the most.
    const auto at = folds_[peer.room].head();
    auto& refusal = refusals_[{peer.index, at, settled->refusal->text}];
    refusal.peer_name = peer.name;
    refusal.author = peer.author;
    refusal.room = peer.room;
    refusal.needed = std::max(refusal.needed, role_needed(*payload));
    refusal.submitted = std::min(refusal.submitted, submitted->second);
  }

  void on_end(const FinalView&) override {
    for (const auto& [key, refusal] : refusals_) {
      const auto& [index, at, text] = key;
      static_cast<void>(index);
      // What a refusal rests on is on disk before the author hears of it.
      const auto since = refusal.submitted;
      const auto least = folds_[refusal.room].least_role(refusal.author, since, at);
      if (least < refusal.needed) continue;
      return violate(refusal.peer_name + " was refused at record " + std::to_string(at) + " for its role (" + text +
                     "), but since record " + std::to_string(since) + " it was never less than " +
                     fb::EnumNameRole(least) + ".");
    }
  }

 private:
  struct Refusal {
    std::string peer_name;
    AuthorKey author;
    RoomId room;
    Role needed = Role::none;
    std::uint64_t submitted = ~std::uint64_t{0};  // the room's head then
  };

  bool take(const RoomId& room, const store::StoredRecord& stored) {
    const auto record = log::decode_record(stored.bytes.view());
    auto& fold = folds_[room];
    // What does not continue the log is another checker's business.
    if (!record || record->seq.value() != fold.head() + 1) return false;
    const auto wrong = fold.take(*record);
    if (!wrong.empty()) violate("The hub took record " + std::to_string(fold.head()) + ", but " + wrong + ".");
    return true;
  }

  std::map<RoomId, RoleFold> folds_;
  std::map<std::pair<std::size_t, client::CommandHandle>, std::uint64_t> submitted_;
  std::map<std::tuple<std::size_t, std::uint64_t, std::string>, Refusal> refusals_;
};

}  // namespace

std::unique_ptr<Checker> make_role_checker(RecordKeeper& keeper) { return std::make_unique<RoleChecker>(keeper); }

}  // namespace theta::sim
