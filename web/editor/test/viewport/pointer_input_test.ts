import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isTrackpad, PointerInput, type PointerActions } from "../../src/viewport/pointer_input.js";

type Call = readonly [name: string, ...values: unknown[]];

let calls: Call[];
let canvas: HTMLCanvasElement;
let input: PointerInput;
let handleHere = false;
let boxByTouch = false;

beforeEach(() => {
  calls = [];
  handleHere = boxByTouch = false;
  canvas = document.body.appendChild(document.createElement("canvas"));
  canvas.setPointerCapture = () => undefined;
  const note = (name: string) => (...values: unknown[]) => void calls.push([name, ...values]);
  const actions: PointerActions = {
    beginDrag: () => handleHere, drag: note("drag"), endDrag: note("endDrag"), isDragging: () => false,
    orbit: note("orbit"), pan: note("pan"), zoom: note("zoom"), click: note("click"), doubleClick: note("doubleClick"),
    box: note("box"), endBox: note("endBox"), contextMenu: note("contextMenu"), hover: note("hover"),
    touchBoxes: () => boxByTouch,
  };
  input = new PointerInput(canvas, actions);
});
afterEach(() => {
  input.dispose();
  canvas.remove();
});

function send(type: string, x: number, y: number, rest: object = {}): void {
  const event = new Event(type, { cancelable: true });
  const plain = {
    clientX: x, clientY: y, pointerId: 1, pointerType: "mouse", button: 0, deltaX: 0, deltaY: 0, deltaMode: 0,
    shiftKey: false, ctrlKey: false, altKey: false, metaKey: false,
  };
  canvas.dispatchEvent(Object.assign(event, plain, rest));
}

/** Presses at the first point, goes on to the others, and lets go at the last. */
function stroke(points: readonly (readonly [number, number])[], rest: object = {}): void {
  send("pointerdown", ...points[0]!, rest);
  for (const point of points.slice(1)) send("pointermove", ...point, rest);
  send("pointerup", ...points.at(-1)!, rest);
}

const names = (): string[] => [...new Set(calls.map(([name]) => name))];
const kWay = [[10, 10], [30, 20], [60, 40]] as const;

describe("a mouse", () => {
  it("clicks where it did not stray, and draws a box where it did", () => {
    stroke([[10, 10], [12, 11]], { ctrlKey: true });
    expect(calls).toEqual([["click", { x: 12, y: 11 }, { shift: false, ctrl: true }]]);
    calls = [];
    stroke(kWay, { shiftKey: true });
    expect(names()).toEqual(["box", "endBox"]);
    expect(calls.at(-1)).toEqual(["endBox", { x: 10, y: 10 }, { x: 60, y: 40 }, { shift: true, ctrl: false }, false]);
  });

  it("turns, pans and zooms by button and key", () => {
    const cases: [object, string][] = [
      [{ button: 1 }, "orbit"], [{ button: 2 }, "orbit"], [{ altKey: true }, "orbit"],
      [{ button: 1, shiftKey: true }, "pan"], [{ altKey: true, shiftKey: true }, "pan"],
      [{ button: 2, ctrlKey: true }, "zoom"],
    ];
    for (const [rest, name] of cases) {
      calls = [];
      stroke(kWay, rest);
      expect(names(), JSON.stringify(rest)).toEqual([name]);
    }
  });

  it("opens the menu with the right button, unless that turned the view", () => {
    stroke([[10, 10]], { button: 2 });
    expect(calls).toEqual([["contextMenu", { x: 10, y: 10 }]]);
  });

  it("drags a handle, and takes that back when it is cancelled", () => {
    handleHere = true;
    stroke(kWay);
    expect(names()).toEqual(["drag", "endDrag"]);
    expect(calls.at(-1)).toEqual(["endDrag", false]);
    send("pointerdown", 10, 10);
    send("pointercancel", 10, 10);
    expect(calls.at(-1)).toEqual(["endDrag", true]);
  });

  it("hovers while no button is down", () => {
    send("pointermove", 5, 6);
    send("pointerleave", 5, 6);
    expect(calls).toEqual([["hover", { x: 5, y: 6 }], ["hover", null]]);
  });
});

describe("fingers", () => {
  const touch = (pointerId: number): object => ({ pointerType: "touch", pointerId });

  it("one taps, turns, or draws a box when that is asked for", () => {
    stroke([[10, 10], [15, 12]], touch(1));
    expect(names()).toEqual(["click"]);
    calls = [];
    stroke(kWay, touch(1));
    expect(names()).toEqual(["orbit"]);
    calls = [];
    boxByTouch = true;
    stroke(kWay, touch(1));
    expect(names()).toEqual(["box", "endBox"]);
  });

  it("one that rests opens the menu, but not where its move is only late with a slow frame", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const frames: FrameRequestCallback[] = [];
    vi.stubGlobal("requestAnimationFrame", (draw: FrameRequestCallback) => frames.push(draw));
    const frame = () => frames.splice(0).forEach((draw) => draw(0));
    send("pointerdown", 10, 10, touch(1));
    vi.advanceTimersByTime(600);
    send("pointermove", 60, 40, touch(1));
    frame();
    send("pointerup", 60, 40, touch(1));
    expect(names()).toEqual(["orbit"]);
    calls = [];
    send("pointerdown", 10, 10, touch(1));
    vi.advanceTimersByTime(600);
    frame();
    send("pointerup", 10, 10, touch(1));
    expect(calls).toEqual([["contextMenu", { x: 10, y: 10 }]]);
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("two pan and zoom, three pan, and none of them clicks", () => {
    send("pointerdown", 100, 100, touch(1));
    send("pointerdown", 200, 100, touch(2));
    send("pointermove", 300, 100, touch(2));
    expect(calls).toEqual([["pan", 50, 0], ["zoom", 0.5, { x: 200, y: 100 }]]);
    calls = [];
    send("pointerdown", 200, 200, touch(3));
    send("pointermove", 200, 230, touch(3));
    expect(calls).toEqual([["pan", 0, expect.closeTo(10)]]);
    calls = [];
    for (const finger of [1, 2, 3]) send("pointerup", 0, 0, touch(finger));
    expect(calls).toEqual([]);
  });

  it("a second one does not disturb what the first holds, but ends a box", () => {
    handleHere = true;
    send("pointerdown", 100, 100, touch(1));
    send("pointerdown", 200, 100, touch(2));
    send("pointermove", 110, 100, touch(1));
    send("pointermove", 300, 300, touch(2));
    expect(calls).toEqual([["drag", { x: 110, y: 100 }, { shift: false, ctrl: false }]]);
    send("pointerup", 110, 100, touch(1));
    expect(calls.at(-1)).toEqual(["endDrag", false]);
    send("pointermove", 320, 300, touch(2));
    send("pointerup", 320, 300, touch(2));
    expect(calls.at(-1)).toEqual(["endDrag", false]);
    handleHere = false;
    boxByTouch = true;
    calls = [];
    send("pointerdown", 100, 100, touch(1));
    send("pointermove", 150, 150, touch(1));
    send("pointerdown", 200, 100, touch(2));
    expect(calls.at(-1)).toMatchObject({ 0: "endBox", 4: true });
  });
});

describe("wheels and trackpads", () => {
  it("are told apart", () => {
    expect(isTrackpad({ deltaMode: 0, deltaX: 0, deltaY: 120, wheelDeltaY: -120 })).toBe(false);
    expect(isTrackpad({ deltaMode: 0, deltaX: 0, deltaY: 15, wheelDeltaY: -120 })).toBe(false);
    expect(isTrackpad({ deltaMode: 1, deltaX: 0, deltaY: 3 })).toBe(false);
    expect(isTrackpad({ deltaMode: 0, deltaX: 2, deltaY: -7, wheelDeltaY: 21 })).toBe(true);
    expect(isTrackpad({ deltaMode: 0, deltaX: 0, deltaY: 4, wheelDeltaY: -12 })).toBe(true);
  });

  it("a wheel zooms, a trackpad slides around and pinches", () => {
    send("wheel", 10, 10, { deltaY: 120, wheelDeltaY: -120 });
    expect(calls.at(-1)).toEqual(["zoom", expect.closeTo(1.21, 1), { x: 10, y: 10 }]);
    send("wheel", 10, 10, { deltaX: 3, deltaY: 4 });
    expect(calls.at(-1)).toEqual(["orbit", -3, -4]);
    send("wheel", 10, 10, { deltaX: 3, deltaY: 4, shiftKey: true });
    expect(calls.at(-1)).toEqual(["pan", -3, -4]);
    send("wheel", 10, 10, { deltaY: -5, ctrlKey: true });
    expect(calls.at(-1)).toEqual(["zoom", expect.closeTo(0.951, 2), { x: 10, y: 10 }]);
  });
});
