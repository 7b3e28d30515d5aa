import { describe, expect, it } from "vitest";
import type { Presence, Transform } from "@theta/client";
import {
  kFadeMs, kSettleWaitMs, kStaleMs, PresenceTrack,
} from "../../src/viewport/presence_track.js";
import { kPresenceIntervalMs, kPresenceRepeatMs, PresenceSender } from "../../src/viewport/presence_sender.js";

const at = (x: number): Transform => ({ position: [x, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] });
const pointing = (x: number): Presence => ({ pointer: { origin: [0, 0, 0], target: [x, 0, 0] } });
const dragging = (x: number): Presence => ({ dragging: [{ entity: "1:1", transform: at(x) }] });

describe("somebody's pointer", () => {
  it("goes smoothly to what was told last and then rests", () => {
    const track = new PresenceTrack();
    track.hear(pointing(0), 0);
    track.update(0);
    track.hear(pointing(1), 10);
    const places: number[] = [];
    for (let nowMs = 16; track.isMoving(nowMs) && nowMs < 3000; nowMs += 16)
      places.push(track.update(nowMs).pointer!.target[0]);
    expect(places[0]).toBeGreaterThan(0);
    expect(places[0]).toBeLessThan(0.5);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places.at(-1)).toBeCloseTo(1, 3);
    expect(places.length).toBeLessThan(60);
  });

  it("fades when nothing is heard for two seconds, and comes back with the next word", () => {
    const track = new PresenceTrack();
    track.hear(pointing(0), 0);
    expect(track.update(kStaleMs).opacity).toBe(1);
    expect(track.update(kStaleMs + kFadeMs / 2).opacity).toBeCloseTo(0.5);
    expect(track.update(kStaleMs + kFadeMs).opacity).toBe(0);
    expect(track.isMoving(kStaleMs + kFadeMs + 1)).toBe(false);
    track.hear(pointing(0), kStaleMs * 3);
    expect(track.update(kStaleMs * 3).opacity).toBe(1);
  });

  it("says the same again without anything to draw, and is awake all the same", () => {
    const track = new PresenceTrack();
    expect(track.hear(pointing(0), 0)).toBe(true);
    track.update(0);
    expect(track.hear(pointing(0), kStaleMs - 1)).toBe(false);
    expect(track.isMoving(kStaleMs + 1)).toBe(false);
    expect(track.update(kStaleMs + kFadeMs).opacity).toBe(1);
    expect(track.hear(pointing(1), kStaleMs + kFadeMs)).toBe(true);
    track.update(10 * kStaleMs);
    expect(track.hear(pointing(1), 10 * kStaleMs)).toBe(true);
  });

  it("does not take the same object again for a sign of life", () => {
    const track = new PresenceTrack();
    const presence = pointing(0);
    track.hear(presence, 0);
    track.hear(presence, kStaleMs);
    expect(track.update(kStaleMs + kFadeMs).opacity).toBe(0);
  });
});

describe("somebody's drag", () => {
  /** Runs frames of 16 ms and gives what is shown in each. */
  function run(track: PresenceTrack, scene: () => Transform, fromMs: number, frames: number): (number | undefined)[] {
    return Array.from({ length: frames }, (_, frame) =>
      track.overrides(fromMs + frame * 16, scene).get("1:1")?.position[0]);
  }
  const jumps = (places: (number | undefined)[], own: number): number => {
    const shown = places.map((place) => place ?? own);
    return Math.max(...shown.slice(1).map((place, index) => Math.abs(place - shown[index]!)));
  };

  it("settles without a jump when the command comes after the last word of it", () => {
    const track = new PresenceTrack();
    let own = at(0);
    track.hear(dragging(1), 0);
    const during = run(track, () => own, 0, 40);
    expect(during.at(-1)).toBeCloseTo(1, 2);
    track.hear({}, 640);
    const waiting = run(track, () => own, 640, 10);
    expect(waiting.at(-1)).toBeCloseTo(1, 2);
    own = at(1.02);
    track.arrived("1:1");
    const after = run(track, () => own, 800, 40);
    expect(jumps([...during, ...waiting, ...after], 1.02)).toBeLessThan(0.25);
    expect(after.at(-1)).toBeUndefined();
  });

  it("settles without a jump when the command comes first", () => {
    const track = new PresenceTrack();
    track.hear(dragging(1), 0);
    run(track, () => at(0), 0, 40);
    const own = at(1);
    track.arrived("1:1");
    const during = run(track, () => own, 640, 5);
    track.hear({}, 720);
    track.arrived("1:1");
    const after = run(track, () => own, 720, 40);
    expect(jumps([...during, ...after], 1)).toBeLessThan(0.05);
    expect(after.at(-1)).toBeUndefined();
  });

  it("goes back when no command follows", () => {
    const track = new PresenceTrack();
    track.hear(dragging(1), 0);
    run(track, () => at(0), 0, 40);
    track.hear({}, 640);
    const after = run(track, () => at(0), 640 + kSettleWaitMs + 20, 60);
    expect(after.at(-1)).toBeUndefined();
    track.update(5000);
    expect(track.isMoving(5000)).toBe(false);
  });

  it("ends with who fell silent and with what was deleted", () => {
    const track = new PresenceTrack();
    track.hear(dragging(1), 0);
    run(track, () => at(0), 0, 10);
    expect(track.overrides(200, () => undefined).size).toBe(0);
    track.hear(dragging(2), 300);
    run(track, () => at(0), 300, 10);
    run(track, () => at(0), 300 + kStaleMs + 1, 1);
    expect(run(track, () => at(0), 300 + kStaleMs + kSettleWaitMs + 100, 60).at(-1)).toBeUndefined();
  });
});

describe("one's own presence", () => {
  it("is sent at most thirty times a second, and again for those who wonder", () => {
    const sent: Presence[] = [];
    const sender = new PresenceSender((presence) => sent.push(presence));
    for (let nowMs = 0; nowMs < 1000; ++nowMs) sender.offer(pointing(nowMs), nowMs);
    expect(sent.length).toBeGreaterThan(20);
    expect(sent.length).toBeLessThanOrEqual(30);
    sent.length = 0;
    for (let nowMs = 2000; nowMs < 6000; ++nowMs) sender.offer(pointing(7), nowMs);
    expect(sent.length).toBe(Math.ceil(4000 / kPresenceRepeatMs));
  });

  it("says when to ask again for what it held back", () => {
    const sent: Presence[] = [];
    const sender = new PresenceSender((presence) => sent.push(presence));
    sender.offer(pointing(0), 0);
    const next = sender.offer(pointing(1), 5);
    expect(next).toBeCloseTo(kPresenceIntervalMs);
    sender.offer(pointing(1), next);
    expect(sent.length).toBe(2);
  });

  it("is not sent for less than anybody could see", () => {
    const sent: Presence[] = [];
    const sender = new PresenceSender((presence) => sent.push(presence));
    sender.offer(pointing(1), 0);
    sender.offer(pointing(1.00001), 100);
    expect(sent.length).toBe(1);
  });
});
