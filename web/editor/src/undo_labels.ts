import { computed, signal, type ReadonlySignal } from "@preact/signals";

interface Step {
  readonly label: string;
  /** The commands that make up the step, oldest first. */
  readonly handles: readonly number[];
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

  /** How many commands of its step are to be taken back after `took`, the newest of those that can be. */
  moreToUndo(took?: number): number {
    const handles = stepOf(this.done.value, took)?.handles ?? [];
    return Math.max(0, took === undefined ? handles.length - 1 : handles.indexOf(took));
  }
  /** The same for doing again, which begins with the oldest. */
  moreToRedo(took?: number): number {
    const handles = stepOf(this.undone.value, took)?.handles ?? [];
    return Math.max(0, handles.length - 1 - (took === undefined ? 0 : handles.indexOf(took)));
  }

  /** Of the step that a command is part of. */
  labelOf(handle: number): string | undefined {
    return [...this.done.value, ...this.undone.value].find(({ handles }) => handles.includes(handle))?.label;
  }

  did(handle: number, label: string): void {
    this.done.value = [...this.done.value, { label, handles: [handle] }].slice(-kStepsMax);
    this.undone.value = [];
  }

  /**
   * A step whose commands were given while others may have been: it stands where its last command does, since that is
   * the order in which they are taken back.
   */
  didAll(handles: readonly number[], label: string): void {
    const last = handles.at(-1);
    if (last === undefined) return;
    const later = this.done.value.findIndex((step) => (step.handles.at(-1) ?? 0) > last);
    const place = later < 0 ? this.done.value.length : later;
    const steps = [...this.done.value];
    steps.splice(place, 0, { label, handles });
    this.done.value = steps.slice(-kStepsMax);
    this.undone.value = [];
  }

  /** One more command of the newest step: to group is to make a parent and to move things below it. */
  alsoDid(handle: number): void {
    const step = this.done.value.at(-1);
    if (step === undefined) return;
    this.done.value = [...this.done.value.slice(0, -1), { ...step, handles: [...step.handles, handle] }];
  }

  /** A step that never came to be, or became part of another one. */
  forget(handle: number): void {
    this.done.value = without(this.done.value, handle);
    this.undone.value = without(this.undone.value, handle);
  }

  /** Newer steps than that of `took` were passed over, and are not offered any more. */
  undid(took?: number): string | undefined {
    return UndoLabels.move(this.done, this.undone, took);
  }

  redid(took?: number): string | undefined {
    return UndoLabels.move(this.undone, this.done, took);
  }

  clear(): void {
    this.done.value = [];
    this.undone.value = [];
  }

  private static move(
    from: { value: readonly Step[] },
    to: { value: readonly Step[] },
    took: number | undefined,
  ): string | undefined {
    const step = stepOf(from.value, took);
    if (step === undefined) return undefined;
    from.value = from.value.slice(0, from.value.indexOf(step));
    to.value = [...to.value, step];
    return step.label;
  }
}

/** The one that a command is part of; the newest where that is not known. */
function stepOf(steps: readonly Step[], handle: number | undefined): Step | undefined {
  return handle === undefined ? steps.at(-1) : steps.find(({ handles }) => handles.includes(handle));
}

function without(steps: readonly Step[], handle: number): readonly Step[] {
  if (!steps.some(({ handles }) => handles.includes(handle))) return steps;
  const left = steps.map((step) => ({ ...step, handles: step.handles.filter((each) => each !== handle) }));
  return left.filter(({ handles }) => handles.length > 0);
}
