#include "theta/json/event_json.h"

#include <set>

#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/printable.h"
#include "theta/replica/outcome.h"

namespace theta::json {

namespace fb = wire::fb;

namespace {

const char* status_name(replica::OutcomeStatus status) {
  switch (status) {
    case replica::OutcomeStatus::applied: return "applied";
    case replica::OutcomeStatus::superseded: return "superseded";
    case replica::OutcomeStatus::rejected: return "rejected";
  }
  return "unknown";
}

Json refusal_json(const log::Refused& refusal) {
  return {{"code", log::refusal_name(refusal.code)}, {"text", refusal.text}};
}

Json changed_json(const client::Changed& event) {
  Json json = {{"event", "changed"}};
  if (event.everything) json["everything"] = true;
  if (event.members) json["members"] = true;
  Json registers = Json::array();
  for (const auto& key : event.registers)
    registers.push_back({to_text(key.entity), fb::EnumNameComponent(static_cast<fb::Component>(key.component))});
  json["registers"] = std::move(registers);
  return json;
}

Json settled_json(const client::CommandSettled& event) {
  using How = client::CommandSettled::How;
  Json json = {{"event", "settled"}, {"handle", event.handle.value()}};
  json["how"] = event.how == How::acknowledged ? "acknowledged" : event.how == How::refused ? "refused" : "coalesced";
  if (event.how == How::acknowledged) {
    json["seq"] = event.seq.value();
    json["nonce"] = event.nonce.value();
    json["index"] = event.index;
  }
  if (event.how == How::coalesced) json["into"] = event.into.value();
  if (event.outcome) json["outcome"] = outcome_json(*event.outcome);
  if (event.refusal) json["refusal"] = refusal_json(*event.refusal);
  return json;
}

/// One overload an event; nullopt where a line would only be noise.
struct Line {
  using Result = std::optional<Json>;
  Result operator()(const client::Connected& e) const { return Json{{"event", "connected"}, {"address", e.address}}; }
  Result operator()(const client::Attached& e) const {
    return Json{{"event", "attached"},
                {"room", to_hex(e.room.view())},
                {"role", fb::EnumNameRole(e.role)},
                {"slot", e.slot.value()},
                {"session", e.session.value()}};
  }
  Result operator()(const client::CaughtUp& e) const { return Json{{"event", "caught_up"}, {"head", e.head.value()}}; }
  Result operator()(const client::Changed& e) const { return changed_json(e); }
  Result operator()(const client::CommandSettled& e) const { return settled_json(e); }
  Result operator()(const client::Conflict& e) const {
    return Json{
        {"event", "conflict"}, {"handle", e.handle.value()}, {"outcome", outcome_json(e.outcome)}, {"text", e.text}};
  }
  Result operator()(const client::PresenceChanged& e) const {
    Json sessions = Json::array();
    for (const auto session : e.sessions) sessions.push_back(session.value());
    return Json{{"event", "presence"}, {"sessions", std::move(sessions)}};
  }
  Result operator()(const client::SessionJoined& e) const {
    return Json{{"event", "session_joined"}, {"session", e.session.value()}, {"author", to_hex(e.author.view())}};
  }
  Result operator()(const client::SessionLeft& e) const {
    return Json{{"event", "session_left"}, {"session", e.session.value()}, {"author", to_hex(e.author.view())}};
  }
  Result operator()(const client::Notice& e) const {
    return Json{{"event", "notice"}, {"kind", fb::EnumNameNoticeKind(e.kind)}, {"text", e.text}};
  }
  Result operator()(const client::WriterLost& e) const { return Json{{"event", "writer_lost"}, {"text", e.text}}; }
  Result operator()(const client::Disconnected& e) const {
    Json line = {{"event", "disconnected"}, {"text", e.text}, {"will_retry", e.will_retry}};
    if (e.refusal != log::RefusalCode::none) line["refusal"] = log::refusal_name(e.refusal);
    return line;
  }
  Result operator()(const client::Diverged& e) const { return Json{{"event", "diverged"}, {"text", e.text}}; }
  Result operator()(const client::IdsRemapped& e) const {
    Json ids = Json::array();
    for (const auto& [before, after] : e.ids) ids.push_back({to_text(before), to_text(after)});
    return Json{{"event", "ids_remapped"}, {"ids", std::move(ids)}};
  }
  Result operator()(const client::AssetProgress&) const { return std::nullopt; }
  Result operator()(const client::AssetWanted&) const { return std::nullopt; }
  Result operator()(const client::AssetStored& e) const {
    return Json{{"event", "asset_stored"}, {"asset", to_hex(e.asset.view())}};
  }
  Result operator()(const client::AssetReady& e) const {
    return Json{{"event", "asset_ready"}, {"asset", to_hex(e.asset.view())}, {"bytes", e.bytes.size()}};
  }
  Result operator()(const client::AssetFailed& e) const {
    return Json{{"event", "asset_failed"}, {"asset", to_hex(e.asset.view())}, {"refusal", refusal_json(e.refusal)}};
  }
  Result operator()(const client::History& e) const {
    return Json{{"event", "history"}, {"query", e.query}, {"records", e.records.size()}};
  }
  Result operator()(const client::StorageFailed& e) const {
    return Json{{"event", "storage_failed"}, {"text", e.text}};
  }
};

/// More than these are only counted for people; whoever catches up gets hundreds at once.
constexpr std::size_t kRegistersToldMax = 8;

std::string count_of_registers(const Json& registers) {
  std::set<std::string> entities;
  for (const auto& pair : registers) entities.insert(pair.front().get<std::string>());
  return std::to_string(registers.size()) + " registers of " + counted(entities.size(), "entity", "entities");
}

}  // namespace

Json outcome_json(const replica::Outcome& outcome) {
  Json json = {{"command", log::command_name(outcome.command)}, {"status", status_name(outcome.status)}};
  if (outcome.reason != replica::RejectReason::none) json["reason"] = replica::reason_name(outcome.reason);
  if (outcome.blocker)
    json["blocker"] = {
        {"author", outcome.blocker->author.value()},
        {"seq", outcome.blocker->seq.value()},
        {"entity", to_text(outcome.blocker->key.entity)},
        {"component", fb::EnumNameComponent(static_cast<fb::Component>(outcome.blocker->key.component))}};
  return json;
}

std::optional<Json> event_line(const client::Event& event) { return std::visit(Line{}, event); }

std::string event_sentence(const Json& line) {
  std::string sentence = line.value("event", "");
  for (const auto& [key, value] : line.items())
    if (key == "registers" && value.is_array() && value.size() > kRegistersToldMax)
      sentence += "  " + count_of_registers(value);
    else if (key != "event")
      sentence += "  " + key + "=" +
                  (value.is_string() ? printable(value.get<std::string>())
                                     : value.dump(-1, ' ', false, Json::error_handler_t::replace));
  return sentence;
}

}  // namespace theta::json
