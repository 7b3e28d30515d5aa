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

  /**
   * The commands of the step that `took` is part of, in the order in which undo takes them: the newest first. Absent:
   * of the newest step.
   */
  orderOfUndo(took?: number): readonly number[] {
    return [...orderIn(this.done.value, took)].reverse();
  }
  /** The same for doing again, which begins with the oldest. */
  orderOfRedo(took?: number): readonly number[] {
    return orderIn(this.undone.value, took);
  }

  /** Of the step that a command is part of. */
  labelOf(handle: number): string | undefined {
    return [...this.done.value, ...this.undone.value].find(({ handles }) => handles.includes(handle))?.label;
  }

  /** A command, as part of the step that `after` is part of; without that, or where that is gone, a step of its own. */
  did(handle: number, label: string, after?: number): void {
    const begun = stepOf(this.done.value, after);
    const others = this.done.value.filter((step) => step !== begun);
    const handles = [...(begun?.handles ?? []), handle];
    this.done.value = [...others, { label: begun?.label ?? label, handles }].slice(-kStepsMax);
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

  /** A step that never came to be, or became part of another one. */
  forget(handle: number): void {
    this.done.value = without(this.done.value, handle);
    this.undone.value = without(this.undone.value, handle);
  }

  /**
   * These commands of a step were taken back, and make up what there is to do again. What is newer was passed over, and
   * is not offered any more; all of it, where they are no step that is known here.
   */
  undid(took: readonly number[]): string | undefined {
    return UndoLabels.move(this.done, this.undone, took);
  }

  redid(took: readonly number[]): string | undefined {
    return UndoLabels.move(this.undone, this.done, took);
  }

  clear(): void {
    this.done.value = [];
    this.undone.value = [];
  }

  private static move(
    from: { value: readonly Step[] },
    to: { value: readonly Step[] },
    took: readonly number[],
  ): string | undefined {
    const step = stepOf(from.value, took[0]);
    from.value = step === undefined ? [] : from.value.slice(0, from.value.indexOf(step));
    if (step === undefined) return undefined;
    to.value = [...to.value, { ...step, handles: step.handles.filter((handle) => took.includes(handle)) }];
    return step.label;
  }
}

function orderIn(steps: readonly Step[], took: number | undefined): readonly number[] {
  if (took === undefined) return steps.at(-1)?.handles ?? [];
  return stepOf(steps, took)?.handles ?? [took];
}

/** The one that a command is part of. */
function stepOf(steps: readonly Step[], handle: number | undefined): Step | undefined {
  return handle === undefined ? undefined : steps.find(({ handles }) => handles.includes(handle));
}

function without(steps: readonly Step[], handle: number): readonly Step[] {
  if (!steps.some(({ handles }) => handles.includes(handle))) return steps;
  const left = steps.map((step) => ({ ...step, handles: step.handles.filter((each) => each !== handle) }));
  return left.filter(({ handles }) => handles.length > 0);
}
