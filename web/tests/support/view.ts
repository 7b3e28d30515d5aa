import { expect, type Page } from "@playwright/test";
import type { Entity } from "@theta/client";
import type { Person } from "./pages.js";

export type Axis = "x" | "y" | "z";
type Triple = readonly [number, number, number];

/** Pixels of the gizmo's arms by a mouse (`kGizmoPixels` of the viewport). */
const kArmPixels = 92;
const kAxes: Record<Axis, Triple> = { x: [1, 0, 0], y: [0, 1, 0], z: [0, 0, 1] };

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** What the tests know of the 3D view: how it projects. */
interface Projecting {
  readonly canvas: HTMLCanvasElement;
  readonly rig: {
    pose(): Record<"position" | "rotation", number[]>;
    readonly distance: number;
    readonly travelling: boolean;
    readonly target: { clone(): { set(x: number, y: number, z: number): object } };
    worldPerPixel(point: object): number;
  };
  toPixels(point: object): Spot;
  flush(): void;
  readonly geometries: { readonly loadingCount: number };
}

/** Waits until there is a view, whose code comes behind the editor's, and it has every mesh that it knows of. */
export async function meshesShown({ page }: Person): Promise<void> {
  await page.waitForFunction(() => {
    const view = globalThis.theta.editor.viewport.value as unknown as Projecting | null;
    view?.flush();
    return view?.geometries.loadingCount === 0;
  });
}

/** Where a point of the world is in the window. */
export function spotOf(page: Page, point: Triple): Promise<Spot> {
  return page.evaluate(([x, y, z]) => {
    const view = globalThis.theta.editor.viewport.value as unknown as Projecting;
    const at = view.toPixels(view.rig.target.clone().set(x, y, z));
    const { left, top } = view.canvas.getBoundingClientRect();
    return { x: left + at.x, y: top + at.y };
  }, point);
}

function worldPerPixel(page: Page, point: Triple): Promise<number> {
  return page.evaluate(([x, y, z]) => {
    const { rig } = globalThis.theta.editor.viewport.value as unknown as Projecting;
    return rig.worldPerPixel(rig.target.clone().set(x, y, z));
  }, point);
}

/** Shows everything and waits until the view is there. Keys go to the view from then on. */
export async function frameAll(person: Person): Promise<void> {
  await meshesShown(person);
  await person.page.locator("canvas").focus();
  await person.page.keyboard.press("Shift+F");
  await settled(person);
}

export async function settled({ page }: Person): Promise<void> {
  await page.waitForFunction(
    () => !(globalThis.theta.editor.viewport.value as unknown as Projecting).rig.travelling,
  );
}

export async function press({ page }: Person, keys: string): Promise<void> {
  await page.locator("canvas").focus();
  await page.keyboard.press(keys);
}

/** From the Add menu, which chooses what it makes. */
export async function addFromMenu({ page }: Person, label: string): Promise<void> {
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: label, exact: true }).click();
  await expect(page.getByRole("treeitem", { selected: true })).toContainText(label);
}

/** A cube of that name at a place. */
export async function put(person: Person, name: string, position: readonly [number, number, number]): Promise<void> {
  await addFromMenu(person, "Cube");
  await person.page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await person.page.keyboard.press("Enter");
  await person.sees(name);
  for (const [place, axis] of ["X", "Y", "Z"].entries())
    await person.setNumber(`Position ${axis}`, String(position[place]));
  await expectNear(() => person.positionOf(name), position, 1e-6);
}

/** Where the eye is, or how it is turned. */
export function poseOf({ page }: Person, part: "position" | "rotation"): Promise<number[]> {
  return page.evaluate(
    (wanted) => (globalThis.theta.editor.viewport.value as unknown as Projecting).rig.pose()[wanted],
    part,
  );
}

/** How far the eye is from what it turns about. */
export function distanceOf({ page }: Person): Promise<number> {
  return page.evaluate(() => (globalThis.theta.editor.viewport.value as unknown as Projecting).rig.distance);
}

/** Where the handle of an axis is on something at the top level; `along` the axis as it is turned. */
export async function handleOf(person: Person, name: string, axis: Axis, along: Triple = kAxes[axis]): Promise<{
  readonly from: Spot;
  /** Where the pointer has to go to move it by so many metres. */
  readonly by: (metres: number) => Promise<Spot>;
}> {
  const middle = (await person.positionOf(name)) as unknown as Triple;
  const arm = (await worldPerPixel(person.page, middle)) * kArmPixels * 0.75;
  const at = (metres: number) =>
    spotOf(person.page, middle.map((part, place) => part + along[place]! * metres) as unknown as Triple);
  return { from: await at(arm), by: (metres) => at(arm + metres) };
}

/** Where the ring of an axis is nearest to the eye or seen best: `part` of a turn from the next axis. */
export async function ringOf(person: Person, name: string, degrees: number): Promise<Spot> {
  const [x, y, z] = (await person.positionOf(name)) as unknown as Triple;
  const arm = (await worldPerPixel(person.page, [x, y, z])) * kArmPixels * 0.92;
  const angle = (degrees * Math.PI) / 180;
  return spotOf(person.page, [x + Math.sin(angle) * arm, y, z + Math.cos(angle) * arm]);
}

/** Presses at one place and lets go at another; `meanwhile` happens while the button is held. */
export async function drag(
  { page }: Person,
  from: Spot,
  to: Spot,
  meanwhile: () => Promise<void> = async () => undefined,
  button: "left" | "middle" | "right" = "left",
): Promise<void> {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down({ button });
  await page.mouse.move(to.x, to.y, { steps: 6 });
  await meanwhile();
  await page.mouse.up({ button });
}

interface Dropped {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Drops files at a place of the window, as from the desktop. */
export async function dropFiles({ page }: Person, files: readonly Dropped[], at: Spot): Promise<void> {
  await page.evaluate(
    ({ contents, x, y }) => {
      const dataTransfer = new DataTransfer();
      for (const { name, base64 } of contents) {
        const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], name));
      }
      const target = document.elementFromPoint(x, y)!;
      for (const type of ["dragenter", "dragover", "drop"])
        target.dispatchEvent(
          new DragEvent(type, { bubbles: true, cancelable: true, clientX: x, clientY: y, dataTransfer }),
        );
    },
    { contents: files.map(({ name, bytes }) => ({ name, base64: bytes.toString("base64") })), ...at },
  );
}

export async function expectNear(read: () => Promise<readonly number[]>, wanted: Triple, slack = 0.06): Promise<void> {
  await expect
    .poll(async () => Math.max(...(await read()).map((part, place) => Math.abs(part - wanted[place]!))), {
      message: `near ${wanted.join(", ")}`,
    })
    .toBeLessThan(slack);
}

/** Waits until somebody else sees `read` of an entity as `wanted`. */
export async function expectSeen<Value>(
  by: Person,
  name: string,
  read: (entity: Entity | undefined) => Value,
  wanted: Value,
): Promise<void> {
  await expect.poll(async () => read(await by.entity(name)), { message: `${by.name} sees ${name}` }).toEqual(wanted);
}

/** Millimetres; what presence carries and what went through matrices has noise behind that. */
export function rounded(numbers: readonly (number | undefined)[] | undefined): number[] {
  return (numbers ?? []).map((number = NaN) => Math.round(number * 1e3) / 1e3 + 0);
}
