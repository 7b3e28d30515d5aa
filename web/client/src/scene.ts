import { ROOT, type Entity, type EntityId, type Scene, type SceneChange } from "./types.js";

const NO_CHILDREN: readonly EntityId[] = [];

/** Who, below whom, before whom; null: at the end. */
export type Placed = readonly [EntityId, EntityId, EntityId | null];

/** A step as src/web/include/theta/web/scene_mirror.h tells it. */
export interface SceneStep {
  readonly entities: readonly RawEntity[];
  readonly placed?: readonly Placed[];
  readonly removed?: readonly EntityId[];
  /** A piece of the whole scene. */
  readonly reset?: boolean;
  readonly first?: boolean;
  readonly last?: boolean;
}

/** An entity as the core writes it: what is absent has its default. */
export interface RawEntity {
  readonly id: EntityId;
  readonly parent: EntityId;
  readonly name?: string;
  readonly position?: Entity["transform"]["position"];
  readonly rotation?: Entity["transform"]["rotation"];
  readonly scale?: Entity["transform"]["scale"];
  readonly visible?: boolean;
  readonly tags?: readonly string[];
  readonly mesh?: Entity["mesh"];
  readonly material?: Entity["material"];
  readonly light?: Entity["light"];
  readonly camera?: Entity["camera"];
  readonly application?: Entity["application"];
}

const NO_TAGS: readonly string[] = [];

function entityOf(raw: RawEntity): Entity {
  const entity: { -readonly [Key in keyof Entity]: Entity[Key] } = {
    id: raw.id,
    parent: raw.parent,
    name: raw.name ?? "",
    transform: {
      position: raw.position ?? [0, 0, 0],
      rotation: raw.rotation ?? [0, 0, 0, 1],
      scale: raw.scale ?? [1, 1, 1],
    },
    visible: raw.visible ?? true,
    tags: raw.tags ?? NO_TAGS,
  };
  if (raw.mesh !== undefined) entity.mesh = raw.mesh;
  if (raw.material !== undefined) entity.material = raw.material;
  if (raw.light !== undefined) entity.light = raw.light;
  if (raw.camera !== undefined) entity.camera = raw.camera;
  if (raw.application !== undefined) entity.application = raw.application;
  return entity;
}

/** What happened to entities since the last `take`, however many steps that were. */
class Changes {
  everything = false;
  readonly added = new Set<EntityId>();
  readonly updated = new Set<EntityId>();
  readonly removed = new Set<EntityId>();
  readonly reordered = new Set<EntityId>();

  get isEmpty(): boolean {
    return !this.everything && this.added.size + this.updated.size + this.removed.size + this.reordered.size === 0;
  }
}

/** The page's copy of a scene. */
export class MirroredScene implements Scene {
  private byId = new Map<EntityId, Entity>();
  private childrenOf = new Map<EntityId, EntityId[]>();
  private changes = new Changes();
  /** Pieces of a whole scene that is still coming; shown when it is complete. */
  private coming: { byId: Map<EntityId, Entity>; childrenOf: Map<EntityId, EntityId[]> } | undefined;

  get size(): number {
    return this.byId.size;
  }

  get(id: EntityId): Entity | undefined {
    return this.byId.get(id);
  }

  children(id: EntityId): readonly EntityId[] {
    return this.childrenOf.get(id) ?? NO_CHILDREN;
  }

  *entities(): IterableIterator<Entity> {
    // Without recursion: a scene may be deeper than the call stack allows.
    const open = [...this.children(ROOT)].reverse();
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const entity = this.byId.get(id);
      if (!entity) continue;
      yield entity;
      const below = this.childrenOf.get(id);
      if (below) for (let at = below.length - 1; at >= 0; --at) open.push(below[at]!);
    }
  }

  apply(step: SceneStep): void {
    if (step.reset) this.applyPiece(step);
    else this.applyStep(step);
  }

  /** What changed since the last call; undefined: nothing. */
  takeChange(): SceneChange | undefined {
    const changes = this.changes;
    if (changes.isEmpty) return undefined;
    this.changes = new Changes();
    if (changes.everything) return { everything: true, added: [], updated: [], removed: [], reordered: [] };
    return {
      everything: false,
      added: this.parentsFirst(changes.added),
      updated: [...changes.updated],
      removed: [...changes.removed],
      reordered: [...changes.reordered],
    };
  }

  private applyPiece(step: SceneStep): void {
    if (step.first || !this.coming) this.coming = { byId: new Map(), childrenOf: new Map() };
    const { byId, childrenOf } = this.coming;
    for (const raw of step.entities) {
      byId.set(raw.id, entityOf(raw));
      const siblings = childrenOf.get(raw.parent);
      if (siblings) siblings.push(raw.id);
      else childrenOf.set(raw.parent, [raw.id]);
    }
    if (!step.last) return;
    this.byId = byId;
    this.childrenOf = childrenOf;
    this.coming = undefined;
    this.changes = new Changes();
    this.changes.everything = true;
  }

  private applyStep(step: SceneStep): void {
    const { placed = [], removed = [] } = step;
    this.takeOut(placed, removed);
    for (const raw of step.entities) {
      const entity = entityOf(raw);
      const isNew = !this.byId.has(entity.id);
      this.byId.set(entity.id, entity);
      if (!isNew) {
        if (!this.changes.added.has(entity.id)) this.changes.updated.add(entity.id);
        continue;
      }
      // What was removed and came back since is another value of the same entity.
      if (this.changes.removed.delete(entity.id)) this.changes.updated.add(entity.id);
      else this.changes.added.add(entity.id);
    }
    for (const [id, parent, before] of placed) this.insert(id, parent, before);
  }

  /** Out of the lists of children, each list once. */
  private takeOut(placed: readonly Placed[], removed: readonly EntityId[]): void {
    const outOf = new Map<EntityId, Set<EntityId>>();
    const note = (id: EntityId): void => {
      const parent = this.byId.get(id)?.parent;
      if (parent === undefined) return;
      const ids = outOf.get(parent);
      if (ids) ids.add(id);
      else outOf.set(parent, new Set([id]));
    };
    for (const [id] of placed) note(id);
    for (const id of removed) note(id);
    for (const [parent, ids] of outOf) {
      const list = this.childrenOf.get(parent);
      if (!list) continue;
      this.childrenOf.set(parent, list.filter((id) => !ids.has(id)));
      this.changes.reordered.add(parent);
    }
    for (const id of removed) this.forget(id);
  }

  private forget(id: EntityId): void {
    if (!this.byId.delete(id)) return;
    this.childrenOf.delete(id);
    this.changes.reordered.delete(id);
    this.changes.updated.delete(id);
    if (!this.changes.added.delete(id)) this.changes.removed.add(id);
  }

  private insert(id: EntityId, parent: EntityId, before: EntityId | null): void {
    let list = this.childrenOf.get(parent);
    if (!list) this.childrenOf.set(parent, (list = []));
    // Most things are put at the end; looking from there finds it at once.
    const at = before === null ? -1 : list.lastIndexOf(before);
    if (at < 0) list.push(id);
    else list.splice(at, 0, id);
    this.changes.reordered.add(parent);
  }

  private parentsFirst(ids: ReadonlySet<EntityId>): EntityId[] {
    const ordered: EntityId[] = [];
    const done = new Set<EntityId>();
    const chain: EntityId[] = [];
    for (const id of ids) {
      let at: EntityId | undefined = id;
      while (at !== undefined && ids.has(at) && !done.has(at)) {
        chain.push(at);
        done.add(at);
        at = this.byId.get(at)?.parent;
      }
      for (let next = chain.pop(); next !== undefined; next = chain.pop()) ordered.push(next);
    }
    return ordered;
  }
}
