import { kStep, kUnfinished } from "../components/number_field.js";
import { isEnabled, type Action } from "./action.js";
import type { Workspace } from "../workspace.js";

const kIsMac = typeof navigator !== "undefined" && /mac|iphone|ipad/i.test(navigator.platform);
const kNames: Readonly<Record<string, string>> = {
  Mod: kIsMac ? "⌘" : "Ctrl",
  Shift: kIsMac ? "⇧" : "Shift",
  Alt: kIsMac ? "⌥" : "Alt",
  Delete: "Del",
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  " ": "Space",
};

/** "Mod+Shift+Z" as this system's keyboards write it. */
export function shortcutText(shortcut: string): string {
  return shortcut
    .split("+")
    .map((part) => kNames[part] ?? part)
    .join(kIsMac ? "" : "+");
}

export function firstShortcut(action: Action): string | undefined {
  const first = action.shortcuts?.[0];
  return first === undefined ? undefined : shortcutText(first);
}

/** How a key press is written in the table of actions. */
export function shortcutOf(event: KeyboardEvent): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // A sign that needs Shift to be typed is named by itself.
  const shift = event.shiftKey && (key.length > 1 || /[A-Z0-9]/.test(key));
  const mod = kIsMac ? event.metaKey : event.ctrlKey;
  return [mod ? "Mod" : "", shift ? "Shift" : "", event.altKey ? "Alt" : "", key]
    .filter((part) => part !== "")
    .join("+");
}

export function actionFor(event: KeyboardEvent, actions: readonly Action[]): Action | undefined {
  const pressed = shortcutOf(event);
  return actions.find((action) => action.shortcuts?.includes(pressed));
}

/** Whether a key belongs to what is typed in rather than to the editor. */
function isTyping({ target }: KeyboardEvent, action: Action): boolean {
  if (!(target instanceof Element)) return false;
  const isUndo = action.id === "edit.undo" || action.id === "edit.redo";
  // In a number that is committed there is no text to take back, but the step that it made.
  if (isUndo && target.matches(`[role=spinbutton][${kStep}]:not([${kUnfinished}])`)) return false;
  return target.closest("input:not([type=checkbox], [type=color]), textarea, select, dialog, [role=menu]") !== null;
}

/** Runs actions by their keys until the returned function is called. */
export function listenForShortcuts(workspace: Workspace, actions: readonly Action[]): () => void {
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.defaultPrevented) return;
    // A modal dialog keeps its keys also while nothing in it has the focus: what lies behind it is out of reach.
    if (document.querySelector("dialog[open]") !== null) return;
    const action = actionFor(event, actions);
    if (action === undefined || isTyping(event, action)) return;
    // The browser must not do its own under the same keys either, whether or not there is something to do here.
    event.preventDefault();
    if (isEnabled(action, workspace)) void action.run(workspace);
    else if (action.edits === true && workspace.editor.readOnly.value !== "") {
      workspace.editor.notify("info", workspace.editor.readOnly.value);
    }
  };
  window.addEventListener("keydown", onKeyDown);
  return () => window.removeEventListener("keydown", onKeyDown);
}
