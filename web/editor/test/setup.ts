import { cleanup } from "@testing-library/preact";
import { afterEach } from "vitest";

afterEach(() => {
  cleanup();
  globalThis.localStorage?.clear();
});

// jsdom lacks these handlers' names, by which Preact tells how an event is spelled.
const element = globalThis.HTMLElement?.prototype as unknown as Record<string, unknown> | undefined;
for (const name of ["onpointerdown", "onpointermove", "onpointerup"]) {
  if (element !== undefined && !(name in element)) element[name] = null;
}

// Nor has its window pointer events: mouse events with the pointer's fields are all that the components read.
const view = globalThis.document?.defaultView as (Window & typeof globalThis) | null | undefined;
if (view !== null && view !== undefined && view.PointerEvent === undefined) {
  const { MouseEvent: Base } = view;
  class PointerEventOfTests extends Base {
    readonly pointerId: number;
    readonly pointerType: string;
    constructor(type: string, init: PointerEventInit = {}) {
      super(type, init);
      this.pointerId = init.pointerId ?? 0;
      this.pointerType = init.pointerType ?? "mouse";
    }
  }
  Object.assign(view, { PointerEvent: PointerEventOfTests });
}

// jsdom knows neither modal dialogs nor popovers; what matters here is whether they are open.
const dialog = globalThis.HTMLDialogElement?.prototype;
if (dialog !== undefined && dialog.showModal === undefined) {
  dialog.showModal = function showModal(this: HTMLDialogElement) {
    this.setAttribute("open", "");
  };
  dialog.close = function close(this: HTMLDialogElement) {
    this.removeAttribute("open");
  };
}
