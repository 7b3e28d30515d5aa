import { useRef, useState } from "preact/hooks";
import { useAsked } from "./asked.js";
import { briefNumber, formatNumber, parseNumber, type Unit } from "./number_text.js";

export interface NumberFieldProps {
  id?: string;
  label: string;
  /** Shown inside, before the number: "X". */
  prefix?: string;
  axis?: "x" | "y" | "z";
  /** Null: several things with different values. */
  value: number | null;
  unit?: Unit;
  /** Of an arrow key, and of 8 pixels while scrubbing. Shift makes it a tenth, Ctrl ten times as much. */
  step?: number;
  min?: number;
  max?: number;
  digits?: number;
  /** So many characters fit; while nobody types here the number is cut down to them. Absent: enough for any. */
  characters?: number;
  disabled?: boolean;
  /** While scrubbing, many times; nothing lasts yet. */
  onPreview?: (value: number) => void;
  /** Once, at the end of a scrub or of typing. Until what it promises is over, the field shows what was asked for. */
  onCommit: (value: number) => void | Promise<void>;
  /** A scrub that was begun is given up. */
  onCancel?: () => void;
}

/** Set on a field whose commit was a step of the scene. */
export const kStep = "data-step";
/** Set on a field while what is typed into it was not committed: undo is the browser's then, and the editor's else. */
export const kUnfinished = "data-unfinished";
/** Decimals that a narrow field shows once somebody is in it. */
const kDigitsInFull = 6;
const kScrubBeginsPixels = 3;
const kPixelsPerStep = 8;
const kSuffix: Record<Unit, string> = { length: "m", angle: "°", none: "" };

/**
 * A number to type, to step by arrow keys, and to scrub by dragging sideways on it. Typing understands arithmetic and
 * units. A scrub is previewed and committed once.
 */
export function NumberField(props: NumberFieldProps) {
  const { value, unit = "none", step = 1, min = -Infinity, max = Infinity, digits = 3 } = props;
  const [preview, setPreview] = useState<number | null>(null);
  const [invalid, setInvalid] = useState(false);
  const [focused, setFocused] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  // Others' edits draw the panels again at any time, which must not take away what is being typed.
  const unfinished = useRef<string | null>(null);
  const setUnfinished = (typed: string | null) => {
    unfinished.current = typed;
    input.current?.toggleAttribute(kUnfinished, typed !== null);
  };
  const { now, ask } = useAsked(value);
  const clamp = (number: number) => Math.min(max, Math.max(min, number));
  const shown = preview ?? now;
  const { characters } = props;
  const full = shown === null ? "" : formatNumber(shown, characters === undefined ? digits : kDigitsInFull);
  const isBrief = characters !== undefined && !focused && shown !== null;
  const text = isBrief ? briefNumber(shown, digits, characters) : full;

  const commit = (number: number) => {
    const done = props.onCommit(number);
    // Only a step of the scene is for the editor to take back.
    if (done !== undefined) input.current?.toggleAttribute(kStep, true);
    ask(number, done);
  };
  const commitText = (typed: string) => {
    setUnfinished(null);
    if (typed === text) return setInvalid(false);
    const parsed = parseNumber(typed, unit, now ?? 0);
    setInvalid(parsed === undefined);
    if (parsed !== undefined && clamp(parsed) !== now) commit(clamp(parsed));
    else if (input.current !== null && parsed !== undefined) input.current.value = text;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // What was typed is a step already, which the editor takes back.
    if (unfinished.current === null && input.current?.hasAttribute(kStep) === true && isUndoOrRedo(event)) return;
    event.stopPropagation();
    const field = event.currentTarget as HTMLInputElement;
    if (event.key === "Enter") {
      commitText(field.value);
      field.select();
    } else if (event.key === "Escape") {
      setUnfinished(null);
      field.value = text;
      setInvalid(false);
      field.blur();
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      const typed = unfinished.current === null ? null : parseNumber(unfinished.current, unit, now ?? 0);
      const base = typed ?? now ?? 0;
      const size = step * finer(event);
      setUnfinished(null);
      commit(clamp(tidied(base + (event.key === "ArrowUp" ? size : -size))));
    }
  };
  const onPointerDown = (event: PointerEvent) => {
    const field = event.currentTarget as HTMLInputElement;
    if (props.disabled === true || event.button !== 0 || document.activeElement === field) return;
    event.preventDefault();
    scrub(field, event, {
      start: now ?? 0,
      next: (from, pixels, by) => clamp(tidied(from + (pixels / kPixelsPerStep) * step * by)),
      onMove: (moved) => {
        setPreview(moved);
        props.onPreview?.(moved);
      },
      onEnd: (end) => {
        setPreview(null);
        if (end === "click") {
          field.focus();
          field.select();
        } else if (end === "cancel") props.onCancel?.();
        else commit(end);
      },
    });
  };

  return (
    <span class={`number-field ${props.axis === undefined ? "" : `axis-${props.axis}`}`} data-invalid={invalid}>
      {props.prefix === undefined ? null : (
        <span class="number-prefix" aria-hidden="true">
          {props.prefix}
        </span>
      )}
      <input
        ref={input}
        id={props.id}
        type="text"
        inputMode="decimal"
        autocomplete="off"
        spellcheck={false}
        role="spinbutton"
        aria-label={props.label}
        aria-valuenow={shown ?? undefined}
        aria-invalid={invalid}
        aria-valuetext={shown === null ? "mixed values" : `${full}${kSuffix[unit]}`}
        title={text === full ? undefined : full}
        aria-valuemin={Number.isFinite(min) ? min : undefined}
        aria-valuemax={Number.isFinite(max) ? max : undefined}
        value={unfinished.current ?? text}
        onInput={(event) => setUnfinished(event.currentTarget.value)}
        placeholder={shown === null ? "mixed" : undefined}
        disabled={props.disabled}
        onKeyDown={onKeyDown}
        onPointerDown={onPointerDown}
        onFocus={(event) => {
          setFocused(true);
          const field = event.currentTarget;
          if (field.value === full) return;
          // At once, so that what is selected now is all of it.
          field.value = full;
          field.select();
        }}
        onBlur={(event) => {
          setFocused(false);
          commitText(event.currentTarget.value);
        }}
      />
      {kSuffix[unit] === "" ? null : (
        <span class="number-suffix" aria-hidden="true">
          {kSuffix[unit]}
        </span>
      )}
    </span>
  );
}

function isUndoOrRedo(event: KeyboardEvent): boolean {
  return (event.ctrlKey || event.metaKey) && /^[zy]$/i.test(event.key);
}

function finer(event: { shiftKey: boolean; ctrlKey: boolean }): number {
  if (event.shiftKey) return 0.1;
  return event.ctrlKey ? 10 : 1;
}

/** Steps add up to round numbers rather than to 0.30000000000000004. */
function tidied(value: number): number {
  return Number(value.toPrecision(10));
}

interface Scrub {
  readonly start: number;
  readonly next: (from: number, pixels: number, by: number) => number;
  readonly onMove: (value: number) => void;
  readonly onEnd: (end: number | "click" | "cancel") => void;
}

function scrub(field: HTMLInputElement, down: PointerEvent, { start, next, onMove, onEnd }: Scrub): void {
  let [value, x, moving] = [start, down.clientX, false];
  const stop = new AbortController();
  const finish = (end: number | "click" | "cancel") => {
    stop.abort();
    field.classList.remove("scrubbing");
    onEnd(end);
  };
  const listen = <Name extends keyof DocumentEventMap>(name: Name, listener: (event: DocumentEventMap[Name]) => void) =>
    document.addEventListener(name, listener, { signal: stop.signal, capture: true });
  listen("pointermove", (event) => {
    if (event.pointerId !== down.pointerId) return;
    if (!moving && Math.abs(event.clientX - x) < kScrubBeginsPixels) return;
    moving = true;
    field.classList.add("scrubbing");
    value = next(value, event.clientX - x, finer(event));
    x = event.clientX;
    onMove(value);
  });
  listen("pointerup", (event) => {
    if (event.pointerId === down.pointerId) finish(moving ? value : "click");
  });
  listen("pointercancel", () => finish("cancel"));
  listen("keydown", (event) => {
    if (event.key !== "Escape" || !moving) return;
    event.stopPropagation();
    finish("cancel");
  });
}
