import { expect, test, vi } from "vitest";
import type { MeshGeometry } from "@theta/client";
import { GeometryCache } from "../../src/viewport/geometry_cache.js";

const mesh = (): MeshGeometry => ({ positions: new Float32Array(9), indices: new Uint32Array(3) });

/** A room that answers when it is told to. */
function open() {
  const asked = new Map<string, { resolve: (mesh: MeshGeometry) => void; reject: (error: Error) => void }>();
  const load = (asset: string) =>
    new Promise<MeshGeometry>((resolve, reject) => asked.set(asset, { resolve, reject }));
  const onLoaded = vi.fn();
  const onFailed = vi.fn();
  return { asked, onLoaded, onFailed, cache: new GeometryCache(load, onLoaded, onFailed) };
}

test("MoreMeshesThanARoomAnswersAtOnceAllComeInTheEnd", async () => {
  const { asked, onLoaded, onFailed, cache } = open();
  const count = 5000;
  for (let at = 0; at < count; ++at) expect(cache.request(`mesh ${at}`)).toBeUndefined();
  expect(cache.loadingCount).toBe(count);
  expect(asked.size).toBeLessThan(4096);
  for (let at = 0; at < count; ++at) {
    await vi.waitFor(() => expect(asked.has(`mesh ${at}`)).toBe(true));
    asked.get(`mesh ${at}`)!.resolve(mesh());
    await Promise.resolve();
  }
  await vi.waitFor(() => expect(cache.loadingCount).toBe(0));
  expect(onLoaded).toHaveBeenCalledTimes(count);
  expect(onFailed).not.toHaveBeenCalled();
  expect(cache.request("mesh 4999")).toBeDefined();
});

test("AMeshThatDoesNotComeMakesPlaceForTheNext", async () => {
  const { asked, onFailed, cache } = open();
  for (let at = 0; at < 3000; ++at) cache.request(`mesh ${at}`);
  expect(asked.has("mesh 2999")).toBe(false);
  for (const { reject } of [...asked.values()]) reject(new Error("not here"));
  await vi.waitFor(() => expect(asked.has("mesh 2999")).toBe(true));
  expect(onFailed.mock.calls.length).toBeGreaterThan(0);
});

test("WhatNothingShowsAnyMoreIsNotAskedFor", async () => {
  const { asked, cache } = open();
  for (let at = 0; at < 3000; ++at) cache.request(`mesh ${at}`);
  cache.keepOnly(new Set(["mesh 0"]));
  for (const { resolve } of [...asked.values()]) resolve(mesh());
  await vi.waitFor(() => expect(cache.loadingCount).toBe(0));
  expect(asked.has("mesh 2999")).toBe(false);
});
