import {
  Box3, MathUtils, OrthographicCamera, PerspectiveCamera, Plane, Quaternion, Ray, Vector3, type Camera,
} from "three";
import type { Pose } from "@theta/client";
import type { ViewAxis } from "../editor.js";

/** Radians of yaw and pitch that look at the world's origin from where the name says. */
const kAxisAngles: Record<ViewAxis, readonly [yaw: number, pitch: number]> = {
  front: [0, 0], back: [Math.PI, 0], right: [Math.PI / 2, 0], left: [-Math.PI / 2, 0],
  top: [0, Math.PI / 2], bottom: [0, -Math.PI / 2],
};

/** So much larger than what is framed the view is. */
const kFrameMargin = 1.15;
const kPitchMax = Math.PI / 2;
/** What takes less than this part of the view's width and height is a speck to whoever looks for it. */
const kSpeckPart = 0.03;
/** The ground is drawn so many distances far (`Ground`), and a little is left over. */
const kGroundReach = 16;
const kDistanceMin = 1e-3;
const kDistanceMax = 1e6;
/** Degrees, from top to bottom. */
export const kFieldOfView = 45;
/** How long a way that the program goes takes. */
const kTravelMs = 280;

interface State {
  readonly target: Vector3;
  yaw: number;
  pitch: number;
  distance: number;
}

interface Travel {
  readonly from: State;
  readonly to: State;
  readonly startMs: number;
}

function cornersOf({ min, max }: Box3): Vector3[] {
  return [0, 1, 2, 3, 4, 5, 6, 7].map(
    (corner) => new Vector3(corner & 1 ? max.x : min.x, corner & 2 ? max.y : min.y, corner & 4 ? max.z : min.z));
}

/**
 * The person's eye: it looks at a target from a distance. What the person does with the hand applies at once; what the
 * program does (frame, view along an axis) travels there, and ends where it is as soon as a hand takes over.
 */
export class CameraRig {
  readonly perspective = new PerspectiveCamera(kFieldOfView, 1, 0.01, 1000);
  readonly orthographicCamera = new OrthographicCamera();
  orthographic = false;
  /** People who asked their system for less motion arrive without a way. */
  reducedMotion = false;
  /** Another one while a camera of the scene is looked through. */
  fieldOfView = kFieldOfView;
  private state: State = { target: new Vector3(), yaw: 0.7, pitch: 0.45, distance: 9 };
  private travel: Travel | null = null;
  private aspect = 1;
  private height = 1;
  /** Radius of all there is, around the target: what must not be cut off. */
  private reach = 100;

  get camera(): PerspectiveCamera | OrthographicCamera {
    return this.orthographic ? this.orthographicCamera : this.perspective;
  }

  get target(): Vector3 {
    return this.state.target;
  }

  get distance(): number {
    return this.state.distance;
  }

  get travelling(): boolean {
    return this.travel !== null;
  }

  setSize(width: number, height: number): void {
    this.aspect = width / Math.max(height, 1);
    this.height = Math.max(height, 1);
  }

  setReach(radius: number): void {
    this.reach = radius;
  }

  // ---- By hand -----------------------------------------------------------------------------------------------------

  orbit(dxPixels: number, dyPixels: number): void {
    this.interrupt();
    const turn = Math.PI / this.height;
    this.state.yaw -= dxPixels * turn;
    this.state.pitch = MathUtils.clamp(this.state.pitch + dyPixels * turn, -kPitchMax, kPitchMax);
  }

  pan(dxPixels: number, dyPixels: number): void {
    this.interrupt();
    const size = this.worldPerPixel(this.state.target);
    const { right, up } = this.directions();
    this.state.target.addScaledVector(right, -dxPixels * size).addScaledVector(up, dyPixels * size);
  }

  /** Below 1 goes nearer; what lies under `ndc` stays there. */
  zoom(factor: number, ndc: { x: number; y: number }): void {
    this.interrupt();
    const before = this.state.distance;
    const distance = MathUtils.clamp(before * factor, kDistanceMin, kDistanceMax);
    const held = this.pointAtTargetDepth(ndc);
    this.state.target.sub(held).multiplyScalar(distance / before).add(held);
    this.state.distance = distance;
  }

  /** Stops a travel where it is. */
  interrupt(): void {
    this.travel = null;
  }

  // ---- By the program ----------------------------------------------------------------------------------------------

  /** Moves until the box fills the view; without a time it is there at once. */
  frame(box: Box3, nowMs = -Infinity): void {
    const center = box.getCenter(new Vector3());
    const { right, up, backward } = this.directions();
    const slope = Math.tan(MathUtils.degToRad(this.fieldOfView) / 2) / kFrameMargin;
    let distance = 0.1;
    for (const corner of cornersOf(box)) {
      const arm = corner.sub(center);
      const beside = Math.max(Math.abs(arm.dot(right)) / this.aspect, Math.abs(arm.dot(up)));
      distance = Math.max(distance, beside / slope + arm.dot(backward));
    }
    this.go({ target: center, distance }, nowMs);
  }

  /** Whether the box lies within the view as it is now, before the eye, and is more than a speck. */
  sees(box: Box3): boolean {
    this.place();
    const { camera } = this;
    const shown = new Box3();
    for (const corner of cornersOf(box)) {
      if (corner.clone().applyMatrix4(camera.matrixWorldInverse).z > -camera.near) return false;
      shown.expandByPoint(corner.project(camera));
    }
    const { min, max } = shown;
    if (min.x < -1 || min.y < -1 || max.x > 1 || max.y > 1) return false;
    return Math.max(max.x - min.x, max.y - min.y) / 2 >= kSpeckPart;
  }

  view(axis: ViewAxis, nowMs: number): void {
    const [yaw, pitch] = kAxisAngles[axis];
    this.go({ yaw, pitch }, nowMs);
  }

  /** Puts the eye where `pose` is; the target stays as far away as it is. */
  setPose(pose: Pose): void {
    this.interrupt();
    const backward = new Vector3(0, 0, 1).applyQuaternion(new Quaternion(...pose.rotation));
    this.state.pitch = Math.asin(MathUtils.clamp(backward.y, -1, 1));
    this.state.yaw = Math.atan2(backward.x, backward.z);
    this.state.target.fromArray(pose.position).addScaledVector(backward, -this.state.distance);
  }

  /** Moves on; true while there is more to go. */
  update(nowMs: number): boolean {
    if (this.travel) {
      const { from, to, startMs } = this.travel;
      const part = MathUtils.clamp((nowMs - startMs) / kTravelMs, 0, 1);
      const ease = 1 - (1 - part) ** 3;
      this.state.target.lerpVectors(from.target, to.target, ease);
      this.state.yaw = MathUtils.lerp(from.yaw, to.yaw, ease);
      this.state.pitch = MathUtils.lerp(from.pitch, to.pitch, ease);
      this.state.distance = from.distance * (to.distance / from.distance) ** ease;
      if (part === 1) this.travel = null;
    }
    this.place();
    return this.travel !== null;
  }

  // ---- What others ask ---------------------------------------------------------------------------------------------

  /** Metres that one pixel covers at `point`. */
  worldPerPixel(point: Vector3): number {
    const slope = 2 * Math.tan(MathUtils.degToRad(this.fieldOfView) / 2) / this.height;
    if (this.orthographic) return this.state.distance * slope;
    const { backward } = this.directions();
    const depth = this.eye().sub(point).dot(backward);
    return Math.max(depth, this.state.distance * 1e-3) * slope;
  }

  ray(ndc: { x: number; y: number }): Ray {
    const camera: Camera = this.camera;
    const near = new Vector3(ndc.x, ndc.y, -1).unproject(camera);
    if (!this.orthographic) return new Ray(this.eye(), near.sub(this.eye()).normalize());
    return new Ray(near, this.directions().backward.negate());
  }

  pose(): Pose {
    // The orthographic camera stands far back; the eye is where the perspective one is.
    const { position, quaternion } = this.perspective;
    return {
      position: position.toArray(),
      rotation: quaternion.toArray() as [number, number, number, number],
    };
  }

  shape(): { vertical_fov: number; aspect_ratio: number } {
    return { vertical_fov: MathUtils.degToRad(this.fieldOfView), aspect_ratio: this.aspect };
  }

  private go(to: Partial<State>, nowMs: number): void {
    const from = { ...this.state, target: this.state.target.clone() };
    const goal = { ...from, ...to, target: (to.target ?? from.target).clone() };
    // The short way around.
    goal.yaw = from.yaw + MathUtils.euclideanModulo(goal.yaw - from.yaw + Math.PI, 2 * Math.PI) - Math.PI;
    goal.distance = MathUtils.clamp(goal.distance, kDistanceMin, kDistanceMax);
    this.travel = { from, to: goal, startMs: this.reducedMotion ? -Infinity : nowMs };
  }

  private directions(): { right: Vector3; up: Vector3; backward: Vector3 } {
    const { yaw, pitch } = this.state;
    const backward = new Vector3(Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch));
    const right = new Vector3(Math.cos(yaw), 0, -Math.sin(yaw));
    return { right, up: new Vector3().crossVectors(backward, right), backward };
  }

  private eye(): Vector3 {
    return this.directions().backward.multiplyScalar(this.state.distance).add(this.state.target);
  }

  private pointAtTargetDepth(ndc: { x: number; y: number }): Vector3 {
    this.place();
    const { backward } = this.directions();
    const plane = new Plane().setFromNormalAndCoplanarPoint(backward, this.state.target);
    return this.ray(ndc).intersectPlane(plane, new Vector3()) ?? this.state.target.clone();
  }

  private place(): void {
    const { right, up, backward } = this.directions();
    const { perspective, orthographicCamera: ortho } = this;
    const { distance } = this.state;
    perspective.position.copy(this.eye());
    perspective.matrix.makeBasis(right, up, backward);
    perspective.quaternion.setFromRotationMatrix(perspective.matrix);
    perspective.fov = this.fieldOfView;
    perspective.aspect = this.aspect;
    perspective.near = MathUtils.clamp(distance * 0.01, 1e-4, 0.5);
    perspective.far = distance * kGroundReach + this.reach * 2 + 100;
    perspective.updateProjectionMatrix();
    perspective.updateMatrixWorld();
    const halfHeight = distance * Math.tan(MathUtils.degToRad(this.fieldOfView) / 2);
    const depth = distance * kGroundReach + this.reach * 2 + 100;
    ortho.position.copy(this.state.target).addScaledVector(backward, depth);
    ortho.quaternion.copy(perspective.quaternion);
    ortho.top = halfHeight;
    ortho.bottom = -halfHeight;
    ortho.right = halfHeight * this.aspect;
    ortho.left = -ortho.right;
    ortho.near = 0;
    ortho.far = depth * 2;
    ortho.updateProjectionMatrix();
    ortho.updateMatrixWorld();
  }
}
