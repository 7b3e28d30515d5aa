#include <algorithm>

#include "core_impl.h"
#include "theta/base/hex.h"
#include "theta/interchange/gltf.h"
#include "theta/json/command_json.h"
#include "theta/json/history_json.h"
#include "theta/json/presence_json.h"
#include "theta/web/limits.h"

namespace theta::web {

namespace {

namespace fb = wire::fb;

auto call_error(std::string code, std::string text) {
  return tl::unexpected(CallError{std::move(code), std::move(text)});
}

/// The page's own code calls with what it does not have to check: a wrong argument is a bug there.
auto bad_argument(const std::string& what) { return call_error("malformed", what); }

const char* code_of(json::CommandJsonError error) {
  switch (error) {
    case json::CommandJsonError::malformed: return "malformed";
    case json::CommandJsonError::refused: return "refused";
    case json::CommandJsonError::not_permitted: return "not_permitted";
    case json::CommandJsonError::not_ready: return "not_ready";
  }
  return "refused";
}

const char* code_of(client::ClientError error) {
  switch (error) {
    case client::ClientError::bad_command: return "malformed";
    case client::ClientError::not_permitted: return "not_permitted";
    case client::ClientError::not_ready:
    case client::ClientError::stopped: return "not_ready";
    default: return "refused";
  }
}

auto client_error(const Failure<client::ClientError>& failure) {
  return call_error(code_of(failure.code), failure.message);
}

std::string text_of(const Json& arguments, const char* field) {
  const auto found = arguments.find(field);
  return found != arguments.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& arguments, const char* field) {
  const auto found = arguments.find(field);
  return found != arguments.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

template <class Fixed>
std::optional<Fixed> fixed_of(const std::optional<Bytes>& bytes) {
  if (!bytes || bytes->size() != Fixed::kSize) return std::nullopt;
  return Fixed::from(*bytes);
}

std::optional<crypto::Seed> seed_of(ByteView bytes) {
  crypto::Seed seed;
  if (bytes.size() != seed.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), seed.bytes.begin());
  return seed;
}

}  // namespace

std::string error_text(const CallError& error) {
  return dump({{"error", {{"code", error.code}, {"text", error.text}}}});
}

const std::map<std::string, Core::Impl::Function>& Core::Impl::functions() {
  static const std::map<std::string, Function> all = {
      {"submit", &Impl::submit},
      {"submit_again", &Impl::submit_again},
      {"set_presence", &Impl::set_presence},
      {"make_invite", &Impl::make_invite},
      {"upload", &Impl::upload},
      {"download", &Impl::download},
      {"supply_asset", &Impl::supply_asset},
      {"history", &Impl::history},
      {"state_hash", &Impl::state_hash},
      {"go_offline", &Impl::go_offline},
      {"go_online", &Impl::go_online},
      {"take_writer", &Impl::take_writer},
      {"save", &Impl::save},
      {"rtc_offer", &Impl::rtc_offer},
      {"rtc_answer", &Impl::rtc_answer},
      {"rtc_open", &Impl::rtc_open},
      {"websocket_open", &Impl::websocket_open},
      {"link_closed", &Impl::link_closed},
      {"set_rtt", &Impl::set_rtt},
      {"import", &Impl::begin_import},
      {"export", &Impl::begin_export},
      {"look_back", &Impl::begin_look_back},
      {"cancel_task", &Impl::cancel_task},
  };
  return all;
}

Core::Reply Core::call(const std::string& text, ByteView bytes, Now now) {
  impl_->now = now;
  impl_->session.set_now(now);
  const auto arguments = Json::parse(text, nullptr, false);
  const auto found = Impl::functions().find(text_of(arguments, "call"));
  if (found == Impl::functions().end()) return call_without_room(text, bytes);
  const auto result = (impl_.get()->*found->second)(arguments, bytes);
  return {result ? dump(*result) : error_text(result.error()), {}};
}

// ---- Editing ------------------------------------------------------------------------------------------------------

CallResult Core::Impl::submitted(client::CommandHandle handle, const std::vector<ObjectId>& ids) {
  if (storage) unstored.push_back(storage->newest());
  Json list = Json::array();
  // A copy takes a block of ids with some to spare.
  for (const auto id : ids)
    if (session.scene().contains(id)) list.push_back(json::to_text(id));
  return Json{{"handle", handle.value()}, {"ids", std::move(list)}};
}

CallResult Core::Impl::submit(const Json& arguments, ByteView) {
  const auto line = arguments.find("command");
  if (line == arguments.end()) return bad_argument("expected a command");
  const auto made = json::submit_json(session, *line);
  if (!made) return call_error(code_of(made.error().code), made.error().message);
  auto reply = submitted(made->handle, made->ids);
  if (reply && made->took) (*reply)["took"] = made->took->value();
  return reply;
}

CallResult Core::Impl::submit_again(const Json& arguments, ByteView) {
  const auto found = lost.find(client::CommandHandle{number_of(arguments, "handle")});
  if (found == lost.end()) return call_error("refused", "this conflict is too long ago, or was answered already");
  const auto made = session.submit_again(found->second);
  if (!made) return client_error(made.error());
  lost.erase(found);
  return submitted(*made, {});
}

CallResult Core::Impl::set_presence(const Json& arguments, ByteView) {
  const auto found = arguments.find("presence");
  if (found == arguments.end()) return bad_argument("expected presence");
  auto presence = json::presence_of(*found);
  if (!presence) return bad_argument(presence.error().message);
  session.set_presence(std::move(*presence));
  return Json::object();
}

CallResult Core::Impl::make_invite(const Json& arguments, ByteView bytes) {
  const auto seed = seed_of(bytes);
  if (!seed) return bad_argument("expected 32 random bytes");
  const auto role = text_of(arguments, "role");
  log::InviteTerms terms;
  if (role == "viewer")
    terms.role = log::Role::viewer;
  else if (role == "admin")
    terms.role = log::Role::admin;
  else if (role != "editor")
    return bad_argument("role: expected viewer, editor or admin, got \"" + role + "\"");
  terms.expires_at = from_unix_ms(number_of(arguments, "expires_at_ms"));
  terms.uses_max = static_cast<std::uint32_t>(number_of(arguments, "uses"));
  const auto ticket = session.make_invite(terms, *seed);
  if (!ticket) return client_error(ticket.error());
  log::RoomLink room_link{text_of(arguments, "host"), static_cast<std::uint16_t>(number_of(arguments, "port")),
                          session.room(), options.hub, *ticket};
  const auto native = log::to_string(room_link);
  return Json{{"native", native},
              {"room", to_base64url(session.room().view())},
              {"secret", native.substr(native.find('#') + 1)}};
}

CallResult Core::Impl::state_hash(const Json&, ByteView) {
  const auto hash = to_hex(session.confirmed_state_hash().view());
  return Json{{"seq", session.confirmed_head().value()}, {"hash", hash}};
}

CallResult Core::Impl::go_offline(const Json&, ByteView) {
  session.go_offline();
  return Json::object();
}

CallResult Core::Impl::go_online(const Json&, ByteView) {
  session.go_online();
  return Json::object();
}

CallResult Core::Impl::take_writer(const Json&, ByteView) {
  is_writer = true;
  session.take_writer();
  return Json::object();
}

CallResult Core::Impl::save(const Json&, ByteView) {
  session.save();
  return Json::object();
}

// ---- Assets and history -------------------------------------------------------------------------------------------

CallResult Core::Impl::upload(const Json&, ByteView bytes) {
  const auto asset = session.upload_asset(SharedBytes(Bytes(bytes.begin(), bytes.end())));
  if (!asset) return client_error(asset.error());
  return Json{{"asset", to_hex(asset->view())}};
}

CallResult Core::Impl::download(const Json& arguments, ByteView) {
  const auto asset = fixed_of<AssetId>(from_hex(text_of(arguments, "asset")));
  if (!asset) return bad_argument("expected an asset's id: 64 hexadecimal digits");
  const auto queued = session.download_asset(*asset);
  if (!queued) return client_error(queued.error());
  return Json::object();
}

CallResult Core::Impl::supply_asset(const Json& arguments, ByteView bytes) {
  const auto asset = fixed_of<AssetId>(from_hex(text_of(arguments, "asset")));
  if (!asset) return bad_argument("expected an asset's id: 64 hexadecimal digits");
  return Json{{"is_good", session.supply_asset(*asset, SharedBytes(Bytes(bytes.begin(), bytes.end())))}};
}

CallResult Core::Impl::history(const Json& arguments, ByteView) {
  const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(number_of(arguments, "count"), UINT32_MAX));
  const auto query = session.query_history(Seq{number_of(arguments, "from")}, count);
  if (!query) return client_error(query.error());
  return Json{{"query", *query}};
}

void Core::Impl::tell_history(const client::History& told) {
  Json entries = Json::array();
  for (const auto& record : told.records)
    entries.push_back(json::history_entry_json(record, session.replica().members(), session.scene()));
  Json json = {
      {"event", "history"}, {"query", told.query}, {"head", told.head.value()}, {"entries", std::move(entries)}};
  if (told.refusal) json["refusal"] = {{"code", log::refusal_name(told.refusal->code)}, {"text", told.refusal->text}};
  output(std::move(json));
}

// ---- The link -----------------------------------------------------------------------------------------------------

CallResult Core::Impl::rtc_offer(const Json& arguments, ByteView) {
  offer = Offer{text_of(arguments, "sdp"), {}};
  if (offer->sdp.size() > transport::kOfferBytesMax)
    return call_error("refused", "the browser's offer is longer than a hub reads");
  const auto signature = transport::sign_offer(key, options.hub, now.wall, offer->sdp);
  return Json{{"author", to_base64url(session.author().view())},
              {"time", to_unix_ms(now.wall)},
              {"signature", to_base64url(signature.view())}};
}

CallResult Core::Impl::rtc_answer(const Json& arguments, ByteView) {
  if (!offer) return bad_argument("there is no offer that this could answer");
  const auto answer = text_of(arguments, "sdp");
  const auto signature = fixed_of<Signature>(from_base64url(text_of(arguments, "signature")));
  if (answer.size() > transport::kAnswerBytesMax || !signature ||
      !transport::verify_answer(options.hub, offer->sdp, answer, *signature))
    return call_error("wrong_hub",
                      "whoever answered is not the hub that the link names; if the hub got a new key, ask for a new "
                      "link");
  const auto own = transport::find_fingerprint(offer->sdp);
  const auto theirs = transport::find_fingerprint(answer);
  if (!own || !theirs) return call_error("refused", "the connection's certificates are not named");
  offer->binding = transport::rtc_channel_binding(*own, *theirs);
  return Json::object();
}

CallResult Core::Impl::rtc_open(const Json& arguments, ByteView) {
  if (number_of(arguments, "attempt") != link.peer().value()) return Json::object();
  if (!offer || !offer->binding) return bad_argument("the hub's answer was not verified");
  link.open_webrtc(*offer->binding, text_of(arguments, "address"));
  return Json::object();
}

CallResult Core::Impl::websocket_open(const Json& arguments, ByteView bytes) {
  const auto seed = seed_of(bytes);
  if (!seed) return bad_argument("expected 32 random bytes");
  if (number_of(arguments, "attempt") == link.peer().value()) link.open_websocket(*seed, text_of(arguments, "address"));
  return Json::object();
}

CallResult Core::Impl::link_closed(const Json& arguments, ByteView) {
  if (number_of(arguments, "attempt") != link.peer().value()) return Json::object();
  // Codes of the future, and codes that are no reason of the hub's, mean that the connection is gone and no more.
  const auto code = number_of(arguments, "code");
  const bool is_known = code <= static_cast<std::uint64_t>(transport::CloseReason::internal_error);
  const auto reason = is_known ? static_cast<transport::CloseReason>(code) : transport::CloseReason::unreachable;
  const bool by_peer = arguments.value("by_peer", false);
  link.closed(reason, text_of(arguments, "text"), by_peer);
  return Json::object();
}

CallResult Core::Impl::set_rtt(const Json& arguments, ByteView) {
  link.set_rtt(std::chrono::milliseconds{number_of(arguments, "ms")});
  return Json::object();
}

// ---- What takes many steps ----------------------------------------------------------------------------------------

template <class Kind, class... Arguments>
CallResult Core::Impl::begin_task(Arguments&&... arguments) {
  if (tasks.size() == limits::kTasksMax)
    return call_error("refused", "too many imports and exports run at once; wait for one to end");
  const auto id = next_task++;
  tasks.emplace(id, RunningTask{Task(std::in_place_type<Kind>, session, std::forward<Arguments>(arguments)...)});
  return Json{{"task", id}};
}

namespace {

struct Files {
  std::map<std::string, ByteView, std::less<>> by_name;

  /// As the page handed them in: a folder that was dropped has paths, single files have names only.
  [[nodiscard]] Expected<Bytes, interchange::ImportError> read(std::string_view path, std::size_t bytes_max) const {
    auto found = by_name.find(path);
    if (found == by_name.end()) found = by_name.find(path.substr(path.rfind('/') + 1));
    if (found == by_name.end())
      return fail(interchange::ImportError::missing_file,
                  std::string(path) + " is not there; drop it together with the file that names it");
    if (found->second.size() > bytes_max)
      return fail(interchange::ImportError::too_large,
                  std::string(path) + " is larger than " + std::to_string(bytes_max) + " bytes");
    return Bytes(found->second.begin(), found->second.end());
  }
};

std::optional<Files> files_of(const Json& arguments, ByteView bytes) {
  Files files;
  const auto list = arguments.find("files");
  if (list == arguments.end() || !list->is_array() || list->size() > limits::kImportFilesMax) return std::nullopt;
  for (const auto& file : *list) {
    const auto size = number_of(file, "bytes");
    if (size > bytes.size()) return std::nullopt;
    files.by_name[text_of(file, "name")] = bytes.first(size);
    bytes = bytes.subspan(size);
  }
  return files;
}

std::string stem_of(const std::string& name) {
  const auto begin = name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1;
  const auto dot = name.rfind('.');
  return name.substr(begin, dot == std::string::npos || dot <= begin ? std::string::npos : dot - begin);
}

}  // namespace

CallResult Core::Impl::begin_import(const Json& arguments, ByteView bytes) {
  const auto files = files_of(arguments, bytes);
  const auto name = text_of(arguments, "main");
  const auto parent = json::object_from_text(text_of(arguments, "parent"));
  if (!files || !parent || !files->by_name.contains(name)) return bad_argument("expected files and a parent");
  const auto resolver = [&](std::string_view path, std::size_t bytes_max) { return files->read(path, bytes_max); };
  auto scene = interchange::import_gltf(name, files->by_name.find(name)->second, resolver);
  if (!scene) return call_error("bad_file", scene.error().message);
  models::RoomImportOptions into;
  into.parent = *parent;
  into.may_end_offline = true;
  into.name = stem_of(name).substr(0, theta::limits::kNameBytesMax);
  const auto position = arguments.find("position");
  if (position != arguments.end() && position->is_array() && position->size() == 3)
    into.transform.position = {(*position)[0].get<float>(), (*position)[1].get<float>(), (*position)[2].get<float>()};
  Json warnings = scene->warnings;
  auto begun = begin_task<models::RoomImport>(std::move(*scene), std::move(into));
  if (begun) (*begun)["warnings"] = std::move(warnings);
  return begun;
}

CallResult Core::Impl::begin_export(const Json& arguments, ByteView) {
  std::vector<ObjectId> entities;
  const auto ids = arguments.find("ids");
  if (ids != arguments.end() && ids->is_array()) {
    for (const auto& one : *ids) {
      const auto id = one.is_string() ? json::object_from_text(one.get<std::string>()) : std::nullopt;
      if (!id || !session.scene().contains(*id)) return call_error("refused", "an entity to be exported is gone");
      entities.push_back(*id);
    }
    if (entities.empty()) return call_error("refused", "nothing was chosen to be exported");
  }
  return begin_task<models::RoomExport>(entities);
}

CallResult Core::Impl::begin_look_back(const Json& arguments, ByteView) {
  const Seq target{number_of(arguments, "seq")};
  if (target == Seq{0} || target > session.confirmed_head())
    return call_error("refused", "expected a record from 1 to " + std::to_string(session.confirmed_head().value()));
  const bool goes_on = past && past->head() <= target;
  auto begun =
      goes_on ? begin_task<LookBack>(std::move(*past), target) : begin_task<LookBack>(replica::Replica(), target);
  if (begun) past.reset();
  return begun;
}

/// Says whether it came in time: what is done already stays, and its end is told.
CallResult Core::Impl::cancel_task(const Json& arguments, ByteView) {
  const auto found = tasks.find(static_cast<std::uint32_t>(number_of(arguments, "task")));
  if (found == tasks.end()) return Json{{"cancelled", false}};
  // An import has to clean up behind itself.
  if (auto* import = std::get_if<models::RoomImport>(&found->second.task)) {
    if (import->is_over()) return Json{{"cancelled", false}};
    import->cancel();
  } else {
    if (auto* look = std::get_if<LookBack>(&found->second.task)) {
      look->cancel();
      if (look->trouble().empty() && !past) past = look->take_replica();
    }
    tasks.erase(found);
  }
  return Json{{"cancelled", true}};
}

}  // namespace theta::web
