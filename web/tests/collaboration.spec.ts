import path from "node:path";
import type { Person } from "./support/pages.js";
import { theta } from "./support/processes.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";

/** People at browsers and a native peer in one room, and what can happen to them. */

test("two browsers and a native peer edit at once, one drops and comes back, and all show one state", async ({
  openRoom,
}) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const nora = await room.joinNatively("Nora");
  expect(await ann.transportKind()).toBe("webrtc");

  await ann.add("Cube");
  await bob.sees("Cube");
  await bob.add("Sphere");
  nora.send({ command: "create_entities", name: "Lamp", position: [0, 3, 0], light: { kind: "point" } });
  for (const person of [ann, bob]) for (const name of ["Cube", "Sphere", "Lamp"]) await person.sees(name);

  // Bob's machine sleeps for a while: what he did meanwhile comes in when he is back.
  await bob.page.evaluate(() => globalThis.theta.room.goOffline());
  await bob.add("From Bob");
  await ann.add("Torus");
  nora.send({ command: "create_entities", name: "Marker" });
  await ann.sees("Marker");
  expect(await ann.names()).not.toContain("From Bob");
  await bob.page.evaluate(() => globalThis.theta.room.goOnline());
  await bob.live();
  await ann.sees("From Bob");
  await bob.sees("Torus");
  await nora.finish();
  await expectOneState(room, [ann, bob]);
  ann.expectNoComplaints();
  bob.expectNoComplaints();
});

test("a hub that is killed and started again loses nothing, and everybody comes back by themselves", async ({
  openRoom,
}) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await ann.add("Cube");
  await bob.sees("Cube");
  await room.hub.kill();
  await ann.add("From Ann");
  await bob.add("From Bob");
  await room.hub.start();
  for (const person of [ann, bob]) await person.live();
  await ann.sees("From Bob");
  await bob.sees("From Ann");
  await expectOneState(room, [ann, bob]);
  theta("log", "verify", room.link, "--data", path.join(room.folder, "r"));
});

test("where UDP does not get through, the page comes in by WebSocket and says so", async ({ openRoom }) => {
  // Nobody listens at the address that the page is told to send its datagrams to.
  const room = await openRoom({ arguments: ["--public-address", "127.0.0.9"] });
  const ann = await room.join("Ann");
  expect(await ann.transportKind()).toBe("websocket");
  await expect(ann.page.getByRole("contentinfo", { name: "Status" })).toContainText("WebSocket");
  await ann.add("Cube");
  await expectOneState(room, [ann]);
});

test("what was edited without a hub survives the closing of the tab", async ({ openRoom }) => {
  const room = await openRoom();
  const bob = await room.join("Bob");
  const ann = await room.join("Ann");
  await room.hub.kill();
  await ann.add("Made offline");
  await expect(ann.page.getByRole("status", { name: "State of the connection" })).toContainText(/offline|wait/i);
  await ann.page.waitForFunction(() => globalThis.theta.room.status.unstored_edits === 0);
  await ann.page.close();

  await room.hub.start();
  await bob.live();
  expect(await bob.names()).toEqual([]);
  const again = await ann.reopen(room.page);
  await again.sees("Made offline");
  await bob.sees("Made offline");
  await expectOneState(room, [again, bob]);
});

test("a page opens without its hub, can be edited, and brings what was made when the hub is back", async ({
  openRoom,
}) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  await ann.add("Cube");
  await ann.idle();
  // The browser keeps the editor's files in the background after the first visit.
  await ann.page.evaluate(() => navigator.serviceWorker.ready);
  await ann.page.close();
  await room.hub.kill();

  const again = await ann.reopenOffline(room.page);
  await again.sees("Cube");
  await again.add("Made without a hub");
  await again.page.waitForFunction(() => globalThis.theta.room.status.unstored_edits === 0);
  await again.page.close();

  await room.hub.start();
  const last = await again.reopen(room.page);
  await last.sees("Made without a hub");
  await expectOneState(room, [last]);
});

test("a cube added without a hub shows at once, and its mesh arrives with it when the hub is back", async ({
  openRoom,
}) => {
  const room = await openRoom();
  const bob = await room.join("Bob");
  const ann = await room.join("Ann");
  await ann.page.evaluate(() => navigator.serviceWorker.ready);
  await room.hub.kill();
  const shownMeshes = (person: Person) =>
    person.page.evaluate(async () => {
      const { room } = globalThis.theta;
      const assets = [...room.scene.entities()].flatMap(({ mesh }) => mesh ?? []);
      return (await Promise.all(assets.map((asset) => room.loadMesh(asset)))).map(({ indices }) => indices.length);
    });
  await ann.add("Cube");
  expect(await shownMeshes(ann)).toEqual([36]);
  await ann.page.waitForFunction(() => globalThis.theta.room.status.unstored_edits === 0);
  await ann.page.close();

  const again = await ann.reopenOffline(room.page);
  await again.sees("Cube");
  expect(await shownMeshes(again)).toEqual([36]);

  await room.hub.start();
  await bob.live();
  await bob.sees("Cube");
  expect(await shownMeshes(bob)).toEqual([36]);
  await expectOneState(room, [again, bob]);
});

test("a tab that was killed says nothing, and is gone for the others all the same", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const names = () => ann.page.evaluate(() => globalThis.theta.room.participants.map(({ name }) => name).sort());
  await expect.poll(names).toEqual(["Ann", "Bob"]);
  await bob.crash();
  // Nothing but the end of Bob's consent to be sent to tells, half a minute after his last sign of life.
  await expect.poll(names, { timeout: 120_000 }).toEqual(["Ann"]);
});

test("whoever loses against a newer edit is asked, and can redo on top", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await ann.add("Cube");
  await bob.sees("Cube");
  await ann.idle();

  await ann.page.evaluate(() => globalThis.theta.room.goOffline());
  await ann.choose("Cube");
  await ann.setNumber("Position X", "5");
  await bob.choose("Cube");
  await bob.setNumber("Position X", "9");
  await bob.idle();
  await ann.page.evaluate(() => globalThis.theta.room.goOnline());
  const prompt = ann.page.getByRole("alertdialog", { name: "Conflicts" });
  await expect(prompt).toContainText("Your move of “Cube” lost to Bob, who moved, rotated or scaled it meanwhile.");
  expect(await ann.positionOf("Cube")).toEqual([9, expect.any(Number), expect.any(Number)]);

  await prompt.getByRole("button", { name: "Redo on top" }).click();
  await expect(prompt).toBeHidden();
  await expect.poll(() => bob.positionOf("Cube").then(([x]) => x)).toBe(5);
  await expectOneState(room, [ann, bob]);
});
