#include "draft.h"
#include "theta/base/check.h"

namespace theta::client {
namespace {

namespace fb = wire::fb;

/// Visits every entity id of a command by reference.
class IdVisitor {
 public:
  explicit IdVisitor(const std::function<ObjectId(ObjectId)>& map) : map_(map) {}

  void visit(fb::CommandUnion& command) {
    switch (command.type) {
      case fb::Command::SetPolicy: one(command.AsSetPolicy()->entity); break;
      case fb::Command::CreateEntities: create(*command.AsCreateEntities()); break;
      case fb::Command::DeleteEntities: many(command.AsDeleteEntities()->targets); break;
      case fb::Command::DuplicateEntities:
        many(command.AsDuplicateEntities()->targets);
        one(command.AsDuplicateEntities()->first_id);
        break;
      case fb::Command::RenameEntity: one(command.AsRenameEntity()->target); break;
      case fb::Command::ReparentEntities:
        many(command.AsReparentEntities()->targets);
        one(command.AsReparentEntities()->parent);
        one(command.AsReparentEntities()->before);
        break;
      case fb::Command::ReorderEntities:
        many(command.AsReorderEntities()->targets);
        one(command.AsReorderEntities()->before);
        break;
      case fb::Command::HighlightSelection:
        many(command.AsHighlightSelection()->add);
        many(command.AsHighlightSelection()->remove);
        break;
      default: component(command); break;
    }
  }

 private:
  void component(fb::CommandUnion& command) {
    switch (command.type) {
      case fb::Command::SetTransform: many(command.AsSetTransform()->targets); break;
      case fb::Command::TranslateBy: many(command.AsTranslateBy()->targets); break;
      case fb::Command::RotateBy: many(command.AsRotateBy()->targets); break;
      case fb::Command::ScaleBy: many(command.AsScaleBy()->targets); break;
      case fb::Command::SetMesh: many(command.AsSetMesh()->targets); break;
      case fb::Command::SetMaterial: many(command.AsSetMaterial()->targets); break;
      case fb::Command::SetLight: many(command.AsSetLight()->targets); break;
      case fb::Command::SetCamera: many(command.AsSetCamera()->targets); break;
      case fb::Command::SetVisibility: many(command.AsSetVisibility()->targets); break;
      case fb::Command::ChangeTags: many(command.AsChangeTags()->targets); break;
      case fb::Command::SetAppComponent: many(command.AsSetAppComponent()->targets); break;
      default: break;  // no ids
    }
  }
  void create(fb::CreateEntitiesT& table) {
    for (auto& entity : table.entities) {
      one(entity->id);
      one(entity->parent);
    }
  }
  void one(std::uint64_t& id) {
    if (id != 0) id = map_(ObjectId{id}).value();
  }
  void many(std::vector<std::uint64_t>& ids) {
    for (auto& id : ids) one(id);
  }

  const std::function<ObjectId(ObjectId)>& map_;
};

}  // namespace

Bytes map_ids(ByteView payload, const std::function<ObjectId(ObjectId)>& map) {
  const auto* table = wire::verified_payload(payload);
  THETA_CHECK(table != nullptr && table->commands()->size() == 1);
  fb::CommandUnion command;
  command.type = static_cast<fb::Command>(table->commands_type()->Get(0));
  command.value = fb::CommandUnion::UnPack(table->commands()->Get(0), command.type, nullptr);
  IdVisitor(map).visit(command);
  const Command mapped(std::move(command));
  return {mapped.payload().begin(), mapped.payload().end()};
}

std::vector<std::pair<ObjectId, std::uint64_t>> minted_ids(ByteView payload) {
  std::vector<std::pair<ObjectId, std::uint64_t>> result;
  const auto* table = wire::verified_payload(payload);
  if (table == nullptr) return result;
  for (flatbuffers::uoffset_t i = 0; i < table->commands()->size(); ++i) {
    const auto type = static_cast<fb::Command>(table->commands_type()->Get(i));
    const auto* command = table->commands()->Get(i);
    if (type == fb::Command::CreateEntities) {
      for (const auto* entity : *static_cast<const fb::CreateEntities*>(command)->entities())
        result.emplace_back(ObjectId{entity->id()}, 1);
    } else if (type == fb::Command::DuplicateEntities) {
      const auto* duplicate = static_cast<const fb::DuplicateEntities*>(command);
      result.emplace_back(ObjectId{duplicate->first_id()}, duplicate->id_count());
    }
  }
  return result;
}

}  // namespace theta::client
