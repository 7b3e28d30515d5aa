import { IDBFactory, IDBObjectStore } from "fake-indexeddb";
import "fake-indexeddb/auto";
import { beforeEach, expect, test, vi } from "vitest";
import { AssetCache, type AssetCacheOptions } from "../src/asset_cache.js";

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const bytesOf = (size: number, value = 1) => new Uint8Array(size).fill(value);

/** A page with the cache open, and what it holds when everything is done. */
async function open(options: AssetCacheOptions = {}): Promise<AssetCache> {
  return AssetCache.open(options);
}

/** Which of them are there, as another page finds them. */
async function kept(names: string): Promise<string> {
  const cache = await open();
  const found: string[] = [];
  for (const name of names) if (await cache.read(name)) found.push(name);
  await cache.close();
  return found.join("");
}

/** One after the other, so that their order is known. */
async function keep(cache: AssetCache, names: string, size = 10): Promise<void> {
  for (const name of names) {
    cache.keep(name, bytesOf(size));
    await cache.idle();
  }
}

function failWith(name: string, times: number): void {
  const put = IDBObjectStore.prototype.put;
  let left = times;
  vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(function (this: IDBObjectStore, ...given) {
    if (this.name === "bytes" && left-- > 0) throw new DOMException("no space", name);
    return put.apply(this, given);
  });
}

test("an asset that was kept is there for the next page, and at once for this one", async () => {
  const cache = await open();
  cache.keep("a", bytesOf(3, 7));
  expect(await cache.read("a")).toEqual(bytesOf(3, 7));
  await cache.close();
  const next = await open();
  expect(await next.read("a")).toEqual(bytesOf(3, 7));
  expect(await next.read("b")).toBeUndefined();
});

test("beyond the bound what was used least recently goes, and no more than that", async () => {
  const cache = await open({ bytesMax: 40 });
  await keep(cache, "abcd");
  expect(await kept("abcd")).toBe("abcd");
  await cache.read("a");
  await cache.idle();
  await keep(cache, "e");
  expect(await kept("abcde")).toBe("acde");
  await keep(cache, "f", 25);
  expect(await kept("abcdef")).toBe("ef");
});

test("what is larger than the bound is not kept, and costs nothing else its place", async () => {
  const cache = await open({ bytesMax: 40 });
  await keep(cache, "a");
  await keep(cache, "b", 41);
  expect(await kept("ab")).toBe("a");
  await keep(cache, "c", 40);
  expect(await kept("abc")).toBe("c");
});

test("many at once stay within the bound as well, and the same one counts once", async () => {
  const cache = await open({ bytesMax: 100 });
  for (let count = 0; count < 50; ++count) cache.keep(`${count}`, bytesOf(10));
  await cache.idle();
  for (let count = 0; count < 20; ++count) await keep(cache, "x");
  const names = [...Array.from({ length: 50 }, (_, at) => `${at}`), "x"];
  const found: string[] = [];
  for (const name of names) if (await cache.read(name)) found.push(name);
  expect(found).toEqual(["41", "42", "43", "44", "45", "46", "47", "48", "49", "x"]);
});

test("several tabs at once keep one count", async () => {
  const tabs = await Promise.all(Array.from({ length: 4 }, () => open({ bytesMax: 100 })));
  tabs.forEach((tab, at) => {
    for (let count = 0; count < 5; ++count) tab.keep(`${at}${count}`, bytesOf(10));
  });
  await Promise.all(tabs.map((tab) => tab.idle()));
  const names = tabs.flatMap((_, at) => Array.from({ length: 5 }, (__, count) => `${at}${count}`));
  const found = await Promise.all(names.map((name) => tabs[0]!.read(name)));
  expect(found.filter((bytes) => bytes !== undefined)).toHaveLength(10);
  await tabs[3]!.empty();
  expect(await tabs[0]!.read(names.at(-1)!)).toBeUndefined();
  for (let count = 0; count < 10; ++count) tabs[1]!.keep(`new ${count}`, bytesOf(10));
  await tabs[1]!.idle();
  const all = await Promise.all(Array.from({ length: 10 }, (_, count) => tabs[2]!.read(`new ${count}`)));
  expect(all.every((bytes) => bytes?.length === 10)).toBe(true);
});

test("what turned out to be something else is gone, and may come again", async () => {
  const cache = await open({ bytesMax: 20 });
  await keep(cache, "ab");
  cache.drop("a");
  await cache.idle();
  expect(await kept("ab")).toBe("b");
  await keep(cache, "a");
  expect(await kept("ab")).toBe("ab");
});

test("what is no bytes is as good as not there", async () => {
  const cache = await open();
  await keep(cache, "a");
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open("theta-assets");
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction("bytes", "readwrite");
  transaction.objectStore("bytes").put({ some: "thing" }, "a");
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  expect(await cache.read("a")).toBeUndefined();
  await cache.idle();
  expect(await kept("a")).toBe("");
});

test("a browser with less room than the bound keeps half and goes on", async () => {
  const onFull = vi.fn();
  const cache = await open({ onFull });
  await keep(cache, "abcd");
  failWith("QuotaExceededError", 1);
  await keep(cache, "e");
  expect(await kept("abcde")).toBe("cde");
  expect(onFull).not.toHaveBeenCalled();
});

test("a browser with no room at all is told once, and what is there stays readable", async () => {
  const onFull = vi.fn();
  const cache = await open({ onFull });
  await keep(cache, "abcd");
  failWith("QuotaExceededError", 100);
  await keep(cache, "ef");
  expect(onFull).toHaveBeenCalledTimes(1);
  expect(await kept("abcdef")).toBe("cd");
});

test("a cache whose database was taken away says so once, and finds nothing", async () => {
  const onFull = vi.fn();
  const cache = await open({ onFull });
  await keep(cache, "a");
  await new Promise((resolve) => (indexedDB.deleteDatabase("theta-assets").onsuccess = resolve));
  await keep(cache, "bc");
  expect(await cache.read("a")).toBeUndefined();
  expect(onFull).toHaveBeenCalledTimes(1);
});
