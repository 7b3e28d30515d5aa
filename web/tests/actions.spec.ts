import type { Person } from "./support/pages.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";
import { drag, expectNear, expectSeen, frameAll, press, put, settled, type Spot, spotOf } from "./support/view.js";

/** What the editor can do by keys, by menus and by its name, and what somebody else sees of it. */

test.use({ contextOptions: { reducedMotion: "reduce" } });

test("cut, copy and paste, parents, visibility and selection by keys", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  for (const name of ["Table", "Lamp"]) await ann.add(name);
  const lamps = async () => (await bob.names()).filter((name) => name.startsWith("Lamp")).length;

  await press(ann, "Control+c");
  await press(ann, "Control+v");
  await expect.poll(lamps).toBe(2);
  await press(ann, "Backspace");
  await expect.poll(lamps).toBe(1);
  await ann.choose("Lamp");
  await press(ann, "Control+x");
  await ann.choose("Table");
  await press(ann, "Control+v");
  await expect.poll(() => bob.parentOf("Lamp")).toBe("Table");
  await ann.choose("Lamp");
  await press(ann, "Alt+p");
  await expect.poll(() => bob.parentOf("Lamp")).toBe("");
  await press(ann, "h");
  await expectSeen(bob, "Lamp", (entity) => entity?.visible, false);
  await press(ann, "Alt+h");
  await expectSeen(bob, "Lamp", (entity) => entity?.visible, true);
  await press(ann, "Control+z");
  await expectSeen(bob, "Lamp", (entity) => entity?.visible, false);
  await press(ann, "Control+y");
  await expectSeen(bob, "Lamp", (entity) => entity?.visible, true);

  await press(ann, "Control+a");
  await expect.poll(() => bob.selectionOf("Ann")).toEqual(["Lamp", "Table"]);
  await ann.choose("Lamp");
  await press(ann, "Control+i");
  await expect.poll(() => bob.selectionOf("Ann")).toEqual(["Table"]);
  await press(ann, "Escape");
  await expect.poll(() => bob.selectionOf("Ann")).toEqual([]);
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

/** Where somebody looks, as another browser was told. */
async function directionOf(by: Person, name: string): Promise<readonly number[]> {
  const [x, y, z, w] = (await by.participant(name))?.presence?.view?.rotation ?? [9, 9, 9, 9];
  return [-2 * (x * z + w * y), -2 * (y * z - w * x), -(1 - 2 * (x * x + y * y))];
}

test("the views and panels by keys", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const { page } = ann;
  await put(ann, "One", [6, 0.5, -4]);
  await frameAll(ann);
  await ann.page.mouse.move(480, 300);

  for (const [key, direction] of [
    ["2", [0, 0, 1]],
    ["3", [-1, 0, 0]],
    ["4", [1, 0, 0]],
    ["7", [0, -1, 0]],
    ["8", [0, 1, 0]],
    ["1", [0, 0, -1]],
  ] as const) {
    await press(ann, key);
    await expectNear(() => directionOf(bob, "Ann"), direction, 1e-3);
  }
  // What lies behind something else shows at the same place where there is no perspective, and only there.
  const apart = async () => (await spotOf(page, [7, 0.5, -4])).x - (await spotOf(page, [7, 0.5, -8])).x;
  expect(Math.abs(await apart())).toBeGreaterThan(1);
  await press(ann, "5");
  await expect.poll(async () => Math.abs(await apart())).toBeLessThan(1e-3);
  await press(ann, "5");

  await page.mouse.move(480, 300);
  await page.mouse.wheel(0, 1200);
  await ann.choose("One");
  await press(ann, "f");
  await settled(ann);
  const { x, y, width, height } = (await page.locator("canvas").boundingBox())!;
  const shown = await spotOf(page, [6, 0.5, -4]);
  expect(shown.x).toBeCloseTo(x + width / 2, 0);
  expect(shown.y).toBeCloseTo(y + height / 2, 0);

  await press(ann, "q");
  await expect(page.getByRole("radio", { name: "Select", exact: true })).toBeChecked();
  for (const [keys, panel] of [
    ["Alt+1", "Scene"],
    ["Alt+2", "Properties, people and history"],
  ] as const) {
    const side = page.getByRole("complementary", { name: panel });
    await press(ann, keys);
    await expect(side).toBeHidden();
    await press(ann, keys);
    await expect(side).toBeVisible();
  }
  await press(ann, "Alt+3");
  await expect(page.getByRole("tab", { name: "History" })).toHaveAttribute("aria-selected", "true");
  for (const person of [ann, bob]) person.expectNoComplaints();
});

async function fromMenu({ page }: Person, menu: string, item: string): Promise<void> {
  await page.getByRole("button", { name: menu, exact: true }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

async function middleOf(person: Person, row: string, part = 0.5): Promise<Spot> {
  const { x, y, height } = (await person.row(row).boundingBox())!;
  return { x: x + 80, y: y + height * part };
}

test("the outliner's and the view's menus, order, names and ranges by mouse", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const { page } = ann;
  for (const name of ["Table", "Lamp", "Chair"]) await ann.add(name);

  await test.step("a row that is dragged between others stands there", async () => {
    await drag(ann, await middleOf(ann, "Chair"), await middleOf(ann, "Table", 0.1));
    await expect.poll(() => bob.names()).toEqual(["Chair", "Table", "Lamp"]);
  });
  await test.step("a double click renames", async () => {
    await ann.row("Lamp").dblclick();
    await page.getByRole("textbox", { name: "New name of Lamp" }).fill("Lantern");
    await page.keyboard.press("Enter");
    await bob.sees("Lantern");
  });
  await test.step("a range, and all of it by the menu", async () => {
    await ann.choose("Chair");
    await ann.row("Lantern").click({ modifiers: ["Shift"] });
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["Chair", "Lantern", "Table"]);
    await fromMenu(ann, "Scene menu", "Select nothing");
    await expect.poll(() => bob.selectionOf("Ann")).toEqual([]);
    await fromMenu(ann, "Scene menu", "Select all");
    await expect.poll(async () => (await bob.selectionOf("Ann")).length).toBe(3);
  });
  await test.step("the menus of a row and of the view", async () => {
    const menu = (item: string) => page.getByRole("menu").getByRole("menuitem", { name: item }).click();
    await ann.choose("Table");
    await ann.row("Table").click({ button: "right" });
    await menu("Duplicate");
    await expect.poll(async () => (await bob.names()).filter((name) => name === "Table").length).toBe(2);
    const { x, y, width, height } = (await page.locator("canvas").boundingBox())!;
    const ground = { x: x + width - 30, y: y + height - 30 };
    await page.mouse.click(ground.x, ground.y, { button: "right" });
    await menu("Delete");
    await expect.poll(async () => (await bob.names()).filter((name) => name === "Table").length).toBe(1);
    await page.mouse.click(ground.x, ground.y, { button: "right" });
    await menu("Sphere");
    await bob.sees("Sphere");
  });
  await test.step("what is in something can be folded away", async () => {
    await drag(ann, await middleOf(ann, "Lantern"), await middleOf(ann, "Table"));
    await expect.poll(() => bob.parentOf("Lantern")).toBe("Table");
    await page.getByRole("button", { name: "Collapse Table" }).click();
    await expect(ann.row("Lantern")).toHaveCount(0);
    await page.getByRole("button", { name: "Expand Table" }).click();
    await expect(ann.row("Lantern")).toBeVisible();
  });
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

/** Which of these tests uses what the editor can do. */
const kUsedIn: Readonly<Record<string, readonly string[]>> = {
  accessibility: ["Find a command…"],
  actions: [
    ...["Cut", "Copy", "Paste", "Move to the top level", "Hide or show", "Show everything hidden"],
    ...["Select all", "Select nothing", "Invert selection", "Frame selection", "Select"],
    ...["View from the front", "View from the back", "View from the right", "View from the left"],
    ...["View from above", "View from below", "Orthographic view"],
    ...["Outliner", "Side panel", "History", "People", "About Theta"],
  ],
  editor: [
    ...["Move", "Rotate", "Scale", "Use local axes", "Snapping", "Undo", "Redo", "Duplicate", "Delete", "Rename"],
    ...["Group", "Ungroup", "Move to…", "Frame everything", "Look through camera", "Light or dark"],
    ...["Cube", "Sphere", "Icosphere", "Cylinder", "Cone", "Torus", "Plane"],
    ...["Point light", "Spot light", "Sun", "Camera", "Empty"],
    ...["Import…", "Export scene as GLB", "Export selection as GLB", "Keyboard shortcuts"],
  ],
  room: ["Invite…", "Work offline"],
  touch: ["Choose with a box by touch"],
};

test("there is nothing in the list of commands that no test uses", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const { page } = ann;
  await fromMenu(ann, "Theta", "Find a command…");
  const commands = page.getByRole("dialog", { name: "Find a command" }).getByRole("option");
  const labels = await commands.locator(".menu-label").allInnerTexts();
  expect([...labels, "Find a command…"].sort()).toEqual(Object.values(kUsedIn).flat().sort());

  await page.getByRole("combobox", { name: "Type what you want to do" }).fill("about");
  await page.keyboard.press("Enter");
  const about = page.getByRole("dialog", { name: "About Theta" });
  await about.getByRole("button", { name: "Show the state hash" }).click();
  await expect(about.getByRole("status")).toContainText((await ann.stateHash()).hash);
  await page.keyboard.press("Escape");
  await fromMenu(ann, "Theta", "People");
  await expect(page.getByRole("tab", { name: /People/ })).toHaveAttribute("aria-selected", "true");
  ann.expectNoComplaints();
});
