import { Matrix4, Quaternion, Vector3, type Ray } from "three";
import type { Command, EntityId, Presence, Transform } from "@theta/client";
import {
  applyDelta, axesOf, commandOf, Gesture, type Delta, type GestureFrame, type GestureKind, type HandleId,
  type SnapSteps, type Target,
} from "./gizmo_math.js";
import { NumericEntry } from "./numeric_entry.js";
import type { Node, SceneGraph } from "./scene_graph.js";

/** What presence can carry; the rest follows at the end. */
export const kDraggedShownMax = 16;
/** So many a gesture can move at a frame's pace. */
export const kDraggedMax = 4096;

const kIdentity = new Matrix4();

/** A common pivot for `nodes` and the axes that the tool works along. */
export function frameOf(
  nodes: readonly Node[], active: Node, space: "local" | "world", eye: { direction: Vector3; size: number },
): GestureFrame {
  const pivot = new Vector3();
  for (const node of nodes) pivot.add(new Vector3().setFromMatrixPosition(node.world));
  pivot.divideScalar(nodes.length);
  const axes = new Quaternion();
  if (space === "local") active.world.decompose(new Vector3(), axes, new Vector3());
  return { pivot, axes, viewDirection: eye.direction, size: eye.size };
}

/**
 * A gesture under way. Its entities are shown moved by overrides of the graph; their own transforms stay the base, so
 * that what others do to them meanwhile goes under the gesture, and one that is deleted leaves it.
 */
export class Drag {
  private gesture: Gesture;
  private delta: Delta;
  private numbers: NumericEntry;
  private ids: EntityId[];
  private readonly grabbed: HandleId;
  private lastRay: Ray;

  constructor(
    private readonly graph: SceneGraph, nodes: readonly Node[], kind: GestureKind, handle: HandleId,
    private readonly frame: GestureFrame, private readonly startRay: Ray,
  ) {
    this.ids = nodes.map(({ id }) => id);
    this.grabbed = handle;
    this.gesture = new Gesture(kind, handle, frame, startRay);
    this.delta = this.gesture.identity();
    this.numbers = new NumericEntry(this.fieldNames().length);
    this.lastRay = startRay.clone();
  }

  get kind(): GestureKind {
    return this.gesture.kind;
  }

  get handle(): HandleId {
    return this.gesture.handle;
  }

  get entities(): readonly EntityId[] {
    return this.ids;
  }

  /** The gizmo while it moves with what it moves. */
  get shownFrame(): GestureFrame {
    const { frame, delta } = this;
    if (delta.kind !== "move") return frame;
    return { ...frame, pivot: frame.pivot.clone().add(delta.offset) };
  }

  point(ray: Ray, steps: SnapSteps): void {
    this.lastRay = ray.clone();
    const delta = this.gesture.at(ray, steps);
    if (!this.numbers.isActive) this.delta = delta;
    this.show();
  }

  /** Takes a key of numeric entry or an axis lock; false when it is none. */
  key(event: { key: string; shiftKey: boolean }, steps: SnapSteps): boolean {
    const name = event.key.toLowerCase();
    if (name === "x" || name === "y" || name === "z") {
      const plane = ({ x: "yz", y: "zx", z: "xy" } as const)[name];
      const wanted: HandleId = event.shiftKey && this.kind !== "rotate" ? plane : name;
      this.lock(wanted === this.handle ? this.grabbed : wanted, steps);
      return true;
    }
    if (!this.numbers.key(event.key)) return false;
    this.delta = this.gesture.at(this.lastRay, steps);
    if (this.numbers.isActive) this.delta = this.gesture.exactly(this.numbers.values());
    this.show();
    return true;
  }

  /** Someone else's change came in between: what is there now is the new base. False when nothing is left to drag. */
  rebase(): boolean {
    const left = this.ids.filter((id) => this.graph.get(id) !== undefined);
    for (const id of this.ids) if (!left.includes(id)) this.graph.setOverride(id, null);
    this.ids = left;
    if (left.length > 0) this.show();
    return left.length > 0;
  }

  /** Takes the overrides away again. */
  release(): void {
    for (const id of this.ids) this.graph.setOverride(id, null);
  }

  command(): Command | null {
    return commandOf(this.targets(), this.frame, this.delta);
  }

  dragging(): NonNullable<Presence["dragging"]> {
    return this.ids.slice(0, kDraggedShownMax).map((entity) => ({
      entity, transform: this.graph.get(entity)?.override ?? this.graph.get(entity)!.entity.transform,
    }));
  }

  /** Where everything that it moves is now, by local transforms. */
  transforms(): Map<EntityId, Transform> {
    const result = new Map<EntityId, Transform>();
    for (const id of this.ids) {
      const moved = this.graph.get(id)?.override;
      if (moved) result.set(id, moved);
    }
    return result;
  }

  /** What the gesture does so far, for people. */
  text(): string {
    const unit = this.kind === "rotate" ? "°" : this.kind === "move" ? " m" : "×";
    if (this.numbers.isActive) return this.numbers.text(this.fieldNames(), unit);
    const { delta } = this;
    if (delta.kind === "rotate") return `${number((delta.angle * 180) / Math.PI)}°`;
    if (delta.kind === "scale") {
      if (this.handle === "all") return `${number(delta.factor.x)}×`;
      return axesOf(this.handle).map((name) => `${name.toUpperCase()} ${number(delta.factor[name])}×`).join("  ");
    }
    const inAxes = delta.offset.clone().applyQuaternion(this.frame.axes.clone().invert());
    return axesOf(this.handle).map((name) => `${name.toUpperCase()} ${number(inAxes[name])} m`).join("  ");
  }

  private fieldNames(): string[] {
    if (this.kind === "rotate" || (this.kind === "scale" && this.handle === "all")) return [""];
    return axesOf(this.handle).map((name) => name.toUpperCase());
  }

  private lock(handle: HandleId, steps: SnapSteps): void {
    this.gesture = new Gesture(this.kind, handle, this.frame, this.startRay);
    this.numbers = new NumericEntry(this.fieldNames().length);
    this.delta = this.gesture.at(this.lastRay, steps);
    this.show();
  }

  private targets(): Target[] {
    return this.ids.flatMap((id) => {
      const node = this.graph.get(id);
      return node ? [{ id, transform: node.entity.transform, parent: node.parent?.world ?? kIdentity }] : [];
    });
  }

  private show(): void {
    for (const target of this.targets()) this.graph.setOverride(target.id, this.moved(target));
  }

  private moved(target: Target): Transform {
    return applyDelta(target, this.frame, this.delta);
  }
}

function number(value: number): string {
  const text = value.toFixed(Math.abs(value) < 10 ? 3 : 2);
  return Number(text) === 0 ? "0" : text.replace(/\.?0+$/, "");
}
