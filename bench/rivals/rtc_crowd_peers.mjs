// Some of the crowd of rtc_crowd.mjs. Each peer is a person of its own: Theta's WebAssembly core, which signs the
// offer, verifies the hub, logs in and joins, over data channels of libdatachannel. Presence of others is counted, not
// given to the core: to verify and show it is what each person's own machine does.
//
// usage: rtc_crowd_peers.mjs CORE WASM LINK FIRST COUNT      commands and answers are JSON lines
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import { text } from "node:stream/consumers";
import readline from "node:readline";
import nodeDataChannel from "node-datachannel";

const [corePath, wasmPath, link, first, count] = process.argv.slice(2);
const { CoreRuntime } = await import(corePath);
const runtime = await CoreRuntime.load(fs.readFileSync(wasmPath));
const { origin, host, hostname, port, pathname, hash } = new URL(link);
/** As web/client/src/link.ts gives it to the core. */
const coreLink = `theta://browser:1/${pathname.slice("/r/".length)}${hash}`;

/** As web/client/src/rtc_link.ts opens them, in the order of the core's lanes. */
const kLanes = [
  ["control", {}],
  ["commands", {}],
  ["bulk", {}],
  ["presence", { unordered: true, maxRetransmits: 0 }],
];
const kPresence = 3;
const kAllWritable = 0b1111;
const kPresenceBundle = 22;

/** The one request that begins a connection, from an address of the person's own, since the hub has bounds for each. */
async function postOffer(localAddress, headers, offer) {
  const request = http.request({ hostname, port, localAddress, method: "POST", path: "/rtc", headers });
  request.end(offer);
  const [response] = await once(request, "response");
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`the hub did not take an offer: ${response.statusCode} ${answer}`);
  return { sdp: answer, signature: response.headers["theta-signature"] };
}

/** How many updates a frame of the presence lane carries: a fragment's byte, then a PresenceBundle in a Message. */
function countUpdates(frame) {
  const view = new DataView(frame.buffer, frame.byteOffset + 1, frame.byteLength - 1);
  const field = (table, slot) => {
    const vtable = table - view.getInt32(table, true);
    const at = 4 + 2 * slot;
    const offset = at < view.getUint16(vtable, true) ? view.getUint16(vtable + at, true) : 0;
    if (offset === 0) throw new Error(`a message on the presence lane lacks field ${slot}`);
    return table + offset;
  };
  const follow = (at) => at + view.getUint32(at, true);
  const message = follow(0);
  if (view.getUint8(field(message, 0)) !== kPresenceBundle) throw new Error("expected a PresenceBundle");
  return view.getUint32(follow(field(follow(field(message, 1)), 0)), true);
}

class Peer {
  received = 0;
  sent = 0;
  isLost = false;
  early = [];

  constructor(number) {
    this.address = `127.1.${number >> 8}.${number & 255}`;
    const options = { link: coreLink, display_name: `Person ${number}`, writer: true, offline: false, keeps: false };
    const random_seed = crypto.getRandomValues(new Uint32Array(1))[0];
    const nothing = { state: new Uint8Array(0), journal: new Uint8Array(0), assets: [] };
    const seed = crypto.getRandomValues(new Uint8Array(32));
    this.core = runtime.create({ ...options, random_seed }, seed, nothing);
  }

  /** Resolves when the room is live, with the milliseconds from the offer to four open channels. */
  async join() {
    const live = new Promise((resolve, reject) => {
      this.onLive = resolve;
      this.onTrouble = reject;
    });
    this.pump();
    await live;
    return this.connectMs;
  }

  /** Lets the core do what is due; until it is live, hears what it tells. */
  pump() {
    clearTimeout(this.timer);
    const wait = this.core.step();
    if (this.isOpen) this.sendFrames();
    if (this.onLive) this.listen();
    if (wait >= 0) this.timer = setTimeout(() => this.pump(), wait);
  }

  sendFrames() {
    for (let frame = this.core.nextFrame(kAllWritable); frame; frame = this.core.nextFrame(kAllWritable)) {
      this.lanes[frame.channel].sendMessageBinary(frame.bytes);
      this.sent += frame.channel === kPresence ? 1 : 0;
    }
  }

  listen() {
    const { told, wantsStep } = this.core.poll();
    for (const { text } of told) {
      if (text.startsWith('{"event":"connect",')) {
        this.connect(JSON.parse(text).attempt).catch((error) => this.onTrouble(error));
      } else if (text.startsWith('{"event":"status",')) {
        const { phase, text: trouble } = JSON.parse(text);
        if (trouble !== "") this.onTrouble(new Error(`a peer could not join: ${trouble}`));
        if (phase !== "live") continue;
        this.onLive();
        this.onLive = undefined;
      }
    }
    if (wantsStep) setImmediate(() => this.pump());
  }

  async connect(attempt) {
    const started = performance.now();
    this.connection = new nodeDataChannel.PeerConnection("crowd", { iceServers: [], bindAddress: this.address });
    const gathered = new Promise((resolve) =>
      this.connection.onGatheringStateChange((state) => state === "complete" && resolve()));
    this.lanes = kLanes.map(([label, init]) =>
      this.connection.createDataChannel(label, { protocol: "theta/1", ...init }));
    const opened = this.lanes.map((lane, index) => {
      lane.onMessage((frame) => this.take(index, frame));
      lane.onClosed(() => (this.isLost = true));
      return new Promise((resolve) => lane.onOpen(resolve));
    });
    await gathered;
    const offer = this.connection.localDescription().sdp;
    const { json } = this.core.call("rtc_offer", { sdp: offer });
    const headers = {
      "Content-Type": "application/sdp",
      Origin: origin,
      "Theta-Author": json.author,
      "Theta-Time": String(json.time),
      "Theta-Signature": json.signature,
    };
    const answer = await postOffer(this.address, headers, offer);
    this.core.call("rtc_answer", answer);
    this.connection.setRemoteDescription(answer.sdp, "answer");
    await Promise.all(opened);
    this.connectMs = performance.now() - started;
    this.core.call("rtc_open", { attempt, address: host });
    this.isOpen = true;
    for (const [lane, frame] of this.early.splice(0)) this.core.receive(lane, frame);
    this.pump();
  }

  /** The hub greets when its channels are open, which may be before ours say so. */
  take(lane, frame) {
    if (lane === kPresence) {
      this.received += countUpdates(frame);
      return;
    }
    if (!this.isOpen) return void this.early.push([lane, frame]);
    this.core.receive(lane, frame);
    this.pump();
  }

  /** Looks and points somewhere, as the editor tells it. */
  move(turn) {
    const x = Math.sin(turn / 10);
    const view = { position: [x, 1, 2], rotation: [0, 0, 0, 1] };
    const pointer = { origin: [x, 2, 3], target: [3, 2, x] };
    this.core.call("set_presence", { presence: { view, pointer } });
    this.pump();
  }
}

/** All of them so many times a second, at phases that are spread as people's are. */
function moveAll(peers, seconds, perSecond) {
  const began = performance.now();
  const interval = 1000 / perSecond;
  const turns = seconds * perSecond;
  const next = peers.map((_, index) => ({ turn: 0, at: began + (interval * index) / peers.length }));
  return new Promise((resolve) => {
    const look = () => {
      const now = performance.now();
      for (const [index, one] of next.entries()) {
        if (one.turn === turns || one.at > now) continue;
        peers[index].move(one.turn);
        one.turn += 1;
        one.at += interval;
      }
      if (next.every(({ turn }) => turn === turns)) resolve();
      else setTimeout(look, Math.max(0, Math.min(...next.map(({ at }) => at)) - performance.now()));
    };
    look();
  });
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const peers = Array.from({ length: Number(count) }, (_, index) => new Peer(Number(first) + index));
const answers = {
  async connect() {
    const connectMs = [];
    for (const peer of peers) connectMs.push(await peer.join());
    return { connectMs };
  },
  async move({ seconds, perSecond }) {
    const cpuBefore = cpuSeconds();
    for (const peer of peers) peer.sent = peer.received = 0;
    await moveAll(peers, seconds, perSecond);
    const sum = (name) => peers.reduce((total, peer) => total + peer[name], 0);
    const lost = peers.filter(({ isLost }) => isLost).length;
    return { sent: sum("sent"), received: sum("received"), lost, cpuSeconds: cpuSeconds() - cpuBefore };
  },
};
for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await answers[asked.kind](asked))}\n`);
}
process.exit(0);
