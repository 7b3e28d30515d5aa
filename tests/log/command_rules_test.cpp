#include "theta/log/command_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "log/samples.h"

// Every rule with what it takes and what it refuses. `good_*` gives a command that is taken; a test changes one thing.
namespace theta::log {
namespace {

namespace fb = wire::fb;
using samples::payload_of;
using ::testing::HasSubstr;
using Ids = std::vector<std::uint64_t>;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();
const std::string kControl = "a\tb";

std::optional<Refused> check(const fb::CommandPayloadT& payload, std::uint16_t count) {
  const Bytes bytes = samples::pack(payload);
  const auto* verified = wire::verified_payload(bytes);
  EXPECT_NE(verified, nullptr);
  return verified == nullptr ? Refused{RefusalCode::malformed, "structure"} : check_payload(*verified, count);
}

std::optional<Refused> check(const fb::CommandPayloadT& payload) {
  return check(payload, static_cast<std::uint16_t>(payload.commands.size()));
}

template <class... Commands>
void expect_taken(Commands... commands) {
  const auto refused = check(payload_of(std::move(commands)...));
  EXPECT_FALSE(refused.has_value()) << refused->text;
}

// The code is bad_value unless said otherwise.
template <class... Commands>
void expect_refused(const char* part_of_sentence, Commands... commands) {
  const auto refused = check(payload_of(std::move(commands)...));
  ASSERT_TRUE(refused.has_value()) << part_of_sentence;
  EXPECT_EQ(refused->code, RefusalCode::bad_value) << refused->text;
  EXPECT_THAT(refused->text, HasSubstr(part_of_sentence));
}

template <class... Commands>
void expect_refused_as(RefusalCode code, Commands... commands) {
  const auto refused = check(payload_of(std::move(commands)...));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, code) << refused->text;
}

template <class Command, class Change>
Command with(Command command, Change change) {
  change(command);
  return command;
}

fb::Bytes32 key(std::uint8_t number) { return wire::to_fb32(samples::key(number).public_key<AuthorKey>()); }
fb::Bytes32 asset(std::uint8_t value) { return wire::to_fb32(samples::filled<AssetId>(value)); }
std::unique_ptr<fb::Bytes32> pointer_to(const fb::Bytes32& bytes) { return std::make_unique<fb::Bytes32>(bytes); }

Ids ids(std::uint64_t count, std::uint64_t first = 1) {
  Ids result(count);
  for (std::uint64_t at = 0; at < count; ++at) result[at] = first + at;
  return result;
}

fb::Transform transform(float x = 0, fb::Quat rotation = fb::Quat(0, 0, 0, 1)) {
  return {fb::Vec3(x, 0, 0), rotation, fb::Vec3(1, 1, 1)};
}

// ---- Packets -------------------------------------------------------------------------------------------------------

TEST(CheckPayload, HeaderMustClaimTheRealCount) {
  const auto payload = payload_of(samples::set_transform({1}), samples::set_transform({2}));
  EXPECT_FALSE(check(payload, 2).has_value());
  EXPECT_EQ(check(payload, 1)->code, RefusalCode::malformed);
  EXPECT_EQ(check(payload, 3)->code, RefusalCode::malformed);
}

TEST(CheckPayload, EmptyPacketIsRefused) { EXPECT_EQ(check(fb::CommandPayloadT(), 0)->code, RefusalCode::malformed); }

TEST(CheckPayload, HundredCommandsAreTakenAndOneMoreIsTooMany) {
  fb::CommandPayloadT payload;
  const auto add = [&] {
    fb::CommandUnion slot;
    slot.Set(fb::DeactivateToolT());
    payload.commands.push_back(std::move(slot));
  };
  for (std::size_t count = 0; count < limits::kCommandsPerPacketMax; ++count) add();
  EXPECT_FALSE(check(payload).has_value());
  add();
  EXPECT_EQ(check(payload)->code, RefusalCode::too_many_commands);
}

TEST(CheckPayload, CommandsOfALaterVersionAreRefused) {
  Bytes bytes = samples::pack(payload_of(fb::DeactivateToolT()));
  auto* payload = flatbuffers::GetMutableRoot<fb::CommandPayload>(bytes.data());
  const auto* types = reinterpret_cast<const flatbuffers::Vector<std::uint8_t>*>(payload->commands_type());
  const auto at = static_cast<std::size_t>(types->Data() - bytes.data());
  for (const int type : {0, static_cast<int>(fb::Command::MAX) + 1, 255}) {
    bytes[at] = static_cast<std::uint8_t>(type);
    const auto* verified = wire::verified_payload(bytes);
    ASSERT_NE(verified, nullptr);
    const auto refused = check_payload(*verified, 1);
    ASSERT_TRUE(refused.has_value()) << type;
    EXPECT_EQ(refused->code, RefusalCode::malformed);
  }
}

TEST(CheckPayload, SentenceNamesTheCommandAndItsPlace) {
  auto bad = samples::set_transform({});
  const auto refused = check(payload_of(samples::set_transform({1}), std::move(bad)));
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->text, "Command 2 (set_transform): expected 1 to 4096 targets.");
}

TEST(CheckPayload, TargetsOfAllCommandsAreBoundedTogether) {
  // Commands that share one list of ids, as no honest writer makes them.
  const auto build = [](std::size_t command_count) {
    flatbuffers::FlatBufferBuilder builder;
    const auto targets = builder.CreateVector(ids(limits::kTargetsPerCommandMax));
    std::vector<flatbuffers::Offset<void>> commands;
    for (std::size_t count = 0; count < command_count; ++count)
      commands.push_back(fb::CreateSetVisibility(builder, targets, true).Union());
    const auto types = builder.CreateVector(std::vector(command_count, fb::Command::SetVisibility));
    const auto list = builder.CreateVector(commands);
    builder.Finish(fb::CreateCommandPayload(builder, types, list));
    return wire::samples::finished(builder);
  };
  const Bytes two = build(2);
  EXPECT_FALSE(check_payload(*wire::verified_payload(two), 2).has_value());
  const Bytes three = build(3);
  EXPECT_EQ(check_payload(*wire::verified_payload(three), 3)->code, RefusalCode::bad_value);
}

TEST(CheckPayload, BytesWrittenToAllTargetsAreBoundedTogether) {
  fb::SetAppComponentT command;
  command.component = 5;
  command.value.resize(limits::kAppComponentBytesMax);
  command.targets = ids(kWrittenBytesPerPacketMax / limits::kAppComponentBytesMax);
  expect_taken(command);
  command.targets = ids(command.targets.size() + 1);
  expect_refused("1 MiB", command);
}

// ---- Rooms and roles -----------------------------------------------------------------------------------------------

fb::OpenRoomT good_open() {
  fb::OpenRoomT command;
  command.name = "Studio";
  command.hub = pointer_to(key(9));
  return command;
}

TEST(CheckPayload, OpenRoomStandsAlone) {
  expect_taken(good_open());
  expect_refused_as(RefusalCode::malformed, good_open(), fb::DeactivateToolT());
  expect_refused_as(RefusalCode::malformed, fb::DeactivateToolT(), good_open());
}

TEST(CheckPayload, OpenRoomWantsANameAndAKey) {
  expect_taken(with(good_open(), [](auto& open) { open.name.assign(limits::kNameBytesMax, 'a'); }));
  expect_refused("name", with(good_open(), [](auto& open) { open.name.assign(limits::kNameBytesMax + 1, 'a'); }));
  expect_refused("name", with(good_open(), [](auto& open) { open.name = kControl; }));
  expect_refused("name", with(good_open(), [](auto& open) { open.name.clear(); }));
  const std::string longest(limits::kNameBytesMax, 'a');
  expect_taken(with(good_open(), [&](auto& open) { open.display_name = longest; }));
  expect_refused("name", with(good_open(), [&](auto& open) { open.display_name = longest + "a"; }));
  expect_refused("name", with(good_open(), [](auto& open) { open.display_name = kControl; }));
  expect_refused("key", with(good_open(), [](auto& open) { open.hub = pointer_to(fb::Bytes32()); }));
}

fb::JoinRoomT good_join() {
  fb::JoinRoomT command;
  command.display_name = "Ann";
  command.invite = std::make_unique<fb::InviteT>();
  command.invite->key = pointer_to(key(5));
  command.invite->role = fb::Role::editor;
  command.invite->issuer = pointer_to(key(1));
  command.invite->signature = std::make_unique<fb::Bytes64>();
  command.proof = std::make_unique<fb::Bytes64>();
  return command;
}

TEST(CheckPayload, JoinRoomStandsAlone) {
  expect_taken(good_join());
  expect_refused_as(RefusalCode::malformed, good_join(), fb::DeactivateToolT());
}

TEST(CheckPayload, JoinRoomWantsANameKeysAndARole) {
  expect_taken(with(good_join(), [](auto& join) { join.display_name.clear(); }));
  expect_refused("name", with(good_join(), [](auto& join) { join.display_name = kControl; }));
  expect_refused("invite as", with(good_join(), [](auto& join) { join.invite->role = fb::Role::none; }));
  expect_refused("invite as", with(good_join(), [](auto& join) { join.invite->role = static_cast<fb::Role>(4); }));
  expect_refused("expiry", with(good_join(), [](auto& join) { join.invite->expires_at_ms = UINT64_MAX; }));
  expect_refused("key", with(good_join(), [](auto& join) { join.invite->key = pointer_to(fb::Bytes32()); }));
  expect_refused("key", with(good_join(), [](auto& join) { join.invite->issuer = pointer_to(fb::Bytes32()); }));
}

TEST(CheckPayload, RolesAreGrantedToKeysAndRevokedFromThem) {
  const auto grant = [](fb::Role role, const fb::Bytes32& author) {
    fb::GrantRoleT command;
    command.role = role;
    command.author = pointer_to(author);
    return command;
  };
  expect_taken(grant(fb::Role::viewer, key(2)));
  expect_taken(grant(fb::Role::admin, key(2)));
  expect_refused("role", grant(fb::Role::none, key(2)));
  expect_refused("role", grant(static_cast<fb::Role>(9), key(2)));
  expect_refused("key", grant(fb::Role::viewer, fb::Bytes32()));
  fb::RevokeRoleT revoke;
  revoke.author = pointer_to(key(2));
  expect_taken(revoke);
  revoke.author = pointer_to(fb::Bytes32());
  expect_refused("key", revoke);
}

TEST(CheckPayload, InvitesAreRevokedByTheirKey) {
  fb::RevokeInviteT revoke;
  revoke.invite = pointer_to(key(2));
  expect_taken(revoke);
  revoke.invite = pointer_to(fb::Bytes32());
  expect_refused("key", revoke);
}

TEST(CheckPayload, PoliciesNameKnownComponentsAndStrategies) {
  fb::SetPolicyT good;
  good.entity = 5;
  good.component = fb::Component::application;
  good.strategy = fb::ConflictStrategy::reject;
  expect_taken(good);
  expect_taken(with(good, [](auto& policy) { policy.entity = 0; }));
  expect_refused("component", with(good, [](auto& policy) { policy.component = static_cast<fb::Component>(11); }));
  expect_refused("strategy", with(good, [](auto& policy) { policy.strategy = static_cast<fb::ConflictStrategy>(3); }));
  good.entity = std::uint64_t{7} << 48;
  expect_refused_as(RefusalCode::bad_id, good);
}

// ---- Entities ------------------------------------------------------------------------------------------------------

fb::EntityDescriptionT entity(std::uint64_t id = 10) {
  fb::EntityDescriptionT description;
  description.id = id;
  description.name = "Chair";
  return description;
}

fb::CreateEntitiesT create(std::vector<fb::EntityDescriptionT> entities) {
  fb::CreateEntitiesT command;
  for (auto& description : entities)
    command.entities.push_back(std::make_unique<fb::EntityDescriptionT>(std::move(description)));
  return command;
}

template <class Change>
fb::CreateEntitiesT create_with(Change change) {
  return create({with(entity(), change)});
}

TEST(CheckPayload, CreateWantsOneToAsManyAsFitThePayload) {
  std::vector<fb::EntityDescriptionT> many(2000);
  for (std::size_t at = 0; at < many.size(); ++at) many[at].id = at + 1;
  expect_taken(create(many));
  expect_refused("entities", create({}));
}

// More entities than the limit fit a payload only when the list names one of them often.
TEST(CheckPayload, CreateRefusesMoreThanTheLimit) {
  flatbuffers::FlatBufferBuilder builder;
  fb::EntityDescriptionBuilder entity_builder(builder);
  entity_builder.add_id(7);
  const std::vector many(limits::kTargetsPerCommandMax + 1, entity_builder.Finish());
  const auto command = fb::CreateCreateEntities(builder, builder.CreateVector(many));
  // A value that pays for the tables that the verifier is made to visit.
  fb::CreateSetAppComponent(builder, builder.CreateVector(ids(1)), 1, builder.CreateVector(Bytes(30'000)));
  const auto types = builder.CreateVector(std::vector{fb::Command::CreateEntities});
  const auto commands = builder.CreateVector(std::vector{command.Union()});
  builder.Finish(fb::CreateCommandPayload(builder, types, commands));
  const Bytes bytes = wire::samples::finished(builder);
  const auto* payload = wire::verified_payload(bytes);
  ASSERT_NE(payload, nullptr);
  const auto refused = check_payload(*payload, 1);
  ASSERT_TRUE(refused.has_value());
  EXPECT_THAT(refused->text, HasSubstr("1 to 4096 entities"));
}

TEST(CheckPayload, NewIdsAscendThroughThePacket) {
  expect_taken(create({entity(1), entity(2), entity(9)}), create({entity(10)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(2), entity(2)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(2), entity(1)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(2)}), create({entity(2)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(0)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(std::uint64_t{3} << 48)}));
  expect_refused_as(RefusalCode::bad_id, create({entity(UINT64_MAX)}));
}

TEST(CheckPayload, ParentIsAnotherEntityOrTheRoot) {
  expect_taken(create_with([](auto& made) { made.parent = 9; }));
  expect_refused_as(RefusalCode::bad_id, create_with([](auto& made) { made.parent = made.id; }));
  expect_refused_as(RefusalCode::bad_id, create_with([](auto& made) { made.parent = std::uint64_t{1} << 48; }));
}

TEST(CheckPayload, CreatedComponentsAreChecked) {
  expect_taken(create_with([](auto& made) {
    made.transform = std::make_unique<fb::Transform>(transform());
    made.mesh = pointer_to(asset(1));
    made.material = std::make_unique<fb::MaterialT>();
    made.tags = {"a", "b"};
    made.light = std::make_unique<fb::Light>();
  }));
  expect_refused("name", create_with([](auto& made) { made.name = kControl; }));
  expect_refused("finite",
                 create_with([](auto& made) { made.transform = std::make_unique<fb::Transform>(transform(kNan)); }));
  expect_refused("mesh", create_with([](auto& made) { made.mesh = pointer_to(asset(0)); }));
  expect_refused("metallic", create_with([](auto& made) {
                   made.material = std::make_unique<fb::MaterialT>();
                   made.material->metallic = 2;
                 }));
  expect_refused("light", create_with([](auto& made) {
                   made.light = std::make_unique<fb::Light>(fb::LightKind::point, fb::Vec3(1, 1, 1), -1, 0, 0, 0);
                 }));
  expect_refused("camera", create_with([](auto& made) {
                   made.camera = std::make_unique<fb::Camera>(fb::CameraKind::perspective, 1, 1, 0, 0, 0, 0);
                 }));
}

TEST(CheckPayload, TagsAreASetOfSmallTexts) {
  const auto tags = [](std::vector<std::string> names) {
    return create_with([&](auto& made) { made.tags = std::move(names); });
  };
  std::vector<std::string> many;
  for (std::size_t at = 0; at < limits::kTagsPerEntityMax; ++at) many.push_back("tag " + std::to_string(at));
  expect_taken(tags(many));
  many.emplace_back("one more");
  expect_refused("64 tags", tags(many));
  expect_taken(tags({std::string(limits::kTagBytesMax, 'a')}));
  expect_refused("tag of", tags({std::string(limits::kTagBytesMax + 1, 'a')}));
  expect_refused("tag of", tags({""}));
  expect_refused("tag of", tags({kControl}));
  expect_refused("twice", tags({"a", "b", "a"}));
}

TEST(CheckPayload, ApplicationComponentsAreFewAndDistinct) {
  const auto apps = [](std::size_t count, std::uint64_t first, std::size_t bytes) {
    return create_with([&](auto& made) {
      for (std::size_t at = 0; at < count; ++at) {
        auto app = std::make_unique<fb::AppComponentT>();
        app->component = first + at;
        app->value.resize(bytes);
        made.apps.push_back(std::move(app));
      }
    });
  };
  expect_taken(apps(limits::kAppComponentsPerEntityMax, 1, 4));
  expect_refused("32", apps(limits::kAppComponentsPerEntityMax + 1, 1, 4));
  expect_taken(apps(1, 1, limits::kAppComponentBytesMax));
  expect_refused("16384", apps(1, 1, limits::kAppComponentBytesMax + 1));
  expect_refused_as(RefusalCode::bad_id, apps(1, 0, 4));
  auto twice = apps(2, 1, 4);
  twice.entities[0]->apps[1]->component = 1;
  expect_refused("once", std::move(twice));
}

template <class Command>
Command targeting(Ids targets) {
  Command command;
  command.targets = std::move(targets);
  return command;
}

TEST(CheckPayload, TargetsAreOneToTheLimitWithoutRepeats) {
  using Delete = fb::DeleteEntitiesT;
  expect_taken(targeting<Delete>(ids(limits::kTargetsPerCommandMax)));
  expect_refused("targets", targeting<Delete>(ids(limits::kTargetsPerCommandMax + 1)));
  expect_refused("targets", targeting<Delete>({}));
  expect_taken(targeting<Delete>({3, 1, 2}));
  expect_refused("twice", targeting<Delete>({3, 1, 3}));
  Ids long_list = ids(100);
  std::swap(long_list[0], long_list[99]);
  expect_taken(targeting<Delete>(long_list));
  long_list[50] = long_list[2];
  expect_refused("twice", targeting<Delete>(long_list));
  expect_refused_as(RefusalCode::bad_id, targeting<Delete>({0}));
  expect_refused_as(RefusalCode::bad_id, targeting<Delete>({1, std::uint64_t{2} << 48}));
}

// Every command with targets goes through the same check; this sees that none was left out.
TEST(CheckPayload, EveryCommandChecksItsTargets) {
  const Ids repeated = {4, 4};
  expect_refused("twice", targeting<fb::DeleteEntitiesT>(repeated));
  expect_refused("twice", targeting<fb::DuplicateEntitiesT>(repeated));
  expect_refused("twice", targeting<fb::ReparentEntitiesT>(repeated));
  expect_refused("twice", targeting<fb::ReorderEntitiesT>(repeated));
  expect_refused("twice", targeting<fb::SetTransformT>(repeated));
  expect_refused("twice", with(targeting<fb::TranslateByT>(repeated),
                               [](auto& move) { move.offset = std::make_unique<fb::Vec3>(); }));
  expect_refused("twice", with(targeting<fb::RotateByT>(repeated),
                               [](auto& turn) { turn.rotation = std::make_unique<fb::Quat>(); }));
  expect_refused("twice", with(targeting<fb::ScaleByT>(repeated),
                               [](auto& scale) { scale.factor = std::make_unique<fb::Vec3>(); }));
  expect_refused("twice", targeting<fb::SetMeshT>(repeated));
  expect_refused("twice", targeting<fb::SetMaterialT>(repeated));
  expect_refused("twice", targeting<fb::SetLightT>(repeated));
  expect_refused("twice", targeting<fb::SetCameraT>(repeated));
  expect_refused("twice", targeting<fb::SetVisibilityT>(repeated));
  expect_refused("twice", with(targeting<fb::ChangeTagsT>(repeated), [](auto& change) { change.add = {"a"}; }));
  expect_refused("twice", targeting<fb::SetAppComponentT>(repeated));
}

TEST(CheckPayload, DuplicateWantsAnIdForEveryTarget) {
  fb::DuplicateEntitiesT good;
  good.targets = {1, 2};
  good.first_id = 100;
  good.id_count = 2;
  expect_taken(good);
  expect_taken(with(good, [](auto& copy) { copy.id_count = limits::kSubtreeEntitiesMax; }));
  expect_refused("id for every", with(good, [](auto& copy) { copy.id_count = 1; }));
  expect_refused("id for every", with(good, [](auto& copy) { copy.id_count = limits::kSubtreeEntitiesMax + 1; }));
  expect_refused_as(RefusalCode::bad_id, with(good, [](auto& copy) { copy.first_id = 0; }));
  expect_taken(with(good, [](auto& copy) { copy.first_id = kObjectCounterMax - 1; }));
  expect_refused_as(RefusalCode::bad_id, with(good, [](auto& copy) { copy.first_id = kObjectCounterMax; }));
  expect_refused_as(RefusalCode::bad_id, good, create({entity(101)}));
  expect_taken(good, create({entity(102)}));
}

TEST(CheckPayload, RenameWantsATargetAndAName) {
  fb::RenameEntityT good;
  good.target = 4;
  good.name = "Tisch gr\u00fcn";
  expect_taken(good);
  expect_taken(with(good, [](auto& rename) { rename.name.clear(); }));
  expect_refused("name", with(good, [](auto& rename) { rename.name = "\xff"; }));
  expect_refused_as(RefusalCode::bad_id, with(good, [](auto& rename) { rename.target = 0; }));
}

TEST(CheckPayload, ReparentWantsAForeignParentAndMatchingTransforms) {
  fb::ReparentEntitiesT good;
  good.targets = {4, 5};
  good.parent = 9;
  expect_taken(good);
  expect_taken(with(good, [](auto& move) { move.parent = 0; }));
  expect_taken(with(good, [](auto& move) { move.transforms.assign(2, transform()); }));
  expect_refused("transforms", with(good, [](auto& move) { move.transforms.assign(1, transform()); }));
  expect_refused("finite", with(good, [](auto& move) { move.transforms.assign(2, transform(kInfinity)); }));
  expect_refused("none of the targets", with(good, [](auto& move) { move.parent = 5; }));
  expect_refused_as(RefusalCode::bad_id, with(good, [](auto& move) { move.parent = std::uint64_t{1} << 48; }));
}

// ---- Components ----------------------------------------------------------------------------------------------------

TEST(CheckPayload, TransformsAreOneOrOneForEachTarget) {
  auto command = samples::set_transform({1, 2, 3});
  expect_taken(command);
  command.transforms.resize(3, transform());
  expect_taken(command);
  command.transforms.resize(2);
  expect_refused("one transform", command);
  command.transforms.clear();
  expect_refused("one transform", command);
}

TEST(CheckPayload, TransformsAreFiniteAndTheirRotationsUnit) {
  const auto set = [](fb::Transform value) {
    auto command = samples::set_transform({1});
    command.transforms = {value};
    return command;
  };
  expect_taken(set(transform(-1e30F)));
  expect_taken(set(transform(0, fb::Quat(0, 0, 0, 1.0009F))));
  expect_taken(set(transform(0, fb::Quat(0.5F, -0.5F, 0.5F, -0.5F))));
  expect_refused("unit", set(transform(0, fb::Quat(0, 0, 0, 1.0011F))));
  expect_refused("unit", set(transform(0, fb::Quat(0, 0, 0, 0.998F))));
  expect_refused("unit", set(transform(0, fb::Quat(0, 0, 0, 0))));
  expect_refused("unit", set(transform(0, fb::Quat(kNan, 0, 0, 1))));
  expect_refused("unit", set(transform(0, fb::Quat(kInfinity, 0, 0, 0))));
  expect_refused("finite", set(transform(kNan)));
  expect_refused("finite", set(fb::Transform(fb::Vec3(), fb::Quat(0, 0, 0, 1), fb::Vec3(1, kInfinity, 1))));
}

TEST(CheckPayload, DeltasAreFinite) {
  auto translate = targeting<fb::TranslateByT>({1});
  translate.offset = std::make_unique<fb::Vec3>(1.F, 2.F, 3.F);
  expect_taken(translate);
  translate.offset = std::make_unique<fb::Vec3>(1.F, kNan, 3.F);
  expect_refused("finite", translate);

  auto rotate = targeting<fb::RotateByT>({1});
  rotate.rotation = std::make_unique<fb::Quat>(0.F, 1.F, 0.F, 0.F);
  expect_taken(rotate);
  rotate.pivot = std::make_unique<fb::Vec3>(kInfinity, 0.F, 0.F);
  expect_refused("finite", rotate);
  rotate.pivot = std::make_unique<fb::Vec3>(4.F, 0.F, 0.F);
  expect_taken(rotate);
  rotate.rotation = std::make_unique<fb::Quat>(0.F, 2.F, 0.F, 0.F);
  expect_refused("unit", rotate);

  auto scale = targeting<fb::ScaleByT>({1});
  scale.factor = std::make_unique<fb::Vec3>(2.F, 2.F, -2.F);
  expect_taken(scale);
  scale.pivot = std::make_unique<fb::Vec3>(0.F, kNan, 0.F);
  expect_refused("finite", scale);
  scale.pivot.reset();
  scale.factor = std::make_unique<fb::Vec3>(kNan, 1.F, 1.F);
  expect_refused("finite", scale);
}

TEST(CheckPayload, MeshIsAnAssetOrLeftOut) {
  auto command = targeting<fb::SetMeshT>({1});
  expect_taken(command);
  command.mesh = pointer_to(asset(3));
  expect_taken(command);
  command.mesh = pointer_to(asset(0));
  expect_refused("not zero", command);
}

template <class Change>
fb::SetMaterialT material_with(Change change) {
  auto command = targeting<fb::SetMaterialT>({1});
  command.material = std::make_unique<fb::MaterialT>();
  change(*command.material);
  return command;
}

TEST(CheckPayload, MaterialsAreThoseOfGltf) {
  expect_taken(targeting<fb::SetMaterialT>({1}));
  expect_taken(material_with([](auto& material) {
    material.base_color = {0, 0.5F, 1, 1};
    material.emissive = std::make_unique<fb::Vec3>(5.F, 0.F, 0.F);
    material.alpha_mode = fb::AlphaMode::blend;
    material.normal_texture = pointer_to(asset(1));
  }));
  expect_refused("four", material_with([](auto& material) { material.base_color = {1, 1, 1}; }));
  expect_refused("0 to 1", material_with([](auto& material) { material.base_color = {1, 1, 1, 1.5F}; }));
  expect_refused("0 to 1", material_with([](auto& material) { material.base_color = {kNan, 1, 1, 1}; }));
  expect_refused("roughness", material_with([](auto& material) { material.roughness = -0.1F; }));
  expect_refused("metallic", material_with([](auto& material) { material.metallic = kNan; }));
  expect_refused("emissive",
                 material_with([](auto& material) { material.emissive = std::make_unique<fb::Vec3>(-1.F, 0.F, 0.F); }));
  expect_refused("alpha mode",
                 material_with([](auto& material) { material.alpha_mode = static_cast<fb::AlphaMode>(3); }));
  expect_refused("cutoff", material_with([](auto& material) { material.alpha_cutoff = kInfinity; }));
}

fb::SetLightT light(fb::LightKind kind, fb::Vec3 color, float intensity, float range, float inner, float outer) {
  auto command = targeting<fb::SetLightT>({1});
  command.light = std::make_unique<fb::Light>(kind, color, intensity, range, inner, outer);
  return command;
}

TEST(CheckPayload, LightsHaveSoundNumbers) {
  const fb::Vec3 white(1, 1, 1);
  using Kind = fb::LightKind;
  expect_taken(targeting<fb::SetLightT>({1}));
  expect_taken(light(Kind::spot, white, 100, 10, 0.1F, 1.5707964F));
  expect_taken(light(Kind::point, white, 0, 0, 2, 1));
  expect_refused("kind", light(static_cast<Kind>(3), white, 1, 0, 0, 0));
  expect_refused("color", light(Kind::point, fb::Vec3(-1, 0, 0), 1, 0, 0, 0));
  expect_refused("color", light(Kind::point, fb::Vec3(kNan, 0, 0), 1, 0, 0, 0));
  expect_refused("intensity", light(Kind::point, white, kInfinity, 0, 0, 0));
  expect_refused("range", light(Kind::point, white, 1, -1, 0, 0));
  expect_refused("finite", light(Kind::point, white, 1, 0, kNan, 0));
  expect_refused("in order", light(Kind::spot, white, 1, 0, 1, 0.5F));
  expect_refused("in order", light(Kind::spot, white, 1, 0, -0.1F, 0.5F));
  expect_refused("in order", light(Kind::spot, white, 1, 0, 0, 1.6F));
}

TEST(CheckPayload, CamerasAreThoseOfGltf) {
  using Kind = fb::CameraKind;
  const auto camera = [](fb::Camera value) {
    auto command = targeting<fb::SetCameraT>({1});
    command.camera = std::make_unique<fb::Camera>(value);
    return command;
  };
  expect_taken(targeting<fb::SetCameraT>({1}));
  expect_taken(camera(fb::Camera(Kind::perspective, 0.8F, 1.5F, 0, 0, 0.1F, 0)));
  expect_taken(camera(fb::Camera(Kind::orthographic, 0, 0, 2, 2, 0, 100)));
  expect_refused("kind", camera(fb::Camera(static_cast<Kind>(2), 1, 1, 1, 1, 1, 0)));
  expect_refused("finite", camera(fb::Camera(Kind::perspective, kNan, 1, 1, 1, 1, 0)));
  expect_refused("field of view", camera(fb::Camera(Kind::perspective, 0, 1, 1, 1, 1, 0)));
  expect_refused("field of view", camera(fb::Camera(Kind::perspective, 3.2F, 1, 1, 1, 1, 0)));
  expect_refused("near plane", camera(fb::Camera(Kind::perspective, 1, 1, 1, 1, 0, 0)));
  expect_refused("near plane", camera(fb::Camera(Kind::perspective, 1, 1, 1, 1, -1, 0)));
  expect_refused("far plane", camera(fb::Camera(Kind::perspective, 1, 1, 1, 1, 5, 4)));
  expect_refused("aspect", camera(fb::Camera(Kind::perspective, 1, -1, 1, 1, 1, 0)));
  expect_refused("magnifications", camera(fb::Camera(Kind::orthographic, 1, 1, 0, 1, 0, 10)));
}

TEST(CheckPayload, TagChangesAreDisjointAndNotEmpty) {
  const auto change = [](std::vector<std::string> add, std::vector<std::string> remove) {
    auto command = targeting<fb::ChangeTagsT>({1});
    command.add = std::move(add);
    command.remove = std::move(remove);
    return command;
  };
  expect_taken(change({"a"}, {"b"}));
  expect_taken(change({}, {"b"}));
  expect_refused("a tag to", change({}, {}));
  expect_refused("both", change({"a", "c"}, {"b", "c"}));
  expect_refused("tag of", change({""}, {}));
  expect_refused("tag of", change({}, {kControl}));
  expect_refused("twice", change({}, {"b", "b"}));
}

TEST(CheckPayload, ApplicationComponentHasAnIdAndABoundedValue) {
  auto command = targeting<fb::SetAppComponentT>({1});
  command.component = 77;
  expect_taken(command);
  command.value.resize(limits::kAppComponentBytesMax);
  expect_taken(command);
  command.value.push_back(0);
  expect_refused("16384", command);
  command.value.clear();
  command.component = 0;
  expect_refused_as(RefusalCode::bad_id, command);
}

// ---- Shown to others, undo -----------------------------------------------------------------------------------------

TEST(CheckPayload, SelectionsAreBoundedDisjointAndSaySomething) {
  const auto highlight = [](bool clear, Ids add, Ids remove) {
    fb::HighlightSelectionT command;
    command.clear = clear;
    command.add = std::move(add);
    command.remove = std::move(remove);
    return command;
  };
  expect_taken(highlight(true, {}, {}));
  expect_taken(highlight(false, {5, 1}, {2}));
  expect_taken(highlight(false, ids(limits::kSelectionMax), {}));
  expect_refused("1024", highlight(false, ids(limits::kSelectionMax + 1), {}));
  expect_refused("1024", highlight(false, {}, ids(limits::kSelectionMax + 1)));
  expect_refused("something", highlight(false, {}, {}));
  expect_refused("twice", highlight(false, {1, 1}, {}));
  expect_refused("twice", highlight(false, {}, {1, 1}));
  expect_refused("both", highlight(false, {5, 1}, {1}));
  expect_refused_as(RefusalCode::bad_id, highlight(false, {0}, {}));
}

TEST(CheckPayload, ToolsHaveShortNames) {
  const auto activate = [](std::string tool) {
    fb::ActivateToolT command;
    command.tool = std::move(tool);
    return command;
  };
  expect_taken(activate("bevel"));
  expect_taken(activate(std::string(limits::kToolNameBytesMax, 'a')));
  expect_refused("tool", activate(std::string(limits::kToolNameBytesMax + 1, 'a')));
  expect_refused("tool", activate(""));
  expect_refused("tool", activate(kControl));
  expect_taken(fb::DeactivateToolT());
}

template <class Command>
void check_spans() {
  const auto span = [](fb::CommandRef first, fb::CommandRef last) {
    Command command;
    command.first = std::make_unique<fb::CommandRef>(first);
    command.last = std::make_unique<fb::CommandRef>(last);
    return command;
  };
  expect_taken(span({1, 0}, {1, 0}));
  expect_taken(span({1, 99}, {2, 0}));
  expect_refused("span", span({0, 0}, {1, 0}));
  expect_refused("span", span({2, 0}, {1, 0}));
  expect_refused("span", span({1, 5}, {1, 4}));
  expect_refused("span", span({1, 100}, {2, 0}));
  expect_refused("span", span({1, 0}, {2, 100}));
}

TEST(CheckPayload, UndoSpansAreInOrder) { check_spans<fb::UndoT>(); }
TEST(CheckPayload, RedoSpansAreInOrder) { check_spans<fb::RedoT>(); }

// ---- Presence ------------------------------------------------------------------------------------------------------

std::optional<Refused> check(const fb::PresenceT& presence) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(fb::Presence::Pack(builder, &presence));
  const Bytes bytes = wire::samples::finished(builder);
  const auto* verified = wire::verified_presence(bytes);
  EXPECT_NE(verified, nullptr);
  return verified == nullptr ? Refused{RefusalCode::malformed, "structure"} : check_presence(*verified);
}

void expect_presence_refused(const fb::PresenceT& presence, const char* part_of_sentence) {
  const auto refused = check(presence);
  ASSERT_TRUE(refused.has_value()) << part_of_sentence;
  EXPECT_THAT(refused->text, HasSubstr(part_of_sentence));
}

TEST(CheckPresence, TheShapeOfAViewIsAFrustum) {
  fb::PresenceT presence;
  presence.view_shape = std::make_unique<fb::ViewShape>(0.8F, 1.5F);
  EXPECT_FALSE(check(presence));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float fov : {0.0F, -1.0F, 3.2F, nan}) {
    presence.view_shape = std::make_unique<fb::ViewShape>(fov, 1.5F);
    expect_presence_refused(presence, "field of view");
  }
  for (const float ratio : {0.0F, -1.0F, infinity, nan}) {
    presence.view_shape = std::make_unique<fb::ViewShape>(0.8F, ratio);
    expect_presence_refused(presence, "aspect ratio");
  }
}

TEST(CheckPresence, TakesWhatAPersonInVrSends) {
  fb::PresenceT presence;
  presence.view = std::make_unique<fb::Pose>(fb::Vec3(0, 1.7F, 0), fb::Quat(0, 0, 0, 1));
  presence.pointer_target = std::make_unique<fb::Vec3>(1.F, 2.F, 3.F);
  presence.hovered = 5;
  for (std::uint64_t id = 1; id <= 16; ++id) presence.dragging.emplace_back(id, transform());
  EXPECT_FALSE(check(presence).has_value());
  presence.dragging.resize(8);
  presence.app.resize(256);
  EXPECT_FALSE(check(presence).has_value());
  EXPECT_FALSE(check(fb::PresenceT()).has_value());
}

TEST(CheckPresence, RefusesWhatNobodyCanShow) {
  const auto with_change = [](auto change) {
    fb::PresenceT presence;
    change(presence);
    return presence;
  };
  const fb::Quat upright(0, 0, 0, 1);
  expect_presence_refused(
      with_change([&](auto& shown) { shown.view = std::make_unique<fb::Pose>(fb::Vec3(kNan, 0, 0), upright); }),
      "finite");
  expect_presence_refused(
      with_change([&](auto& shown) { shown.left_hand = std::make_unique<fb::Pose>(fb::Vec3(), fb::Quat(0, 0, 0, 2)); }),
      "unit");
  expect_presence_refused(
      with_change([&](auto& shown) { shown.right_hand = std::make_unique<fb::Pose>(fb::Vec3(), fb::Quat()); }), "unit");
  expect_presence_refused(
      with_change([](auto& shown) { shown.pointer_origin = std::make_unique<fb::Vec3>(kInfinity, 0.F, 0.F); }),
      "finite");
  expect_presence_refused(with_change([](auto& shown) { shown.hovered = std::uint64_t{1} << 48; }), "hovered");
  expect_presence_refused(with_change([](auto& shown) { shown.app.resize(257); }), "256");
  expect_presence_refused(with_change([](auto& shown) {
                            for (std::uint64_t id = 1; id <= 17; ++id) shown.dragging.emplace_back(id, transform());
                          }),
                          "16 dragged");
  expect_presence_refused(with_change([](auto& shown) { shown.dragging.assign(2, {1, transform()}); }), "once");
  expect_presence_refused(with_change([](auto& shown) { shown.dragging.assign(1, {0, transform()}); }), "ids");
  expect_presence_refused(with_change([](auto& shown) { shown.dragging.assign(1, {1, transform(kNan)}); }), "finite");
}

// ---- Tables --------------------------------------------------------------------------------------------------------

TEST(CommandTables, EveryCommandHasARoleAStrategyAndANameOfItsOwn) {
  std::set<std::string> names;
  for (int number = 1; number <= static_cast<int>(fb::Command::MAX); ++number) {
    const auto command = static_cast<fb::Command>(number);
    names.insert(command_name(command));
    EXPECT_STRNE(command_name(command), "unknown") << number;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(fb::Command::MAX));
  EXPECT_STREQ(command_name(fb::Command::NONE), "unknown");
  EXPECT_EQ(required_role(fb::Command::OpenRoom), fb::Role::none);
  EXPECT_EQ(required_role(fb::Command::SetPolicy), fb::Role::admin);
  EXPECT_EQ(required_role(fb::Command::SetTransform), fb::Role::editor);
  EXPECT_EQ(default_strategy(fb::Command::TranslateBy), fb::ConflictStrategy::merge);
  EXPECT_EQ(default_strategy(fb::Command::SetTransform), fb::ConflictStrategy::last_write_wins);
}

TEST(RefusalCodes, RetryableOnesAreThoseBelowSixteen) {
  for (const auto code : fb::EnumValuesRefusalCode()) {
    const auto number = static_cast<int>(code);
    EXPECT_EQ(is_retryable(code), number > 0 && number < 16) << refusal_name(code);
    EXPECT_STRNE(refusal_name(code), "unknown");
  }
  EXPECT_STREQ(refusal_name(static_cast<RefusalCode>(15)), "unknown");
}

}  // namespace
}  // namespace theta::log
