import type { Person } from "./support/pages.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";
import { press, put } from "./support/view.js";

/** One step of a person that is more than one command, and steps faster than the worker answers. */

const kMany = 2000;

/** How many things stand at each height, as this browser shows it. */
function heights({ page }: Person): Promise<Record<string, number>> {
  return page.evaluate(() => {
    const counts: Record<string, number> = {};
    for (const { transform } of globalThis.theta.room.scene.entities()) {
      const [, y] = transform.position;
      counts[y] = (counts[y] ?? 0) + 1;
    }
    return counts;
  });
}

/** The names of what is in the first thing at the top level, in their order. */
function namesInFirst({ page }: Person): Promise<string[]> {
  return page.evaluate(() => {
    const { scene } = globalThis.theta.room;
    const [first] = [...scene.entities()];
    return first ? scene.children(first.id).map((id) => scene.get(id)!.name) : [];
  });
}

test("two thousand things are one step, and one undo takes it back", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await ann.page.evaluate(async (count) => {
    for (let from = 0; from < count; from += 250) {
      const names = Array.from({ length: 250 }, (_, at) => `n${from + at}`);
      await globalThis.theta.room.create(names.map((name, at) => ({ name, position: [at, 0, from / 250] })));
    }
  }, kMany);
  await expect.poll(() => heights(bob)).toEqual({ 0: kMany });
  const names = await bob.names();

  await press(ann, "Control+a");
  await ann.setNumber("Position Y", "3");
  await expect.poll(() => heights(bob)).toEqual({ 3: kMany });
  await ann.page.keyboard.press("Control+z");
  await expect.poll(() => heights(bob)).toEqual({ 0: kMany });

  await press(ann, "Control+g");
  await expect.poll(() => namesInFirst(bob)).toEqual(names);
  await press(ann, "Control+Shift+g");
  await expect.poll(() => bob.names()).toEqual(names);
  await press(ann, "Control+z");
  await expect.poll(() => namesInFirst(bob)).toEqual(names);
  await press(ann, "Control+z");
  await expect.poll(() => bob.names()).toEqual(names);
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("numbers that are typed without waiting all count, and undo takes back the last of them", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await put(ann, "Box", [0, 0, 0]);
  // All in one turn of the page, which the worker cannot have answered in between.
  await ann.page.evaluate(() => {
    for (const [label, text] of [["Position X", "3"], ["Position Z", "4"], ["Scale Y", "2"]] as const) {
      const field = document.querySelector<HTMLInputElement>(`[aria-label="${label}"]`)!;
      field.focus();
      field.value = text;
      field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
    }
    const undo = new KeyboardEvent("keydown", { key: "z", ctrlKey: true, bubbles: true });
    document.querySelector("canvas")!.dispatchEvent(undo);
  });
  const placed = async () => {
    const { position, scale } = (await bob.entity("Box"))!.transform;
    return [...position, ...scale];
  };
  await expect(ann.page.getByText("Undone: Scale “Box”")).toBeVisible();
  await expectOneState(room, [ann, bob]);
  expect(await placed()).toEqual([3, 0, 4, 1, 1, 1]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});
