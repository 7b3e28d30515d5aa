import { IDBFactory } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { beforeEach, expect, test, vi } from "vitest";
import { AssetCache } from "../src/asset_cache.js";
import { BrowserStorage, OwnerChanged } from "../src/storage.js";

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const bytes = (...values: number[]) => Uint8Array.from(values);
const write = <Kind>(kind: Kind, number: number, values: number[]) => ({ number, kind, bytes: bytes(...values) });
const addition = (number: number, ...values: number[]) => write("addition" as const, number, values);
const state = (number: number, ...values: number[]) => write("state" as const, number, values);

test("a state and the journal behind it come back in order", async () => {
  const storage = await BrowserStorage.open();
  const { stored, room } = await storage.load("ann");
  expect(stored).toEqual({ state: bytes(), journal: bytes(), assets: [] });
  await room.write([state(1, 1), addition(2, 2, 3)]);
  for (let number = 3; number < 14; ++number) await room.write([addition(number, number)]);
  const again = await storage.load("ann");
  expect(again.stored.state).toEqual(bytes(1));
  expect(again.stored.journal).toEqual(bytes(2, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
  await again.room.write([addition(14, 99)]);
  expect((await storage.load("ann")).stored.journal.at(-1)).toBe(99);
  expect((await storage.load("bob")).stored.state).toEqual(bytes());
});

test("a new state empties the journal", async () => {
  const storage = await BrowserStorage.open();
  const { room } = await storage.load("ann");
  await room.write([state(1, 1), addition(2, 2)]);
  await room.write([addition(3, 3), state(4, 4), addition(5, 5)]);
  expect((await storage.load("ann")).stored).toEqual({ state: bytes(4), journal: bytes(5), assets: [] });
});

test("an asset is kept beside them, for its identity, until it is forgotten", async () => {
  const storage = await BrowserStorage.open();
  const { room } = await storage.load("ann");
  await room.write([{ number: 1, kind: "asset", asset: "a1", bytes: bytes(7) }, addition(2, 2)]);
  await room.write([{ number: 3, kind: "asset", asset: "b2", bytes: bytes(8) }, state(4, 4)]);
  expect((await storage.load("ann")).stored.assets).toEqual([bytes(7), bytes(8)]);
  expect((await storage.load("bob")).stored.assets).toEqual([]);
  const { room: again } = await storage.load("ann");
  const gone = await again.write([{ number: 1, kind: "forget", asset: "a1" }]);
  expect(gone).toEqual([{ asset: "a1", bytes: bytes(7) }]);
  expect((await storage.load("ann")).stored.assets).toEqual([bytes(8)]);
});

test("what the layout before assets kept is found in this one", async () => {
  const request = indexedDB.open("theta", 1);
  request.onupgradeneeded = () => {
    for (const name of ["states", "owners", "journal", "identities"]) request.result.createObjectStore(name);
    request.transaction!.objectStore("states").put(bytes(1), "ann");
  };
  await new Promise((resolve) => (request.onsuccess = resolve));
  request.result.close();
  const storage = await BrowserStorage.open();
  expect((await storage.load("ann")).stored).toEqual({ state: bytes(1), journal: bytes(), assets: [] });
});

test("what was kept before there was a cache of assets is found beside it, and its page goes on writing", async () => {
  const request = indexedDB.open("theta", 2);
  request.onupgradeneeded = () => {
    for (const name of ["states", "owners", "journal", "assets", "identities"]) request.result.createObjectStore(name);
    const put = (store: string, value: unknown, key: IDBValidKey) =>
      request.transaction!.objectStore(store).put(value, key);
    put("states", bytes(1), "ann");
    put("journal", bytes(2), ["ann", 1]);
    put("assets", bytes(7), ["ann", "a1"]);
  };
  await new Promise((resolve) => (request.onsuccess = resolve));
  const older = request.result;
  const isAsked = vi.fn();
  older.onversionchange = isAsked;
  const [storage, cache] = [await BrowserStorage.open(), await AssetCache.open()];
  expect((await storage.load("ann")).stored).toEqual({ state: bytes(1), journal: bytes(2), assets: [bytes(7)] });
  expect(await cache.read("a1")).toBeUndefined();
  expect(isAsked).not.toHaveBeenCalled();
  older.close();
  await cache.close();
});

test("whoever opened a state last is the only one who writes it", async () => {
  const storage = await BrowserStorage.open();
  const first = await storage.load("ann");
  await first.room.write([state(1, 1)]);
  const second = await storage.load("ann");
  await expect(first.room.write([addition(2, 2)])).rejects.toThrow(OwnerChanged);
  await second.room.write([addition(1, 3)]);
  expect((await storage.load("ann")).stored).toEqual({ state: bytes(1), journal: bytes(3), assets: [] });
});

test("the same invite is the same person, another invite is another, none is whoever was here last", async () => {
  const storage = await BrowserStorage.open();
  const ann = await storage.identity("room", "invite-a");
  const bob = await storage.identity("room", "invite-b");
  expect(bob.id).not.toBe(ann.id);
  expect(await storage.identity("room", "")).toEqual(bob);
  expect(await storage.identity("room", "invite-a")).toEqual(ann);
  expect(await storage.identity("room", "")).toEqual(ann);
  expect((await storage.identity("other room", "invite-a")).id).not.toBe(ann.id);
});
