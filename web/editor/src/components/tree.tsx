import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useVisibleRows } from "./virtual_list.js";

export interface TreeRow {
  readonly id: string;
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Undefined: has nothing below it. */
  readonly expanded?: boolean | undefined;
}

export type DropPlace = "before" | "inside" | "after";

export interface TreeProps {
  label: string;
  rows: readonly TreeRow[];
  rowHeight: number;
  selected: ReadonlySet<string>;
  /** The row that keys act on. */
  active: string | null;
  renderRow: (row: TreeRow) => ComponentChildren;
  onActivate: (id: string, how: { readonly extend: boolean; readonly toggle: boolean }) => void;
  onExpand: (id: string, expanded: boolean) => void;
  /** Rows were dragged onto another one; absent: nothing can be dragged. */
  onDrop?: ((dragged: string, target: string | null, place: DropPlace) => void) | undefined;
  onKey?: (event: KeyboardEvent) => void;
  onMenu?: (id: string | null, place: { left: number; top: number }) => void;
  onOpen?: (id: string) => void;
}

const kDragBeginsPixels = 5;

/**
 * The WAI-ARIA tree for long lists: only what can be seen is in the page, so the focus stays on the tree itself and
 * `aria-activedescendant` names the active row.
 */
export function Tree(props: TreeProps) {
  const { rows, rowHeight } = props;
  const id = useId();
  const root = useRef<HTMLDivElement>(null);
  const space = useRef<HTMLDivElement>(null);
  const [drop, setDrop] = useState<{ id: string | null; place: DropPlace } | null>(null);

  const activePlace = rows.findIndex((row) => row.id === props.active);
  useLayoutEffect(() => {
    if (activePlace >= 0) scrollTo(root.current as HTMLDivElement, activePlace * rowHeight, rowHeight);
  }, [props.active]);

  const { first, last } = useVisibleRows(space, rows.length, rowHeight);
  const drawn = rows.slice(first, last);
  const activeIsDrawn = activePlace >= first && activePlace < last;
  const rowAt = (event: Event) => (event.target as Element).closest<HTMLElement>("[data-row]")?.dataset["row"] ?? null;

  return (
    <div
      ref={root}
      class="tree"
      role="tree"
      aria-label={props.label}
      aria-multiselectable="true"
      tabIndex={0}
      aria-activedescendant={activeIsDrawn ? `${id}-${props.active}` : undefined}
      onKeyDown={(event) => onTreeKey(event, props, activePlace)}
      onPointerDown={(event) => beginDrag(event, props, rowAt(event), setDrop)}
      onClick={(event) => {
        const row = rowAt(event);
        if (row === null || (event.target as Element).closest("button, input") !== null) return;
        if (event.currentTarget.dataset["dragged"] !== undefined) return;
        props.onActivate(row, { extend: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
      }}
      onDblClick={(event) => {
        const row = rowAt(event);
        if (row !== null && (event.target as Element).closest("button, input") === null) props.onOpen?.(row);
      }}
      onContextMenu={(event) => {
        event.preventDefault();
        props.onMenu?.(rowAt(event), { left: event.clientX, top: event.clientY });
      }}
    >
      <div ref={space} class="tree-space" role="presentation" style={{ height: `${rows.length * rowHeight}px` }}>
        {drawn.map((row, place) => (
          <div
            key={row.id}
            id={`${id}-${row.id}`}
            class="tree-row"
            role="treeitem"
            data-row={row.id}
            aria-level={row.level}
            aria-posinset={row.position}
            aria-setsize={row.siblings}
            aria-selected={props.selected.has(row.id)}
            aria-expanded={row.expanded}
            data-active={row.id === props.active}
            data-drop={drop?.id === row.id ? drop.place : undefined}
            style={{ top: `${(first + place) * rowHeight}px`, height: `${rowHeight}px`, "--level": `${row.level - 1}` }}
          >
            {props.renderRow(row)}
          </div>
        ))}
      </div>
      {drop !== null && drop.id === null ? <div class="tree-drop-root" /> : null}
    </div>
  );
}

function scrollTo(root: HTMLElement, top: number, height: number): void {
  if (top < root.scrollTop) root.scrollTop = top;
  else if (top + height > root.scrollTop + root.clientHeight) root.scrollTop = top + height - root.clientHeight;
}

function onTreeKey(event: KeyboardEvent, props: TreeProps, activePlace: number): void {
  if ((event.target as Element).matches("input, select, textarea")) return;
  const { rows } = props;
  const row = rows[activePlace];
  const pageRows = Math.max(1, Math.floor((event.currentTarget as HTMLElement).clientHeight / props.rowHeight) - 1);
  const toPlace = (place: number) => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, place))];
    if (next !== undefined) props.onActivate(next.id, { extend: event.shiftKey, toggle: false });
  };
  if (event.ctrlKey || event.metaKey || event.altKey) return props.onKey?.(event);
  const moves: Readonly<Record<string, () => void>> = {
    ArrowDown: () => toPlace(activePlace + 1),
    ArrowUp: () => toPlace(activePlace < 0 ? rows.length - 1 : activePlace - 1),
    PageDown: () => toPlace(activePlace + pageRows),
    PageUp: () => toPlace(activePlace - pageRows),
    Home: () => toPlace(0),
    End: () => toPlace(rows.length - 1),
    ArrowRight: () => {
      if (row?.expanded === false) props.onExpand(row.id, true);
      else if (row?.expanded === true) toPlace(activePlace + 1);
    },
    ArrowLeft: () => {
      if (row?.expanded === true) props.onExpand(row.id, false);
      else if (row !== undefined)
        toPlace(rows.findLastIndex((above, at) => at < activePlace && above.level < row.level));
    },
  };
  const move = moves[event.key];
  if (move === undefined) return props.onKey?.(event);
  event.preventDefault();
  event.stopPropagation();
  move();
}

/** Dragging by mouse or pen; a finger scrolls the list, and moves things by "Move to…" instead. */
function beginDrag(
  down: PointerEvent,
  props: TreeProps,
  row: string | null,
  setDrop: (drop: { id: string | null; place: DropPlace } | null) => void,
): void {
  const onDrop = props.onDrop;
  const onControl = (down.target as Element).closest("button, input") !== null;
  if (row === null || onDrop === undefined || onControl || down.button !== 0 || down.pointerType === "touch") return;
  const root = down.currentTarget as HTMLElement;
  delete root.dataset["dragged"];
  const stop = new AbortController();
  let drop: { id: string | null; place: DropPlace } | null = null;
  const finish = () => {
    stop.abort();
    root.classList.remove("dragging");
    setDrop(null);
  };
  const options = { signal: stop.signal };
  document.addEventListener(
    "pointermove",
    (event) => {
      const far = Math.hypot(event.clientX - down.clientX, event.clientY - down.clientY) >= kDragBeginsPixels;
      if (drop === null && !far) return;
      root.classList.add("dragging");
      drop = dropAt(root, event);
      setDrop(drop);
    },
    options,
  );
  document.addEventListener(
    "pointerup",
    () => {
      const end = drop;
      finish();
      if (end === null) return;
      // The click that follows must not choose the row below the pointer.
      root.dataset["dragged"] = "";
      onDrop(row, end.id, end.place);
    },
    options,
  );
  document.addEventListener("pointercancel", finish, options);
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || drop === null) return;
      event.stopPropagation();
      finish();
    },
    { ...options, capture: true },
  );
}

function dropAt(root: HTMLElement, event: PointerEvent): { id: string | null; place: DropPlace } {
  const target = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>("[data-row]");
  if (target === undefined || target === null || !root.contains(target)) return { id: null, place: "inside" };
  const { top, height } = target.getBoundingClientRect();
  const part = (event.clientY - top) / height;
  return { id: target.dataset["row"] ?? null, place: part < 0.28 ? "before" : part > 0.72 ? "after" : "inside" };
}
