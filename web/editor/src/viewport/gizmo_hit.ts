import { Vector3 } from "three";
import { axesOf, type GestureFrame, type GestureKind, type HandleId } from "./gizmo_math.js";

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Parts of the arms' length. */
export const kGizmo = {
  armFrom: 0.16, armTo: 1, planeFrom: 0.28, planeTo: 0.5, ring: 0.92, viewRing: 1.12, middle: 0.13,
} as const;
const kRingSteps = 48;

/** Whether a handle can be used from here: an arm that points at the eye, or a plane seen from its edge, cannot. */
export function isUsable(kind: GestureKind, handle: HandleId, frame: GestureFrame): boolean {
  if (kind === "rotate" || handle === "all") return true;
  const view = frame.viewDirection.clone().normalize();
  const along = axesOf(handle).map((name) => Math.abs(direction(frame, name).dot(view)));
  if (handle.length === 1) return along[0]! < 0.98;
  return Math.sqrt(Math.max(0, 1 - along.reduce((sum, part) => sum + part * part, 0))) > 0.15;
}

/**
 * The handle under a point of the screen, or null. `slack` in pixels is larger for fingers. The nearest handle wins,
 * and at equal distance the smaller one.
 */
export function handleAt(
  kind: GestureKind, frame: GestureFrame, project: (point: Vector3) => Point, pointer: Point, slack: number,
): HandleId | null {
  let best: HandleId | null = null;
  let bestDistance = slack;
  const offer = (handle: HandleId, distance: number): void => {
    if (distance >= bestDistance || !isUsable(kind, handle, frame)) return;
    best = handle;
    bestDistance = distance;
  };
  const at = (...parts: (readonly ["x" | "y" | "z", number])[]): Point => {
    const point = frame.pivot.clone();
    for (const [name, part] of parts) point.addScaledVector(direction(frame, name), part * frame.size);
    return project(point);
  };
  const middle = project(frame.pivot);
  if (kind === "rotate") {
    for (const name of ["x", "y", "z"] as const) offer(name, toPolyline(pointer, ringOf(frame, name).map(project)));
    const edge = project(frame.pivot.clone().addScaledVector(sideways(frame), kGizmo.viewRing * frame.size));
    const radius = Math.hypot(edge.x - middle.x, edge.y - middle.y);
    offer("all", Math.abs(Math.hypot(pointer.x - middle.x, pointer.y - middle.y) - radius));
    return best;
  }
  const fromMiddle = Math.hypot(pointer.x - middle.x, pointer.y - middle.y);
  const edge = project(frame.pivot.clone().addScaledVector(sideways(frame), kGizmo.middle * frame.size));
  offer("all", Math.max(0, fromMiddle - Math.hypot(edge.x - middle.x, edge.y - middle.y)));
  if (best) return best;
  for (const handle of ["xy", "yz", "zx"] as const) {
    const [a, b] = axesOf(handle) as ["x" | "y" | "z", "x" | "y" | "z"];
    const corners = ([[0, 0], [1, 0], [1, 1], [0, 1]] as const).map(([i, j]) =>
      at([a, i ? kGizmo.planeTo : kGizmo.planeFrom], [b, j ? kGizmo.planeTo : kGizmo.planeFrom]));
    offer(handle, isInside(pointer, corners) ? 0 : toPolyline(pointer, [...corners, corners[0]!]) + slack / 2);
  }
  for (const name of ["x", "y", "z"] as const)
    offer(name, toPolyline(pointer, [at([name, kGizmo.armFrom]), at([name, kGizmo.armTo + 0.1])]));
  return best;
}

export function direction(frame: GestureFrame, name: "x" | "y" | "z"): Vector3 {
  return new Vector3(name === "x" ? 1 : 0, name === "y" ? 1 : 0, name === "z" ? 1 : 0).applyQuaternion(frame.axes);
}

function sideways(frame: GestureFrame): Vector3 {
  const view = frame.viewDirection.clone().normalize();
  const other = Math.abs(view.y) < 0.9 ? new Vector3(0, 1, 0) : new Vector3(1, 0, 0);
  return other.cross(view).normalize();
}

/** The half of a ring that faces the eye; of one seen from its edge all. */
function ringOf(frame: GestureFrame, axis: "x" | "y" | "z"): Vector3[] {
  const others = (["x", "y", "z"] as const).filter((name) => name !== axis);
  const [u, v] = others.map((name) => direction(frame, name)) as [Vector3, Vector3];
  const view = frame.viewDirection.clone().normalize();
  const towards = Math.atan2(v.dot(view), u.dot(view));
  return Array.from({ length: kRingSteps + 1 }, (_, step) => {
    const angle = towards + (step / kRingSteps - 0.5) * Math.PI;
    return frame.pivot.clone()
      .addScaledVector(u, Math.cos(angle) * kGizmo.ring * frame.size)
      .addScaledVector(v, Math.sin(angle) * kGizmo.ring * frame.size);
  });
}

export function toPolyline(point: Point, line: readonly Point[]): number {
  let nearest = Infinity;
  for (let at = 1; at < line.length; ++at) nearest = Math.min(nearest, toSegment(point, line[at - 1]!, line[at]!));
  return nearest;
}

function toSegment(point: Point, from: Point, to: Point): number {
  const dx = to.x - from.x, dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : ((point.x - from.x) * dx + (point.y - from.y) * dy) / length;
  const at = Math.min(1, Math.max(0, part));
  return Math.hypot(point.x - from.x - dx * at, point.y - from.y - dy * at);
}

function isInside(point: Point, corners: readonly Point[]): boolean {
  let inside = false;
  corners.forEach((a, at) => {
    const b = corners[(at + corners.length - 1) % corners.length]!;
    const crosses = (a.y > point.y) !== (b.y > point.y);
    if (crosses && point.x < ((b.x - a.x) * (point.y - a.y)) / (b.y - a.y) + a.x) inside = !inside;
  });
  return inside;
}
