import { createServer, type Server } from "node:http";
import { type AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Room } from "../src/room.js";
import { join, TestHub, until } from "./hub.js";
import { giveWebRtc, takeWebRtcAway } from "./rtc.js";

// An independent implementation of WebRTC (libdatachannel) plays the browser.

let hub: TestHub;
let link: string;
const rooms: Room[] = [];

beforeAll(async () => {
  hub = await TestHub.start();
  link = hub.browserLink(hub.newRoom());
});
beforeEach(() => giveWebRtc());
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
  takeWebRtcAway();
});
afterAll(() => hub.end());

async function open(name: string, transport: "auto" | "webrtc" | "websocket", at = link): Promise<Room> {
  const room = await join(at, name, { transport });
  rooms.push(room);
  await until(room, () => room.status.phase === "live" || room.status.text !== "");
  expect(room.status).toMatchObject({ phase: "live", text: "" });
  return room;
}

test("lanes over data channels and over a WebSocket lead into one room", async () => {
  const [ann, bob] = [await open("Ann", "webrtc"), await open("Bob", "websocket")];
  expect(ann.status.transport_kind).toBe("webrtc");
  expect(bob.status.transport_kind).toBe("websocket");
  await (await ann.create([{ name: "box" }])).settled;
  await until(bob, () => bob.scene.size === 1);
  await (await bob.create([{ name: "lid" }])).settled;
  await until(ann, () => ann.scene.size === 2);
  await until(ann, () => ann.status.head === bob.status.head);
  expect(await ann.stateHash()).toEqual(await bob.stateHash());
  const links = await ann.createInvite();
  expect(links.native).toMatch(/^theta:\/\/127\.0\.0\.1:\d+\//);
});

test("what is longer than a data channel's message goes both ways in fragments", async () => {
  const ann = await open("Ann", "webrtc");
  const bytes = Uint8Array.from({ length: 1_000_000 }, (_, at) => (at * 7919) >> 3);
  const asset = await ann.uploadAsset(bytes);
  // Comparing them element by element would take vitest seconds.
  expect(Buffer.compare(await ann.downloadAsset(asset), bytes)).toBe(0);
});

test("where no data channel opens, a WebSocket is taken", async () => {
  takeWebRtcAway();
  expect((await open("Ann", "auto")).status.transport_kind).toBe("websocket");
  giveWebRtc();
  expect((await open("Bob", "auto")).status.transport_kind).toBe("webrtc");
});

test("an answer that the hub did not sign is not believed", async () => {
  const forger: Server = createServer((request, response) => {
    response.writeHead(200, { "Content-Type": "application/sdp", "Theta-Signature": "A".repeat(86) });
    request.resume();
    response.end("v=0\r\n");
  });
  await new Promise<void>((resolve) => forger.listen(0, "127.0.0.1", resolve));
  const { port } = forger.address() as AddressInfo;
  const forged = link.replace(/^http:\/\/[^/]+/, `http://127.0.0.1:${port}`);
  const room = await join(forged, "Eve", { transport: "webrtc" });
  rooms.push(room);
  await until(room, () => room.status.text !== "");
  expect(room.status.text).toMatch(/not the hub that the link names/);
  expect(room.status.phase).not.toBe("live");
  await new Promise((resolve) => forger.close(resolve));
});

test("a hub that was killed is found again by a new connection", async () => {
  const ann = await open("Ann", "webrtc");
  await hub.kill();
  const made = await ann.create([{ name: "made while the hub was away" }]);
  await hub.start();
  expect((await made.settled).outcome?.status).toBe("applied");
});
