import { expect, test } from "./support/test.js";
import type { Person } from "./support/pages.js";
import { distanceOf, expectNear, frameAll, handleOf, poseOf, put, rounded, type Spot, spotOf } from "./support/view.js";

/** The view by fingers alone, on a screen of a phone's size. What comes of it is read in somebody else's browser. */

const kPhone = { hasTouch: true, isMobile: true, viewport: { width: 412, height: 780 } };

const kNarrowPhone = { ...kPhone, viewport: { width: 390, height: 780 } };

test("on a narrow phone the whole bar fits, whoever is here", async ({ openRoom }) => {
  const room = await openRoom();
  for (const name of ["Bob", "Cleo", "Dora", "Emil"]) await room.join(name, { viewport: { width: 200, height: 200 } });
  const { page } = await room.join("Ann", kNarrowPhone);
  const faces = page.getByRole("button", { name: "People: 5 here" });
  await faces.waitFor();
  const bar = await page.locator(".top-bar").evaluate(({ clientWidth, scrollWidth }) => scrollWidth - clientWidth);
  expect(bar).toBe(0);
  const { x, width } = (await faces.boundingBox())!;
  expect(x + width).toBeLessThanOrEqual(390);
});

type Touch = (...way: readonly (readonly Spot[])[]) => Promise<unknown>;

/**
 * Fingers that go down at the first places, on to the others, and up from the last. All of it is sent at once: on a
 * busy machine the answers take so long that a finger which waited for them would rest, and a rest opens the menu.
 */
async function fingersOf({ context, page }: Person): Promise<Touch> {
  const fingers = await context.newCDPSession(page);
  const send = (type: "touchStart" | "touchMove" | "touchEnd", touchPoints: readonly Spot[] = []) =>
    fingers.send("Input.dispatchTouchEvent", { type, touchPoints: [...touchPoints] });
  return (first, ...others) =>
    Promise.all([send("touchStart", first), ...others.map((spots) => send("touchMove", spots)), send("touchEnd")]);
}

test("one finger turns, two zoom and shift, a tap chooses, a handle moves", async ({ openRoom }) => {
  const room = await openRoom();
  const bob = await room.join("Bob");
  await put(bob, "One", [0, 0.5, 0]);
  await bob.idle();
  const ann = await room.join("Ann", kPhone);
  const touch = await fingersOf(ann);
  await ann.sees("One");
  await frameAll(ann);
  const middle = await spotOf(ann.page, [0, 0.5, 0]);

  await test.step("a tap", async () => {
    await ann.page.touchscreen.tap(middle.x, middle.y);
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["One"]);
  });

  await test.step("one finger", async () => {
    const { x, y } = (await ann.page.locator("canvas").boundingBox())!;
    const [rotation, distance] = [await poseOf(ann, "rotation"), await distanceOf(ann)];
    await touch(...[0, 1, 2, 3, 4].map((step) => [{ x: x + 40 + 20 * step, y: y + 90 + 10 * step }]));
    await expect.poll(() => poseOf(ann, "rotation")).not.toEqual(rotation);
    expect(await distanceOf(ann)).toBeCloseTo(distance, 6);
    expect(rounded(await bob.positionOf("One"))).toEqual([0, 0.5, 0]);
  });

  await test.step("two fingers", async () => {
    const [rotation, distance] = [await poseOf(ann, "rotation"), await distanceOf(ann)];
    const spread = (by: number, y = middle.y + 120) => [
      { x: middle.x - by, y },
      { x: middle.x + by, y },
    ];
    await touch(...[30, 35, 40, 45].map((by) => spread(by)));
    // The moves come with the frames, so the view is there when the last of them is.
    const nearer = (distance * 30) / 45;
    await expect.poll(() => distanceOf(ann)).toBeCloseTo(nearer, 6);
    const position = await poseOf(ann, "position");
    await touch(...[0, 10, 20, 30].map((by) => spread(40, middle.y + 120 - by)));
    await expect.poll(() => poseOf(ann, "position")).not.toEqual(position);
    expect(await distanceOf(ann)).toBeCloseTo(nearer, 6);
    expect(rounded(await poseOf(ann, "rotation"))).toEqual(rounded(rotation));
  });

  await test.step("a handle", async () => {
    await frameAll(ann);
    await ann.page.getByRole("radio", { name: "Move", exact: true }).tap();
    const handle = await handleOf(ann, "One", "y");
    const to = await handle.by(0.5);
    await touch([handle.from], [{ x: (handle.from.x + to.x) / 2, y: (handle.from.y + to.y) / 2 }], [to]);
    await expectNear(() => bob.positionOf("One"), [0, 1, 0]);
  });

  await test.step("a box, once it is asked for", async () => {
    await ann.page.getByRole("button", { name: "Theta", exact: true }).tap();
    await ann.page.getByRole("menuitem", { name: "Find a command…" }).tap();
    await ann.page.getByRole("combobox", { name: "Type what you want to do" }).fill("box by touch");
    await ann.page.getByRole("option", { name: "Choose with a box by touch" }).tap();
    await ann.page.getByRole("radio", { name: "Select", exact: true }).tap();
    const { x, y, width, height } = (await ann.page.locator("canvas").boundingBox())!;
    const [from, to] = [{ x: x + 12, y: y + 12 }, { x: x + width - 12, y: y + height - 12 }];
    const letGo = { x: x + 20, y: y + height - 20 };
    await ann.page.touchscreen.tap(letGo.x, letGo.y);
    await expect.poll(() => bob.selectionOf("Ann")).toEqual([]);
    const rotation = await poseOf(ann, "rotation");
    await touch([from], [{ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }], [to]);
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["One"]);
    expect(rounded(await poseOf(ann, "rotation"))).toEqual(rounded(rotation));
  });
  for (const person of [ann, bob]) person.expectNoComplaints();
});
