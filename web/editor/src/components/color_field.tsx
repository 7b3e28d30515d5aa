import type { Vec3 } from "@theta/client";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { useAsked } from "./asked.js";
import { TextField } from "./fields.js";

/** A linear colour, each part from 0 to 1, as a person sees and types it: sRGB as `#rrggbb`. */
export function linearToHex(color: Vec3): string {
  return `#${color.map((part) => encode(part).toString(16).padStart(2, "0")).join("")}`;
}

/** Undefined for what is no colour. Takes `#rgb` and `#rrggbb`, with or without the sign. */
export function hexToLinear(text: string): Vec3 | undefined {
  const match = /^\s*#?([0-9a-f]{3}|[0-9a-f]{6})\s*$/i.exec(text);
  if (match === null) return undefined;
  const digits = match[1] as string;
  const long = digits.length === 6 ? digits : [...digits].map((digit) => digit + digit).join("");
  return [0, 2, 4].map((at) => decode(Number.parseInt(long.slice(at, at + 2), 16))) as unknown as Vec3;
}

function encode(linear: number): number {
  const part = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (part <= 0.0031308 ? 12.92 * part : 1.055 * part ** (1 / 2.4) - 0.055));
}

function decode(byte: number): number {
  const part = byte / 255;
  return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
}

/**
 * A swatch with the browser's colour picker behind it, and the colour's digits beside it. What the picker passes on its
 * way is previewed; what it is left with is committed once.
 */
export function ColorField(props: {
  id?: string;
  label: string;
  /** Linear; null: several things with different values. */
  value: Vec3 | null;
  /** Until what it promises is over, the field shows what was asked for. */
  onCommit: (value: Vec3) => void | Promise<void>;
  /** Many times; nothing lasts yet. */
  onPreview?: (value: Vec3) => void;
  /** A preview that was begun is given up. */
  onCancel?: () => void;
  disabled?: boolean;
}) {
  const { now: hex, ask } = useAsked(props.value === null ? "" : linearToHex(props.value));
  const [preview, setPreview] = useState<string | null>(null);
  const commit = (text: string) => {
    const color = hexToLinear(text);
    setPreview(null);
    if (color !== undefined && linearToHex(color) !== hex) ask(linearToHex(color), props.onCommit(color));
    else props.onCancel?.();
  };
  const tryOut = (text: string) => {
    const color = hexToLinear(text);
    if (color === undefined) return;
    setPreview(text);
    props.onPreview?.(color);
  };
  const giveUp = () => {
    if (preview === null) return;
    setPreview(null);
    props.onCancel?.();
  };
  // The panel may show something else before the picker is left.
  const cancel = useRef(props.onCancel);
  cancel.current = props.onCancel;
  useLayoutEffect(() => () => cancel.current?.(), []);
  return (
    <span class="color-field">
      <input
        ref={(input) => listenForChange(input, commit)}
        id={props.id}
        class="color-swatch"
        type="color"
        aria-label={`${props.label}, picker`}
        disabled={props.disabled}
        value={preview ?? (hex === "" ? "#808080" : hex)}
        onInput={(event) => tryOut(event.currentTarget.value)}
        onBlur={giveUp}
      />
      <TextField
        label={`${props.label}, hexadecimal`}
        value={preview ?? hex}
        placeholder="mixed"
        onCommit={commit}
        disabled={props.disabled ?? false}
        maxLength={7}
      />
    </span>
  );
}

/** `change` comes once, when the picker is left; Preact would give every `input` on the way. */
function listenForChange(input: HTMLInputElement | null, commit: (text: string) => void): void {
  if (input !== null) input.onchange = () => commit(input.value);
}
