import { ROOT, type EntityId } from "@theta/client";
import { Matrix4 } from "three";
import type { Editor } from "../editor.js";
import { asSentence, sentence } from "../sentence.js";
import { isBelow, middleOf, topmost, transformOf, transformsBelow, transformsIn, worldMatrix } from "../transforms.js";
import type { Workspace } from "../workspace.js";
import { nameOf, type Action } from "./action.js";

const hasSelection = ({ editor }: Workspace) => editor.selection.value.length > 0;

function roots({ editor }: Workspace): EntityId[] {
  return topmost(editor.scene.value, editor.selection.value);
}

/** Of each editor, the undo or redo that was asked for last. */
const lastTurns = new WeakMap<Editor, Promise<void>>();

/** One after the other: a step may be many commands, and a second press before the last of them is the next step. */
function inTurn(work: (editor: Editor) => Promise<void>): Action["run"] {
  return ({ editor }) => {
    const turn = (lastTurns.get(editor) ?? Promise.resolve()).then(() => work(editor));
    lastTurns.set(editor, turn);
    return turn;
  };
}

async function takeBack(editor: Editor): Promise<void> {
  const { undoLabels, room } = editor;
  try {
    // The room passes over what somebody has changed since; of the step that it takes all commands go back.
    const { took } = await room.undo();
    for (let left = undoLabels.moreToUndo(took); left > 0; --left) await room.undo();
    editor.notify("info", `Undone: ${undoLabels.undid(took) ?? "last step"}`);
  } catch (error) {
    undoLabels.clear();
    editor.notify("warning", asSentence(sentence(error)));
  }
}

async function doAgain(editor: Editor): Promise<void> {
  const { undoLabels, room } = editor;
  try {
    const { took } = await room.redo();
    for (let left = undoLabels.moreToRedo(took); left > 0; --left) await room.redo();
    editor.notify("info", `Redone: ${undoLabels.redid(took) ?? "last step"}`);
  } catch (error) {
    editor.notify("warning", asSentence(sentence(error)));
  }
}

async function duplicate(workspace: Workspace, targets: readonly EntityId[], label: string): Promise<void> {
  const { editor } = workspace;
  const made = await editor.perform(label, editor.room.submit({ command: "duplicate_entities", targets }));
  if (made !== null) editor.selection.value = topmost(editor.room.scene, made.ids);
}

/** Puts a new parent, in the middle of what is chosen, where the active one stands. */
async function group(workspace: Workspace): Promise<void> {
  const { editor } = workspace;
  const scene = editor.room.scene;
  const targets = roots(workspace);
  const active = scene.get(targets.at(-1) ?? "");
  if (active === undefined) return;
  const world = middleOf(targets.map((id) => transformOf(worldMatrix(scene, id)).position));
  const parentWorld = worldMatrix(scene, active.parent);
  const local = transformOf(
    parentWorld
      .clone()
      .invert()
      .multiply(new Matrix4().makeTranslation(...world)),
  );
  const label = `Group ${nameOf(workspace, targets)}`;
  const position = local.position;
  const made = await editor.perform(label, editor.room.create([{ name: "Group", parent: active.parent, position }]));
  const parent = made?.ids[0];
  if (parent === undefined) return;
  const groupWorld = parentWorld.clone().multiply(new Matrix4().makeTranslation(...position));
  const transforms = transformsIn(scene, targets, groupWorld);
  const move = editor.room.submit({ command: "reparent_entities", targets, parent, transforms });
  if ((await editor.perform(label, move, { continues: true })) !== null) {
    editor.selection.value = [parent];
    return;
  }
  // Nothing went into it.
  const remove = editor.room.submit({ command: "delete_entities", targets: [parent] });
  await editor.perform(label, remove, { continues: true });
}

/** Puts what is in the chosen ones where these stand, and takes these away. */
async function ungroup(workspace: Workspace): Promise<void> {
  const { editor } = workspace;
  const scene = editor.room.scene;
  const freed: EntityId[] = [];
  let continues = false;
  for (const id of roots(workspace)) {
    const parent = scene.get(id)?.parent;
    const targets = scene.children(id);
    if (parent === undefined || targets.length === 0) continue;
    const transforms = transformsBelow(scene, targets, parent);
    const label = `Ungroup ${nameOf(workspace, [id])}`;
    const move = editor.room.submit({ command: "reparent_entities", targets, parent, before: id, transforms });
    if ((await editor.perform(label, move, { continues })) === null) break;
    continues = true;
    const remove = editor.room.submit({ command: "delete_entities", targets: [id] });
    await editor.perform(label, remove, { continues });
    freed.push(...targets);
  }
  if (freed.length > 0) editor.selection.value = freed;
}

/** Moves entities below `parent`; they stay where they are in the world. Does nothing where they are there already. */
export async function moveBelow(
  workspace: Workspace,
  ids: readonly EntityId[],
  parent: EntityId,
  before?: EntityId,
): Promise<void> {
  const { editor } = workspace;
  const scene = editor.room.scene;
  const targets = topmost(scene, ids);
  if (targets.some((id) => id === parent || isBelow(scene, parent, id))) {
    return editor.notify("warning", "An object cannot come below itself or below what is in it.");
  }
  if (targets.length === 0 || (before !== undefined && targets.includes(before))) return;
  const place = before === undefined ? {} : { before };
  if (targets.every((id) => scene.get(id)?.parent === parent)) {
    if (before === undefined && scene.children(parent).slice(-targets.length).join() === targets.join()) return;
    const move = editor.room.submit({ command: "reorder_entities", targets, ...place });
    await editor.perform(`Reorder ${nameOf(workspace, targets)}`, move);
    return;
  }
  const transforms = transformsBelow(scene, targets, parent);
  const move = editor.room.submit({ command: "reparent_entities", targets, parent, ...place, transforms });
  await editor.perform(`Move ${nameOf(workspace, targets)}`, move);
}

/** What was cut moves below the active entity, or to the top level; of what was copied come copies. */
async function paste(workspace: Workspace): Promise<void> {
  const { editor, clipboard } = workspace;
  const held = clipboard.value;
  const ids = topmost(editor.room.scene, held?.ids ?? []);
  if (held === null || ids.length === 0) return editor.notify("info", "What was cut or copied is not there any more.");
  if (!held.cut) return duplicate(workspace, ids, `Paste ${nameOf(workspace, ids)}`);
  const parent = editor.selection.value.filter((id) => !ids.includes(id)).at(-1) ?? ROOT;
  await moveBelow(workspace, ids, parent);
  clipboard.value = null;
}

function hold(workspace: Workspace, cut: boolean): void {
  const ids = roots(workspace);
  workspace.clipboard.value = { ids, cut };
  const hint = cut ? "Choose where they belong and paste; paste with nothing chosen for the top level." : "";
  workspace.editor.notify("info", `${cut ? "Cut" : "Copied"} ${nameOf(workspace, ids)}. ${hint}`.trim());
}

async function setVisible(workspace: Workspace, targets: readonly EntityId[], visible: boolean): Promise<void> {
  const { editor } = workspace;
  if (targets.length === 0) return;
  const label = `${visible ? "Show" : "Hide"} ${nameOf(workspace, targets)}`;
  await editor.perform(label, editor.room.submit({ command: "set_visibility", targets, visible }));
}

export const kEditActions: readonly Action[] = [
  {
    id: "edit.undo",
    group: "Edit",
    icon: "undo",
    shortcuts: ["Mod+Z"],
    edits: true,
    run: inTurn(takeBack),
    label: ({ editor }) => withName("Undo", editor.undoLabels.nextUndo.value),
    enabled: ({ editor }) => editor.status.value.can_undo,
  },
  {
    id: "edit.redo",
    group: "Edit",
    icon: "redo",
    shortcuts: ["Mod+Shift+Z", "Mod+Y"],
    edits: true,
    run: inTurn(doAgain),
    label: ({ editor }) => withName("Redo", editor.undoLabels.nextRedo.value),
    enabled: ({ editor }) => editor.status.value.can_redo,
  },
  {
    id: "edit.cut",
    group: "Edit",
    label: "Cut",
    shortcuts: ["Mod+X"],
    edits: true,
    enabled: hasSelection,
    run: (workspace) => hold(workspace, true),
  },
  {
    id: "edit.copy",
    group: "Edit",
    label: "Copy",
    icon: "copy",
    shortcuts: ["Mod+C"],
    enabled: hasSelection,
    run: (workspace) => hold(workspace, false),
  },
  {
    id: "edit.paste",
    group: "Edit",
    label: "Paste",
    shortcuts: ["Mod+V"],
    edits: true,
    run: paste,
    enabled: ({ clipboard }) => clipboard.value !== null,
  },
  {
    id: "edit.duplicate",
    group: "Edit",
    label: "Duplicate",
    icon: "copy",
    shortcuts: ["Mod+D", "Shift+D"],
    edits: true,
    enabled: hasSelection,
    run: (workspace) => duplicate(workspace, roots(workspace), `Duplicate ${nameOf(workspace, roots(workspace))}`),
  },
  {
    id: "edit.delete",
    group: "Edit",
    label: "Delete",
    icon: "trash",
    shortcuts: ["Delete", "Backspace"],
    edits: true,
    danger: true,
    enabled: hasSelection,
    run: async (workspace) => {
      const targets = roots(workspace);
      const { editor } = workspace;
      const remove = editor.room.submit({ command: "delete_entities", targets });
      await editor.perform(`Delete ${nameOf(workspace, targets)}`, remove);
    },
  },
  {
    id: "edit.rename",
    group: "Edit",
    label: "Rename",
    shortcuts: ["F2"],
    edits: true,
    enabled: hasSelection,
    run: (workspace) => {
      workspace.leftOpen.value = true;
      workspace.renaming.value = workspace.editor.selection.value.at(-1) ?? null;
    },
  },
  {
    id: "edit.group",
    group: "Edit",
    label: "Group",
    icon: "group",
    shortcuts: ["Mod+G"],
    edits: true,
    enabled: hasSelection,
    run: group,
  },
  {
    id: "edit.ungroup",
    group: "Edit",
    label: "Ungroup",
    shortcuts: ["Mod+Shift+G"],
    edits: true,
    enabled: ({ editor }) => editor.selection.value.some((id) => editor.scene.value.children(id).length > 0),
    run: ungroup,
  },
  {
    id: "edit.unparent",
    group: "Edit",
    label: "Move to the top level",
    shortcuts: ["Alt+P"],
    edits: true,
    enabled: ({ editor }) => editor.chosen().some(({ parent }) => parent !== ROOT),
    run: (workspace) => moveBelow(workspace, roots(workspace), ROOT),
  },
  {
    id: "edit.move_to",
    group: "Edit",
    label: "Move to…",
    icon: "folder",
    shortcuts: ["M"],
    edits: true,
    enabled: hasSelection,
    run: ({ dialog }) => void (dialog.value = "move_to"),
  },
  {
    id: "edit.hide",
    group: "Edit",
    label: "Hide or show",
    icon: "eye",
    shortcuts: ["H"],
    edits: true,
    enabled: hasSelection,
    run: (workspace) => {
      const chosen = workspace.editor.chosen();
      return setVisible(
        workspace,
        chosen.map(({ id }) => id),
        !chosen.some(({ visible }) => visible),
      );
    },
  },
  {
    id: "edit.show_all",
    group: "Edit",
    label: "Show everything hidden",
    shortcuts: ["Alt+H"],
    edits: true,
    run: (workspace) => {
      const hidden = [...workspace.editor.room.scene.entities()].filter(({ visible }) => !visible);
      return setVisible(
        workspace,
        hidden.map(({ id }) => id),
        true,
      );
    },
  },
];

function withName(verb: string, name: string | undefined): string {
  return name === undefined ? verb : `${verb}: ${name}`;
}
