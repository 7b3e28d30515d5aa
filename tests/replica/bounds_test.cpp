// What authors may do to a room's size, and what a snapshot may say: a bound that one replica holds and another does
// not would divide them, so the room fixture's second replica is asked after each record.

#include <algorithm>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "room_fixture.h"
#include "theta/base/limits.h"

namespace theta::replica::testing {
namespace {

class Bounds : public ::testing::Test {
 protected:
  void SetUp() override { slot = room.join(anna); }

  fb::CommandUnion fill(ObjectId entity, std::uint64_t component, std::size_t size) {
    fb::SetAppComponentT set;
    set.targets = {entity.value()};
    set.component = component;
    set.value = Bytes(size, 7);
    return command(std::move(set));
  }
  fb::CommandUnion duplicate(const std::vector<ObjectId>& entities) {
    fb::DuplicateEntitiesT twice;
    for (const auto entity : entities) twice.targets.push_back(entity.value());
    twice.first_id = anna.mint(slot).value();
    twice.id_count = static_cast<std::uint32_t>(entities.size());
    for (std::size_t at = 1; at < entities.size(); ++at) static_cast<void>(anna.mint(slot));
    return command(std::move(twice));
  }
  static fb::CommandUnion undo_span(std::uint64_t first, std::uint64_t last) {
    fb::UndoT back;
    back.first = std::make_unique<fb::CommandRef>(first, std::uint16_t{0});
    back.last = std::make_unique<fb::CommandRef>(last, std::uint16_t{0});
    return command(std::move(back));
  }

  TestRoom room;
  TestAuthor anna{2};
  AuthorSlot slot;
};

TEST_F(Bounds, AnUndoOfMuchKeepsTheJournalWithinWhatSnapshotsHold) {
  const auto thing = room.create(anna);
  for (std::uint64_t component = 1; component <= 20; ++component)
    room.send(anna, fill(thing, component, limits::kAppComponentBytesMax));
  const auto first = room.nonce_of(anna) + 1;
  for (int count = 0; count < 20; ++count) room.send(anna, duplicate({thing}));
  const auto undone = room.send(anna, undo_span(first, room.nonce_of(anna)));
  ASSERT_EQ(undone.status, OutcomeStatus::applied);
  const auto loaded = Replica::load_snapshot(room.hub.save_snapshot(), true);
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_EQ(loaded->state_hash(), room.hub.state_hash());
}

TEST_F(Bounds, DuplicationEndsAtTheRoomsBytes) {
  std::vector<ObjectId> things{room.create(anna)};
  for (std::uint64_t component = 1; component <= limits::kAppComponentsPerEntityMax; ++component)
    room.send(anna, fill(things[0], component, limits::kAppComponentBytesMax));
  Outcome outcome;
  while (outcome.status == OutcomeStatus::applied && things.size() < 2048) {
    outcome = room.send(anna, duplicate(things));
    if (outcome.status != OutcomeStatus::applied) break;
    room.hub.scene().for_each_entity([&](ObjectId entity) {
      if (std::find(things.begin(), things.end(), entity) == things.end()) things.push_back(entity);
    });
  }
  EXPECT_EQ(outcome.reason, RejectReason::too_much_work) << "one packet copies no more than its share";
  while (things.size() > 64) things.pop_back();
  do outcome = room.send(anna, duplicate(things));
  while (outcome.status == OutcomeStatus::applied);
  EXPECT_EQ(outcome.reason, RejectReason::limit);
  EXPECT_LE(room.hub.scene().variable_bytes(), limits::kSceneVariableBytesMax);
  EXPECT_GT(room.hub.scene().variable_bytes(), limits::kSceneVariableBytesMax / 2);
  EXPECT_EQ(room.send(anna, fill(things[0], 1, 100)).status, OutcomeStatus::applied) << "what makes less goes on";
}

TEST_F(Bounds, TheSceneKnowsItsVariableBytesThroughUndoAndSnapshots) {
  const auto thing = room.create(anna, kNoObject, "four");
  room.send(anna, TestRoom::tags(thing, {"ab", "cde"}));
  room.send(anna, fill(thing, 1, 100));
  EXPECT_EQ(room.hub.scene().variable_bytes(), 4U + 5U + 100U);
  room.send(anna, fill(thing, 1, 30));
  EXPECT_EQ(room.hub.scene().variable_bytes(), 4U + 5U + 30U);
  const auto loaded = Replica::load_snapshot(room.hub.save_snapshot(), true);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->scene().variable_bytes(), room.hub.scene().variable_bytes());
  room.send(anna, TestRoom::undo(room.nonce_of(anna)));
  EXPECT_EQ(room.hub.scene().variable_bytes(), 4U + 5U + 100U);
  room.send(anna, TestRoom::remove({thing}));
  EXPECT_EQ(room.hub.scene().variable_bytes(), 0U);
  room.send(anna, TestRoom::undo(room.nonce_of(anna)));
  EXPECT_EQ(room.hub.scene().variable_bytes(), 4U + 5U + 100U);
}

TEST_F(Bounds, AnUndoneReparentOfManyFindsEachPlaceAgain) {
  std::vector<ObjectId> things;
  for (int count = 0; count < 200; ++count) things.push_back(room.create(anna));
  const auto parent = room.create(anna);
  const auto before = room.hub.scene().children(kNoObject);
  fb::ReparentEntitiesT move;
  for (std::size_t at = 0; at < things.size() / 2; ++at) {
    move.targets.push_back(things[at].value());
    move.targets.push_back(things[things.size() - 1 - at].value());
  }
  move.parent = parent.value();
  room.send(anna, command(std::move(move)));
  EXPECT_EQ(room.hub.scene().children(kNoObject).size(), 1U);
  EXPECT_EQ(room.send(anna, TestRoom::undo(room.nonce_of(anna))).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().children(kNoObject), before);
}

// ---- Work is charged for what it costs ---------------------------------------------------------------------------

class Work : public Bounds {
 protected:
  /// In packets of as many as fit.
  std::vector<ObjectId> create_many(std::size_t count, ObjectId parent = kNoObject) {
    constexpr std::size_t kPerPacket = 1000;
    std::vector<ObjectId> made;
    while (made.size() < count) {
      fb::CreateEntitiesT create;
      while (create.entities.size() < kPerPacket && made.size() < count) {
        made.push_back(anna.mint(slot));
        create.entities.push_back(std::make_unique<fb::EntityDescriptionT>());
        create.entities.back()->id = made.back().value();
        create.entities.back()->parent = parent.value();
      }
      EXPECT_EQ(room.send(anna, command(std::move(create))).status, OutcomeStatus::applied);
    }
    return made;
  }
  static std::vector<std::uint64_t> ids_of(const std::vector<ObjectId>& entities, std::size_t from, std::size_t count) {
    std::vector<std::uint64_t> ids;
    for (std::size_t at = from; at < from + count; ++at) ids.push_back(entities[at].value());
    return ids;
  }
  static std::vector<std::string> names(char first, std::size_t count) {
    std::vector<std::string> result;
    for (std::size_t at = 0; at < count; ++at)
      result.push_back({first, static_cast<char>('0' + at / 10), static_cast<char>('0' + at % 10)});
    return result;
  }
};

TEST_F(Work, TagsAreChargedForByTheirNumber) {
  const auto things = create_many(7500);
  const auto tag = [&](std::size_t from, std::size_t count, std::vector<std::string> add) {
    fb::ChangeTagsT change;
    change.targets = ids_of(things, from, count);
    change.add = std::move(add);
    return command(std::move(change));
  };
  for (std::size_t from = 0; from < things.size(); from += 2500)
    ASSERT_EQ(room.send(anna, tag(from, 2500, names('a', 63))).status, OutcomeStatus::applied);
  // 63 tags and one more are eight units a target, and the target is one.
  std::vector<fb::CommandUnion> packet;
  packet.push_back(tag(0, 3750, names('b', 1)));
  packet.push_back(tag(3750, 3750, names('b', 1)));
  const auto outcomes = room.send_all(anna, std::move(packet));
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes[1].reason, RejectReason::too_much_work);
  EXPECT_EQ(room.hub.scene().tags(things[0])->size(), 64U);
  EXPECT_EQ(room.hub.scene().tags(things[7000])->size(), 63U) << "all or nothing";
}

TEST_F(Work, TagsAreASortedSetWhateverIsAddedAndRemoved) {
  const auto thing = room.create(anna);
  room.send(anna, TestRoom::tags(thing, {"d", "b", "a"}));
  room.send(anna, TestRoom::tags(thing, {"c", "b"}, {"a", "none"}));
  EXPECT_EQ(*room.hub.scene().tags(thing), (scene::TagSet{"b", "c", "d"}));
}

TEST_F(Work, PlacesBelowADeepParentAreChargedForTheirDepth) {
  std::vector<ObjectId> chain{room.create(anna)};
  while (chain.size() < 1000) chain.push_back(room.create(anna, chain.back()));
  const auto things = create_many(4000);
  const auto below = [&](std::size_t from, ObjectId parent) {
    fb::ReparentEntitiesT move;
    move.targets = ids_of(things, from, 2200);
    move.parent = parent.value();
    return command(std::move(move));
  };
  // A thousand links up are fifteen units, and the target is one: 2,200 targets take more than half of a packet.
  std::vector<fb::CommandUnion> packet;
  packet.push_back(below(0, chain.back()));
  packet.push_back(below(1800, chain.back()));
  const auto outcomes = room.send_all(anna, std::move(packet));
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes[1].reason, RejectReason::too_much_work);
  std::vector<fb::CommandUnion> shallow;
  shallow.push_back(below(0, chain.front()));
  shallow.push_back(below(1800, chain.front()));
  for (const auto& outcome : room.send_all(anna, std::move(shallow))) EXPECT_EQ(outcome.status, OutcomeStatus::applied);
}

TEST_F(Work, UndoIsChargedForTheSiblingsAmongWhichItSearches) {
  const auto crowd = create_many(20'000);
  const auto away = room.create(anna);
  std::uint64_t first = 0;
  for (std::size_t count = 0; count < 250; ++count) {
    room.send(anna, TestRoom::reparent(count % 2 == 0 ? crowd[count] : crowd[crowd.size() - 1 - count], away));
    if (first == 0) first = room.nonce_of(anna);
  }
  const auto last = room.nonce_of(anna);
  EXPECT_EQ(room.send(anna, undo_span(first, last)).reason, RejectReason::too_much_work);
  EXPECT_EQ(room.send(anna, undo_span(last - 100, last)).status, OutcomeStatus::applied);
  EXPECT_EQ(room.hub.scene().children(away).size(), 149U);
}

TEST_F(Work, WhatIsWrittenOverAndDeletedCountsAsCopied) {
  std::vector<ObjectId> things{room.create(anna)};
  for (std::uint64_t component = 1; component <= 16; ++component)
    room.send(anna, fill(things[0], component, limits::kAppComponentBytesMax));
  // 320 of 256 KiB each: 80 MiB.
  while (things.size() < 320) {
    std::vector<ObjectId> some(things.begin(),
                               things.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(things.size(), 64)));
    ASSERT_EQ(room.send(anna, duplicate(some)).status, OutcomeStatus::applied);
    things.clear();
    room.hub.scene().for_each_entity([&](ObjectId entity) { things.push_back(entity); });
    std::sort(things.begin(), things.end());
  }
  EXPECT_EQ(room.send(anna, TestRoom::remove(things)).reason, RejectReason::too_much_work);
  std::vector<fb::CommandUnion> packet;
  for (std::uint64_t component = 1; component <= 16; ++component) {
    fb::SetAppComponentT set;
    for (const auto thing : things) set.targets.push_back(thing.value());
    set.component = component;
    packet.push_back(command(std::move(set)));
  }
  const auto outcomes = room.send_all(anna, std::move(packet));
  EXPECT_EQ(outcomes.front().status, OutcomeStatus::applied);
  EXPECT_EQ(outcomes.back().reason, RejectReason::too_much_work);
}

// ---- Snapshots whose parts do not agree ---------------------------------------------------------------------------

class ForgedSnapshot : public Bounds {
 protected:
  void SetUp() override {
    Bounds::SetUp();
    thing = room.create(anna);
    const auto bytes = room.hub.save_snapshot();
    flatbuffers::GetRoot<fb::Snapshot>(bytes.data())->UnPackTo(&snapshot);
  }
  /// The loader's words for what is wrong.
  std::string problem() {
    flatbuffers::FlatBufferBuilder builder;
    fb::FinishSnapshotBuffer(builder, fb::Snapshot::Pack(builder, &snapshot));
    const auto loaded = Replica::load_snapshot({builder.GetBufferPointer(), builder.GetSize()}, false);
    return loaded ? "" : loaded.error().message;
  }
  fb::AuthorStateT& author(std::uint16_t of_slot) {
    for (auto& state : snapshot.authors)
      if (state->slot == of_slot) return *state;
    ADD_FAILURE() << "no author has slot " << of_slot;
    return *snapshot.authors.front();
  }

  ObjectId thing;
  fb::SnapshotT snapshot;
};

TEST_F(ForgedSnapshot, TheUntouchedOneLoads) { EXPECT_EQ(problem(), ""); }

TEST_F(ForgedSnapshot, AnEntityThatItsAuthorIsStillToMakeIsRefused) {
  author(slot.value()).object_counter = 0;
  EXPECT_NE(problem().find("an entity's author never made it"), std::string::npos) << problem();
}

TEST_F(ForgedSnapshot, AnEntityOfASlotThatNobodyHasIsRefused) {
  snapshot.entities[0] = make_object_id(AuthorSlot{900}, 1).value();
  EXPECT_NE(problem().find("an entity's author never made it"), std::string::npos) << problem();
}

TEST_F(ForgedSnapshot, ATombstoneOfWhatIsStillToBeMadeIsRefused) {
  snapshot.tombstones.emplace_back(make_object_id(slot, 500).value(), fb::Version(1, 1));
  EXPECT_NE(problem().find("tombstones"), std::string::npos) << problem();
}

TEST_F(ForgedSnapshot, AWriterWithoutASlotIsRefused) {
  fb::AuthorStateT stranger;
  stranger.key = std::make_unique<fb::Bytes32>(wire::to_fb32(TestAuthor(77).id()));
  stranger.head = std::make_unique<fb::Bytes32>();
  stranger.role = fb::Role::editor;
  stranger.slot = kNoSlot.value();
  snapshot.authors.push_back(std::make_unique<fb::AuthorStateT>(stranger));
  EXPECT_NE(problem().find("has no slot"), std::string::npos) << problem();
}

TEST_F(ForgedSnapshot, InvitesAreUsedAsOftenAsAuthorsCameByThem) {
  ASSERT_EQ(snapshot.invites.size(), 1U);
  const auto uses = snapshot.invites.front()->uses;
  const auto complaint = [&](std::uint32_t claimed) {
    snapshot.invites.front()->uses = claimed;
    return problem();
  };
  EXPECT_NE(complaint(uses + 1).find("more or less often"), std::string::npos) << problem();
  EXPECT_EQ(complaint(log::Members::kInviteRevoked).find("more or less often"), std::string::npos) << problem();
  EXPECT_EQ(complaint(uses).find("more or less often"), std::string::npos) << problem();
  author(slot.value()).invite = nullptr;
  EXPECT_NE(problem().find("more or less often"), std::string::npos) << problem();
  author(slot.value()).invite = std::make_unique<fb::Bytes32>(*snapshot.invites.front()->key);
  snapshot.invites.clear();
  EXPECT_NE(problem().find("came by an invite that is not there"), std::string::npos) << problem();
}

TEST_F(Bounds, NobodyPredictsForSomebodyWhoMayNotWrite) {
  const auto before = room.hub.state_hash();
  const TestAuthor stranger(50);
  const auto payload = pack([&] {
    std::vector<fb::CommandUnion> commands;
    commands.push_back(TestRoom::rename(kNoObject, "x"));
    return commands;
  }());
  const auto outcomes = room.hub.predict({stranger.id(), Nonce{1}, room.hub.head(), Stamp{1}, payload});
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].status, OutcomeStatus::rejected);
  room.hub.drop_predictions();
  EXPECT_EQ(room.hub.state_hash(), before);
}

#if defined(__x86_64__)
TEST_F(Bounds, AHostThatFlushesDenormalsComputesAsAllOthersDo) {
  const auto thing = room.create(anna);
  fb::ScaleByT by;
  by.targets = {thing.value()};
  by.factor = std::make_unique<fb::Vec3>(1e-20F, 1.0F, 1.0F);
  const unsigned before = _mm_getcsr();
  constexpr unsigned kFlushToZero = 0x8000;
  constexpr unsigned kDenormalsAreZero = 0x0040;
  _mm_setcsr(before | kFlushToZero | kDenormalsAreZero);
  room.send(anna, command(fb::ScaleByT(by)));
  room.send(anna, command(fb::ScaleByT{by}));
  const bool was_kept = (_mm_getcsr() & (kFlushToZero | kDenormalsAreZero)) == (kFlushToZero | kDenormalsAreZero);
  _mm_setcsr(before);
  EXPECT_TRUE(was_kept) << "the host's own setting comes back";
  EXPECT_NE(room.hub.scene().transform(thing)->scale.x, 0.0F);
  Replica fresh;
  for (const auto& record : room.records) ASSERT_TRUE(fresh.apply(*log::decode_record(record)).has_value());
  EXPECT_EQ(fresh.state_hash(), room.hub.state_hash());
}
#endif

}  // namespace
}  // namespace theta::replica::testing
