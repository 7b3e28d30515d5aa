#include "room_fixture.h"

namespace theta::replica::testing {
namespace {

using log::RefusalCode;
using log::Role;

TEST(Roles, OpenerIsAdminInSlotZeroAndTheRoomIdIsItsHeaderHash) {
  TestRoom room;
  const auto* member = room.hub.members().find(room.opener.id());
  ASSERT_NE(member, nullptr);
  EXPECT_EQ(member->role, Role::admin);
  EXPECT_EQ(member->slot, AuthorSlot{0});
  EXPECT_EQ(room.hub.room(), RoomId::from(member->head.view()));
}

TEST(Roles, ViewerCannotEdit) {
  TestRoom room;
  TestAuthor viewer(2);
  EXPECT_EQ(room.join(viewer, Role::viewer), kNoSlot);
  TestAuthor opener(1);
  const auto thing = room.create(opener);
  EXPECT_EQ(room.refusal(viewer, TestRoom::move_to(thing, 1)), RefusalCode::role_too_low);
}

TEST(Roles, EditorCannotGrant) {
  TestRoom room;
  TestAuthor editor(2);
  room.join(editor);
  fb::GrantRoleT grant;
  grant.author = std::make_unique<fb::Bytes32>(wire::to_fb32(editor.id()));
  grant.role = Role::admin;
  EXPECT_EQ(room.refusal(editor, command(std::move(grant))), RefusalCode::role_too_low);
}

TEST(Roles, StrangerIsNoMember) {
  TestRoom room;
  TestAuthor stranger(9);
  EXPECT_EQ(room.refusal(stranger, TestRoom::rename(make_object_id(AuthorSlot{0}, 1), "x")), RefusalCode::not_member);
}

TEST(Roles, RevokedEditorIsRefusedAndRegrantedOneContinuesItsChain) {
  TestRoom room;
  TestAuthor editor(2);
  room.join(editor);
  const auto thing = room.create(editor);
  fb::RevokeRoleT revoke;
  revoke.author = std::make_unique<fb::Bytes32>(wire::to_fb32(editor.id()));
  EXPECT_EQ(room.send(room.opener, command(std::move(revoke))).status, OutcomeStatus::applied);
  EXPECT_EQ(room.refusal(editor, TestRoom::move_to(thing, 1)), RefusalCode::role_too_low);
  fb::GrantRoleT grant;
  grant.author = std::make_unique<fb::Bytes32>(wire::to_fb32(editor.id()));
  grant.role = Role::editor;
  EXPECT_EQ(room.send(room.opener, command(std::move(grant))).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(editor, TestRoom::move_to(thing, 1)).status, OutcomeStatus::applied);
}

TEST(Roles, LastAdminStays) {
  TestRoom room;
  fb::RevokeRoleT revoke;
  revoke.author = std::make_unique<fb::Bytes32>(wire::to_fb32(room.opener.id()));
  EXPECT_EQ(room.send(room.opener, command(std::move(revoke))).reason, RejectReason::last_admin);
}

TEST(Roles, GrantedStrangerWritesWithoutAnInvite) {
  TestRoom room;
  TestAuthor friend_of_opener(5);
  fb::GrantRoleT grant;
  grant.author = std::make_unique<fb::Bytes32>(wire::to_fb32(friend_of_opener.id()));
  grant.role = Role::editor;
  room.send(room.opener, command(std::move(grant)));
  const auto thing = room.create(friend_of_opener);
  EXPECT_TRUE(room.hub.scene().contains(thing));
}

// ---- Invites ------------------------------------------------------------------------------------------------------

TEST(Invites, UsesAreCounted) {
  TestRoom room;
  TestAuthor first(2);
  TestAuthor second(3);
  log::InviteTerms once;
  once.uses_max = 1;
  EXPECT_EQ(room.send(first, room.join_command(first, once)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.refusal(second, room.join_command(second, once)), RefusalCode::invite_exhausted);
}

TEST(Invites, ExpireAgainstHubTime) {
  TestRoom room;
  TestAuthor late(2);
  log::InviteTerms terms;
  terms.expires_at = from_unix_ms(room.now_ms - 1);
  EXPECT_EQ(room.refusal(late, room.join_command(late, terms)), RefusalCode::invite_expired);
}

TEST(Invites, SecretIsBoundToTheJoiner) {
  TestRoom room;
  TestAuthor invited(2);
  TestAuthor thief(3);
  // The thief saw the invited person's join in the log.
  EXPECT_EQ(room.refusal(thief, room.join_command(invited, {})), RefusalCode::invite_invalid);
}

TEST(Invites, TermsCannotBeRaised) {
  TestRoom room;
  TestAuthor greedy(2);
  auto join = room.join_command(greedy, {Role::viewer, {}, 0});
  join.AsJoinRoom()->invite->role = Role::admin;
  EXPECT_EQ(room.refusal(greedy, std::move(join)), RefusalCode::invite_invalid);
}

fb::CommandUnion revoke_invite(const InviteKey& invite) {
  fb::RevokeInviteT revoke;
  revoke.invite = std::make_unique<fb::Bytes32>(wire::to_fb32(invite));
  return command(std::move(revoke));
}

fb::CommandUnion revoke_role(const TestAuthor& author, bool and_invite) {
  fb::RevokeRoleT revoke;
  revoke.author = std::make_unique<fb::Bytes32>(wire::to_fb32(author.id()));
  revoke.revoke_invite = and_invite;
  return command(std::move(revoke));
}

TEST(Invites, RevokedOneLetsNobodyInAndWhoCameByItStays) {
  TestRoom room;
  TestAuthor early(2);
  TestAuthor late(3);
  room.join(early);
  const auto invite = room.hub.members().find(early.id())->invite;
  EXPECT_FALSE(invite.is_zero());
  EXPECT_EQ(room.send(room.opener, revoke_invite(invite)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.refusal(late, room.join_command(late, {})), RefusalCode::invite_revoked);
  room.create(early);
  EXPECT_EQ(room.send(room.opener, revoke_invite(invite)).status, OutcomeStatus::applied) << "again, for nothing";
  // Another invite of the same admin lets in.
  EXPECT_EQ(room.send(late, room.join_command(late, {}, 101)).status, OutcomeStatus::applied);
}

TEST(Invites, OneThatNobodyHasUsedCanBeRevoked) {
  TestRoom room;
  TestAuthor guest(2);
  const auto join = room.join_command(guest, {});
  const auto invite = wire::from_fb<InviteKey>(*join.AsJoinRoom()->invite->key);
  EXPECT_EQ(room.send(room.opener, revoke_invite(invite)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.refusal(guest, room.join_command(guest, {})), RefusalCode::invite_revoked);
}

TEST(Invites, OnlyAdminsRevokeThem) {
  TestRoom room;
  TestAuthor editor(2);
  room.join(editor);
  const auto invite = room.hub.members().find(editor.id())->invite;
  EXPECT_EQ(room.refusal(editor, revoke_invite(invite)), RefusalCode::role_too_low);
}

TEST(Invites, WhoIsPutOutWithTheInviteComesBackWithNoNewKey) {
  TestRoom room;
  TestAuthor thief(2);
  TestAuthor same_thief(3);
  TestAuthor again(4);
  room.join(thief);
  EXPECT_EQ(room.send(room.opener, revoke_role(thief, false)).status, OutcomeStatus::applied);
  room.join(same_thief);
  EXPECT_EQ(room.send(room.opener, revoke_role(same_thief, true)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.members().find(same_thief.id())->role, Role::none);
  EXPECT_EQ(room.refusal(again, room.join_command(again, {})), RefusalCode::invite_revoked);
}

TEST(Invites, RefusedRevocationOfARoleLeavesTheInviteOpen) {
  TestRoom room;
  TestAuthor second(2);
  TestAuthor guest(3);
  room.join(second, Role::admin);
  EXPECT_EQ(room.send(second, revoke_role(room.opener, false)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.send(second, revoke_role(second, true)).reason, RejectReason::last_admin);
  const auto invite = room.hub.members().find(second.id())->invite;
  EXPECT_EQ(room.hub.members().invite_uses(invite), 1U);
}

TEST(Invites, WhoOpenedTheRoomOrWasGrantedARoleCameByNone) {
  TestRoom room;
  TestAuthor granted(2);
  fb::GrantRoleT grant;
  grant.author = std::make_unique<fb::Bytes32>(wire::to_fb32(granted.id()));
  grant.role = Role::editor;
  room.send(room.opener, command(std::move(grant)));
  EXPECT_EQ(room.send(room.opener, revoke_role(granted, true)).status, OutcomeStatus::applied);
  EXPECT_TRUE(room.hub.members().invites().empty());
}

TEST(Invites, RevocationsAreInSnapshotsAndInTheStateHash) {
  TestRoom room;
  TestAuthor early(2);
  TestAuthor late(3);
  room.join(early);
  const auto invite = room.hub.members().find(early.id())->invite;
  const auto packet_of = [&] {
    std::vector<fb::CommandUnion> commands;
    commands.push_back(revoke_invite(invite));
    return room.sign(room.opener, pack(std::move(commands)), 1);
  };
  room.sequence(packet_of());
  auto loaded = Replica::load_snapshot(room.hub.save_snapshot(), true);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->state_hash(), room.hub.state_hash());
  EXPECT_EQ(loaded->members().find(early.id())->invite, invite);
  std::vector<fb::CommandUnion> join;
  join.push_back(room.join_command(late, {}));
  const auto refused = loaded->validate(room.sign(late, pack(std::move(join)), 1), from_unix_ms(room.now_ms));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, RefusalCode::invite_revoked);
}

// ---- Chains and ids -----------------------------------------------------------------------------------------------

TEST(Validity, ReplayedGappedForgedAndForeignPacketsAreRefused) {
  TestRoom room;
  TestAuthor anna(2);
  TestAuthor bert(3);
  room.join(anna);
  room.join(bert);
  const auto id = anna.mint(room.hub.members().find(anna.id())->slot);
  std::vector<fb::CommandUnion> commands;
  commands.push_back(TestRoom::create_command({{id, kNoObject}}));
  const auto good = room.sign(anna, pack(std::move(commands)), 1);
  const auto refused = [&](log::CommandPacket packet) {
    const auto valid = room.hub.validate(std::move(packet), from_unix_ms(room.now_ms));
    return valid ? RefusalCode::none : valid.error().code;
  };
  const auto resigned = [&](auto change) {
    auto header = good.header;
    change(header);
    return log::sign_packet(header, Bytes(good.payload.view().begin(), good.payload.view().end()), anna.key());
  };
  EXPECT_EQ(refused(good), RefusalCode::none);
  EXPECT_EQ(refused(resigned([](auto& header) { header.nonce = Nonce{header.nonce.value() + 1}; })), RefusalCode::gap);
  EXPECT_EQ(refused(resigned([](auto& header) { header.nonce = Nonce{1}; })), RefusalCode::replay);
  EXPECT_EQ(refused(resigned([](auto& header) { header.nonce = Nonce{0}; })), RefusalCode::replay);
  EXPECT_EQ(refused(resigned([](auto& header) { header.nonce = Nonce{~std::uint64_t{0}}; })), RefusalCode::gap);
  EXPECT_EQ(refused(resigned([](auto& header) { header.prev.bytes[0] ^= 1; })), RefusalCode::bad_chain);
  EXPECT_EQ(refused(resigned([](auto& header) { header.room.bytes[0] ^= 1; })), RefusalCode::bad_chain);
  EXPECT_EQ(refused(resigned([](auto& header) { header.base_seq = Seq{999}; })), RefusalCode::bad_reference);
  EXPECT_EQ(refused(resigned([](auto& header) { header.stamp = Stamp{1}; })), RefusalCode::bad_stamp);
  EXPECT_EQ(refused(resigned([](auto& header) { header.command_count = 2; })), RefusalCode::malformed);
  auto forged = good;
  forged.signature.bytes[5] ^= 1;
  EXPECT_EQ(refused(forged), RefusalCode::bad_signature);
  auto as_bert = good;
  as_bert.header.author = bert.id();
  as_bert.header.nonce = Nonce{room.nonce_of(bert) + 1};
  as_bert.header.prev = room.hub.members().find(bert.id())->head;
  EXPECT_EQ(refused(as_bert), RefusalCode::bad_signature);
  room.sequence(good);
  EXPECT_EQ(refused(good), RefusalCode::replay);
}

TEST(Validity, IdsOutsideTheAuthorsSlotOrUsedBeforeAreRefused) {
  TestRoom room;
  TestAuthor anna(2);
  const auto slot = room.join(anna);
  EXPECT_EQ(room.refusal(anna, TestRoom::create_command({{make_object_id(AuthorSlot{0}, 5), kNoObject}})),
            RefusalCode::bad_id);
  EXPECT_EQ(room.send(anna, TestRoom::create_command({{make_object_id(slot, 5), kNoObject}})).status,
            OutcomeStatus::applied);
  EXPECT_EQ(room.refusal(anna, TestRoom::create_command({{make_object_id(slot, 5), kNoObject}})), RefusalCode::bad_id);
  EXPECT_EQ(room.refusal(anna, TestRoom::create_command({{make_object_id(slot, 4), kNoObject}})), RefusalCode::bad_id);
  fb::DuplicateEntitiesT copy;
  copy.targets = {make_object_id(slot, 5).value()};
  copy.first_id = make_object_id(slot, kObjectCounterMax).value();
  copy.id_count = 2;
  EXPECT_EQ(room.refusal(anna, command(std::move(copy))), RefusalCode::bad_id);
}

}  // namespace
}  // namespace theta::replica::testing
