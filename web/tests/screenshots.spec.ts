import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";
import { theta } from "./support/processes.js";
import type { Person } from "./support/pages.js";
import type { TestRoom } from "./support/rooms.js";
import { expect, test } from "./support/test.js";
import { addFromMenu, handleOf, press } from "./support/view.js";

/** The pictures of the documentation: `npm run pictures` takes them anew into docs/images. */

const kImages = path.resolve(import.meta.dirname, "../../docs/images");
const kBytesMax = 300 * 1024;
const kEngine = "/usr/share/assimp/models/glTF2/2CylinderEngine-glTF-Binary/2CylinderEngine.glb";

// Drawing at this size by the processor alone takes its time.
test.setTimeout(1_200_000);
test.use({ viewport: { width: 1440, height: 900 }, contextOptions: { reducedMotion: "reduce" } });

async function picture(person: Person, name: string): Promise<void> {
  fs.mkdirSync(kImages, { recursive: true });
  const file = path.join(kImages, name);
  // Messages about the making of the scene are not what the picture is about.
  await expect(person.page.getByRole("status", { name: "Messages" })).toBeEmpty();
  // 256 colours are enough for an interface, and a third of the bytes.
  const image = sharp(await person.page.screenshot()).png({ palette: true, effort: 10, dither: 0.6 });
  await image.toFile(file);
  expect(fs.statSync(file).size, `${name} in bytes`).toBeLessThan(kBytesMax);
}

type Numbers = readonly number[];

interface Solid {
  readonly kind: "Cube" | "Cylinder" | "Sphere" | "Torus" | "Cone" | "Plane";
  readonly name: string;
  readonly position: Numbers;
  readonly scale: Numbers;
  readonly color: Numbers;
  readonly metallic?: number;
  readonly roughness?: number;
}

const kWorkshop: readonly Solid[] = [
  { kind: "Plane", name: "Floor", position: [0, 0, 0], scale: [4, 1, 4], color: [0.32, 0.3, 0.28, 1], roughness: 0.9 },
  { kind: "Cylinder", name: "Plinth", position: [0, 0.3, 0], scale: [3.2, 0.3, 3.2], color: [0.08, 0.1, 0.13, 1] },
  { kind: "Cube", name: "Bench", position: [-3, 0.5, -1.2], scale: [1, 1, 2.6], color: [0.36, 0.17, 0.07, 1] },
  { kind: "Sphere", name: "Globe", position: [-3, 1.4, -2], scale: [0.8, 0.8, 0.8], color: [0.02, 0.2, 0.5, 1] },
  { kind: "Cone", name: "Funnel", position: [-3, 1.5, -0.6], scale: [0.7, 0.7, 0.7], color: [0.9, 0.32, 0.02, 1] },
  {
    kind: "Torus", name: "Flywheel", position: [2.9, 0.8, 0.4], scale: [1.2, 1.2, 1.2],
    color: [0.8, 0.55, 0.2, 1], metallic: 1, roughness: 0.3,
  },
];

/** What somebody has made before the picture is taken: an engine on a plinth, and what stands around it. */
async function furnish(room: TestRoom, person: Person): Promise<void> {
  theta("import", room.link, kEngine, "--data", path.join(room.folder, "importer"));
  await person.page.waitForFunction(() => globalThis.theta.room.scene.size > 80);
  await person.page.evaluate(async () => {
    const { room } = globalThis.theta;
    const part = [...room.scene.entities()].find(({ mesh }) => mesh !== undefined)!;
    let top = part;
    for (let above = room.scene.get(top.parent); above; above = room.scene.get(top.parent)) top = above;
    await room.submit({ command: "rename_entity", target: top.id, name: "Engine" } as never);
    const transforms = [{ position: [0.15, 1.45, 0], rotation: [0, 0, 0, 1], scale: [0.004, 0.004, 0.004] }];
    await room.submit({ command: "set_transform", targets: [top.id], transforms } as never);
});
  for (const { kind } of kWorkshop) await addFromMenu(person, kind);
  for (const kind of ["Sun", "Camera"]) await addFromMenu(person, kind);
  await person.page.evaluate(async (solids) => {
    const { room } = globalThis.theta;
    const named = (wanted: string) => [...room.scene.entities()].find(({ name }) => name === wanted)!.id;
    const place = (id: string, position: Numbers, rotation: Numbers, scale: Numbers) =>
      room.submit({ command: "set_transform", targets: [id], transforms: [{ position, rotation, scale }] } as never);
    for (const { kind, name, position, scale, color, metallic = 0, roughness = 0.5 } of solids) {
      const id = named(kind);
      await room.submit({ command: "rename_entity", target: id, name } as never);
      await place(id, position, [0, 0, 0, 1], scale);
      const material = { base_color: color, metallic, roughness };
      await room.submit({ command: "set_material", targets: [id], material } as never);
    }
    await place(named("Camera"), [4.2, 2.6, 3.4], [-0.16, 0.4, 0.07, 0.9], [1, 1, 1]);
    await room.idle();
  }, kWorkshop);
  await person.sees("Flywheel");
}

/** Turns the view until it stands at a place and looks at another one, as if the person had. */
async function lookFrom(person: Person, position: Numbers, target: Numbers): Promise<void> {
  await person.page.evaluate(
    ([from, to]) => {
      const view = globalThis.theta.editor.viewport.value as unknown as {
        rig: { interrupt(): void; state: { target: { set(...at: number[]): void } } & Record<string, number> };
        invalidate(): void;
      };
      const [x, y, z] = from!.map((part, at) => part - to![at]!) as [number, number, number];
      const distance = Math.hypot(x, y, z);
      view.rig.interrupt();
      view.rig.state.target.set(...to!);
      Object.assign(view.rig.state, { distance, yaw: Math.atan2(x, z), pitch: Math.asin(y / distance) });
      view.invalidate();
    },
    [position, target],
  );
}

test("two people at one scene, in both themes, in the past, and on a phone", async ({ openRoom }) => {
  const room = await openRoom({ config: "[guards]\ncommands_burst = 10000\n" });
  const ann = await room.joinAs("admin", "Ann", { colorScheme: "light", reducedMotion: "reduce" });
  const bob = await room.join("Bob", { reducedMotion: "reduce" });
  await furnish(room, ann);
  await bob.sees("Flywheel");
  for (const { page } of [ann, bob]) {
    await page.getByRole("tree", { name: "Objects of the scene" }).press("Home");
    await page.getByRole("button", { name: "Collapse Engine" }).click();
  }
  await lookFrom(bob, [-4.5, 3.2, 5], [1, 1, 0]);
  await bob.choose("Flywheel");
  await press(bob, "w");
  await lookFrom(ann, [5.5, 4.4, 8.2], [0, 1.2, 0]);
  await ann.choose("Globe");
  await press(ann, "w");

  const handle = await handleOf(bob, "Flywheel", "y");
  await bob.page.mouse.move(handle.from.x, handle.from.y);
  await bob.page.mouse.down();
  const to = await handle.by(0.9);
  await bob.page.mouse.move(to.x, to.y, { steps: 8 });
  await expect.poll(async () => (await ann.participant("Bob"))?.presence?.dragging?.length).toBe(1);
  await expect(ann.page.getByRole("status", { name: "Messages" })).toBeEmpty();
  // Still hands fade from the view of others.
  await bob.page.mouse.move(to.x, to.y - 4, { steps: 3 });
  await picture(ann, "editor.png");
  await press(ann, "Alt+t");
  await bob.page.mouse.move(to.x, to.y, { steps: 3 });
  await picture(ann, "editor-dark.png");
  await press(ann, "Alt+t");
  await bob.page.mouse.up();
  await bob.idle();

  await ann.page.getByRole("tab", { name: "Properties" }).click();
  await ann.page.evaluate(() => globalThis.theta.room.goOffline());
  await ann.choose("Globe");
  await ann.setNumber("Position X", "-2.5");
  await bob.choose("Globe");
  await bob.setNumber("Position X", "-3.4");
  await bob.idle();
  await ann.page.evaluate(() => globalThis.theta.room.goOnline());
  await expect(ann.page.getByRole("alertdialog", { name: "Conflicts" })).toContainText("Bob");
  await picture(ann, "conflict.png");
  await ann.page.getByRole("button", { name: "Discard" }).click();

  await ann.page.getByRole("button", { name: "History", exact: true }).click();
  const records = ann.page.getByRole("list", { name: "Records, newest first" });
  await records.getByRole("button", { name: /Look back at record/ }).nth(8).click();
  await expect(ann.page.getByRole("group", { name: "Looking back" })).toBeVisible();
  await picture(ann, "history.png");
  await ann.page.getByRole("button", { name: "Back to now" }).click();

  await ann.page.getByRole("tab", { name: /People/ }).click();
  await ann.page.getByRole("button", { name: "Invite people" }).click();
  await ann.page.getByRole("button", { name: "Make a link" }).click();
  await ann.page.getByLabel("For browsers", { exact: true }).waitFor();
  await picture(ann, "invite.png");
  await ann.page.keyboard.press("Escape");
  await press(ann, "?");
  await ann.page.getByRole("dialog", { name: "Keys and gestures" }).waitFor();
  await picture(ann, "help.png");
  await ann.page.keyboard.press("Escape");

  const phone = { hasTouch: true, isMobile: true, viewport: { width: 412, height: 860 }, deviceScaleFactor: 2 };
  await bob.close();
  const cleo = await room.join("Cleo", phone);
  await cleo.sees("Flywheel");
  await lookFrom(cleo, [7, 5, 10.5], [0, 1.2, 0]);
  await picture(cleo, "phone.png");
  await cleo.close();
});
