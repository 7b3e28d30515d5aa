import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Texture } from "three";
import { TextureCache } from "../../src/viewport/texture_cache.js";
import { pngStart } from "../picture.js";

const loads: string[] = [];

beforeEach(() => {
  loads.length = 0;
  vi.stubGlobal("createImageBitmap", () => Promise.resolve({ width: 1, height: 1 }));
});
afterEach(() => vi.unstubAllGlobals());

function makeCache(): TextureCache {
  const load = (asset: string) => {
    loads.push(asset);
    return Promise.resolve(pngStart(1, 1));
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

it("does not let the browser decode a picture that is larger than its file lets one think", async () => {
  const decode = vi.fn();
  vi.stubGlobal("createImageBitmap", decode);
  const failures: string[] = [];
  const load = () => Promise.resolve(pngStart(30_000, 30_000));
  const cache = new TextureCache(load, () => undefined, (_, error) => failures.push((error as Error).message), 1);
  cache.request("hostile", "srgb", () => expect.unreachable("it is not shown"));
  await vi.waitFor(() => expect(failures).toHaveLength(1));
  expect(failures[0]).toBe(
    "expected at most 67,108,864 pixels, got 30,000 by 30,000; make the picture smaller",
  );
  expect(decode).not.toHaveBeenCalled();
  expect(cache.loadingCount).toBe(0);
});
