import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { twoPeople } from "../examples/two_people.js";
import { Core } from "../src/core.js";
import { CommandError, CommandRefused, type ConnectOptions, type Room } from "../src/room.js";
import { type RoomClient } from "../src/room_client.js";
import { type Command, type Conflict } from "../src/types.js";
import { join, live, TestHub, until } from "./hub.js";

let hub: TestHub;
let native: string;
let link: string;
const rooms: Room[] = [];

beforeAll(async () => {
  hub = await TestHub.start();
});
afterAll(() => hub.end());
beforeEach(() => {
  native = hub.newRoom();
  link = hub.browserLink(native);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});

async function open(name: string, options: Partial<ConnectOptions> = {}): Promise<Room> {
  const room = await join(options.link ?? link, name, options);
  rooms.push(room);
  if (!options.offline) expect(await live(room)).toMatchObject({ phase: "live", text: "" });
  return room;
}

test("a room is ready when somebody was let in, and says why when nobody is", async () => {
  const room = await join(link, "Ann");
  rooms.push(room);
  await expect(room.create([{ name: "too early" }])).rejects.toThrow(CommandError);
  await room.ready();
  await (await room.create([{ name: "box" }])).settled;
  const stranger = await join(link.replace(/\.[^.]*$/, ""), "Eve");
  rooms.push(stranger);
  await expect(stranger.ready()).rejects.toThrow(/invite/i);
  const impatient = await join(link, "Fay");
  const never = expect(impatient.ready()).rejects.toThrow(/closed|offline/);
  await impatient.close();
  await never;
  await expect(impatient.ready()).rejects.toThrow("the room was closed");
  await room.close();
  await expect(room.ready()).rejects.toThrow("the room was closed");
});

test("what one page makes, another sees, and a native peer has the same state", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob")];
  const made = await ann.create([{ name: "box" }, { name: "lid", parent_index: 0 }]);
  expect(made.ids).toHaveLength(2);
  expect(ann.scene.get(made.ids[1]!)?.parent).toBe(made.ids[0]);
  const settled = await made.settled;
  expect(settled.outcome?.status).toBe("applied");
  await until(bob, () => bob.scene.size === 2);
  expect([...bob.scene.entities()]).toEqual([...ann.scene.entities()]);
  expect(ann.name).not.toBe("");
  expect(bob.name).toBe(ann.name);
  expect([ann.status.can_undo, bob.status.can_undo]).toEqual([true, false]);
  await (await bob.submit({ command: "rename_entity", target: made.ids[0]!, name: "chest" })).settled;
  await until(ann, () => ann.scene.get(made.ids[0]!)?.name === "chest");
  const theirs = hub.nativeHash(native);
  await until(ann, () => ann.status.head === theirs.seq);
  expect((await ann.stateHash()).hash).toBe(theirs.state_hash);
  expect(ann.status).toMatchObject({ transport_kind: "websocket", writer: true, role: "admin", unstored_edits: 0 });
});

test("the example runs", async () => {
  const entities = await twoPeople(link);
  expect(entities.map((entity) => entity.transform.position)).toEqual([[1, 2, 0]]);
});

test("one command names 4,096 things, or 1,024 with a transform or 600 bytes of tags for each", async () => {
  const ann = await open("Ann");
  const ids: string[] = [];
  while (ids.length < 4096) ids.push(...(await ann.create(Array.from({ length: 512 }, () => ({})))).ids);
  const few = ids.slice(0, 1024);
  const transforms = few.map((_, at) =>
    ({ position: [at, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] }) as const);
  const add = Array.from({ length: 10 }, (_, at) => `${at}`.repeat(60));
  const material = { base_color: [1, 0, 0, 1], base_color_texture: "ab".repeat(32) } as const;
  const all = [
    await ann.submit({ command: "set_visibility", targets: ids, visible: false }),
    await ann.submit({ command: "set_material", targets: ids, material }),
    await ann.submit({ command: "set_transform", targets: few, transforms }),
    await ann.submit({ command: "reparent_entities", targets: few.slice(1), parent: few[0]!,
      transforms: transforms.slice(1) }),
    await ann.submit({ command: "change_tags", targets: few, add }),
    await ann.submit({ command: "duplicate_entities", targets: ids.slice(1024) }),
    await ann.submit({ command: "delete_entities", targets: [ids[0]!, ...ids.slice(1024)] }),
    await ann.undo(),
  ];
  for (const { settled } of all) expect((await settled).outcome?.status).toBe("applied");
  expect(ann.scene.size).toBe(4096 + 3072);
  const copies = all[5]!.ids.slice(0, 3072);
  const tooMany = { command: "set_visibility", targets: [ids[0]!, ...copies, ...ids.slice(1, 1025)], visible: true };
  expect(tooMany.targets).toHaveLength(4097);
  await expect(ann.submit(tooMany as Command)).rejects.toThrow(/4096/);
});

test("what the scene shows once it is shown holds all commands given before", async () => {
  const ann = await open("Ann");
  await ann.shown();
  const { ids: [id] } = await ann.create([{ light: { kind: "point", intensity: 2 } }]);
  const light = () => ann.scene.get(id!)!.light!;
  // Nobody waits for the answers, as a person does not who types one number after the other.
  const given = [
    ann.submit({ command: "set_light", targets: [id!], light: { ...light(), range: 5 } }),
    ann.submit({ command: "delete_entities", targets: ["0:9"] }),
  ];
  expect(light().range).toBe(0);
  await ann.shown();
  expect(light().range).toBe(5);
  given.push(ann.submit({ command: "set_light", targets: [id!], light: { ...light(), color: [1, 0, 0] } }));
  await ann.shown();
  expect(light()).toMatchObject({ range: 5, color: [1, 0, 0], intensity: 2 });
  const outcomes = await Promise.allSettled(given);
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  const last = ann.submit({ command: "rename_entity", target: id!, name: "too late" });
  const shown = ann.shown();
  await ann.close();
  await Promise.allSettled([last]);
  await shown;
});

test("undo and redo are one's own", async () => {
  const ann = await open("Ann");
  const made = await ann.create([{ name: "box" }]);
  const renamed = await ann.submit({ command: "rename_entity", target: made.ids[0]!, name: "chest" });
  const undone = await ann.undo();
  await undone.settled;
  expect(undone.took).toBe(renamed.handle);
  expect(ann.scene.get(made.ids[0]!)?.name).toBe("box");
  await (await ann.redo()).settled;
  expect(ann.scene.get(made.ids[0]!)?.name).toBe("chest");
  const bob = await open("Bob");
  await expect(bob.undo()).rejects.toThrow(CommandError);
  await until(ann, () => ann.status.can_undo && !ann.status.can_redo);
  expect(bob.status).toMatchObject({ can_undo: false, can_redo: false });
});

test("undo passes over what somebody has changed, and redo gives back first what was taken last", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob")];
  const { ids: [a, b] } = await ann.create([{ name: "a" }, { name: "b" }]);
  const material = { roughness: 0.5 };
  const renamed = await ann.submit({ command: "rename_entity", target: a!, name: "chest" });
  await ann.submit({ command: "set_material", targets: [a!], material });
  const second = await ann.submit({ command: "set_material", targets: [b!], material });
  await ann.idle();
  await until(bob, () => bob.scene.get(b!)?.material !== undefined);
  await (await bob.submit({ command: "set_material", targets: [a!], material: { roughness: 0.1 } })).settled;
  await until(ann, () => ann.status.head === bob.status.head);
  expect((await ann.undo()).took).toBe(second.handle);
  expect((await ann.undo()).took).toBe(renamed.handle);
  expect((await ann.redo()).took).toBe(renamed.handle);
  expect(ann.scene.get(a!)).toMatchObject({ name: "chest", material: { roughness: expect.closeTo(0.1) } });
  expect(ann.scene.get(b!)?.material).toBeUndefined();
  expect((await ann.redo()).took).toBe(second.handle);
  expect(ann.scene.get(b!)?.material?.roughness).toBe(0.5);
  await expect(ann.redo()).rejects.toThrow(CommandError);
});

test("a command that cannot be shown rejects with a code", async () => {
  const ann = await open("Ann");
  const code = (promise: Promise<unknown>) => promise.then(() => "none", (error: CommandError) => error.code);
  expect(await code(ann.submit({ command: "dance" } as never))).toBe("malformed");
  expect(await code(ann.submit({ command: "delete_entities", targets: ["0:9"] }))).toBe("refused");
  const viewer = await open("Vera", { link: hub.browserLink(hub.invite(native, "viewer")) });
  expect(await code(viewer.create([{}]))).toBe("not_permitted");
});

test("a lost edit becomes a conflict that can be answered", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob")];
  const { ids: [id] } = await ann.create([{ name: "box" }]);
  // By this rule the later one loses whatever the clocks say.
  await ann.submit({ command: "set_policy", strategy: "reject" });
  await ann.idle();
  await until(bob, () => bob.scene.size === 1);
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const mine = await ann.submit({ command: "rename_entity", target: id!, name: "mine" });
  await (await bob.submit({ command: "rename_entity", target: id!, name: "theirs" })).settled;
  const conflict = new Promise<Conflict>((resolve) => ann.on("conflict", resolve));
  ann.goOnline();
  expect((await mine.settled).outcome?.status).toBe("rejected");
  const told = await conflict;
  expect(told).toMatchObject({ handle: mine.handle, blocker_name: "Bob" });
  expect(ann.scene.get(id!)?.name).toBe("theirs");
  await (await ann.submitAgain(told)).settled;
  expect(ann.scene.get(id!)?.name).toBe("mine");
});

test("who is put out knows it, and keeps what was not sent", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob", { link: hub.browserLink(hub.invite(native, "editor")) })];
  const { ids: [id] } = await bob.create([{ name: "box" }]);
  await bob.idle();
  bob.goOffline();
  await until(bob, () => bob.status.phase === "offline");
  expect(bob.status).toMatchObject({ text: "", will_retry: false });
  await bob.submit({ command: "rename_entity", target: id!, name: "crate" });
  await (await ann.submit({ command: "revoke_role", author: bob.status.author })).settled;
  bob.goOnline();
  await until(bob, () => bob.status.phase === "offline" && bob.status.text.includes("revoked"));
  expect(bob.status).toMatchObject({ put_out: true, queued_commands: 1 });
  expect(bob.scene.get(id!)?.name).toBe("crate");
  await (await ann.submit({ command: "grant_role", author: bob.status.author, role: "editor" })).settled;
  bob.goOnline();
  await bob.idle();
  expect(bob.status.put_out).toBe(false);
  await until(ann, () => ann.scene.get(id!)?.name === "crate");
});

test("the older of two moves that were not sent yet is part of the newer", async () => {
  const ann = await open("Ann");
  const { ids: [id] } = await ann.create([{ name: "box" }]);
  await ann.idle();
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const transform = ann.scene.get(id!)!.transform;
  const move = (x: number) =>
    ann.submit({ command: "set_transform", targets: [id!], transforms: [{ ...transform, position: [x, 0, 0] }] });
  const first = await move(1);
  const second = await move(2);
  expect([first.replaces, second.replaces]).toEqual([undefined, first.handle]);
  await ann.undo();
  expect(ann.scene.get(id!)?.transform).toEqual(transform);
  ann.goOnline();
  expect((await first.settled).handle).toBe(second.handle);
});

test("people are seen with their names, roles and what they show", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob", { link: hub.browserLink(hub.invite(native, "editor")) })];
  await until(ann, () => ann.participants.some((one) => one.name === "Bob"));
  expect(ann.participants.find((one) => one.self)?.name).toBe("Ann");
  expect(ann.members.find((member) => member.name === "Bob")?.role).toBe("editor");
  bob.setPresence({
    view: { position: [1, 2, 3], rotation: [0, 0, 0, 1] },
    view_shape: { vertical_fov: 0.75, aspect_ratio: 1.5 },
  });
  await until(ann, () => ann.participants.some((one) => one.presence !== undefined));
  const shown = ann.participants.find((one) => one.name === "Bob")?.presence;
  expect(shown).toEqual({
    view: { position: [1, 2, 3], rotation: [0, 0, 0, 1] }, view_shape: { vertical_fov: 0.75, aspect_ratio: 1.5 },
  });
  await bob.submit({ command: "activate_tool", tool: "move" });
  await until(ann, () => ann.members.some((member) => member.tool === "move"));
  await bob.close();
  await until(ann, () => !ann.participants.some((one) => one.name === "Bob"));
});

test("a hub that was killed is found again, and what waited is sent", async () => {
  const ann = await open("Ann");
  await hub.kill();
  await until(ann, () => ann.status.phase === "offline");
  expect(ann.status).toMatchObject({ will_retry: true });
  const made = await ann.create([{ name: "made while the hub was away" }]);
  expect(ann.status.unstored_edits).toBe(1);
  await hub.start();
  expect((await made.settled).outcome?.status).toBe("applied");
  await ann.idle();
  expect(ann.status.unstored_edits).toBe(0);
});

test("an invite made here lets somebody in with its role, by either link", async () => {
  const ann = await open("Ann");
  const links = await ann.createInvite({ role: "viewer", uses: null, expiresAt: null });
  const vera = await open("Vera", { link: links.browser });
  expect(vera.status.role).toBe("viewer");
  expect(links.native).toMatch(/^theta:\/\/127\.0\.0\.1:\d+\//);
  await expect(vera.createInvite()).rejects.toThrow(CommandError);
});

test("history tells who did what, and the past can be looked at", async () => {
  const ann = await open("Ann");
  const { ids } = await ann.create([{ name: "box" }]);
  const { seq } = await (await ann.submit({ command: "translate_by", targets: ids, offset: [0, 1, 0] })).settled;
  await (await ann.submit({ command: "delete_entities", targets: ids })).settled;
  const { head, entries } = await ann.history(1, 100);
  expect(head).toBe(ann.status.head);
  const last = { author_name: "Ann", commands: [{ command: "delete_entities", targets: ids, count: 1 }] };
  expect(entries.at(-1)).toMatchObject(last);
  const creation = entries.flatMap(({ commands }) => commands).find(({ command }) => command === "create_entities");
  expect(creation).toMatchObject({ names: ["box"], targets: ids });
  const progress: number[] = [];
  const past = await ann.sceneAt(seq, { onProgress: (fraction) => progress.push(fraction) });
  expect([...past.entities()].map((one) => [one.name, one.transform.position])).toEqual([["box", [0, 1, 0]]]);
  expect(ann.scene.size).toBe(0);
  expect((await ann.sceneAt(1)).size).toBe(0);
  await expect(ann.sceneAt(seq + 100)).rejects.toThrow(/expected a record/);
});

test("assets and meshes go up once and come back the same", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob")];
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7919) >> 3);
  const asset = await ann.uploadAsset(bytes);
  expect(asset).toMatch(/^[0-9a-f]{64}$/);
  expect(Buffer.compare(await bob.downloadAsset(asset), bytes)).toBe(0);
  const mesh = { positions: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0), indices: Uint32Array.of(0, 1, 2) };
  const stored = await ann.storeMesh(mesh);
  expect(await ann.storeMesh(mesh)).toBe(stored);
  // A command that names it goes to the hub when the hub has it.
  await (await ann.create([{ mesh: stored }])).settled;
  expect(await bob.loadMesh(stored)).toEqual(mesh);
  expect(await bob.loadMesh(stored)).toBe(await bob.loadMesh(stored));
  await expect(bob.downloadAsset("00".repeat(32))).rejects.toThrow();
});

test("a model comes in as one thing, and goes out again", async () => {
  const ann = await open("Ann");
  const gltf = new TextEncoder().encode(JSON.stringify({
    asset: { version: "2.0" }, scenes: [{ nodes: [0] }], nodes: [{ name: "a", children: [1] }, { name: "b" }],
  }));
  const files = { main: "model.gltf", files: new Map([["model.gltf", gltf]]) };
  const { ids, warnings, entities, commands } = await ann.importModel(files, { position: [1, 0, 0] });
  expect([warnings, entities, commands.length]).toEqual([[], 3, 1]);
  expect(ann.scene.get(ids[0]!)).toMatchObject({ name: "model", transform: { position: [1, 0, 0] } });
  expect(ann.scene.size).toBe(3);
  const glb = await ann.exportGlb({ ids });
  expect(new TextDecoder().decode(glb.subarray(0, 4))).toBe("glTF");
  const again = await ann.importModel({ main: "out.glb", files: new Map([["out.glb", glb]]) });
  expect(ann.scene.children(again.ids[0]!)).toHaveLength(1);
  const junk = { main: "x.glb", files: new Map([["x.glb", Uint8Array.of(1, 2)]]) };
  await expect(ann.importModel(junk)).rejects.toThrow(/x\.glb/);
  const aborted = AbortSignal.abort(new Error("enough"));
  await expect(ann.importModel(files, { signal: aborted })).rejects.toThrow("enough");
  expect(ann.scene.size).toBe(7);
  const whileReading = new AbortController();
  const reading = ann.importModel(files, { signal: whileReading.signal });
  whileReading.abort(new Error("no longer"));
  await expect(reading).rejects.toThrow("no longer");
  await until(ann, () => ann.scene.size === 7);
});

test("an import that is done before it is given up stays, and says so", async () => {
  const ann = await open("Ann");
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const gltf = new TextEncoder().encode(JSON.stringify({ asset: { version: "2.0" } }));
  const files = { main: "model.gltf", files: new Map([["model.gltf", gltf]]) };
  const tooLate = new AbortController();
  // The core is done, and the page is just about to hear it.
  const poll = Core.prototype.poll;
  vi.spyOn(Core.prototype, "poll").mockImplementation(function (this: Core) {
    const polled = poll.call(this);
    if (polled.told.some(({ text }) => text.includes('"task_done"'))) tooLate.abort(new Error("too late"));
    return polled;
  });
  const { ids } = await ann.importModel(files, { signal: tooLate.signal });
  expect(tooLate.signal.aborted).toBe(true);
  expect(ann.scene.get(ids[0]!)?.name).toBe("model");
});

test("a room is idle when what was submitted before is in, answered or not", async () => {
  const ann = await open("Ann");
  const head = ann.status.head;
  void ann.create([{ name: "box" }]);
  await ann.idle();
  expect(ann.status.head).toBe(head + 1);
  // Nothing stays open behind one that could not be taken.
  await expect(ann.submit({ command: "delete_entities", targets: ["9:9"] })).rejects.toThrow();
  await ann.idle();
});

test("when the worker is gone, so is every promise", async () => {
  const ann = await open("Ann");
  ann.goOffline();
  await until(ann, () => ann.status.phase === "offline");
  const { settled } = await ann.create([{ name: "never sent" }]);
  (ann as RoomClient).crash("the worker ended");
  await expect(settled).rejects.toThrow("the room was closed");
  expect(ann.status).toMatchObject({ phase: "stopped", text: "the worker ended" });
});

test("what is submitted without waiting arrives in order and as one", async () => {
  const [ann, bob] = [await open("Ann"), await open("Bob")];
  const { ids } = await ann.create([{ name: "box" }]);
  const all = Array.from({ length: 50 }, (_, at) =>
    ann.submit({ command: "set_transform", targets: ids, transforms: [
      { position: [at, 0, 0], rotation: [0, 0, 0, 1], scale: [1, 1, 1] }] }));
  const settled = await Promise.all((await Promise.all(all)).map((submitted) => submitted.settled));
  expect(settled).toHaveLength(50);
  await ann.idle();
  await until(bob, () => bob.scene.get(ids[0]!)?.transform.position[0] === 49);
});

test("whoever is put out hears it, and what was submitted then is refused", async () => {
  const ann = await open("Ann");
  const bob = await open("Bob", { link: hub.browserLink(hub.invite(native, "editor")) });
  await until(ann, () => ann.members.some((member) => member.name === "Bob"));
  const author = ann.members.find((member) => member.name === "Bob")!.author;
  bob.goOffline();
  await until(bob, () => bob.status.phase === "offline");
  const made = await bob.create([{ name: "late" }]);
  await (await ann.submit({ command: "revoke_role", author })).settled;
  bob.goOnline();
  await until(bob, () => bob.status.role === "none" || bob.status.text !== "");
  const outcome = await Promise.race([
    made.settled.then(() => "settled", (error: unknown) => error),
    until(bob, () => bob.status.text.length > 0).then(() => bob.status.text),
  ]);
  expect(outcome instanceof CommandRefused || typeof outcome === "string").toBe(true);
  expect(ann.scene.size).toBe(0);
});

test("a link to another hub's key is refused with a sentence", async () => {
  const other = link.replace(/#[A-Za-z0-9_-]{43}/, `#${"A".repeat(43)}`);
  const room = await join(other, "Eve");
  rooms.push(room);
  await until(room, () => room.status.text !== "");
  expect(room.status.phase).toBe("stopped");
});
