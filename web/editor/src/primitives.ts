import {
  BoxGeometry, ConeGeometry, CylinderGeometry, PlaneGeometry, SphereGeometry, TorusGeometry, Vector3,
  type BufferGeometry,
} from "three";
import type { MeshGeometry } from "@theta/client";

/** What the Add menu offers, each about a metre large, centred on its origin, y up. */
export const kPrimitives = ["box", "sphere", "cylinder", "cone", "plane", "torus", "icosphere"] as const;
export type PrimitiveKind = (typeof kPrimitives)[number];

/** The height of the origin above the ground on which the primitive then stands. */
export const kPrimitiveHeights: Readonly<Record<PrimitiveKind, number>> = {
  box: 0.5, sphere: 0.5, cylinder: 0.5, cone: 0.5, plane: 0, torus: 0.125, icosphere: 0.5,
};

export function makePrimitive(kind: PrimitiveKind): MeshGeometry {
  switch (kind) {
    case "box": return toMesh(new BoxGeometry(1, 1, 1));
    case "sphere": return toMesh(new SphereGeometry(0.5, 48, 24));
    case "cylinder": return toMesh(new CylinderGeometry(0.5, 0.5, 1, 48));
    case "cone": return toMesh(new ConeGeometry(0.5, 1, 48));
    case "plane": return toMesh(new PlaneGeometry(1, 1).rotateX(-Math.PI / 2));
    case "torus": return toMesh(new TorusGeometry(0.375, 0.125, 20, 64).rotateX(-Math.PI / 2));
    case "icosphere": return icosphere(0.5, 3);
  }
}

/** three builds texture coordinates with v upwards; in glTF it goes down. */
function toMesh(geometry: BufferGeometry): MeshGeometry {
  const uv0 = Float32Array.from(geometry.getAttribute("uv").array, (value, at) => (at % 2 === 0 ? value : 1 - value));
  const index = geometry.getIndex()!;
  const mesh = {
    positions: Float32Array.from(geometry.getAttribute("position").array),
    normals: Float32Array.from(geometry.getAttribute("normal").array),
    uv0,
    indices: withoutSlivers(Uint32Array.from(index.array), geometry.getAttribute("position").array),
  };
  geometry.dispose();
  return mesh;
}

/** At poles and tips three leaves triangles without an area, on which no tool can work. */
function withoutSlivers(indices: Uint32Array, positions: ArrayLike<number>): Uint32Array {
  const kept: number[] = [];
  const corner = (at: number): Vector3 => new Vector3().fromArray(positions, indices[at]! * 3);
  for (let at = 0; at < indices.length; at += 3) {
    const a = corner(at);
    const area = corner(at + 1).sub(a).cross(corner(at + 2).sub(a)).length();
    if (area > 1e-12) kept.push(indices[at]!, indices[at + 1]!, indices[at + 2]!);
  }
  return Uint32Array.from(kept);
}

/** A sphere of nearly equal triangles: an icosahedron whose edges are halved `rounds` times. */
function icosphere(radius: number, rounds: number): MeshGeometry {
  const t = (1 + Math.sqrt(5)) / 2;
  const points = [
    [-1, t, 0], [1, t, 0], [-1, -t, 0], [1, -t, 0], [0, -1, t], [0, 1, t], [0, -1, -t], [0, 1, -t],
    [t, 0, -1], [t, 0, 1], [-t, 0, -1], [-t, 0, 1],
  ].map((point) => new Vector3().fromArray(point).normalize());
  let faces = [
    0, 11, 5, 0, 5, 1, 0, 1, 7, 0, 7, 10, 0, 10, 11, 1, 5, 9, 5, 11, 4, 11, 10, 2, 10, 7, 6, 7, 1, 8,
    3, 9, 4, 3, 4, 2, 3, 2, 6, 3, 6, 8, 3, 8, 9, 4, 9, 5, 2, 4, 11, 6, 2, 10, 8, 6, 7, 9, 8, 1,
  ];
  for (let round = 0; round < rounds; ++round) {
    const middles = new Map<number, number>();
    const middle = (a: number, b: number): number => {
      const key = Math.min(a, b) * 65536 + Math.max(a, b);
      const known = middles.get(key);
      if (known !== undefined) return known;
      const made = points.push(points[a]!.clone().add(points[b]!).normalize()) - 1;
      middles.set(key, made);
      return made;
    };
    const finer: number[] = [];
    for (let at = 0; at < faces.length; at += 3) {
      const [a, b, c] = [faces[at]!, faces[at + 1]!, faces[at + 2]!];
      const [ab, bc, ca] = [middle(a, b), middle(b, c), middle(c, a)];
      finer.push(a, ab, ca, b, bc, ab, c, ca, bc, ab, bc, ca);
    }
    faces = finer;
  }
  return {
    positions: Float32Array.from(points.flatMap((point) => point.clone().multiplyScalar(radius).toArray())),
    normals: Float32Array.from(points.flatMap((point) => point.toArray())),
    indices: Uint32Array.from(faces),
  };
}
