import { Color, Matrix4, Quaternion, Vector3 } from "three";
import type { EntityId, Participant, SessionNumber, Transform } from "@theta/client";
import type { PersonColor } from "../colors.js";
import type { Point } from "./gizmo_hit.js";
import { addFrustum, type LineLayer } from "./line_layer.js";
import type { PersonMark } from "./overlay.js";
import { PresenceTrack, type ShownPresence } from "./presence_track.js";

/** More people than this are in the list, but not drawn. */
export const kPeopleDrawnMax = 64;
/** Frusta are so large on the screen, whatever the distance. */
const kFrustumPixels = 56;

interface Person {
  readonly track: PresenceTrack;
  participant: Participant;
  shown: ShownPresence | null;
}

export interface Eye {
  /** To CSS pixels; null behind the eye. */
  project(point: Vector3): Point | null;
  worldPerPixel(point: Vector3): number;
  readonly position: Vector3;
}

/** The others: where they look from and point to, and what they drag. */
export class PeopleLayer {
  private readonly people = new Map<SessionNumber, Person>();

  constructor(private readonly colorOf: (author: string) => PersonColor) {}

  /** Takes the room's list, as it is now. False when it says nothing of anybody else that is worth a frame. */
  hear(participants: readonly Participant[], nowMs: number): boolean {
    const others = participants.filter(({ self }) => !self).slice(0, kPeopleDrawnMax);
    const here = new Set(others.map(({ session }) => session));
    let isNews = false;
    for (const session of this.people.keys()) if (!here.has(session)) isNews = this.people.delete(session);
    for (const participant of others) {
      let person = this.people.get(participant.session);
      if (person?.participant.name !== participant.name) isNews = true;
      if (!person) {
        person = { track: new PresenceTrack(), participant, shown: null };
        this.people.set(participant.session, person);
      }
      person.participant = participant;
      if (person.track.hear(participant.presence, nowMs)) isNews = true;
    }
    return isNews;
  }

  /** An entity has another transform now; maybe the end of somebody's drag. */
  arrived(entity: EntityId): void {
    for (const { track } of this.people.values()) track.arrived(entity);
  }

  update(nowMs: number): void {
    for (const person of this.people.values()) person.shown = person.track.update(nowMs);
  }

  /** What all the others drag, as it is to be shown now. */
  overrides(nowMs: number, sceneTransform: (entity: EntityId) => Transform | undefined): Map<EntityId, Transform> {
    const result = new Map<EntityId, Transform>();
    for (const { track } of this.people.values())
      for (const [entity, transform] of track.overrides(nowMs, sceneTransform)) result.set(entity, transform);
    return result;
  }

  isMoving(nowMs: number): boolean {
    for (const { track } of this.people.values()) if (track.isMoving(nowMs)) return true;
    return false;
  }

  /** The next time at which somebody's marks would begin to fade; null when none will. */
  nextFadeMs(nowMs: number): number | null {
    const times = [...this.people.values()].map(({ track }) => track.fadesAtMs).filter((time) => time > nowMs);
    return times.length > 0 ? Math.min(...times) : null;
  }

  shownOf(session: SessionNumber): ShownPresence | null {
    return this.people.get(session)?.shown ?? null;
  }

  draw(lines: LineLayer, eye: Eye, followed: SessionNumber | null): Map<SessionNumber, PersonMark> {
    const marks = new Map<SessionNumber, PersonMark>();
    for (const [session, { participant, shown, track }] of this.people) {
      if (!shown || shown.opacity === 0 || session === followed) continue;
      const color = this.colorOf(participant.author);
      if (shown.view) {
        const position = new Vector3(...shown.view.position);
        const depth = eye.worldPerPixel(position) * kFrustumPixels;
        // From inside, somebody's frustum would only be lines across the picture.
        if (position.distanceTo(eye.position) > depth * 1.5) {
          const rotation = new Quaternion(...shown.view.rotation);
          const pose = new Matrix4().makeRotationFromQuaternion(rotation).setPosition(position);
          const { vertical_fov = 0.8, aspect_ratio = 1.6 } = track.presence?.view_shape ?? {};
          const slope = Math.tan(vertical_fov / 2);
          addFrustum(lines, pose, { slope, aspect: aspect_ratio, depth }, new Color(color.fill), shown.opacity);
        }
      }
      const mark = this.markOf(shown, eye);
      if (mark) marks.set(session, { ...mark, name: participant.name, color, opacity: shown.opacity });
    }
    return marks;
  }

  private markOf(shown: ShownPresence, eye: Eye): Pick<PersonMark, "at" | "kind"> | null {
    if (shown.pointer) {
      const at = eye.project(new Vector3(...shown.pointer.target));
      return at && { at, kind: "pointer" };
    }
    const at = shown.view && eye.project(new Vector3(...shown.view.position));
    return at && { at, kind: "view" };
  }
}
