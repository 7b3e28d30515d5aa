import { describe, expect, it } from "vitest";
import { ROOT, type SceneChange } from "@theta/client";
import { FakeRoom } from "./fake_room.js";

describe("the fake room", () => {
  it("shows an edit at once and tells what changed", async () => {
    const room = new FakeRoom();
    const changes: SceneChange[] = [];
    room.on("changed", (change) => changes.push(change));
    const { ids } = await room.create([{ name: "a" }, { name: "b", parent_index: 0 }]);
    expect(room.scene.get(ids[1]!)?.parent).toBe(ids[0]);
    expect(changes[0]).toMatchObject({ added: ids, updated: [], removed: [], reordered: [ids[0], ROOT] });
  });

  it("takes back and does again what was done", async () => {
    const room = new FakeRoom();
    const { ids } = await room.create([{ name: "a" }, { name: "b", parent_index: 0 }]);
    await room.submit({ command: "delete_entities", targets: [ids[0]!] });
    expect(room.scene.size).toBe(0);
    await room.undo();
    expect([...room.scene.entities()].map(({ name }) => name)).toEqual(["a", "b"]);
    await room.redo();
    expect(room.scene.size).toBe(0);
    await expect(room.redo()).rejects.toThrow("nothing to redo");
  });

  it("adds deltas to whatever is there", async () => {
    const room = new FakeRoom();
    const { ids } = await room.create([{ position: [1, 0, 0] }]);
    room.remote({ command: "translate_by", targets: ids, offset: [0, 2, 0] });
    await room.submit({ command: "rotate_by", targets: ids, rotation: [0, 1, 0, 0], pivot: [0, 0, 0] });
    const { position } = room.scene.get(ids[0]!)!.transform;
    expect(position[0]).toBeCloseTo(-1);
    expect(position[1]).toBeCloseTo(2);
  });

  it("refuses a cycle and what a viewer may not", async () => {
    const room = new FakeRoom();
    const { ids } = await room.create([{}, { parent_index: 0 }]);
    await expect(room.submit({ command: "reparent_entities", targets: [ids[0]!], parent: ids[1]! })).rejects.toThrow();
    room.setStatus({ role: "viewer" });
    await expect(room.create([{}])).rejects.toThrow("viewer");
  });
});
