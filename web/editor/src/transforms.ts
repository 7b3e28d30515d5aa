import { ROOT, type Entity, type EntityId, type Quat, type Scene, type Transform, type Vec3 } from "@theta/client";
import { Euler, MathUtils, Matrix4, Quaternion, Vector3 } from "three";

/** Deeper than any scene that the hub takes; a bound for walks towards the root. */
const kDepthMax = 1024;

export function localMatrix(transform: Transform): Matrix4 {
  const { position, rotation, scale } = transform;
  return new Matrix4().compose(new Vector3(...position), new Quaternion(...rotation), new Vector3(...scale));
}

/** From an entity's space to the world's; of `ROOT` the identity. */
export function worldMatrix(scene: Scene, id: EntityId): Matrix4 {
  const world = new Matrix4();
  let entity = id === ROOT ? undefined : scene.get(id);
  for (let depth = 0; entity !== undefined && depth < kDepthMax; ++depth) {
    world.premultiply(localMatrix(entity.transform));
    entity = entity.parent === ROOT ? undefined : scene.get(entity.parent);
  }
  return world;
}

export function transformOf(matrix: Matrix4): Transform {
  const [position, rotation, scale] = [new Vector3(), new Quaternion(), new Vector3()];
  matrix.decompose(position, rotation, scale);
  return {
    position: position.toArray() as Vec3,
    rotation: rotation.toArray() as unknown as Quat,
    scale: scale.toArray() as Vec3,
  };
}

/** The local transforms with which entities stay where they are in the world when they come below `parent`. */
export function transformsBelow(scene: Scene, ids: readonly EntityId[], parent: EntityId): Transform[] {
  return transformsIn(scene, ids, worldMatrix(scene, parent));
}

/** The same for a parent that is not in the scene yet but will have this world matrix. */
export function transformsIn(scene: Scene, ids: readonly EntityId[], parentWorld: Matrix4): Transform[] {
  const fromWorld = parentWorld.clone().invert();
  return ids.map((id) => transformOf(fromWorld.clone().multiply(worldMatrix(scene, id))));
}

/** Those that are still there. */
export function present(scene: Scene, ids: readonly EntityId[]): EntityId[] {
  return ids.filter((id) => scene.get(id) !== undefined);
}

/** Of a selection those that are not below another one of it: what moves, is copied or deleted as a whole. */
export function topmost(scene: Scene, ids: readonly EntityId[]): EntityId[] {
  const chosen = new Set(ids);
  return ids.filter((id) => {
    let above = scene.get(id)?.parent ?? ROOT;
    for (let depth = 0; above !== ROOT && depth < kDepthMax; ++depth) {
      if (chosen.has(above)) return false;
      above = scene.get(above)?.parent ?? ROOT;
    }
    return scene.get(id) !== undefined;
  });
}

export function isBelow(scene: Scene, id: EntityId, above: EntityId): boolean {
  let entity: Entity | undefined = scene.get(id);
  for (let depth = 0; entity !== undefined && depth < kDepthMax; ++depth) {
    if (entity.parent === above) return true;
    entity = scene.get(entity.parent);
  }
  return false;
}

/** Degrees about x, then y, then z, each about the axes that the entity's parent has (three.js calls it "ZYX"). */
export function toEulerDegrees(rotation: Quat): Vec3 {
  const { x, y, z } = new Euler().setFromQuaternion(new Quaternion(...rotation), "ZYX");
  return [x, y, z].map((angle) => MathUtils.radToDeg(angle)) as unknown as Vec3;
}

export function fromEulerDegrees(degrees: Vec3): Quat {
  const [x, y, z] = degrees.map((angle) => MathUtils.degToRad(angle)) as [number, number, number];
  return new Quaternion()
    .setFromEuler(new Euler(x, y, z, "ZYX"))
    .normalize()
    .toArray() as unknown as Quat;
}

export function middleOf(points: readonly Vec3[]): Vec3 {
  const sum: [number, number, number] = [0, 0, 0];
  for (const point of points) for (const axis of [0, 1, 2] as const) sum[axis] += point[axis] / points.length;
  return sum;
}
