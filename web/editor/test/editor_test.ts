import { CommandRefused } from "@theta/client";
import { effect } from "@preact/signals";
import { expect, test } from "vitest";
import { createEditor } from "../src/editor.js";
import { FakeRoom } from "./fake_room.js";

function open() {
  const room = new FakeRoom();
  const editor = createEditor(room);
  const notices: string[] = [];
  editor.onNotice.value = (_, text) => notices.push(text);
  return { room, editor, notices };
}

test("WhatIsGoneIsNoLongerChosen", async () => {
  const { room, editor } = open();
  const { ids } = await room.create([{ name: "a" }, { name: "b" }]);
  editor.selection.value = ids;
  room.remote({ command: "delete_entities", targets: [ids[0] as string] });
  expect(editor.selection.value).toEqual([ids[1]]);
});

test("ARefusedCommandIsToldAndItsNameIsNoLongerOfferedForUndo", async () => {
  const { room, editor, notices } = open();
  room.hold();
  const taken = await editor.perform("Add cube", room.create([{ name: "cube" }]));
  expect(editor.undoLabels.nextUndo.value).toBe("Add cube");
  room.answer(new CommandRefused("quota", undefined, "The room is full."));
  await expect(taken?.settled).rejects.toThrow();
  expect(notices).toEqual(["Add cube did not go through: The room is full."]);
  expect(editor.undoLabels.nextUndo.value).toBeUndefined();
});

test("ACommandThatCannotWorkIsToldWithTheReason", async () => {
  const { room, editor, notices } = open();
  expect(await editor.perform("Undo", room.undo())).toBeNull();
  expect(notices).toEqual(["Undo is not possible: There is nothing to undo."]);
});

test("UndoAndRedoMoveTheNameFromOneListToTheOther", async () => {
  const { room, editor } = open();
  await editor.perform("Add cube", room.create([{}]));
  expect(editor.undoLabels.undid()).toBe("Add cube");
  expect(editor.undoLabels.nextRedo.value).toBe("Add cube");
  expect(editor.undoLabels.redid()).toBe("Add cube");
  expect(editor.undoLabels.nextRedo.value).toBeUndefined();
});

test("AnImportIsOneStepAndStandsWhereItsLastCommandDoes", async () => {
  const { editor } = open();
  const taken = (handle: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined) });
  await editor.perform("Add cube", taken(1));
  await editor.perform("Move “cube”", taken(5));
  editor.undoLabels.didAll([2, 3, 4], "Import “engine.glb”");
  editor.undoLabels.didAll([], "Import nothing");
  expect(editor.undoLabels.undid()).toBe("Move “cube”");
  expect([editor.undoLabels.moreToUndo(), editor.undoLabels.undid()]).toEqual([2, "Import “engine.glb”"]);
  expect(editor.undoLabels.undid()).toBe("Add cube");
});

test("AStepIsNotCountedOnceAnotherReplacesIt", async () => {
  const { editor } = open();
  const taken = (handle: number, replaces?: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined), ...(replaces && { replaces }) });
  await editor.perform("Change material of 2 objects", taken(1));
  await editor.perform("Change material of 2 objects", taken(2), { continues: true });
  await editor.perform("Move “box”", taken(3));
  await editor.perform("Change material of “lid”", taken(4, 2));
  await editor.perform("Move “box”", taken(5, 3));
  expect(editor.undoLabels.undid()).toBe("Move “box”");
  expect(editor.undoLabels.undid()).toBe("Change material of “lid”");
  expect([editor.undoLabels.nextUndo.value, editor.undoLabels.moreToUndo()]).toEqual(
    ["Change material of 2 objects", 0]);
});

test("WhatUndoPassesOverIsNotOfferedByName", async () => {
  const { editor } = open();
  const taken = (handle: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined) });
  await editor.perform("Add cube", taken(1));
  await editor.perform("Group “cube”", taken(2));
  await editor.perform("Group “cube”", taken(3), { continues: true });
  await editor.perform("Rename “cube”", taken(4));
  expect(editor.undoLabels.moreToUndo(3)).toBe(1);
  expect(editor.undoLabels.undid(3)).toBe("Group “cube”");
  expect(editor.undoLabels.nextUndo.value).toBe("Add cube");
  expect(editor.undoLabels.moreToRedo(2)).toBe(1);
  expect(editor.undoLabels.redid(2)).toBe("Group “cube”");
});

test("ReadOnlySaysWhy", () => {
  const { room, editor } = open();
  expect(editor.readOnly.value).toBe("");
  room.setStatus({ role: "viewer" });
  expect(editor.readOnly.value).toContain("viewer");
  room.setStatus({ role: "editor", writer: false });
  expect(editor.readOnly.value).toContain("tab");
  room.setStatus({ writer: true });
  editor.lookBack.value = { seq: 1, scene: room.scene };
  expect(editor.readOnly.value).toContain("past");
});

test("WhatPeoplePointAtChangesNobodysColour", () => {
  const { room, editor } = open();
  room.join({ session: 2 });
  const author = room.participants[1]!.author;
  const drawn: string[] = [];
  const stop = effect(() => void drawn.push(editor.colorOf(author).fill));
  for (let at = 0; at < 5; ++at) room.receivePresence(2, { pointer: { origin: [at, 0, 0], target: [0, 0, 0] } });
  expect(drawn).toHaveLength(1);
  stop();
});
