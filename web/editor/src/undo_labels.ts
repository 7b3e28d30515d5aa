import { computed, signal, type ReadonlySignal } from "@preact/signals";

interface Step {
  readonly handle: number;
  readonly label: string;
}

/** More steps than anybody takes back by name; older ones can still be undone, as "last step". */
const kStepsMax = 256;

/**
 * What the person's own steps were called, newest last, so that undo and redo can say what they do. Only names: whether
 * a step can be taken back is the room's to decide, and steps of earlier visits have no name here.
 */
export class UndoLabels {
  private readonly done = signal<readonly Step[]>([]);
  private readonly undone = signal<readonly Step[]>([]);

  /** Undefined: unknown. */
  readonly nextUndo: ReadonlySignal<string | undefined> = computed(() => this.done.value.at(-1)?.label);
  readonly nextRedo: ReadonlySignal<string | undefined> = computed(() => this.undone.value.at(-1)?.label);

  did(handle: number, label: string): void {
    this.done.value = [...this.done.value, { handle, label }].slice(-kStepsMax);
    this.undone.value = [];
  }

  /** A step that never came to be, or became part of another one. */
  forget(handle: number): void {
    this.done.value = this.done.value.filter((step) => step.handle !== handle);
    this.undone.value = this.undone.value.filter((step) => step.handle !== handle);
  }

  undid(): string | undefined {
    return UndoLabels.move(this.done, this.undone);
  }

  redid(): string | undefined {
    return UndoLabels.move(this.undone, this.done);
  }

  clear(): void {
    this.done.value = [];
    this.undone.value = [];
  }

  private static move(from: { value: readonly Step[] }, to: { value: readonly Step[] }): string | undefined {
    const step = from.value.at(-1);
    if (step === undefined) return undefined;
    from.value = from.value.slice(0, -1);
    to.value = [...to.value, step];
    return step.label;
  }
}
