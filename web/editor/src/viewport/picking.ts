import { Box3, Frustum, Matrix4, Plane, Ray, Sphere, Vector2, Vector3, type Camera } from "three";
import { CONTAINED, INTERSECTED, NOT_INTERSECTED } from "three-mesh-bvh";
import { DoubleSide } from "three";
import type { EntityId } from "@theta/client";
import type { DrawGeometry } from "./geometry_cache.js";
import type { Node } from "./scene_graph.js";

/** Something that is drawn with triangles. */
export type Drawn = readonly [Node, { readonly geometry: DrawGeometry }];

export interface Hit {
  readonly node: Node;
  readonly point: Vector3;
  readonly distance: number;
}

const sphere = new Sphere();
const inverse = new Matrix4();
const localRay = new Ray();

/** The nearest triangle under a ray. What is hidden is not drawn, and so is not hit. */
export function pickMesh(ray: Ray, drawn: Iterable<Drawn>): Hit | null {
  let best: Hit | null = null;
  for (const [node, { geometry }] of drawn) {
    sphere.copy(geometry.sphere).applyMatrix4(node.world);
    if (!ray.intersectsSphere(sphere)) continue;
    if (best && sphere.distanceToPoint(ray.origin) > best.distance) continue;
    inverse.copy(node.world).invert();
    localRay.copy(ray).applyMatrix4(inverse);
    const hit = geometry.bvh().raycastFirst(localRay, DoubleSide);
    if (!hit) continue;
    const point = hit.point.clone().applyMatrix4(node.world);
    const distance = point.distanceTo(ray.origin);
    if (!best || distance < best.distance) best = { node, point, distance };
  }
  return best;
}

/** A rectangle of the view in normalised device coordinates, as the volume behind it. */
export function frustumOf(camera: Camera, a: Vector2, b: Vector2): Frustum {
  const low = new Vector2(Math.min(a.x, b.x), Math.min(a.y, b.y));
  const high = new Vector2(Math.max(a.x, b.x), Math.max(a.y, b.y));
  const size = high.clone().sub(low).max(new Vector2(1e-6, 1e-6));
  // Stretches the rectangle over the whole view.
  const zoom = new Matrix4().makeScale(2 / size.x, 2 / size.y, 1)
    .setPosition(-(low.x + high.x) / size.x, -(low.y + high.y) / size.y, 0);
  return new Frustum().setFromProjectionMatrix(
    zoom.multiply(camera.projectionMatrix).multiply(camera.matrixWorldInverse),
  );
}

/** Everything of which at least a corner of a triangle reaches into the volume. */
export function pickBox(frustum: Frustum, drawn: Iterable<Drawn>, icons: readonly Node[]): EntityId[] {
  const hits: EntityId[] = [];
  for (const [node, { geometry }] of drawn) {
    sphere.copy(geometry.sphere).applyMatrix4(node.world);
    if (frustum.intersectsSphere(sphere) && touches(frustum, node.world, geometry)) hits.push(node.id);
  }
  const place = new Vector3();
  for (const node of icons) if (frustum.containsPoint(place.setFromMatrixPosition(node.world))) hits.push(node.id);
  return hits;
}

function touches(frustum: Frustum, world: Matrix4, geometry: DrawGeometry): boolean {
  inverse.copy(world).invert();
  const planes = frustum.planes.map((plane) => plane.clone().applyMatrix4(inverse));
  return geometry.bvh().shapecast({
    intersectsBounds: (box: Box3) => boxAgainst(planes, box),
    intersectsTriangle: (triangle: { a: Vector3; b: Vector3; c: Vector3 }) =>
      clipsToSomething(planes, [triangle.a, triangle.b, triangle.c]),
  });
}

function boxAgainst(planes: readonly Plane[], box: Box3): number {
  let inside = true;
  const corner = new Vector3();
  for (const { normal, constant } of planes) {
    const far = corner.set(
      normal.x > 0 ? box.max.x : box.min.x, normal.y > 0 ? box.max.y : box.min.y, normal.z > 0 ? box.max.z : box.min.z,
    ).dot(normal) + constant;
    if (far < 0) return NOT_INTERSECTED;
    const near = corner.set(
      normal.x > 0 ? box.min.x : box.max.x, normal.y > 0 ? box.min.y : box.max.y, normal.z > 0 ? box.min.z : box.max.z,
    ).dot(normal) + constant;
    if (near < 0) inside = false;
  }
  return inside ? CONTAINED : INTERSECTED;
}

/** Sutherland and Hodgman: whether anything of the polygon is left after every plane has cut off its outside. */
export function clipsToSomething(planes: readonly Plane[], corners: readonly Vector3[]): boolean {
  let polygon = corners.map((corner) => corner.clone());
  for (const plane of planes) {
    const kept: Vector3[] = [];
    polygon.forEach((from, at) => {
      const to = polygon[(at + 1) % polygon.length]!;
      const a = plane.distanceToPoint(from);
      const b = plane.distanceToPoint(to);
      if (a >= 0) kept.push(from);
      if ((a < 0) !== (b < 0)) kept.push(from.clone().lerp(to, a / (a - b)));
    });
    if (kept.length === 0) return false;
    polygon = kept;
  }
  return true;
}
