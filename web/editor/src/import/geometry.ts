import type { BufferAttribute, BufferGeometry, InterleavedBufferAttribute } from "three";
import type { MeshGeometry } from "@theta/client";
import { counted } from "../sentence.js";
import { kMakeSurface, Unusable } from "./unusable.js";

type Attribute = BufferAttribute | InterleavedBufferAttribute;

/**
 * A part of a loader's geometry as Theta has it: indexed, with equal vertices made one. Throws what is wrong with it.
 */
export function toMeshGeometry(geometry: BufferGeometry, start = 0, count = Infinity): MeshGeometry {
  const position = geometry.getAttribute("position") as Attribute | undefined;
  if (!position || position.count === 0) throw new Unusable("vertices", "none");
  const corners = cornersOf(geometry, position.count, start, count);
  if (corners.length === 0) throw new Unusable("a mesh with faces", "points or lines only", kMakeSurface);
  const attributes: readonly (readonly [keyof MeshGeometry, string, number])[] = [
    ["positions", "position", 3], ["normals", "normal", 3], ["uv0", "uv", 2], ["colors", "color", 4],
  ];
  const present = attributes.flatMap(([to, from, width]) => {
    const attribute = geometry.getAttribute(from) as Attribute | undefined;
    return attribute && attribute.count >= position.count ? [{ to, attribute, width, values: [] as number[] }] : [];
  });
  const known = new Map<string, number>();
  const indices = new Uint32Array(corners.length);
  corners.forEach((corner, at) => {
    const vertex = present.map(({ attribute, width }) => read(attribute, corner, width));
    const key = vertex.join();
    let index = known.get(key);
    if (index === undefined) {
      index = known.size;
      known.set(key, index);
      present.forEach(({ values }, which) => values.push(...vertex[which]!));
    }
    indices[at] = index;
  });
  const result: Record<string, Float32Array> = {};
  for (const { to, values } of present) result[to] = flipV(to, Float32Array.from(values));
  if (!result["positions"]!.every(Number.isFinite)) throw new Unusable("numbers as coordinates", "something else");
  if (result["normals"] && !hasDirections(result["normals"])) delete result["normals"];
  return { ...(result as unknown as { positions: Float32Array }), indices };
}

function cornersOf(geometry: BufferGeometry, vertices: number, start: number, count: number): Uint32Array {
  const index = geometry.getIndex();
  const end = Math.min(start + count, index ? index.count : vertices);
  const whole = Math.max(0, end - start) - (Math.max(0, end - start) % 3);
  const corners = Uint32Array.from({ length: whole }, (_, at) => (index ? index.getX(start + at) : start + at));
  if (corners.some((corner) => corner >= vertices)) {
    const expected = `faces between its ${counted(vertices, "vertex", "vertices")}`;
    throw new Unusable(expected, "one with a vertex that is not there");
  }
  return corners;
}

function read(attribute: Attribute, at: number, width: number): number[] {
  const get = [attribute.getX, attribute.getY, attribute.getZ, attribute.getW];
  return Array.from({ length: width }, (_, part) =>
    part < attribute.itemSize ? Math.fround(get[part]!.call(attribute, at)) : 1);
}

/** In these formats v goes up, in glTF it goes down. */
function flipV(name: string, values: Float32Array): Float32Array {
  return name === "uv0" ? values.map((value, at) => (at % 2 === 0 ? value : 1 - value)) : values;
}

/** Some programs write zeros for normals that they do not know. */
function hasDirections(normals: Float32Array): boolean {
  for (let at = 0; at < normals.length; at += 3) {
    const length = Math.hypot(normals[at]!, normals[at + 1]!, normals[at + 2]!);
    if (!(length > 0.5 && length < 2)) return false;
  }
  return true;
}
