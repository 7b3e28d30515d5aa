import { describe, expect, it } from "vitest";
import { InstancedMesh, Matrix4, Ray, Vector3, type BatchedMesh, type Mesh } from "three";
import type { AssetId, Command, EntityId, NewEntity } from "@theta/client";
import { makePrimitive } from "../../src/primitives.js";
import { makeDrawGeometry, type GeometryCache } from "../../src/viewport/geometry_cache.js";
import { MeshLayer } from "../../src/viewport/mesh_layer.js";
import { pickMesh } from "../../src/viewport/picking.js";
import { SceneGraph } from "../../src/viewport/scene_graph.js";
import type { TextureCache } from "../../src/viewport/texture_cache.js";
import { FakeScene } from "../fake_scene.js";

const kBox = makePrimitive("box");
const none = { request: () => undefined } as unknown as TextureCache;

/** Meshes by their names: those that begin with "late" arrive when asked for, all others at once. */
class Stage {
  readonly scene = new FakeScene();
  readonly graph = new SceneGraph();
  private readonly ready = new Map<AssetId, ReturnType<typeof makeDrawGeometry>>();
  readonly layer = new MeshLayer({
    request: (asset: AssetId) => {
      if (asset.startsWith("late")) return this.ready.get(asset);
      if (!this.ready.has(asset)) this.ready.set(asset, makeDrawGeometry(asset, kBox));
      return this.ready.get(asset);
    },
  } as unknown as GeometryCache, none);

  run(command: Command): readonly EntityId[] {
    const { change, ids } = this.scene.apply(command);
    this.graph.apply(this.scene, change);
    this.layer.apply(this.graph.flush());
    this.check();
    return ids;
  }

  create(...entities: NewEntity[]): readonly EntityId[] {
    return this.run({ command: "create_entities", entities });
  }

  arrive(asset: AssetId): void {
    const geometry = makeDrawGeometry(asset, kBox);
    this.ready.set(asset, geometry);
    this.layer.loaded(geometry);
    this.check();
  }

  get textures(): string[] {
    return [...this.layer.usedTextures()].sort();
  }

  get calls(): number {
    return this.layer.groupCount;
  }

  drawn(): string[] {
    return [...this.layer.drawn()].map(([node]) => node.id).sort();
  }

  /** Whatever happened: each slot is used once, and every matrix in it is that of the node. */
  check(): void {
    const used = new Set<string>();
    const matrix = new Matrix4();
    for (const [node, { group, slot }] of this.layer.drawn()) {
      const object = group.object as Mesh & (InstancedMesh | BatchedMesh);
      const key = `${object.id}/${slot}`;
      if (used.has(key)) throw new Error(`slot ${key} is used twice`);
      used.add(key);
      object.getMatrixAt(slot, matrix);
      matrix.premultiply(object.matrixWorld).elements.forEach((value, at) =>
        expect(value).toBeCloseTo(node.world.elements[at]!, 5));
    }
    const sizes = this.layer.object.children.map((each) => each instanceof InstancedMesh ? each.count :
      (each as BatchedMesh).instanceCount);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(used.size);
  }
}

describe("the draw calls of a scene", () => {
  it("are one for a thousand entities of one mesh in a thousand colours", () => {
    const stage = new Stage();
    stage.create(...Array.from({ length: 1000 }, (_, at): NewEntity => ({
      mesh: "box", position: [at, 0, 0], material: { base_color: [at / 1000, 0, 0, 1], roughness: at / 1000 },
    })));
    expect(stage.calls).toBe(1);
    expect(stage.layer.object.children[0]).toBeInstanceOf(InstancedMesh);
  });

  it("are one for a thousand different meshes", () => {
    const stage = new Stage();
    stage.create(...Array.from({ length: 1000 }, (_, at): NewEntity => ({ mesh: `mesh ${at}`, position: [at, 0, 0] })));
    expect(stage.calls).toBe(1);
    expect(stage.layer.object.children[0]).not.toBeInstanceOf(InstancedMesh);
  });

  it("divide by what cannot differ within one: blending, sides, textures, mirroring", () => {
    const stage = new Stage();
    stage.create({ mesh: "a" }, { mesh: "a", material: { alpha_mode: "blend" } }, { mesh: "a", scale: [-1, 1, 1] },
      { mesh: "a", material: { double_sided: true } }, { mesh: "a", material: { base_color_texture: "t" } });
    expect(stage.calls).toBe(5);
  });

  it("hold the textures that are shown, and no others", () => {
    const stage = new Stage();
    const [a, b] = stage.create(
      { mesh: "a", material: { base_color_texture: "t", normal_texture: "n" } },
      { mesh: "a", material: { base_color_texture: "t" } },
    );
    expect(stage.textures).toEqual(["n", "t"]);
    stage.run({ command: "delete_entities", targets: [a!] });
    expect(stage.textures).toEqual(["t"]);
    stage.run({ command: "set_material", targets: [b!], material: {} });
    expect(stage.textures).toEqual([]);
  });

  it("follow what is moved, hidden, recoloured, mirrored, deleted and brought back", () => {
    const stage = new Stage();
    const ids = stage.create(...Array.from({ length: 40 }, (_, at): NewEntity => ({
      mesh: `mesh ${at % 12}`, position: [at, 0, 0],
    })));
    const some = (step: number, of: number): EntityId[] => ids.filter((_, at) => at % of === step % of);
    for (let step = 0; step < 12; ++step) {
      stage.run({ command: "translate_by", targets: some(step, 3), offset: [0, 1, 0] });
      stage.run({ command: "set_visibility", targets: some(step, 4), visible: step % 2 === 0 });
      stage.run({ command: "set_material", targets: some(step, 5), material: { base_color: [1, step / 12, 0, 1] } });
      stage.run({ command: "scale_by", targets: some(step, 7), factor: [-1, 1, 1] });
      stage.run({ command: "set_mesh", targets: some(step, 6), mesh: step % 3 === 0 ? null : `mesh ${step}` });
    }
    const shown = [...stage.scene.entities()].filter(({ visible, mesh }) => visible && mesh !== undefined);
    expect(stage.drawn()).toEqual(shown.map(({ id }) => id).sort());
    stage.run({ command: "delete_entities", targets: ids });
    expect(stage.calls).toBe(0);
    expect(stage.layer.object.children).toEqual([]);
  });

  it("keep a blended mesh in a batch, which can put its members in order", () => {
    const stage = new Stage();
    stage.create(...Array.from({ length: 20 }, (): NewEntity => ({ mesh: "a", material: { alpha_mode: "blend" } })));
    expect(stage.layer.object.children[0]).toMatchObject({ isBatchedMesh: true, sortObjects: true });
  });

  it("take in a mesh when it arrives, unless its entity has gone or has another one", () => {
    const stage = new Stage();
    const [stays, goes, changes] = stage.create({ mesh: "late" }, { mesh: "late" }, { mesh: "late" });
    expect(stage.drawn()).toEqual([]);
    stage.run({ command: "delete_entities", targets: [goes!] });
    stage.run({ command: "set_mesh", targets: [changes!], mesh: "other" });
    stage.arrive("late");
    expect(stage.drawn()).toEqual([stays, changes].sort());
    expect(stage.layer.usedMeshes()).toEqual(new Set(["late", "other"]));
  });

  it("carry highlights along from slot to slot", () => {
    const stage = new Stage();
    const ids = stage.create(...Array.from({ length: 8 }, (): NewEntity => ({ mesh: "a" })));
    const color = [1, 0, 0] as const;
    stage.layer.setHighlights(new Map([[ids[7]!, color], [ids[6]!, color]]), (id) => stage.graph.get(id));
    stage.run({ command: "delete_entities", targets: [ids[0]!, ids[7]!] });
    expect([...stage.layer.drawn()][0]![1].group.highlighted).toBe(1);
    stage.run({ command: "set_visibility", targets: [ids[6]!], visible: false });
    expect(stage.layer.anyHighlighted).toBe(false);
    stage.run({ command: "set_visibility", targets: [ids[6]!], visible: true });
    expect(stage.layer.anyHighlighted).toBe(true);
  });
});

describe("picking", () => {
  const down = (x: number): Ray => new Ray(new Vector3(x, 10, 0), new Vector3(0, -1, 0));

  it("hits the nearest triangle of what is shown, instanced or not", () => {
    const stage = new Stage();
    const row = Array.from({ length: 6 }, (_, at): NewEntity => ({ mesh: "a", position: [at * 2, 0, 0] }));
    const ids = stage.create(...row, { mesh: "b", position: [2, 1, 0] });
    expect(pickMesh(down(2), stage.layer.drawn())?.node.id).toBe(ids[6]);
    expect(pickMesh(down(4), stage.layer.drawn())?.node.id).toBe(ids[2]);
    expect(pickMesh(down(3), stage.layer.drawn())).toBeNull();
    stage.run({ command: "set_visibility", targets: [ids[6]!], visible: false });
    expect(pickMesh(down(2), stage.layer.drawn())?.node.id).toBe(ids[1]);
  });

  it("is exact: a box's sphere is not enough", () => {
    const stage = new Stage();
    stage.create({ mesh: "a" });
    expect(pickMesh(down(0.49), stage.layer.drawn())).not.toBeNull();
    expect(pickMesh(down(0.51), stage.layer.drawn())).toBeNull();
  });
});
