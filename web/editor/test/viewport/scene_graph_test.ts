import { describe, expect, it } from "vitest";
import { Matrix4, Vector3 } from "three";
import { ROOT, type Command, type EntityId } from "@theta/client";
import { decomposeTransform, SceneGraph, type Node } from "../../src/viewport/scene_graph.js";
import type { Look } from "../../src/editor.js";
import { FakeScene, PLAIN_MATERIAL } from "../fake_scene.js";

function setUp(...entities: (Command & { command: "create_entities" })["entities"]):
  { scene: FakeScene; graph: SceneGraph; run: (command: Command) => void } {
  const scene = new FakeScene();
  const graph = new SceneGraph();
  const run = (command: Command): void => graph.apply(scene, scene.apply(command).change);
  run({ command: "create_entities", entities });
  graph.flush();
  return { scene, graph, run };
}

const worldOf = (graph: SceneGraph, id: EntityId): number[] =>
  new Vector3().setFromMatrixPosition(graph.get(id)!.world).toArray();

describe("the scene's hierarchy", () => {
  it("moves what lies below with what lies above", () => {
    const { graph, run } = setUp({ position: [1, 0, 0] }, { parent_index: 0, position: [0, 1, 0] }, {});
    run({ command: "translate_by", targets: ["1:1"], offset: [0, 0, 5] });
    const { moved, updated } = graph.flush();
    expect([...moved].map(({ id }) => id)).toEqual(["1:1", "1:2"]);
    expect([...updated].map(({ id }) => id)).toEqual(["1:1"]);
    expect(worldOf(graph, "1:2")).toEqual([1, 1, 5]);
  });

  it("shows what is tried on an entity until it is not tried any more, whatever happens to it meanwhile", () => {
    const red: Look = { material: { ...PLAIN_MATERIAL, base_color: [1, 0, 0, 1] } };
    const { scene, graph, run } = setUp({ material: { roughness: 0.3 } }, {});
    graph.setLooks(new Map([["1:1", red], ["1:3", red]]));
    expect([...graph.flush().updated].map(({ id }) => id)).toEqual(["1:1"]);
    expect(graph.get("1:1")!.entity.material).toBe(red.material);
    run({ command: "rename_entity", target: "1:1", name: "new" });
    graph.flush();
    expect(graph.get("1:1")!.entity).toMatchObject({ name: "new", material: red.material });
    run({ command: "create_entities", entities: [{}] });
    expect(graph.get("1:3")!.entity.material).toBe(red.material);
    graph.flush();
    graph.setLooks(new Map());
    expect([...graph.flush().updated].map(({ id }) => id).sort()).toEqual(["1:1", "1:3"]);
    for (const id of ["1:1", "1:3"]) expect(graph.get(id)!.entity).toBe(scene.get(id));
  });

  it("hides what lies below something hidden", () => {
    const { graph, run } = setUp({}, { parent_index: 0 }, { parent_index: 1 });
    run({ command: "set_visibility", targets: ["1:1"], visible: false });
    graph.flush();
    expect([...graph.nodes.values()].map(({ shown }) => shown)).toEqual([false, false, false]);
    run({ command: "reparent_entities", targets: ["1:2"], parent: "root" });
    graph.flush();
    expect(graph.get("1:3")!.shown).toBe(true);
  });

  it("walks over as many children as one author may put into one group", () => {
    const children = new Set<Node>();
    const group = { children } as unknown as Node;
    for (let made = 0; made < 200_000; ++made) children.add({ children: new Set<Node>() } as unknown as Node);
    let count = 0;
    for (const node of new SceneGraph().subtree(group)) count += node.children.size === 0 ? 1 : 0;
    expect(count).toBe(children.size);
  });

  it("tells of many changes once, and of what came and went in between not at all", () => {
    const { graph, run } = setUp({});
    for (let step = 0; step < 100; ++step) run({ command: "translate_by", targets: ["1:1"], offset: [1, 0, 0] });
    run({ command: "create_entities", entities: [{}] });
    run({ command: "delete_entities", targets: ["1:2"] });
    const change = graph.flush();
    expect([change.added.size, change.removed.size, change.updated.size, change.moved.size]).toEqual([0, 0, 1, 1]);
    expect(graph.dirty).toBe(false);
  });

  it("is the same after every change as read afresh", () => {
    const { scene, graph, run } = setUp({ position: [1, 2, 3] }, { parent_index: 0, scale: [2, 2, 2] },
      { parent_index: 1, position: [1, 0, 0] }, {});
    const commands: Command[] = [
      { command: "reparent_entities", targets: ["1:4"], parent: "1:3" },
      { command: "rotate_by", targets: ["1:1"], rotation: [0, 1, 0, 0] },
      { command: "duplicate_entities", targets: ["1:2"] },
      { command: "delete_entities", targets: ["1:3"] },
      { command: "reparent_entities", targets: ["1:2"], parent: "root", transforms: [{ position: [9, 9, 9] }] },
    ];
    for (const command of commands) {
      run(command);
      graph.flush();
      const fresh = new SceneGraph();
      fresh.reset(scene);
      fresh.flush();
      expect(new Set(graph.nodes.keys())).toEqual(new Set(fresh.nodes.keys()));
      for (const [id, node] of fresh.nodes) expect(graph.get(id)!.world.elements).toEqual(node.world.elements);
    }
  });

  it("shows an override over the entity's own transform, through updates, until it is taken away", () => {
    const { graph, run } = setUp({ position: [1, 0, 0] }, { parent_index: 0 });
    graph.setOverride("1:1", { position: [7, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] });
    run({ command: "translate_by", targets: ["1:1"], offset: [0, 3, 0] });
    graph.flush();
    expect(worldOf(graph, "1:2")).toEqual([7, 0, 0]);
    graph.setOverride("1:1", null);
    graph.flush();
    expect(worldOf(graph, "1:2")).toEqual([1, 3, 0]);
  });

  it("gives only the topmost of what is chosen to a gesture", () => {
    const { graph } = setUp({}, { parent_index: 0 }, { parent_index: 1 }, {});
    expect(graph.topmost(["1:3", "1:4", "1:1", "9:9"]).map(({ id }) => id)).toEqual(["1:4", "1:1"]);
  });

  it("goes sixteen thousand levels deep", () => {
    const scene = new FakeScene();
    scene.entities = function* () {
      for (let level = 1; level <= 16384; ++level)
        yield {
          id: `1:${level}`, parent: level === 1 ? ROOT : `1:${level - 1}`, name: "", visible: true, tags: [],
          transform: { position: [1, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] },
        };
    };
    const graph = new SceneGraph();
    graph.reset(scene);
    graph.flush();
    expect(worldOf(graph, "1:16384")).toEqual([16384, 0, 0]);
  });

  it("takes a matrix apart as it was put together", () => {
    const transform = { position: [1, 2, 3], rotation: [0, 0.6, 0, 0.8], scale: [2, 3, 4] } as const;
    const { graph } = setUp(transform);
    const apart = decomposeTransform(graph.get("1:1")!.world.clone().multiply(new Matrix4()));
    expect(apart.scale.map((value) => Math.round(value * 1e6) / 1e6)).toEqual([2, 3, 4]);
  });
});
