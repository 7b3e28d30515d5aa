import { describe, expect, it } from "vitest";
import { Matrix4, Quaternion, Ray, Vector3 } from "three";
import type { EntityId, Transform } from "@theta/client";
import {
  applyDelta, commandOf, Gesture, nearestOnAxis, snap, type GestureFrame, type GestureKind, type HandleId, type Target,
} from "../../src/viewport/gizmo_math.js";
import { FakeScene } from "../fake_scene.js";
import { SceneGraph } from "../../src/viewport/scene_graph.js";

const kFree = { enabled: false, grid: 0.25, angle: 15, scale: 0.1 };
const kSnapped = { ...kFree, enabled: true };
const kStill: Transform = { position: [0, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] };
const turnY = (degrees: number): Quaternion =>
  new Quaternion().setFromAxisAngle(new Vector3(0, 1, 0), (degrees * Math.PI) / 180);

/** The eye looks down -z from z = 10 at a pivot. */
function frame(pivot = new Vector3(), axes = new Quaternion()): GestureFrame {
  return { pivot, axes, viewDirection: new Vector3(0, 0, 10), size: 1 };
}

function rayTo(x: number, y: number, z = 0): Ray {
  const eye = new Vector3(0, 0, 10);
  return new Ray(eye, new Vector3(x, y, z).sub(eye).normalize());
}

function drag(kind: GestureKind, handle: HandleId, from: Ray, to: Ray, steps = kFree, at = frame()): Gesture {
  const gesture = new Gesture(kind, handle, at, from);
  gesture.at(to, steps);
  return gesture;
}

function target(transform: Partial<Transform> = {}, parent = new Matrix4()): Target {
  return { id: "1:1", transform: { ...kStill, ...transform }, parent };
}

describe("moving", () => {
  it("follows the pointer along the axis only", () => {
    const delta = drag("move", "x", rayTo(1, 0), rayTo(3, 0.5)).at(rayTo(3, 0.5), kFree);
    expect(delta).toMatchObject({ kind: "move" });
    expect((delta as { offset: Vector3 }).offset.toArray()).toEqual([expect.closeTo(2, 1), 0, 0]);
  });

  it("lands on the grid in the world's axes, and by steps in others", () => {
    const inWorld = frame(new Vector3(0.1, 0, 0));
    const landed = new Gesture("move", "x", inWorld, rayTo(1, 0)).at(rayTo(1.4, 0), kSnapped) as { offset: Vector3 };
    expect(0.1 + landed.offset.x).toBeCloseTo(0.5);
    const turned = frame(new Vector3(0.1, 0, 0), turnY(30));
    const moved = new Gesture("move", "x", turned, rayTo(1, 0)).at(rayTo(1.4, 0), kSnapped) as { offset: Vector3 };
    expect(moved.offset.length() / 0.25).toBeCloseTo(Math.round(moved.offset.length() / 0.25));
  });

  it("stays where it was when the ray tells nothing", () => {
    const gesture = new Gesture("move", "x", frame(), rayTo(1, 0));
    const before = gesture.at(rayTo(2, 0), kFree);
    expect(gesture.at(new Ray(new Vector3(0, 5, 0), new Vector3(1, 0, 0)), kFree)).toBe(before);
    const alongX = new Ray(new Vector3(0, 5, 0), new Vector3(1, 0, 0));
    expect(nearestOnAxis(alongX, new Vector3(), new Vector3(1, 0, 0))).toBeNull();
  });

  it("takes typed numbers exactly, also along turned axes", () => {
    const gesture = new Gesture("move", "zx", frame(new Vector3(), turnY(90)), rayTo(0, 0));
    const { offset } = gesture.exactly([2, 3]) as { offset: Vector3 };
    expect(offset.distanceTo(new Vector3(2, 0, -3))).toBeLessThan(1e-9);
  });
});

describe("turning", () => {
  const above = (): GestureFrame => ({ ...frame(), viewDirection: new Vector3(0, 10, 0) });
  const down = (degrees: number): Ray => {
    const angle = (degrees * Math.PI) / 180;
    return new Ray(new Vector3(Math.sin(angle), 10, Math.cos(angle)), new Vector3(0, -1, 0));
  };

  it("follows the pointer around, beyond half a round", () => {
    const gesture = new Gesture("rotate", "y", above(), down(0));
    for (const degrees of [90, 170, 250]) gesture.at(down(degrees), kFree);
    expect(gesture.at(down(300), kFree)).toMatchObject({ angle: expect.closeTo((300 * Math.PI) / 180) });
  });

  it("snaps to steps and takes typed degrees", () => {
    const gesture = new Gesture("rotate", "y", above(), down(0));
    expect(gesture.at(down(37), kSnapped)).toMatchObject({ angle: expect.closeTo((30 * Math.PI) / 180) });
    expect(gesture.exactly([-45])).toMatchObject({ angle: expect.closeTo(-Math.PI / 4) });
  });

  it("works on a ring that is seen from its edge", () => {
    const { angle } = drag("rotate", "y", rayTo(0, 0), rayTo(0.5, 0)).at(rayTo(0.5, 0), kFree) as { angle: number };
    expect(angle).toBeCloseTo(0.5, 1);
  });

  it("goes about the pivot", () => {
    const turned = applyDelta(target({ position: [1, 0, 0] }), frame(), { kind: "rotate", axis: new Vector3(0, 1, 0),
      angle: Math.PI / 2 });
    expect(new Vector3(...turned.position).distanceTo(new Vector3(0, 0, -1))).toBeLessThan(1e-9);
    expect(new Quaternion(...turned.rotation).angleTo(turnY(90))).toBeLessThan(1e-6);
  });

  it.each([[-1, 1, 1], [1, -1, 1], [-2, -2, -2], [2, 2, 2]] as const)(
    "turns below a parent scaled by %d, %d, %d as it is seen to",
    (...scale) => {
      const parentTurn = new Quaternion().setFromAxisAngle(new Vector3(1, 1, 0).normalize(), 0.4);
      const parent = new Matrix4().compose(new Vector3(1, 0, 0), parentTurn, new Vector3(...scale));
      const seen = ({ rotation }: Transform): Vector3 =>
        new Vector3(1, 2, 3).applyQuaternion(new Quaternion(...rotation)).transformDirection(parent);
      const axis = new Vector3(0, 0.6, 0.8);
      const turned = applyDelta(target({}, parent), frame(), { kind: "rotate", axis, angle: 0.5 });
      expect(seen(turned).distanceTo(seen(kStill).applyAxisAngle(axis, 0.5))).toBeLessThan(1e-6);
    },
  );
});

describe("scaling", () => {
  it("grows as the pointer leaves the pivot, never to nothing", () => {
    const gesture = new Gesture("scale", "x", frame(), rayTo(1, 0));
    expect((gesture.at(rayTo(2, 0), kFree) as { factor: Vector3 }).factor.x).toBeCloseTo(2, 1);
    expect((gesture.at(rayTo(-3, 0), kFree) as { factor: Vector3 }).factor.x).toBeGreaterThan(0);
    expect((gesture.at(rayTo(-3, 0), kSnapped) as { factor: Vector3 }).factor.x).toBeCloseTo(0.1);
  });

  it("evenly does not jump when it is taken hold of in the middle", () => {
    const gesture = new Gesture("scale", "all", frame(), rayTo(0.001, 0));
    expect((gesture.at(rayTo(0.001, 0), kFree) as { factor: Vector3 }).factor.x).toBeCloseTo(1);
    expect((gesture.at(rayTo(0.5, 0.5), kFree) as { factor: Vector3 }).factor.x).toBeGreaterThan(1.3);
  });

  it("never turns what it scales", () => {
    const rotation = turnY(30).toArray() as [number, number, number, number];
    const scaled = applyDelta(target({ rotation }), frame(), { kind: "scale", factor: new Vector3(2, 1, 1) });
    expect(scaled.rotation).toEqual(rotation);
    expect(scaled.scale[0]).toBeGreaterThan(scaled.scale[2]);
    expect(scaled.scale[1]).toBeCloseTo(1);
  });

  it("by a typed negative number mirrors", () => {
    const gesture = new Gesture("scale", "x", frame(), rayTo(1, 0));
    const mirrored = applyDelta(target(), frame(), gesture.exactly([-1]));
    expect(mirrored.scale).toEqual([-1, 1, 1]);
  });
});

/** Two children of parents that are moved, turned and scaled differently, and one at the root. */
function family(): { scene: FakeScene; graph: SceneGraph; targets: (...ids: EntityId[]) => Target[] } {
  const scene = new FakeScene();
  scene.apply({ command: "create_entities", entities: [
    { position: [5, 0, 0], rotation: [0, Math.SQRT1_2, 0, Math.SQRT1_2] }, { position: [1, 2, 3], scale: [2, 2, 2] },
    { parent_index: 0, position: [1, 1, 1] }, { parent_index: 1, position: [1, 1, 1] }, { position: [4, 4, 4] },
    { parent_index: 0, position: [3, 1, 0] }, { scale: [1, 3, 1] }, { parent_index: 6 },
  ] });
  const graph = new SceneGraph();
  graph.reset(scene);
  graph.flush();
  const targets = (...ids: EntityId[]): Target[] => ids.map((id) => {
    const node = graph.get(id)!;
    return { id, transform: node.entity.transform, parent: node.parent?.world ?? new Matrix4() };
  });
  return { scene, graph, targets };
}

describe("the command of a gesture", () => {
  const deltas = [
    ["move", { kind: "move", offset: new Vector3(1, 2, 3) }],
    ["turn", { kind: "rotate", axis: new Vector3(1, 2, 0).normalize(), angle: 0.7 }],
    ["grow", { kind: "scale", factor: new Vector3(1.5, 1.5, 1.5) }],
    ["stretch", { kind: "scale", factor: new Vector3(2, 1, 1) }],
  ] as const;
  const groups = [["1:5"], ["1:3", "1:6"], ["1:3", "1:4"], ["1:8"], ["1:3", "1:5"]];
  for (const [name, delta] of deltas)
    for (const ids of groups)
      it(`to ${name} ${ids.join(" and ")} leaves what was shown`, () => {
        const { scene, targets } = family();
        const at = frame(new Vector3(1, 1, 0));
        const shown = targets(...ids).map((each) => applyDelta(each, at, delta));
        scene.apply(commandOf(targets(...ids), at, delta)!);
        ids.forEach((id, index) => {
          const { position, rotation, scale } = scene.get(id)!.transform;
          expect(new Vector3(...position).distanceTo(new Vector3(...shown[index]!.position))).toBeLessThan(1e-6);
          expect(new Vector3(...scale).distanceTo(new Vector3(...shown[index]!.scale))).toBeLessThan(1e-6);
          expect(new Quaternion(...rotation).angleTo(new Quaternion(...shown[index]!.rotation))).toBeLessThan(1e-6);
        });
      });

  it("is a delta where it says the same for all", () => {
    const { targets } = family();
    const [move, turn, grow, stretch] = deltas.map(([, delta]) => delta);
    const name = (ids: EntityId[], delta: (typeof deltas)[number][1]): string | undefined =>
      commandOf(targets(...ids), frame(), delta)?.command;
    expect(name(["1:3", "1:6"], move!)).toBe("translate_by");
    expect(name(["1:3", "1:4"], move!)).toBe("set_transform");
    expect(name(["1:3", "1:6"], turn!)).toBe("rotate_by");
    expect(name(["1:8"], turn!)).toBe("set_transform");
    expect(name(["1:5"], grow!)).toBe("scale_by");
    expect(name(["1:5"], stretch!)).toBe("set_transform");
  });

  it("is none when nothing was done", () => {
    const { targets } = family();
    expect(commandOf(targets("1:5"), frame(), { kind: "move", offset: new Vector3() })).toBeNull();
    expect(commandOf([], frame(), { kind: "move", offset: new Vector3(1, 0, 0) })).toBeNull();
  });
});

describe("snapping", () => {
  it("rounds to the nearest step and leaves alone without one", () => {
    expect(snap(0.3, 0.25)).toBe(0.25);
    expect(snap(-0.4, 0.25)).toBe(-0.5);
    expect(snap(0.3, 0)).toBe(0.3);
  });
});
