import type { Ray } from "three";
import type { EntityId, Presence } from "@theta/client";
import type { Editor } from "../editor.js";
import { counted } from "../sentence.js";
import { Drag, frameOf, kDraggedMax, kDraggedShownMax } from "./drag.js";
import { Gizmo } from "./gizmo.js";
import { handleAt, type Point } from "./gizmo_hit.js";
import type { GestureFrame, GestureKind, HandleId, SnapSteps } from "./gizmo_math.js";
import type { Modifiers, PointerActions } from "./pointer_input.js";
import type { Node } from "./scene_graph.js";
import type { Viewport } from "./viewport.js";

const kGizmoPixels = { mouse: 92, touch: 116 } as const;
/** What pointers do in the view: choose, move what is chosen, move the eye. */
export class Tools implements PointerActions {
  readonly gizmo = new Gizmo();
  private drag_: Drag | null = null;
  /** Gestures that are over, whose commands are not in the scene yet. */
  private readonly settling = new Set<Drag>();
  private pointer: Point | null = null;
  private pointerStale = false;
  private target: Presence["pointer"] | undefined;
  private hovered: EntityId | null = null;
  private hoveredHandle: HandleId | null = null;
  private boxFrom: Point | null = null;
  private coarse = matchMedia("(pointer: coarse)").matches;
  private ctrlHeld = false;
  private readonly stop = new AbortController();

  constructor(private readonly view: Viewport, private readonly editor: Editor) {
    const { signal } = this.stop;
    // Before the page's shortcuts: during a gesture keys belong to it.
    window.addEventListener("keydown", (event) => this.key(event), { signal, capture: true });
    window.addEventListener("keyup", (event) => this.control(event), { signal, capture: true });
  }

  dispose(): void {
    this.stop.abort();
    this.editor.gesture.value = new Map();
    this.gizmo.dispose();
  }

  /** Whether this person moves the entity right now; then nobody else's drag is shown on it. */
  holds(id: EntityId): boolean {
    return [this.drag_, ...this.settling].some((drag) => drag?.entities.includes(id));
  }

  presence(): Pick<Presence, "pointer" | "hovered" | "dragging"> {
    const dragging = this.drag_?.dragging() ?? this.editor.dragging.peek().slice(0, kDraggedShownMax);
    return {
      ...(this.target && { pointer: this.target }),
      ...(this.hovered !== null && { hovered: this.hovered }),
      ...(dragging.length > 0 && { dragging }),
    };
  }

  /** Before a frame: what the pointer is over now, and the gizmo. */
  update(): void {
    if (this.pointerStale) this.point();
    const kind = this.kind();
    const frame = this.drag_?.shownFrame ?? this.frame();
    const shownKind = this.drag_?.kind ?? kind;
    this.gizmo.update(frame && shownKind ? {
      kind: shownKind, frame, used: this.drag_?.handle ?? this.hoveredHandle, dragging: this.drag_ !== null,
    } : null);
    this.tellGesture();
    const at = frame ? this.view.toPixels(frame.pivot) : { x: 0, y: 0 };
    this.view.overlay.showHud(this.drag_ ? this.drag_.text() : null, at);
  }

  /** What is over but not in the scene yet still counts, or numbers would jump back for a moment. */
  private tellGesture(): void {
    const { gesture } = this.editor;
    const under = [...this.settling, ...(this.drag_ ? [this.drag_] : [])];
    if (under.length === 0 && gesture.peek().size === 0) return;
    gesture.value = new Map(under.flatMap((drag) => [...drag.transforms()]));
  }

  sceneChanged(): void {
    if (this.drag_ && !this.drag_.rebase()) {
      this.drag_ = null;
      this.editor.notify("info", "What you were moving was deleted by somebody else.");
    }
    this.pointerStale = true;
  }

  /** Ends a gesture without effect. */
  cancel(): void {
    this.drag_?.release();
    this.drag_ = null;
    this.view.overlay.showBox(null);
    this.view.invalidate();
  }

  // ---- Gestures ----------------------------------------------------------------------------------------------------

  beginDrag(at: Point, slack: number): boolean {
    this.view.flush();
    const kind = this.kind();
    const frame = this.frame(slack);
    if (!kind || !frame) return false;
    const handle = handleAt(kind, frame, (point) => this.view.toPixels(point), at, slack);
    if (!handle) return false;
    const nodes = this.view.graph.topmost(this.editor.selection.peek());
    if (nodes.length > kDraggedMax) {
      const counts = `${kDraggedMax.toLocaleString("en")} objects, and ${nodes.length.toLocaleString("en")} are chosen`;
      this.editor.notify("warning", `A gesture takes at most ${counts}. Group them first, or choose fewer.`);
      return false;
    }
    for (const drag of this.settling) drag.release();
    this.settling.clear();
    this.drag_ = new Drag(this.view.graph, nodes, kind, handle, frame, this.ray(at));
    this.setHovered(null);
    this.view.invalidate();
    return true;
  }

  drag(at: Point, modifiers: Modifiers): void {
    this.pointer = at;
    this.ctrlHeld = modifiers.ctrl;
    if (!this.drag_) return;
    this.drag_.point(this.ray(at), this.steps());
    const { x, y, z } = this.drag_.shownFrame.pivot;
    this.target = { origin: this.view.rig.pose().position, target: [x, y, z] };
    this.view.invalidate();
  }

  endDrag(cancelled: boolean): void {
    const drag = this.drag_;
    this.drag_ = null;
    if (!drag) return;
    this.pointerStale = true;
    if (cancelled || !drag.command()) drag.release();
    else {
      this.settling.add(drag);
      void this.submit(drag);
    }
    this.view.invalidate();
  }

  isDragging(): boolean {
    return this.drag_ !== null;
  }

  /** The gesture stays on the screen until the scene has what it did, so nothing jumps back in between. */
  private async submit(drag: Drag): Promise<void> {
    const count = drag.entities.length;
    const name = count === 1 ? this.view.graph.get(drag.entities[0]!)?.entity.name : undefined;
    const what = name ? `“${name}”` : counted(count, "object");
    const verb = { move: "Move", rotate: "Rotate", scale: "Scale" }[drag.kind];
    const released = drag.command();
    await this.editor.perform(`${verb} ${what}`, async (step) => {
      // On top of what the steps before it made of the things that it moves, unless the view shows the past by now.
      this.view.flush();
      const command = this.editor.lookBack.peek() === null ? drag.command() : released;
      if (command) await step.submit(command);
    });
    if (this.settling.delete(drag)) drag.release();
    this.view.invalidate();
  }

  // ---- Choosing ----------------------------------------------------------------------------------------------------

  click(at: Point, modifiers: Modifiers): void {
    const id = this.view.pick(at, this.coarse ? 8 : 0)?.node.id;
    const { selection } = this.editor;
    if (id === undefined) {
      if (!modifiers.shift && !modifiers.ctrl) selection.value = [];
      return;
    }
    selection.value = chosen(selection.peek(), [id], modifiers);
  }

  doubleClick(at: Point): void {
    const hit = this.view.pick(at);
    if (hit) this.view.frame([hit.node.id]);
  }

  box(from: Point, to: Point): void {
    this.boxFrom = from;
    this.view.overlay.showBox([from, to]);
  }

  endBox(from: Point, to: Point, modifiers: Modifiers, cancelled: boolean): void {
    this.view.overlay.showBox(null);
    if (cancelled || !this.boxFrom) return;
    this.boxFrom = null;
    this.editor.selection.value = chosen(this.editor.selection.peek(), this.view.pickWithin(from, to), modifiers);
  }

  touchBoxes(): boolean {
    return this.view.boxSelect.peek();
  }

  contextMenu(at: Point): void {
    this.view.openContextMenu(at);
  }

  hover(at: Point | null): void {
    this.pointer = at;
    this.pointerStale = true;
    this.view.invalidate();
  }

  // ---- The eye -----------------------------------------------------------------------------------------------------

  orbit(dx: number, dy: number): void {
    this.view.leaveOthersEyes();
    this.view.rig.orbit(dx, dy);
    this.eyeMoved();
  }

  pan(dx: number, dy: number): void {
    this.view.leaveOthersEyes();
    this.view.rig.pan(dx, dy);
    this.eyeMoved();
  }

  zoom(factor: number, at: Point): void {
    this.view.leaveOthersEyes();
    this.view.rig.zoom(factor, this.view.toNdc(at));
    this.eyeMoved();
  }

  private eyeMoved(): void {
    this.pointerStale = true;
    this.view.invalidate();
  }

  // ---- Helpers -----------------------------------------------------------------------------------------------------

  private key(event: KeyboardEvent): void {
    this.control(event);
    if (!this.drag_) return;
    const isOurs = event.key === "Escape" || event.key === "Enter" ||
      (!event.ctrlKey && !event.metaKey && !event.altKey && this.drag_.key(event, this.steps()));
    if (!isOurs) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.key === "Escape" || event.key === "Enter") this.endDrag(event.key === "Escape");
    this.view.invalidate();
  }

  /** Control turns snapping around for as long as it is held, also while the pointer rests. */
  private control(event: KeyboardEvent): void {
    if (event.key !== "Control" && event.key !== "Meta") return;
    this.ctrlHeld = event.type === "keydown";
    if (this.drag_ && this.pointer) this.drag(this.pointer, { shift: event.shiftKey, ctrl: this.ctrlHeld });
  }

  private steps(): SnapSteps {
    const snapping = this.editor.snapping.peek();
    return { ...snapping, enabled: snapping.enabled !== this.ctrlHeld };
  }

  private kind(): GestureKind | null {
    const tool = this.editor.tool.peek();
    return tool === "select" || this.editor.readOnly.peek() !== "" ? null : tool;
  }

  private frame(slack = 0): GestureFrame | null {
    if (!this.kind()) return null;
    const { graph, rig } = this.view;
    const selection = this.editor.selection.peek();
    const nodes = graph.topmost(selection).filter(({ shown }) => shown);
    const active = nodes.find(({ id }) => id === selection.at(-1)) ?? nodes.at(-1);
    if (!active) return null;
    // Scaling happens along an entity's own axes: in others it would be skewed.
    const space = this.kind() === "scale" && nodes.length === 1 ? "local" : this.editor.space.peek();
    const pixels = this.coarse || slack > 12 ? kGizmoPixels.touch : kGizmoPixels.mouse;
    const frame = frameOf(nodes, active, space, { direction: rig.perspective.position.clone(), size: 1 });
    const viewDirection = rig.orthographic
      ? rig.perspective.position.clone().sub(rig.target) : rig.perspective.position.clone().sub(frame.pivot);
    return { ...frame, viewDirection, size: rig.worldPerPixel(frame.pivot) * pixels };
  }

  private ray(at: Point): Ray {
    return this.view.rig.ray(this.view.toNdc(at));
  }

  /** What lies under the pointer now. */
  private point(): void {
    this.pointerStale = false;
    if (this.drag_) return;
    const at = this.pointer;
    if (!at) {
      this.target = undefined;
      this.hoveredHandle = null;
      this.setHovered(null);
      return;
    }
    const kind = this.kind();
    const frame = this.frame();
    this.hoveredHandle = kind && frame ? handleAt(kind, frame, (point) => this.view.toPixels(point), at, 9) : null;
    const hit = this.view.pick(at);
    const { x, y, z } = hit?.point ?? this.view.groundAlong(this.view.toNdc(at));
    this.target = { origin: this.view.rig.pose().position, target: [x, y, z] };
    this.setHovered(this.hoveredHandle ? null : (hit?.node ?? null));
    this.view.canvas.style.cursor = this.hoveredHandle ? "grab" : hit ? "pointer" : "default";
  }

  private setHovered(node: Node | null): void {
    this.hovered = node?.id ?? null;
    this.view.setHovered(this.hovered);
  }
}

/** What is chosen after choosing `ids`: Shift adds, Control takes out what is in and adds what is not. */
export function chosen(
  before: readonly EntityId[], ids: readonly EntityId[], modifiers: Modifiers,
): readonly EntityId[] {
  if (!modifiers.shift && !modifiers.ctrl) return ids;
  const had = new Set(before);
  const kept = before.filter((id) => !ids.includes(id));
  return modifiers.ctrl ? [...kept, ...ids.filter((id) => !had.has(id))] : [...kept, ...ids];
}
