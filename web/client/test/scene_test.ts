import { expect, test } from "vitest";
import { MirroredScene, type Placed, type RawEntity } from "../src/scene.js";
import { ROOT } from "../src/types.js";

function entity(id: string, parent = ROOT, name = id): RawEntity {
  return { id, parent, name };
}

function whole(entities: RawEntity[]): MirroredScene {
  const scene = new MirroredScene();
  scene.apply({ reset: true, first: true, last: true, entities });
  scene.takeChange();
  return scene;
}

function order(scene: MirroredScene): string[] {
  return [...scene.entities()].map((one) => one.id);
}

test("a whole scene is shown when its last piece has come", () => {
  const scene = new MirroredScene();
  scene.apply({ reset: true, first: true, last: false, entities: [entity("1:1"), entity("1:2", "1:1")] });
  expect(scene.size).toBe(0);
  expect(scene.takeChange()).toBeUndefined();
  scene.apply({ reset: true, first: false, last: true, entities: [entity("1:3", "1:1"), entity("1:4")] });
  expect(order(scene)).toEqual(["1:1", "1:2", "1:3", "1:4"]);
  expect(scene.takeChange()?.everything).toBe(true);
  expect(scene.takeChange()).toBeUndefined();
});

test("what is absent has its default", () => {
  const scene = whole([{ id: "1:1", parent: ROOT }]);
  expect(scene.get("1:1")).toEqual({
    id: "1:1", parent: ROOT, name: "", visible: true, tags: [],
    transform: { position: [0, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] },
  });
  expect(scene.get("1:2")).toBeUndefined();
  expect(scene.children("1:2")).toEqual([]);
});

test("a change makes a new object and leaves the others as they are", () => {
  const scene = whole([entity("1:1"), entity("1:2")]);
  const [first, second] = [scene.get("1:1"), scene.get("1:2")];
  scene.apply({ entities: [entity("1:1", ROOT, "new")] });
  expect(scene.get("1:1")).not.toBe(first);
  expect(first?.name).toBe("1:1");
  expect(scene.get("1:2")).toBe(second);
  expect(scene.takeChange()).toEqual({ everything: false, added: [], updated: ["1:1"], removed: [], reordered: [] });
});

test("entities are placed before the sibling that is named, last ones first", () => {
  const scene = whole([entity("1:1"), entity("1:2"), entity("1:3")]);
  const placed: Placed[] = [["1:3", ROOT, "1:1"], ["1:4", ROOT, "1:3"]];
  scene.apply({ entities: [entity("1:3"), entity("1:4")], placed });
  expect(order(scene)).toEqual(["1:4", "1:3", "1:1", "1:2"]);
  expect(scene.takeChange()).toEqual(
    { everything: false, added: ["1:4"], updated: ["1:3"], removed: [], reordered: [ROOT] });
});

test("a subtree that is removed is gone, and its parent has another list", () => {
  const scene = whole([entity("1:1"), entity("1:2", "1:1"), entity("1:3", "1:2"), entity("1:4")]);
  const before = scene.children(ROOT);
  scene.apply({ entities: [], removed: ["1:2", "1:3"] });
  expect(order(scene)).toEqual(["1:1", "1:4"]);
  expect(scene.children(ROOT)).toBe(before);
  expect(scene.takeChange()).toEqual(
    { everything: false, added: [], updated: [], removed: ["1:2", "1:3"], reordered: ["1:1"] });
});

test("what came and went between two calls was never there", () => {
  const scene = whole([entity("1:1")]);
  scene.apply({ entities: [entity("1:2", "1:1")], placed: [["1:2", "1:1", null]] });
  scene.apply({ entities: [], removed: ["1:2", "1:1"] });
  scene.apply({ entities: [entity("1:1")], placed: [["1:1", ROOT, null]] });
  expect(scene.takeChange()).toEqual(
    { everything: false, added: [], updated: ["1:1"], removed: [], reordered: [ROOT] });
});

test("parents come before their children in what was added", () => {
  const scene = whole([]);
  scene.apply({
    entities: [entity("1:1", "1:2"), entity("1:2", "1:3"), entity("1:3")],
    placed: [["1:1", "1:2", null], ["1:2", "1:3", null], ["1:3", ROOT, null]],
  });
  expect(scene.takeChange()?.added).toEqual(["1:3", "1:2", "1:1"]);
});

test("a scene may be deeper than the call stack", () => {
  const chain = Array.from({ length: 20_000 }, (_, at) => entity(`1:${at + 1}`, at === 0 ? ROOT : `1:${at}`));
  const scene = whole(chain);
  expect(order(scene)).toHaveLength(20_000);
});
