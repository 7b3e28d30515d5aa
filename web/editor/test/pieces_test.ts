import { ROOT, type EntityId } from "@theta/client";
import { expect, test } from "vitest";
import { kPlacedMax, kSubtreesMax, kTaggedMax, kTargetsMax, piecesOf } from "../src/pieces.js";
import { FakeScene } from "./fake_scene.js";

const kThere = { position: [0, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } as const;

function names(count: number): EntityId[] {
  return Array.from({ length: count }, (_, at) => `1:${at + 1}`);
}

test("WhatOneCommandCanSayIsLeftAsItIs", () => {
  const scene = new FakeScene();
  const create = { command: "create_entities", entities: [{}] } as const;
  expect(piecesOf(scene, create)).toEqual([create]);
  const hide = { command: "set_visibility", targets: names(kTargetsMax), visible: false } as const;
  expect(piecesOf(scene, hide)).toEqual([hide]);
  const one = { command: "set_transform", targets: names(kTargetsMax), transforms: [kThere] } as const;
  expect(piecesOf(scene, one)).toEqual([one]);
  expect(piecesOf(scene, { ...hide, targets: [] })).toEqual([]);
});

test("EachPieceHasTheTransformsOfItsTargets", () => {
  const targets = names(2 * kPlacedMax + 1);
  const transforms = targets.map((_, at) => ({ ...kThere, position: [at, 0, 0] as const }));
  const pieces = piecesOf(new FakeScene(), { command: "set_transform", targets, transforms });
  expect(pieces.map((piece) => "targets" in piece && piece.targets.length)).toEqual([kPlacedMax, kPlacedMax, 1]);
  expect(pieces.flatMap((piece) => ("targets" in piece ? piece.targets : []))).toEqual(targets);
  expect(pieces.flatMap((piece) => (piece.command === "set_transform" ? piece.transforms : []))).toEqual(transforms);
});

test("TagsComeInSmallerPiecesSinceTheyAreWrittenToEachTarget", () => {
  const tag = { command: "change_tags", targets: names(kTaggedMax + 1), add: ["wood"] } as const;
  expect(piecesOf(new FakeScene(), tag)).toHaveLength(2);
});

test("WhatIsBelowTheTargetsCountsWhenTheyAreDeletedOrCopied", () => {
  const scene = new FakeScene();
  const half = Array.from({ length: kSubtreesMax / 2 - 1 }, () => ({ parent_index: 0 }));
  const { ids } = scene.apply({ command: "create_entities", entities: [{}, ...half] });
  const more = scene.apply({ command: "create_entities", entities: [{}, ...half] }).ids;
  const last = scene.apply({ command: "create_entities", entities: [{}] }).ids;
  expect(scene.children(ROOT)).toHaveLength(3);
  const targets = [ids[0], more[0], last[0]] as EntityId[];
  for (const command of ["delete_entities", "duplicate_entities"] as const) {
    const pieces = piecesOf(scene, { command, targets });
    expect(pieces).toEqual([{ command, targets: targets.slice(0, 2) }, { command, targets: targets.slice(2) }]);
  }
  expect(piecesOf(scene, { command: "set_mesh", targets, mesh: null })).toHaveLength(1);
});
