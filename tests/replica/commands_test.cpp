// What each command does, by value: replicas that agree with each other could still all be wrong.
#include <gmock/gmock.h>

#include "room_fixture.h"
#include "theta/base/byte_codec.h"
#include "theta/base/limits.h"
#include "theta/crypto/hash.h"

namespace theta::replica::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// A third of a turn about (1, 1, 1): x goes to y, y to z, z to x, and every product is exact in f32.
const scene::Quat kThird{0.5F, 0.5F, 0.5F, 0.5F};
const scene::Quat kHalfAboutX{1, 0, 0, 0};

template <class Table>
Table on(std::vector<ObjectId> targets) {
  Table table;
  for (const auto target : targets) table.targets.push_back(target.value());
  return table;
}

std::unique_ptr<fb::Vec3> vec3(float x, float y, float z) { return std::make_unique<fb::Vec3>(x, y, z); }
std::unique_ptr<fb::Bytes32> asset(std::uint8_t fill) {
  AssetId id;
  id.bytes.fill(fill);
  return std::make_unique<fb::Bytes32>(wire::to_fb32(id));
}

class Commands : public ::testing::Test {
 protected:
  Commands() : bob(2) { room.join(bob); }

  template <class Table>
  Outcome send(Table table) {
    return room.send(room.opener, command(std::move(table)));
  }
  /// Changed nothing but the author's chain, and says why.
  void expect_rejected(const Outcome& outcome, RejectReason reason, const crypto::SetHash& before) {
    EXPECT_EQ(outcome.status, OutcomeStatus::rejected);
    EXPECT_EQ(outcome.reason, reason) << reason_name(outcome.reason);
    EXPECT_TRUE(room.hub.scene().hash() == before);
  }
  ObjectId create_at(const scene::Transform& transform, ObjectId parent = kNoObject) {
    const auto id = room.create(room.opener, parent);
    auto set = on<fb::SetTransformT>({id});
    set.transforms = {to_fb(transform)};
    EXPECT_EQ(send(set).status, OutcomeStatus::applied);
    return id;
  }
  void set_reject() {
    EXPECT_EQ(room.send(room.opener, TestRoom::policy(fb::ConflictStrategy::reject)).status, OutcomeStatus::applied);
  }
  /// What the opener sends without having seen the latest record.
  Outcome send_stale(fb::CommandUnion one) {
    Writing writing;
    writing.base_seq = Seq{room.hub.head().value() - 1};
    return room.send(room.opener, std::move(one), writing);
  }
  void expect_stale_is_refused(fb::CommandUnion one) {
    const auto before = scene().hash();
    const auto outcome = send_stale(std::move(one));
    expect_rejected(outcome, RejectReason::changed_by_other, before);
    ASSERT_TRUE(outcome.blocker);
    EXPECT_EQ(outcome.blocker->author, AuthorSlot{1});
    EXPECT_EQ(outcome.blocker->seq.value(), room.hub.head().value() - 1);
  }
  [[nodiscard]] const scene::Scene& scene() const { return room.hub.scene(); }
  [[nodiscard]] const scene::Transform& transform(ObjectId entity) const { return *scene().transform(entity); }
  [[nodiscard]] std::vector<ObjectId> children(ObjectId parent) const { return scene().children(parent); }
  [[nodiscard]] const log::Member& opener() const { return *room.hub.members().find(room.opener.id()); }

  TestRoom room;
  TestAuthor bob;
};

// ---- Entities -----------------------------------------------------------------------------------------------------

TEST_F(Commands, CreateWritesWhatIsDescribedAndNothingElse) {
  fb::CreateEntitiesT create;
  create.entities.push_back(std::make_unique<fb::EntityDescriptionT>());
  auto& entity = *create.entities[0];
  const auto id = room.opener.mint(AuthorSlot{0});
  entity.id = id.value();
  entity.name = "lamp";
  entity.hidden = true;
  entity.mesh = asset(4);
  entity.tags = {"b", "a"};
  entity.apps.push_back(std::make_unique<fb::AppComponentT>());
  entity.apps[0]->component = 7;
  entity.apps[0]->value = {1, 2};
  EXPECT_EQ(send(std::move(create)).applied_targets, 1U);
  EXPECT_EQ(*scene().name(id), "lamp");
  EXPECT_FALSE(scene().visible(id));
  EXPECT_EQ(scene().mesh(id)->bytes[0], 4);
  EXPECT_THAT(*scene().tags(id), ElementsAre("a", "b"));
  EXPECT_EQ(*scene().application(id, 7), (Bytes{1, 2}));
  EXPECT_EQ(scene().transform(id), nullptr);
  EXPECT_EQ(scene().light(id), nullptr);
}

TEST_F(Commands, DuplicateCopiesTheSubtreeAsLastSiblingOfItsOriginal) {
  const auto parent = room.create(room.opener);
  const auto original = room.create(room.opener, parent, "original");
  const auto sibling = room.create(room.opener, parent, "sibling");
  const auto left = room.create(room.opener, original, "left");
  const auto right = room.create(room.opener, original, "right");
  const auto below_left = room.create(room.opener, left, "below");
  room.send(room.opener, TestRoom::move_to(below_left, 5));
  room.send(room.opener, TestRoom::tags(original, {"t"}));
  auto removed = on<fb::SetMeshT>({original});
  send(removed);

  auto copy = on<fb::DuplicateEntitiesT>({original});
  const auto first = room.opener.mint(AuthorSlot{0});
  for (int more = 0; more < 4; ++more) static_cast<void>(room.opener.mint(AuthorSlot{0}));
  copy.first_id = first.value();
  copy.id_count = 5;
  EXPECT_EQ(send(copy).applied_targets, 1U);
  const auto nth = [&](std::uint64_t at) { return ObjectId{first.value() + at}; };
  EXPECT_THAT(children(parent), ElementsAre(original, sibling, nth(0)));
  EXPECT_THAT(children(nth(0)), ElementsAre(nth(1), nth(3))) << "ids are taken depth first";
  EXPECT_THAT(children(nth(1)), ElementsAre(nth(2)));
  EXPECT_FALSE(scene().contains(nth(4))) << "ids left over are not used";
  EXPECT_EQ(*scene().name(nth(0)), "original");
  EXPECT_EQ(*scene().name(nth(3)), "right");
  EXPECT_EQ(transform(nth(2)), transform(below_left));
  EXPECT_THAT(*scene().tags(nth(0)), ElementsAre("t"));
  EXPECT_FALSE(scene().version({nth(0), scene::Component::mesh, 0})) << "a removal is not copied";
  EXPECT_THAT(children(original), ElementsAre(left, right));
}

TEST_F(Commands, DuplicateOfAPlaceAndOfWhatLiesInItMakesBoth) {
  const auto outer = room.create(room.opener);
  const auto inner = room.create(room.opener, outer);
  auto copy = on<fb::DuplicateEntitiesT>({outer, inner});
  const auto first = room.opener.mint(AuthorSlot{0});
  for (int more = 0; more < 2; ++more) static_cast<void>(room.opener.mint(AuthorSlot{0}));
  copy.first_id = first.value();
  copy.id_count = 3;
  EXPECT_EQ(send(copy).applied_targets, 2U);
  EXPECT_THAT(children(outer), ElementsAre(inner, ObjectId{first.value() + 2}));
  EXPECT_THAT(children(first), ElementsAre(ObjectId{first.value() + 1}));
}

TEST_F(Commands, DuplicateWithTooFewIdsIsRejected) {
  const auto parent = room.create(room.opener);
  room.create(room.opener, parent);
  auto copy = on<fb::DuplicateEntitiesT>({parent});
  copy.first_id = room.opener.mint(AuthorSlot{0}).value();
  copy.id_count = 1;
  const auto before = scene().hash();
  expect_rejected(send(copy), RejectReason::too_many, before);
}

TEST_F(Commands, ReorderPutsTargetsInTheirOrderBeforeASiblingOrAtTheEnd) {
  const auto a = room.create(room.opener);
  const auto b = room.create(room.opener);
  const auto c = room.create(room.opener);
  const auto d = room.create(room.opener);
  const auto inner = room.create(room.opener, a);
  auto order = on<fb::ReorderEntitiesT>({d, b});
  order.before = a.value();
  EXPECT_EQ(send(order).applied_targets, 2U);
  EXPECT_THAT(children(kNoObject), ElementsAre(d, b, a, c));
  EXPECT_EQ(send(on<fb::ReorderEntitiesT>({d})).applied_targets, 1U);
  EXPECT_THAT(children(kNoObject), ElementsAre(b, a, c, d));
  auto nowhere = on<fb::ReorderEntitiesT>({b});
  nowhere.before = inner.value();
  EXPECT_EQ(send(nowhere).applied_targets, 1U);
  EXPECT_THAT(children(kNoObject), ElementsAre(a, c, d, b)) << "what is no sibling stands for the end";
  auto itself = on<fb::ReorderEntitiesT>({c});
  itself.before = c.value();
  EXPECT_EQ(send(itself).status, OutcomeStatus::applied);
}

TEST_F(Commands, ReparentKeepsLocalTransformsUnlessItBringsNewOnes) {
  scene::Transform moved;
  moved.position = {1, 2, 3};
  const auto parent = create_at(moved);
  const auto first = room.create(room.opener, parent);
  const auto a = create_at(moved);
  const auto b = create_at(moved);
  auto keep = on<fb::ReparentEntitiesT>({a});
  keep.parent = parent.value();
  keep.before = first.value();
  EXPECT_EQ(send(keep).applied_targets, 1U);
  EXPECT_THAT(children(parent), ElementsAre(a, first));
  EXPECT_EQ(transform(a), moved) << "local to the new parent now";
  auto bring = on<fb::ReparentEntitiesT>({b, a});
  scene::Transform other;
  other.scale = {2, 2, 2};
  bring.transforms = {to_fb(other), to_fb(scene::Transform{})};
  bring.parent = first.value();
  EXPECT_EQ(send(bring).applied_targets, 2U);
  EXPECT_THAT(children(first), ElementsAre(b, a));
  EXPECT_EQ(transform(b), other);
  EXPECT_EQ(transform(a), scene::Transform{});
  EXPECT_EQ(send(on<fb::ReparentEntitiesT>({b})).applied_targets, 1U);
  EXPECT_EQ(scene().place(b).parent, kNoObject);
}

// ---- Transforms ---------------------------------------------------------------------------------------------------

TEST_F(Commands, SetTransformTakesOneForAllOrOneEach) {
  const auto a = room.create(room.opener);
  const auto b = room.create(room.opener);
  scene::Transform one;
  one.position = {1, 0, 0};
  scene::Transform two;
  two.position = {2, 0, 0};
  auto all = on<fb::SetTransformT>({a, b});
  all.transforms = {to_fb(one)};
  send(all);
  EXPECT_EQ(transform(a), one);
  EXPECT_EQ(transform(b), one);
  all.transforms = {to_fb(two), to_fb(one)};
  send(all);
  EXPECT_EQ(transform(a), two);
  EXPECT_EQ(transform(b), one);
}

TEST_F(Commands, TranslateAddsInTheParentsSpace) {
  scene::Transform start;
  start.position = {1, 2, 3};
  start.rotation = kHalfAboutX;
  start.scale = {2, 2, 2};
  const auto entity = create_at(start);
  auto by = on<fb::TranslateByT>({entity});
  by.offset = vec3(0.5F, -2, 4);
  send(by);
  start.position = {1.5F, 0, 7};
  EXPECT_EQ(transform(entity), start);
}

TEST_F(Commands, RotateTurnsAboutTheOwnOriginOrAboutAPivot) {
  scene::Transform start;
  start.position = {1, 2, 3};
  start.rotation = kHalfAboutX;
  const auto own = create_at(start);
  const auto around = create_at(start);
  auto turn = on<fb::RotateByT>({own});
  turn.rotation = std::make_unique<fb::Quat>(kThird.x, kThird.y, kThird.z, kThird.w);
  send(turn);
  EXPECT_EQ(transform(own).position, (scene::Vec3{1, 2, 3}));
  // First the turn it had, then the new one, as quaternions multiply.
  EXPECT_EQ(transform(own).rotation, (scene::Quat{0.5F, 0.5F, -0.5F, -0.5F}));
  turn.targets = {around.value()};
  turn.pivot = vec3(1, 1, 1);
  send(turn);
  EXPECT_EQ(transform(around).position, (scene::Vec3{3, 1, 2})) << "(0, 1, 2) from the pivot turns to (2, 0, 1)";
  EXPECT_EQ(transform(around).rotation, transform(own).rotation);
  EXPECT_EQ(transform(around).scale, (scene::Vec3{1, 1, 1}));
}

TEST_F(Commands, ScaleGrowsAboutTheOwnOriginOrAwayFromAPivot) {
  scene::Transform start;
  start.position = {2, 2, 2};
  start.scale = {1, 2, 1};
  const auto own = create_at(start);
  const auto around = create_at(start);
  auto grow = on<fb::ScaleByT>({own});
  grow.factor = vec3(2, 3, 4);
  send(grow);
  EXPECT_EQ(transform(own).position, (scene::Vec3{2, 2, 2}));
  EXPECT_EQ(transform(own).scale, (scene::Vec3{2, 6, 4}));
  grow.targets = {around.value()};
  grow.pivot = vec3(1, 1, 1);
  send(grow);
  EXPECT_EQ(transform(around).position, (scene::Vec3{3, 4, 5}));
  EXPECT_EQ(transform(around).scale, (scene::Vec3{2, 6, 4}));
}

// ---- Other components ---------------------------------------------------------------------------------------------

TEST_F(Commands, ComponentsAreSetAndRemoved) {
  const auto entity = room.create(room.opener);
  auto mesh = on<fb::SetMeshT>({entity});
  mesh.mesh = asset(9);
  send(mesh);
  ASSERT_NE(scene().mesh(entity), nullptr);
  EXPECT_EQ(scene().mesh(entity)->bytes[31], 9);
  send(on<fb::SetMeshT>({entity}));
  EXPECT_EQ(scene().mesh(entity), nullptr);

  scene::Light light;
  light.kind = scene::LightKind::spot;
  light.intensity = 800;
  auto set_light = on<fb::SetLightT>({entity});
  set_light.light = std::make_unique<fb::Light>(to_fb(light));
  send(set_light);
  ASSERT_NE(scene().light(entity), nullptr);
  EXPECT_EQ(*scene().light(entity), light);
  send(on<fb::SetLightT>({entity}));
  EXPECT_EQ(scene().light(entity), nullptr);

  scene::Camera camera;
  camera.kind = scene::CameraKind::orthographic;
  camera.x_magnification = 3;
  camera.far_plane = 50;
  auto set_camera = on<fb::SetCameraT>({entity});
  set_camera.camera = std::make_unique<fb::Camera>(to_fb(camera));
  send(set_camera);
  ASSERT_NE(scene().camera(entity), nullptr);
  EXPECT_EQ(*scene().camera(entity), camera);
  send(on<fb::SetCameraT>({entity}));
  EXPECT_EQ(scene().camera(entity), nullptr);
}

TEST_F(Commands, MaterialIsSetWholeAndRemoved) {
  const auto entity = room.create(room.opener);
  auto set = on<fb::SetMaterialT>({entity});
  set.material = std::make_unique<fb::MaterialT>();
  set.material->base_color = {0.25F, 0.5F, 0.75F, 1};
  set.material->roughness = 0.125F;
  set.material->alpha_mode = fb::AlphaMode::mask;
  set.material->double_sided = true;
  set.material->emissive = vec3(1, 2, 3);
  set.material->normal_texture = asset(6);
  send(std::move(set));
  scene::Material expected;
  expected.base_color = {0.25F, 0.5F, 0.75F, 1};
  expected.roughness = 0.125F;
  expected.alpha_mode = scene::AlphaMode::mask;
  expected.double_sided = true;
  expected.emissive = {1, 2, 3};
  expected.normal_texture.bytes.fill(6);
  ASSERT_NE(scene().material(entity), nullptr);
  EXPECT_EQ(*scene().material(entity), expected);
  send(on<fb::SetMaterialT>({entity}));
  EXPECT_EQ(scene().material(entity), nullptr);
}

TEST_F(Commands, VisibilityIsTheEntitysOwnFlag) {
  const auto parent = room.create(room.opener);
  const auto child = room.create(room.opener, parent);
  auto hide = on<fb::SetVisibilityT>({parent});
  send(hide);
  EXPECT_FALSE(scene().visible(parent));
  EXPECT_TRUE(scene().visible(child));
  hide.visible = true;
  send(hide);
  EXPECT_TRUE(scene().visible(parent));
}

TEST_F(Commands, ApplicationComponentsHaveValuesOfTheirOwnAndABound) {
  const auto entity = room.create(room.opener);
  auto set = on<fb::SetAppComponentT>({entity});
  for (std::uint64_t id = 1; id <= limits::kAppComponentsPerEntityMax; ++id) {
    set.component = id;
    set.value = {static_cast<std::uint8_t>(id)};
    EXPECT_EQ(send(set).status, OutcomeStatus::applied);
  }
  EXPECT_EQ(*scene().application(entity, 3), Bytes{3});
  set.component = limits::kAppComponentsPerEntityMax + 1;
  const auto before = scene().hash();
  expect_rejected(send(set), RejectReason::limit, before);
  auto removal = on<fb::SetAppComponentT>({entity});
  removal.component = 3;
  send(removal);
  EXPECT_EQ(scene().application(entity, 3), nullptr);
  set.component = 3;
  EXPECT_EQ(send(set).status, OutcomeStatus::applied) << "one that was there before may come back";
}

TEST_F(Commands, TagsAreASetWithABound) {
  const auto entity = room.create(room.opener);
  room.send(room.opener, TestRoom::tags(entity, {"c", "a"}));
  room.send(room.opener, TestRoom::tags(entity, {"b", "a"}, {"c", "never there"}));
  EXPECT_THAT(*scene().tags(entity), ElementsAre("a", "b"));
  std::vector<std::string> many;
  for (std::size_t count = 2; count < limits::kTagsPerEntityMax; ++count) many.push_back("t" + std::to_string(count));
  EXPECT_EQ(room.send(room.opener, TestRoom::tags(entity, many)).status, OutcomeStatus::applied);
  EXPECT_EQ(scene().tags(entity)->size(), limits::kTagsPerEntityMax);
  const auto before = scene().hash();
  expect_rejected(room.send(room.opener, TestRoom::tags(entity, {"one more"})), RejectReason::limit, before);
  EXPECT_EQ(room.send(room.opener, TestRoom::tags(entity, {"one more"}, {"a"})).status, OutcomeStatus::applied);
}

// ---- What an author shows -----------------------------------------------------------------------------------------

TEST_F(Commands, SelectionIsTheAuthorsOwnAndBounded) {
  const auto a = room.create(room.opener);
  const auto b = room.create(room.opener);
  fb::HighlightSelectionT select;
  select.add = {b.value(), a.value()};
  send(select);
  EXPECT_THAT(opener().selection, ElementsAre(a, b));
  EXPECT_THAT(room.hub.members().find(bob.id())->selection, IsEmpty());
  select = {};
  select.remove = {a.value()};
  send(select);
  EXPECT_THAT(opener().selection, ElementsAre(b));
  select = {};
  select.clear = true;
  select.add = {a.value()};
  send(select);
  EXPECT_THAT(opener().selection, ElementsAre(a)) << "cleared first, then added to";
  select = {};
  for (std::uint64_t id = 1; id <= limits::kSelectionMax; ++id)
    select.add.push_back(make_object_id(AuthorSlot{5}, id).value());
  const auto before = scene().hash();
  expect_rejected(send(select), RejectReason::limit, before);
  EXPECT_THAT(opener().selection, ElementsAre(a));
}

TEST_F(Commands, ToolIsShownUntilItIsPutAway) {
  fb::ActivateToolT tool;
  tool.tool = "knife";
  send(tool);
  EXPECT_EQ(opener().tool, "knife");
  send(fb::DeactivateToolT{});
  EXPECT_EQ(opener().tool, "");
}

// ---- Policies -----------------------------------------------------------------------------------------------------

TEST_F(Commands, RejectGuardsDeletesMovesOrderAndTags) {
  const auto parent = room.create(room.opener);
  const auto entity = room.create(room.opener, parent);
  const auto other = room.create(room.opener);
  set_reject();
  room.send(bob, TestRoom::rename(entity, "bob's"));
  expect_stale_is_refused(TestRoom::remove({parent}));
  room.send(bob, TestRoom::reparent(entity, other));
  expect_stale_is_refused(TestRoom::reparent(entity, kNoObject));
  room.send(bob, TestRoom::reparent(entity, parent));
  expect_stale_is_refused(command(on<fb::ReorderEntitiesT>({entity})));
  room.send(bob, TestRoom::tags(entity, {"bob"}));
  expect_stale_is_refused(TestRoom::tags(entity, {"mine"}));
  EXPECT_EQ(room.send(room.opener, TestRoom::remove({parent})).status, OutcomeStatus::applied) << "who has seen it may";
}

TEST_F(Commands, MergeOnASetIsStillDecidedByStamp) {
  const auto entity = room.create(room.opener);
  room.send(room.opener, TestRoom::policy(fb::ConflictStrategy::merge));
  room.send(bob, TestRoom::rename(entity, "newer"), {room.now_ms + 1000, {}});
  EXPECT_EQ(room.send(room.opener, TestRoom::rename(entity, "older")).status, OutcomeStatus::superseded);
  EXPECT_EQ(*scene().name(entity), "newer");
}

// ---- Bounds -------------------------------------------------------------------------------------------------------

TEST_F(Commands, TheHierarchyHasADepth) {
  std::vector<ObjectId> chain;
  while (chain.size() < limits::kHierarchyDepthMax) {
    std::vector<fb::CommandUnion> commands;
    fb::CreateEntitiesT create;
    for (int count = 0; count < 256; ++count) {
      create.entities.push_back(std::make_unique<fb::EntityDescriptionT>());
      create.entities.back()->parent = chain.empty() ? 0 : chain.back().value();
      chain.push_back(room.opener.mint(AuthorSlot{0}));
      create.entities.back()->id = chain.back().value();
    }
    ASSERT_EQ(send(std::move(create)).status, OutcomeStatus::applied);
  }
  // A parent lies at most that deep, so its children are the last.
  const auto last = room.create(room.opener, chain.back());
  const auto before = scene().hash();
  const auto below = room.opener.mint(AuthorSlot{0});
  expect_rejected(room.send(room.opener, TestRoom::create_command({{below, last}})), RejectReason::too_deep, before);
  const auto beside = room.create(room.opener);
  const auto with_beside = scene().hash();
  expect_rejected(room.send(room.opener, TestRoom::reparent(beside, last)), RejectReason::too_deep, with_beside);
  EXPECT_EQ(room.send(room.opener, TestRoom::reparent(beside, chain.back())).status, OutcomeStatus::applied);
}

TEST_F(Commands, APacketHasABoundOfWork) {
  const auto top = room.create(room.opener);
  constexpr std::size_t kSubtree = 1024;
  fb::CreateEntitiesT create;
  for (std::size_t count = 1; count < kSubtree; ++count) {
    create.entities.push_back(std::make_unique<fb::EntityDescriptionT>());
    create.entities.back()->id = room.opener.mint(AuthorSlot{0}).value();
    create.entities.back()->parent = top.value();
  }
  ASSERT_EQ(send(std::move(create)).status, OutcomeStatus::applied);
  std::vector<fb::CommandUnion> commands;
  for (std::size_t at = 0; at <= limits::kPacketWorkMax / kSubtree; ++at) {
    auto copy = on<fb::DuplicateEntitiesT>({top});
    copy.first_id = room.opener.mint(AuthorSlot{0}).value();
    copy.id_count = kSubtree;
    for (std::size_t more = 1; more < kSubtree; ++more) static_cast<void>(room.opener.mint(AuthorSlot{0}));
    commands.push_back(command(std::move(copy)));
  }
  const auto outcomes = room.send_all(room.opener, std::move(commands));
  for (std::size_t at = 0; at + 1 < outcomes.size(); ++at) EXPECT_EQ(outcomes[at].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes.back().status, OutcomeStatus::rejected);
  EXPECT_EQ(outcomes.back().reason, RejectReason::too_much_work);
  EXPECT_EQ(scene().entity_count(), kSubtree + limits::kPacketWorkMax);
}

/// The room right after its opening, but the opener has this nonce: nobody can send that many packets in a test.
ReplicaResult<Replica> opened_with_nonce(const TestRoom& opened, std::uint64_t nonce) {
  const auto& room = opened.hub;
  auto object = std::unique_ptr<fb::SnapshotT>(wire::verified_snapshot(room.save_snapshot())->UnPack());
  object->authors.at(0)->nonce = nonce;
  // docs/format.md, "State hash": the rest of this room's state is one member, and its scene is empty.
  const auto& opener = room.members().all().begin()->second;
  Bytes member;
  ByteWriter out(member);
  out.put_bytes(opener.key.view());
  out.put_varint(0);
  out.put(static_cast<std::uint8_t>(opener.role));
  out.put(opener.slot.value());
  out.put(nonce);
  out.put_bytes(opener.head.view());
  out.put(opener.stamp.value());
  out.put(opener.object_counter);
  out.put_varint(0);
  out.put_bytes(InviteKey{}.view());
  object->state_hash =
      std::make_unique<fb::Bytes32>(wire::to_fb32(crypto::Hasher("theta/state/v1")
                                                      .update(room.room().view())
                                                      .update_integer(room.head().value())
                                                      .update(Hash256{}.view())
                                                      .update(crypto::hash256("theta/member/v2", member).view())
                                                      .finish()));
  flatbuffers::FlatBufferBuilder builder;
  fb::FinishSnapshotBuffer(builder, fb::Snapshot::Pack(builder, object.get()));
  return Replica::load_snapshot({builder.GetBufferPointer(), builder.GetSize()}, true);
}

TEST(Nonces, AKeyThatHasUsedThemUpIsToldSo) {
  TestRoom room;
  const auto nearly = opened_with_nonce(room, UINT64_MAX - 1);
  ASSERT_TRUE(nearly) << nearly.error().message;
  const auto exhausted = opened_with_nonce(room, UINT64_MAX);
  ASSERT_TRUE(exhausted) << exhausted.error().message;
  std::vector<fb::CommandUnion> put_away;
  put_away.push_back(command(fb::DeactivateToolT{}));
  auto packet = room.sign(room.opener, pack(std::move(put_away)), 1);
  const auto with = [&](std::uint64_t nonce) {
    auto header = packet.header;
    header.nonce = Nonce{nonce};
    const auto payload = packet.payload.view();
    return log::sign_packet(header, {payload.begin(), payload.end()}, room.opener.key());
  };
  EXPECT_TRUE(nearly->validate(with(UINT64_MAX), from_unix_ms(room.now_ms)).has_value()) << "the last one counts";
  for (const std::uint64_t nonce : {std::uint64_t{0}, std::uint64_t{1}, UINT64_MAX}) {
    const auto valid = exhausted->validate(with(nonce), from_unix_ms(room.now_ms));
    ASSERT_FALSE(valid) << nonce;
    EXPECT_EQ(valid.error().code, log::RefusalCode::bad_chain) << nonce;
    EXPECT_THAT(valid.error().text, ::testing::HasSubstr("used up its nonces"));
  }
}

}  // namespace
}  // namespace theta::replica::testing
