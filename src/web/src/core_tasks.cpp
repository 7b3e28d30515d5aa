// What takes many steps: imports, exports and looks back. Each step is short, since everything else waits for it.

#include <utility>

#include "core_impl.h"
#include "theta/json/command_json.h"

namespace theta::web {

bool Core::Impl::tasks_have_work() const {
  struct HasWork {
    bool operator()(const models::RoomImport& import) const { return import.has_work() || import.is_over(); }
    bool operator()(const models::RoomExport& model) const { return model.is_ready() || model.has_work(); }
    bool operator()(const LookBack& look) const {
      return look.has_work() || look.is_ready() || !look.trouble().empty();
    }
  };
  for (const auto& [id, running] : tasks)
    if (std::visit(HasWork{}, running.task)) return true;
  return false;
}

void Core::Impl::advance_tasks() {
  for (auto at = tasks.begin(); at != tasks.end();) {
    const auto id = at->first;
    const bool is_over = std::visit([&](auto& task) { return advance_task(id, task); }, at->second.task);
    at = is_over ? tasks.erase(at) : std::next(at);
  }
}

bool Core::Impl::tell_tasks(const client::Event& event) {
  bool is_taken = false;
  for (auto& [id, running] : tasks) {
    if (auto* look = std::get_if<LookBack>(&running.task)) is_taken = look->on_event(event) || is_taken;
    if (auto* import = std::get_if<models::RoomImport>(&running.task)) import->on_event(event);
    if (auto* model = std::get_if<models::RoomExport>(&running.task)) model->on_event(event);
  }
  return is_taken;
}

void Core::Impl::tell_progress(std::uint32_t id, double fraction, const char* what) {
  auto& told = tasks.at(id).told_percent;
  const int percent = static_cast<int>(fraction * 100);
  if (percent == told) return;
  told = percent;
  output({{"event", "task_progress"}, {"task", id}, {"fraction", fraction}, {"what", what}});
}

void Core::Impl::fail_task(std::uint32_t id, const std::string& sentence, bool stands) {
  output({{"event", "task_failed"}, {"task", id}, {"text", sentence}, {"stands", stands}});
}

bool Core::Impl::advance_task(std::uint32_t id, models::RoomImport& import) {
  using Phase = models::RoomImport::Phase;
  if (import.has_work() || import.trouble()) import.advance();
  if (import.phase() == Phase::failed) {
    fail_task(id, import.trouble()->text, import.trouble()->stands);
    return true;
  }
  if (import.phase() == Phase::done) {
    Json commands = Json::array();
    for (const auto handle : import.commands()) commands.push_back(handle.value());
    output({{"event", "task_done"},
            {"task", id},
            {"ids", {json::to_text(import.top())}},
            {"commands", std::move(commands)},
            {"entities", import.entity_count()}});
    return true;
  }
  const bool uploads = import.phase() == Phase::uploading;
  // Assets are most of the bytes, and so most of the time.
  constexpr double kUploadShare = 0.8;
  const double fraction =
      uploads ? kUploadShare * import.fraction() : kUploadShare + (1 - kUploadShare) * import.fraction();
  if (import.phase() != Phase::taking_back) tell_progress(id, fraction, uploads ? "uploading" : "creating");
  return false;
}

bool Core::Impl::advance_task(std::uint32_t id, models::RoomExport& model) {
  model.advance();
  if (!model.is_ready()) {
    tell_progress(id, model.fraction(), "downloading");
    return false;
  }
  if (!model.trouble().empty()) {
    fail_task(id, model.trouble());
    return true;
  }
  auto bytes = model.encode();
  if (bytes)
    output({{"event", "task_done"}, {"task", id}}, SharedBytes(std::move(*bytes)));
  else
    fail_task(id, bytes.error().message);
  return true;
}

bool Core::Impl::advance_task(std::uint32_t id, LookBack& look) {
  look.advance();
  if (!look.trouble().empty()) {
    fail_task(id, look.trouble());
    return true;
  }
  if (!look.is_ready()) {
    tell_progress(id, look.fraction(), "replaying");
    return false;
  }
  SceneMirror::tell_all(look.replica().scene(), [&](const std::string& json) {
    outputs.push_back({R"({"event":"past","task":)" + std::to_string(id) + ',' + json.substr(1), {}});
  });
  output({{"event", "task_done"}, {"task", id}});
  past = look.take_replica();
  return true;
}

}  // namespace theta::web
