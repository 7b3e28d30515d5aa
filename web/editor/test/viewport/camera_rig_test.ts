import { describe, expect, it } from "vitest";
import { Box3, Vector3 } from "three";
import { CameraRig } from "../../src/viewport/camera_rig.js";

function rig(width = 800, height = 600): CameraRig {
  const made = new CameraRig();
  made.setSize(width, height);
  made.update(0);
  return made;
}

/** Runs a travel to its end. */
function arrive(camera: CameraRig): void {
  for (let nowMs = 0; camera.update(nowMs); nowMs += 16);
}

const kBox = new Box3(new Vector3(-1, 0, -4), new Vector3(5, 2, 1));
function corners(): Vector3[] {
  return Array.from({ length: 8 }, (_, at) => new Vector3(
    at & 1 ? kBox.max.x : kBox.min.x, at & 2 ? kBox.max.y : kBox.min.y, at & 4 ? kBox.max.z : kBox.min.z));
}

describe("the eye", () => {
  for (const [width, height] of [[800, 600], [300, 900], [1600, 400]] as const)
    it(`frames a box so that it fills a view of ${width} by ${height} and nothing is cut off`, () => {
      const camera = rig(width, height);
      camera.frame(kBox, 0);
      arrive(camera);
      const places = corners().map((corner) => corner.project(camera.camera));
      const reach = places.map(({ x, y }) => Math.max(Math.abs(x), Math.abs(y)));
      expect(Math.max(...reach)).toBeLessThan(1);
      expect(Math.max(...reach)).toBeGreaterThan(0.6);
    });

  it("knows whether a box is well in view: whole, before the eye, and no speck", () => {
    const camera = rig();
    camera.frame(kBox, 0);
    arrive(camera);
    const moved = (by: Vector3, size = 1): Box3 => {
      const middle = kBox.getCenter(new Vector3());
      const half = kBox.getSize(new Vector3()).multiplyScalar(size / 2);
      return new Box3().setFromCenterAndSize(middle.add(by), half.multiplyScalar(2));
    };
    const none = new Vector3();
    expect(camera.sees(kBox)).toBe(true);
    expect(camera.sees(moved(none, 0.2))).toBe(true);
    expect(camera.sees(moved(none, 100)), "the eye is within it").toBe(false);
    expect(camera.sees(moved(none, 0.005)), "a speck").toBe(false);
    expect(camera.sees(moved(new Vector3(0, 6, 0))), "beyond the edge").toBe(false);
    const behind = camera.camera.position.clone().sub(camera.target).multiplyScalar(3);
    expect(camera.sees(moved(behind, 0.2)), "behind the eye").toBe(false);
    camera.orthographic = true;
    expect(camera.sees(kBox)).toBe(true);
    expect(camera.sees(moved(none, 100))).toBe(false);
  });

  it("zooms to what lies under the pointer, which stays there", () => {
    for (const orthographic of [false, true]) {
      const camera = rig();
      camera.orthographic = orthographic;
      camera.update(0);
      const at = { x: 0.5, y: -0.3 };
      const before = camera.ray(at).at(camera.distance, new Vector3());
      const pixel = camera.worldPerPixel(camera.target);
      camera.zoom(0.5, at);
      camera.update(1);
      expect(camera.worldPerPixel(camera.target)).toBeCloseTo(pixel / 2, 6);
      const toTarget = camera.ray(at);
      expect(orthographic || toTarget.distanceToPoint(before) < camera.distance * 0.2).toBe(true);
    }
  });

  it("pans so that the target goes with the pointer", () => {
    const camera = rig();
    const held = camera.target.clone();
    camera.pan(80, -60);
    camera.update(1);
    const place = held.project(camera.camera);
    expect([place.x * 400, place.y * 300].map(Math.round)).toEqual([80, 60]);
  });

  it("never turns over the pole", () => {
    const camera = rig();
    camera.orbit(0, 1e6);
    camera.update(1);
    expect(camera.perspective.position.y).toBeGreaterThan(0);
    expect(Number.isFinite(camera.pose().rotation[0])).toBe(true);
  });

  it("stops a travel where a hand takes over, and arrives at once for those who want less motion", () => {
    const camera = rig();
    camera.view("top", 0);
    camera.update(100);
    expect(camera.travelling).toBe(true);
    const pitch = camera.perspective.position.y;
    camera.orbit(1, 0);
    expect(camera.update(110)).toBe(false);
    expect(Math.abs(camera.perspective.position.y - pitch)).toBeLessThan(0.5);
    camera.reducedMotion = true;
    camera.view("front", 200);
    expect(camera.update(200)).toBe(false);
    expect(camera.perspective.position.y).toBeCloseTo(camera.target.y, 5);
  });

  it("goes the short way around", () => {
    const camera = rig();
    camera.view("back", 0);
    arrive(camera);
    camera.view("left", 0);
    camera.update(40);
    expect(camera.perspective.position.x - camera.target.x).toBeLessThan(0);
  });

  it("stands where a pose says", () => {
    const camera = rig();
    const pose = { position: [1, 2, 3], rotation: [0, Math.SQRT1_2, 0, Math.SQRT1_2] } as const;
    camera.setPose(pose);
    camera.update(0);
    camera.pose().position.forEach((value, at) => expect(value).toBeCloseTo(pose.position[at]!, 5));
    camera.pose().rotation.forEach((value, at) => expect(value).toBeCloseTo(pose.rotation[at]!, 5));
  });
});
