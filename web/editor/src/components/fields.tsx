import type { ComponentChildren } from "preact";
import { useId, useRef } from "preact/hooks";
import { useAsked } from "./asked.js";

/** A name and the control that it belongs to, on one line. */
export function Field({ label, children }: { label: string; children: (id: string) => ComponentChildren }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}

export function Select<Value extends string>(props: {
  id?: string;
  label?: string;
  /** Null: several things with different values. */
  value: Value | null;
  choices: readonly { readonly value: Value; readonly label: string }[];
  onChange: (value: Value) => void;
  disabled?: boolean;
}) {
  return (
    <select
      id={props.id}
      class="select"
      aria-label={props.label}
      value={props.value ?? ""}
      disabled={props.disabled}
      onChange={(event) => props.onChange(event.currentTarget.value as Value)}
    >
      {props.value === null ? (
        <option value="" disabled>
          mixed
        </option>
      ) : null}
      {props.choices.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

export function Toggle(props: {
  label: string;
  /** Null: several things with different values. */
  checked: boolean | null;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}) {
  return (
    <label class="toggle">
      <input
        type="checkbox"
        checked={props.checked === true}
        disabled={props.disabled}
        ref={(input) => {
          if (input !== null) input.indeterminate = props.checked === null;
        }}
        onChange={(event) => props.onChange(event.currentTarget.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

/** One line of text that is committed by Enter or by leaving it, and given up by Escape. */
export function TextField(props: {
  id?: string;
  label?: string;
  value: string;
  placeholder?: string;
  /** Until what it promises is over, the field shows what was asked for. */
  onCommit: (value: string) => void | Promise<void>;
  onCancel?: () => void;
  disabled?: boolean;
  autofocus?: boolean;
  maxLength?: number;
}) {
  // Others' edits draw the panels again at any time, which must not take away what is being typed.
  const typed = useRef<string | null>(null);
  const { now, ask } = useAsked(props.value);
  return (
    <input
      id={props.id}
      class="text-input"
      type="text"
      aria-label={props.label}
      value={typed.current ?? now}
      onInput={(event) => (typed.current = event.currentTarget.value)}
      disabled={props.disabled}
      placeholder={props.placeholder}
      spellcheck={false}
      autocomplete="off"
      maxLength={props.maxLength}
      ref={(input) => {
        if (input !== null && props.autofocus === true && input.dataset["seen"] === undefined) {
          input.dataset["seen"] = "";
          input.focus();
          input.select();
        }
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        const input = event.currentTarget;
        if (event.key === "Enter") input.blur();
        if (event.key === "Escape") {
          input.value = now;
          input.dataset["cancelled"] = "";
          input.blur();
        }
      }}
      onBlur={(event) => {
        const input = event.currentTarget;
        typed.current = null;
        const cancelled = input.dataset["cancelled"] !== undefined;
        delete input.dataset["cancelled"];
        if (cancelled) props.onCancel?.();
        else if (input.value !== now) ask(input.value, props.onCommit(input.value));
        else props.onCancel?.();
      }}
    />
  );
}
