#include "theta/log/command_rules.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "id_lists.h"
#include "theta/base/ids.h"
#include "theta/base/limits.h"
#include "value_rules.h"

namespace theta::log {
namespace {

namespace fb = wire::fb;
using Ids = flatbuffers::Vector<std::uint64_t>;
using Strings = flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>;

std::string_view text_of(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view() : std::string_view(text->c_str(), text->size());
}

bool is_role(fb::Role role) { return role >= fb::Role::viewer && role <= fb::Role::admin; }

// Checks one packet. Every `check` answers whether the command is good; the first that is not leaves its reason.
class PayloadChecker {
 public:
  [[nodiscard]] bool check_packet(const fb::CommandPayload& payload, std::uint16_t claimed_count);
  [[nodiscard]] Refused take_refusal() { return std::move(refused_); }

 private:
  [[nodiscard]] bool check_command(const fb::CommandPayload& payload, flatbuffers::uoffset_t at);
  [[nodiscard]] bool check_room_command(const void* command);
  [[nodiscard]] bool check_entity_command(const void* command);
  [[nodiscard]] bool check_component_command(const void* command);

  [[nodiscard]] bool check(const fb::OpenRoom& command);
  [[nodiscard]] bool check(const fb::JoinRoom& command);
  [[nodiscard]] bool check(const fb::GrantRole& command);
  [[nodiscard]] bool check(const fb::SetPolicy& command);
  [[nodiscard]] bool check(const fb::CreateEntities& command);
  [[nodiscard]] bool check(const fb::EntityDescription& entity);
  [[nodiscard]] bool check(const fb::DuplicateEntities& command);
  [[nodiscard]] bool check(const fb::RenameEntity& command);
  [[nodiscard]] bool check(const fb::ReparentEntities& command);
  [[nodiscard]] bool check(const fb::SetTransform& command);
  [[nodiscard]] bool check(const fb::RotateBy& command);
  [[nodiscard]] bool check(const fb::ScaleBy& command);
  [[nodiscard]] bool check(const fb::SetMesh& command);
  [[nodiscard]] bool check(const fb::ChangeTags& command);
  [[nodiscard]] bool check(const fb::SetAppComponent& command);
  [[nodiscard]] bool check(const fb::HighlightSelection& command);
  template <class Span>
  [[nodiscard]] bool check_span(const Span& command);

  [[nodiscard]] bool check_targets(const Ids* targets);
  [[nodiscard]] bool check_ids(const Ids* ids, std::size_t count_max);
  [[nodiscard]] bool check_minted(std::uint64_t first, std::uint64_t count);
  [[nodiscard]] bool check_tags(const Strings* tags, std::size_t entity_count);
  [[nodiscard]] bool check_apps(const fb::EntityDescription& entity);
  [[nodiscard]] bool check_app(std::uint64_t component, const flatbuffers::Vector<std::uint8_t>* value,
                               std::size_t entity_count);
  [[nodiscard]] bool count_targets(std::uint64_t count);
  [[nodiscard]] bool count_written(std::size_t bytes, std::size_t entity_count);

  // False, with the reason "Command 3 (set_transform): expected WHAT."
  bool refuse(RefusalCode code, std::string_view expected);
  [[nodiscard]] bool meets(Expectation expectation) {
    return expectation == nullptr || refuse(RefusalCode::bad_value, expectation);
  }
  [[nodiscard]] bool require(bool good, RefusalCode code, const char* expected) {
    return good || refuse(code, expected);
  }

  Refused refused_;
  fb::Command type_ = fb::Command::NONE;
  flatbuffers::uoffset_t index_ = 0;
  std::uint64_t last_minted_ = 0;
  std::uint64_t targets_ = 0;
  std::uint64_t written_bytes_ = 0;
};

bool PayloadChecker::refuse(RefusalCode code, std::string_view expected) {
  refused_.code = code;
  refused_.text = "Command " + std::to_string(index_ + 1) + " (" + command_name(type_) + "): expected ";
  refused_.text += expected;
  refused_.text += '.';
  return false;
}

bool PayloadChecker::check_packet(const fb::CommandPayload& payload, std::uint16_t claimed_count) {
  const auto count = payload.commands()->size();
  if (count > limits::kCommandsPerPacketMax) {
    refused_ = {RefusalCode::too_many_commands, "Expected at most " + std::to_string(limits::kCommandsPerPacketMax) +
                                                    " commands in a packet; got " + std::to_string(count) +
                                                    ". Send them in several packets."};
    return false;
  }
  if (count == 0 || count != claimed_count) {
    refused_ = {RefusalCode::malformed, "Expected a packet of at least one command and as many as its header says (" +
                                            std::to_string(claimed_count) + "); got " + std::to_string(count) + '.'};
    return false;
  }
  for (index_ = 0; index_ < count; ++index_)
    if (!check_command(payload, index_)) return false;
  return true;
}

bool PayloadChecker::check_command(const fb::CommandPayload& payload, flatbuffers::uoffset_t at) {
  type_ = payload.commands_type()->GetEnum<fb::Command>(at);
  const void* command = payload.commands()->Get(at);
  if (type_ == fb::Command::NONE || type_ > fb::Command::MAX)
    return refuse(RefusalCode::malformed, "a command that this version knows; update this side");
  if (type_ <= fb::Command::SetPolicy) {
    const bool stands_alone = type_ == fb::Command::OpenRoom || type_ == fb::Command::JoinRoom;
    if (stands_alone && payload.commands()->size() != 1)
      return refuse(RefusalCode::malformed, "it to be the only command of its packet");
    return check_room_command(command);
  }
  if (type_ == fb::Command::RevokeInvite) return check_room_command(command);
  return type_ <= fb::Command::ReorderEntities ? check_entity_command(command) : check_component_command(command);
}

bool PayloadChecker::check_room_command(const void* command) {
  switch (type_) {
    case fb::Command::OpenRoom: return check(*static_cast<const fb::OpenRoom*>(command));
    case fb::Command::JoinRoom: return check(*static_cast<const fb::JoinRoom*>(command));
    case fb::Command::GrantRole: return check(*static_cast<const fb::GrantRole*>(command));
    case fb::Command::RevokeRole: return meets(check_key(*static_cast<const fb::RevokeRole*>(command)->author()));
    case fb::Command::RevokeInvite: return meets(check_key(*static_cast<const fb::RevokeInvite*>(command)->invite()));
    default: return check(*static_cast<const fb::SetPolicy*>(command));
  }
}

bool PayloadChecker::check_entity_command(const void* command) {
  switch (type_) {
    case fb::Command::CreateEntities: return check(*static_cast<const fb::CreateEntities*>(command));
    case fb::Command::DeleteEntities: return check_targets(static_cast<const fb::DeleteEntities*>(command)->targets());
    case fb::Command::DuplicateEntities: return check(*static_cast<const fb::DuplicateEntities*>(command));
    case fb::Command::RenameEntity: return check(*static_cast<const fb::RenameEntity*>(command));
    case fb::Command::ReparentEntities: return check(*static_cast<const fb::ReparentEntities*>(command));
    default: return check_targets(static_cast<const fb::ReorderEntities*>(command)->targets());
  }
}

bool PayloadChecker::check_component_command(const void* command) {
  switch (type_) {
    case fb::Command::SetTransform: return check(*static_cast<const fb::SetTransform*>(command));
    case fb::Command::TranslateBy: {
      const auto& translate = *static_cast<const fb::TranslateBy*>(command);
      return check_targets(translate.targets()) && meets(check_vector(*translate.offset()));
    }
    case fb::Command::RotateBy: return check(*static_cast<const fb::RotateBy*>(command));
    case fb::Command::ScaleBy: return check(*static_cast<const fb::ScaleBy*>(command));
    case fb::Command::SetMesh: return check(*static_cast<const fb::SetMesh*>(command));
    case fb::Command::SetMaterial: {
      const auto& set = *static_cast<const fb::SetMaterial*>(command);
      return check_targets(set.targets()) && (set.material() == nullptr || meets(check_material(*set.material())));
    }
    case fb::Command::SetLight: {
      const auto& set = *static_cast<const fb::SetLight*>(command);
      return check_targets(set.targets()) && (set.light() == nullptr || meets(check_light(*set.light())));
    }
    case fb::Command::SetCamera: {
      const auto& set = *static_cast<const fb::SetCamera*>(command);
      return check_targets(set.targets()) && (set.camera() == nullptr || meets(check_camera(*set.camera())));
    }
    case fb::Command::SetVisibility: return check_targets(static_cast<const fb::SetVisibility*>(command)->targets());
    case fb::Command::ChangeTags: return check(*static_cast<const fb::ChangeTags*>(command));
    case fb::Command::SetAppComponent: return check(*static_cast<const fb::SetAppComponent*>(command));
    case fb::Command::HighlightSelection: return check(*static_cast<const fb::HighlightSelection*>(command));
    case fb::Command::ActivateTool:
      return meets(check_tool(text_of(static_cast<const fb::ActivateTool*>(command)->tool())));
    case fb::Command::Undo: return check_span(*static_cast<const fb::Undo*>(command));
    case fb::Command::Redo: return check_span(*static_cast<const fb::Redo*>(command));
    default: return true;  // DeactivateTool says nothing that could be wrong
  }
}

bool PayloadChecker::check(const fb::OpenRoom& command) {
  const auto name = text_of(command.name());
  return meets(check_name(name)) && require(!name.empty(), RefusalCode::bad_value, "a room's name") &&
         meets(check_name(text_of(command.display_name()))) && meets(check_key(*command.hub()));
}

bool PayloadChecker::check(const fb::JoinRoom& command) {
  const auto& invite = *command.invite();
  return meets(check_name(text_of(command.display_name()))) &&
         require(is_role(invite.role()), RefusalCode::bad_value, "an invite as viewer, editor or admin") &&
         require(invite.expires_at_ms() <= static_cast<std::uint64_t>(INT64_MAX), RefusalCode::bad_value,
                 "an invite's expiry below 2^63 milliseconds") &&
         meets(check_key(*invite.key())) && meets(check_key(*invite.issuer()));
}

bool PayloadChecker::check(const fb::GrantRole& command) {
  return require(is_role(command.role()), RefusalCode::bad_value, "the role viewer, editor or admin") &&
         meets(check_key(*command.author()));
}

bool PayloadChecker::check(const fb::SetPolicy& command) {
  return require(command.entity() == 0 || is_object_id(command.entity()), RefusalCode::bad_id,
                 "an entity's id, or 0 for all") &&
         require(command.component() <= fb::Component::MAX, RefusalCode::bad_value, "a known component (0 to 10)") &&
         require(command.strategy() <= fb::ConflictStrategy::MAX, RefusalCode::bad_value, "a known strategy (0 to 2)");
}

bool PayloadChecker::check(const fb::CreateEntities& command) {
  const auto& entities = *command.entities();
  if (entities.size() == 0 || entities.size() > limits::kTargetsPerCommandMax)
    return refuse(RefusalCode::bad_value, "1 to 4096 entities");
  if (!count_targets(entities.size())) return false;
  return std::all_of(entities.begin(), entities.end(), [&](const auto* entity) { return check(*entity); });
}

bool PayloadChecker::check(const fb::EntityDescription& entity) {
  const auto name = text_of(entity.name());
  return check_minted(entity.id(), 1) &&
         require(entity.parent() == 0 || is_object_id(entity.parent()), RefusalCode::bad_id,
                 "a parent's id, or 0 for the root") &&
         require(entity.parent() != entity.id(), RefusalCode::bad_id, "another entity as parent") &&
         meets(check_name(name)) && count_written(name.size(), 1) &&
         (entity.transform() == nullptr || meets(check_transform(*entity.transform()))) &&
         (entity.mesh() == nullptr || require(!wire::from_fb<AssetId>(*entity.mesh()).is_zero(), RefusalCode::bad_value,
                                              "a mesh's asset id that is not zero")) &&
         (entity.material() == nullptr || meets(check_material(*entity.material()))) &&
         (entity.light() == nullptr || meets(check_light(*entity.light()))) &&
         (entity.camera() == nullptr || meets(check_camera(*entity.camera()))) && check_tags(entity.tags(), 1) &&
         check_apps(entity);
}

bool PayloadChecker::check(const fb::DuplicateEntities& command) {
  return check_targets(command.targets()) &&
         require(command.id_count() >= command.targets()->size() && command.id_count() <= limits::kSubtreeEntitiesMax,
                 RefusalCode::bad_value, "an id for every target and at most 16384") &&
         check_minted(command.first_id(), command.id_count());
}

bool PayloadChecker::check(const fb::RenameEntity& command) {
  const auto name = text_of(command.name());
  return require(is_object_id(command.target()), RefusalCode::bad_id, "an entity's id") && count_targets(1) &&
         meets(check_name(name)) && count_written(name.size(), 1);
}

bool PayloadChecker::check(const fb::ReparentEntities& command) {
  if (!check_targets(command.targets())) return false;
  if (command.parent() != 0 && !is_object_id(command.parent()))
    return refuse(RefusalCode::bad_id, "a parent's id, or 0 for the root");
  const auto& targets = *command.targets();
  if (std::find(targets.begin(), targets.end(), command.parent()) != targets.end())
    return refuse(RefusalCode::bad_value, "a parent that is none of the targets");
  if (command.transforms() == nullptr) return true;
  if (command.transforms()->size() != targets.size())
    return refuse(RefusalCode::bad_value, "no transforms, or one for each target");
  const auto& transforms = *command.transforms();
  return std::all_of(transforms.begin(), transforms.end(),
                     [&](const auto* transform) { return meets(check_transform(*transform)); });
}

bool PayloadChecker::check(const fb::SetTransform& command) {
  if (!check_targets(command.targets())) return false;
  const auto& transforms = *command.transforms();
  if (transforms.size() != 1 && transforms.size() != command.targets()->size())
    return refuse(RefusalCode::bad_value, "one transform, or one for each target");
  return std::all_of(transforms.begin(), transforms.end(),
                     [&](const auto* transform) { return meets(check_transform(*transform)); });
}

bool PayloadChecker::check(const fb::RotateBy& command) {
  return check_targets(command.targets()) && meets(check_rotation(*command.rotation())) &&
         (command.pivot() == nullptr || meets(check_vector(*command.pivot())));
}

bool PayloadChecker::check(const fb::ScaleBy& command) {
  return check_targets(command.targets()) && meets(check_vector(*command.factor())) &&
         (command.pivot() == nullptr || meets(check_vector(*command.pivot())));
}

bool PayloadChecker::check(const fb::SetMesh& command) {
  if (!check_targets(command.targets())) return false;
  if (command.mesh() == nullptr) return true;
  return require(!wire::from_fb<AssetId>(*command.mesh()).is_zero(), RefusalCode::bad_value,
                 "a mesh's asset id that is not zero; leave it out to remove the mesh");
}

bool PayloadChecker::check(const fb::ChangeTags& command) {
  const auto size_of = [](const Strings* tags) { return tags == nullptr ? std::size_t{0} : tags->size(); };
  if (!check_targets(command.targets())) return false;
  if (size_of(command.add()) + size_of(command.remove()) == 0)
    return refuse(RefusalCode::bad_value, "a tag to add or to remove");
  const std::size_t entity_count = command.targets()->size();
  if (!check_tags(command.add(), entity_count) || !check_tags(command.remove(), entity_count)) return false;
  if (command.add() == nullptr || command.remove() == nullptr) return true;
  for (const auto* added : *command.add())
    for (const auto* removed : *command.remove())
      if (text_of(added) == text_of(removed)) return refuse(RefusalCode::bad_value, "no tag both added and removed");
  return true;
}

bool PayloadChecker::check(const fb::SetAppComponent& command) {
  return check_targets(command.targets()) && check_app(command.component(), command.value(), command.targets()->size());
}

bool PayloadChecker::check(const fb::HighlightSelection& command) {
  const auto is_empty = [](const Ids* ids) { return ids == nullptr || ids->size() == 0; };
  if (is_empty(command.add()) && is_empty(command.remove()) && !command.clear())
    return refuse(RefusalCode::bad_value, "something to add, to remove or to clear");
  if (!is_empty(command.add()) && !check_ids(command.add(), limits::kSelectionMax)) return false;
  if (!is_empty(command.remove()) && !check_ids(command.remove(), limits::kSelectionMax)) return false;
  if (is_empty(command.add()) || is_empty(command.remove())) return true;
  std::vector<std::uint64_t> added(command.add()->begin(), command.add()->end());
  std::sort(added.begin(), added.end());
  const bool is_disjoint = std::none_of(command.remove()->begin(), command.remove()->end(), [&](std::uint64_t id) {
    return std::binary_search(added.begin(), added.end(), id);
  });
  return require(is_disjoint, RefusalCode::bad_value, "no entity both added and removed");
}

template <class Span>
bool PayloadChecker::check_span(const Span& command) {
  const auto& first = *command.first();
  const auto& last = *command.last();
  const bool in_range = first.nonce() != 0 && first.index() < limits::kCommandsPerPacketMax &&
                        last.index() < limits::kCommandsPerPacketMax;
  const bool in_order =
      first.nonce() < last.nonce() || (first.nonce() == last.nonce() && first.index() <= last.index());
  return require(in_range && in_order, RefusalCode::bad_value,
                 "the first and the last command of a span, in order, with nonces from 1 and indices below 100");
}

bool PayloadChecker::check_targets(const Ids* targets) {
  if (targets->size() == 0 || targets->size() > limits::kTargetsPerCommandMax)
    return refuse(RefusalCode::bad_value, "1 to 4096 targets");
  return check_ids(targets, limits::kTargetsPerCommandMax);
}

bool PayloadChecker::check_ids(const Ids* ids, std::size_t count_max) {
  if (ids->size() > count_max) return refuse(RefusalCode::bad_value, "at most " + std::to_string(count_max) + " ids");
  if (!count_targets(ids->size())) return false;
  if (!std::all_of(ids->begin(), ids->end(), is_object_id))
    return refuse(RefusalCode::bad_id, "ids of entities; zero names none");
  return require(!has_repeats(*ids), RefusalCode::bad_value, "no id twice in one list");
}

// Ids ascend over the whole packet, so that a replica needs only the author's highest to see that all are new.
bool PayloadChecker::check_minted(std::uint64_t first, std::uint64_t count) {
  const bool in_range = is_object_id(first) && kObjectCounterMax - counter_of(ObjectId{first}) >= count - 1;
  if (!in_range) return refuse(RefusalCode::bad_id, "new ids with counters from 1 to 2^48 - 1");
  if (first <= last_minted_) return refuse(RefusalCode::bad_id, "new ids that ascend within the packet");
  last_minted_ = first + (count - 1);
  return true;
}

bool PayloadChecker::check_tags(const Strings* tags, std::size_t entity_count) {
  if (tags == nullptr) return true;
  if (tags->size() > limits::kTagsPerEntityMax) return refuse(RefusalCode::bad_value, "at most 64 tags");
  std::vector<std::string_view> sorted;
  sorted.reserve(tags->size());
  for (const auto* tag : *tags) {
    const auto text = text_of(tag);
    if (!meets(check_tag(text)) || !count_written(text.size(), entity_count)) return false;
    sorted.push_back(text);
  }
  std::sort(sorted.begin(), sorted.end());
  const bool is_set = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  return require(is_set, RefusalCode::bad_value, "no tag twice in one list");
}

bool PayloadChecker::check_apps(const fb::EntityDescription& entity) {
  if (entity.apps() == nullptr) return true;
  const auto& apps = *entity.apps();
  if (apps.size() > limits::kAppComponentsPerEntityMax)
    return refuse(RefusalCode::bad_value, "at most 32 application components");
  for (flatbuffers::uoffset_t at = 0; at < apps.size(); ++at) {
    if (!check_app(apps.Get(at)->component(), apps.Get(at)->value(), 1)) return false;
    for (flatbuffers::uoffset_t before = 0; before < at; ++before)
      if (apps.Get(before)->component() == apps.Get(at)->component())
        return refuse(RefusalCode::bad_value, "each application component once");
  }
  return true;
}

bool PayloadChecker::check_app(std::uint64_t component, const flatbuffers::Vector<std::uint8_t>* value,
                               std::size_t entity_count) {
  if (component == 0) return refuse(RefusalCode::bad_id, "an application component's id; zero is none");
  if (value == nullptr) return true;
  if (value->size() > limits::kAppComponentBytesMax)
    return refuse(RefusalCode::bad_value, "an application component of at most 16384 bytes");
  return count_written(value->size(), entity_count);
}

bool PayloadChecker::count_targets(std::uint64_t count) {
  targets_ += count;
  return require(targets_ <= kTargetsPerPacketMax, RefusalCode::bad_value,
                 "at most 8192 targets and new entities in one packet; send several");
}

bool PayloadChecker::count_written(std::size_t bytes, std::size_t entity_count) {
  written_bytes_ += std::uint64_t{bytes} * entity_count;
  return require(written_bytes_ <= kWrittenBytesPerPacketMax, RefusalCode::bad_value,
                 "names, tags and application values of at most 1 MiB, over all targets, in one packet; send several");
}

}  // namespace

std::optional<Refused> check_payload(const fb::CommandPayload& payload, std::uint16_t claimed_count) {
  PayloadChecker checker;
  if (checker.check_packet(payload, claimed_count)) return std::nullopt;
  return checker.take_refusal();
}

}  // namespace theta::log
