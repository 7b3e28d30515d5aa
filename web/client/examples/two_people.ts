import { connect, type Entity, type Room } from "@theta/client";

/** Two people in one room: one makes a lamp, the other sees it and moves it, the first takes a step back. */
export async function twoPeople(link: string): Promise<readonly Entity[]> {
  const common = { link, storage: "memory" } as const;
  const ann = await connect({ ...common, displayName: "Ann" });
  const bob = await connect({ ...common, displayName: "Bob" });

  // A command shows at once; `settled` says what became of it when the hub has it on its disk.
  await ann.ready();
  const made = await ann.create([{ name: "lamp", position: [0, 2, 0], light: { kind: "point", intensity: 100 } }]);
  const { seq } = await made.settled;
  console.log(`the lamp is record ${seq}`);

  const lamp = made.ids[0]!;
  await bob.ready();
  await seen(bob, () => bob.scene.get(lamp) !== undefined);
  const moved = await bob.submit({ command: "translate_by", targets: [lamp], offset: [1, 0, 0] });
  await moved.settled;

  await seen(ann, () => ann.scene.get(lamp)?.transform.position[0] === 1);
  const entities = [...ann.scene.entities()];
  await Promise.all([ann.close(), bob.close()]);
  return entities;
}

function seen(room: Room, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => void (holds() && resolve());
    room.on("changed", look);
    room.on("status", look);
    look();
  });
}
