import type { Point } from "./gizmo_hit.js";

/** So far may a pointer stray and still click. */
const kClickSlackPixels = { mouse: 4, touch: 10 } as const;
const kLongPressMs = 550;

export interface Modifiers {
  readonly shift: boolean;
  readonly ctrl: boolean;
}

/** What pointers, wheels and fingers ask for. Points are CSS pixels from the canvas's top left. */
export interface PointerActions {
  /** Takes hold of a handle if there is one here; `slack` is larger for fingers. */
  beginDrag(at: Point, slack: number): boolean;
  drag(at: Point, modifiers: Modifiers): void;
  endDrag(cancelled: boolean): void;
  isDragging(): boolean;
  orbit(dx: number, dy: number): void;
  pan(dx: number, dy: number): void;
  zoom(factor: number, at: Point): void;
  click(at: Point, modifiers: Modifiers): void;
  doubleClick(at: Point): void;
  box(from: Point, to: Point): void;
  endBox(from: Point, to: Point, modifiers: Modifiers, cancelled: boolean): void;
  contextMenu(at: Point): void;
  hover(at: Point | null): void;
  /** Whether a finger draws a box instead of turning the view. */
  touchBoxes(): boolean;
}

type Mode = "idle" | "pending" | "orbit" | "pan" | "zoom" | "drag" | "box" | "fingers";

interface Held {
  at: Point;
  readonly from: Point;
}

/** Tells gestures apart: which button, which keys, how many fingers, how far. */
export class PointerInput {
  private readonly held = new Map<number, Held>();
  private mode: Mode = "idle";
  /** The pointer that began the gesture; of others only "fingers" takes notice. */
  private leader = 0;
  private button = 0;
  private strayed = false;
  private spaceHeld = false;
  private longPress: ReturnType<typeof setTimeout> | undefined;
  private readonly stop = new AbortController();

  constructor(private readonly canvas: HTMLCanvasElement, private readonly actions: PointerActions) {
    const { signal } = this.stop;
    canvas.addEventListener("pointerdown", (event) => this.down(event), { signal });
    canvas.addEventListener("pointermove", (event) => this.move(event), { signal });
    canvas.addEventListener("pointerup", (event) => this.up(event, false), { signal });
    canvas.addEventListener("pointercancel", (event) => this.up(event, true), { signal });
    canvas.addEventListener("pointerleave", () => this.mode === "idle" && actions.hover(null), { signal });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    canvas.addEventListener("contextmenu", (event) => event.preventDefault(), { signal });
    canvas.addEventListener("dblclick", (event) => actions.doubleClick(this.point(event)), { signal });
    for (const type of ["keydown", "keyup"] as const)
      window.addEventListener(type, (event) => {
        if (event.code === "Space") this.spaceHeld = type === "keydown" && document.activeElement === canvas;
      }, { signal });
  }

  dispose(): void {
    clearTimeout(this.longPress);
    this.stop.abort();
  }

  /** The gesture under way ends without effect, as by Escape. */
  cancel(): void {
    if (this.mode === "drag") this.actions.endDrag(true);
    if (this.mode === "box") this.actions.endBox({ x: 0, y: 0 }, { x: 0, y: 0 }, { shift: false, ctrl: false }, true);
    this.mode = "idle";
  }

  /** A drag that the keyboard has ended: the button that is still down means nothing any more. */
  forgetDrag(): void {
    if (this.mode === "drag") this.mode = "idle";
  }

  private down(event: PointerEvent): void {
    // A press makes the canvas the place that keys go to, but the page must not scroll or select.
    event.preventDefault();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.point(event);
    this.held.set(event.pointerId, { at, from: at });
    if (this.held.size > 1) {
      this.moreFingers();
      return;
    }
    this.leader = event.pointerId;
    this.button = event.button;
    this.strayed = false;
    this.mode = this.modeFor(event, at);
    if (event.pointerType === "touch" && this.mode === "pending")
      this.longPress = setTimeout(() => this.pressedLong(event.pointerId, at), kLongPressMs);
  }

  /**
   * Browsers deliver the moves of a finger with the next frame. Where frames take long, one that came in time may still
   * be on its way, and the finger no longer rests.
   */
  private pressedLong(pointer: number, at: Point): void {
    const held = this.held.get(pointer);
    requestAnimationFrame(() => {
      if (this.mode !== "pending" || held === undefined || this.held.get(pointer) !== held) return;
      this.mode = "idle";
      this.actions.contextMenu(at);
    });
  }

  private modeFor(event: PointerEvent, at: Point): Mode {
    if (event.button === 1 || event.button === 2)
      return event.ctrlKey ? "zoom" : event.shiftKey ? "pan" : "orbit";
    if (event.button !== 0) return "idle";
    if (this.spaceHeld) return "pan";
    if (event.altKey) return event.shiftKey ? "pan" : event.ctrlKey ? "zoom" : "orbit";
    return this.actions.beginDrag(at, event.pointerType === "touch" ? 26 : 9) ? "drag" : "pending";
  }

  private moreFingers(): void {
    clearTimeout(this.longPress);
    // A second finger does not disturb what the first one holds.
    if (this.mode === "drag") return;
    if (this.mode === "box") this.cancel();
    this.mode = "fingers";
  }

  private move(event: PointerEvent): void {
    const at = this.point(event);
    const held = this.held.get(event.pointerId);
    if (!held) {
      if (event.pointerType !== "touch") this.actions.hover(at);
      return;
    }
    const dx = at.x - held.at.x, dy = at.y - held.at.y;
    if (this.mode === "fingers") this.pinch(event.pointerId, at);
    held.at = at;
    if (event.pointerId !== this.leader) return;
    const slack = kClickSlackPixels[event.pointerType === "touch" ? "touch" : "mouse"];
    if (Math.hypot(at.x - held.from.x, at.y - held.from.y) > slack) this.stray(event);
    if (this.mode === "orbit") this.actions.orbit(dx, dy);
    else if (this.mode === "pan") this.actions.pan(dx, dy);
    else if (this.mode === "zoom") this.actions.zoom(Math.exp(dy * 0.008), held.from);
    else if (this.mode === "drag") this.actions.drag(at, modifiersOf(event));
    else if (this.mode === "box") this.actions.box(held.from, at);
  }

  private stray(event: PointerEvent): void {
    if (this.strayed) return;
    this.strayed = true;
    clearTimeout(this.longPress);
    if (this.mode !== "pending") return;
    this.mode = event.pointerType === "touch" && !this.actions.touchBoxes() ? "orbit" : "box";
  }

  /** Two fingers pan and zoom at once; three only pan. */
  private pinch(moved: number, to: Point): void {
    const before = [...this.held.values()].map(({ at }) => at);
    const after = [...this.held].map(([id, { at }]) => (id === moved ? to : at));
    const from = middle(before), now = middle(after);
    this.actions.pan(now.x - from.x, now.y - from.y);
    if (before.length !== 2) return;
    const spread = ([a, b]: readonly Point[]): number => Math.hypot(a!.x - b!.x, a!.y - b!.y);
    if (spread(before) > 1 && spread(after) > 1) this.actions.zoom(spread(before) / spread(after), now);
  }

  private up(event: PointerEvent, cancelled: boolean): void {
    clearTimeout(this.longPress);
    const held = this.held.get(event.pointerId);
    this.held.delete(event.pointerId);
    if (!held) return;
    if (this.mode === "fingers") {
      if (this.held.size === 0) this.mode = "idle";
      return;
    }
    if (event.pointerId !== this.leader) return;
    const at = this.point(event);
    const { mode } = this;
    this.mode = "idle";
    if (mode === "drag") this.actions.endDrag(cancelled);
    else if (mode === "box") this.actions.endBox(held.from, at, modifiersOf(event), cancelled);
    else if (cancelled || this.strayed) return;
    else if (mode === "pending") this.actions.click(at, modifiersOf(event));
    else if (this.button === 2) this.actions.contextMenu(at);
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const at = this.point(event);
    // Pixels, lines or pages, in that order.
    const unit = [1, 16, 400][event.deltaMode] ?? 1;
    const dx = event.deltaX * unit, dy = event.deltaY * unit;
    // Browsers tell a trackpad's pinch as a wheel with Control held.
    if (event.ctrlKey) this.actions.zoom(Math.exp(dy * 0.01), at);
    else if (isTrackpad(event)) {
      if (event.shiftKey) this.actions.pan(-dx, -dy);
      else this.actions.orbit(-dx, -dy);
    } else if (event.shiftKey) this.actions.pan(-dy, -dx);
    else this.actions.zoom(Math.exp(Math.sign(dy) * Math.min(Math.abs(dy), 200) * 0.0016), at);
  }

  private point(event: MouseEvent): Point {
    const bounds = this.canvas.getBoundingClientRect();
    return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
  }
}

type Turned = Pick<WheelEvent, "deltaMode" | "deltaX" | "deltaY"> & { readonly wheelDeltaY?: number };

/** Wheels turn in steps along one axis; fingers on a trackpad slide, also sideways and by parts of a pixel. */
export function isTrackpad(event: Turned): boolean {
  if (event.deltaMode !== 0) return false;
  // Not in any standard, but it tells a wheel's notches: 120 each.
  if (event.deltaX === 0 && event.wheelDeltaY && event.wheelDeltaY % 120 === 0) return false;
  return (event.deltaX !== 0 && event.deltaY !== 0) || Math.abs(event.deltaX) + Math.abs(event.deltaY) < 40;
}

function modifiersOf(event: PointerEvent): Modifiers {
  return { shift: event.shiftKey, ctrl: event.ctrlKey || event.metaKey };
}

function middle(points: readonly Point[]): Point {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
