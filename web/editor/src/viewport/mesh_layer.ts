import { Box3, Group, type Matrix4 } from "three";
import type { AssetId, EntityId, Material } from "@theta/client";
import { BatchGroup, InstanceGroup, type DrawGroup, type MaterialOf, type Placement } from "./draw_group.js";
import type { DrawGeometry, GeometryCache } from "./geometry_cache.js";
import type { Color } from "./instance_parameters.js";
import type { GraphChange, Node } from "./scene_graph.js";
import { kDefaultMaterial, makeSurfaceMaterial, surfaceClassOf } from "./surface.js";
import type { TextureCache } from "./texture_cache.js";

/** So many entities with one mesh and surface get a draw call of their own. */
const kInstancesForOwnCall = 4;
/** A mesh of so many vertices is worth its own draw call, and too large to be copied when a batch grows. */
const kVerticesForOwnCall = 1 << 15;
/** Instances that are drawn blended can't be put in order; batches can. */
const isSorted = (material: Material): boolean => material.alpha_mode === "blend";

/** Draws every shown entity that has a mesh, in few calls, and keeps up with changes one by one. */
export class MeshLayer {
  readonly object = new Group();
  /** How strong the studio's light is that falls on everything. */
  readonly studio = { value: 1 };
  private readonly placements = new Map<Node, Placement>();
  private readonly groups = new Map<string, DrawGroup>();
  private readonly keys = new Map<DrawGroup, string>();
  private readonly texturesOf = new Map<DrawGroup, readonly AssetId[]>();
  /** Nodes of batches, by what would be the key of a draw call of their own. */
  private readonly batched = new Map<string, Set<Node>>();
  private readonly waiting = new Map<AssetId, Set<Node>>();
  private readonly waitsFor = new Map<Node, AssetId>();
  private readonly highlights = new Map<EntityId, Color>();

  constructor(private readonly geometries: GeometryCache, private readonly textures: TextureCache) {
    this.object.matrixAutoUpdate = false;
  }

  apply(change: GraphChange): void {
    for (const node of change.removed) this.unplace(node);
    for (const node of change.updated) this.place(node);
    for (const node of change.moved) {
      const placement = this.placements.get(node);
      if (placement && node.shown && isMirrored(node.world) === this.isInMirrored(placement))
        placement.group.setMatrix(placement, node.world);
      else this.place(node);
    }
  }

  /** A mesh has arrived: shows those that waited for it. */
  loaded(geometry: DrawGeometry): void {
    const nodes = this.waiting.get(geometry.asset);
    for (const node of [...(nodes ?? [])]) this.place(node);
  }

  /** Replaces all highlights: what has one is outlined in that colour. */
  setHighlights(colors: ReadonlyMap<EntityId, Color>, nodeOf: (id: EntityId) => Node | undefined): void {
    const set = (id: EntityId, color: Color | null): void => {
      const node = nodeOf(id);
      const placement = node && this.placements.get(node);
      if (placement) placement.group.setHighlight(placement, color);
    };
    for (const id of this.highlights.keys()) if (!colors.has(id)) set(id, null);
    for (const [id, color] of colors) if (this.highlights.get(id) !== color) set(id, color);
    this.highlights.clear();
    for (const [id, color] of colors) this.highlights.set(id, color);
  }

  get anyHighlighted(): boolean {
    for (const group of this.groups.values()) if (group.highlighted > 0) return true;
    return false;
  }

  /** Runs `draw` while only what is highlighted is drawn, in flat colours. */
  withMask(draw: () => void): void {
    for (const group of this.groups.values()) {
      group.object.visible = group.highlighted > 0;
      if (group.object.visible) group.beginMask();
    }
    try {
      draw();
    } finally {
      for (const group of this.groups.values()) {
        group.endMask();
        group.object.visible = true;
      }
    }
  }

  geometryOf(node: Node): DrawGeometry | undefined {
    return this.placements.get(node)?.geometry;
  }

  /** All that is drawn, for picking. */
  drawn(): IterableIterator<[Node, Placement]> {
    return this.placements.entries();
  }

  /** The box of a node's own mesh in the world; false when it draws none. */
  worldBox(node: Node, target: Box3): boolean {
    const geometry = this.geometryOf(node);
    if (!geometry) return false;
    target.copy(geometry.box).applyMatrix4(node.world);
    return true;
  }

  get drawnCount(): number {
    return this.placements.size;
  }

  /** Entities that wait for their meshes. */
  get missingCount(): number {
    return this.waitsFor.size;
  }

  get groupCount(): number {
    return this.groups.size;
  }

  /** What cannot be drawn yet, since its mesh is not here. */
  waitingNodes(): IterableIterator<Node> {
    return this.waitsFor.keys();
  }

  usedMeshes(): Set<AssetId> {
    const used = new Set<AssetId>(this.waiting.keys());
    for (const placement of this.placements.values()) used.add(placement.geometry.asset);
    return used;
  }

  usedTextures(): Set<AssetId> {
    return new Set([...this.texturesOf.values()].flat());
  }

  clear(): void {
    for (const node of [...this.placements.keys()]) this.unplace(node);
    this.waiting.clear();
    this.waitsFor.clear();
  }

  dispose(): void {
    this.clear();
  }

  private isInMirrored(placement: Placement): boolean {
    return this.keys.get(placement.group)!.endsWith("-");
  }

  /** Puts the node where it belongs now, or nowhere. */
  private place(node: Node): void {
    const mesh = node.entity.mesh;
    if (mesh === undefined || !node.shown) {
      this.unplace(node);
      return;
    }
    const geometry = this.geometries.request(mesh);
    if (!geometry) {
      this.wait(node, mesh);
      return;
    }
    const material = node.entity.material ?? kDefaultMaterial;
    this.stopWaiting(node);
    const keys = keysOf(geometry, material, isMirrored(node.world));
    const present = this.placements.get(node);
    const presentKey = present && this.keys.get(present.group);
    if (!present || present.geometry !== geometry || (presentKey !== keys.own && presentKey !== keys.batch)) {
      this.unplace(node);
      this.insert(node, geometry, material, keys);
    } else {
      present.group.setMaterial(present, material);
      present.group.setMatrix(present, node.world);
    }
  }

  private insert(node: Node, geometry: DrawGeometry, material: Material, keys: Keys): void {
    const own = this.groups.get(keys.own);
    const inBatch = this.batched.get(keys.own);
    const wantsOwn = !isSorted(material) &&
      (geometry.vertices >= kVerticesForOwnCall || (inBatch?.size ?? 0) + 1 >= kInstancesForOwnCall);
    if (own || wantsOwn) {
      const group = own ?? this.makeGroup(keys.own,
        (materialOf) => new InstanceGroup(geometry, materialOf, keys.mirrored), geometry, material);
      this.enter(node, group, geometry, material);
      if (inBatch) this.leaveBatch(keys.own, inBatch, geometry);
      return;
    }
    const batch = this.groups.get(keys.batch) ?? this.makeGroup(keys.batch,
      (materialOf) => new BatchGroup(materialOf, keys.mirrored, isSorted(material)), geometry, material);
    this.enter(node, batch, geometry, material);
    if (inBatch) inBatch.add(node);
    else this.batched.set(keys.own, new Set([node]));
  }

  /** There are enough of them now: the others follow into the draw call of their own. */
  private leaveBatch(ownKey: string, nodes: Set<Node>, geometry: DrawGeometry): void {
    this.batched.delete(ownKey);
    for (const node of nodes) {
      this.leave(this.placements.get(node)!);
      this.enter(node, this.groups.get(ownKey)!, geometry, node.entity.material ?? kDefaultMaterial);
    }
  }

  private enter(node: Node, group: DrawGroup, geometry: DrawGeometry, material: Material): void {
    const placement = group.add(geometry);
    this.placements.set(node, placement);
    group.setMaterial(placement, material);
    group.setMatrix(placement, node.world);
    group.setHighlight(placement, this.highlights.get(node.id) ?? null);
  }

  private leave(placement: Placement): void {
    const { group } = placement;
    group.remove(placement);
    if (group.size > 0) return;
    this.groups.delete(this.keys.get(group)!);
    this.keys.delete(group);
    this.texturesOf.delete(group);
    this.object.remove(group.object);
    group.dispose();
  }

  private unplace(node: Node): void {
    this.stopWaiting(node);
    const placement = this.placements.get(node);
    if (!placement) return;
    this.placements.delete(node);
    // The key of a batch is the tail of the keys that its members' own calls would have.
    const ownKey = placement.geometry.asset + this.keys.get(placement.group)!;
    const nodes = this.batched.get(ownKey);
    if (nodes?.delete(node) && nodes.size === 0) this.batched.delete(ownKey);
    this.leave(placement);
  }

  private wait(node: Node, mesh: AssetId): void {
    this.unplace(node);
    this.waitsFor.set(node, mesh);
    let nodes = this.waiting.get(mesh);
    if (!nodes) this.waiting.set(mesh, (nodes = new Set()));
    nodes.add(node);
  }

  private stopWaiting(node: Node): void {
    const mesh = this.waitsFor.get(node);
    if (mesh === undefined) return;
    this.waitsFor.delete(node);
    const nodes = this.waiting.get(mesh);
    if (nodes?.delete(node) && nodes.size === 0) this.waiting.delete(mesh);
  }

  private makeGroup(
    key: string, make: (materialOf: MaterialOf) => DrawGroup, geometry: DrawGeometry, material: Material,
  ): DrawGroup {
    const surface = surfaceClassOf(material);
    const group = make((parameters) => makeSurfaceMaterial({
      surface, parameters, studio: this.studio, vertexColors: geometry.hasColors, tangents: geometry.hasTangents,
      textures: this.textures,
    }));
    this.groups.set(key, group);
    this.keys.set(group, key);
    this.texturesOf.set(group, surface.textures.flatMap((texture) => texture ?? []));
    this.object.add(group.object);
    return group;
  }
}

interface Keys {
  /** Of the draw call for this mesh alone. */
  readonly own: string;
  /** Of the draw call that it shares with other meshes. */
  readonly batch: string;
  readonly mirrored: boolean;
}

function keysOf(geometry: DrawGeometry, material: Material, mirrored: boolean): Keys {
  const batch = `/${geometry.layout}/${surfaceClassOf(material).key}/${mirrored ? "-" : "+"}`;
  return { own: geometry.asset + batch, batch, mirrored };
}

function isMirrored(matrix: Matrix4): boolean {
  return matrix.determinant() < 0;
}
