import type { Entity, Material } from "@theta/client";
import path from "node:path";
import type { Person } from "./support/pages.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";
import { addFromMenu, expectSeen, rounded } from "./support/view.js";

/** Every field of the inspector as a person uses it. What came of it is read in the browser of somebody else. */

const kImages = "/usr/share/assimp/models/glTF";

async function select({ page }: Person, field: string, choice: string): Promise<void> {
  await page.getByRole("combobox", { name: field, exact: true }).selectOption({ label: choice });
}

async function setColor({ page }: Person, field: string, hex: string): Promise<void> {
  const input = page.getByLabel(`${field}, hexadecimal`);
  await input.fill(hex);
  await input.press("Enter");
}

async function addToIt({ page }: Person, what: string): Promise<void> {
  await page.getByRole("button", { name: "Add to it" }).click();
  await page.getByRole("menuitem", { name: what }).click();
}

test("every field of a material, textures, and what can be taken away", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const { page } = ann;
  const expectMaterial = <Value>(read: (material: Material) => Value, wanted: Value) =>
    expectSeen(bob, "Cube", (entity) => entity?.material && read(entity.material), wanted);
  await addFromMenu(ann, "Cube");

  await ann.setNumber("Opacity", "0.5");
  await expectMaterial(({ base_color }) => rounded(base_color)[3], 0.5);
  await select(ann, "Transparency", "Cut out");
  await ann.setNumber("Cut out below", "0.25");
  await expectMaterial(({ alpha_mode, alpha_cutoff }) => [alpha_mode, alpha_cutoff], ["mask", 0.25]);
  await select(ann, "Transparency", "Blend");
  await expectMaterial(({ alpha_mode }) => alpha_mode, "blend");
  await setColor(ann, "Emission", "#00ff00");
  await ann.setNumber("Emission strength", "3");
  await expectMaterial(({ emissive }) => rounded(emissive), [0, 3, 0]);
  await page.getByRole("checkbox", { name: "Both sides" }).check();
  await expectMaterial(({ double_sided }) => double_sided, true);
  await page.getByRole("checkbox", { name: "Visible" }).uncheck();
  await expectSeen(bob, "Cube", (entity) => entity?.visible, false);

  const upload = async (button: string, image: string) => {
    const dialog = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: button }).click();
    await (await dialog).setFiles(path.join(kImages, image));
  };
  const texture = async () => (await bob.entity("Cube"))?.material?.base_color_texture ?? "none";
  await upload("Set texture: Colour", "BoxTextured-glTF/CesiumLogoFlat.png");
  await expect.poll(texture).toMatch(/^[0-9a-f]{64}$/);
  const first = await texture();
  await upload("Replace texture: Colour", "CesiumMilkTruck/CesiumMilkTruck.png");
  await expect.poll(texture).not.toBe(first);
  await page.getByRole("button", { name: "Remove texture: Colour" }).click();
  await expect.poll(texture).toBe("none");

  await page.getByRole("button", { name: "Remove material" }).click();
  await expectSeen(bob, "Cube", (entity) => entity?.material === undefined, true);
  await addToIt(ann, "Material");
  await expectSeen(bob, "Cube", (entity) => entity?.material === undefined, false);
  await page.getByRole("button", { name: "Remove mesh" }).click();
  await expectSeen(bob, "Cube", (entity) => entity?.mesh === undefined, true);
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("every field of lights and cameras", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const { page } = ann;
  const expectIt = <Value>(read: (entity: Entity) => Value, wanted: Value) =>
    expectSeen(bob, "Empty", (entity) => entity && read(entity), wanted);
  await addFromMenu(ann, "Empty");

  await addToIt(ann, "Light");
  await expectIt(({ light }) => light?.kind, "point");
  await ann.setNumber("Range", "5");
  await setColor(ann, "Colour", "#ff0000");
  await expectIt(({ light }) => [light?.range, ...rounded(light?.color)], [5, 1, 0, 0]);
  await select(ann, "Kind", "Spot");
  await ann.setNumber("Outer cone", "90");
  await ann.setNumber("Inner cone", "45");
  await expectIt(({ light }) => rounded([light!.inner_cone_angle, light!.outer_cone_angle]), [0.785, 1.571]);
  await select(ann, "Kind", "Sun");
  await ann.setNumber("Intensity", "3");
  await expectIt(({ light }) => [light?.kind, light?.intensity], ["directional", 3]);
  await page.getByRole("button", { name: "Remove light" }).click();
  await expectIt(({ light }) => light === undefined, true);

  await addToIt(ann, "Camera");
  await ann.setNumber("Aspect, 0 for the view’s", "1.5");
  await ann.setNumber("Near", "0.5");
  await ann.setNumber("Far, 0 for endless", "80");
  await expectIt(({ camera }) => [camera?.aspect_ratio, camera?.near, camera?.far], [1.5, 0.5, 80]);
  await select(ann, "Kind", "Orthographic");
  await ann.setNumber("Half width", "4");
  await ann.setNumber("Half height", "3");
  await expectIt(({ camera }) => [camera?.kind, camera?.x_magnification, camera?.y_magnification], [
    "orthographic",
    4,
    3,
  ]);
  await page.getByRole("button", { name: "Remove camera" }).click();
  await expectIt(({ camera }) => camera === undefined, true);
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});
