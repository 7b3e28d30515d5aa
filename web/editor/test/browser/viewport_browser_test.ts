// @vitest-environment node
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Page } from "playwright-core";
import type { Command, EntityId, Vec3 } from "@theta/client";
import type { Editor } from "../../src/editor.js";
import type { Viewport } from "../../src/viewport/viewport.js";
import type { FakeRoom } from "../fake_room.js";
import { TestBrowser } from "./browser.js";

// What `viewport_page.ts` puts there.
declare global {
  var room: FakeRoom, editor: Editor, view3d: Viewport;
}

const kTimeoutMs = 120_000;
let browser: TestBrowser;
let page: Page;

/** Resolves once no frame was drawn for some frames of the browser. */
async function settled(): Promise<void> {
  // The loop is in the page: what `waitForFunction` is given must not be a promise, which it takes for a yes.
  await page.evaluate(async () => {
    const nextFrame = () => new Promise((next) => requestAnimationFrame(next));
    const frames = () => globalThis.view3d?.stats().frames ?? 0;
    for (let before = 0, still = 0; still < 6; before = frames()) {
      await nextFrame();
      still = before > 0 && frames() === before && !globalThis.view3d.rig.travelling ? still + 1 : 0;
    }
  });
}

async function open(query: string, options: { hasTouch?: boolean } = {}): Promise<void> {
  page = await browser.open(`viewport.html?${query}`, options);
  await page.waitForFunction(() => globalThis.view3d?.stats().entities !== undefined, null, { timeout: kTimeoutMs });
  await settled();
}

const idOf = (name: string): Promise<EntityId> => page.evaluate((wanted) =>
  [...globalThis.room.scene.entities()].find((entity) => entity.name === wanted)!.id, name);
const positionOf = (name: string): Promise<Vec3> => page.evaluate((wanted) =>
  [...globalThis.room.scene.entities()].find((entity) => entity.name === wanted)!.transform.position, name);
/** Where a point of the world is on the screen, in CSS pixels. */
const onScreen = (point: Vec3): Promise<{ x: number; y: number }> => page.evaluate(([x, y, z]) => {
  const { position } = globalThis.view3d.rig.perspective;
  return globalThis.view3d.toPixels(position.clone().set(x, y, z));
}, [...point] as [number, number, number]);
/** Red, green, blue and opacity there, each up to 255. */
const pixelAt = (at: { x: number; y: number }): Promise<number[]> => page.evaluate(async ({ x, y }) => {
  const picture = await createImageBitmap(await globalThis.view3d.screenshot());
  const { width, height } = globalThis.view3d.canvas.getBoundingClientRect();
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const context = canvas.getContext("2d")!;
  context.drawImage(picture, 0, 0);
  const place = [(x / width) * picture.width, (y / height) * picture.height].map(Math.floor);
  return [...context.getImageData(place[0]!, place[1]!, 1, 1).data];
}, at);
const selection = (): Promise<readonly EntityId[]> => page.evaluate(() => globalThis.editor.selection.value);
/** The commands of gestures. */
const submitted = (): Promise<Command[]> => page.evaluate(() =>
  globalThis.room.submitted.filter(({ command }) => !["highlight_selection", "create_entities"].includes(command)));

async function choose(name: string, tool: string): Promise<void> {
  const id = await idOf(name);
  await page.evaluate(([chosen, wanted]) => {
    globalThis.editor.selection.value = [chosen!];
    globalThis.editor.tool.value = wanted as "move";
  }, [id, tool]);
  await settled();
}

/** Takes hold of the arm of an axis: two thirds out from the pivot. */
async function grab(pivot: Vec3, axis: Vec3): Promise<{ x: number; y: number }> {
  const arm = await page.evaluate(([x, y, z]) => {
    const place = globalThis.view3d.rig.perspective.position.clone().set(x!, y!, z!);
    return globalThis.view3d.rig.worldPerPixel(place) * 92 * 0.7;
  }, [...pivot]);
  const at = await onScreen([pivot[0] + axis[0] * arm, pivot[1] + axis[1] * arm, pivot[2] + axis[2] * arm]);
  await page.mouse.move(at.x, at.y);
  await page.mouse.down();
  return at;
}

beforeAll(async () => {
  browser = await TestBrowser.start();
  // The first page makes the server prepare what all of them need.
  await open("scene=empty");
  await page.close();
}, 3 * kTimeoutMs);
afterAll(async () => {
  await browser.stop();
});
beforeEach(() => {
  browser.problems.length = 0;
  return async () => {
    await page.close();
    expect(browser.problems).toEqual([]);
  };
});

describe("ten thousand entities", () => {
  it("take fewer than 300 draw calls, and none while nothing changes", { timeout: kTimeoutMs }, async () => {
    await open("scene=many");
    const stats = await page.evaluate(() => globalThis.view3d.stats());
    expect(stats.entities).toBe(10_000);
    expect(stats.triangles).toBeGreaterThan(100_000);
    expect(stats.drawCalls).toBeLessThan(300);
    await page.evaluate(() => {
      globalThis.editor.selection.value = [...globalThis.room.scene.entities()].slice(0, 3000).map(({ id }) => id);
    });
    await settled();
    expect(await page.evaluate(() => globalThis.view3d.stats().drawCalls)).toBeLessThan(300);
  });

  it("change one by one", { timeout: kTimeoutMs }, async () => {
    await open("scene=many");
    const before = await page.evaluate(() => globalThis.view3d.stats());
    await page.evaluate(() => {
      const ids = [...globalThis.room.scene.entities()].map(({ id }) => id);
      for (let at = 0; at < 1000; ++at)
        globalThis.room.remote({ command: "translate_by", targets: [ids[at * 7]!], offset: [0, 1, 0] });
    });
    await settled();
    const after = await page.evaluate(() => globalThis.view3d.stats());
    expect(after.frames - before.frames).toBeLessThan(5);
    expect(after.drawCalls).toBe(before.drawCalls);
  });
});

describe("what comes in", () => {
  const add = (scale: number, position: Vec3): Promise<EntityId> => page.evaluate(([size, at]) => {
    const { mesh } = [...globalThis.room.scene.entities()].find(({ name }) => name === "Box")!;
    const made = { name: "New", mesh: mesh!, scale: [size, size, size] as const, position: at };
    return globalThis.room.remote({ command: "create_entities", entities: [made] })[0]!;
  }, [scale, position] as const);
  const eye = (): Promise<{ distance: number; target: number[] }> => page.evaluate(() => {
    const { distance, target } = globalThis.view3d.rig;
    return { distance, target: target.toArray() };
  });
  const reveal = async (id: EntityId): Promise<void> => {
    await page.evaluate((each) => globalThis.view3d.reveal([each]), id);
    // It waits for the mesh, and draws nothing meanwhile.
    await page.waitForFunction(() => (globalThis.view3d as unknown as { revealing: unknown[] }).revealing.length === 0);
    await settled();
  };

  it("is brought into view when it is not, and leaves the eye where it is when it is", { timeout: kTimeoutMs },
    async () => {
      await open("scene=studio");
      const first = await eye();
      await reveal(await add(1, [0, 0.5, 0]));
      expect(await eye()).toEqual(first);
      await reveal(await add(300, [0, 0, 0]));
      const far = await eye();
      expect(far.distance).toBeGreaterThan(300);
      await reveal(await add(1, [900, 0, 0]));
      const beside = await eye();
      expect(beside.target[0]).toBeCloseTo(900, 0);
      expect(beside.distance).toBeLessThan(20);
    });
});

describe("a scene without lights", () => {
  it("stands in the light of a studio, which shines from above and is mirrored in metal", { timeout: kTimeoutMs },
    async () => {
      await open("scene=empty");
      await page.evaluate(async () => {
        const { room } = globalThis;
        const normals: number[] = [];
        const indices: number[] = [];
        const [around, down] = [48, 24];
        for (let row = 0; row <= down; ++row)
          for (let column = 0; column <= around; ++column) {
            const [pitch, yaw] = [(row / down) * Math.PI, (column / around) * 2 * Math.PI];
            normals.push(Math.sin(pitch) * Math.cos(yaw), Math.cos(pitch), Math.sin(pitch) * Math.sin(yaw));
            if (row === down || column === around) continue;
            const [at, below] = [row * (around + 1) + column, (row + 1) * (around + 1) + column];
            indices.push(at, at + 1, below, below, at + 1, below + 1);
          }
        const mesh = await room.storeMesh({
          positions: new Float32Array(normals), normals: new Float32Array(normals), indices: new Uint32Array(indices),
        });
        const base_color = [0.5, 0.5, 0.5, 1] as const;
        await room.create([
          { position: [-1.2, 1, 0], mesh, material: { base_color, metallic: 0, roughness: 1 } },
          { position: [1.2, 1, 0], mesh, material: { base_color, metallic: 1, roughness: 0.05 } },
        ]);
        globalThis.view3d.setView("front");
      });
      await settled();
      const column = async (x: number): Promise<number[]> => {
        const values: number[] = [];
        for (let y = 0.15; y < 1.9; y += 0.1) values.push((await pixelAt(await onScreen([x, y, 0])))[0]!);
        return values;
      };
      const [rough, mirror] = [await column(-1.2), await column(1.2)];
      expect(rough[0]).toBeGreaterThan(30);
      expect(rough.at(-1)).toBeGreaterThan(rough[0]! + 20);
      const steps = (values: number[]): number =>
        Math.max(...values.slice(1).map((value, at) => Math.abs(value - values[at]!)));
      expect(steps(mirror)).toBeGreaterThan(2 * steps(rough));
    });
});

describe("what is tried", () => {
  it("shows at once, here alone, and goes without a trace", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    const id = await idOf("Box");
    const at = await onScreen(await positionOf("Box"));
    const pixel = (): Promise<number[]> => pixelAt(at);
    const before = await pixel();
    await page.evaluate((each) => {
      const { material } = globalThis.room.scene.get(each)!;
      const green = { ...material!, base_color: [0, 1, 0, 1] as const };
      globalThis.editor.looks.value = new Map([[each, { material: green }]]);
    }, id);
    await settled();
    const [red, green, blue] = (await pixel()) as [number, number, number];
    expect(green).toBeGreaterThan(2 * Math.max(red, blue));
    expect(await submitted()).toEqual([]);
    await page.evaluate(() => void (globalThis.editor.looks.value = new Map()));
    await settled();
    expect(await pixel()).toEqual(before);
  });
});

describe("the panels", () => {
  it("are told where a gesture has things, until the scene has them there", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await choose("Box", "move");
    const position = await positionOf("Box");
    const told = (): Promise<[string, Vec3][]> => page.evaluate(() =>
      [...globalThis.editor.gesture.value].map(([id, { position: at }]) => [id, at]));
    expect(await told()).toEqual([]);
    const from = await grab(position, [0, 1, 0]);
    await page.mouse.move(from.x, from.y - 60, { steps: 4 });
    await settled();
    const [[id, at]] = (await told()) as [[string, Vec3]];
    expect([id, at[0], at[2]]).toEqual([await idOf("Box"), position[0], position[2]]);
    expect(at[1]).toBeGreaterThan(position[1] + 0.1);
    await page.mouse.up();
    await settled();
    expect(await told()).toEqual([]);
    expect((await positionOf("Box"))[1]).toBeCloseTo(at[1], 4);
  });
});

describe("choosing", () => {
  it("by click, with Shift and Control, beside everything, and with a box", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    const [box, cone, hidden] = [await idOf("Box"), await idOf("Cone"), await idOf("Hidden")];
    const click = async (name: string, modifiers: ("Shift" | "Control")[] = []): Promise<void> => {
      const at = await onScreen(await positionOf(name));
      for (const key of modifiers) await page.keyboard.down(key);
      await page.mouse.click(at.x, at.y);
      for (const key of modifiers) await page.keyboard.up(key);
    };
    await click("Box");
    expect(await selection()).toEqual([box]);
    await click("Cone", ["Shift"]);
    expect(await selection()).toEqual([box, cone]);
    await click("Box", ["Control"]);
    expect(await selection()).toEqual([cone]);
    await page.mouse.click(714, 6);
    expect(await selection()).toEqual([]);
    await page.mouse.move(5, 5);
    await page.mouse.down();
    await page.mouse.move(715, 475, { steps: 4 });
    await page.mouse.up();
    const all = await selection();
    expect(all).toContain(box);
    expect(all).toContain(await idOf("Lamp"));
    expect(all).not.toContain(hidden);
  });
});

describe("a gesture", () => {
  it("moves along its arm, is seen by others meanwhile, and is one command", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await choose("Box", "move");
    const before = await positionOf("Box");
    const at = await grab(before, [1, 0, 0]);
    const to = await onScreen([before[0] + 2, before[1], before[2]]);
    const from = await onScreen(before);
    await page.mouse.move(at.x + to.x - from.x, at.y + to.y - from.y, { steps: 8 });
    await page.waitForFunction(() => (globalThis.room.presences.at(-1)?.dragging?.length ?? 0) === 1);
    expect(await positionOf("Box")).toEqual(before);
    await page.mouse.up();
    await settled();
    const after = await positionOf("Box");
    expect(after[0] - before[0]).toBeGreaterThan(1);
    expect([after[1], after[2]]).toEqual([before[1], before[2]]);
    expect(await submitted()).toMatchObject([{ command: "translate_by", targets: [await idOf("Box")] }]);
    await page.waitForFunction(() => globalThis.room.presences.at(-1)?.dragging === undefined);
  });

  it("takes typed numbers and axis locks, and Escape takes it back", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await choose("Box", "move");
    const before = await positionOf("Box");
    await grab(before, [1, 0, 0]);
    for (const key of ["z", "1", ".", "5"]) await page.keyboard.press(key);
    await settled();
    expect(await page.locator(".viewport-hud").textContent()).toContain("Z 1.5");
    await page.keyboard.press("Enter");
    await page.mouse.up();
    await settled();
    expect(await positionOf("Box")).toEqual([before[0], before[1], before[2] + 1.5]);
    await grab(await positionOf("Box"), [1, 0, 0]);
    await page.mouse.move(400, 100, { steps: 3 });
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await settled();
    expect(await submitted()).toHaveLength(1);
  });

  it("goes on over what others change, and ends when they delete", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await choose("Box", "move");
    const before = await positionOf("Box");
    const at = await grab(before, [1, 0, 0]);
    await page.mouse.move(at.x + 40, at.y, { steps: 3 });
    const id = await idOf("Box");
    await page.evaluate((box) =>
      globalThis.room.remote({ command: "translate_by", targets: [box], offset: [0, 3, 0] }), id);
    await page.mouse.up();
    await settled();
    const after = await positionOf("Box");
    expect(after[1]).toBeCloseTo(before[1] + 3);
    expect(after[0]).not.toBeCloseTo(before[0]);
    await choose("Box", "move");
    await grab(after, [1, 0, 0]);
    await page.evaluate((box) => globalThis.room.remote({ command: "delete_entities", targets: [box] }), id);
    await page.mouse.move(300, 300);
    await page.mouse.up();
    await settled();
    expect(await submitted()).toHaveLength(1);
  });

  it("turns and scales", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await choose("Box", "scale");
    const at = await grab(await positionOf("Box"), [0, 1, 0]);
    await page.mouse.move(at.x, at.y - 60, { steps: 4 });
    await page.mouse.up();
    await settled();
    const scale = await page.evaluate((id) => globalThis.room.scene.get(id)!.transform.scale, await idOf("Box"));
    expect(scale[1]).toBeGreaterThan(1.3);
    expect(scale[0]).toBeCloseTo(1);
    await choose("Cone", "rotate");
    const middle = await onScreen(await positionOf("Cone"));
    // The outer ring turns around the view.
    await page.mouse.move(middle.x + 92 * 1.12, middle.y);
    await page.mouse.down();
    await page.mouse.move(middle.x, middle.y - 92 * 1.12, { steps: 8 });
    await page.mouse.up();
    await settled();
    expect((await submitted()).map(({ command }) => command)).toEqual(["set_transform", "rotate_by"]);
  });

  it("stays on the screen until the scene has it, on top of what was asked for before", { timeout: kTimeoutMs },
    async () => {
      await open("scene=studio");
      await choose("Box", "scale");
      const id = await idOf("Box");
      await page.evaluate((box) => {
        globalThis.room.lag();
        const double = { command: "scale_by", targets: [box], factor: [2, 2, 2] } as const;
        void globalThis.editor.perform("Scale “Box”", (step) => step.submit(double));
      }, id);
      const at = await grab(await positionOf("Box"), [0, 1, 0]);
      await page.mouse.move(at.x, at.y - 60, { steps: 4 });
      await page.mouse.up();
      await settled();
      const seen = (): Promise<number> =>
        page.evaluate((box) => globalThis.editor.gesture.value.get(box)!.scale[1], id);
      expect(await submitted()).toEqual([]);
      const factor = await seen();
      expect(factor).toBeGreaterThan(1.3);
      await page.evaluate(() => globalThis.room.answerNext());
      await settled();
      expect(await seen()).toBeGreaterThan(1.3);
      await page.evaluate(() => globalThis.room.answerAll());
      await settled();
      expect((await submitted()).map(({ command }) => command)).toEqual(["scale_by", "set_transform"]);
      const [x, y] = await page.evaluate((box) => globalThis.room.scene.get(box)!.transform.scale, id);
      expect([x, y / factor]).toEqual([2, expect.closeTo(2)]);
      expect(await page.evaluate(() => globalThis.editor.gesture.value.size)).toBe(0);
    });

  it("is none for a viewer", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await page.evaluate(() => globalThis.room.setStatus({ role: "viewer" }));
    await choose("Box", "move");
    const at = await grab(await positionOf("Box"), [1, 0, 0]);
    await page.mouse.move(at.x + 60, at.y, { steps: 3 });
    await page.mouse.up();
    expect(await submitted()).toEqual([]);
  });
});

describe("others", () => {
  it("show their names, and what they drag moves here", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    const id = await idOf("Torus");
    await page.evaluate((torus) => {
      globalThis.room.join({ session: 7, name: "Grace" });
      globalThis.room.receivePresence(7, {
        view: { position: [6, 3, 0], rotation: [0, 0, 0, 1] }, pointer: { origin: [6, 3, 0], target: [0, 0, 0] },
        dragging: [{ entity: torus, transform: { position: [0, 2, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] } }],
      });
    }, id);
    await page.waitForFunction((torus) => globalThis.view3d.graph.get(torus)!.world.elements[13]! > 1.9, id);
    expect(await page.locator(".viewport-person").textContent()).toBe("Grace");
    expect((await positionOf("Torus"))[1]).toBeLessThan(1);
    await page.evaluate((torus) => {
      globalThis.room.receivePresence(7, {});
      globalThis.room.remote({ command: "translate_by", targets: [torus], offset: [0, 2, 0] });
    }, id);
    await page.waitForFunction((torus) => globalThis.view3d.graph.get(torus)!.override === null, id);
    await page.evaluate(() => globalThis.room.leave(7));
    await settled();
    expect(await page.locator(".viewport-person").count()).toBe(0);
  });
});

describe("the view", () => {
  it("turns, pans, zooms, frames and looks along axes", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    const pose = (): Promise<string> => page.evaluate(() => JSON.stringify(globalThis.view3d.rig.pose()));
    const poses = [await pose()];
    const moved = async (): Promise<void> => {
      await settled();
      poses.push(await pose());
      expect(poses.at(-1)).not.toBe(poses.at(-2));
    };
    for (const button of ["middle", "right"] as const) {
      await page.mouse.move(300, 300);
      await page.mouse.down({ button });
      await page.mouse.move(360, 330, { steps: 3 });
      await page.mouse.up({ button });
      await moved();
    }
    await page.mouse.wheel(0, 120);
    await moved();
    await page.evaluate(() => globalThis.view3d.setView("top"));
    await moved();
    const box = await idOf("Box");
    await page.evaluate((id) => globalThis.view3d.frame([id]), box);
    await moved();
    await page.evaluate(() => globalThis.view3d.toggleOrtho());
    await settled();
    const blob = await page.evaluate(async () => (await globalThis.view3d.screenshot()).size);
    expect(blob).toBeGreaterThan(5000);
  });

  it("is back after the graphics were lost", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    const picture = async (): Promise<number> => page.evaluate(async () => (await globalThis.view3d.screenshot()).size);
    const before = await picture();
    await page.evaluate(async () => {
      const { canvas } = globalThis.view3d;
      const loss = canvas.getContext("webgl2")!.getExtension("WEBGL_lose_context")!;
      const event = (name: string): Promise<unknown> =>
        new Promise((resolve) => canvas.addEventListener(name, resolve, { once: true }));
      const lost = event("webglcontextlost");
      loss.loseContext();
      await lost;
      // It may be restored only when all have heard of it.
      await new Promise((next) => requestAnimationFrame(next));
      const restored = event("webglcontextrestored");
      loss.restoreContext();
      await restored;
    });
    await settled();
    expect(Math.abs((await picture()) - before)).toBeLessThan(before * 0.02);
  });

  it("shows the past read-only", { timeout: kTimeoutMs }, async () => {
    await open("scene=studio");
    await page.evaluate(async () => {
      const scene = await globalThis.room.sceneAt(globalThis.room.status.head);
      globalThis.room.remote({ command: "delete_entities", targets: [[...scene.entities()][1]!.id] });
      globalThis.editor.lookBack.value = { seq: globalThis.room.status.head - 1, scene };
    });
    await settled();
    expect(await page.evaluate(() => globalThis.view3d.stats().entities)).toBe(15);
    expect(await page.locator(".viewport.is-past").count()).toBe(1);
    await page.evaluate(() => (globalThis.editor.lookBack.value = null));
    await settled();
    expect(await page.evaluate(() => globalThis.view3d.stats().entities)).toBe(14);
  });
});

describe("a browser without WebGL", () => {
  it("is told so in a sentence", { timeout: kTimeoutMs }, async () => {
    const bare = await TestBrowser.start({ webgl: false });
    try {
      page = await bare.open("viewport.html?scene=empty");
      await expect.poll(() => bare.problems, { timeout: kTimeoutMs }).toEqual([expect.stringContaining("no WebGL 2")]);
    } finally {
      await bare.stop();
    }
  });
});
