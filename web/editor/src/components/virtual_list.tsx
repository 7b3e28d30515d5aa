import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Rows that are drawn above and below what is visible, so that quick scrolling shows no gaps. */
const kOverscan = 8;
/** What is assumed to be visible where nothing can be measured. */
const kHeightUnknown = 600;
/** Boxes that scroll what long lists stand in. */
const kScrollers = ".tree, .tab-panel, .dialog-body";

export interface VisibleRows {
  readonly first: number;
  /** One behind the last. */
  readonly last: number;
}

/**
 * Which of `count` rows of one height can be seen, with some to spare, so that a list of any length costs the page only
 * these. `list` is as high as all rows together, and stands somewhere in a box that scrolls.
 */
export function useVisibleRows(list: RefObject<HTMLElement | null>, count: number, rowHeight: number): VisibleRows {
  const [view, setView] = useState({ top: 0, height: kHeightUnknown });
  useEffect(() => {
    const element = list.current as HTMLElement;
    const scroller = element.closest<HTMLElement>(kScrollers) ?? element;
    const read = () => {
      const top = scroller.getBoundingClientRect().top - element.getBoundingClientRect().top;
      const height = scroller.clientHeight || kHeightUnknown;
      setView((before) => (before.top === top && before.height === height ? before : { top, height }));
    };
    const observer = typeof ResizeObserver === "function" ? new ResizeObserver(read) : undefined;
    observer?.observe(scroller);
    // What stands above the list may grow, too.
    observer?.observe(element);
    scroller.addEventListener("scroll", read, { passive: true });
    read();
    return () => {
      observer?.disconnect();
      scroller.removeEventListener("scroll", read);
    };
  }, []);
  // What was scrolled to may not be there any more once the list is shorter.
  const top = Math.max(0, Math.min(view.top, count * rowHeight - view.height));
  const first = Math.max(0, Math.floor(top / rowHeight) - kOverscan);
  const last = Math.min(count, Math.ceil((top + view.height) / rowHeight) + kOverscan);
  return { first, last };
}

/** A list of rows of one height, of which only those that can be seen are in the page. */
export function VirtualList<Row>(props: {
  label: string;
  rows: readonly Row[];
  rowHeight: number;
  keyOf: (row: Row) => string | number;
  renderRow: (row: Row) => ComponentChildren;
  class?: string;
  ordered?: boolean;
  /** The last rows are near; a good moment to get more. */
  onNearEnd?: () => void;
}) {
  const { rows, rowHeight } = props;
  const list = useRef<HTMLElement>(null);
  const { first, last } = useVisibleRows(list, rows.length, rowHeight);
  useEffect(() => {
    if (last >= rows.length) props.onNearEnd?.();
  }, [last, rows.length]);
  const List = props.ordered === true ? "ol" : "ul";
  return (
    <List
      ref={list as RefObject<never>}
      class={`virtual-list ${props.class ?? ""}`}
      aria-label={props.label}
      style={{ height: `${rows.length * rowHeight}px` }}
    >
      {rows.slice(first, last).map((row, place) => (
        <li
          key={props.keyOf(row)}
          class="virtual-row"
          aria-posinset={first + place + 1}
          aria-setsize={rows.length}
          style={{ top: `${(first + place) * rowHeight}px`, height: `${rowHeight}px` }}
        >
          {props.renderRow(row)}
        </li>
      ))}
    </List>
  );
}
