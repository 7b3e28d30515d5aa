import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { CommandError, HandedOver, type Room } from "../src/room.js";
import { BrowserStorage, RoomStorage } from "../src/storage.js";
import { join, live, TestHub, until } from "./hub.js";
import { TestLocks } from "./locks.js";

// Two pages of one person in one browser: one writes, and hands over to the other when that is asked to take over.

let hub: TestHub;
let link: string;
let locks: TestLocks;
const rooms: Room[] = [];

beforeAll(async () => {
  hub = await TestHub.start();
});
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  locks = new TestLocks();
  vi.stubGlobal("navigator", { locks });
  link = hub.browserLink(hub.newRoom());
});
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});
afterAll(() => hub.end());

/** A page of Ann's, which all share one storage. */
async function page(): Promise<Room> {
  const room = await join(link, "Ann", { storage: "indexeddb" });
  rooms.push(room);
  return room;
}

async function livePage(): Promise<Room> {
  const room = await page();
  expect(await live(room)).toMatchObject({ phase: "live" });
  return room;
}

async function takeOver(room: Room): Promise<void> {
  room.takeWriter();
  await until(room, () => room.status.writer && room.status.phase === "live");
}

const refusal = (promise: Promise<unknown>) => promise.then(() => undefined, (error: unknown) => error);

test("a page that only shows refuses edits at once, and says who writes and what to do", async () => {
  const first = await livePage();
  const { ids } = await first.create([{ name: "box" }]);
  const second = await livePage();
  await until(second, () => second.scene.size === 1);
  const command = { command: "rename_entity", target: ids[0]!, name: "other" } as const;
  for (const submitted of [second.create([{ name: "ball" }]), second.submit(command), second.undo()]) {
    const error = await refusal(submitted);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ code: "not_permitted" });
    expect((error as Error).message).toMatch(/another page of this person .* writes.*take over/);
  }
  // Nothing stays open, and nothing is sent later.
  await second.idle();
  await takeOver(second);
  expect(second.scene.size).toBe(1);
  expect(second.scene.get(ids[0]!)?.name).toBe("box");
  await (await second.submit(command)).settled;
  await until(first, () => !first.status.writer);
  expect(await refusal(first.create([{}]))).toMatchObject({ code: "not_permitted" });
});

test("what was stored is handed over, and is not told as lost", async () => {
  const first = await livePage();
  first.goOffline();
  await until(first, () => first.status.phase === "offline");
  const made = await first.create([{ name: "made offline" }]);
  const fate = refusal(made.settled);
  const second = await livePage();
  await takeOver(second);
  expect(await fate).toMatchObject({ mayBeLost: false, command: { command: "create_entities" } });
  await second.idle();
  expect(second.scene.get(made.ids[0]!)?.name).toBe("made offline");
});

/** From now on nothing can be stored by the page that stores next, until the returned function is called. */
function fillStorage(): () => void {
  const write = RoomStorage.prototype.write;
  let full: RoomStorage | undefined;
  const spy = vi.spyOn(RoomStorage.prototype, "write").mockImplementation(function (this: RoomStorage, writes) {
    full ??= this;
    const isFull = this === full;
    return isFull ? Promise.reject(new DOMException("no space", "QuotaExceededError")) : write.call(this, writes);
  });
  return () => void spy.mockRestore();
}

test("what was never stored is told as possibly lost when another page takes over", async () => {
  const first = await livePage();
  fillStorage();
  const made = await first.create([{ name: "never stored" }]);
  const fate = refusal(made.settled);
  await until(first, () => /storage is full/.test(first.status.text));
  const second = await livePage();
  await takeOver(second);
  const error = await fate;
  expect(error).toBeInstanceOf(HandedOver);
  expect(error).toMatchObject({ mayBeLost: true, command: { command: "create_entities" } });
  expect(first.status).toMatchObject({ writer: false, text: expect.stringMatching(/another page/) });
  expect(second.scene.size).toBe(0);
});

test("what could not be stored is handed over all the same when it can be by then", async () => {
  const first = await livePage();
  const emptyStorage = fillStorage();
  const made = await first.create([{ name: "stored at last" }]);
  const fate = refusal(made.settled);
  await until(first, () => /storage is full/.test(first.status.text));
  emptyStorage();
  const second = await livePage();
  await takeOver(second);
  expect(await fate).toMatchObject({ mayBeLost: false });
  await second.idle();
  expect(second.scene.get(made.ids[0]!)?.name).toBe("stored at last");
});

test("a page that is asked to give way while it still opens does so as soon as it has opened", async () => {
  const load = BrowserStorage.prototype.load;
  let open = (): void => undefined;
  const reading = new Promise<string>((tell) => {
    vi.spyOn(BrowserStorage.prototype, "load").mockImplementationOnce(async function (this: BrowserStorage, identity) {
      tell(identity);
      await new Promise<void>((resolve) => (open = resolve));
      return load.call(this, identity);
    });
  });
  const opening = page();
  const ear = new BroadcastChannel(`theta/${await reading}`);
  const asked = new Promise((resolve) => (ear.onmessage = resolve));
  const second = await livePage();
  expect(second.status.writer).toBe(false);
  second.takeWriter();
  await asked;
  ear.close();
  open();
  const first = await opening;
  await until(second, () => second.status.writer && second.status.phase === "live");
  await until(first, () => !first.status.writer);
  expect(locks.steals).toBe(0);
  await (await second.create([{ name: "box" }])).settled;
  await until(first, () => first.scene.size === 1);
});
