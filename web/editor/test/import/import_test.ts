import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createEditor } from "../../src/editor.js";
import { collectFiles, kImportBytesMax, kImportFilesMax } from "../../src/import/collect.js";
import { convert } from "../../src/import/convert.js";
import { importFiles } from "../../src/import/import_files.js";
import { besides, findNamed, planImport } from "../../src/import/plan.js";
import { FakeRoom } from "../fake_room.js";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const bytesOf = (content: string | Uint8Array): Uint8Array => (typeof content === "string" ? text(content) : content);
const files = (entries: Record<string, string | Uint8Array>): Map<string, Uint8Array> =>
  new Map(Object.entries(entries).map(([path, content]) => [path, bytesOf(content)]));

interface Document {
  readonly nodes: { name: string; mesh?: number; rotation?: number[]; children?: number[] }[];
  readonly materials?: {
    name: string; alphaMode: string; normalTexture?: object;
    pbrMetallicRoughness: { baseColorFactor: number[]; roughnessFactor: number; baseColorTexture?: { index: number } };
  }[];
  readonly meshes: { primitives: { attributes: Record<string, number>; indices: number; material?: number }[] }[];
  readonly accessors: { count: number; type: string; min?: number[]; max?: number[] }[];
  readonly images?: { mimeType: string }[];
}

/** The document of a GLB whose lengths are all as they must be. */
function read(glb: Uint8Array): Document {
  const view = new DataView(glb.buffer, glb.byteOffset, glb.byteLength);
  expect([0, 4, 8].map((at) => view.getUint32(at, true))).toEqual([0x46546c67, 2, glb.length]);
  const size = view.getUint32(12, true);
  expect(size % 4).toBe(0);
  expect(view.getUint32(20 + size, true)).toBe(glb.length - size - 28);
  return JSON.parse(new TextDecoder().decode(glb.subarray(20, 20 + size))) as Document;
}

function convertOne(name: string, content: string | Uint8Array, rest: Record<string, string | Uint8Array> = {}):
  { document: Document; warnings: readonly string[] } {
  const { glb, warnings } = convert({ name, files: files({ [name]: content, ...rest }) });
  return { document: read(glb), warnings };
}

const kSquare = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n";
const kTriangleStl = "solid one\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 1 0\nendloop\n" +
  "endfacet\nendsolid one\n";
const kPng = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2, 3]);

describe("OBJ", () => {
  it("becomes triangles that share their vertices", () => {
    const { document } = convertOne("square.obj", `${kSquare}f 1/1 2/2 3/3 4/4\n`);
    const { attributes, indices } = document.meshes[0]!.primitives[0]!;
    expect(document.nodes).toEqual([{ name: "square", mesh: 0 }]);
    expect(document.accessors[indices]!.count).toBe(6);
    expect(document.accessors[attributes["POSITION"]!]).toMatchObject({ count: 4, min: [0, 0, 0], max: [1, 1, 0] });
    expect(attributes).toHaveProperty("TEXCOORD_0");
  });

  it("brings its materials and pictures, found without regard for case and folders", () => {
    const obj = `mtllib Look.mtl\n${kSquare}o plate\nusemtl red\nf 1/1 2/2 3/3\nusemtl glass\nf 1/1 3/3 4/4\n`;
    const mtl = "newmtl red\nKd 1 0 0\nNs 98\nmap_Kd -bm 1 textures\\Wood.PNG\nnewmtl glass\nKd 1 1 1\nd 0.25\n";
    const { document, warnings } = convertOne("a.obj", obj, { "look.mtl": mtl, "textures/wood.png": kPng });
    expect(warnings).toEqual([]);
    expect(document.materials).toMatchObject([
      { name: "red", alphaMode: "OPAQUE", pbrMetallicRoughness: { baseColorFactor: [1, 0, 0, 1],
        roughnessFactor: expect.closeTo(0.141, 2), baseColorTexture: { index: 0 } } },
      { name: "glass", alphaMode: "BLEND", pbrMetallicRoughness: { baseColorFactor: [1, 1, 1, 0.25] } },
    ]);
    expect(document.images).toMatchObject([{ mimeType: "image/png" }]);
    expect(document.nodes.map(({ name }) => name)).toEqual(["plate red", "plate glass", "a"]);
  });

  it("says which of the files it names were missing or are no pictures", () => {
    const { warnings } = convertOne("a.obj", `mtllib gone.mtl\n${kSquare}f 1 2 3\n`);
    expect(warnings).toEqual([expect.stringContaining("gone.mtl")]);
    const broken = convertOne("a.obj", `mtllib a.mtl\n${kSquare}usemtl x\nf 1 2 3\n`, {
      "a.mtl": "newmtl x\nmap_Kd no.png\nmap_Ke text.png\n", "text.png": "no picture",
    });
    expect(broken.warnings).toHaveLength(2);
  });
});

describe("STL and PLY", () => {
  it("STL is laid on the ground and shaded flat", () => {
    const { document } = convertOne("part.stl", kTriangleStl);
    expect(document.nodes[0]).toMatchObject({ name: "part", rotation: [expect.closeTo(-0.707, 2), 0, 0,
      expect.closeTo(0.707, 2)] });
    expect(document.meshes[0]!.primitives[0]!.attributes).not.toHaveProperty("NORMAL");
  });

  it("PLY keeps its colours", () => {
    const { document } = convertOne("a.ply", "ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\n" +
      "property float y\nproperty float z\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n" +
      "element face 1\nproperty list uchar int vertex_indices\nend_header\n" +
      "0 0 0 255 0 0\n1 0 0 0 255 0\n0 1 0 0 0 255\n3 0 1 2\n");
    expect(document.meshes[0]!.primitives[0]!.attributes).toHaveProperty("COLOR_0");
  });
});

describe("junk", () => {
  const header = (vertices: number, faces: number): string =>
    `ply\nformat ascii 1.0\nelement vertex ${vertices}\nproperty float x\nproperty float y\nproperty float z\n` +
    `element face ${faces}\nproperty list uchar int vertex_indices\nend_header\n`;
  const cases: [string, string | Uint8Array, RegExp][] = [
    ["empty.obj", "", /an OBJ text with vertices, got/],
    ["points.obj", "v 0 0 0\nv 1 0 0\n", /a mesh with faces, got .+ Make a surface/],
    ["binary.obj", new Uint8Array(300), /an OBJ text with vertices, got/],
    ["nan.obj", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n", /numbers as coordinates, got/],
    ["beyond.obj", "v 0 0 0\nf 1 2 9\n", /numbers as coordinates|a whole OBJ file, got|not there/],
    ["empty.stl", "", /an STL file, got 0 bytes/],
    ["noise.stl", new Uint8Array(500).fill(200), /3,368,601,800 triangles, got 500 bytes/],
    ["hollow.stl", "solid\nendsolid\n", /triangles, got an STL text without any/],
    ["empty.ply", "", /a PLY header, got/],
    ["huge.ply", header(4_000_000_000, 1), /the 4,000,000,000 elements of its header, got 163 bytes/],
    ["points.ply", header(1, 0) + "0 0 0\n", /a mesh with faces, got a cloud of 1 point without any. Make a /],
    ["beyond.ply", header(3, 1) + "0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", /not there/],
    ["cut.ply", header(3, 1) + "0 0 0\n", /./],
  ];
  for (const [name, content, why] of cases)
    it(`${name} gets a sentence`, () => {
      expect(() => convertOne(name, content)).toThrow(why);
      const sentence = new RegExp(`^“${name}” could not be imported: expected .+, got .+\\.$`);
      expect(() => convertOne(name, content)).toThrow(sentence);
    });

  it("never throws anything but a sentence, however a file is damaged", () => {
    const whole = text(`${kSquare}f 1/1 2/2 3/3\n`);
    let seed = 12345;
    const random = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
    for (let round = 0; round < 300; ++round) {
      const [name, bytes] = ([["a.obj", whole], ["a.stl", text(kTriangleStl)],
        ["a.ply", text(header(3, 1) + "0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")]] as const)[round % 3]!;
      const damaged = bytes.slice(0, 1 + random(bytes.length));
      for (let hit = 0; hit < 4; ++hit) damaged[random(damaged.length)] = random(256);
      try {
        read(convert({ name, files: files({ [name]: damaged }) }).glb);
      } catch (error) {
        const sentence = /^“a\.(obj|stl|ply)” could not be imported: expected .+, got .+\.$/;
        expect((error as Error).message, `round ${round}`).toMatch(sentence);
      }
    }
  });
});

const kModels = "/usr/share/assimp/models";
describe.runIf(existsSync(kModels))("models that other people made", () => {
  // Clouds of points, lines, and what is damaged.
  const sets = [
    ["OBJ", ".obj", ["point_cloud", "testline", "testmixed", "testpoints"]],
    ["PLY", ".ply", ["issue623", "points", "pond.0"]],
    ["STL", ".stl", []],
    ["invalid", ".obj", ["empty", "malformed"]],
    ["invalid", ".ply", ["empty"]],
  ] as const;
  for (const [folder, ending, unusable] of sets)
    it(`${folder}/*${ending} become a GLB or a sentence`, () => {
      const names = readdirSync(`${kModels}/${folder}`).filter((name) => name.toLowerCase().endsWith(ending));
      const beside = files(Object.fromEntries(readdirSync(`${kModels}/${folder}`, { withFileTypes: true })
        .filter((each) => each.isFile()).map(({ name }) => [name, readFileSync(`${kModels}/${folder}/${name}`)])));
      const refused: string[] = [];
      for (const name of names)
        try {
          expect(read(convert({ name, files: beside }).glb).meshes.length).toBeGreaterThan(0);
        } catch (error) {
          expect((error as Error).message).toMatch(/^“.+” could not be imported: expected .+, got .+\.$/);
          refused.push(name);
        }
      expect(refused).toEqual(unusable.map((name) => name + ending));
    });
});

describe("what is dropped", () => {
  it("is planned: models, and what lies beside them", () => {
    expect(planImport(["a/b.GLB", "a/c.png", "d.obj"])).toEqual([{ path: "a/b.GLB", kind: "glb" }, { path: "d.obj",
      kind: "obj" }]);
    expect(() => planImport(["note.txt", "b.doc"])).toThrow("“note.txt” and 1 more");
    expect(() => planImport([])).toThrow("nothing");
    expect(besides("a/b.gltf", files({ "a/b.gltf": "", "a/tex/c.png": "", "d.png": "" }))).toEqual(files({ "b.gltf": "",
      "tex/c.png": "" }));
    expect(findNamed(".\\TEX\\C.png", files({ "tex/c.png": "x" }))).toEqual(text("x"));
  });

  it("is read through its folders, hidden files left out, in readers of a hundred", async () => {
    const file = (name: string): object =>
      ({ isFile: true, name, file: (give: (file: File) => void) => give(new File(["x"], name)) });
    const folder = (name: string, ...pages: object[][]): object => ({ isFile: false, name, createReader: () => {
      const left = [...pages];
      return { readEntries: (give: (entries: object[]) => void) => give(left.shift() ?? []) };
    } });
    const entry = folder("top", [file("a.obj"), file(".DS_Store")], [folder("tex", [file("b.png")])]);
    const items = [{ kind: "file", webkitGetAsEntry: () => entry, getAsFile: () => null }, { kind: "string" }];
    const found = await collectFiles({ items } as unknown as DataTransfer);
    expect(found.map(({ path }) => path)).toEqual(["top/a.obj", "top/tex/b.png"]);
  });

  it("has bounds", async () => {
    const ofSize = (size: number): File => Object.defineProperty(new File(["x"], "a.glb"), "size", { value: size });
    await expect(collectFiles([ofSize(kImportBytesMax), ofSize(1)])).rejects.toThrow("at most 256 MB");
    expect(await collectFiles([ofSize(kImportBytesMax)])).toHaveLength(1);
    const many = Array.from({ length: kImportFilesMax + 1 }, () => new File([], "a.png"));
    await expect(collectFiles(many)).rejects.toThrow("at most 4096 files");
  });
});

describe("importing", () => {
  const file = (name: string, content: string): File => {
    const made = new File([content], name);
    // jsdom's files cannot be read otherwise.
    made.arrayBuffer = () => Promise.resolve(text(content).buffer as ArrayBuffer);
    return made;
  };

  it("gives glTF to the room with what lies beside it, and all else as a GLB", async () => {
    const room = new FakeRoom();
    const progress: number[] = [];
    const dropped = [file("a.gltf", "{}"), file("a.bin", "x"), file("b.stl", kTriangleStl)];
    const { ids } = await importFiles(createEditor(room), dropped, [1, 0, 2],
      { onProgress: (fraction) => progress.push(fraction) });
    expect(ids).toHaveLength(2);
    const given = room.imports.map(({ files: { main, files: beside } }) => [main, beside.size]);
    expect(given).toEqual([["a.gltf", 3], ["b.glb", 1]]);
    expect(room.scene.get(ids[1]!)?.transform.position).toEqual([1, 0, 2]);
    expect(progress).toEqual([...progress].sort((a, b) => a - b));
    expect(progress.at(-1)).toBe(1);
  });

  it("tells of what failed beside what came in, and rejects when nothing did", async () => {
    const room = new FakeRoom();
    const editor = createEditor(room);
    const bad = file("bad.ply", "?");
    const { ids, warnings } = await importFiles(editor, [file("good.stl", kTriangleStl), bad], [0, 0, 0]);
    expect([ids.length, warnings]).toEqual([1, [expect.stringContaining("bad.ply")]]);
    await expect(importFiles(editor, [bad], [0, 0, 0])).rejects
      .toThrow("“bad.ply” could not be imported: expected a PLY header, got something else. Export it again");
  });

  it("says of a broken glTF what to do before it says where the reader stopped", async () => {
    const room = new FakeRoom();
    room.importModel = () => Promise.reject(
      Object.assign(new Error("cut.glb: offset 8: expected 900 bytes, got 40"), { code: "bad_file" }));
    await expect(importFiles(createEditor(room), [file("cut.glb", "glTF")], [0, 0, 0])).rejects.toThrow(
      /^“cut.glb” could not be imported: expected .+ Export it again .+ \(The reader says: offset 8: expected .+\)$/);
  });

  it("keeps what is in when it is cancelled in between, and says how much that is", async () => {
    const room = new FakeRoom();
    const abort = new AbortController();
    const { importModel } = room;
    room.importModel = async (...given) => {
      const made = await importModel.apply(room, given);
      abort.abort(new Error("enough"));
      return made;
    };
    const files = [file("a.stl", kTriangleStl), file("b.stl", kTriangleStl)];
    const made = await importFiles(createEditor(room), files, [0, 0, 0], { signal: abort.signal });
    expect([made.ids.length, made.commands.length, room.imports.length]).toEqual([1, 1, 1]);
    expect(made.warnings).toEqual(["Cancelled after 1 of 2; what came in stays."]);
  });

  it("stops when it is cancelled", async () => {
    const room = new FakeRoom();
    const abort = new AbortController();
    abort.abort(new Error("enough"));
    await expect(importFiles(createEditor(room), [file("a.stl", kTriangleStl)], [0, 0, 0], { signal: abort.signal }))
      .rejects.toThrow("enough");
    expect(room.scene.size).toBe(0);
  });
});
