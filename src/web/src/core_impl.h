#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "look_back.h"
#include "theta/json/json.h"
#include "theta/models/room_export.h"
#include "theta/models/room_import.h"
#include "theta/transport/rtc_signalling.h"
#include "theta/web/core.h"
#include "theta/web/scene_mirror.h"

namespace theta::web {

using json::Json;

/// What goes wrong with a call: a code for the page, and a sentence.
struct CallError {
  std::string code;
  std::string text;
};
using CallResult = tl::expected<Json, CallError>;

/// Driving and telling stand in core.cpp, the page's functions in core_calls.cpp, what takes many steps in
/// core_tasks.cpp.
struct Core::Impl {
  Impl(const CoreOptions& given, const crypto::KeyPair& author, client::Persistence::Stored stored);

  // ---- core.cpp ----
  void step(Now at);
  void hand_over_events();
  void begin_connecting();
  void poll();
  void tell(const client::Event& event);
  void tell_scene(const client::Changed& changed);
  void tell_members();
  void tell_participants();
  void tell_presence(const client::PresenceChanged& changed);
  void tell_conflict(const client::Conflict& conflict);
  void tell_status();
  void tell_history(const client::History& told);
  void output(Json json, SharedBytes bytes = {});
  [[nodiscard]] Json status_json();

  // ---- core_calls.cpp ----
  using Function = CallResult (Impl::*)(const Json& arguments, ByteView bytes);
  [[nodiscard]] static const std::map<std::string, Function>& functions();
  [[nodiscard]] CallResult submit(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult submit_again(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult set_presence(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult make_invite(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult upload(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult download(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult supply_asset(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult history(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult state_hash(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult go_offline(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult go_online(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult take_writer(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult save(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult rtc_offer(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult rtc_answer(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult rtc_open(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult websocket_open(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult link_closed(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult set_rtt(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult begin_import(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult begin_export(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult begin_look_back(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult cancel_task(const Json& arguments, ByteView bytes);
  [[nodiscard]] CallResult submitted(client::CommandHandle handle, const std::vector<ObjectId>& ids);

  // ---- core_tasks.cpp ----
  using Task = std::variant<models::RoomImport, models::RoomExport, LookBack>;
  /// On failure the arguments were not moved from.
  template <class Kind, class... Arguments>
  [[nodiscard]] CallResult begin_task(Arguments&&... arguments);
  void advance_tasks();
  /// True when no one else needs to hear of the event.
  bool tell_tasks(const client::Event& event);
  /// Each returns whether the task is over.
  bool advance_task(std::uint32_t id, models::RoomImport& import);
  bool advance_task(std::uint32_t id, models::RoomExport& model);
  bool advance_task(std::uint32_t id, LookBack& look);
  void tell_progress(std::uint32_t id, double fraction, const char* what);
  /// `stands`: something of it is in the room for good.
  void fail_task(std::uint32_t id, const std::string& text, bool stands = false);
  [[nodiscard]] bool tasks_have_work() const;

  CoreOptions options;
  crypto::KeyPair key;
  std::optional<StorageQueue> storage;
  Link link;
  client::Session session;
  Now now;

  SceneMirror mirror;
  std::deque<Output> outputs;
  std::string last_status;
  std::string text;  // the last sentence about the connection
  bool is_writer;
  std::optional<client::SessionNumber> session_number;
  /// For each command that is not on this device's disk yet, the write that will have it.
  std::deque<std::uint64_t> unstored;
  MonotonicTime storage_retry_at{};
  std::map<client::CommandHandle, client::Command> lost;

  struct Offer {
    std::string sdp;
    std::optional<transport::ChannelBinding> binding;  // once the answer is verified
  };
  std::optional<Offer> offer;

  struct RunningTask {
    Task task;
    int told_percent = -1;
  };
  std::map<std::uint32_t, RunningTask> tasks;
  std::uint32_t next_task = 1;
  /// Where the last look back ended, for the next one.
  std::optional<replica::Replica> past;
};

/// An object whose "error" the page understands.
[[nodiscard]] std::string error_text(const CallError& error);
[[nodiscard]] std::string dump(const Json& json);

}  // namespace theta::web
