import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CoreError, CoreRuntime, NOTHING_STORED } from "../src/core.js";
import { wasmBinary } from "./wasm.js";

const runtime = await CoreRuntime.load(await wasmBinary());
const ZEROS = "A".repeat(43);
const LINK = `theta://browser:1/${ZEROS}#${ZEROS}`;
const OPTIONS = {
  link: LINK, display_name: "Ann", writer: true, offline: true, keeps: true, keeps_assets: true, random_seed: 1,
};

test("the module says what is wrong with a link", () => {
  expect(() => runtime.call("parse_link", { link: "theta://nowhere" })).toThrow(/no room/);
  expect(runtime.call("parse_link", { link: LINK }).json.room).toBe("0".repeat(64));
  const page = `https://hub.example/r/${ZEROS}#${ZEROS}`;
  expect(runtime.call("parse_link", { link: page }).json.room).toBe("0".repeat(64));
  expect(() => runtime.call("parse_link", { link: page.slice(0, -1) })).toThrow(/HUB.*damaged.*https:\/\/HOST/);
});

test("meshes become assets and come back", () => {
  const lists = new Uint8Array(48);
  lists.set(new Uint8Array(Uint32Array.of(0, 1, 2).buffer), 36);
  const { bytes } = runtime.call("encode_mesh", { positions: 9, indices: 3 }, lists);
  expect(runtime.call("decode_mesh", {}, bytes).bytes).toEqual(lists);
  expect(() => runtime.call("decode_mesh", {}, bytes.subarray(1))).toThrow(CoreError);
});

test("a core without a hub says where it stands and wants its first state stored", () => {
  const core = runtime.create(OPTIONS, new Uint8Array(32).fill(7), NOTHING_STORED);
  expect(core.step()).toBeLessThan(0);
  const status = core.poll().told.map((told) => JSON.parse(told.text)).find((event) => event.event === "status");
  expect(status).toMatchObject({ phase: "offline", will_retry: false, role: "none", head: 0 });
  const write = core.nextWrite();
  expect(write?.kind).toBe("state");
  const edit = (): unknown => core.call("submit", { command: { command: "create_entities" } });
  expect(edit).toThrow(/not attached/);
  expect(edit).toThrow(expect.objectContaining({ code: "not_ready" }));
  core.destroy();
});

test("what cannot be read is refused with a sentence", () => {
  const stored = { ...NOTHING_STORED, state: Uint8Array.of(1, 2, 3) };
  expect(() => runtime.create(OPTIONS, new Uint8Array(32), stored)).toThrow(CoreError);
});

test("the module and its script stay within what a page should load", async () => {
  const { brotliCompressSync } = await import("node:zlib");
  const script = await readFile(new URL("../../../build/wasm/bin/theta_web.js", import.meta.url));
  const size = brotliCompressSync(await wasmBinary()).length + brotliCompressSync(script).length;
  expect(size).toBeLessThan(540 * 1024);
});
