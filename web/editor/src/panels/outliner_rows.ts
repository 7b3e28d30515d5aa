import { ROOT, type Entity, type EntityId, type Scene } from "@theta/client";
import type { TreeRow } from "../components/tree.js";

export interface OutlinerRow extends TreeRow {
  readonly entity: Entity;
  /** False: only here because something below it was found. */
  readonly found: boolean;
}

/** The rows of a scene from the top down, without what is below collapsed entities. */
export function rowsOf(scene: Scene, collapsed: ReadonlySet<EntityId>): OutlinerRow[] {
  return rows(
    scene,
    (id) => !collapsed.has(id),
    () => true,
    undefined,
  );
}

/**
 * Only entities whose name or tags hold every word of `text`, with what is above them. Everything is expanded, so that
 * whatever was found can be seen.
 */
export function rowsFound(scene: Scene, text: string): OutlinerRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  const found = new Set<EntityId>();
  const shown = new Set<EntityId>();
  for (const entity of scene.entities()) {
    const searched = `${entity.name} ${entity.tags.join(" ")} ${kindOf(entity)}`.toLowerCase();
    if (!words.every((word) => searched.includes(word))) continue;
    found.add(entity.id);
    for (let id = entity.id; id !== ROOT && !shown.has(id); id = scene.get(id)?.parent ?? ROOT) shown.add(id);
  }
  return rows(
    scene,
    () => true,
    (id) => found.has(id),
    shown,
  );
}

/** What a person would call it when it has no name. */
export function kindOf(entity: Entity): "Light" | "Camera" | "Mesh" | "Empty" {
  if (entity.light !== undefined) return "Light";
  if (entity.camera !== undefined) return "Camera";
  return entity.mesh !== undefined ? "Mesh" : "Empty";
}

export function displayName(entity: Entity): string {
  return entity.name === "" ? kindOf(entity) : entity.name;
}

function rows(
  scene: Scene,
  isExpanded: (id: EntityId) => boolean,
  isFound: (id: EntityId) => boolean,
  shown: ReadonlySet<EntityId> | undefined,
): OutlinerRow[] {
  const result: OutlinerRow[] = [];
  const visible = (id: EntityId) =>
    shown === undefined ? scene.children(id) : scene.children(id).filter((child) => shown.has(child));
  // A stack of its own rather than recursion: scenes may be deeper than a script's stack.
  const pending: { readonly ids: readonly EntityId[]; place: number }[] = [{ ids: visible(ROOT), place: 0 }];
  for (let level = pending.at(-1); level !== undefined; level = pending.at(-1)) {
    const id = level.ids[level.place++];
    if (id === undefined) {
      pending.pop();
      continue;
    }
    const entity = scene.get(id);
    if (entity === undefined) continue;
    const children = visible(id);
    const expanded = children.length === 0 ? undefined : isExpanded(id);
    result.push({
      id,
      entity,
      level: pending.length,
      position: level.place,
      siblings: level.ids.length,
      expanded,
      found: isFound(id),
    });
    if (expanded === true) pending.push({ ids: children, place: 0 });
  }
  return result;
}

/** What is chosen after a click or key on `id`: alone, added or taken away, or the run from `anchor`. */
export function nextSelection(
  rows: readonly TreeRow[],
  selection: readonly EntityId[],
  anchor: EntityId | null,
  id: EntityId,
  how: { readonly extend: boolean; readonly toggle: boolean },
): readonly EntityId[] {
  if (how.toggle) return selection.includes(id) ? selection.filter((each) => each !== id) : [...selection, id];
  const from = rows.findIndex((row) => row.id === anchor);
  const to = rows.findIndex((row) => row.id === id);
  if (!how.extend || from < 0 || to < 0) return [id];
  const run = rows.slice(Math.min(from, to), Math.max(from, to) + 1).map((row) => row.id);
  return [...run.filter((each) => each !== id), id];
}
