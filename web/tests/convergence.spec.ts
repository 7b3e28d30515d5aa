import path from "node:path";
import { Chance, TcpProxy, UdpProxy } from "./support/faults.js";
import { browserLink, HubProcess, NativePeer, theta, throughPort } from "./support/processes.js";
import { Person } from "./support/pages.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";

/**
 * One room, peers on all three transports, a bad network, and a hub that is killed. Everybody edits at random, mostly
 * the same few things. In the end all show one state, hash by hash, and the log proves every step.
 */

/** Where the bad network lies that browsers have to take; its port is the hub's. */
const kBadAddress = "127.0.0.2";
const kBursts = 12;
const kEditsPerBurst = 6;
const kKillsAt = new Set([4, 8]);

type AnyCommand = Record<string, unknown>;

function randomCommand(chance: Chance, name: string, known: readonly string[]): AnyCommand {
  const pick = chance.next();
  const position = [0, 1, 2].map(() => Math.round(chance.next() * 1000) / 100);
  if (known.length === 0 || pick < 0.2) return { command: "create_entities", entities: [{ name, position }] };
  const targets = [chance.pick(known)];
  if (pick < 0.5)
    return { command: "set_transform", targets, transforms: [{ position, rotation: [0, 0, 0, 1], scale: [1, 1, 1] }] };
  if (pick < 0.6) return { command: "translate_by", targets, offset: position };
  if (pick < 0.7) return { command: "rename_entity", target: targets[0], name: `${name} ${position[0]}` };
  if (pick < 0.78) return { command: "reparent_entities", targets, parent: chance.pick(known) };
  if (pick < 0.84) return { command: "change_tags", targets, add: [`t${chance.below(5)}`] };
  if (pick < 0.88) return { command: "delete_entities", targets };
  if (pick < 0.92) return { command: "set_material", targets, material: { roughness: chance.next() } };
  return { command: pick < 0.97 ? "undo" : "redo" };
}

/** Submits in the page; a command that cannot work on the scene is refused there, which edits at random earn. */
async function edit(person: Person, command: AnyCommand): Promise<string[]> {
  return person.page.evaluate(async (given) => {
    try {
      const submitted = await globalThis.theta.room.submit(given as never);
      submitted.settled.catch(() => undefined);
      return [...submitted.ids];
    } catch {
      return [];
    }
  }, command);
}

/** `THETA_SEEDS="2 3 4" npx playwright test convergence` runs others. */
const kSeeds = (process.env.THETA_SEEDS ?? "1").split(" ").map(Number);

for (const seed of kSeeds) {
  test(`peers on QUIC, WebRTC and WebSocket converge over bad networks, seed ${seed}`, async ({
    browser,
    afterwards,
  }, info) => {
    const chance = new Chance(seed);
    const folder = info.outputPath("");
    const hub = new HubProcess({
      folder,
      config: "[guards]\ncommands_burst = 100000\ncommands_per_second = 100000\n",
    });
    afterwards(() => hub.kill());
    await hub.start();
    const link = hub.newRoom("converge");
    const quic = await UdpProxy.open(hub.udpPort, seed);
    const rtc = await UdpProxy.open(hub.udpPort, seed + 1, kBadAddress);
    const tcp = await TcpProxy.open(hub.httpPort);
    for (const proxy of [quic, rtc, tcp]) afterwards(() => proxy.close());
    // Browsers hear of the hub's address through the answer to their offer, which names the proxy from here on.
    await hub.kill("SIGTERM");
    const start = () => hub.start("--public-address", kBadAddress);
    await start();

    const natives = ["Nora", "Nils"].map(
      (name) => new NativePeer(throughPort(link, quic.port), name, path.join(folder, name)),
    );
    afterwards(() => natives.forEach((peer) => peer.kill()));
    await Promise.all(natives.map((peer) => peer.live()));
    const people = [
      await Person.open(browser, "Ann", browserLink(link, hub.httpPort), "webrtc"),
      await Person.open(browser, "Bob", browserLink(link, hub.httpPort), "webrtc"),
      await Person.open(browser, "Cem", browserLink(link, tcp.port), "websocket"),
    ];
    expect(await Promise.all(people.map((person) => person.transportKind()))).toEqual([
      "webrtc",
      "webrtc",
      "websocket",
    ]);

    const faults = { loss: 0.05, duplicate: 0.03, reorder: 0.05 };
    quic.faults = rtc.faults = faults;
    const made: string[] = [];
    const known = () => [...made, ...natives.flatMap((peer) => peer.ids)].slice(-40);
    for (let burst = 0; burst < kBursts; ++burst) {
      for (let turn = 0; turn < kEditsPerBurst; ++turn) {
        for (const peer of natives) peer.send(randomCommand(chance, peer.name, known()));
        for (const person of people) made.push(...(await edit(person, randomCommand(chance, person.name, known()))));
      }
      if (kKillsAt.has(burst)) {
        await hub.kill();
        for (const person of people) made.push(...(await edit(person, randomCommand(chance, person.name, known()))));
        await start();
      }
      if (burst === 2) rtc.rebind();
      if (burst === 5) tcp.cut = true;
      if (burst === 6) rtc.cut = true;
      if (burst === 7) tcp.cut = rtc.cut = false;
    }
    quic.faults = rtc.faults = { loss: 0, duplicate: 0, reorder: 0 };
    expect(quic.dropped, "the network was bad for native peers").toBeGreaterThan(0);
    expect(rtc.dropped, "the network was bad for browsers").toBeGreaterThan(0);

    await Promise.all(
      people.map(async (person) => {
        await person.live();
        await person.idle();
      }),
    );
    await Promise.all(natives.map((peer) => peer.finish()));
    await expectOneState({ link, folder }, people);
    theta("log", "verify", link, "--data", path.join(folder, "r"));
  });
}
