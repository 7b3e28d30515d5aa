import type { IconName } from "../components/icon.js";
import { counted } from "../sentence.js";
import type { Workspace } from "../workspace.js";

export type ActionGroup = "Tools" | "Edit" | "Select" | "Add" | "View" | "File" | "Room" | "Help";

/** Something that a person can do, by whatever way: menu, button, key, or by its name in the command palette. */
export interface Action {
  readonly id: string;
  readonly label: string | ((workspace: Workspace) => string);
  readonly group: ActionGroup;
  readonly icon?: IconName;
  /** The first one is shown. `Mod` is Cmd on a Mac and Ctrl elsewhere. */
  readonly shortcuts?: readonly string[];
  /** Changes the room: not possible while that is read-only. */
  readonly edits?: boolean;
  readonly danger?: boolean;
  /** Absent: always. */
  readonly enabled?: (workspace: Workspace) => boolean;
  /** Set for what is on or off. */
  readonly checked?: (workspace: Workspace) => boolean;
  readonly run: (workspace: Workspace) => void | Promise<void>;
}

export function labelOf(action: Action, workspace: Workspace): string {
  return typeof action.label === "string" ? action.label : action.label(workspace);
}

export function isEnabled(action: Action, workspace: Workspace): boolean {
  if (action.edits === true && workspace.editor.readOnly.value !== "") return false;
  return action.enabled?.(workspace) ?? true;
}

/** Why it cannot be done now, as a sentence; empty where there is nothing to explain. */
export function whyNot(action: Action, { editor }: Workspace): string {
  return action.edits === true ? editor.readOnly.value : "";
}

/** "3 objects", or the one object's name. */
export function nameOf(workspace: Workspace, ids: readonly string[]): string {
  const only = ids.length === 1 ? workspace.editor.scene.value.get(ids[0] as string) : undefined;
  return only === undefined || only.name === "" ? counted(ids.length, "object") : `“${only.name}”`;
}
