import {
  CommandError, ROOT, type Camera, type Command, type Entity, type EntityId, type Light, type Material,
  type NewEntity, type Quat, type Scene, type SceneChange, type Transform, type Vec3,
} from "@theta/client";
import { Quaternion, Vector3 } from "three";

export const PLAIN_MATERIAL: Material = {
  base_color: [1, 1, 1, 1], metallic: 1, roughness: 1, emissive: [0, 0, 0], alpha_mode: "opaque", alpha_cutoff: 0.5,
  double_sided: false,
};
export const PLAIN_LIGHT: Light = {
  kind: "point", color: [1, 1, 1], intensity: 1, range: 0, inner_cone_angle: 0, outer_cone_angle: 0.785,
};
export const PLAIN_CAMERA: Camera = {
  kind: "perspective", vertical_fov: 0.8, aspect_ratio: 0, x_magnification: 1, y_magnification: 1, near: 0.01, far: 0,
};

interface Held {
  readonly entity: Entity | undefined;
  readonly children: readonly EntityId[] | undefined;
}
export type Before = ReadonlyMap<EntityId, Held>;

/** A scene in memory that commands change as the real one would, without authors, conflicts or policies. */
export class FakeScene implements Scene {
  private readonly held = new Map<EntityId, Entity>();
  private readonly lists = new Map<EntityId, readonly EntityId[]>([[ROOT, []]]);
  private before = new Map<EntityId, Held>();
  private made: EntityId[] = [];
  private counter = 0;

  get size(): number {
    return this.held.size;
  }

  get(id: EntityId): Entity | undefined {
    return this.held.get(id);
  }

  children(id: EntityId): readonly EntityId[] {
    return this.lists.get(id) ?? [];
  }

  *entities(): IterableIterator<Entity> {
    const pending = [...this.children(ROOT)].reverse();
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      yield this.held.get(id)!;
      pending.push(...[...this.children(id)].reverse());
    }
  }

  /** A copy that no command changes any more. */
  clone(): FakeScene {
    const copy = new FakeScene();
    for (const [id, entity] of this.held) copy.held.set(id, entity);
    for (const [id, list] of this.lists) copy.lists.set(id, list);
    copy.counter = this.counter;
    return copy;
  }

  /** Applies a command that changes the scene; tells what it changed, what stood there before, and the ids it made. */
  apply(command: Command): { change: SceneChange; before: Before; ids: readonly EntityId[] } {
    this.before = new Map();
    this.made = [];
    this.execute(command);
    return { change: this.changeSince(this.before), before: this.before, ids: this.made };
  }

  /** Puts back what stood there; gives what stood there until now. */
  restore(before: Before): { change: SceneChange; before: Before } {
    this.before = new Map();
    for (const [id, held] of before) {
      this.touch(id);
      if (held.entity) this.held.set(id, held.entity);
      else this.held.delete(id);
      if (held.children) this.lists.set(id, held.children);
      else this.lists.delete(id);
    }
    return { change: this.changeSince(this.before), before: this.before };
  }

  private execute(command: Command): void {
    switch (command.command) {
      case "create_entities": return this.create(command.entities);
      case "delete_entities": return this.eachTarget(command.targets, (entity) => this.remove(entity.id));
      case "duplicate_entities":
        return this.eachTarget(command.targets, (entity) => this.duplicate(entity, entity.parent));
      case "rename_entity": return this.edit([command.target], () => ({ name: command.name }));
      case "reparent_entities": return this.reparent(command);
      case "reorder_entities":
        return this.eachTarget(command.targets, (entity) => this.insert(entity.id, entity.parent, command.before));
      case "set_visibility": return this.edit(command.targets, () => ({ visible: command.visible }));
      case "set_mesh": return this.component(command.targets, "mesh", () => command.mesh ?? undefined);
      case "set_material":
        return this.component(command.targets, "material",
          () => command.material ? { ...PLAIN_MATERIAL, ...command.material } : undefined);
      case "set_light":
        return this.component(command.targets, "light",
          () => command.light ? { ...PLAIN_LIGHT, ...command.light } : undefined);
      case "set_camera":
        return this.component(command.targets, "camera",
          () => command.camera ? { ...PLAIN_CAMERA, ...command.camera } : undefined);
      case "change_tags":
        return this.edit(command.targets, ({ tags }) => ({
          tags: [...new Set([...tags, ...(command.add ?? [])])].filter((tag) => !command.remove?.includes(tag)).sort(),
        }));
      case "set_app_component":
        return this.edit(command.targets, ({ application }) => {
          const rest = Object.entries(application ?? {}).filter(([number]) => number !== String(command.component));
          if (command.value !== null) rest.push([String(command.component), command.value]);
          return { application: Object.fromEntries(rest) };
        });
      default: return this.transform(command);
    }
  }

  private transform(command: Command): void {
    switch (command.command) {
      case "set_transform": {
        const { targets, transforms } = command;
        return this.edit(targets, (_, at) => ({ transform: transforms[transforms.length === 1 ? 0 : at]! }));
      }
      case "translate_by": return this.move(command.targets, (transform) => ({ ...transform,
        position: vector(transform.position).add(vector(command.offset)).toArray() }));
      case "rotate_by": {
        const turn = new Quaternion(...command.rotation);
        return this.move(command.targets, (transform) => ({ ...transform,
          position: about(transform.position, command.pivot, (arm) => arm.applyQuaternion(turn)),
          rotation: turned(turn, transform.rotation) }));
      }
      case "scale_by": return this.move(command.targets, (transform) => ({ ...transform,
        position: about(transform.position, command.pivot, (arm) => arm.multiply(vector(command.factor))),
        scale: vector(transform.scale).multiply(vector(command.factor)).toArray() }));
    }
  }

  private move(targets: readonly EntityId[], change: (transform: Transform) => Transform): void {
    this.edit(targets, ({ transform }) => ({ transform: change(transform) }));
  }

  private component<Name extends "mesh" | "material" | "light" | "camera">(
    targets: readonly EntityId[], name: Name, value: () => Entity[Name] | undefined,
  ): void {
    this.edit(targets, (entity) => {
      const { [name]: _, ...rest } = entity;
      const made = value();
      return made === undefined ? rest : { ...rest, [name]: made };
    }, true);
  }

  private create(list: readonly NewEntity[]): void {
    const ids: EntityId[] = [];
    for (const each of list) {
      const parent = each.parent_index === undefined ? (each.parent ?? ROOT) : ids[each.parent_index]!;
      if (parent !== ROOT && !this.held.has(parent)) throw new CommandError("refused", `there is no entity ${parent}`);
      const { position = [0, 0, 0], rotation = [0, 0, 0, 1], scale = [1, 1, 1] } = each;
      ids.push(this.add({
        id: `1:${++this.counter}`, parent, name: each.name ?? "", transform: { position, rotation, scale },
        visible: each.visible ?? true, tags: each.tags ?? [],
        ...(each.mesh !== undefined && { mesh: each.mesh }),
        ...(each.material && { material: { ...PLAIN_MATERIAL, ...each.material } }),
        ...(each.light && { light: { ...PLAIN_LIGHT, ...each.light } }),
        ...(each.camera && { camera: { ...PLAIN_CAMERA, ...each.camera } }),
      }));
    }
  }

  private add(entity: Entity): EntityId {
    this.touch(entity.id);
    this.held.set(entity.id, entity);
    this.lists.set(entity.id, []);
    this.insert(entity.id, entity.parent);
    this.made.push(entity.id);
    return entity.id;
  }

  private remove(id: EntityId): void {
    for (const child of this.children(id)) this.remove(child);
    this.detach(id);
    this.touch(id);
    this.held.delete(id);
    this.lists.delete(id);
  }

  private duplicate(entity: Entity, parent: EntityId): void {
    const children = this.children(entity.id);
    const id = this.add({ ...entity, id: `1:${++this.counter}`, parent });
    for (const child of children) this.duplicate(this.held.get(child)!, id);
  }

  private reparent(command: Command & { command: "reparent_entities" }): void {
    for (let above = this.held.get(command.parent); above; above = this.held.get(above.parent))
      if (command.targets.includes(above.id)) throw new CommandError("refused", "an entity cannot lie below itself");
    this.eachTarget(command.targets, (entity, at) => {
      const transform = { ...entity.transform, ...command.transforms?.[at] };
      this.detach(entity.id);
      this.edit([entity.id], () => ({ parent: command.parent, transform }));
      this.insert(entity.id, command.parent, command.before);
    });
  }

  private insert(id: EntityId, parent: EntityId, before?: EntityId): void {
    this.touch(parent);
    const list = this.children(parent).filter((each) => each !== id);
    const at = before === undefined ? -1 : list.indexOf(before);
    list.splice(at < 0 ? list.length : at, 0, id);
    this.lists.set(parent, list);
  }

  private detach(id: EntityId): void {
    const parent = this.held.get(id)!.parent;
    this.touch(parent);
    this.lists.set(parent, this.children(parent).filter((each) => each !== id));
  }

  /** Targets that are gone are passed over. */
  private eachTarget(targets: readonly EntityId[], act: (entity: Entity, at: number) => void): void {
    targets.forEach((id, at) => {
      const entity = this.held.get(id);
      if (entity) act(entity, at);
    });
  }

  private edit(
    targets: readonly EntityId[], change: (entity: Entity, at: number) => Partial<Entity>, whole = false,
  ): void {
    this.eachTarget(targets, (entity, at) => {
      this.touch(entity.id);
      const changed = change(entity, at);
      this.held.set(entity.id, whole ? (changed as Entity) : { ...entity, ...changed });
    });
  }

  private touch(id: EntityId): void {
    if (!this.before.has(id)) this.before.set(id, { entity: this.held.get(id), children: this.lists.get(id) });
  }

  private changeSince(before: Before): SceneChange {
    const added: EntityId[] = [], updated: EntityId[] = [], removed: EntityId[] = [], reordered: EntityId[] = [];
    for (const [id, { entity, children }] of before) {
      const now = this.held.get(id);
      if (now && !entity) added.push(id);
      else if (entity && !now) removed.push(id);
      else if (entity !== now) updated.push(id);
      if (this.lists.has(id) && this.children(id).join() !== (children ?? []).join()) reordered.push(id);
    }
    const depth = (id: EntityId): number => {
      const parent = this.held.get(id)?.parent;
      return parent === undefined || parent === ROOT ? 0 : 1 + depth(parent);
    };
    added.sort((a, b) => depth(a) - depth(b));
    return { everything: false, added, updated, removed, reordered };
  }
}

function vector(values: Vec3): Vector3 {
  return new Vector3(...values);
}

function turned(turn: Quaternion, rotation: Quat): Quat {
  return turn.clone().multiply(new Quaternion(...rotation)).normalize().toArray() as [number, number, number, number];
}

function about(position: Vec3, pivot: Vec3 | undefined, turn: (arm: Vector3) => Vector3): Vec3 {
  return pivot ? turn(vector(position).sub(vector(pivot))).add(vector(pivot)).toArray() : position;
}
