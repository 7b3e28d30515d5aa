import { fireEvent, screen } from "@testing-library/preact";
import { expect, test, vi } from "vitest";
import { Inspector } from "../../src/panels/inspector.js";
import { open } from "./open.js";

test("ThePanelShowsWhereTheGizmoHasThings", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a", position: [1, 2, 3] }]);
  const [id] = ids as [string];
  editor.selection.value = ids;
  show(<Inspector />);
  const x = screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position X" });
  expect(x.value).toBe("1");
  const dragged = { position: [4.5, 2, 3], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } as const;
  editor.gesture.value = new Map([[id, dragged]]);
  await vi.waitFor(() => expect(x.value).toBe("4.5"));
  expect(screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position Y" }).value).toBe("2");
  editor.gesture.value = new Map();
  await vi.waitFor(() => expect(x.value).toBe("1"));
});

test("ALongNumberIsCutDownUntilSomebodyIsInItsField", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a", position: [-1234.56789, 0, 0] }]);
  editor.selection.value = ids;
  show(<Inspector />);
  const x = screen.getByRole<HTMLInputElement>("spinbutton", { name: "Position X" });
  expect([x.value, x.title, x.getAttribute("aria-valuetext")]).toEqual(["-1235", "-1234.56789", "-1234.56789m"]);
  x.focus();
  await vi.waitFor(() => expect(x.value).toBe("-1234.56789"));
  expect([x.selectionStart, x.selectionEnd]).toEqual([0, x.value.length]);
  x.blur();
  await vi.waitFor(() => expect(x.value).toBe("-1235"));
  expect(room.submitted.map(({ command }) => command)).toEqual(["create_entities"]);
});

test("AColourIsShownWhileItIsPickedAndIsOneCommand", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([
    { name: "a", material: { base_color: [1, 1, 1, 0.5], roughness: 0.25 } },
    { name: "b", material: { base_color: [1, 1, 1, 1], roughness: 0.25 } },
  ]);
  editor.selection.value = ids;
  show(<Inspector />);
  const swatch = screen.getByLabelText<HTMLInputElement>("Colour, picker");
  for (const value of ["#ff0000", "#00ff00", "#0000ff"]) fireEvent.input(swatch, { target: { value } });
  const looks = [...editor.looks.value];
  expect(looks.map(([id]) => id)).toEqual(ids);
  expect(looks.map(([, { material }]) => material)).toMatchObject([
    { base_color: [0, 0, 1, 0.5], roughness: 0.25 },
    { base_color: [0, 0, 1, 1], roughness: 0.25 },
  ]);
  expect(room.submitted.map(({ command }) => command)).toEqual(["create_entities"]);
  fireEvent.change(swatch, { target: { value: "#0000ff" } });
  await vi.waitFor(() => expect(editor.looks.value.size).toBe(0));
  expect(ids.map((id) => room.scene.get(id)?.material?.base_color)).toEqual([[0, 0, 1, 0.5], [0, 0, 1, 1]]);
  expect(room.submitted.filter(({ command }) => command === "set_material")).toHaveLength(2);
});

test("AColourThatIsBeingTriedStaysWithWhatItIsTriedOn", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ material: {} }, { material: { base_color: [0, 0, 1, 1] } }]);
  editor.selection.value = [ids[0] as string];
  show(<Inspector />);
  const swatch = () => screen.getByLabelText<HTMLInputElement>("Colour, picker");
  fireEvent.input(swatch(), { target: { value: "#ff0000" } });
  editor.selection.value = [ids[1] as string];
  await vi.waitFor(() => expect(swatch().value).toBe("#0000ff"));
  expect(editor.looks.value.size).toBe(0);
});

test("AColourThatIsNotKeptLeavesNothingBehind", async () => {
  const { room, editor, show } = open();
  const { ids } = await room.create([{ name: "a", light: { color: [1, 1, 1] } }]);
  editor.selection.value = ids;
  const { unmount } = show(<Inspector />);
  const swatch = screen.getByLabelText<HTMLInputElement>("Colour, picker");
  fireEvent.input(swatch, { target: { value: "#ff0000" } });
  expect(editor.looks.value.get(ids[0] as string)?.light?.color).toEqual([1, 0, 0]);
  fireEvent.blur(swatch);
  expect(editor.looks.value.size).toBe(0);
  fireEvent.input(swatch, { target: { value: "#00ff00" } });
  unmount();
  expect(editor.looks.value.size).toBe(0);
  expect(room.submitted.map(({ command }) => command)).toEqual(["create_entities"]);
});
