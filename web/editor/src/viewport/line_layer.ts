import {
  BufferGeometry, Color, DynamicDrawUsage, Float32BufferAttribute, LineBasicMaterial, LineSegments, Matrix4, Vector3,
} from "three";
import type { Camera, Light } from "@theta/client";

const kFloatsPerVertex = 4;

/** Thin lines of this frame: frusta, beams, rays. One draw call; it is filled anew when something in it moves. */
export class LineLayer {
  readonly object: LineSegments<BufferGeometry, LineBasicMaterial>;
  private positions: number[] = [];
  private colors: number[] = [];

  constructor() {
    const look = { vertexColors: true, transparent: true, depthWrite: false, toneMapped: false };
    this.object = new LineSegments(new BufferGeometry(), new LineBasicMaterial(look));
    this.object.frustumCulled = false;
    this.object.matrixAutoUpdate = false;
  }

  begin(): void {
    this.positions = [];
    this.colors = [];
  }

  line(from: Vector3, to: Vector3, color: Color, alpha = 1): void {
    this.positions.push(from.x, from.y, from.z, to.x, to.y, to.z);
    for (let end = 0; end < 2; ++end) this.colors.push(color.r, color.g, color.b, alpha);
  }

  end(): void {
    const { geometry } = this.object;
    const count = this.positions.length / 3;
    const held = geometry.getAttribute("position");
    if (!held || held.count < count) {
      geometry.dispose();
      const room = Math.max(64, count * 2);
      for (const [name, width] of [["position", 3], ["color", kFloatsPerVertex]] as const)
        geometry.setAttribute(name, new Float32BufferAttribute(room * width, width).setUsage(DynamicDrawUsage));
    }
    for (const [name, values] of [["position", this.positions], ["color", this.colors]] as const) {
      const attribute = geometry.getAttribute(name);
      (attribute.array as Float32Array).set(values);
      attribute.needsUpdate = true;
    }
    geometry.setDrawRange(0, count);
    this.object.visible = count > 0;
  }

  dispose(): void {
    this.object.geometry.dispose();
    this.object.material.dispose();
  }
}

/** A frustum `depth` deep down the -z of `pose`, with a mark for what is up. */
export function addFrustum(
  lines: LineLayer, pose: Matrix4, shape: { slope: number; aspect: number; depth: number }, color: Color, alpha = 1,
): void {
  const y = shape.slope * shape.depth;
  const x = y * shape.aspect;
  const at = (px: number, py: number, pz: number): Vector3 => new Vector3(px, py, pz).applyMatrix4(pose);
  const apex = at(0, 0, 0);
  const corners = [at(-x, -y, -shape.depth), at(x, -y, -shape.depth), at(x, y, -shape.depth), at(-x, y, -shape.depth)];
  corners.forEach((corner, index) => {
    lines.line(apex, corner, color, alpha);
    lines.line(corner, corners[(index + 1) % 4]!, color, alpha);
  });
  const tip = at(0, y * 1.5, -shape.depth);
  lines.line(at(-x * 0.4, y * 1.1, -shape.depth), tip, color, alpha);
  lines.line(tip, at(x * 0.4, y * 1.1, -shape.depth), color, alpha);
}

/** A cube of a metre about the origin of `world`: where something is whose shape is not known. */
export function addBox(lines: LineLayer, world: Matrix4, color: Color): void {
  const corner = (at: number): Vector3 =>
    new Vector3(at & 1 ? 0.5 : -0.5, at & 2 ? 0.5 : -0.5, at & 4 ? 0.5 : -0.5).applyMatrix4(world);
  for (let at = 0; at < 8; ++at)
    for (const side of [1, 2, 4]) if ((at & side) === 0) lines.line(corner(at), corner(at | side), color, 0.7);
}

/** What a camera entity sees, as a small frustum or box. */
export function addCamera(lines: LineLayer, world: Matrix4, camera: Camera, size: number, color: Color): void {
  const pose = new Matrix4().extractRotation(world).copyPosition(world);
  const aspect = camera.aspect_ratio > 0 ? camera.aspect_ratio : 1.6;
  if (camera.kind === "perspective") {
    addFrustum(lines, pose, { slope: Math.tan(camera.vertical_fov / 2), aspect, depth: size }, color);
    return;
  }
  const x = camera.x_magnification, y = camera.y_magnification;
  const ends = [0, -size].map((z) =>
    ([[-x, -y], [x, -y], [x, y], [-x, y]] as const).map(([px, py]) => new Vector3(px, py, z).applyMatrix4(pose)));
  for (let at = 0; at < 4; ++at) {
    for (const end of ends) lines.line(end[at]!, end[(at + 1) % 4]!, color);
    lines.line(ends[0]![at]!, ends[1]![at]!, color);
  }
}

/** Where a chosen light shines. */
export function addLight(lines: LineLayer, world: Matrix4, light: Light, size: number, color: Color): void {
  const pose = new Matrix4().extractRotation(world).copyPosition(world);
  const at = (x: number, y: number, z: number): Vector3 => new Vector3(x, y, z).applyMatrix4(pose);
  const ring = (radius: number, z: number, spokes: boolean): void => {
    for (let step = 0; step < 24; ++step) {
      const point = (index: number): Vector3 =>
        at(Math.cos((index * Math.PI) / 12) * radius, Math.sin((index * Math.PI) / 12) * radius, z);
      lines.line(point(step), point(step + 1), color);
      if (spokes && step % 6 === 0) lines.line(at(0, 0, 0), point(step), color);
    }
  };
  if (light.kind === "point") {
    if (light.range > 0) ring(light.range, 0, false);
    return;
  }
  const depth = light.range > 0 && light.kind === "spot" ? light.range : size * 3;
  if (light.kind === "spot") ring(Math.tan(Math.min(light.outer_cone_angle, 1.5)) * depth, -depth, true);
  else lines.line(at(0, 0, 0), at(0, 0, -depth), color);
}
