import { fireEvent, screen } from "@testing-library/preact";
import { CommandError } from "@theta/client";
import { expect, test, vi } from "vitest";
import { kActions } from "../../src/actions/index.js";
import { listenForShortcuts } from "../../src/actions/shortcuts.js";
import { Inspector } from "../../src/panels/inspector.js";
import { TopBar } from "../../src/shell/top_bar.js";
import { open } from "./open.js";

// In these the room answers a command only when it is told to, as a worker does that has other work: meanwhile the
// scene shows what it showed before.

function type(label: string, text: string): void {
  const field = screen.getByLabelText<HTMLInputElement>(label);
  field.focus();
  fireEvent.input(field, { target: { value: text } });
  fireEvent.keyDown(field, { key: "Enter" });
}

test("TwoFieldsOfAComponentAreBothChangedHoweverLateTheFirstOneShows", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "Lamp", light: { kind: "point", range: 0 } }]);
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  type("Range", "5");
  type("Colour, hexadecimal", "#ff0000");
  await room.answerAll();
  expect(room.scene.get(ids[0] as string)?.light).toMatchObject({ range: 5, color: [1, 0, 0] });
});

test("TwoNumbersOfATransformAreBothChangedHoweverLateTheFirstOneShows", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "Box" }]);
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  type("Position X", "3");
  type("Position Z", "4");
  type("Scale Y", "2");
  await room.answerAll();
  expect(room.scene.get(ids[0] as string)?.transform).toMatchObject({ position: [3, 0, 4], scale: [1, 2, 1] });
});

test("WhatWasDeletedOrTakenAwayMeanwhileIsLeftAloneWithoutAWord", async () => {
  const { room, editor, workspace, show } = open();
  const { ids } = await room.create([
    { name: "a", material: {}, light: {} },
    { name: "b", material: {}, light: {} },
  ]);
  const [a, b] = ids as [string, string];
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  const before = room.submitted.length;
  type("Roughness", "0.5");
  type("Range", "5");
  type("Position X", "1");
  room.remote({ command: "delete_entities", targets: [a] });
  room.remote({ command: "set_light", targets: [b], light: null });
  await room.answerAll();
  expect(room.submitted.slice(before).map((command) => "targets" in command && [command.command, command.targets]))
    .toEqual([["set_material", [b]], ["set_transform", [b]]]);
  expect(room.scene.get(b)?.light).toBeUndefined();
  expect(workspace.toasts.shown.value).toEqual([]);
});

test("WhatIsTriedNowStaysWhenAnEarlierChangeShows", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "Lamp", light: { color: [1, 1, 1] } }]);
  const id = ids[0] as string;
  editor.selection.value = ids;
  show(<Inspector />);
  const swatch = screen.getByLabelText<HTMLInputElement>("Colour, picker");
  const tried = () => editor.looks.value.get(id)?.light?.color;
  room.lag();
  fireEvent.input(swatch, { target: { value: "#ff0000" } });
  fireEvent.change(swatch, { target: { value: "#ff0000" } });
  expect(tried()).toEqual([1, 0, 0]);
  fireEvent.input(swatch, { target: { value: "#0000ff" } });
  await room.answerNext();
  expect(room.scene.get(id)?.light?.color).toEqual([1, 0, 0]);
  expect(tried()).toEqual([0, 0, 1]);
  fireEvent.change(swatch, { target: { value: "#0000ff" } });
  await room.answerAll();
  expect(room.scene.get(id)?.light?.color).toEqual([0, 0, 1]);
  expect(tried()).toBeUndefined();
});

test("AScrubIsShownToOthersAlsoWhenAnEarlierNumberShows", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "Box" }]);
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  type("Position X", "3");
  const field = screen.getByRole("spinbutton", { name: "Position Y" });
  fireEvent.pointerDown(field, { pointerId: 1, clientX: 0, button: 0 });
  fireEvent.pointerMove(document.body, { pointerId: 1, clientX: 80 });
  await room.answerNext();
  expect(room.scene.get(ids[0] as string)?.transform.position).toEqual([3, 0, 0]);
  expect(editor.dragging.value).toHaveLength(1);
  fireEvent.pointerUp(document.body, { pointerId: 1, clientX: 80 });
  await room.answerAll();
  expect(room.scene.get(ids[0] as string)?.transform.position).toEqual([3, 1, 0]);
  expect(editor.dragging.value).toEqual([]);
});

test("ArrowKeysPressedBeforeTheFirstStepShowsAddUp", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "Box" }]);
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  const field = screen.getByRole("spinbutton", { name: "Position X" });
  field.focus();
  for (let at = 0; at < 3; ++at) fireEvent.keyDown(field, { key: "ArrowUp" });
  await room.answerAll();
  expect(room.scene.get(ids[0] as string)?.transform.position[0]).toBeCloseTo(0.3);
});

test("ANumberIsShownAtOnceAndGoesBackWhereItWasNotPossible", async () => {
  const { room, editor, workspace, show } = open();
  const { ids } = await room.create([{ name: "Box", position: [1, 0, 0] }]);
  editor.selection.value = ids;
  show(<Inspector />);
  const field = screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position X" });
  room.lag();
  type("Position X", "5");
  await vi.waitFor(() => expect(field.getAttribute("aria-valuenow")).toBe("5"));
  // Somebody else's edit draws the panel again.
  room.remote({ command: "rename_entity", target: ids[0] as string, name: "Crate" });
  await vi.waitFor(() => expect(screen.getByDisplayValue("Crate")).toBeTruthy());
  expect(field.value).toBe("5");
  room.rejectGiven(new CommandError("not_permitted", "A viewer cannot edit."));
  await vi.waitFor(() => expect(field.value).toBe("1"));
  expect(workspace.toasts.shown.value.map(({ text }) => text)).toEqual([
    "Move “Box” is not possible: A viewer cannot edit.",
  ]);
  type("Position X", "5");
  await room.answerAll();
  expect(room.scene.get(ids[0] as string)?.transform.position[0]).toBe(5);
});

test("UndoInANumberFieldTakesBackItsStepOnceItIsOne", async () => {
  const { room, editor, workspace, show } = open();
  const { ids } = await room.create([{ name: "Box" }]);
  editor.selection.value = ids;
  show(<Inspector />);
  const stop = listenForShortcuts(workspace, kActions);
  const field = screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position X" });
  const x = () => room.scene.get(ids[0] as string)?.transform.position[0];
  // True: nobody took the key from the browser.
  const press = (init: KeyboardEventInit) => fireEvent.keyDown(field, { ctrlKey: true, ...init });
  type("Position X", "3");
  await room.answerAll();
  fireEvent.input(field, { target: { value: "4" } });
  expect(press({ key: "z" })).toBe(true);
  await room.answerAll();
  expect(x()).toBe(3);
  fireEvent.keyDown(field, { key: "Enter" });
  expect([press({ key: "z" }), press({ key: "z" })]).toEqual([false, false]);
  await room.answerAll();
  expect(x()).toBe(0);
  expect(press({ key: "Z", shiftKey: true })).toBe(false);
  await room.answerAll();
  expect(x()).toBe(3);
  await vi.waitFor(() => expect(field.value).toBe("3"));
  expect(press({ key: "d" })).toBe(true);
  expect(room.scene.size).toBe(1);
  stop();
});

test("WhatIsAskedForOneThingIsNotShownForTheNext", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a" }, { name: "b" }]);
  const [a, b] = ids as [string, string];
  editor.selection.value = [a];
  show(<Inspector />);
  room.lag();
  type("Position X", "3");
  const x = () => screen.getByLabelText<HTMLInputElement>("Position X");
  expect(x().value).toBe("3");
  editor.selection.value = [b];
  await vi.waitFor(() => expect(x().value).toBe("0"));
  type("Position X", "3");
  await room.answerAll();
  expect([a, b].map((id) => room.scene.get(id)?.transform.position[0])).toEqual([3, 3]);
});

test("WhoGoesBackToTheOldValueBeforeTheNewOneShowsHasTheOldOne", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a", light: { color: [1, 1, 1] } }]);
  const id = ids[0] as string;
  editor.selection.value = ids;
  show(<Inspector />);
  room.lag();
  const rename = (text: string) => {
    const field = screen.getByLabelText<HTMLInputElement>("Name");
    fireEvent.input(field, { target: { value: text } });
    fireEvent.blur(field);
  };
  const color = (text: string) => {
    const field = screen.getByLabelText<HTMLInputElement>("Colour, hexadecimal");
    fireEvent.input(field, { target: { value: text } });
    fireEvent.blur(field);
  };
  rename("b");
  color("#ff0000");
  const fields = ["Name", "Colour, hexadecimal"];
  const shown = () => fields.map((name) => screen.getByLabelText<HTMLInputElement>(name).value);
  await vi.waitFor(() => expect(shown()).toEqual(["b", "#ff0000"]));
  rename("a");
  color("#ffffff");
  await room.answerAll();
  expect([room.scene.get(id)?.name, room.scene.get(id)?.light?.color]).toEqual(["a", [1, 1, 1]]);
  expect(shown()).toEqual(["a", "#ffffff"]);
});

test("InANumberThatMakesNoStepUndoIsTheBrowsers", async () => {
  const { room, workspace, show } = open();
  await room.create([{ name: "a" }]);
  const stop = listenForShortcuts(workspace, kActions);
  show(<TopBar />);
  type("Grid step", "0.5");
  fireEvent.keyDown(screen.getByLabelText("Grid step"), { key: "z", ctrlKey: true });
  await room.answerAll();
  expect(room.submitted.map(({ command }) => command)).toEqual(["create_entities"]);
  stop();
});
