import type { Tool, ViewAxis } from "../editor.js";
import { toggleTheme } from "../theme.js";
import type { Workspace } from "../workspace.js";
import type { Action } from "./action.js";

const kTools: readonly { readonly tool: Tool; readonly label: string; readonly key: string }[] = [
  { tool: "select", label: "Select", key: "Q" },
  { tool: "move", label: "Move", key: "W" },
  { tool: "rotate", label: "Rotate", key: "E" },
  { tool: "scale", label: "Scale", key: "R" },
];

const kViews: readonly { readonly axis: ViewAxis; readonly from: string; readonly key: string }[] = [
  { axis: "front", from: "the front", key: "1" },
  { axis: "back", from: "the back", key: "2" },
  { axis: "right", from: "the right", key: "3" },
  { axis: "left", from: "the left", key: "4" },
  { axis: "top", from: "above", key: "7" },
  { axis: "bottom", from: "below", key: "8" },
];

function activeCamera({ editor }: Workspace): string | undefined {
  return editor.chosen().findLast(({ camera }) => camera !== undefined)?.id;
}

/** First what was begun last: a followed view, then the selection. */
function giveUp({ editor }: Workspace): void {
  if (editor.following.value !== null) editor.following.value = null;
  else if (editor.lookingThrough.value !== null) editor.lookingThrough.value = null;
  else editor.selection.value = [];
}

export const kToolActions: readonly Action[] = [
  ...kTools.map(
    ({ tool, label, key }): Action => ({
      id: `tool.${tool}`,
      group: "Tools",
      label,
      icon: tool,
      shortcuts: [key],
      checked: ({ editor }) => editor.tool.value === tool,
      run: ({ editor }) => void (editor.tool.value = tool),
    }),
  ),
  {
    id: "tool.space",
    group: "Tools",
    shortcuts: ["X"],
    label: ({ editor }) => (editor.space.value === "world" ? "Use local axes" : "Use world axes"),
    run: ({ editor }) => void (editor.space.value = editor.space.value === "world" ? "local" : "world"),
  },
  {
    id: "tool.snap",
    group: "Tools",
    label: "Snapping",
    icon: "magnet",
    shortcuts: ["N"],
    checked: ({ editor }) => editor.snapping.value.enabled,
    run: ({ editor: { snapping } }) => void (snapping.value = { ...snapping.value, enabled: !snapping.value.enabled }),
  },
];

export const kSelectActions: readonly Action[] = [
  {
    id: "select.all",
    group: "Select",
    label: "Select all",
    shortcuts: ["Mod+A"],
    run: ({ editor }) => void (editor.selection.value = [...editor.scene.value.entities()].map(({ id }) => id)),
  },
  { id: "select.none", group: "Select", label: "Select nothing", shortcuts: ["Escape"], run: giveUp },
  {
    id: "select.box",
    group: "Select",
    label: "Choose with a box by touch",
    shortcuts: ["B"],
    checked: ({ editor }) => editor.viewport.value?.boxSelect.value ?? false,
    run: ({ editor }) => {
      const boxSelect = editor.viewport.value?.boxSelect;
      if (boxSelect) boxSelect.value = !boxSelect.value;
    },
  },
  {
    id: "select.invert",
    group: "Select",
    label: "Invert selection",
    shortcuts: ["Mod+I"],
    run: ({ editor }) => {
      const chosen = new Set(editor.selection.value);
      editor.selection.value = [...editor.scene.value.entities()].map(({ id }) => id).filter((id) => !chosen.has(id));
    },
  },
];

export const kViewActions: readonly Action[] = [
  {
    id: "view.frame",
    group: "View",
    label: "Frame selection",
    icon: "frame",
    shortcuts: ["F"],
    run: ({ editor }) => editor.viewport.value?.frame(editor.selection.value),
  },
  {
    id: "view.frame_all",
    group: "View",
    label: "Frame everything",
    shortcuts: ["Shift+F", "Home"],
    run: ({ editor }) => editor.viewport.value?.frame([]),
  },
  ...kViews.map(({ axis, from, key }): Action => ({
    id: `view.${axis}`, group: "View", label: `View from ${from}`, shortcuts: [key],
    run: ({ editor }) => editor.viewport.value?.setView(axis),
  })),
  {
    id: "view.ortho", group: "View", label: "Orthographic view", shortcuts: ["5"],
    checked: ({ editor }) => editor.viewport.value?.orthographic.value ?? false,
    run: ({ editor }) => editor.viewport.value?.toggleOrtho(),
  },
  {
    id: "view.camera",
    group: "View",
    icon: "camera",
    shortcuts: ["C"],
    label: ({ editor }) => (editor.lookingThrough.value === null ? "Look through camera" : "Leave the camera's view"),
    enabled: (workspace) => workspace.editor.lookingThrough.value !== null || activeCamera(workspace) !== undefined,
    run: (workspace) => {
      const { lookingThrough } = workspace.editor;
      lookingThrough.value = lookingThrough.value === null ? (activeCamera(workspace) ?? null) : null;
    },
  },
  {
    id: "view.outliner",
    group: "View",
    label: "Outliner",
    icon: "outliner",
    shortcuts: ["Alt+1"],
    checked: ({ leftOpen }) => leftOpen.value,
    run: ({ leftOpen }) => void (leftOpen.value = !leftOpen.value),
  },
  {
    id: "view.side",
    group: "View",
    label: "Side panel",
    icon: "inspector",
    shortcuts: ["Alt+2"],
    checked: ({ rightOpen }) => rightOpen.value,
    run: ({ rightOpen }) => void (rightOpen.value = !rightOpen.value),
  },
  { id: "view.theme", group: "View", label: "Light or dark", icon: "sun", shortcuts: ["Alt+T"], run: toggleTheme },
];

export const kRoomActions: readonly Action[] = [
  {
    id: "room.people",
    group: "Room",
    label: "People",
    icon: "people",
    run: (workspace) => workspace.openTab("people"),
  },
  {
    id: "room.invite",
    group: "Room",
    label: "Invite…",
    icon: "invite",
    run: ({ dialog }) => void (dialog.value = "invite"),
  },
  {
    id: "room.history",
    group: "Room",
    label: "History",
    icon: "history",
    shortcuts: ["Alt+3"],
    run: (workspace) => workspace.openTab("history"),
  },
  {
    id: "room.offline",
    group: "Room",
    icon: "offline",
    label: ({ editor }) => (editor.status.value.phase === "offline" ? "Go online" : "Work offline"),
    enabled: ({ editor }) => editor.status.value.phase !== "stopped",
    run: ({ editor }) => {
      if (editor.status.value.phase === "offline") editor.room.goOnline();
      else editor.room.goOffline();
    },
  },
  {
    id: "help.keys",
    group: "Help",
    label: "Keyboard shortcuts",
    icon: "help",
    shortcuts: ["?", "F1"],
    run: ({ dialog }) => void (dialog.value = "help"),
  },
  {
    id: "help.palette",
    group: "Help",
    label: "Find a command…",
    icon: "command",
    shortcuts: ["Mod+K"],
    run: ({ dialog }) => void (dialog.value = "palette"),
  },
  { id: "help.about", group: "Help", label: "About Theta", run: ({ dialog }) => void (dialog.value = "about") },
];
