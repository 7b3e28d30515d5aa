import type { Presence } from "@theta/client";

/** At most 30 a second. */
export const kPresenceIntervalMs = 1000 / 30;
/** Said again after so long though nothing moved, so that others can tell a quiet person from one who is gone. */
export const kPresenceRepeatMs = 800;

/**
 * Tells the others where this person looks, points and drags: when it changed, and not more often than they can use.
 */
export class PresenceSender {
  private sent = "";
  private sentMs = -Infinity;

  constructor(private readonly send: (presence: Presence) => void) {}

  /** Call whenever something may be different. Gives the time at which to call again. */
  offer(presence: Presence, nowMs: number): number {
    const text = presenceText(presence);
    if (text === this.sent && nowMs - this.sentMs < kPresenceRepeatMs) return this.sentMs + kPresenceRepeatMs;
    if (nowMs - this.sentMs < kPresenceIntervalMs) return this.sentMs + kPresenceIntervalMs;
    this.sent = text;
    this.sentMs = nowMs;
    this.send(presence);
    return nowMs + kPresenceRepeatMs;
  }
}

/** Equal for what shows the same. */
export function presenceText(presence: Presence): string {
  return JSON.stringify(presence, rounded);
}

/** A tenth of a millimetre is no movement. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1e4) : value;
}
