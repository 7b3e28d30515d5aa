import { Matrix4, Quaternion, Vector3 } from "three";
import { ROOT, type Entity, type EntityId, type Scene, type SceneChange, type Transform } from "@theta/client";
import type { Look } from "../editor.js";

/** An entity as the viewport keeps it: with its place in the world, and what stands over its transform for now. */
export interface Node {
  readonly id: EntityId;
  /** As the scene has it. */
  source: Entity;
  /** As it is shown: the same, but for what is tried on it. */
  entity: Entity;
  parent: Node | null;
  readonly children: Set<Node>;
  /** A transform that is shown instead of the entity's, while a drag lasts. */
  override: Transform | null;
  readonly local: Matrix4;
  readonly world: Matrix4;
  /** Whether the entity and all above it are visible. */
  shown: boolean;
}

/** What is different since the last `flush`. A node stands in at most one of `added` and `removed`. */
export interface GraphChange {
  readonly added: ReadonlySet<Node>;
  readonly removed: ReadonlySet<Node>;
  /** With another value of some component, or elsewhere in the tree. */
  readonly updated: ReadonlySet<Node>;
  /** With another world matrix or another `shown`; all of `added` too. */
  readonly moved: ReadonlySet<Node>;
}

const scratchPosition = new Vector3();
const scratchRotation = new Quaternion();
const scratchScale = new Vector3();

export function composeTransform(transform: Transform, target: Matrix4): Matrix4 {
  return target.compose(
    scratchPosition.fromArray(transform.position),
    scratchRotation.fromArray(transform.rotation),
    scratchScale.fromArray(transform.scale),
  );
}

export function decomposeTransform(matrix: Matrix4): Transform {
  matrix.decompose(scratchPosition, scratchRotation, scratchScale);
  return {
    position: scratchPosition.toArray(),
    rotation: scratchRotation.toArray() as [number, number, number, number],
    scale: scratchScale.toArray(),
  };
}

/**
 * A copy of the scene's hierarchy with world matrices. Changes are noted when they come and worked off by `flush`, so
 * that a thousand of them between two frames cost one pass over what they touched.
 */
export class SceneGraph {
  readonly nodes = new Map<EntityId, Node>();
  private readonly roots = new Set<Node>();
  private readonly overrides = new Map<EntityId, Transform>();
  private looks: ReadonlyMap<EntityId, Look> = new Map();
  private added = new Set<Node>();
  private removed = new Set<Node>();
  private updated = new Set<Node>();
  /** Nodes whose own matrix or visibility is stale, and with it that of all below them. */
  private stale = new Set<Node>();

  get dirty(): boolean {
    return this.added.size + this.removed.size + this.updated.size + this.stale.size > 0;
  }

  get(id: EntityId): Node | undefined {
    return this.nodes.get(id);
  }

  /** Forgets everything and reads the whole scene. */
  reset(scene: Scene): void {
    for (const node of [...this.nodes.values()]) this.drop(node);
    for (const entity of scene.entities()) this.put(entity);
  }

  apply(scene: Scene, change: SceneChange): void {
    if (change.everything) {
      this.reset(scene);
      return;
    }
    for (const id of change.removed) {
      const node = this.nodes.get(id);
      if (node) this.drop(node);
    }
    for (const list of [change.added, change.updated])
      for (const id of list) {
        const entity = scene.get(id);
        const node = this.nodes.get(id);
        if (entity) this.put(entity);
        else if (node) this.drop(node);
      }
  }

  /** Shows `transform` instead of the entity's own until it is called with null. Outlives updates of the entity. */
  setOverride(id: EntityId, transform: Transform | null): void {
    if (transform) this.overrides.set(id, transform);
    else if (!this.overrides.delete(id)) return;
    const node = this.nodes.get(id);
    if (!node) return;
    node.override = transform;
    this.stale.add(node);
  }

  /** Replaces what is tried on entities: components that are shown instead of their own. Outlives their updates. */
  setLooks(looks: ReadonlyMap<EntityId, Look>): void {
    const before = this.looks;
    this.looks = looks;
    for (const id of new Set([...before.keys(), ...looks.keys()])) {
      const node = this.nodes.get(id);
      if (node && before.get(id) !== looks.get(id)) this.dress(node);
    }
  }

  /** Brings all world matrices up to date and tells what changed since the last call. */
  flush(): GraphChange {
    const moved = new Set<Node>();
    // Only the topmost stale nodes are entered: a walk from there meets the others.
    for (const node of this.stale) if (!this.hasStaleAncestor(node)) this.refreshSubtree(node, moved);
    const change = { added: this.added, removed: this.removed, updated: this.updated, moved };
    this.added = new Set();
    this.removed = new Set();
    this.updated = new Set();
    this.stale = new Set();
    return change;
  }

  /** Whether `id` is `ancestor` or below it. */
  isWithin(id: EntityId, ancestor: EntityId): boolean {
    for (let node = this.nodes.get(id) ?? null; node; node = node.parent) if (node.id === ancestor) return true;
    return false;
  }

  /** Those of `ids` that are there and have no ancestor in `ids`: what a gesture moves, since the rest follows. */
  topmost(ids: readonly EntityId[]): Node[] {
    const chosen = new Set(ids);
    const result: Node[] = [];
    for (const id of chosen) {
      const node = this.nodes.get(id);
      if (!node) continue;
      let above = node.parent;
      while (above && !chosen.has(above.id)) above = above.parent;
      if (!above) result.push(node);
    }
    return result;
  }

  /** The node and all below it. */
  *subtree(node: Node): IterableIterator<Node> {
    const pending = [node];
    for (let next = pending.pop(); next; next = pending.pop()) {
      yield next;
      // One by one: a group may have more children than a call takes arguments.
      for (const child of next.children) pending.push(child);
    }
  }

  private put(entity: Entity): void {
    let node = this.nodes.get(entity.id);
    if (!node) {
      node = {
        id: entity.id, source: entity, entity: this.dressed(entity), parent: null, children: new Set(),
        override: this.overrides.get(entity.id) ?? null,
        local: new Matrix4(), world: new Matrix4(), shown: true,
      };
      this.nodes.set(entity.id, node);
      this.roots.add(node);
      this.added.add(node);
      this.stale.add(node);
    } else if (node.source !== entity) {
      const before = node.source;
      node.source = entity;
      this.dress(node);
      if (before.transform !== entity.transform || before.visible !== entity.visible) this.stale.add(node);
    }
    const parent = entity.parent === ROOT ? null : (this.nodes.get(entity.parent) ?? null);
    if (node.parent !== parent) {
      (node.parent?.children ?? this.roots).delete(node);
      (parent?.children ?? this.roots).add(node);
      node.parent = parent;
      this.stale.add(node);
    }
  }

  private dressed(entity: Entity): Entity {
    const look = this.looks.get(entity.id);
    return look ? { ...entity, ...look } : entity;
  }

  private dress(node: Node): void {
    node.entity = this.dressed(node.source);
    if (!this.added.has(node)) this.updated.add(node);
  }

  private drop(node: Node): void {
    (node.parent?.children ?? this.roots).delete(node);
    // Children of a removed entity are removed by the same change, in whatever order.
    for (const child of node.children) {
      child.parent = null;
      this.roots.add(child);
    }
    node.children.clear();
    this.nodes.delete(node.id);
    this.stale.delete(node);
    this.updated.delete(node);
    if (!this.added.delete(node)) this.removed.add(node);
  }

  private hasStaleAncestor(node: Node): boolean {
    for (let above = node.parent; above; above = above.parent) if (this.stale.has(above)) return true;
    return false;
  }

  private refreshSubtree(top: Node, moved: Set<Node>): void {
    for (const node of this.subtree(top)) {
      composeTransform(node.override ?? node.entity.transform, node.local);
      if (node.parent) node.world.multiplyMatrices(node.parent.world, node.local);
      else node.world.copy(node.local);
      node.shown = node.entity.visible && (node.parent?.shown ?? true);
      moved.add(node);
    }
  }
}
