import { expect, test } from "vitest";
import { nextSelection, rowsFound, rowsOf } from "../../src/panels/outliner_rows.js";
import { FakeRoom } from "../fake_room.js";

async function tree() {
  const room = new FakeRoom();
  const { ids } = await room.create([
    { name: "House" },
    { name: "Door", parent_index: 0, tags: ["wood"] },
    { name: "Handle", parent_index: 1 },
    { name: "Tree" },
  ]);
  return { room, ids: ids as [string, string, string, string] };
}

test("RowsComeInOrderWithTheirPlaceAmongSiblings", async () => {
  const { room } = await tree();
  const rows = rowsOf(room.scene, new Set());
  expect(
    rows.map(({ entity, level, position, siblings, expanded }) => [entity.name, level, position, siblings, expanded]),
  ).toEqual([
    ["House", 1, 1, 2, true],
    ["Door", 2, 1, 1, true],
    ["Handle", 3, 1, 1, undefined],
    ["Tree", 1, 2, 2, undefined],
  ]);
});

test("WhatIsBelowACollapsedRowIsNotShown", async () => {
  const { room, ids } = await tree();
  const rows = rowsOf(room.scene, new Set([ids[1]]));
  expect(rows.map(({ entity }) => entity.name)).toEqual(["House", "Door", "Tree"]);
  expect(rows[1]?.expanded).toBe(false);
});

test("ASearchShowsTheWayToWhatItFound", async () => {
  const { room } = await tree();
  expect(rowsFound(room.scene, "hand").map(({ entity, found }) => [entity.name, found])).toEqual([
    ["House", false],
    ["Door", false],
    ["Handle", true],
  ]);
  expect(rowsFound(room.scene, "WOOD door").map(({ entity }) => entity.name)).toEqual(["House", "Door"]);
  expect(rowsFound(room.scene, "nothing")).toEqual([]);
});

test("TenThousandRowsAreListedHoweverDeepTheyLie", async () => {
  const room = new FakeRoom();
  const chain = Array.from({ length: 500 }, (_, at) => (at === 0 ? {} : { parent_index: at - 1 }));
  await room.create([...chain, ...Array.from({ length: 9_500 }, () => ({}))]);
  const rows = rowsOf(room.scene, new Set());
  expect(rows).toHaveLength(10_000);
  expect(rows[499]?.level).toBe(500);
  expect(rows.at(-1)?.level).toBe(1);
});

test("AClickChoosesAloneTogetherOrARun", () => {
  const rows = ["a", "b", "c", "d"].map((id, at) => ({ id, level: 1, position: at + 1, siblings: 4 }));
  expect(nextSelection(rows, ["a"], "a", "c", { extend: false, toggle: false })).toEqual(["c"]);
  expect(nextSelection(rows, ["a"], "a", "c", { extend: false, toggle: true })).toEqual(["a", "c"]);
  expect(nextSelection(rows, ["a", "c"], "a", "c", { extend: false, toggle: true })).toEqual(["a"]);
  expect(nextSelection(rows, ["a"], "a", "c", { extend: true, toggle: false })).toEqual(["a", "b", "c"]);
  expect(nextSelection(rows, ["d"], "d", "b", { extend: true, toggle: false })).toEqual(["c", "d", "b"]);
  expect(nextSelection(rows, [], null, "b", { extend: true, toggle: false })).toEqual(["b"]);
});
