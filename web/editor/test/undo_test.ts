import { expect, test } from "vitest";
import { CommandError, type EntityId } from "@theta/client";
import { openEditor } from "./open_editor.js";

// Somebody changes what a command of a step did: the room then passes over that command and offers the one before it,
// which may be of another step.

async function open() {
  const { room, editor, notices, run } = openEditor();
  const { ids } = await room.create([{ name: "a" }, { name: "b" }, { name: "c" }]);
  /** One command a target. */
  const hide = async (label: string, targets: readonly EntityId[]) => {
    const handles: number[] = [];
    await editor.perform(label, async (step) => {
      for (const target of targets) {
        const hiding = room.submit({ command: "set_visibility", targets: [target], visible: false });
        handles.push((await step.give(hiding))!.handle);
      }
    });
    return handles as [number, number, number];
  };
  const shown = () => [...room.scene.entities()].filter(({ visible }) => visible).map(({ name }) => name);
  return { room, editor, run, notices, ids: ids as [EntityId, EntityId, EntityId], hide, shown };
}

const kPart = "A part of it stays as it is, since somebody has changed it meanwhile.";

test("UndoOfAPartReachesNoFurtherBackThanItsStep", async () => {
  const { room, editor, run, notices, ids, hide, shown } = await open();
  const [a, b, c] = ids;
  await hide("Hide “a”", [a]);
  const [first] = await hide("Hide 2 objects", [b, c]);
  room.blocked.add(first);
  await run("edit.undo");
  expect(shown()).toEqual(["c"]);
  expect(notices).toEqual([`Undone: Hide 2 objects. ${kPart}`]);
  expect(editor.undoLabels.nextUndo.value).toBe("Hide “a”");
  await run("edit.redo");
  expect(shown()).toEqual([]);
  expect(notices.at(-1)).toBe("Redone: Hide 2 objects");
  await run("edit.undo");
  await run("edit.undo");
  expect(shown()).toEqual(["a", "c"]);
  expect(notices.at(-1)).toBe("Undone: Hide “a”");
});

test("WhatIsBlockedInTheMiddleIsLeftOutAlone", async () => {
  const { room, run, notices, ids, hide, shown } = await open();
  const [, middle] = await hide("Hide 3 objects", ids);
  room.blocked.add(middle);
  await run("edit.undo");
  expect(shown()).toEqual(["a", "c"]);
  expect(notices).toEqual([`Undone: Hide 3 objects. ${kPart}`]);
  await run("edit.redo");
  expect(shown()).toEqual([]);
});

test("WhatWasLastOfAStepMayBeWhatIsBlocked", async () => {
  const { room, run, notices, ids, hide, shown } = await open();
  const [, , last] = await hide("Hide 3 objects", ids);
  room.blocked.add(last);
  await run("edit.undo");
  expect(shown()).toEqual(["a", "b"]);
  expect(notices).toEqual([`Undone: Hide 3 objects. ${kPart}`]);
});

test("NothingBehindABlockedPartIsNoError", async () => {
  const { room, run, notices, ids, hide, shown } = await open();
  room.blocked.add(1);
  const [first] = await hide("Hide 3 objects", ids);
  room.blocked.add(first);
  await run("edit.undo");
  expect(shown()).toEqual(["b", "c"]);
  expect(notices).toEqual([`Undone: Hide 3 objects. ${kPart}`]);
});

test("WhatEndsAnUndoInTheMiddleIsToldForWhatItIs", async () => {
  const { room, run, notices, ids, hide } = await open();
  await hide("Hide 3 objects", ids);
  const { undo } = room;
  let undone = 0;
  room.undo = () =>
    ++undone === 1 ? undo.call(room) : Promise.reject(new CommandError("not_permitted", "Another page writes now."));
  await run("edit.undo");
  expect(notices).toEqual(["Another page writes now."]);
});

test("RedoOfAPartReachesNoFurtherThanItsStep", async () => {
  const { room, run, notices, ids, hide, shown } = await open();
  const [a, b, c] = ids;
  const [, second] = await hide("Hide 2 objects", [a, b]);
  await hide("Hide “c”", [c]);
  await run("edit.undo");
  await run("edit.undo");
  room.blocked.add(second);
  await run("edit.redo");
  expect(shown()).toEqual(["b", "c"]);
  expect(notices.at(-1)).toBe(`Redone: Hide 2 objects. ${kPart}`);
  await run("edit.redo");
  expect(shown()).toEqual(["b"]);
});

test("AStepThatIsLongAgoIsTakenBackAndDoneAgainAsAWhole", async () => {
  const { room, run, notices, ids, hide, shown } = await open();
  const [first, second, third] = await hide("Hide 3 objects", ids);
  for (const forgotten of [first, second, third]) {
    room.forgotten = forgotten;
    await run("edit.undo");
    expect(shown()).toEqual(["a", "b", "c"]);
    await run("edit.redo");
    expect(shown()).toEqual([]);
  }
  expect(new Set(notices)).toEqual(new Set(["Undone: Hide 3 objects", "Redone: Hide 3 objects"]));
});

test("WhatWasDoneInAnEarlierVisitHasNoName", async () => {
  const { room, editor, run, notices, shown } = await open();
  await room.submit({ command: "set_visibility", targets: ["1:1"], visible: false });
  room.forgotten = 2;
  await run("edit.undo");
  expect(shown()).toEqual(["a", "b", "c"]);
  await run("edit.redo");
  expect(notices).toEqual(["Undone: last step", "Redone: last step"]);
  expect(editor.undoLabels.nextUndo.value).toBeUndefined();
});
