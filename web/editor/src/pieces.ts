import type { Command, EntityId, Scene } from "@theta/client";

/** As many targets as the log takes in one command. */
export const kTargetsMax = 4096;
/** With a transform for each: 48 bytes a target, of a payload of 64 KiB. */
export const kPlacedMax = 1024;
/** With tags: what a person types into one field, written to as many, stays below the 1 MiB that one packet writes. */
export const kTaggedMax = 1024;
/** Entities in the subtrees that one command deletes or copies. */
export const kSubtreesMax = 16_384;

/**
 * An edit of any number of targets as commands that each name no more than the log takes, in the order in which they
 * are to be given; none where there are no targets. Places among siblings come out as one command would make them,
 * since each piece goes before the same sibling, or to the end.
 */
export function piecesOf(scene: Scene, command: Command): readonly Command[] {
  if (!("targets" in command)) return [command];
  const { targets } = command;
  if ("transforms" in command && command.transforms?.length === targets.length) {
    const { transforms } = command;
    const piece = (from: number, to: number) =>
      ({ ...command, targets: targets.slice(from, to), transforms: transforms.slice(from, to) }) as Command;
    return runs(targets, kPlacedMax).map(([from, to]) => piece(from, to));
  }
  const max = command.command === "change_tags" ? kTaggedMax : kTargetsMax;
  const isOfSubtrees = command.command === "delete_entities" || command.command === "duplicate_entities";
  const weightOf = isOfSubtrees ? (id: EntityId) => subtreeSize(scene, id) : undefined;
  return runs(targets, max, weightOf).map(([from, to]) => ({ ...command, targets: targets.slice(from, to) }));
}

/** Where pieces begin and end. What weighs too much by itself is a piece of its own, for the room to refuse. */
function runs(targets: readonly EntityId[], max: number, weightOf?: (id: EntityId) => number): [number, number][] {
  const result: [number, number][] = [];
  let weight = 0;
  for (const [at, id] of targets.entries()) {
    const more = weightOf?.(id) ?? 0;
    const last = result.at(-1);
    if (last === undefined || at - last[0] >= max || weight + more > kSubtreesMax) {
      result.push([at, at + 1]);
      weight = more;
    } else {
      last[1] = at + 1;
      weight += more;
    }
  }
  return result;
}

function subtreeSize(scene: Scene, root: EntityId): number {
  const pending = [root];
  let size = 0;
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    size += 1;
    for (const child of scene.children(id)) pending.push(child);
  }
  return size;
}
