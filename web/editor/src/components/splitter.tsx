import type { Signal } from "@preact/signals";

const kStepPixels = 16;

/** A bar that changes a panel's width by dragging, by arrow keys, and back to the default by a double click. */
export function Splitter(props: {
  label: string;
  width: Signal<number>;
  min: number;
  max: number;
  initial: number;
  /** Which side of the bar the panel is on. */
  side: "left" | "right";
}) {
  const clamp = (pixels: number) => Math.round(Math.min(props.max, Math.max(props.min, pixels)));
  const sign = props.side === "left" ? 1 : -1;
  const onPointerDown = (event: PointerEvent) => {
    const bar = event.currentTarget as HTMLElement;
    const [x, width] = [event.clientX, props.width.value];
    bar.setPointerCapture(event.pointerId);
    const move = (now: PointerEvent) => (props.width.value = clamp(width + sign * (now.clientX - x)));
    bar.addEventListener("pointermove", move);
    bar.addEventListener("lostpointercapture", () => bar.removeEventListener("pointermove", move), { once: true });
    event.preventDefault();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -kStepPixels, ArrowRight: kStepPixels }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    props.width.value = clamp(props.width.value + sign * step);
  };
  return (
    <div
      class="splitter"
      role="separator"
      aria-orientation="vertical"
      aria-label={props.label}
      tabIndex={0}
      aria-valuenow={props.width.value}
      aria-valuemin={props.min}
      aria-valuemax={props.max}
      onPointerDown={onPointerDown}
      onKeyDown={onKeyDown}
      onDblClick={() => (props.width.value = props.initial)}
    />
  );
}
