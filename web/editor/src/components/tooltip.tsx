import { useEffect, useRef } from "preact/hooks";

const kDelayMs = 450;

/**
 * Shows the `data-tooltip` of whatever is pointed at or focused by keyboard. One layer serves the whole page; it is
 * hidden from screen readers because every control carries the same text as its name.
 */
export function TooltipLayer() {
  const layer = useRef<HTMLDivElement>(null);
  useEffect(() => listen(layer.current as HTMLDivElement), []);
  return <div ref={layer} class="tooltip" aria-hidden="true" popover="manual" />;
}

function listen(layer: HTMLDivElement): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hide = () => {
    clearTimeout(timer);
    if (layer.matches(":popover-open")) layer.hidePopover();
  };
  const showSoon = (event: Event, delay: number) => {
    hide();
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tooltip]") : null;
    if (target !== null) timer = setTimeout(() => show(layer, target), delay);
  };
  const onPointer = (event: PointerEvent) => {
    if (event.pointerType === "mouse") showSoon(event, kDelayMs);
  };
  const onFocus = (event: FocusEvent) => {
    if (event.target instanceof Element && event.target.matches(":focus-visible")) showSoon(event, kDelayMs);
  };
  document.addEventListener("pointerover", onPointer);
  document.addEventListener("focusin", onFocus);
  for (const name of ["pointerdown", "keydown", "focusout", "scroll"]) document.addEventListener(name, hide, true);
  return () => {
    hide();
    document.removeEventListener("pointerover", onPointer);
    document.removeEventListener("focusin", onFocus);
    for (const name of ["pointerdown", "keydown", "focusout", "scroll"]) document.removeEventListener(name, hide, true);
  };
}

function show(layer: HTMLDivElement, target: HTMLElement): void {
  if (!target.isConnected) return;
  const shortcut = target.dataset["shortcut"];
  layer.replaceChildren(target.dataset["tooltip"] ?? "");
  if (shortcut !== undefined && shortcut !== "") {
    const keys = document.createElement("kbd");
    keys.textContent = shortcut;
    layer.append(keys);
  }
  layer.showPopover();
  const at = target.getBoundingClientRect();
  const own = layer.getBoundingClientRect();
  const left = at.left + at.width / 2 - own.width / 2;
  const below = at.bottom + 6;
  layer.style.left = `${Math.max(4, Math.min(left, innerWidth - own.width - 4))}px`;
  layer.style.top = `${below + own.height > innerHeight ? at.top - own.height - 6 : below}px`;
}
