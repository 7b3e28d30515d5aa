#include "theta/log/command_rules.h"

namespace theta::log {

using wire::fb::Command;
using wire::fb::ConflictStrategy;
using wire::fb::Role;

Role required_role(Command command) {
  switch (command) {
    case Command::OpenRoom:
    case Command::JoinRoom: return Role::none;
    case Command::GrantRole:
    case Command::RevokeRole:
    case Command::RevokeInvite:
    case Command::SetPolicy: return Role::admin;
    default: return Role::editor;
  }
}

ConflictStrategy default_strategy(Command command) {
  switch (command) {
    case Command::TranslateBy:
    case Command::RotateBy:
    case Command::ScaleBy:
    case Command::ChangeTags:
    case Command::HighlightSelection: return ConflictStrategy::merge;
    default: return ConflictStrategy::last_write_wins;
  }
}

const char* command_name(Command command) {
  switch (command) {
    case Command::NONE: break;
    case Command::OpenRoom: return "open_room";
    case Command::JoinRoom: return "join_room";
    case Command::GrantRole: return "grant_role";
    case Command::RevokeRole: return "revoke_role";
    case Command::SetPolicy: return "set_policy";
    case Command::CreateEntities: return "create_entities";
    case Command::DeleteEntities: return "delete_entities";
    case Command::DuplicateEntities: return "duplicate_entities";
    case Command::RenameEntity: return "rename_entity";
    case Command::ReparentEntities: return "reparent_entities";
    case Command::ReorderEntities: return "reorder_entities";
    case Command::SetTransform: return "set_transform";
    case Command::TranslateBy: return "translate_by";
    case Command::RotateBy: return "rotate_by";
    case Command::ScaleBy: return "scale_by";
    case Command::SetMesh: return "set_mesh";
    case Command::SetMaterial: return "set_material";
    case Command::SetLight: return "set_light";
    case Command::SetCamera: return "set_camera";
    case Command::SetVisibility: return "set_visibility";
    case Command::ChangeTags: return "change_tags";
    case Command::SetAppComponent: return "set_app_component";
    case Command::HighlightSelection: return "highlight_selection";
    case Command::ActivateTool: return "activate_tool";
    case Command::DeactivateTool: return "deactivate_tool";
    case Command::Undo: return "undo";
    case Command::Redo: return "redo";
    case Command::RevokeInvite: return "revoke_invite";
  }
  return "unknown";
}

const char* refusal_name(RefusalCode code) {
  const char* name = wire::fb::EnumNameRefusalCode(code);
  return *name == '\0' ? "unknown" : name;
}

bool is_retryable(RefusalCode code) {
  switch (code) {
    case RefusalCode::rate_limited:
    case RefusalCode::gap:
    case RefusalCode::room_read_only:
    case RefusalCode::hub_busy:
    case RefusalCode::clock_skew: return true;
    default: return false;
  }
}

}  // namespace theta::log
