import { useRef, useState } from "preact/hooks";

/**
 * What a field shows: `value`, or what was asked for last for as long as that is on its way. What is typed next is
 * compared with this, and goes on from it.
 */
export function useAsked<Value>(value: Value): {
  readonly now: Value;
  /** Shows `asked` until `done`; at once what is there where nothing is promised. */
  readonly ask: (asked: Value, done: void | Promise<void>) => void;
} {
  const asked = useRef<{ readonly value: Value } | null>(null);
  const [, drawAgain] = useState({});
  const ask = (wanted: Value, done: void | Promise<void>) => {
    if (done === undefined) return;
    const mine = { value: wanted };
    asked.current = mine;
    drawAgain({});
    void done.finally(() => {
      if (asked.current !== mine) return;
      asked.current = null;
      drawAgain({});
    });
  };
  return { now: asked.current === null ? value : asked.current.value, ask };
}
