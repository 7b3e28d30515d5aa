import type { Material, NewEntity, Role } from "@theta/client";
import { kPrimitives, makePrimitive, type PrimitiveKind } from "../../src/primitives.js";
import { showEditor } from "../../src/shell/shell.js";
import { applyTheme, themeChoice } from "../../src/theme.js";
import { FakeRoom, OTHER } from "../fake_room.js";

/** `?theme=light|dark`, `&role=viewer`, `&people=0`, `&many=10000`: the whole editor on a room in memory. */
const asked = new URLSearchParams(location.search);
const room = new FakeRoom();
const meshes = new Map<PrimitiveKind, string>();
for (const kind of kPrimitives) meshes.set(kind, await room.storeMesh(makePrimitive(kind)));

function object(
  name: string,
  kind: PrimitiveKind,
  position: [number, number, number],
  color: [number, number, number],
  rest: Partial<NewEntity> & { material?: Partial<Material> } = {},
): NewEntity {
  const material = { base_color: [...color, 1] as const, metallic: 0, roughness: 0.5, ...rest.material };
  return { name, mesh: meshes.get(kind) as string, position, ...rest, material };
}

const { ids } = await room.create([
  { name: "Set" },
  object("Floor", "plane", [0, 0, 0], [0.3, 0.31, 0.33], { parent_index: 0, scale: [9, 1, 9] }),
  object("Plinth", "cylinder", [0, 0.25, 0], [0.55, 0.53, 0.5], { parent_index: 0, scale: [2.2, 0.5, 2.2] }),
  { name: "Still life", position: [0, 0.5, 0] },
  object("Red cube", "box", [-0.55, 0.3, 0.1], [0.72, 0.13, 0.1], { parent_index: 3, scale: [0.6, 0.6, 0.6] }),
  object("Brass ball", "sphere", [0.35, 0.35, 0.2], [0.9, 0.66, 0.25], {
    parent_index: 3,
    scale: [0.7, 0.7, 0.7],
    material: { metallic: 1, roughness: 0.2 },
    tags: ["hero", "metal"],
  }),
  object("Blue cone", "cone", [0.1, 0.45, -0.5], [0.1, 0.3, 0.7], { parent_index: 3, scale: [0.6, 0.9, 0.6] }),
  object("Green ring", "torus", [2.1, 0.13, 0.9], [0.12, 0.5, 0.28]),
  { name: "Lighting" },
  {
    name: "Key light",
    parent_index: 8,
    position: [2.4, 3, 2],
    light: { kind: "point", intensity: 60, color: [1, 0.88, 0.7] },
  },
  {
    name: "Fill",
    parent_index: 8,
    position: [-3, 2.4, 1],
    light: { kind: "point", intensity: 18, color: [0.6, 0.75, 1] },
  },
  { name: "Shot 1", position: [3.2, 1.7, 3.6], rotation: [-0.12, 0.36, 0.05, 0.92], camera: { vertical_fov: 0.6 } },
  object("Old prop", "box", [-2.6, 0.4, -1.4], [0.4, 0.3, 0.2], { visible: false, scale: [0.8, 0.8, 0.8] }),
]);
const many = Number(asked.get("many") ?? 0);
if (many > 0) {
  await room.create(
    Array.from({ length: many }, (_, at) =>
      object(`Brick ${at}`, "box", [(at % 100) - 50, 0.2, Math.floor(at / 100) - 50], [0.5, 0.3, 0.2], {
        scale: [0.6, 0.4, 0.6],
      }),
    ),
  );
}
if (asked.get("people") !== "0") {
  room.join({ session: 7, author: OTHER, name: "Grace Hopper" });
  room.join({ session: 8, author: "c7".repeat(32), name: "Lin", role: "viewer" as Role });
  room.receivePresence(7, {
    view: { position: [-3.5, 2, 3.5], rotation: [-0.17, -0.37, -0.07, 0.91] },
    view_shape: { vertical_fov: 0.8, aspect_ratio: 1.6 },
    pointer: { origin: [-3.5, 2, 3.5], target: [0.35, 0.85, 0.2] },
  });
  room.setSelection(OTHER, [ids[5] as string]);
}
const role = asked.get("role");
if (role !== null) room.setStatus({ role: role as Role });
const theme = asked.get("theme");
if (theme === "light" || theme === "dark") themeChoice.value = theme;
applyTheme();
showEditor(document.getElementById("app") as HTMLElement, room, "https://localhost/r/room#hub");
