import { Box3, BufferAttribute, BufferGeometry, Sphere } from "three";
import { MeshBVH } from "three-mesh-bvh";
import type { AssetId, MeshGeometry } from "@theta/client";

/** A mesh as it is drawn and picked. */
export interface DrawGeometry {
  readonly asset: AssetId;
  readonly buffer: BufferGeometry;
  readonly box: Box3;
  readonly sphere: Sphere;
  readonly hasColors: boolean;
  readonly hasTangents: boolean;
  /** Which attributes it has; equal ones fit into one batch. */
  readonly layout: string;
  readonly vertices: number;
  /** Made when something first points at the mesh. */
  bvh(): MeshBVH;
}

function attribute(values: Float32Array, width: number): BufferAttribute {
  return new BufferAttribute(values, width);
}

/** glTF: without normals a mesh is flat shaded, so its triangles can't share vertices. */
function flatNormals(geometry: BufferGeometry): BufferGeometry {
  const apart = geometry.toNonIndexed();
  apart.computeVertexNormals();
  const count = apart.getAttribute("position").count;
  apart.setIndex(new BufferAttribute(Uint32Array.from({ length: count }, (_, at) => at), 1));
  geometry.dispose();
  return apart;
}

export function makeDrawGeometry(asset: AssetId, mesh: MeshGeometry): DrawGeometry {
  let buffer = new BufferGeometry();
  const count = mesh.positions.length / 3;
  buffer.setAttribute("position", attribute(mesh.positions, 3));
  buffer.setIndex(new BufferAttribute(mesh.indices, 1));
  // Every mesh has texture coordinates, zeros if need be, so that most meshes fit into one batch.
  buffer.setAttribute("uv", attribute(mesh.uv0 ?? new Float32Array(count * 2), 2));
  if (mesh.colors) buffer.setAttribute("color", attribute(mesh.colors, 4));
  if (mesh.normals) buffer.setAttribute("normal", attribute(mesh.normals, 3));
  if (mesh.normals && mesh.tangents) buffer.setAttribute("tangent", attribute(mesh.tangents, 4));
  if (!mesh.normals) buffer = flatNormals(buffer);
  buffer.computeBoundingBox();
  buffer.computeBoundingSphere();
  let bvh: MeshBVH | null = null;
  return {
    asset, buffer, box: buffer.boundingBox!, sphere: buffer.boundingSphere!,
    hasColors: mesh.colors !== undefined,
    hasTangents: buffer.hasAttribute("tangent"),
    layout: Object.keys(buffer.attributes).sort().join(),
    vertices: buffer.getAttribute("position").count,
    // Indirect: the triangles keep their order, since the same index buffer is being drawn.
    bvh: () => (bvh ??= new MeshBVH(buffer, { indirect: true })),
  };
}

/** So many are asked for at once; a room takes 4,096 questions of all kinds. */
const kLoadsMax = 2048;

/** Meshes by asset; each is loaded once and shared by all that show it. */
export class GeometryCache {
  private readonly loaded = new Map<AssetId, DrawGeometry>();
  private readonly pending = new Set<AssetId>();
  /** Asked for when others have come; first come, first served. */
  private readonly queued = new Set<AssetId>();
  private readonly failed = new Set<AssetId>();
  private disposed = false;

  constructor(
    private readonly load: (asset: AssetId) => Promise<MeshGeometry>,
    private readonly onLoaded: (geometry: DrawGeometry) => void,
    private readonly onFailed: (asset: AssetId, error: unknown) => void,
  ) {}

  /** The mesh, or undefined and later `onLoaded`. */
  request(asset: AssetId): DrawGeometry | undefined {
    const known = this.loaded.get(asset);
    if (!known && !this.pending.has(asset) && !this.failed.has(asset)) {
      this.queued.add(asset);
      this.fetchMore();
    }
    return known;
  }

  get(asset: AssetId): DrawGeometry | undefined {
    return this.loaded.get(asset);
  }

  /** How many are on their way, or wait for a connection. */
  get loadingCount(): number {
    return this.pending.size + this.queued.size;
  }

  /** What could not be loaded while offline may be there now. */
  retryFailed(): void {
    const again = [...this.failed];
    this.failed.clear();
    for (const asset of again) this.queued.add(asset);
    this.fetchMore();
  }

  /** Frees what nothing shows any more. */
  keepOnly(used: ReadonlySet<AssetId>): void {
    for (const asset of this.queued) if (!used.has(asset)) this.queued.delete(asset);
    for (const [asset, geometry] of this.loaded) {
      if (used.has(asset)) continue;
      geometry.buffer.dispose();
      this.loaded.delete(asset);
    }
  }

  dispose(): void {
    this.disposed = true;
    this.keepOnly(new Set());
  }

  private fetchMore(): void {
    for (const asset of this.queued) {
      if (this.pending.size >= kLoadsMax || this.disposed) return;
      this.queued.delete(asset);
      void this.fetch(asset);
    }
  }

  private async fetch(asset: AssetId): Promise<void> {
    this.pending.add(asset);
    try {
      const mesh = await this.load(asset);
      if (this.disposed) return;
      const geometry = makeDrawGeometry(asset, mesh);
      this.loaded.set(asset, geometry);
      this.pending.delete(asset);
      this.onLoaded(geometry);
    } catch (error) {
      this.pending.delete(asset);
      this.failed.add(asset);
      if (!this.disposed) this.onFailed(asset, error);
    }
    this.fetchMore();
  }
}
