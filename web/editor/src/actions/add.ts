import { ROOT, type EntityId, type NewEntity } from "@theta/client";
import type { IconName } from "../components/icon.js";
import type { PrimitiveKind } from "../primitives.js";
import { fromEulerDegrees } from "../transforms.js";
import type { Workspace } from "../workspace.js";
import type { Action } from "./action.js";

/** Puts one new entity where the view looks and chooses it. */
function add({ editor }: Workspace, name: string, entity: NewEntity): Promise<void> {
  const position = editor.viewport.value?.placeForNew() ?? [0, 0, 0];
  return editor.perform(`Add ${name}`, async (step) => {
    const made = await step.create([{ name: unused(step.scene, name), position, ...entity }]);
    if (made !== null) editor.selection.value = made;
  });
}

/** "Cube", or "Cube 2" where there is a "Cube" at the top level. */
function unused(
  scene: { children(id: EntityId): readonly EntityId[]; get(id: EntityId): { name: string } | undefined },
  name: string,
): string {
  const taken = new Set(scene.children(ROOT).map((id) => scene.get(id)?.name));
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name} ${number}`)) ++number;
  return `${name} ${number}`;
}

interface Kind {
  readonly id: string;
  readonly name: string;
  readonly icon: IconName;
  readonly entity: NewEntity;
}

// A light shines along its own -z, so straight down is a quarter turn about x.
const kDownwards = fromEulerDegrees([-90, 0, 0]);
const kSlanting = fromEulerDegrees([-55, 30, 0]);

const kKinds: readonly Kind[] = [
  {
    id: "point",
    name: "Point light",
    icon: "bulb",
    entity: { light: { kind: "point", color: [1, 1, 1], intensity: 60, range: 0 } },
  },
  {
    id: "spot",
    name: "Spot light",
    icon: "spot",
    entity: {
      rotation: kDownwards,
      light: { kind: "spot", color: [1, 1, 1], intensity: 120, range: 0, inner_cone_angle: 0.3, outer_cone_angle: 0.6 },
    },
  },
  {
    id: "directional",
    name: "Sun",
    icon: "sun",
    entity: { rotation: kSlanting, light: { kind: "directional", color: [1, 1, 1], intensity: 3 } },
  },
  {
    id: "camera",
    name: "Camera",
    icon: "camera",
    entity: { camera: { kind: "perspective", vertical_fov: 0.7, near: 0.05, far: 0 } },
  },
  { id: "empty", name: "Empty", icon: "empty", entity: {} },
];

const kPrimitiveNames: readonly { readonly kind: PrimitiveKind; readonly name: string; readonly icon: IconName }[] = [
  { kind: "box", name: "Cube", icon: "cube" },
  { kind: "sphere", name: "Sphere", icon: "sphere" },
  { kind: "icosphere", name: "Icosphere", icon: "sphere" },
  { kind: "cylinder", name: "Cylinder", icon: "cylinder" },
  { kind: "cone", name: "Cone", icon: "cone" },
  { kind: "torus", name: "Torus", icon: "torus" },
  { kind: "plane", name: "Plane", icon: "plane" },
];

/** A mesh is an asset, which everybody who adds the same one uses again. */
async function addPrimitive(workspace: Workspace, kind: PrimitiveKind, name: string): Promise<void> {
  const { editor } = workspace;
  const { kPrimitiveHeights, makePrimitive } = await import("../primitives.js");
  const [x, y, z] = editor.viewport.value?.placeForNew() ?? [0, 0, 0];
  const mesh = await workspace.runJob(`Add ${name}`, () => editor.room.storeMesh(makePrimitive(kind)));
  if (mesh === null) return;
  await add(workspace, name, { mesh, material: kPlainMaterial, position: [x, y + kPrimitiveHeights[kind], z] });
}

const kPlainMaterial = { base_color: [0.8, 0.8, 0.8, 1], metallic: 0, roughness: 0.5 } as const;

export const kAddActions: readonly Action[] = [
  ...kPrimitiveNames.map(
    ({ kind, name, icon }): Action => ({
      id: `add.${kind}`,
      group: "Add",
      label: name,
      icon,
      edits: true,
      run: (workspace) => addPrimitive(workspace, kind, name),
    }),
  ),
  ...kKinds.map(
    ({ id, name, icon, entity }): Action => ({
      id: `add.${id}`,
      group: "Add",
      label: name,
      icon,
      edits: true,
      run: (workspace) => add(workspace, name, entity),
    }),
  ),
];
