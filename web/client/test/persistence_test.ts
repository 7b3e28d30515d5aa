import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { Core } from "../src/core.js";
import { type ConnectOptions, type Room } from "../src/room.js";
import { BrowserStorage, RoomStorage } from "../src/storage.js";
import { join, live, TestHub, until } from "./hub.js";

let hub: TestHub;
let native: string;
let link: string;
const rooms: Room[] = [];

beforeAll(async () => {
  hub = await TestHub.start();
});
beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
  native = hub.newRoom();
  link = hub.browserLink(native);
});
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});
afterAll(() => hub.end());

async function open(options: Partial<ConnectOptions> = {}): Promise<Room> {
  const room = await join(options.link ?? link, "Ann", { storage: "indexeddb", ...options });
  rooms.push(room);
  if (!options.offline) expect(await live(room)).toMatchObject({ phase: "live" });
  return room;
}

test("what was edited offline survives the page and is sent by the next one", async () => {
  const first = await open();
  const made = await first.create([{ name: "box" }]);
  await made.settled;
  first.goOffline();
  await until(first, () => first.status.phase === "offline");
  await first.submit({ command: "rename_entity", target: made.ids[0]!, name: "edited offline" });
  await until(first, () => first.status.unstored_edits === 0);
  const { author } = first.status;
  await first.close();

  const second = await open({ offline: true });
  await until(second, () => second.scene.size === 1);
  expect(second.status).toMatchObject({ author, queued_commands: 1 });
  expect(second.scene.get(made.ids[0]!)?.name).toBe("edited offline");
  second.goOnline();
  await until(second, () => second.status.phase === "live");
  await second.idle();
  const other = await open({ storage: "memory", link: hub.browserLink(hub.invite(native, "viewer")) });
  await until(other, () => other.scene.get(made.ids[0]!)?.name === "edited offline");
});

test("a mesh made offline is there at once, survives the page, and is at the hub before what names it", async () => {
  const first = await open();
  first.goOffline();
  await until(first, () => first.status.phase === "offline");
  const mesh = await first.storeMesh(triangle);
  const made = await first.create([{ name: "made offline", mesh }]);
  expect(await first.loadMesh(mesh)).toEqual(triangle);
  await until(first, () => first.status.unstored_edits === 0);
  expect(first.status).toMatchObject({ uploads: 1, queued_commands: 1 });
  // No word of farewell: the tab is gone.
  const second = await open({ offline: true });
  await until(second, () => second.scene.size === 1);
  expect(second.scene.get(made.ids[0]!)?.mesh).toBe(mesh);
  expect(await second.loadMesh(mesh)).toEqual(triangle);

  const other = await open({ storage: "memory", link: hub.browserLink(hub.invite(native, "viewer")) });
  second.goOnline();
  await until(other, () => other.scene.get(made.ids[0]!) !== undefined);
  expect(await other.loadMesh(mesh)).toEqual(triangle);
  await second.idle();
  expect(second.status.uploads).toBe(0);
});

test("a model imported offline is there at once and goes up later", async () => {
  const ann = await open();
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const text = JSON.stringify({ asset: { version: "2.0" }, scenes: [{ nodes: [0] }], nodes: [{ name: "a" }] });
  const files = { main: "model.gltf", files: new Map([["model.gltf", new TextEncoder().encode(text)]]) };
  await ann.importModel(files);
  expect(ann.scene.size).toBe(2);
  ann.goOnline();
  await ann.idle();
  expect((await ann.stateHash()).seq).toBe(ann.status.head);
});

test("a page that is killed loses nothing that was stored", async () => {
  const first = await open();
  first.goOffline();
  await until(first, () => first.status.phase === "offline");
  for (let count = 0; count < 5; ++count) await first.create([{ name: `box ${count}` }]);
  await until(first, () => first.status.unstored_edits === 0);
  // No word of farewell: the next page opens what is there.
  const second = await open();
  await second.idle();
  expect(second.scene.size).toBe(5);
});

test("one browser is two people by two invites, and the same person by the same link", async () => {
  const ann = await open();
  const bob = await open({ link: hub.browserLink(hub.invite(native, "editor")) });
  expect(bob.status.author).not.toBe(ann.status.author);
  await bob.close();
  const again = await open({ link: link.replace(/\.[^.]*$/, "") });
  expect(again.status.author).toBe(bob.status.author);
});

const triangle = { positions: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0), indices: Uint32Array.of(0, 1, 2) };

/** Bytes of what the hub has sent to any page. */
function countReceived(): () => number {
  const receive = vi.spyOn(Core.prototype, "receive");
  return () => receive.mock.calls.reduce((sum, [, frame]) => sum + frame.length, 0);
}

/** Changes what is stored of an asset behind everybody's back; undefined: nothing is. */
async function tear(asset: string, change: (bytes: Uint8Array) => Uint8Array): Promise<Uint8Array | undefined> {
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open("theta-assets");
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction("bytes", "readwrite");
  const request = transaction.objectStore("bytes").get(asset);
  request.onsuccess = () => request.result && transaction.objectStore("bytes").put(change(request.result), asset);
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  database.close();
  return request.result as Uint8Array | undefined;
}

test("what was up- and downloaded is there without the hub, for everybody in this browser", async () => {
  const ann = await open();
  const mine = await ann.storeMesh(triangle);
  await (await ann.create([{ name: "mine", mesh: mine }])).settled;
  const other = await open({ storage: "memory", link: hub.browserLink(hub.invite(native, "editor")) });
  const theirs = await other.uploadAsset(new Uint8Array(300_000).fill(3));
  expect(await ann.downloadAsset(theirs)).toHaveLength(300_000);
  const exported = await ann.exportGlb();
  await ann.close();
  await hub.kill();
  try {
    const again = await open({ offline: true });
    expect(await again.loadMesh(mine)).toEqual(triangle);
    expect(Buffer.compare(await again.downloadAsset(theirs), Buffer.alloc(300_000, 3))).toBe(0);
    expect(Buffer.compare(await again.exportGlb(), exported)).toBe(0);
    expect(again.status).toMatchObject({ phase: "offline", downloads: 0 });
  } finally {
    await hub.start();
  }
});

test("what was here before is not fetched again, and what is torn is", async () => {
  const ann = await open();
  const asset = await ann.uploadAsset(new Uint8Array(300_000).fill(4));
  await ann.close();
  const received = countReceived();
  const again = await open();
  expect(await again.downloadAsset(asset)).toHaveLength(300_000);
  expect(received()).toBeLessThan(50_000);
  await again.close();

  await tear(asset, (bytes) => bytes.slice(0, -1));
  const third = await open();
  expect(await third.downloadAsset(asset)).toHaveLength(300_000);
  expect(received()).toBeGreaterThan(300_000);
  await third.close();
  expect(await tear(asset, (bytes) => bytes)).toHaveLength(300_000);
});

test("what is not here is counted while the hub is away, and comes with it", async () => {
  const ann = await open();
  const other = await open({ storage: "memory", link: hub.browserLink(hub.invite(native, "editor")) });
  const asset = await other.uploadAsset(new Uint8Array(1000).fill(5));
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const wanted = ann.downloadAsset(asset);
  await until(ann, () => ann.status.downloads === 1);
  ann.goOnline();
  expect(await wanted).toHaveLength(1000);
  await until(ann, () => ann.status.downloads === 0);
});

test("edits take the room of what the hub has as well when the browser has no more", async () => {
  const ann = await open();
  const asset = await ann.uploadAsset(new Uint8Array(1000).fill(6));
  await until(ann, () => ann.status.uploads === 0 && ann.status.unstored_edits === 0);
  const write = vi.spyOn(RoomStorage.prototype, "write");
  write.mockRejectedValueOnce(new DOMException("no space", "QuotaExceededError"));
  const notices: string[] = [];
  ann.on("notice", (notice) => notices.push(notice.text));
  await (await ann.create([{ name: "box" }])).settled;
  expect(notices).toEqual([]);
  await ann.close();
  expect(await tear(asset, (bytes) => bytes)).toBeUndefined();
});

test("while the browser stores nothing, nothing is sent, and it is told", async () => {
  const ann = await open();
  const write = vi.spyOn(RoomStorage.prototype, "write");
  write.mockRejectedValue(new DOMException("no space", "QuotaExceededError"));
  const notices: string[] = [];
  ann.on("notice", (notice) => notices.push(notice.text));
  const made = await ann.create([{ name: "box" }]);
  await until(ann, () => notices.length > 0);
  expect(notices[0]).toMatch(/storage is full/);
  expect(ann.status).toMatchObject({ unstored_edits: 1, text: expect.stringMatching(/storage is full/) });
  const other = await open({ storage: "memory", link: hub.browserLink(hub.invite(native, "viewer")) });
  expect(other.scene.size).toBe(0);
  write.mockRestore();
  await made.settled;
  await until(ann, () => ann.status.unstored_edits === 0);
});

test("once the browser stores again, it stores what it missed, and nothing more is told of the trouble", async () => {
  const ann = await open();
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const write = vi.spyOn(RoomStorage.prototype, "write").mockRejectedValue(kFull());
  await ann.create([{ name: "first" }]);
  await until(ann, () => ann.status.text !== "");
  await ann.create([{ name: "second" }]);
  write.mockRestore();
  await until(ann, () => ann.status.unstored_edits === 0 && ann.status.text === "");
  // No word of farewell: the tab is gone.
  const again = await open({ offline: true });
  await until(again, () => again.scene.size === 2);
});

const kFull = () => new DOMException("no space", "QuotaExceededError");

test("a browser that has no space at all lets somebody in all the same, as one who keeps nothing", async () => {
  const identity = vi.spyOn(BrowserStorage.prototype, "identity").mockRejectedValue(kFull());
  const ann = await open({ storage: "auto" as never });
  await until(ann, () => ann.status.text !== "");
  expect(ann.status.text).toMatch(/storage is full/);
  await (await ann.create([{ name: "box" }])).settled;
  await expect(join(link, "Bob", { storage: "indexeddb" })).rejects.toThrow(/storage is full/);
  identity.mockRestore();
});

test("a browser that has no space for the room shows it all the same, and says why that is all", async () => {
  const load = vi.spyOn(BrowserStorage.prototype, "load").mockRejectedValue(kFull());
  const ann = await open({ storage: "auto" as never });
  expect(ann.status).toMatchObject({ writer: false, text: expect.stringMatching(/storage is full/) });
  load.mockRestore();
});

test("without IndexedDB a room is kept in memory, and it is told", async () => {
  vi.stubGlobal("indexedDB", undefined);
  await expect(join(link, "Ann", { storage: "indexeddb" })).rejects.toThrow(/no IndexedDB/);
  const { storage: _, ...options } = { storage: undefined, offline: true };
  const room = await join(link, "Ann", { ...options, storage: "auto" as never });
  rooms.push(room);
  await until(room, () => room.status.text !== "");
  expect(room.status.text).toMatch(/no IndexedDB/);
  vi.unstubAllGlobals();
});
