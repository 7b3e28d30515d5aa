import { ROOT } from "@theta/client";
import { expect, test } from "vitest";
import { isEnabled } from "../src/actions/action.js";
import { action, kActions } from "../src/actions/index.js";
import { moveBelow } from "../src/actions/edit.js";
import { listenForShortcuts, shortcutOf } from "../src/actions/shortcuts.js";
import { createEditor } from "../src/editor.js";
import { transformOf, worldMatrix } from "../src/transforms.js";
import { Workspace } from "../src/workspace.js";
import { FakeRoom } from "./fake_room.js";

async function open() {
  const room = new FakeRoom();
  const editor = createEditor(room);
  const workspace = new Workspace(editor, "");
  const { ids } = await room.create([
    { name: "Parent", position: [10, 0, 0], scale: [2, 2, 2] },
    { name: "A", parent_index: 0, position: [1, 0, 0] },
    { name: "B", position: [0, 4, 0] },
  ]);
  const run = async (id: string) => action(id).run(workspace);
  return { room, editor, workspace, run, ids: ids as [string, string, string] };
}

const worldPlace = (room: FakeRoom, id: string) =>
  transformOf(worldMatrix(room.scene, id)).position.map((value) => Math.round(value * 1e6) / 1e6);

test("EveryActionHasItsOwnIdAndKeys", () => {
  const ids = kActions.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const keys = kActions.flatMap(({ shortcuts }) => shortcuts ?? []);
  expect(new Set(keys).size).toBe(keys.length);
});

test("GroupedThingsStayWhereTheyAreAndUndoTakesTheWholeGroupBack", async () => {
  const {
    room,
    editor,
    run,
    ids: [, a, b],
  } = await open();
  editor.selection.value = [a, b];
  await run("edit.group");
  const group = editor.selection.value[0] as string;
  expect(room.scene.get(a)?.parent).toBe(group);
  expect(room.scene.get(b)?.parent).toBe(group);
  expect(worldPlace(room, a)).toEqual([12, 0, 0]);
  expect(worldPlace(room, b)).toEqual([0, 4, 0]);
  expect(worldPlace(room, group)).toEqual([6, 2, 0]);
  await run("edit.undo");
  expect(room.scene.get(group)).toBeUndefined();
  expect(room.scene.get(b)?.parent).toBe(ROOT);
  await run("edit.redo");
  expect(room.scene.get(b)?.parent).toBe(group);
});

test("AGroupThatNothingCanGoIntoLeavesNothingBehind", async () => {
  const { room, editor, run, ids } = await open();
  const submit = room.submit.bind(room);
  room.submit = (command) =>
    command.command === "reparent_entities" ? Promise.reject(new Error("too many")) : submit(command);
  editor.selection.value = [ids[1], ids[2]];
  await run("edit.group");
  expect([...room.scene.entities()].map(({ name }) => name).sort()).toEqual(["A", "B", "Parent"]);
});

test("TwoQuickUndosTakeBackTwoStepsOfAnyLength", async () => {
  const { room, editor, run, ids } = await open();
  await editor.perform("Move “B”", (step) =>
    step.submit({ command: "translate_by", targets: [ids[2]], offset: [1, 0, 0] }),
  );
  editor.selection.value = [ids[1], ids[2]];
  await run("edit.group");
  await editor.perform("Move “A”", (step) =>
    step.submit({ command: "translate_by", targets: [ids[1]], offset: [1, 0, 0] }),
  );
  const group = editor.selection.value[0] as string;
  await Promise.all([run("edit.undo"), run("edit.undo")]);
  expect(room.scene.get(group)).toBeUndefined();
  expect(editor.undoLabels.nextUndo.value).toBe("Move “B”");
  expect(worldPlace(room, ids[2])).toEqual([1, 4, 0]);
});

test("WhatConcernsPeopleIsNoStep", async () => {
  const { room, editor, ids } = await open();
  await editor.perform("Move “B”", (step) =>
    step.submit({ command: "translate_by", targets: [ids[2]], offset: [1, 0, 0] }),
  );
  const grant = room.submit({ command: "grant_role", author: "a".repeat(64), role: "viewer" });
  await editor.request("Make Bob viewer", grant);
  expect(editor.undoLabels.nextUndo.value).toBe("Move “B”");
});

test("UngroupedThingsStayWhereTheyAre", async () => {
  const {
    room,
    editor,
    run,
    ids: [parent, a],
  } = await open();
  editor.selection.value = [parent];
  await run("edit.ungroup");
  expect(room.scene.get(parent)).toBeUndefined();
  expect(worldPlace(room, a)).toEqual([12, 0, 0]);
  expect(editor.selection.value).toEqual([a]);
});

test("WhatIsCutMovesBelowTheActiveObjectWithoutMovingInTheWorld", async () => {
  const {
    room,
    editor,
    run,
    ids: [parent, , b],
  } = await open();
  editor.selection.value = [b];
  await run("edit.cut");
  editor.selection.value = [parent];
  await run("edit.paste");
  expect(room.scene.get(b)?.parent).toBe(parent);
  expect(worldPlace(room, b)).toEqual([0, 4, 0]);
});

test("WhatIsCopiedIsPastedAsACopyAndChosen", async () => {
  const {
    room,
    editor,
    run,
    ids: [parent],
  } = await open();
  editor.selection.value = [parent];
  await run("edit.copy");
  await run("edit.paste");
  expect(room.scene.size).toBe(5);
  expect(editor.selection.value).toHaveLength(1);
  expect(editor.selection.value).not.toEqual([parent]);
});

test("NothingIsMovedBelowItself", async () => {
  const {
    room,
    workspace,
    ids: [parent, a],
  } = await open();
  const before = room.submitted.length;
  await moveBelow(workspace, [parent], a);
  await moveBelow(workspace, [parent], parent);
  expect(room.submitted).toHaveLength(before);
  expect(workspace.toasts.shown.value[0]?.text).toContain("below itself");
});

test("AmongSiblingsAMoveIsAReorder", async () => {
  const {
    room,
    workspace,
    ids: [parent, , b],
  } = await open();
  await moveBelow(workspace, [b], ROOT, parent);
  expect(room.submitted.at(-1)).toEqual({ command: "reorder_entities", targets: [b], before: parent });
});

test("DeletingAParentNamesOnlyTheParent", async () => {
  const {
    room,
    editor,
    run,
    ids: [parent, a],
  } = await open();
  editor.selection.value = [a, parent];
  await run("edit.delete");
  expect(room.submitted.at(-1)).toEqual({ command: "delete_entities", targets: [parent] });
});

test("ViewersCanLookButNotEdit", async () => {
  const { room, editor, workspace, ids } = await open();
  editor.selection.value = [ids[0]];
  room.setStatus({ role: "viewer" });
  expect(kActions.filter((each) => each.edits === true && isEnabled(each, workspace))).toEqual([]);
  expect(isEnabled(action("view.frame"), workspace)).toBe(true);
  expect(isEnabled(action("file.export"), workspace)).toBe(true);
});

test("KeysRunActionsButNotWhileSomethingIsTyped", async () => {
  const { editor, workspace } = await open();
  const stop = listenForShortcuts(workspace, kActions);
  const press = (target: EventTarget, init: KeyboardEventInit) => {
    const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init });
    target.dispatchEvent(event);
    return event;
  };
  press(document.body, { key: "w" });
  expect(editor.tool.value).toBe("move");
  const input = document.body.appendChild(document.createElement("input"));
  press(input, { key: "e" });
  expect(editor.tool.value).toBe("move");
  expect(press(document.body, { key: "a", ctrlKey: true }).defaultPrevented).toBe(true);
  expect(editor.selection.value).toHaveLength(3);
  stop();
  press(document.body, { key: "r" });
  expect(editor.tool.value).toBe("move");
  input.remove();
});

test("KeysAreNamedByWhatTheyType", () => {
  const name = (init: KeyboardEventInit) => shortcutOf(new KeyboardEvent("keydown", init));
  expect(name({ key: "?", shiftKey: true })).toBe("?");
  expect(name({ key: "Z", shiftKey: true, ctrlKey: true })).toBe("Mod+Shift+Z");
  expect(name({ key: "Home" })).toBe("Home");
  expect(name({ key: "h", altKey: true })).toBe("Alt+H");
});

test("KeysDoNothingToWhatLiesBehindADialogEvenWhenNothingInItHasTheFocus", () => {
  const workspace = new Workspace(createEditor(new FakeRoom()), "");
  const stop = listenForShortcuts(workspace, kActions);
  const dialog = document.createElement("dialog");
  dialog.setAttribute("open", "");
  document.body.append(dialog);
  const press = () => {
    const event = new KeyboardEvent("keydown", { key: "w", bubbles: true, cancelable: true });
    document.body.dispatchEvent(event);
    return event.defaultPrevented;
  };
  expect(press()).toBe(false);
  expect(workspace.editor.tool.value).toBe("select");
  dialog.remove();
  expect(press()).toBe(true);
  expect(workspace.editor.tool.value).toBe("move");
  stop();
});
