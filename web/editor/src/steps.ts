import { signal, type ReadonlySignal } from "@preact/signals";
import {
  CommandError,
  HandedOver,
  type Command,
  type EntityId,
  type NewEntity,
  type Room,
  type Scene,
  type Submitted,
} from "@theta/client";
import { piecesOf } from "./pieces.js";
import { sentence } from "./sentence.js";
import type { UndoLabels } from "./undo_labels.js";

/** More than a person asks for while the worker is busy for half a minute, a key that is held down included. */
export const kStepsWaitingMax = 1024;

/** What one step of a person does to the room. All commands that it gives are taken back by one undo. */
export interface Step {
  /** The room's, with all that was done in the steps before this one. */
  readonly scene: Scene;
  /**
   * Gives an edit, in as many commands as its targets take (`piecesOf`), and resolves when the scene shows it: with the
   * ids that it made, or with null when not all of it was possible, which the person was told.
   */
  submit(command: Command): Promise<readonly EntityId[] | null>;
  create(entities: readonly NewEntity[]): Promise<readonly EntityId[] | null>;
  /** The same for one command that the room was given already. */
  give(submitted: Promise<Submitted>): Promise<Submitted | null>;
}

/** What a step is called, for undo: "Move 3 objects". A function is asked once the step's turn has come. */
export type StepLabel = string | (() => string);

/** What waits or is under way: a step to take back, or one that was taken back. */
type Kind = "step" | "undo" | "redo";

type Notify = (kind: "warning" | "error", text: string) => void;

/**
 * The person's steps, one after the other in the order in which they were asked for. Each begins when the scene shows
 * what those before it did: most commands say a component as a whole, and one that was made of what the scene showed
 * before would take the last step's change back.
 */
export class Steps {
  private waiting = 0;
  private readonly undoable = signal(0);
  private readonly redoable = signal(0);
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly room: Room,
    private readonly labels: UndoLabels,
    private readonly notify: Notify,
  ) {}

  /** Whether something is under way that there will be to take back. */
  get willUndo(): ReadonlySignal<number> {
    return this.undoable;
  }
  get willRedo(): ReadonlySignal<number> {
    return this.redoable;
  }

  perform(label: StepLabel, work: (step: Step) => Promise<unknown>): Promise<void> {
    return this.inTurn("step", label, () => work(new StepUnderWay(this.room, this.labels, this.notify, label)));
  }

  /** Resolves when `work` is over; what it throws is told, and keeps nothing from following. */
  async inTurn(kind: Kind, label: StepLabel, work: () => Promise<unknown>): Promise<void> {
    if (this.waiting >= kStepsWaitingMax) {
      const max = kStepsWaitingMax.toLocaleString("en");
      const text = `${textOf(label)} is not possible: ${max} edits wait to be shown. Try again in a moment.`;
      return this.notify("warning", text);
    }
    const count = kind === "undo" ? this.redoable : this.undoable;
    this.waiting += 1;
    count.value += 1;
    const turn = this.last
      .then(() => this.room.shown())
      .then(work)
      .catch((error: unknown) => this.notify("error", `${textOf(label)} is not possible: ${sentence(error)}`))
      .then(() => {
        this.waiting -= 1;
        count.value -= 1;
      });
    this.last = turn;
    return turn;
  }
}

class StepUnderWay implements Step {
  /** The step's newest command. */
  private newest: number | undefined;
  private hasToldRefusal = false;

  constructor(
    private readonly room: Room,
    private readonly labels: UndoLabels,
    private readonly notify: Notify,
    private readonly label: StepLabel,
  ) {}

  get scene(): Scene {
    return this.room.scene;
  }

  async submit(command: Command): Promise<readonly EntityId[] | null> {
    const ids: EntityId[] = [];
    for (const piece of piecesOf(this.scene, command)) {
      const taken = await this.give(this.room.submit(piece));
      if (taken === null) return null;
      ids.push(...taken.ids);
    }
    return ids;
  }

  async create(entities: readonly NewEntity[]): Promise<readonly EntityId[] | null> {
    return (await this.give(this.room.create(entities)))?.ids ?? null;
  }

  async give(submitted: Promise<Submitted>): Promise<Submitted | null> {
    const label = textOf(this.label);
    const refused = this.newest === undefined ? `${label} is not possible` : `${label} is done only in part`;
    const taken = await takenOf(submitted, refused, this.notify);
    if (taken === null) return null;
    // Queued moves of one thing become one command, which undo takes back as one.
    if (taken.replaces !== undefined) this.labels.forget(taken.replaces);
    this.labels.did(taken.handle, label, this.newest);
    this.newest = taken.handle;
    taken.settled.catch((error: unknown) => {
      this.labels.forget(taken.handle);
      if (this.hasToldRefusal) return;
      this.hasToldRefusal = true;
      tellRefusal(label, error, this.notify);
    });
    return taken;
  }
}

/**
 * Waits for a command that is no step, as what concerns people and not the scene, and tells what became of it if that
 * is bad; null when it was not possible.
 */
export async function request(
  label: string,
  submitted: Promise<Submitted>,
  notify: Notify,
): Promise<Submitted | null> {
  const taken = await takenOf(submitted, `${label} is not possible`, notify);
  taken?.settled.catch((error: unknown) => tellRefusal(label, error, notify));
  return taken;
}

async function takenOf(submitted: Promise<Submitted>, refused: string, notify: Notify): Promise<Submitted | null> {
  try {
    return await submitted;
  } catch (error) {
    notify(error instanceof CommandError ? "warning" : "error", `${refused}: ${sentence(error)}`);
    return null;
  }
}

function tellRefusal(label: string, error: unknown, notify: Notify): void {
  // Another tab goes on with it; the banner says that there is one.
  if (error instanceof HandedOver && !error.mayBeLost) return;
  notify("error", `${label} did not go through: ${sentence(error)}`);
}

function textOf(label: StepLabel): string {
  return typeof label === "string" ? label : label();
}
