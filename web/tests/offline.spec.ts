import type { Locator } from "@playwright/test";
import fs from "node:fs";
import path from "node:path";
import sharp from "sharp";
import type { Person } from "./support/pages.js";
import { expect, test } from "./support/test.js";
import { dropFiles, frameAll, press } from "./support/view.js";

/** What the view shows while the hub is away: everything that this browser has had before. */

const kModel = "/usr/share/assimp/models/glTF2/BoxTextured-glTF-Binary/BoxTextured.glb";

type Look = readonly number[];

/** The mean colour in the middle of everything, once all of the scene that is here is drawn. */
async function lookOf(person: Person): Promise<Look> {
  const { page } = person;
  await frameAll(person);
  const { x, y, width, height } = (await page.locator("canvas").boundingBox())!;
  const clip = { x: x + width / 2 - 30, y: y + height / 2 - 30, width: 60, height: 60 };
  const { channels } = await sharp(await page.screenshot({ clip })).stats();
  return channels.slice(0, 3).map(({ mean }) => mean);
}

/** Of the channel that differs most, out of 255. */
function difference(one: Look, other: Look): number {
  return Math.max(...one.map((mean, channel) => Math.abs(mean - other[channel]!)));
}

/** Kept in the background after the first visit: the editor's files by the service worker, assets by the core's. */
async function everythingKept({ page }: Person): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready);
  const kept = async () =>
    page.evaluate(async () => {
      const assets = [...globalThis.theta.room.scene.entities()].flatMap(({ mesh, material }) => [
        ...(mesh ? [mesh] : []),
        ...(material?.base_color_texture ? [material.base_color_texture] : []),
      ]);
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open("theta-assets");
        request.onsuccess = () => resolve(request.result);
      });
      const request = database.transaction("uses").objectStore("uses").getAllKeys();
      await new Promise((resolve) => (request.onsuccess = resolve));
      database.close();
      return assets.length > 0 && assets.every((asset) => request.result.includes(asset));
    });
  await expect.poll(kept).toBe(true);
}

async function reloadWithoutHub({ page }: Person): Promise<void> {
  await page.reload();
  await page.waitForFunction(() => globalThis.theta?.room.status.phase === "offline");
}

function missingIn({ page }: Person): Locator {
  return page.getByRole("status", { name: "What is missing in the view" });
}

test("an imported model is in the picture when the page is loaded again without its hub", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const empty = await lookOf(ann);
  await dropFiles(ann, [{ name: path.basename(kModel), bytes: fs.readFileSync(kModel) }], { x: 480, y: 420 });
  await ann.sees("BoxTextured");
  await ann.idle();
  await press(ann, "Escape");
  await expect.poll(async () => difference(await lookOf(ann), empty)).toBeGreaterThan(15);
  const before = await lookOf(ann);
  await everythingKept(ann);

  await room.hub.kill();
  await reloadWithoutHub(ann);
  await expect.poll(async () => difference(await lookOf(ann), before)).toBeLessThan(5);
  await expect(missingIn(ann)).toBeEmpty();
});

test("what this device never had is counted in the view, and comes with the hub", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  await ann.add("Cube");
  await ann.add("Sphere");
  await ann.idle();
  await press(ann, "Escape");
  const before = await lookOf(ann);
  await everythingKept(ann);
  // As a browser does that needs the space.
  await ann.page.evaluate(
    () => new Promise((resolve) => (indexedDB.deleteDatabase("theta-assets").onsuccess = resolve)),
  );

  await room.hub.kill();
  await reloadWithoutHub(ann);
  await expect(missingIn(ann)).toHaveText("2 meshes are not on this device. They come when you are back online.");
  await room.hub.start();
  await ann.live();
  await expect(missingIn(ann)).toBeEmpty();
  await expect.poll(async () => difference(await lookOf(ann), before)).toBeLessThan(5);
});
