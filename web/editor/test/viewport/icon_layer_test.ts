import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Command } from "@theta/client";
import { IconLayer } from "../../src/viewport/icon_layer.js";
import { SceneGraph } from "../../src/viewport/scene_graph.js";
import { FakeScene } from "../fake_scene.js";

/** The icons' pictures are drawn on a canvas, which the tests' page does not have. */
beforeEach(() => {
  const pen = new Proxy({}, { get: () => () => undefined, set: () => true });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(pen as never);
});
afterEach(() => vi.restoreAllMocks());

function setUp(...entities: (Command & { command: "create_entities" })["entities"]) {
  const scene = new FakeScene();
  const graph = new SceneGraph();
  const icons = new IconLayer();
  const run = (command: Command): void => {
    graph.apply(scene, scene.apply(command).change);
    icons.apply(graph.flush());
  };
  run({ command: "create_entities", entities });
  return { run, shown: () => [...icons.all()].map(({ id }) => id).sort() };
}

describe("icons", () => {
  it("stand for what has no mesh, but not for a group that has something in it", () => {
    const { shown } = setUp({}, { parent_index: 0 }, { light: { kind: "point" } }, { mesh: "ab".repeat(32) });
    expect(shown()).toEqual(["1:2", "1:3"]);
  });

  it("come back to a group that was emptied, and go when something comes in", () => {
    const { run, shown } = setUp({}, { parent_index: 0 }, {});
    run({ command: "delete_entities", targets: ["1:2"] });
    expect(shown()).toEqual(["1:1", "1:3"]);
    run({ command: "reparent_entities", targets: ["1:3"], parent: "1:1" });
    expect(shown()).toEqual(["1:3"]);
    run({ command: "reparent_entities", targets: ["1:3"], parent: "root" });
    expect(shown()).toEqual(["1:1", "1:3"]);
  });

  it("stand for a light that others hang on", () => {
    const { shown } = setUp({ light: { kind: "point" } }, { parent_index: 0 });
    expect(shown()).toEqual(["1:1", "1:2"]);
  });
});
