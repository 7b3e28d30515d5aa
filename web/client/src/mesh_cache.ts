import { type AssetId, type MeshGeometry } from "./types.js";

/** Bytes of geometry kept for the next one who asks; the least recently used goes first. */
const BYTES_MAX = 256 * 1024 * 1024;

/** Meshes that were read, each once. */
export class MeshCache {
  private readonly meshes = new Map<AssetId, { mesh: Promise<MeshGeometry>; bytes: number }>();
  private bytes = 0;

  constructor(private readonly read: (asset: AssetId) => Promise<MeshGeometry>) {}

  get(asset: AssetId): Promise<MeshGeometry> {
    const known = this.meshes.get(asset);
    if (known) {
      this.meshes.delete(asset);
      this.meshes.set(asset, known);
      return known.mesh;
    }
    const entry = { mesh: this.read(asset), bytes: 0 };
    this.meshes.set(asset, entry);
    entry.mesh.then(
      (mesh) => {
        entry.bytes = mesh.indices.buffer.byteLength;
        this.bytes += entry.bytes;
        this.shrink(asset);
      },
      // Another try may go better.
      () => this.meshes.delete(asset),
    );
    return entry.mesh;
  }

  private shrink(newest: AssetId): void {
    for (const [asset, entry] of this.meshes) {
      if (this.bytes <= BYTES_MAX || asset === newest) return;
      if (entry.bytes === 0) continue;
      this.bytes -= entry.bytes;
      this.meshes.delete(asset);
    }
  }
}
