import { Quaternion, Vector3 } from "three";
import type { EntityId, Pose, Presence, Quat, Transform, Vec3 } from "@theta/client";
import { presenceText } from "./presence_sender.js";

/** Without a word for so long, somebody's marks begin to fade. */
export const kStaleMs = 2000;
export const kFadeMs = 600;
/** How long what is shown takes to come most of the way to what was told last. */
const kChaseMs = 70;
/** A drag that has ended waits so long for its command before it is taken back. */
export const kSettleWaitMs = 1500;
const kSettleMs = 140;
const kCloseEnough = 1e-4;

/** Somebody's marks as they are shown: always on the way to what presence said last. */
export interface ShownPresence {
  readonly view: Pose | null;
  readonly pointer: { readonly origin: Vec3; readonly target: Vec3 } | null;
  /** 1, and towards 0 when nothing is heard any more. */
  readonly opacity: number;
}

/** Follows one session's presence. Times are milliseconds of any clock that only goes forward. */
export class PresenceTrack {
  private latest: Presence | null = null;
  private heardMs = 0;
  private shownMs = 0;
  private view: Pose | null = null;
  private pointer: { origin: Vec3; target: Vec3 } | null = null;
  private readonly drags = new Map<EntityId, Settling>();
  private settled = false;

  get presence(): Presence | null {
    return this.latest;
  }

  /**
   * Takes what was told; the same object again is nothing new, and another that says the same only a sign of life.
   * Returns whether there is something to draw.
   */
  hear(presence: Presence | undefined, nowMs: number): boolean {
    if (!presence || presence === this.latest) return false;
    const isRepeat = this.latest !== null && presenceText(presence) === presenceText(this.latest);
    const wasAwake = this.opacityAt(nowMs) === 1;
    this.latest = presence;
    this.heardMs = nowMs;
    if (isRepeat && wasAwake) return false;
    this.settled = false;
    const told = new Set<EntityId>();
    for (const { entity, transform } of presence.dragging ?? []) {
      told.add(entity);
      const drag = this.drags.get(entity);
      if (drag) Object.assign(drag, { goal: transform, endedMs: null });
      else this.drags.set(entity, { shown: null, goal: transform, endedMs: null, arrived: false });
    }
    for (const [entity, drag] of this.drags) if (!told.has(entity)) drag.endedMs ??= nowMs;
    return true;
  }

  /** The scene has another transform for this entity: the command of a drag, if one has just ended. */
  arrived(entity: EntityId): void {
    const drag = this.drags.get(entity);
    if (drag && drag.endedMs !== null) drag.arrived = true;
  }

  /** Whether something still moves or fades, so that there is a next frame to draw. */
  isMoving(nowMs: number): boolean {
    const fading = nowMs - this.heardMs > kStaleMs && this.opacityAt(nowMs) > 0;
    return (this.latest !== null && !this.settled) || this.drags.size > 0 || fading;
  }

  /** When the marks begin to fade if nothing more is heard. */
  get fadesAtMs(): number {
    return this.heardMs + kStaleMs;
  }

  /** Moves on to `nowMs`. */
  update(nowMs: number): ShownPresence {
    const part = 1 - Math.exp(-(nowMs - this.shownMs) / kChaseMs);
    this.shownMs = nowMs;
    const { view, pointer } = this.latest ?? {};
    const before = this.view;
    this.view = view ? (before ? mixPose(before, view, part) : view) : null;
    const target = pointer && (this.pointer ? mix(this.pointer.target, pointer.target, part) : pointer.target);
    this.pointer = pointer && target ? { origin: pointer.origin, target } : null;
    this.settled = (!view || isNear(this.view!.position, view.position)) &&
      (!pointer || isNear(this.pointer!.target, pointer.target));
    if (this.settled && view) this.view = view;
    return { view: this.view, pointer: this.pointer, opacity: this.opacityAt(nowMs) };
  }

  /**
   * The transforms that stand over the scene's. While a drag lasts they chase what is told; after it they wait for the
   * command and then go over into the scene's own, so that nothing jumps whichever comes first.
   */
  overrides(nowMs: number, sceneTransform: (entity: EntityId) => Transform | undefined): Map<EntityId, Transform> {
    const result = new Map<EntityId, Transform>();
    for (const [entity, drag] of this.drags) {
      const own = sceneTransform(entity);
      if (!own) {
        this.drags.delete(entity);
        continue;
      }
      if (drag.endedMs === null && nowMs - this.heardMs > kStaleMs) drag.endedMs = nowMs;
      const ended = drag.endedMs !== null && (drag.arrived || nowMs - drag.endedMs > kSettleWaitMs);
      const goal = ended ? own : drag.goal;
      const elapsed = nowMs - (drag.atMs ?? nowMs);
      drag.atMs = nowMs;
      // From where the entity is, not from where the hand is: the beginning of a drag is no jump either.
      drag.shown = mixTransform(drag.shown ?? own, goal, 1 - Math.exp(-elapsed / (ended ? kSettleMs / 3 : kChaseMs)));
      if (ended && isSame(drag.shown, own)) this.drags.delete(entity);
      else result.set(entity, drag.shown);
    }
    return result;
  }

  private opacityAt(nowMs: number): number {
    if (!this.latest) return 0;
    return Math.min(1, Math.max(0, 1 - (nowMs - this.heardMs - kStaleMs) / kFadeMs));
  }
}

interface Settling {
  shown: Transform | null;
  goal: Transform;
  endedMs: number | null;
  arrived: boolean;
  atMs?: number;
}

function mix(from: Vec3, to: Vec3, part: number): Vec3 {
  return new Vector3(...from).lerp(new Vector3(...to), part).toArray();
}

function turn(from: Quat, to: Quat, part: number): Quat {
  return new Quaternion(...from).slerp(new Quaternion(...to), part).toArray() as [number, number, number, number];
}

function mixPose(from: Pose, to: Pose, part: number): Pose {
  return { position: mix(from.position, to.position, part), rotation: turn(from.rotation, to.rotation, part) };
}

function mixTransform(from: Transform, to: Transform, part: number): Transform {
  return { ...mixPose(from, to, part), scale: mix(from.scale, to.scale, part) };
}

function isNear(a: Vec3, b: Vec3): boolean {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) < kCloseEnough * (1 + Math.hypot(...b));
}

function isSame(a: Transform, b: Transform): boolean {
  const turned = Math.abs(a.rotation.reduce((sum, value, at) => sum + value * b.rotation[at]!, 0));
  return isNear(a.position, b.position) && isNear(a.scale, b.scale) && turned > 1 - 1e-6;
}
