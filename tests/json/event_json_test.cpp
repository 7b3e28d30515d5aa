#include "theta/json/event_json.h"

#include <gmock/gmock.h>

#include "document_rows.h"
#include "theta/base/hex.h"

namespace theta::json {
namespace {

using ::testing::HasSubstr;

std::string line_of(const client::Event& event) {
  const auto line = event_line(event);
  return line ? line->dump() : "";
}

replica::Outcome lost_to_somebody() {
  replica::Outcome outcome;
  outcome.command = wire::fb::Command::SetTransform;
  outcome.status = replica::OutcomeStatus::superseded;
  outcome.blocker.emplace();
  outcome.blocker->author = AuthorSlot{2};
  outcome.blocker->seq = Seq{9};
  outcome.blocker->key = {make_object_id(AuthorSlot{1}, 1), scene::Component::transform, 0};
  return outcome;
}

TEST(EventJson, TellsHowACommandWasSettled) {
  client::CommandSettled settled;
  settled.handle = client::CommandHandle{3};
  settled.seq = Seq{12};
  settled.nonce = Nonce{4};
  settled.index = 1;
  EXPECT_EQ(line_of(settled), R"({"event":"settled","handle":3,"how":"acknowledged","seq":12,"nonce":4,"index":1})");
  settled.how = client::CommandSettled::How::refused;
  settled.refusal = log::Refused{log::RefusalCode::quota, "full"};
  EXPECT_EQ(line_of(settled),
            R"({"event":"settled","handle":3,"how":"refused","refusal":{"code":"quota","text":"full"}})");
  settled = {};
  settled.handle = client::CommandHandle{3};
  settled.how = client::CommandSettled::How::coalesced;
  settled.into = client::CommandHandle{5};
  EXPECT_EQ(line_of(settled), R"({"event":"settled","handle":3,"how":"coalesced","into":5})");
}

TEST(EventJson, TellsWhoAndWhatStoodInTheWay) {
  const client::Conflict conflict{client::CommandHandle{3}, lost_to_somebody(), "Bob", "Bob was there first", {}};
  EXPECT_EQ(line_of(conflict),
            R"({"event":"conflict","handle":3,"outcome":{"command":"set_transform","status":"superseded",)"
            R"("blocker":{"author":2,"seq":9,"entity":"1:1","component":"transform"}},"text":"Bob was there first"})");
}

TEST(EventJson, TellsWhyAConnectionEnded) {
  client::Disconnected gone;
  gone.text = "the hub stops";
  gone.will_retry = true;
  EXPECT_EQ(line_of(gone), R"({"event":"disconnected","text":"the hub stops","will_retry":true})");
  gone = {transport::CloseReason::none, "not a member", false, log::RefusalCode::not_member};
  EXPECT_EQ(line_of(gone),
            R"({"event":"disconnected","text":"not a member","will_retry":false,"refusal":"not_member"})");
}

TEST(EventJson, EveryOtherEventHasItsLine) {
  const auto id = make_object_id(AuthorSlot{1}, 1);
  const scene::RegisterKey key{id, scene::Component::name, 0};
  AssetId asset;
  asset.bytes.fill(0xab);
  const std::pair<client::Event, const char*> events[] = {
      {client::Connected{"127.0.0.1:1", {}}, R"({"event":"connected","address":"127.0.0.1:1"})"},
      {client::CaughtUp{Seq{7}}, R"({"event":"caught_up","head":7})"},
      {client::Changed{{key}, false, true}, R"({"event":"changed","members":true,"registers":[["1:1","name"]]})"},
      {client::Changed{{}, true, false}, R"({"event":"changed","everything":true,"registers":[]})"},
      {client::PresenceChanged{{client::SessionNumber{4}}}, R"({"event":"presence","sessions":[4]})"},
      {client::Notice{wire::fb::NoticeKind::room_read_only, "full"},
       R"({"event":"notice","kind":"room_read_only","text":"full"})"},
      {client::WriterLost{"newer"}, R"({"event":"writer_lost","text":"newer"})"},
      {client::Diverged{"two logs"}, R"({"event":"diverged","text":"two logs"})"},
      {client::IdsRemapped{{{id, make_object_id(AuthorSlot{1}, 2)}}},
       R"({"event":"ids_remapped","ids":[["1:1","1:2"]]})"},
      {client::StorageFailed{"disk"}, R"({"event":"storage_failed","text":"disk"})"},
      {client::AssetProgress{}, ""},
  };
  for (const auto& [event, line] : events) EXPECT_EQ(line_of(event), line);
  EXPECT_THAT(line_of(client::Attached{{}, wire::fb::Role::editor, AuthorSlot{1}, client::SessionNumber{4}}),
              HasSubstr(R"("role":"editor","slot":1,"session":4)"));
  EXPECT_THAT(line_of(client::SessionJoined{client::SessionNumber{4}, {}, {}}), HasSubstr("session_joined"));
  EXPECT_THAT(line_of(client::SessionLeft{client::SessionNumber{4}, {}}), HasSubstr("session_left"));
  EXPECT_THAT(line_of(client::AssetStored{asset}), HasSubstr("asset_stored"));
  EXPECT_THAT(line_of(client::AssetReady{asset, {}}), HasSubstr("\"bytes\":0"));
  EXPECT_THAT(line_of(client::AssetFailed{asset, {log::RefusalCode::quota, "full"}}), HasSubstr("\"quota\""));
  EXPECT_THAT(line_of(client::History{1, {}, {}, {}}), HasSubstr("\"records\":0"));
}

TEST(EventJson, TheManualTellsOfEveryEvent) {
  const auto rows = testing::rows_of("cli.md", "Events of `join`");
  const auto check = [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    const auto check_one = [&](const client::Event& event) {
      const auto line = event_line(event);
      if (!line) return;
      EXPECT_TRUE(rows.count((*line)["event"])) << (*line)["event"];
    };
    (check_one(std::variant_alternative_t<Index, client::Event>{}), ...);
  };
  check(std::make_index_sequence<std::variant_size_v<client::Event>>{});
}

TEST(EventJson, ForPeopleManyRegistersAreCounted) {
  Json line = {{"event", "changed"}, {"registers", Json::array()}};
  for (int at = 0; at < 9; ++at) line["registers"].push_back({at % 2 == 0 ? "1:1" : "1:2", "name"});
  EXPECT_EQ(event_sentence(line), "changed  9 registers of 2 entities");
  line["registers"].erase(0);
  EXPECT_THAT(event_sentence(line), HasSubstr(R"(registers=[["1:2","name"],["1:1","name"])"));
}

TEST(EventJson, ForPeopleALineIsWordsWithoutControlCharacters) {
  EXPECT_EQ(event_sentence({{"event", "notice"}, {"text", "\x1b[31mred\n"}, {"seq", 3}}),
            "notice  text=\\x1b[31mred\\x0a  seq=3");
}

}  // namespace
}  // namespace theta::json
