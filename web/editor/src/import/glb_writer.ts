import type { MeshGeometry } from "@theta/client";

/** What of a material OBJ and its kin can say, as glTF names it. */
export interface WrittenMaterial {
  readonly name: string;
  readonly baseColor: readonly [number, number, number, number];
  readonly metallic: number;
  readonly roughness: number;
  readonly emissive: readonly [number, number, number];
  readonly doubleSided: boolean;
  /** Pictures as files: PNG or JPEG. */
  readonly baseColorTexture?: Uint8Array;
  readonly normalTexture?: Uint8Array;
  readonly emissiveTexture?: Uint8Array;
}

export interface WrittenNode {
  readonly name: string;
  readonly mesh: MeshGeometry;
  readonly material?: WrittenMaterial;
}

const kMagic = 0x46546c67;
const kJsonChunk = 0x4e4f534a;
const kBinaryChunk = 0x004e4942;
const kFloat = 5126;
const kUint32 = 5125;
const kWidths = { SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4 } as const;

/** Writes GLB 2.0: one root node, below it one node a mesh. Equal pictures are written once. */
export function writeGlb(
  name: string, nodes: readonly WrittenNode[], rotation?: readonly [number, number, number, number],
): Uint8Array {
  const writer = new Writer();
  const materials = new Map<WrittenMaterial, number>();
  for (const { material } of nodes)
    if (material && !materials.has(material)) materials.set(material, writer.material(material));
  const single = nodes.length === 1;
  const children = nodes.map((node, at) => ({ name: single ? name : node.name, mesh: at }));
  const meshes = nodes.map((node) => {
    const primitive = writer.primitive(node.mesh);
    return { primitives: [node.material ? { ...primitive, material: materials.get(node.material) } : primitive] };
  });
  const root = { name, children: children.map((_, at) => at), ...(rotation && { rotation }) };
  return writer.finish({
    asset: { version: "2.0", generator: "Theta" },
    scene: 0,
    scenes: [{ nodes: [single ? 0 : children.length] }],
    nodes: single ? [{ ...children[0], ...(rotation && { rotation }) }] : [...children, root],
    meshes,
  });
}

export function pictureType(bytes: Uint8Array): "image/png" | "image/jpeg" | null {
  if (bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[2] === 0x4e && bytes[3] === 0x47) return "image/png";
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff ? "image/jpeg" : null;
}

class Writer {
  private readonly parts: Uint8Array[] = [];
  private size = 0;
  private readonly views: object[] = [];
  private readonly accessors: object[] = [];
  private readonly materials: object[] = [];
  private readonly images: object[] = [];
  private readonly textures: object[] = [];
  private readonly known = new Map<Uint8Array, number>();

  primitive(mesh: MeshGeometry): { attributes: Record<string, number>; indices: number } {
    const position = this.accessor(mesh.positions, "VEC3", bounds(mesh.positions));
    const attributes: Record<string, number> = { POSITION: position };
    if (mesh.normals) attributes["NORMAL"] = this.accessor(mesh.normals, "VEC3");
    if (mesh.uv0) attributes["TEXCOORD_0"] = this.accessor(mesh.uv0, "VEC2");
    if (mesh.colors) attributes["COLOR_0"] = this.accessor(mesh.colors, "VEC4");
    return { attributes, indices: this.accessor(mesh.indices, "SCALAR") };
  }

  material(material: WrittenMaterial): number {
    const texture = (bytes: Uint8Array | undefined): { index: number } | undefined =>
      bytes && { index: this.texture(bytes) };
    this.materials.push({
      name: material.name,
      pbrMetallicRoughness: {
        baseColorFactor: material.baseColor, metallicFactor: material.metallic, roughnessFactor: material.roughness,
        baseColorTexture: texture(material.baseColorTexture),
      },
      emissiveFactor: material.emissive,
      normalTexture: texture(material.normalTexture),
      emissiveTexture: texture(material.emissiveTexture),
      alphaMode: material.baseColor[3] < 1 ? "BLEND" : "OPAQUE",
      doubleSided: material.doubleSided,
    });
    return this.materials.length - 1;
  }

  finish(document: object): Uint8Array {
    const lists = { materials: this.materials, images: this.images, textures: this.textures };
    const json = new TextEncoder().encode(JSON.stringify({
      ...document, accessors: this.accessors, bufferViews: this.views, buffers: [{ byteLength: this.size }],
      // Empty lists are not allowed.
      ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
    }));
    const jsonSize = align(json.length);
    const glb = new Uint8Array(12 + 8 + jsonSize + 8 + this.size);
    const view = new DataView(glb.buffer);
    [kMagic, 2, glb.length, jsonSize, kJsonChunk].forEach((word, at) => view.setUint32(at * 4, word, true));
    glb.fill(0x20, 20, 20 + jsonSize);
    glb.set(json, 20);
    view.setUint32(20 + jsonSize, this.size, true);
    view.setUint32(24 + jsonSize, kBinaryChunk, true);
    let at = 28 + jsonSize;
    for (const part of this.parts) {
      glb.set(part, at);
      at += align(part.length);
    }
    return glb;
  }

  private texture(bytes: Uint8Array): number {
    const known = this.known.get(bytes);
    if (known !== undefined) return known;
    this.images.push({ bufferView: this.view(bytes), mimeType: pictureType(bytes) });
    const index = this.textures.push({ source: this.images.length - 1 }) - 1;
    this.known.set(bytes, index);
    return index;
  }

  private accessor(values: Float32Array | Uint32Array, type: keyof typeof kWidths, range?: object): number {
    const width = kWidths[type];
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.accessors.push({
      bufferView: this.view(bytes), componentType: values instanceof Float32Array ? kFloat : kUint32,
      count: values.length / width, type, ...range,
    });
    return this.accessors.length - 1;
  }

  private view(bytes: Uint8Array): number {
    this.views.push({ buffer: 0, byteOffset: this.size, byteLength: bytes.length });
    this.parts.push(bytes);
    this.size += align(bytes.length);
    return this.views.length - 1;
  }
}

function align(size: number): number {
  return (size + 3) & ~3;
}

function bounds(positions: Float32Array): { min: number[]; max: number[] } {
  const min = [Infinity, Infinity, Infinity], max = [-Infinity, -Infinity, -Infinity];
  positions.forEach((value, at) => {
    min[at % 3] = Math.min(min[at % 3]!, value);
    max[at % 3] = Math.max(max[at % 3]!, value);
  });
  return { min, max };
}
