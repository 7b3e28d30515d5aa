import { signal, type Signal } from "@preact/signals";
import type { EntityId, Room, Scene } from "@theta/client";

export type Tool = "select" | "move" | "rotate" | "scale";

export interface Snapping {
  enabled: boolean;
  /** Metres. */
  grid: number;
  /** Degrees. */
  angle: number;
  /** Steps of a factor. */
  scale: number;
}

/** A past state that is shown read-only instead of the room's. */
export interface LookBack {
  readonly seq: number;
  readonly scene: Scene;
}

/** What the person at this screen works with: the room, and everything that is theirs alone. */
export interface Editor {
  readonly room: Room;
  /** The newest chosen entity comes last; it is the active one. */
  readonly selection: Signal<readonly EntityId[]>;
  readonly tool: Signal<Tool>;
  readonly space: Signal<"local" | "world">;
  readonly snapping: Signal<Snapping>;
  readonly lookBack: Signal<LookBack | null>;
}

export function createEditor(room: Room): Editor {
  return {
    room,
    selection: signal<readonly EntityId[]>([]),
    tool: signal<Tool>("select"),
    space: signal<"local" | "world">("world"),
    snapping: signal<Snapping>({ enabled: false, grid: 0.25, angle: 15, scale: 0.1 }),
    lookBack: signal<LookBack | null>(null),
  };
}
