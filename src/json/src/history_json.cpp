#include "theta/json/history_json.h"

#include <algorithm>
#include <string>
#include <vector>

#include "theta/base/hex.h"
#include "theta/json/command_json.h"
#include "theta/json/printable.h"
#include "theta/log/command_rules.h"
#include "theta/wire/schema.h"

namespace theta::json {

namespace {

namespace fb = wire::fb;

/// Whoever reads a list wants to know what it was about; a delete may name thousands.
constexpr std::size_t kTargetsToldMax = 64;

/// What a command says, in words and by its targets.
class Teller {
 public:
  Teller(const log::Members& members, const scene::Scene& scene) : members_(members), scene_(scene) {}

  [[nodiscard]] Json tell(const fb::CommandUnion& command) const {
    const auto ids = targets_of(command);
    Json targets = Json::array();
    for (std::size_t at = 0; at < std::min(ids.size(), kTargetsToldMax); ++at)
      targets.push_back(to_text(ObjectId{ids[at]}));
    Json told = {{"command", log::command_name(command.type)},
                 {"targets", std::move(targets)},
                 {"count", ids.size()},
                 {"text", sentence(command, ids)}};
    if (auto names = names_given_by(command); !names.empty()) told["names"] = std::move(names);
    return told;
  }

  [[nodiscard]] std::string name_of(const AuthorKey& author) const {
    const auto* member = members_.find(author);
    return member ? member->display_name : std::string();
  }

 private:
  using Ids = std::vector<std::uint64_t>;

  template <class Table>
  static Ids ids_of(const Table* table) {
    return table->targets;
  }

  static Ids targets_of(const fb::CommandUnion& command) {
    switch (command.type) {
      case fb::Command::CreateEntities: {
        Ids ids;
        for (const auto& entity : command.AsCreateEntities()->entities) ids.push_back(entity->id);
        return ids;
      }
      case fb::Command::DeleteEntities: return ids_of(command.AsDeleteEntities());
      case fb::Command::DuplicateEntities: return ids_of(command.AsDuplicateEntities());
      case fb::Command::RenameEntity: return {command.AsRenameEntity()->target};
      case fb::Command::ReparentEntities: return ids_of(command.AsReparentEntities());
      case fb::Command::ReorderEntities: return ids_of(command.AsReorderEntities());
      case fb::Command::SetTransform: return ids_of(command.AsSetTransform());
      case fb::Command::TranslateBy: return ids_of(command.AsTranslateBy());
      case fb::Command::RotateBy: return ids_of(command.AsRotateBy());
      case fb::Command::ScaleBy: return ids_of(command.AsScaleBy());
      case fb::Command::SetMesh: return ids_of(command.AsSetMesh());
      case fb::Command::SetMaterial: return ids_of(command.AsSetMaterial());
      case fb::Command::SetLight: return ids_of(command.AsSetLight());
      case fb::Command::SetCamera: return ids_of(command.AsSetCamera());
      case fb::Command::SetVisibility: return ids_of(command.AsSetVisibility());
      case fb::Command::ChangeTags: return ids_of(command.AsChangeTags());
      case fb::Command::SetAppComponent: return ids_of(command.AsSetAppComponent());
      case fb::Command::HighlightSelection: return command.AsHighlightSelection()->add;
      case fb::Command::SetPolicy: {
        const auto entity = command.AsSetPolicy()->entity;
        return entity == 0 ? Ids() : Ids{entity};
      }
      default: return {};
    }
  }

  /// What the command calls its targets, in their order: who keeps these can tell what was deleted since.
  static Json names_given_by(const fb::CommandUnion& command) {
    Json names = Json::array();
    if (const auto* rename = command.AsRenameEntity()) names.push_back(rename->name);
    if (const auto* create = command.AsCreateEntities())
      for (std::size_t at = 0; at < std::min(create->entities.size(), kTargetsToldMax); ++at)
        names.push_back(create->entities[at]->name);
    return names;
  }

  /// “box”, or “3 objects”.
  [[nodiscard]] std::string things(const Ids& ids) const {
    if (ids.size() != 1) return counted(ids.size(), "object", "objects");
    return entity(ObjectId{ids.front()});
  }

  [[nodiscard]] std::string entity(ObjectId id) const {
    if (id == kNoObject) return "the top level";
    if (!scene_.contains(id)) return "an object that is gone";
    const auto* name = scene_.name(id);
    return name == nullptr || name->empty() ? "an object without a name" : "“" + *name + "”";
  }

  [[nodiscard]] std::string person(const std::unique_ptr<fb::Bytes32>& key) const {
    const auto author = wire::from_fb<AuthorKey>(*key);
    const auto name = name_of(author);
    return name.empty() ? to_hex(author.view()).substr(0, 8) : name;
  }

  [[nodiscard]] std::string sentence(const fb::CommandUnion& command, const Ids& ids) const {
    switch (command.type) {
      case fb::Command::CreateEntities: return added(*command.AsCreateEntities());
      case fb::Command::DeleteEntities: return "deleted " + things(ids);
      case fb::Command::DuplicateEntities: return "duplicated " + things(ids);
      case fb::Command::RenameEntity: return "named an object “" + command.AsRenameEntity()->name + "”";
      case fb::Command::ReparentEntities:
        return "moved " + things(ids) + " to " + entity(ObjectId{command.AsReparentEntities()->parent});
      case fb::Command::ReorderEntities: return "reordered " + things(ids);
      case fb::Command::SetTransform: return "placed " + things(ids);
      case fb::Command::TranslateBy: return "moved " + things(ids);
      case fb::Command::RotateBy: return "rotated " + things(ids);
      case fb::Command::ScaleBy: return "scaled " + things(ids);
      case fb::Command::SetMesh: return change(command.AsSetMesh()->mesh != nullptr, "mesh", ids);
      case fb::Command::SetMaterial: return change(command.AsSetMaterial()->material != nullptr, "material", ids);
      case fb::Command::SetLight: return change(command.AsSetLight()->light != nullptr, "light", ids);
      case fb::Command::SetCamera: return change(command.AsSetCamera()->camera != nullptr, "camera", ids);
      case fb::Command::SetVisibility: return (command.AsSetVisibility()->visible ? "showed " : "hid ") + things(ids);
      case fb::Command::ChangeTags: return "changed the tags of " + things(ids);
      case fb::Command::SetAppComponent: return "changed an application's data of " + things(ids);
      default: return sentence_about_people(command, ids);
    }
  }

  [[nodiscard]] std::string sentence_about_people(const fb::CommandUnion& command, const Ids& ids) const {
    switch (command.type) {
      case fb::Command::OpenRoom: return "opened the room “" + command.AsOpenRoom()->name + "”";
      case fb::Command::JoinRoom:
        return std::string("joined as ") + fb::EnumNameRole(command.AsJoinRoom()->invite->role);
      case fb::Command::GrantRole:
        return "made " + person(command.AsGrantRole()->author) + " " + fb::EnumNameRole(command.AsGrantRole()->role);
      case fb::Command::RevokeRole: return "put " + person(command.AsRevokeRole()->author) + " out";
      case fb::Command::RevokeInvite: return "revoked an invite";
      case fb::Command::SetPolicy: return "changed who wins conflicts on " + (ids.empty() ? "the room" : things(ids));
      case fb::Command::HighlightSelection: return ids.empty() ? "selected nothing" : "selected " + things(ids);
      case fb::Command::ActivateTool: return "took the tool “" + command.AsActivateTool()->tool + "”";
      case fb::Command::DeactivateTool: return "put the tool away";
      case fb::Command::Undo: return "took a step back";
      case fb::Command::Redo: return "did a step again";
      default: return log::command_name(command.type);
    }
  }

  [[nodiscard]] static std::string added(const fb::CreateEntitiesT& command) {
    if (command.entities.size() == 1 && !command.entities.front()->name.empty())
      return "added “" + command.entities.front()->name + "”";
    return "added " + counted(command.entities.size(), "object", "objects");
  }

  [[nodiscard]] std::string change(bool is_set, const std::string& part, const Ids& ids) const {
    return (is_set ? "changed the " : "removed the ") + part + " of " + things(ids);
  }

  const log::Members& members_;
  const scene::Scene& scene_;
};

}  // namespace

Json history_entry_json(const log::Record& record, const log::Members& members, const scene::Scene& scene) {
  const Teller teller(members, scene);
  const auto& author = record.packet.header.author;
  Json commands = Json::array();
  const wire::AlignedBytes aligned(record.packet.payload.view());
  const auto* payload = record.packet.archived ? nullptr : wire::verified_payload(aligned.view());
  if (payload != nullptr && !log::check_payload(*payload, record.packet.header.command_count)) {
    fb::CommandPayloadT unpacked;
    payload->UnPackTo(&unpacked);
    for (const auto& command : unpacked.commands) commands.push_back(teller.tell(command));
  }
  return {{"seq", record.seq.value()},       {"time_ms", to_unix_ms(record.hub_time)},
          {"author", to_hex(author.view())}, {"author_name", teller.name_of(author)},
          {"commands", std::move(commands)}, {"archived", record.packet.archived}};
}

}  // namespace theta::json
