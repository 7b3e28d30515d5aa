import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Texture } from "three";
import { TextureCache } from "../../src/viewport/texture_cache.js";

const loads: string[] = [];

beforeEach(() => {
  loads.length = 0;
  vi.stubGlobal("createImageBitmap", () => Promise.resolve({ width: 1, height: 1 }));
});
afterEach(() => vi.unstubAllGlobals());

function makeCache(): TextureCache {
  const load = (asset: string) => {
    loads.push(asset);
    return Promise.resolve(new Uint8Array(1));
  };
  return new TextureCache(load, () => undefined, (_, error) => expect(error).toBeUndefined(), 1);
}

const requested = (cache: TextureCache, asset: string): Promise<Texture> =>
  new Promise((resolve) => cache.request(asset, "srgb", resolve));

it("frees the pictures that nothing shows any more, and loads them again when something does", async () => {
  const cache = makeCache();
  const [kept, freed] = [await requested(cache, "kept"), await requested(cache, "freed")];
  const disposed: string[] = [];
  kept.addEventListener("dispose", () => disposed.push("kept"));
  freed.addEventListener("dispose", () => disposed.push("freed"));
  cache.keepOnly(new Set(["kept"]));
  expect(await requested(cache, "kept")).toBe(kept);
  expect(await requested(cache, "freed")).not.toBe(freed);
  expect(disposed).toEqual(["freed"]);
  expect(loads).toEqual(["kept", "freed", "freed"]);
});

it("frees what arrives when nothing wants it any more", async () => {
  const cache = makeCache();
  const disposed: string[] = [];
  cache.request("late", "srgb", (texture) => texture.addEventListener("dispose", () => disposed.push("late")));
  cache.keepOnly(new Set());
  await vi.waitFor(() => expect(disposed).toEqual(["late"]));
});
