import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icon.js";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly shortcut?: string | undefined;
  readonly disabled?: boolean;
  /** Said of it besides its label, such as why it is disabled. */
  readonly hint?: string;
  /** Set for items that are on or off. */
  readonly checked?: boolean;
  readonly danger?: boolean;
  readonly run: () => void;
}
/** A line between items. */
export type MenuEntry = MenuItem | "separator";

/** A corner of the page that a menu opens at. */
export interface MenuPlace {
  readonly left: number;
  readonly top: number;
  /** Opens above this when there is no room below `top`. */
  readonly above?: number;
}

/** The WAI-ARIA menu: arrows, Home, End, first letters, Escape. It takes the focus and gives it back. */
export function Menu(props: {
  label: string;
  entries: readonly MenuEntry[];
  place: MenuPlace;
  onClose: () => void;
  id?: string;
}) {
  const root = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const menu = root.current as HTMLDivElement;
    const before = document.activeElement as HTMLElement | null;
    menu.showPopover?.();
    placeWithin(menu, props.place);
    items(menu)[0]?.focus();
    const closeOutside = (event: Event) => {
      if (!menu.contains(event.target as Node)) props.onClose();
    };
    document.addEventListener("pointerdown", closeOutside, true);
    window.addEventListener("blur", props.onClose);
    return () => {
      document.removeEventListener("pointerdown", closeOutside, true);
      window.removeEventListener("blur", props.onClose);
      if (menu.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
    };
  }, []);
  return (
    <div
      ref={root}
      id={props.id}
      class="menu"
      role="menu"
      aria-label={props.label}
      popover="manual"
      onKeyDown={(event) => onMenuKey(event, props.onClose)}
    >
      {props.entries.map((entry, place) =>
        entry === "separator" ? (
          <div key={place} class="menu-line" role="separator" />
        ) : (
          <MenuRow key={place} item={entry} onClose={props.onClose} />
        ),
      )}
    </div>
  );
}

function MenuRow({ item, onClose }: { item: MenuItem; onClose: () => void }) {
  const choose = () => {
    if (item.disabled === true) return;
    onClose();
    item.run();
  };
  return (
    <div
      class={`menu-item ${item.danger === true ? "menu-danger" : ""}`}
      tabIndex={-1}
      role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
      aria-checked={item.checked}
      aria-disabled={item.disabled}
      aria-description={item.hint || undefined}
      data-tooltip={item.hint || undefined}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      }}
    >
      <span class="menu-icon">
        {item.checked === true ? <Icon name="check" /> : item.icon === undefined ? null : <Icon name={item.icon} />}
      </span>
      <span class="menu-label">{item.label}</span>
      {item.shortcut === undefined ? null : <kbd>{item.shortcut}</kbd>}
    </div>
  );
}

function items(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>(".menu-item")];
}

function onMenuKey(event: KeyboardEvent, onClose: () => void): void {
  const all = items(event.currentTarget as HTMLElement);
  const place = all.indexOf(document.activeElement as HTMLElement);
  event.stopPropagation();
  switch (event.key) {
    case "ArrowDown":
      all[(place + 1) % all.length]?.focus();
      break;
    case "ArrowUp":
      all[(place - 1 + all.length) % all.length]?.focus();
      break;
    case "Home":
      all[0]?.focus();
      break;
    case "End":
      all.at(-1)?.focus();
      break;
    case "Escape":
    case "Tab":
      onClose();
      break;
    default: {
      if (event.key.length !== 1) return;
      const rest = [...all.slice(place + 1), ...all.slice(0, place + 1)];
      const startsSo = (node: HTMLElement) =>
        node.querySelector(".menu-label")?.textContent?.toLowerCase().startsWith(event.key.toLowerCase());
      rest.find(startsSo)?.focus();
    }
  }
  if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
}

function placeWithin(menu: HTMLElement, place: MenuPlace): void {
  const { width, height } = menu.getBoundingClientRect();
  const left = Math.max(4, Math.min(place.left, innerWidth - width - 4));
  const fits = place.top + height <= innerHeight - 4;
  const top = fits ? place.top : Math.max(4, (place.above ?? innerHeight - 4) - height);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

/** A button that opens a menu below itself. */
export function MenuButton(props: {
  label: string;
  icon: IconName;
  entries: () => readonly MenuEntry[];
  children?: ComponentChildren;
  disabled?: boolean;
  class?: string;
}) {
  const id = useId();
  const [place, setPlace] = useState<MenuPlace | null>(null);
  const button = useRef<HTMLButtonElement>(null);
  const open = () => {
    const { left, bottom, top } = (button.current as HTMLButtonElement).getBoundingClientRect();
    setPlace(place === null ? { left, top: bottom + 3, above: top - 3 } : null);
  };
  return (
    <>
      <button
        ref={button}
        type="button"
        class={`${props.children === undefined ? "icon-button" : "button button-quiet"} ${props.class ?? ""}`}
        aria-haspopup="menu"
        aria-expanded={place !== null}
        aria-controls={place === null ? undefined : id}
        aria-label={props.children === undefined ? props.label : undefined}
        disabled={props.disabled}
        data-tooltip={place === null ? props.label : undefined}
        onPointerDown={(event) => {
          if (place !== null) event.stopPropagation();
        }}
        onClick={open}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" || place !== null) return;
          event.preventDefault();
          open();
        }}
      >
        <Icon name={props.icon} />
        {props.children === undefined ? null : (
          <>
            <span>{props.children}</span>
            <Icon name="down" />
          </>
        )}
      </button>
      {place === null ? null : (
        <Menu id={id} label={props.label} entries={props.entries()} place={place} onClose={() => setPlace(null)} />
      )}
    </>
  );
}
