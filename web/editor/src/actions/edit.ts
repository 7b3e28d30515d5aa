import { CommandError, ROOT, type EntityId, type Submitted } from "@theta/client";
import { Matrix4 } from "three";
import type { Editor } from "../editor.js";
import { asSentence, counted, sentence } from "../sentence.js";
import {
  isBelow,
  middleOf,
  present,
  topmost,
  transformOf,
  transformsBelow,
  transformsIn,
  worldMatrix,
} from "../transforms.js";
import type { Workspace } from "../workspace.js";
import { nameOf, type Action } from "./action.js";

const hasSelection = ({ editor }: Workspace) => editor.selection.value.length > 0;

function roots({ editor }: Workspace): EntityId[] {
  return topmost(editor.scene.value, editor.selection.value);
}

interface Way {
  readonly go: () => Promise<Submitted>;
  readonly back: () => Promise<Submitted>;
  /** The commands of the step that a command is part of, in the order in which `go` takes them; absent: the newest. */
  readonly orderOf: (took: number | undefined) => readonly number[];
}

/**
 * Takes a whole step the way that is asked for: what the room takes by itself first, and what belongs to it. The room
 * passes over what somebody has changed since, so what comes next may be of another step: that goes back at once. Of
 * commands that are long ago the room cannot say which it took; then it is the one that was to be expected.
 */
async function takeStep({ go, back, orderOf }: Way): Promise<{ took: readonly number[]; isWhole: boolean }> {
  const { took: first } = await go();
  const order = orderOf(first);
  const took: number[] = [];
  let left = order;
  for (let next = first ?? left[0]; next !== undefined; ) {
    took.push(next);
    left = left.slice(left.indexOf(next) + 1);
    if (left.length === 0) break;
    const more: Submitted | null = await go().catch(nothingMore);
    next = more === null ? undefined : (more.took ?? left[0]);
    if (next === undefined || left.includes(next)) continue;
    await back();
    break;
  }
  return { took, isWhole: took.length === order.length };
}

/** That the room finds nothing that it can take is no failure. */
function nothingMore(error: unknown): null {
  if (error instanceof CommandError && error.code === "refused") return null;
  throw error;
}

async function takeBack(editor: Editor): Promise<void> {
  const { undoLabels: labels, room } = editor;
  try {
    const way = { go: () => room.undo(), back: () => room.redo(), orderOf: labels.orderOfUndo.bind(labels) };
    const { took, isWhole } = await takeStep(way);
    tellTaken(editor, "Undone", labels.undid(took), isWhole);
  } catch (error) {
    labels.clear();
    editor.notify("warning", asSentence(sentence(error)));
  }
}

async function doAgain(editor: Editor): Promise<void> {
  const { undoLabels: labels, room } = editor;
  try {
    const way = { go: () => room.redo(), back: () => room.undo(), orderOf: labels.orderOfRedo.bind(labels) };
    const { took, isWhole } = await takeStep(way);
    tellTaken(editor, "Redone", labels.redid(took), isWhole);
  } catch (error) {
    editor.notify("warning", asSentence(sentence(error)));
  }
}

function tellTaken(editor: Editor, done: string, label: string | undefined, isWhole: boolean): void {
  const text = `${done}: ${label ?? "last step"}`;
  if (isWhole) return editor.notify("info", text);
  editor.notify("warning", `${text}. A part of it stays as it is, since somebody has changed it meanwhile.`);
}

function duplicate(workspace: Workspace, ids: readonly EntityId[], label: string): Promise<void> {
  const { editor } = workspace;
  return editor.perform(label, async (step) => {
    const made = await step.submit({ command: "duplicate_entities", targets: topmost(step.scene, ids) });
    if (made !== null && made.length > 0) editor.selection.value = topmost(step.scene, made);
  });
}

/** Puts a new parent, in the middle of what is chosen, where the active one stands. */
function group(workspace: Workspace): Promise<void> {
  const { editor } = workspace;
  const chosen = roots(workspace);
  return editor.perform(`Group ${nameOf(workspace, chosen)}`, async (step) => {
    const { scene } = step;
    const targets = topmost(scene, chosen);
    const active = scene.get(targets.at(-1) ?? "");
    if (active === undefined) return;
    const world = middleOf(targets.map((id) => transformOf(worldMatrix(scene, id)).position));
    const parentWorld = worldMatrix(scene, active.parent);
    const inParent = parentWorld.clone().invert();
    const { position } = transformOf(inParent.multiply(new Matrix4().makeTranslation(...world)));
    const made = await step.create([{ name: "Group", parent: active.parent, position }]);
    const parent = made?.[0];
    if (parent === undefined) return;
    const groupWorld = parentWorld.clone().multiply(new Matrix4().makeTranslation(...position));
    const transforms = transformsIn(scene, targets, groupWorld);
    await step.submit({ command: "reparent_entities", targets, parent, transforms });
    if (scene.children(parent).length > 0) editor.selection.value = [parent];
    // Nothing went into it.
    else await step.submit({ command: "delete_entities", targets: [parent] });
  });
}

/** Puts what is in the chosen ones where these stand, and takes these away. */
function ungroup(workspace: Workspace): Promise<void> {
  const { editor } = workspace;
  const chosen = roots(workspace);
  return editor.perform(`Ungroup ${nameOf(workspace, chosen)}`, async (step) => {
    const { scene } = step;
    const freed: EntityId[] = [];
    for (const id of topmost(scene, chosen)) {
      const parent = scene.get(id)?.parent;
      const targets = scene.children(id);
      if (parent === undefined || targets.length === 0) continue;
      const transforms = transformsBelow(scene, targets, parent);
      const moved = await step.submit({ command: "reparent_entities", targets, parent, before: id, transforms });
      // What could not be moved stays where it is, and so does what it is in.
      if (moved === null) break;
      await step.submit({ command: "delete_entities", targets: [id] });
      freed.push(...targets);
    }
    if (freed.length > 0) editor.selection.value = freed;
  });
}

/** Moves entities below `parent`; they stay where they are in the world. Does nothing where they are there already. */
export function moveBelow(
  workspace: Workspace,
  ids: readonly EntityId[],
  parent: EntityId,
  before?: EntityId,
): Promise<void> {
  const { editor } = workspace;
  const names = nameOf(workspace, topmost(editor.room.scene, ids));
  let verb = "Move";
  return editor.perform(() => `${verb} ${names}`, async (step) => {
    const { scene } = step;
    const targets = topmost(scene, ids);
    if (targets.some((id) => id === parent || isBelow(scene, parent, id))) {
      return editor.notify("warning", "An object cannot come below itself or below what is in it.");
    }
    if (targets.length === 0 || (before !== undefined && targets.includes(before))) return;
    const place = before === undefined ? {} : { before };
    if (targets.every((id) => scene.get(id)?.parent === parent)) {
      if (before === undefined && scene.children(parent).slice(-targets.length).join() === targets.join()) return;
      verb = "Reorder";
      await step.submit({ command: "reorder_entities", targets, ...place });
      return;
    }
    const transforms = transformsBelow(scene, targets, parent);
    await step.submit({ command: "reparent_entities", targets, parent, ...place, transforms });
  });
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
  // It may hold something else by now.
  if (clipboard.peek() === held) clipboard.value = null;
}

function hold(workspace: Workspace, cut: boolean): void {
  const ids = roots(workspace);
  workspace.clipboard.value = { ids, cut };
  const hint = cut ? "Choose where they belong and paste; paste with nothing chosen for the top level." : "";
  workspace.editor.notify("info", `${cut ? "Cut" : "Copied"} ${nameOf(workspace, ids)}. ${hint}`.trim());
}

export function setVisible(workspace: Workspace, ids: readonly EntityId[], visible: boolean): Promise<void> {
  const label = `${visible ? "Show" : "Hide"} ${nameOf(workspace, ids)}`;
  return workspace.editor.perform(label, (step) =>
    step.submit({ command: "set_visibility", targets: present(step.scene, ids), visible }),
  );
}

/** `from` is what the person knows it by. */
export function rename({ editor }: Workspace, id: EntityId, name: { from: string; to: string }): Promise<void> {
  return editor.perform(`Rename “${name.from}”`, async (step) => {
    if (step.scene.get(id) === undefined) return;
    await step.submit({ command: "rename_entity", target: id, name: name.to.trim() });
  });
}

function showAll({ editor }: Workspace): Promise<void> {
  let targets: readonly EntityId[] = [];
  return editor.perform(() => `Show ${counted(targets.length, "object")}`, (step) => {
    targets = [...step.scene.entities()].filter(({ visible }) => !visible).map(({ id }) => id);
    return step.submit({ command: "set_visibility", targets, visible: true });
  });
}

function remove(workspace: Workspace): Promise<void> {
  const ids = roots(workspace);
  return workspace.editor.perform(`Delete ${nameOf(workspace, ids)}`, (step) =>
    step.submit({ command: "delete_entities", targets: topmost(step.scene, ids) }),
  );
}

export const kEditActions: readonly Action[] = [
  {
    id: "edit.undo",
    group: "Edit",
    icon: "undo",
    shortcuts: ["Mod+Z"],
    edits: true,
    run: ({ editor }) => editor.inTurn("undo", () => takeBack(editor)),
    label: ({ editor }) => withName("Undo", editor.undoLabels.nextUndo.value),
    enabled: ({ editor }) => editor.canUndo.value,
  },
  {
    id: "edit.redo",
    group: "Edit",
    icon: "redo",
    shortcuts: ["Mod+Shift+Z", "Mod+Y"],
    edits: true,
    run: ({ editor }) => editor.inTurn("redo", () => doAgain(editor)),
    label: ({ editor }) => withName("Redo", editor.undoLabels.nextRedo.value),
    enabled: ({ editor }) => editor.canRedo.value,
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
    run: remove,
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
    run: showAll,
  },
];

function withName(verb: string, name: string | undefined): string {
  return name === undefined ? verb : `${verb}: ${name}`;
}
