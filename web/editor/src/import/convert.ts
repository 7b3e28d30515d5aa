import { Color, SRGBColorSpace, type BufferGeometry, type Mesh } from "three";
import { MTLLoader } from "three/addons/loaders/MTLLoader.js";
import { OBJLoader } from "three/addons/loaders/OBJLoader.js";
import { PLYLoader } from "three/addons/loaders/PLYLoader.js";
import { STLLoader } from "three/addons/loaders/STLLoader.js";
import { counted } from "../sentence.js";
import { toMeshGeometry } from "./geometry.js";
import { pictureType, writeGlb, type WrittenMaterial, type WrittenNode } from "./glb_writer.js";
import { findNamed, kindOf } from "./plan.js";
import { kMakeSurface, Unusable } from "./unusable.js";

/** A file to make a GLB of, and what lies beside it. */
export interface ConvertRequest {
  readonly name: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface Converted {
  readonly glb: Uint8Array;
  readonly warnings: readonly string[];
}

const kPlain: WrittenMaterial = {
  name: "", baseColor: [0.8, 0.8, 0.8, 1], metallic: 0, roughness: 0.6, emissive: [0, 0, 0], doubleSided: true,
};
/** What is printed lies with z upwards; a quarter turn about x puts it on the ground. */
const kZUp = [-Math.SQRT1_2, 0, 0, Math.SQRT1_2] as const;

/** Makes a GLB of an OBJ, PLY or STL file. Whatever is wrong with it is one sentence. */
export function convert({ name, files }: ConvertRequest): Converted {
  const bytes = files.get(name);
  if (!bytes) throw new Error(`“${name}” is missing.`);
  const title = name.slice(name.lastIndexOf("/") + 1).replace(/\.[^.]*$/, "");
  const warnings: string[] = [];
  try {
    const kind = kindOf(name);
    const nodes =
      kind === "obj" ? fromObj(bytes, files, warnings)
      : kind === "ply" ? fromPly(bytes, title)
      : fromStl(bytes, title);
    return { glb: writeGlb(title, nodes, kind === "stl" ? kZUp : undefined), warnings };
  } catch (error) {
    // Loaders throw whatever their parsing stumbles over, which tells a person nothing.
    const kind = (kindOf(name) ?? "model").toUpperCase();
    const why = error instanceof Unusable ? error : new Unusable(`a whole ${kind} file`, "a damaged one");
    throw new Error(`“${name}” could not be imported: ${why.message}`);
  }
}

function fromStl(bytes: Uint8Array, title: string): WrittenNode[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isBinary = bytes.length >= 84 && bytes.length === 84 + view.getUint32(80, true) * 50;
  const isText = /^\s*solid/.test(new TextDecoder("latin1").decode(bytes.subarray(0, 256)));
  if (!isBinary && !isText) {
    if (bytes.length < 84) throw new Unusable("an STL file", `${counted(bytes.length, "byte")} of something else`);
    const triangles = view.getUint32(80, true);
    const announced = `the ${counted(84 + triangles * 50, "byte")} of its ${counted(triangles, "triangle")}`;
    throw new Unusable(announced, counted(bytes.length, "byte"));
  }
  const text = isBinary ? "" : new TextDecoder("latin1").decode(bytes);
  if (!isBinary && !text.includes("vertex")) throw new Unusable("triangles", "an STL text without any", kMakeSurface);
  return [{ name: title, mesh: withoutNormals(new STLLoader().parse(exact(bytes))), material: kPlain }];
}

/** STL has a normal a triangle, often wrong; shading each triangle flat is what they mean. */
function withoutNormals(geometry: BufferGeometry): ReturnType<typeof toMeshGeometry> {
  geometry.deleteAttribute("normal");
  return toMeshGeometry(geometry);
}

function fromPly(bytes: Uint8Array, title: string): WrittenNode[] {
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 65536));
  const end = start.indexOf("end_header");
  if (!/^ply\r?\n/.test(start) || end < 0) throw new Unusable("a PLY header", "something else");
  // A count that the file cannot hold would only make the loader fill memory with nothing.
  for (const [, count] of start.slice(0, end).matchAll(/^element\s+\S+\s+(\d+)/gm))
    if (Number(count) > bytes.length)
      throw new Unusable(`the ${counted(Number(count), "element")} of its header`, counted(bytes.length, "byte"));
  const geometry = new PLYLoader().parse(exact(bytes));
  if (!geometry.getIndex()) {
    const points = counted(geometry.getAttribute("position")?.count ?? 0, "point");
    throw new Unusable("a mesh with faces", `a cloud of ${points} without any`, kMakeSurface);
  }
  return [{ name: title, mesh: toMeshGeometry(geometry), material: kPlain }];
}

function fromObj(bytes: Uint8Array, files: ReadonlyMap<string, Uint8Array>, warnings: string[]): WrittenNode[] {
  const text = new TextDecoder(encodingOf(bytes)).decode(bytes);
  if (text.includes("\0") || !/^\s*(v|f|o|g|#|mtllib|usemtl)\s/m.test(text))
    throw new Unusable("an OBJ text with vertices", "something else");
  const group = new OBJLoader().parse(text);
  const materials = readMaterials(librariesOf(text), files, warnings);
  const nodes: WrittenNode[] = [];
  group.traverse((object) => {
    const mesh = object as Mesh;
    if (!mesh.isMesh) return;
    const list = Array.isArray(mesh.material) ? mesh.material : [mesh.material];
    const groups = list.length > 1 ? mesh.geometry.groups : [{ start: 0, count: Infinity, materialIndex: 0 }];
    for (const { start, count, materialIndex = 0 } of groups) {
      if (count === 0) continue;
      const material = materials.get(list[materialIndex]?.name ?? "") ?? kPlain;
      const part = list.length > 1 ? ` ${material.name}` : "";
      nodes.push({ name: (mesh.name || "mesh") + part, mesh: toMeshGeometry(mesh.geometry, start, count), material });
    }
  });
  if (nodes.length === 0) throw new Unusable("a mesh with faces", "an OBJ text without any", kMakeSurface);
  return nodes;
}

/** By the mark at the beginning that tells the order of bytes. */
function encodingOf(bytes: Uint8Array): "utf-8" | "utf-16be" | "utf-16le" {
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le" : "utf-8";
}

function librariesOf(text: string): string[] {
  return [...text.matchAll(/^\s*mtllib\s+(.+?)\s*$/gm)].map(([, name]) => name!);
}

function readMaterials(
  libraries: readonly string[], files: ReadonlyMap<string, Uint8Array>, warnings: string[],
): Map<string, WrittenMaterial> {
  const result = new Map<string, WrittenMaterial>();
  for (const library of new Set(libraries)) {
    const bytes = findNamed(library, files);
    if (!bytes) {
      warnings.push(`The materials in “${library}” were not among the files, so plain ones are used.`);
      continue;
    }
    const { materialsInfo } = new MTLLoader().parse(new TextDecoder().decode(bytes), "");
    for (const [name, info] of Object.entries(materialsInfo as Record<string, Record<string, unknown>>))
      result.set(name, toMaterial(name, info, files, warnings));
  }
  return result;
}

function toMaterial(
  name: string, info: Readonly<Record<string, unknown>>, files: ReadonlyMap<string, Uint8Array>, warnings: string[],
): WrittenMaterial {
  const color = (value: unknown): [number, number, number] => {
    const parts = Array.isArray(value) ? value.map(Number).filter(Number.isFinite) : [];
    if (parts.length < 3) return [0, 0, 0];
    const { r, g, b } = new Color().setRGB(parts[0]!, parts[1]!, parts[2]!, SRGBColorSpace);
    return [r, g, b];
  };
  const number = (value: unknown, absent: number): number =>
    Number.isFinite(Number(value)) && value !== undefined ? Number(value) : absent;
  const texture = (value: unknown): Uint8Array | undefined => {
    if (typeof value !== "string") return undefined;
    // Options such as "-bm 1.0" stand before the name.
    const file = value.replace(/^(-\w+(\s+[-\d.]+|\s+on|\s+off)*\s+)*/, "");
    const bytes = findNamed(file, files);
    if (bytes && pictureType(bytes)) return bytes;
    const why = bytes ? "is neither PNG nor JPEG" : "was not among the files";
    warnings.push(`The picture “${file}” ${why} and is left out.`);
    return undefined;
  };
  const alpha = info["d"] !== undefined ? number(info["d"], 1) : 1 - number(info["tr"], 0);
  const picture = texture(info["map_kd"]);
  const normal = texture(info["norm"]);
  const glow = texture(info["map_ke"]);
  // With a picture a black base is an exporter's way to say nothing of it.
  const base = info["kd"] === undefined || (picture && color(info["kd"]).every((part) => part === 0))
    ? [1, 1, 1] : color(info["kd"]);
  return {
    name, metallic: number(info["pm"], 0), doubleSided: true, emissive: color(info["ke"]),
    baseColor: [base[0]!, base[1]!, base[2]!, Math.min(1, Math.max(0, alpha))],
    // The width of a highlight of this exponent, as in the usual conversion from Blinn and Phong.
    roughness: info["pr"] !== undefined ? number(info["pr"], 0.6) : Math.sqrt(2 / (number(info["ns"], 10) + 2)),
    ...(picture && { baseColorTexture: picture }), ...(normal && { normalTexture: normal }),
    ...(glow && { emissiveTexture: glow }),
  };
}

/** Loaders read a buffer from its beginning to its end. */
function exact(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}
