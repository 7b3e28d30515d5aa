import { signal } from "@preact/signals";
import type { Material, NewEntity } from "@theta/client";
import { createEditor } from "../../src/editor.js";
import { kPrimitives, makePrimitive } from "../../src/primitives.js";
import type { ThemeName } from "../../src/theme.js";
import { Viewport } from "../../src/viewport/viewport.js";
import { FakeRoom } from "../fake_room.js";

/** `?scene=studio|many|empty`, `&theme=light`: what browser tests and people look at. */
const asked = new URLSearchParams(location.search);
const room = new FakeRoom();
const meshes = new Map<string, string>();
for (const kind of kPrimitives) meshes.set(kind, await room.storeMesh(makePrimitive(kind)));

async function studio(): Promise<void> {
  const color = (r: number, g: number, b: number, rest = {}): Partial<Material> =>
    ({ base_color: [r, g, b, 1], metallic: 0, roughness: 0.5, ...rest });
  await room.create([
    { name: "Floor", mesh: meshes.get("plane")!, scale: [8, 1, 8],
      material: color(0.35, 0.36, 0.38, { roughness: 0.9 }) },
    { name: "Box", mesh: meshes.get("box")!, position: [-1.8, 0.5, 0], material: color(0.75, 0.16, 0.12) },
    { name: "Sphere", mesh: meshes.get("sphere")!, position: [0, 0.5, 0],
      material: color(0.95, 0.75, 0.35, { metallic: 1, roughness: 0.22 }) },
    { name: "Cone", mesh: meshes.get("cone")!, position: [1.8, 0.5, 0], material: color(0.1, 0.35, 0.75) },
    { name: "Torus", mesh: meshes.get("torus")!, position: [0, 0.13, 1.8], material: color(0.12, 0.55, 0.3) },
    { name: "Cylinder", mesh: meshes.get("cylinder")!, position: [-1.8, 0.5, -1.8], scale: [0.8, 1, 0.8] },
    { name: "Glass", mesh: meshes.get("icosphere")!, position: [1.8, 0.5, 1.8],
      material: { base_color: [0.6, 0.85, 1, 0.35], metallic: 0, roughness: 0.05, alpha_mode: "blend" } },
    { name: "Mirrored", mesh: meshes.get("box")!, position: [1.8, 0.35, -1.8], scale: [-0.7, 0.7, 0.7],
      material: color(0.6, 0.25, 0.6) },
    { name: "Group", position: [-3, 0, 2] },
    { name: "Child", mesh: meshes.get("box")!, parent_index: 8, position: [0, 0.25, 0], scale: [0.5, 0.5, 0.5] },
    { name: "Hidden", mesh: meshes.get("box")!, visible: false, position: [0, 0.5, -3] },
    { name: "Lamp", position: [1, 2, 1], light: { kind: "point", intensity: 25, color: [1, 0.85, 0.6] } },
    { name: "Spot", position: [-2.5, 2.6, 1.5], rotation: [-0.6, -0.35, 0, 0.72], light: { kind: "spot", intensity: 60,
      inner_cone_angle: 0.3, outer_cone_angle: 0.5 } },
    { name: "Sun", position: [3, 3, -2], rotation: [-0.5, 0.3, 0, 0.81], light: { kind: "directional", intensity: 2 } },
    { name: "Camera", position: [3.5, 1.6, 3.2], rotation: [-0.12, 0.38, 0.05, 0.91], camera: { kind: "perspective" } },
  ]);
}

/** Ten thousand entities of three hundred meshes, some of which come often and some once or twice. */
async function many(): Promise<void> {
  const side = 100;
  const boxes: string[] = [];
  for (let at = 0; at < 300; ++at) {
    const box = makePrimitive("box");
    const [x, y, z] = [1, (at % 20) / 10 + 0.3, Math.floor(at / 20) / 15 + 0.2];
    const positions = box.positions.map((value, index) => value * [x, y, z][index % 3]!);
    boxes.push(await room.storeMesh({ ...box, positions }));
  }
  const list: NewEntity[] = [];
  for (let at = 0; at < side * side; ++at) {
    const x = at % side, z = Math.floor(at / side);
    list.push({
      name: `Entity ${at}`, mesh: at < 600 ? boxes[at % 300]! : boxes[(x * z) % 40]!,
      position: [(x - side / 2) * 1.4, 0.5, (z - side / 2) * 1.4],
      material: { base_color: [x / side, 0.5, z / side, 1], metallic: at % 2, roughness: (at % 10) / 10 },
    });
  }
  await room.create(list);
}

const scene = asked.get("scene") ?? "studio";
if (scene === "studio") await studio();
if (scene === "many") await many();
const editor = createEditor(room);
const theme = signal<ThemeName>(asked.get("theme") === "light" ? "light" : "dark");
const viewport = new Viewport(document.getElementById("view")!, editor, { theme });
viewport.frame();
// Browsers have a `viewport` of their own.
Object.assign(window, { room, editor, view3d: viewport, theme, meshes });
