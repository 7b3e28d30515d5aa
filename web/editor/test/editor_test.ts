import { CommandRefused, type Submitted } from "@theta/client";
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
  let taken: Submitted | null = null;
  await editor.perform("Add cube", async (step) => {
    taken = await step.give(room.create([{ name: "cube" }]));
  });
  expect(editor.undoLabels.nextUndo.value).toBe("Add cube");
  room.answer(new CommandRefused("quota", undefined, "The room is full."));
  await expect(taken!.settled).rejects.toThrow();
  expect(notices).toEqual(["Add cube did not go through: The room is full."]);
  expect(editor.undoLabels.nextUndo.value).toBeUndefined();
});

test("ACommandThatCannotWorkIsToldWithTheReason", async () => {
  const { room, editor, notices } = open();
  await editor.perform("Redo on top", async (step) => expect(await step.give(room.undo())).toBeNull());
  expect(notices).toEqual(["Redo on top is not possible: There is nothing to undo."]);
});

test("UndoAndRedoMoveTheNameFromOneListToTheOther", async () => {
  const { room, editor } = open();
  await editor.perform("Add cube", (step) => step.create([{}]));
  const { took } = await room.undo();
  expect(editor.undoLabels.undid([took!])).toBe("Add cube");
  expect(editor.undoLabels.nextRedo.value).toBe("Add cube");
  expect(editor.undoLabels.redid([took!])).toBe("Add cube");
  expect(editor.undoLabels.nextRedo.value).toBeUndefined();
});

test("AnImportIsOneStepAndStandsWhereItsLastCommandDoes", async () => {
  const { editor } = open();
  const taken = (handle: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined) });
  await editor.perform("Add cube", (step) => step.give(taken(1)));
  await editor.perform("Move “cube”", (step) => step.give(taken(5)));
  editor.undoLabels.didAll([2, 3, 4], "Import “engine.glb”");
  editor.undoLabels.didAll([], "Import nothing");
  expect(editor.undoLabels.undid([5])).toBe("Move “cube”");
  expect(editor.undoLabels.orderOfUndo(4)).toEqual([4, 3, 2]);
  expect(editor.undoLabels.undid([4, 3, 2])).toBe("Import “engine.glb”");
  expect(editor.undoLabels.undid([1])).toBe("Add cube");
});

test("AStepIsNotCountedOnceAnotherReplacesIt", async () => {
  const { editor } = open();
  const taken = (handle: number, replaces?: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined), ...(replaces && { replaces }) });
  await editor.perform("Change material of 2 objects", async (step) => {
    await step.give(taken(1));
    await step.give(taken(2));
  });
  await editor.perform("Move “box”", (step) => step.give(taken(3)));
  await editor.perform("Change material of “lid”", (step) => step.give(taken(4, 2)));
  await editor.perform("Move “box”", (step) => step.give(taken(5, 3)));
  expect(editor.undoLabels.undid([5])).toBe("Move “box”");
  expect(editor.undoLabels.undid([4])).toBe("Change material of “lid”");
  expect([editor.undoLabels.nextUndo.value, editor.undoLabels.orderOfUndo(1)]).toEqual(
    ["Change material of 2 objects", [1]]);
});

test("WhatUndoPassesOverIsNotOfferedByName", async () => {
  const { editor } = open();
  const taken = (handle: number) =>
    Promise.resolve({ handle, ids: [], settled: new Promise<never>(() => undefined) });
  await editor.perform("Add cube", (step) => step.give(taken(1)));
  await editor.perform("Group “cube”", async (step) => {
    await step.give(taken(2));
    await step.give(taken(3));
  });
  await editor.perform("Rename “cube”", (step) => step.give(taken(4)));
  expect(editor.undoLabels.orderOfUndo(3)).toEqual([3, 2]);
  expect(editor.undoLabels.undid([3, 2])).toBe("Group “cube”");
  expect(editor.undoLabels.nextUndo.value).toBe("Add cube");
  expect(editor.undoLabels.orderOfRedo(2)).toEqual([2, 3]);
  expect(editor.undoLabels.redid([2, 3])).toBe("Group “cube”");
  expect(editor.undoLabels.undid([])).toBeUndefined();
  expect(editor.undoLabels.nextUndo.value).toBeUndefined();
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
