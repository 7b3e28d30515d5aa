import type { MenuEntry } from "../components/menu.js";
import type { Workspace } from "../workspace.js";
import { isEnabled, labelOf, whyNot, type Action } from "./action.js";
import { kAddActions } from "./add.js";
import { kEditActions } from "./edit.js";
import { kFileActions } from "./file.js";
import { firstShortcut } from "./shortcuts.js";
import { kRoomActions, kSelectActions, kToolActions, kViewActions } from "./view.js";

/** Everything that can be done by menu, button, key or name, once. */
export const kActions: readonly Action[] = [
  ...kToolActions,
  ...kEditActions,
  ...kSelectActions,
  ...kAddActions,
  ...kViewActions,
  ...kFileActions,
  ...kRoomActions,
];

const kById = new Map(kActions.map((action) => [action.id, action]));

export function action(id: string): Action {
  const found = kById.get(id);
  if (found === undefined) throw new Error(`There is no action ${id}.`);
  return found;
}

/** A line of a menu for an action; `label` where the menu needs fewer words. */
export function menuItem(workspace: Workspace, id: string, label?: string): MenuEntry {
  const found = action(id);
  return {
    label: label ?? labelOf(found, workspace),
    ...(found.icon === undefined ? {} : { icon: found.icon }),
    ...(found.checked === undefined ? {} : { checked: found.checked(workspace) }),
    shortcut: firstShortcut(found),
    disabled: !isEnabled(found, workspace),
    hint: isEnabled(found, workspace) ? "" : whyNot(found, workspace),
    danger: found.danger === true,
    run: () => void found.run(workspace),
  };
}

/** A menu from ids; a dash is a line. */
export function menuOf(workspace: Workspace, ids: readonly string[]): MenuEntry[] {
  return ids.map((id) => (id === "-" ? "separator" : menuItem(workspace, id)));
}
