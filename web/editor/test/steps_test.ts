import { expect, test } from "vitest";
import { CommandRefused, ROOT, type EntityId } from "@theta/client";
import { isEnabled } from "../src/actions/action.js";
import { action } from "../src/actions/index.js";
import { moveBelow } from "../src/actions/edit.js";
import { kPlacedMax, kTargetsMax } from "../src/pieces.js";
import { kStepsWaitingMax } from "../src/steps.js";
import { openEditor } from "./open_editor.js";

function open() {
  const opened = openEditor();
  const names = () => [...opened.room.scene.entities()].map(({ name }) => name);
  return { ...opened, names };
}

async function openMany(count: number) {
  const opened = open();
  const entities = Array.from({ length: count }, (_, at) => ({ name: `n${at}`, position: [at, 0, 0] as const }));
  const { ids } = await opened.room.create(entities);
  const given = () => opened.room.submitted.slice(1);
  return { ...opened, ids, given };
}

test("AStepReadsWhatTheOneBeforeItDid", async () => {
  const { room, editor, names } = open();
  room.lag();
  const addAnother = () =>
    editor.perform("Add", (step) => step.create([{ name: `n${step.scene.size}` }]));
  const done = Promise.all([addAnother(), addAnother(), addAnother()]);
  await room.answerAll();
  await done;
  expect(names()).toEqual(["n0", "n1", "n2"]);
});

test("AStepWaitsForCommandsThatAreNoSteps", async () => {
  const { room, editor } = open();
  room.lag();
  void room.create([{ name: "from elsewhere" }]);
  let size = -1;
  const done = editor.perform("Look", async (step) => (size = step.scene.size));
  await room.answerAll();
  await done;
  expect(size).toBe(1);
});

test("AStepThatFailsIsToldAndKeepsNothingFromFollowing", async () => {
  const { room, editor, notices, names } = open();
  const failing = editor.perform("Bend it", () => Promise.reject(new Error("it does not bend")));
  const throwing = editor.perform("Break it", () => {
    throw new Error("it is broken");
  });
  await editor.perform("Add", (step) => step.create([{ name: "after it" }]));
  await Promise.all([failing, throwing]);
  expect(notices).toEqual(["Bend it is not possible: it does not bend", "Break it is not possible: it is broken"]);
  expect(names()).toEqual(["after it"]);
  expect(room.submitted).toHaveLength(1);
});

test("WhenTheRoomClosesNoStepWaitsForEver", async () => {
  const { room, editor, notices } = open();
  room.lag();
  const steps = [1, 2].map((at) => editor.perform(`Add ${at}`, (step) => step.create([{}])));
  room.submit = () => Promise.reject(new Error("the room was closed"));
  room.rejectGiven(new Error("the room was closed"));
  await Promise.all(steps);
  expect(notices).toEqual([1, 2].map((at) => `Add ${at} is not possible: the room was closed`));
});

test("SoManyStepsWaitAndNoMore", async () => {
  const { room, editor, notices } = open();
  room.lag();
  const steps = Array.from({ length: kStepsWaitingMax + 1 }, () => editor.perform("Add", (step) => step.create([{}])));
  await steps.at(-1);
  expect(notices).toEqual([expect.stringContaining("Add is not possible: 1,024 edits wait")]);
  await room.answerAll();
  await Promise.all(steps);
  expect(room.scene.size).toBe(kStepsWaitingMax);
  void editor.perform("Add", (step) => step.create([{}]));
  await room.answerAll();
  expect(room.scene.size).toBe(kStepsWaitingMax + 1);
});

test("UndoRightAfterAStepTakesThatStepBackAndRedoRightAfterItDoesItAgain", async () => {
  const { room, editor, workspace, run, names, notices } = open();
  expect(isEnabled(action("edit.undo"), workspace)).toBe(false);
  room.lag();
  const done = [editor.perform("Add a", (step) => step.create([{ name: "a" }]))];
  done.push(editor.perform("Add b", (step) => step.create([{ name: "b" }])));
  expect(isEnabled(action("edit.undo"), workspace)).toBe(true);
  expect(isEnabled(action("edit.redo"), workspace)).toBe(false);
  done.push(run("edit.undo"), run("edit.undo"));
  expect(isEnabled(action("edit.redo"), workspace)).toBe(true);
  done.push(run("edit.redo"));
  await room.answerAll();
  await Promise.all(done);
  expect(names()).toEqual(["a"]);
  expect(notices).toEqual(["Undone: Add b", "Undone: Add a", "Redone: Add a"]);
});

test("TwoQuickAddsHaveTwoNames", async () => {
  const { room, run, names } = open();
  room.lag();
  const done = [run("add.empty"), run("add.empty")];
  await room.answerAll();
  await Promise.all(done);
  expect(names()).toEqual(["Empty", "Empty 2"]);
});

test("WhatIsGoneWhenItsTurnComesIsPassedOverWithoutAWord", async () => {
  const { room, editor, workspace, run, notices, ids, given } = await openMany(3);
  const [a, b, c] = ids as [EntityId, EntityId, EntityId];
  room.lag();
  editor.selection.value = [a, b];
  const done = [run("edit.delete"), run("edit.hide"), run("edit.duplicate"), run("edit.group")];
  done.push(moveBelow(workspace, [a], c), run("edit.ungroup"));
  await room.answerAll();
  await Promise.all(done);
  expect(given()).toEqual([{ command: "delete_entities", targets: [a, b] }]);
  expect(notices).toEqual([]);
});

test("ShowEverythingShowsWhatTheStepBeforeItHid", async () => {
  const { room, editor, run, ids } = await openMany(2);
  room.lag();
  editor.selection.value = ids;
  const done = [run("edit.hide"), run("edit.show_all")];
  await room.answerAll();
  await Promise.all(done);
  expect([...room.scene.entities()].map(({ visible }) => visible)).toEqual([true, true]);
  expect(editor.undoLabels.nextUndo.value).toBe("Show 2 objects");
});

test("WhatIsTooMuchForOneCommandIsSeveralAndOneStep", async () => {
  const { room, editor, run, ids, given } = await openMany(kTargetsMax + 5);
  editor.selection.value = ids;
  await run("edit.hide");
  await run("edit.delete");
  expect(given().map((command) => "targets" in command && [command.command, command.targets.length])).toEqual([
    ["set_visibility", kTargetsMax],
    ["set_visibility", 5],
    ["delete_entities", kTargetsMax],
    ["delete_entities", 5],
  ]);
  expect(room.scene.size).toBe(0);
  await run("edit.undo");
  expect(room.scene.size).toBe(ids.length);
  await run("edit.undo");
  expect([...room.scene.entities()].every(({ visible }) => visible)).toBe(true);
  await run("edit.redo");
  expect([...room.scene.entities()].some(({ visible }) => visible)).toBe(false);
});

test("ManyMovedBelowOneKeepTheirOrderThere", async () => {
  const { room, workspace, run, ids, given } = await openMany(2 * kPlacedMax + 3);
  const [parent, first, ...others] = ids as [EntityId, EntityId, ...EntityId[]];
  await moveBelow(workspace, [first], parent);
  await moveBelow(workspace, others, parent, first);
  expect(given()).toHaveLength(4);
  expect(room.scene.children(parent)).toEqual([...others, first]);
  await moveBelow(workspace, [...others.slice(kPlacedMax), ...others.slice(0, kPlacedMax)], parent, first);
  expect(room.submitted.at(-1)?.command).toBe("reorder_entities");
  await moveBelow(workspace, others, ROOT);
  expect(room.scene.children(ROOT)).toEqual([parent, ...others]);
  for (let at = 0; at < 2; ++at) await run("edit.undo");
  expect(room.scene.children(parent)).toEqual([...others, first]);
});

test("AGroupOfManyHoldsThemInTheirOrderAndUngroupingLeavesThemInItsPlace", async () => {
  const { room, editor, run, ids } = await openMany(kPlacedMax + 10);
  editor.selection.value = ids.slice(1);
  await run("edit.group");
  const [group] = editor.selection.value as [EntityId];
  expect(room.scene.children(group)).toEqual(ids.slice(1));
  await run("edit.ungroup");
  expect(room.scene.children(ROOT)).toEqual(ids);
  await run("edit.undo");
  expect(room.scene.children(group)).toEqual(ids.slice(1));
  await run("edit.undo");
  expect(room.scene.children(ROOT)).toEqual(ids);
});

test("AGroupThatOnlyAPartCanLeaveStays", async () => {
  const { room, editor, run, notices, ids } = await openMany(kPlacedMax + 10);
  editor.selection.value = ids;
  await run("edit.group");
  const [group] = editor.selection.value as [EntityId];
  const submit = room.submit.bind(room);
  let moves = 0;
  room.submit = (command) =>
    command.command === "reparent_entities" && ++moves > 1 ? Promise.reject(new Error("no")) : submit(command);
  await run("edit.ungroup");
  expect(room.scene.children(group)).toEqual(ids.slice(kPlacedMax));
  expect(notices).toEqual(["Ungroup “Group” is done only in part: no"]);
});

test("OfAStepThatTheHubRefusesThePersonHearsOnce", async () => {
  const { room, editor, run, notices, ids } = await openMany(kTargetsMax + 5);
  room.hold();
  editor.selection.value = ids;
  await run("edit.hide");
  room.answer(new CommandRefused("quota", undefined, "The room is full."));
  await run("edit.undo");
  expect(notices.filter((text) => text.includes("did not go through"))).toHaveLength(1);
});

test("WhatIsCopiedWhileAPasteWaitsIsKept", async () => {
  const { room, editor, workspace, run } = open();
  const { ids } = await room.create([{ name: "a" }, { name: "b" }, { name: "c" }]);
  const [a, b, c] = ids as [EntityId, EntityId, EntityId];
  editor.selection.value = [a];
  await run("edit.cut");
  editor.selection.value = [c];
  room.lag();
  const pasted = run("edit.paste");
  editor.selection.value = [b];
  await run("edit.copy");
  await room.answerAll();
  await pasted;
  expect(room.scene.get(a)?.parent).toBe(c);
  expect(workspace.clipboard.value).toEqual({ ids: [b], cut: false });
});
