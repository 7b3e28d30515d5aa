import fs from "node:fs";
import path from "node:path";
import { theta } from "./support/processes.js";
import { expectOneState } from "./support/rooms.js";
import type { Entity } from "@theta/client";
import type { Person } from "./support/pages.js";
import { expect, test } from "./support/test.js";
import {
  addFromMenu,
  drag,
  dropFiles,
  expectNear,
  expectSeen,
  frameAll,
  handleOf,
  poseOf,
  press,
  put,
  ringOf,
  rounded,
  settled,
  spotOf,
} from "./support/view.js";

/**
 * Every tool of the editor as a person uses it, with mouse, keys and fingers in a real browser against a real hub. What
 * came of it is read in the browser of somebody else.
 */

const kModels = "/usr/share/assimp/models";

test("everything that can be added is there for the others", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const solids = ["Cube", "Sphere", "Icosphere", "Cylinder", "Cone", "Torus", "Plane"];
  const lights = { "Point light": "point", "Spot light": "spot", Sun: "directional" };
  for (const label of [...solids, ...Object.keys(lights), "Camera", "Empty"]) await addFromMenu(ann, label);
  for (const label of solids) await expectSeen(bob, label, (entity) => entity?.mesh !== undefined, true);
  expect(new Set(await Promise.all(solids.map(async (label) => (await bob.entity(label))?.mesh))).size).toBe(7);
  for (const [label, kind] of Object.entries(lights))
    await expectSeen(bob, label, (entity) => entity?.light?.kind, kind);
  await expectSeen(bob, "Camera", (entity) => entity?.camera?.kind, "perspective");
  await expectSeen(bob, "Empty", (entity) => entity?.name, "Empty");
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("choosing and the tools for moving, turning and scaling", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await put(ann, "One", [-2, 0.5, 0]);
  await put(ann, "Two", [2, 0.5, 0]);
  await press(ann, "Escape");
  await frameAll(ann);

  await test.step("a click chooses, Shift adds, empty ground lets go, a box takes what it holds", async () => {
    const one = await spotOf(ann.page, [-2, 0.5, 0]);
    const two = await spotOf(ann.page, [2, 0.5, 0]);
    await ann.page.mouse.click(one.x, one.y);
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["One"]);
    await expect(bob.row("One").getByRole("img", { name: "chosen by Ann" })).toBeVisible();
    await ann.page.keyboard.down("Shift");
    await ann.page.mouse.click(two.x, two.y);
    await ann.page.keyboard.up("Shift");
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["One", "Two"]);
    const { x, y, width, height } = (await ann.page.locator("canvas").boundingBox())!;
    const corner = { x: x + 12, y: y + 60 };
    await ann.page.mouse.click(corner.x, corner.y);
    await expect.poll(() => bob.selectionOf("Ann")).toEqual([]);
    await drag(ann, corner, { x: x + width - 12, y: y + height - 12 });
    await expect.poll(() => bob.selectionOf("Ann")).toEqual(["One", "Two"]);
    await expect(bob.page.getByRole("img", { name: "chosen by Ann" })).toHaveCount(2);
});

  await test.step("an arrow of the gizmo moves along its axis, and the other sees it on the way", async () => {
    await ann.choose("One");
    await press(ann, "w");
    const handle = await handleOf(ann, "One", "x");
    const id = await ann.idOf("One");
    await drag(ann, handle.from, await handle.by(1), async () => {
      await expect
        .poll(async () => (await bob.participant("Ann"))?.presence?.dragging?.map(({ entity }) => entity))
        .toEqual([id]);
      expect(rounded(await bob.positionOf("One"))).toEqual([-2, 0.5, 0]);
    });
    await expectNear(() => bob.positionOf("One"), [-1, 0.5, 0]);
    expect(rounded(await bob.positionOf("One")).slice(1)).toEqual([0.5, 0]);
    await expect.poll(async () => (await bob.participant("Ann"))?.presence?.dragging ?? []).toEqual([]);
});

  await test.step("a number typed on the way is taken as it is, and keys lock an axis", async () => {
    const handle = await handleOf(ann, "One", "x");
    await drag(ann, handle.from, await handle.by(0.4), async () => {
      await ann.page.keyboard.type("-2.5");
      await ann.page.keyboard.press("Enter");
    });
    await expectNear(() => bob.positionOf("One"), [-3.5, 0.5, 0]);
    const again = await handleOf(ann, "One", "x");
    await drag(ann, again.from, await again.by(0.2), async () => {
      await ann.page.keyboard.press("y");
      await ann.page.keyboard.type("3");
      await ann.page.keyboard.press("Enter");
    });
    await expectSeen(bob, "One", (entity) => rounded(entity?.transform.position)[1], 3.5);
    expect(rounded(await bob.positionOf("One"))[2]).toBe(0);
});

  await test.step("Escape on the way leaves everything as it was", async () => {
    await frameAll(ann);
    const before = await bob.positionOf("One");
    const handle = await handleOf(ann, "One", "z");
    await drag(ann, handle.from, await handle.by(1), () => ann.page.keyboard.press("Escape"));
    await ann.idle();
    expect(await ann.positionOf("One")).toEqual(before);
});

  await test.step("snapping goes by steps of the grid and of the angle", async () => {
    await ann.choose("Two");
    await press(ann, "n");
    const handle = await handleOf(ann, "Two", "x");
    await drag(ann, handle.from, await handle.by(0.9));
    await expectSeen(bob, "Two", (entity) => rounded(entity?.transform.position), [3, 0.5, 0]);
    await press(ann, "e");
    await drag(ann, await ringOf(ann, "Two", 22), await ringOf(ann, "Two", 50));
    // 28 degrees of the pointer are two steps of 15 about the upright axis.
    const half = (15 * Math.PI) / 180;
    await expectSeen(bob, "Two", (entity) => rounded(entity?.transform.rotation),
      rounded([0, Math.sin(half), 0, Math.cos(half)])
    );
    await press(ann, "n");
});

  await test.step("scaling along one axis, and along the object's own axes while it is turned", async () => {
    await ann.setNumber("Rotation Y", "90");
    await expectSeen(bob, "Two", (entity) => rounded(entity?.transform.rotation)[1], 0.707);
    await settled(ann);
    await press(ann, "r");
    // Its own x looks along -z of the world now.
    const handle = await handleOf(ann, "Two", "x", [0, 0, -1]);
    await drag(ann, handle.from, await handle.by(0.8));
    await expect.poll(async () => (await bob.entity("Two"))!.transform.scale[0]).toBeGreaterThan(1.2);
    expect(rounded((await bob.entity("Two"))!.transform.scale).slice(1)).toEqual([1, 1]);
});

  await test.step("local axes are the object's, world axes the world's", async () => {
    await press(ann, "w");
    await press(ann, "x");
    await expect(ann.page.getByRole("radio", { name: "Local axes" })).toBeChecked();
    const before = rounded(await ann.positionOf("Two"));
    const handle = await handleOf(ann, "Two", "x", [0, 0, -1]);
    await drag(ann, handle.from, await handle.by(1));
    await expectNear(() => bob.positionOf("Two"), [before[0]!, before[1]!, before[2]! - 1]);
    expect(rounded(await bob.positionOf("Two")).slice(0, 2)).toEqual(before.slice(0, 2));
});
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("turning, shifting, zooming and framing the view, which the others see", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await put(ann, "One", [0, 0.5, 0]);
  await frameAll(ann);
  const view = async () => (await bob.participant("Ann"))?.presence?.view;
  const from = { x: 480, y: 300 };
  const to = { x: 560, y: 340 };
  const poses: string[] = [];
  const changed = async (part: "position" | "rotation") => {
    const before = JSON.stringify((await view())?.[part]);
    return async () => expect.poll(async () => JSON.stringify((await view())?.[part])).not.toBe(before);
  };
  await ann.page.mouse.move(from.x, from.y);
  await expect.poll(async () => (await view())?.position.length).toBe(3);

  const turned = await changed("rotation");
  await drag(ann, from, to, undefined, "middle");
  await turned();
  const rotation = await poseOf(ann, "rotation");
  const differs = (seen: readonly number[] | undefined) =>
    Math.max(...(seen ?? [9]).map((part, place) => Math.abs(part - rotation[place]!)));
  await expect.poll(async () => differs((await view())?.rotation)).toBeLessThan(1e-3);
  for (const act of [
    async () => {
      await ann.page.keyboard.down("Shift");
      await drag(ann, from, to, undefined, "middle");
      await ann.page.keyboard.up("Shift");
    },
    () => ann.page.mouse.wheel(0, -360),
    () => frameAll(ann),
  ]) {
    const moved = await changed("position");
    await act();
    await moved();
    expect(differs((await view())?.rotation)).toBeLessThan(1e-3);
    poses.push(JSON.stringify((await view())?.position));
  }
  expect(new Set(poses).size).toBe(3);
  const fromAbove = await changed("rotation");
  await press(ann, "7");
  await settled(ann);
  await fromAbove();

  await bob.page.getByRole("tab", { name: /People/ }).click();
  await bob.page.getByRole("button", { name: "Follow the view of Ann" }).click();
  await expectNearRotation(ann, bob);
  await expect(bob.page.getByRole("status", { name: "State of the connection" })).toContainText("what Ann sees");
  for (const person of [ann, bob]) person.expectNoComplaints();
});

/** Presence carries a turn in fewer digits than the view has. */
async function expectNearRotation(of: Person, by: Person): Promise<void> {
  const wanted = await poseOf(of, "rotation");
  await expect
    .poll(async () => Math.max(...(await poseOf(by, "rotation")).map((part, at) => Math.abs(part - wanted[at]!))))
    .toBeLessThan(1e-3);
}

test("the outliner: names, parents, groups, copies, what is hidden and what is searched", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  for (const name of ["Table", "Lamp", "Chair"]) {
    await addFromMenu(ann, "Empty");
    await press(ann, "F2");
    await ann.page.getByRole("textbox", { name: /^New name of/ }).fill(name);
    await ann.page.keyboard.press("Enter");
    await bob.sees(name);
  }

  await test.step("a row that is dragged onto another one comes below it, and undo and redo", async () => {
    const from = (await ann.row("Lamp").boundingBox())!;
    const onto = (await ann.row("Table").boundingBox())!;
    await drag(
      ann,
      { x: from.x + 80, y: from.y + from.height / 2 },
      { x: onto.x + 80, y: onto.y + onto.height / 2 },
    );
    await expect.poll(() => bob.parentOf("Lamp")).toBe("Table");
    await press(ann, "Control+z");
    await expect.poll(() => bob.parentOf("Lamp")).toBe("");
    await press(ann, "Control+Shift+z");
    await expect.poll(() => bob.parentOf("Lamp")).toBe("Table");
});
  await test.step("move to, by the keyboard alone", async () => {
    await ann.choose("Chair");
    await press(ann, "m");
    await ann.page.getByRole("combobox", { name: "Type the new parent’s name" }).fill("table");
    await ann.page.keyboard.press("Enter");
    await expect.poll(() => bob.parentOf("Chair")).toBe("Table");
});
  await test.step("hide and show", async () => {
    await ann.row("Lamp").hover();
    await ann.page.getByRole("button", { name: "Hide Lamp" }).click();
    await expectSeen(bob, "Lamp", (entity) => entity?.visible, false);
    await ann.page.getByRole("button", { name: "Show Lamp" }).click();
    await expectSeen(bob, "Lamp", (entity) => entity?.visible, true);
    await press(ann, "h");
    await expectSeen(bob, "Chair", (entity) => entity?.visible, false);
});
  await test.step("duplicate, group, ungroup, delete", async () => {
    await ann.choose("Lamp");
    await press(ann, "Control+d");
    await expect.poll(async () => (await bob.names()).filter((name) => name.startsWith("Lamp")).length).toBe(2);
    await ann.row("Lamp").first().click();
    await ann.row("Chair").click({ modifiers: ["Control"] });
    await press(ann, "Control+g");
    await expect.poll(() => bob.parentOf("Chair")).toBe("Group");
    await press(ann, "Control+Shift+g");
    await expect.poll(() => bob.parentOf("Chair")).toBe("Table");
    await expect.poll(() => bob.names()).not.toContain("Group");
    await ann.choose("Chair");
    await press(ann, "Delete");
    await expect.poll(() => bob.names()).not.toContain("Chair");
});
  await test.step("search", async () => {
    const search = ann.page.getByRole("searchbox", { name: "Search the outliner" });
    await search.fill("tabl");
    await expect(ann.page.getByRole("treeitem")).toHaveCount(1);
    await search.fill("");
});
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("the inspector: transform, material, light, camera, tags", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const { page } = ann;
  await addFromMenu(ann, "Cube");
  await ann.setNumber("Position Y", "2*1.5");
  await ann.setNumber("Scale Z", "4");
  await expectSeen(bob, "Cube", (entity) => rounded(entity?.transform.position)[1], 3);
  await expectSeen(bob, "Cube", (entity) => rounded(entity?.transform.scale), [1, 1, 4]);

  const field = (await page.getByRole("spinbutton", { name: "Position X", exact: true }).boundingBox())!;
  const before = (await ann.positionOf("Cube"))[0]!;
  const from = { x: field.x + field.width / 2, y: field.y + field.height / 2 };
  await page.getByRole("spinbutton", { name: "Scale Z", exact: true }).blur();
  await drag(ann, from, { x: from.x + 40, y: from.y }, async () => {
    await expect.poll(async () => (await bob.participant("Ann"))?.presence?.dragging?.length).toBe(1);
});
  await expectSeen(bob, "Cube", (entity) => rounded(entity?.transform.position)[0], rounded([before + 0.5])[0]);

  const material = page.getByRole("region", { name: "Material" });
  const hex = material.getByLabel("Colour, hexadecimal");
  await hex.fill("#ff0000");
  await hex.press("Enter");
  await expectSeen(bob, "Cube", (entity) => rounded(entity?.material?.base_color), [1, 0, 0, 1]);
  await ann.setNumber("Metallic", "0.75");
  await ann.setNumber("Roughness", "0.25");
  await expectSeen(bob, "Cube", (entity) => rounded([entity?.material?.metallic, entity?.material?.roughness]), [
    0.75, 0.25,
  ]);
  const tags = page.getByRole("textbox", { name: "Add tags, separated by commas" });
  await tags.fill("red, tall");
  await tags.press("Enter");
  await expectSeen(bob, "Cube", (entity) => [...(entity?.tags ?? [])].sort(), ["red", "tall"]);
  await page.getByRole("button", { name: "Remove tag red" }).click();
  await expectSeen(bob, "Cube", (entity) => entity?.tags, ["tall"]);

  await addFromMenu(ann, "Spot light");
  await ann.setNumber("Intensity", "250");
  await ann.setNumber("Outer cone", "45");
  await expectSeen(bob, "Spot light", (entity) => entity?.light?.intensity, 250);
  await expectSeen(bob, "Spot light", (entity) => rounded([entity?.light?.outer_cone_angle])[0], 0.785);
  await addFromMenu(ann, "Camera");
  await ann.setNumber("Vertical angle", "60");
  const fieldOf = (entity?: Entity) =>
    entity?.camera?.kind === "perspective" ? entity.camera.vertical_fov : undefined;
  await expectSeen(bob, "Camera", (entity) => rounded([fieldOf(entity)]), [1.047]);
  await page.getByRole("button", { name: "Look through" }).click();
  await expect(page.getByRole("status", { name: "State of the connection" })).toContainText("through a camera");
  await press(ann, "c");
  await expect(page.getByRole("status", { name: "State of the connection" })).toBeEmpty();
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("files come in by dialog and by drop, and go out as GLB", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  const meshes = async () =>
    bob.page.evaluate(() => [...globalThis.theta.room.scene.entities()].filter(({ mesh }) => mesh).length);
  const pick = async (...files: string[]) => {
    const dialog = ann.page.waitForEvent("filechooser");
    await ann.page.getByRole("button", { name: "Import…" }).click();
    await (await dialog).setFiles(files.map((file) => path.join(kModels, file)));
  };
  await pick("glTF2/BoxTextured-glTF-Binary/BoxTextured.glb");
  await expect.poll(meshes).toBe(1);
  const place = { x: 480, y: 420 };
  let known = 1;
  const drop = (...files: string[]) =>
    dropFiles(
      ann,
      files.map((file) => ({ name: path.basename(file), bytes: fs.readFileSync(path.join(kModels, file)) })),
      place,
    );
  const gltf = ["BoxTextured.gltf", "BoxTextured0.bin", "CesiumLogoFlat.png"];
  for (const files of [
    ["glTF2/BoxTextured-glTF-Binary/BoxTextured.glb"],
    gltf.map((file) => `glTF2/BoxTextured-glTF/${file}`),
    ["OBJ/box.obj"],
    ["PLY/cube.ply"],
    ["STL/Spider_ascii.stl"],
  ]) {
    await drop(...files);
    await expect.poll(meshes, { message: files.join(", ") }).toBeGreaterThan(known);
    known = await meshes();
  }
  const messages = ann.page.getByRole("status", { name: "Messages" });
  await dropFiles(ann, [{ name: "junk.glb", bytes: Buffer.from("this is no model") }], place);
  await expect(messages).toContainText(/junk\.glb.*(GLB|glTF)/);
  await dropFiles(ann, [{ name: "notes.txt", bytes: Buffer.from("nor is this") }], place);
  await expect(messages).toContainText(/GLB, glTF/);
  expect(await meshes()).toBe(known);

  const save = async (name: string, ask: () => Promise<void>) => {
    const waiting = ann.page.waitForEvent("download");
    await ask();
    const file = path.join(room.folder, name);
    await (await waiting).saveAs(file);
    return file;
  };
  const scene = await save("scene.glb", () => ann.page.getByRole("button", { name: "Export scene as GLB" }).click());
  const bytes = fs.readFileSync(scene);
  expect(bytes.subarray(0, 4).toString("latin1")).toBe("glTF");
  expect(bytes.readUInt32LE(8)).toBe(bytes.length);
  theta("import", room.link, scene, "--data", path.join(room.folder, "importer"));
  await expect.poll(meshes).toBe(2 * known);
  await addFromMenu(ann, "Cone");
  const cone = await save("cone.glb", async () => {
    await ann.row("Cone").click({ button: "right" });
    await ann.page.getByRole("menuitem", { name: "Export selection as GLB" }).click();
  });
  await dropFiles(ann, [{ name: "cone.glb", bytes: fs.readFileSync(cone) }], place);
  const cones = () =>
    bob.page.evaluate(() => {
      const entities = [...globalThis.theta.room.scene.entities()];
      const { mesh } = entities.find(({ name }) => name === "Cone")!;
      return entities.filter((each) => each.mesh === mesh).length;
    });
  // What comes back is the very asset that went out.
  await expect.poll(cones).toBe(2);
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("help, palette, theme and the keyboard", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const { page } = ann;
  await press(ann, "?");
  await expect(page.getByRole("dialog", { name: "Keys and gestures" })).toContainText("Drag a coloured handle");
  await page.keyboard.press("Escape");
  await press(ann, "Control+k");
  await page.getByRole("combobox", { name: "Type what you want to do" }).fill("torus");
  await page.keyboard.press("Enter");
  await ann.sees("Torus");
  const shown = () => page.evaluate(() => document.documentElement.dataset["theme"]);
  const first = await shown();
  await press(ann, "Alt+t");
  await expect.poll(shown).not.toBe(first);
  ann.expectNoComplaints();
});
