import { Color } from "three";
import type { EntityId } from "@theta/client";
import type { Editor } from "../editor.js";
import type { Color as Rgb } from "./instance_parameters.js";
import type { SceneGraph } from "./scene_graph.js";

/** So many entities are outlined; who selects more sees the first ones. */
const kOutlinedMax = 20_000;

/**
 * What is outlined in which colour: what others have chosen, what the pointer is over, and above all what is chosen.
 */
export class Highlights {
  stale = true;
  isLight = false;
  private hovered: EntityId | null = null;
  private readonly colors = new Map<string, { rgb: Rgb; color: Color }>();
  private accent = "#ffffff";
  private shown = new Map<EntityId, Rgb>();
  private own = new Map<EntityId, Color>();

  constructor(private readonly editor: Editor, private readonly graph: SceneGraph) {}

  get hoveredId(): EntityId | null {
    return this.hovered;
  }

  setAccent(color: string): void {
    this.accent = color;
    this.isLight = new Color(color).getHSL({ h: 0, s: 0, l: 0 }).l < 0.5;
    this.stale = true;
  }

  setHovered(id: EntityId | null): boolean {
    if (id === this.hovered) return false;
    this.hovered = id;
    this.stale = true;
    return true;
  }

  /** The colour of an entity that is itself chosen, by whomever. */
  colorOf(id: EntityId): Color | undefined {
    return this.own.get(id);
  }

  /** All outlines, if they are others than last time. */
  update(): ReadonlyMap<EntityId, Rgb> | null {
    if (!this.stale) return null;
    this.stale = false;
    this.shown = new Map();
    this.own = new Map();
    const { author } = this.editor.room.status;
    for (const member of this.editor.members.peek())
      if (member.author !== author) this.add(member.selection, this.editor.colorOf(member.author).fill);
    if (this.hovered !== null) this.add([this.hovered], this.isLight ? "#6a6f78" : "#c3c9d4");
    this.add(this.editor.selection.peek(), this.accent);
    return this.shown;
  }

  private add(ids: readonly EntityId[], css: string): void {
    let known = this.colors.get(css);
    if (!known) {
      const color = new Color(css);
      this.colors.set(css, (known = { color, rgb: [color.r, color.g, color.b] }));
    }
    for (const id of ids) {
      const node = this.graph.get(id);
      if (!node) continue;
      this.own.set(id, known.color);
      for (const { id: below } of this.graph.subtree(node)) {
        if (this.shown.size >= kOutlinedMax) return;
        this.shown.set(below, known.rgb);
      }
    }
  }
}
