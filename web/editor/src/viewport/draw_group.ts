import {
  BatchedMesh, DynamicDrawUsage, InstancedBufferAttribute, InstancedMesh, Matrix4, Mesh, type BufferGeometry,
  type Material as ThreeMaterial, type ShaderMaterial,
} from "three";
import type { Material } from "@theta/client";
import { InstanceParameters, type Color } from "./instance_parameters.js";
import { makeMaskMaterial } from "./surface.js";
import type { DrawGeometry } from "./geometry_cache.js";

/** Where a node is drawn. The slot changes when others leave the group. */
export interface Placement {
  readonly group: DrawGroup;
  slot: number;
  readonly geometry: DrawGeometry;
}

/**
 * Entities that are drawn by one call. A mirrored group holds those whose matrix turns the winding around: the mirror
 * is put into the group's own matrix, where three looks for it.
 */
export interface DrawGroup {
  readonly object: Mesh;
  readonly size: number;
  readonly highlighted: number;
  add(geometry: DrawGeometry): Placement;
  remove(placement: Placement): void;
  setMatrix(placement: Placement, world: Matrix4): void;
  setMaterial(placement: Placement, material: Material): void;
  setHighlight(placement: Placement, color: Color | null): void;
  /** Between the two calls the group draws its highlighted members in flat colours. */
  beginMask(): void;
  endMask(): void;
  dispose(): void;
}

export type MaterialOf = (parameters: InstanceParameters["uniform"]) => ThreeMaterial;

const kMirror = new Matrix4().makeScale(-1, 1, 1);
const scratchMatrix = new Matrix4();

abstract class GroupBase {
  protected readonly parameters: InstanceParameters;
  private mask: ShaderMaterial | null = null;
  private drawn: ThreeMaterial | null = null;
  abstract readonly object: Mesh;

  constructor(capacity: number, private readonly mirrored: boolean) {
    this.parameters = new InstanceParameters(capacity);
  }

  get highlighted(): number {
    return this.parameters.highlighted;
  }

  setMaterial(placement: Placement, material: Material): void {
    this.parameters.setMaterial(placement.slot, material);
  }

  setHighlight(placement: Placement, color: Color | null): void {
    this.parameters.setHighlight(placement.slot, color);
  }

  beginMask(): void {
    this.drawn = this.object.material as ThreeMaterial;
    this.mask ??= makeMaskMaterial(this.parameters.uniform);
    this.object.material = this.mask;
  }

  endMask(): void {
    if (this.drawn) this.object.material = this.drawn;
    this.drawn = null;
  }

  protected placeObject(): void {
    this.object.matrixAutoUpdate = false;
    if (this.mirrored) this.object.matrix.copy(kMirror);
    this.object.matrixWorld.copy(this.object.matrix);
    this.object.matrixWorldAutoUpdate = false;
  }

  protected inGroup(world: Matrix4): Matrix4 {
    return this.mirrored ? scratchMatrix.multiplyMatrices(kMirror, world) : world;
  }

  protected disposeBase(): void {
    (this.object.material as ThreeMaterial).dispose();
    this.mask?.dispose();
    this.parameters.dispose();
  }
}

/** Ranges of matrices that are sent one by one; beyond, all are sent at once. */
const kUpdateRangesMax = 32;

/** What a group has room for at first; it doubles when that is full. */
const kInstancesAtFirst = 64;
const kVerticesAtFirst = 1 << 14;
const kIndicesAtFirst = 1 << 15;

/** Many entities with one mesh. */
export class InstanceGroup extends GroupBase implements DrawGroup {
  readonly object: InstancedMesh;
  private readonly placements: Placement[] = [];

  constructor(private readonly geometry: DrawGeometry, materialOf: MaterialOf, mirrored: boolean) {
    super(kInstancesAtFirst, mirrored);
    this.object = new InstancedMesh(geometry.buffer, materialOf(this.parameters.uniform), kInstancesAtFirst);
    this.object.instanceMatrix.setUsage(DynamicDrawUsage);
    this.object.count = 0;
    this.placeObject();
  }

  get size(): number {
    return this.placements.length;
  }

  add(): Placement {
    const slot = this.placements.length;
    if (slot === this.object.instanceMatrix.count) this.grow(slot * 2);
    const placement = { group: this, slot, geometry: this.geometry };
    this.placements.push(placement);
    this.object.count = slot + 1;
    this.object.boundingSphere = null;
    return placement;
  }

  remove(placement: Placement): void {
    this.parameters.setHighlight(placement.slot, null);
    const last = this.placements.pop()!;
    if (last !== placement) {
      const matrices = this.object.instanceMatrix;
      matrices.array.copyWithin(placement.slot * 16, last.slot * 16, (last.slot + 1) * 16);
      this.sendMatrix(placement.slot);
      this.parameters.move(last.slot, placement.slot);
      last.slot = placement.slot;
      this.placements[last.slot] = last;
    }
    this.object.count = this.placements.length;
    this.object.boundingSphere = null;
  }

  setMatrix(placement: Placement, world: Matrix4): void {
    this.object.setMatrixAt(placement.slot, this.inGroup(world));
    this.sendMatrix(placement.slot);
    this.object.boundingSphere = null;
  }

  dispose(): void {
    this.disposeBase();
    this.object.dispose();
  }

  private sendMatrix(slot: number): void {
    const matrices = this.object.instanceMatrix;
    if (matrices.updateRanges.length < kUpdateRangesMax) matrices.addUpdateRange(slot * 16, 16);
    else if (matrices.updateRanges.length === kUpdateRangesMax) {
      matrices.clearUpdateRanges();
      matrices.addUpdateRange(0, matrices.array.length);
    }
    matrices.needsUpdate = true;
  }

  private grow(capacity: number): void {
    const before = this.object.instanceMatrix;
    const matrices = new InstancedBufferAttribute(new Float32Array(capacity * 16), 16);
    (matrices.array as Float32Array).set(before.array);
    matrices.setUsage(DynamicDrawUsage);
    // The old buffer goes with the event; the object itself stays, since its material and place do.
    this.object.dispose();
    this.object.instanceMatrix = matrices;
    this.parameters.grow(capacity);
  }
}

/** Many entities with different meshes of the same attributes, each drawn a few times only. */
export class BatchGroup extends GroupBase implements DrawGroup {
  readonly object: BatchedMesh;
  private count = 0;
  private instances = kInstancesAtFirst;
  private vertices = kVerticesAtFirst;
  private indices = kIndicesAtFirst;
  private usedVertices = 0;
  private usedIndices = 0;
  private readonly geometries = new Map<DrawGeometry, { readonly id: number; uses: number }>();

  constructor(materialOf: MaterialOf, mirrored: boolean, sorted: boolean) {
    super(kInstancesAtFirst, mirrored);
    this.object = new BatchedMesh(this.instances, this.vertices, this.indices, materialOf(this.parameters.uniform));
    // Opaque things need no order among themselves, and sorting ten thousand of them would cost a millisecond.
    this.object.sortObjects = sorted;
    this.placeObject();
    // It culls its members one by one.
    this.object.frustumCulled = false;
  }

  get size(): number {
    return this.count;
  }

  add(geometry: DrawGeometry): Placement {
    if (this.count === this.instances) {
      this.instances *= 2;
      this.object.setInstanceCount(this.instances);
      this.parameters.grow(this.instances);
    }
    const entry = this.geometries.get(geometry) ?? this.addGeometry(geometry);
    entry.uses += 1;
    this.count += 1;
    return { group: this, slot: this.object.addInstance(entry.id), geometry };
  }

  remove(placement: Placement): void {
    this.parameters.setHighlight(placement.slot, null);
    this.object.deleteInstance(placement.slot);
    this.count -= 1;
    const entry = this.geometries.get(placement.geometry)!;
    entry.uses -= 1;
    if (entry.uses > 0) return;
    this.object.deleteGeometry(entry.id);
    this.geometries.delete(placement.geometry);
  }

  setMatrix(placement: Placement, world: Matrix4): void {
    this.object.setMatrixAt(placement.slot, this.inGroup(world));
  }

  dispose(): void {
    this.disposeBase();
    this.object.dispose();
  }

  private addGeometry(geometry: DrawGeometry): { readonly id: number; uses: number } {
    const buffer: BufferGeometry = geometry.buffer;
    const vertices = buffer.getAttribute("position").count;
    const indices = buffer.index!.count;
    if (this.usedVertices + vertices > this.vertices || this.usedIndices + indices > this.indices)
      this.makeRoom(vertices, indices);
    const entry = { id: this.object.addGeometry(buffer), uses: 0 };
    this.usedVertices += vertices;
    this.usedIndices += indices;
    this.geometries.set(geometry, entry);
    return entry;
  }

  /** Closes the gaps that deleted meshes left, and doubles what is still too small. */
  private makeRoom(vertices: number, indices: number): void {
    this.object.optimize();
    this.usedVertices = this.vertices - this.object.unusedVertexCount;
    this.usedIndices = this.indices - this.object.unusedIndexCount;
    while (this.usedVertices + vertices > this.vertices) this.vertices *= 2;
    while (this.usedIndices + indices > this.indices) this.indices *= 2;
    this.object.setGeometrySize(this.vertices, this.indices);
  }
}
