import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.js";

interface ButtonProps {
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  icon?: IconName;
  kind?: "plain" | "primary" | "danger" | "quiet";
  disabled?: boolean;
  type?: "button" | "submit";
  autofocus?: boolean;
}

export function Button({ children, onClick, icon, kind = "plain", disabled, type = "button", autofocus }: ButtonProps) {
  return (
    <button class={`button button-${kind}`} type={type} disabled={disabled} onClick={onClick} autoFocus={autofocus}>
      {icon === undefined ? null : <Icon name={icon} />}
      <span>{children}</span>
    </button>
  );
}

export interface IconButtonProps {
  icon: IconName;
  /** The control's name, also shown as its tooltip. */
  label: string;
  shortcut?: string | undefined;
  onClick?: (event: MouseEvent) => void;
  disabled?: boolean;
  /** Set for a button that is on or off. */
  pressed?: boolean;
  class?: string;
}

export function IconButton({ icon, label, shortcut, onClick, disabled, pressed, class: extra }: IconButtonProps) {
  return (
    <button
      class={`icon-button ${extra ?? ""}`}
      type="button"
      aria-label={label}
      aria-pressed={pressed}
      disabled={disabled}
      data-tooltip={label}
      data-shortcut={shortcut}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Of several buttons of which one is on: a radio group that arrow keys move in. */
export function Segmented<Value extends string>(props: {
  label: string;
  value: Value;
  choices: readonly {
    readonly value: Value;
    readonly label: string;
    readonly icon: IconName;
    readonly shortcut?: string;
  }[];
  onChange: (value: Value) => void;
  disabled?: boolean;
}) {
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const place = props.choices.findIndex(({ value }) => value === props.value);
    const next = props.choices[(place + step + props.choices.length) % props.choices.length];
    if (next === undefined) return;
    props.onChange(next.value);
    const group = event.currentTarget as HTMLElement;
    group.querySelectorAll("button")[props.choices.indexOf(next)]?.focus();
  };
  return (
    <div class="segmented" role="radiogroup" aria-label={props.label} onKeyDown={move}>
      {props.choices.map(({ value, label, icon, shortcut }) => (
        <button
          key={value}
          class="icon-button"
          type="button"
          role="radio"
          aria-checked={value === props.value}
          aria-label={label}
          data-tooltip={label}
          data-shortcut={shortcut}
          disabled={props.disabled}
          tabIndex={value === props.value ? 0 : -1}
          onClick={() => props.onChange(value)}
        >
          <Icon name={icon} />
        </button>
      ))}
    </div>
  );
}
