import { MathUtils, Matrix4, Plane, Quaternion, Vector3, type Ray } from "three";
import type { Command, EntityId, Transform, Vec3 } from "@theta/client";
import { composeTransform } from "./scene_graph.js";

export type GestureKind = "move" | "rotate" | "scale";
/** An axis, the plane of two, or all: in the plane of the screen, around the view, evenly. */
export type HandleId = "x" | "y" | "z" | "xy" | "yz" | "zx" | "all";

/** Where a gesture works: a common pivot, and axes that stay as they were when it began. */
export interface GestureFrame {
  readonly pivot: Vector3;
  readonly axes: Quaternion;
  /** From the pivot to the eye. */
  readonly viewDirection: Vector3;
  /** Length of the gizmo's arms in metres: what a scale of 1 is on the screen. */
  readonly size: number;
}

/** What a gesture does to the world, whatever it is applied to. */
export type Delta =
  | { readonly kind: "move"; readonly offset: Vector3 }
  | { readonly kind: "rotate"; readonly axis: Vector3; readonly angle: number }
  | { readonly kind: "scale"; readonly factor: Vector3 };

export interface SnapSteps {
  readonly enabled: boolean;
  readonly grid: number;
  /** Degrees. */
  readonly angle: number;
  readonly scale: number;
}

const kAxes = { x: new Vector3(1, 0, 0), y: new Vector3(0, 1, 0), z: new Vector3(0, 0, 1) } as const;
const kAxisNames = ["x", "y", "z"] as const;
/** Factors nearer to zero would flatten a thing for good. */
const kFactorMin = 1e-3;
/** Both ends of a comparison of offsets that went through float32. */
const kEqualEnough = 1e-5;

export function snap(value: number, step: number): number {
  return step > 0 ? Math.round(value / step) * step : value;
}

export function axesOf(handle: HandleId): readonly ("x" | "y" | "z")[] {
  return handle === "all" ? kAxisNames : ([...handle] as ("x" | "y" | "z")[]);
}

function axisOf(frame: GestureFrame, name: "x" | "y" | "z"): Vector3 {
  return kAxes[name].clone().applyQuaternion(frame.axes);
}

/** The third axis, that a plane handle leaves alone. */
function normalOf(frame: GestureFrame, handle: HandleId): Vector3 {
  if (handle === "all") return frame.viewDirection.clone().normalize();
  if (handle.length === 1) return axisOf(frame, handle as "x");
  return axisOf(frame, kAxisNames.find((name) => !handle.includes(name))!);
}

/** The point of the line through the pivot that comes nearest to the ray; null when they are nearly parallel. */
export function nearestOnAxis(ray: Ray, pivot: Vector3, axis: Vector3): number | null {
  const along = ray.direction.dot(axis);
  const denominator = 1 - along * along;
  if (denominator < 1e-4) return null;
  const arm = ray.origin.clone().sub(pivot);
  return (arm.dot(axis) - arm.dot(ray.direction) * along) / denominator;
}

function onPlane(ray: Ray, pivot: Vector3, normal: Vector3): Vector3 | null {
  if (Math.abs(ray.direction.dot(normal)) < 0.02) return null;
  return ray.intersectPlane(new Plane().setFromNormalAndCoplanarPoint(normal, pivot), new Vector3());
}

/** One drag of one handle: turns rays of the pointer into deltas. The first ray is where it was taken hold of. */
export class Gesture {
  private readonly start: Ray;
  private last: Delta;
  /** Turns are followed beyond half a round. */
  private turned = 0;
  private lastAngle: number | null = null;

  constructor(
    readonly kind: GestureKind, readonly handle: HandleId, readonly frame: GestureFrame, start: Ray,
  ) {
    this.start = start.clone();
    this.last = this.identity();
  }

  /** Where the gesture stands with the pointer at `ray`; what cannot be told from there leaves it as it was. */
  at(ray: Ray, steps: SnapSteps): Delta {
    const delta =
      this.kind === "move" ? this.move(ray, steps) : this.kind === "rotate" ? this.rotate(ray, steps)
      : this.scale(ray, steps);
    if (delta) this.last = delta;
    return this.last;
  }

  /** The exact values that a person typed: metres, degrees or factors, one an axis of the handle; null is nothing. */
  exactly(values: readonly (number | null)[]): Delta {
    if (this.kind === "rotate")
      return { kind: "rotate", axis: normalOf(this.frame, this.handle), angle: MathUtils.degToRad(values[0] ?? 0) };
    const names = axesOf(this.handle);
    if (this.kind === "move") {
      const offset = new Vector3();
      names.forEach((name, at) => offset.addScaledVector(axisOf(this.frame, name), values[at] ?? 0));
      return { kind: "move", offset };
    }
    const factor = new Vector3(1, 1, 1);
    names.forEach((name, at) => (factor[name] = (this.handle === "all" ? values[0] : values[at]) ?? 1));
    return { kind: "scale", factor };
  }

  identity(): Delta {
    if (this.kind === "move") return { kind: "move", offset: new Vector3() };
    if (this.kind === "scale") return { kind: "scale", factor: new Vector3(1, 1, 1) };
    return { kind: "rotate", axis: normalOf(this.frame, this.handle), angle: 0 };
  }

  private move(ray: Ray, steps: SnapSteps): Delta | null {
    const { frame, handle } = this;
    const offset = new Vector3();
    if (handle.length === 1) {
      const axis = axisOf(frame, handle as "x");
      const from = nearestOnAxis(this.start, frame.pivot, axis);
      const to = nearestOnAxis(ray, frame.pivot, axis);
      if (from === null || to === null) return null;
      offset.copy(axis).multiplyScalar(to - from);
    } else {
      const normal = normalOf(frame, handle);
      const from = onPlane(this.start, frame.pivot, normal);
      const to = onPlane(ray, frame.pivot, normal);
      if (!from || !to) return null;
      offset.subVectors(to, from);
    }
    return { kind: "move", offset: steps.enabled ? this.snapOffset(offset, steps.grid) : offset };
  }

  /** Steps are counted along the axes that the handle moves on; in the world's axes the pivot lands on the grid. */
  private snapOffset(offset: Vector3, step: number): Vector3 {
    const { axes, pivot } = this.frame;
    const inAxes = offset.clone().applyQuaternion(axes.clone().invert());
    const isWorld = Math.abs(axes.w) > 1 - 1e-9;
    for (const name of axesOf(this.handle))
      inAxes[name] = isWorld ? snap(pivot[name] + inAxes[name], step) - pivot[name] : snap(inAxes[name], step);
    return inAxes.applyQuaternion(axes);
  }

  private rotate(ray: Ray, steps: SnapSteps): Delta | null {
    const axis = normalOf(this.frame, this.handle);
    const from = this.angleAt(this.start, axis);
    const to = this.angleAt(ray, axis);
    if (from === null || to === null) return null;
    const step = to - (this.lastAngle ?? from);
    this.turned += MathUtils.euclideanModulo(step + Math.PI, 2 * Math.PI) - Math.PI;
    this.lastAngle = to;
    const angle = steps.enabled ? snap(this.turned, MathUtils.degToRad(steps.angle)) : this.turned;
    return { kind: "rotate", axis, angle };
  }

  private angleAt(ray: Ray, axis: Vector3): number | null {
    const { pivot, viewDirection } = this.frame;
    // Seen from the side a ring is a line, and the way along it on the screen is what turns.
    const edgeOn = Math.abs(axis.dot(viewDirection)) < 0.12 * viewDirection.length();
    if (edgeOn) {
      const along = new Vector3().crossVectors(axis, viewDirection).normalize();
      const hit = onPlane(ray, pivot, viewDirection.clone().normalize());
      return hit && hit.sub(pivot).dot(along) / this.frame.size;
    }
    const hit = onPlane(ray, pivot, axis);
    if (!hit) return null;
    const arm = hit.sub(pivot);
    if (arm.lengthSq() < 1e-12) return null;
    const reference = perpendicular(axis);
    return Math.atan2(arm.dot(new Vector3().crossVectors(axis, reference)), arm.dot(reference));
  }

  private scale(ray: Ray, steps: SnapSteps): Delta | null {
    const factor = new Vector3(1, 1, 1);
    const grown = this.grown(ray);
    if (grown === null) return null;
    const value = Math.max(steps.enabled ? snap(grown, steps.scale) : grown, steps.enabled ? steps.scale : kFactorMin);
    for (const name of axesOf(this.handle)) factor[name] = value;
    return { kind: "scale", factor };
  }

  private grown(ray: Ray): number | null {
    const { frame, handle } = this;
    if (handle.length === 1) {
      const axis = axisOf(frame, handle as "x");
      const from = nearestOnAxis(this.start, frame.pivot, axis);
      const to = nearestOnAxis(ray, frame.pivot, axis);
      if (from === null || to === null || Math.abs(from) < frame.size * 0.02) return null;
      return to / from;
    }
    // Evenly: the way from the middle counts, so that it never jumps however near the pivot it was taken hold of.
    const normal = frame.viewDirection.clone().normalize();
    const from = onPlane(this.start, frame.pivot, normal);
    const to = onPlane(ray, frame.pivot, normal);
    if (!from || !to) return null;
    const outward = from.clone().sub(frame.pivot);
    if (outward.length() > frame.size * 0.3) return to.distanceTo(frame.pivot) / outward.length();
    const up = new Vector3(0, 1, 0).projectOnPlane(normal).normalize();
    const diagonal = new Vector3().crossVectors(up, normal).add(up).normalize();
    return 1 + to.sub(from).dot(diagonal) / frame.size;
  }
}

function perpendicular(axis: Vector3): Vector3 {
  const other = Math.abs(axis.y) < 0.9 ? kAxes.y : kAxes.x;
  return new Vector3().crossVectors(other, axis).normalize();
}

// ---- What a delta makes of entities --------------------------------------------------------------------------------

/** An entity that a gesture moves, as it is without the gesture. */
export interface Target {
  readonly id: EntityId;
  readonly transform: Transform;
  /** World matrix of the parent. */
  readonly parent: Matrix4;
}

/** The local transform that `delta` gives to a target. Sheared parents are followed as well as three numbers allow. */
export function applyDelta(target: Target, frame: GestureFrame, delta: Delta): Transform {
  const { transform, parent } = target;
  const inverse = parent.clone().invert();
  const world = new Vector3(...transform.position).applyMatrix4(parent);
  if (delta.kind === "move")
    return { ...transform, position: world.add(delta.offset).applyMatrix4(inverse).toArray() };
  if (delta.kind === "rotate") {
    const turn = new Quaternion().setFromAxisAngle(delta.axis, delta.angle);
    const rotation = turnIntoParent(turn, parent).multiply(new Quaternion(...transform.rotation)).normalize();
    return {
      ...transform,
      position: world.sub(frame.pivot).applyQuaternion(turn).add(frame.pivot).applyMatrix4(inverse).toArray(),
      rotation: rotation.toArray() as [number, number, number, number],
    };
  }
  const toFrame = frame.axes.clone().invert();
  const stretch = (vector: Vector3): Vector3 =>
    vector.applyQuaternion(toFrame).multiply(delta.factor).applyQuaternion(frame.axes);
  const position = stretch(world.sub(frame.pivot)).add(frame.pivot).applyMatrix4(inverse);
  return { ...transform, position: position.toArray(), scale: stretchedScale(target, stretch) };
}

/** How much longer each of the entity's own axes gets; it is not turned. */
function stretchedScale({ transform, parent }: Target, stretch: (vector: Vector3) => Vector3): Vec3 {
  const unscaled = composeTransform({ ...transform, scale: [1, 1, 1] }, new Matrix4());
  const matrix = new Matrix4().multiplyMatrices(parent, unscaled);
  const result = [...transform.scale] as [number, number, number];
  [0, 1, 2].forEach((at) => {
    const axis = new Vector3().setFromMatrixColumn(matrix, at);
    const length = axis.length();
    if (length === 0) return;
    const after = stretch(axis.clone());
    result[at]! *= (after.length() / length) * (after.dot(axis) < 0 ? -1 : 1);
  });
  return result;
}

/** A turn of the world in the space of a parent. */
function turnIntoParent(turn: Quaternion, parent: Matrix4): Quaternion {
  const parentTurn = new Quaternion();
  const scale = new Vector3();
  parent.decompose(new Vector3(), parentTurn, scale);
  const local = parentTurn.clone().invert().multiply(turn).multiply(parentTurn).normalize();
  // What a matrix mirrors is told as a negative scale along x. Seen in that mirror a turn goes about the mirrored axis
  // and the other way round.
  return scale.x < 0 ? local.set(local.x, -local.y, -local.z, local.w) : local;
}

function isNothing(delta: Delta): boolean {
  if (delta.kind === "move") return delta.offset.lengthSq() === 0;
  if (delta.kind === "rotate") return delta.angle === 0;
  return delta.factor.equals(new Vector3(1, 1, 1));
}

/**
 * The one command that a gesture ends with; null when it did nothing. Where a delta says the same for every target it
 * is a delta, since that adds up with what others do to the same things meanwhile; else the transforms themselves.
 */
export function commandOf(targets: readonly Target[], frame: GestureFrame, delta: Delta): Command | null {
  if (targets.length === 0 || isNothing(delta)) return null;
  const ids = targets.map(({ id }) => id);
  return asDelta(targets, ids, frame, delta) ?? {
    command: "set_transform", targets: ids, transforms: targets.map((target) => applyDelta(target, frame, delta)),
  };
}

function asDelta(targets: readonly Target[], ids: EntityId[], frame: GestureFrame, delta: Delta): Command | null {
  if (delta.kind === "move") {
    const offsets = targets.map(({ parent }) => intoParent(delta.offset, parent));
    if (!offsets.every((offset) => nearlyEqual(offset, offsets[0]!))) return null;
    return { command: "translate_by", targets: ids, offset: offsets[0]!.toArray() };
  }
  const parent = targets[0]!.parent;
  // A pivot is a place in the parent's space, so all must have the same; and a turn in a space that is stretched
  // unevenly is none in the world.
  if (!targets.every((target) => sameMatrix(target.parent, parent)) || !isEven(parent)) return null;
  const pivot = frame.pivot.clone().applyMatrix4(parent.clone().invert()).toArray();
  if (delta.kind === "rotate") {
    const rotation = turnIntoParent(new Quaternion().setFromAxisAngle(delta.axis, delta.angle), parent);
    return {
      command: "rotate_by", targets: ids, rotation: rotation.toArray() as [number, number, number, number], pivot,
    };
  }
  const { x, y, z } = delta.factor;
  if (x === y && y === z) return { command: "scale_by", targets: ids, factor: [x, y, z], pivot };
  return null;
}

/** A direction of the world in the space of a parent. */
function intoParent(offset: Vector3, parent: Matrix4): Vector3 {
  return offset.clone().applyMatrix4(parent.clone().setPosition(0, 0, 0).invert());
}

function nearlyEqual(a: Vector3, b: Vector3): boolean {
  return a.distanceTo(b) <= kEqualEnough * Math.max(a.length(), b.length(), 1e-6);
}

function sameMatrix(a: Matrix4, b: Matrix4): boolean {
  return a.elements.every((value, at) => Math.abs(value - b.elements[at]!) <= kEqualEnough * (1 + Math.abs(value)));
}

/** Whether the matrix stretches all directions alike and does not mirror. */
function isEven(matrix: Matrix4): boolean {
  const [x, y, z] = [0, 1, 2].map((at) => new Vector3().setFromMatrixColumn(matrix, at)) as [Vector3, Vector3, Vector3];
  const size = x.length();
  const isClose = (value: number): boolean => Math.abs(value) <= kEqualEnough * size * size;
  return matrix.determinant() > 0 && isClose(x.lengthSq() - y.lengthSq()) && isClose(x.lengthSq() - z.lengthSq()) &&
    isClose(x.dot(y)) && isClose(y.dot(z)) && isClose(z.dot(x));
}
