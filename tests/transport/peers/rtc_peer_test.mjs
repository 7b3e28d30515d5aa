// Theta's WebRTC against an implementation that is not ours: libdatachannel opens the lanes, misbehaves, and goes away.
//
// usage: rtc_peer_test.mjs FOLDER_WITH_NODE_MODULES THETA_RTC_ECHO
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import path from "node:path";
import readline from "node:readline";

const [modules, program] = process.argv.slice(2).map((name) => path.resolve(name));
const rtc = createRequire(`${modules}/`)("node-datachannel");
const LABELS = ["control", "commands", "bulk", "presence"];
const FRAGMENT_BYTES_MAX = 16 * 1024;
/** Only guards against a test that would hang. */
const DEADLINE_MS = 60_000;

const hub = spawn(program, ["127.0.0.1:0"], { stdio: ["pipe", "pipe", "pipe"] });
const answers = readline.createInterface({ input: hub.stdout })[Symbol.asyncIterator]();
const said = [];
readline.createInterface({ input: hub.stderr }).on("line", (line) => said.push(line));

async function answer(sdp) {
  hub.stdin.write(`${Buffer.from(sdp).toString("base64url")}\n`);
  const line = (await answers.next()).value;
  return line.startsWith("!") ? { refusal: line.slice(2) } : { sdp: Buffer.from(line, "base64url").toString() };
}

function optionsOf(label) {
  return label === "presence" ? { protocol: "theta/1", unordered: true, maxRetransmits: 0 } : { protocol: "theta/1" };
}

/** A connection with channels of these labels and options, not yet open. */
async function connect(channels) {
  const peer = new rtc.PeerConnection("test", { iceServers: [], bindAddress: "127.0.0.1" });
  const gathered = new Promise((resolve) => peer.onGatheringStateChange((state) => state === "complete" && resolve()));
  const lanes = channels.map(([label, options]) => peer.createDataChannel(label, options));
  const opened = Promise.all(lanes.map((lane) => new Promise((resolve) => lane.onOpen(resolve))));
  const closed = Promise.race(lanes.map((lane) => new Promise((resolve) => lane.onClosed(resolve))));
  await gathered;
  peer.setRemoteDescription((await answer(peer.localDescription().sdp)).sdp, "answer");
  return { peer, lanes, opened, closed };
}

const fourLanes = () => LABELS.map((label) => [label, optionsOf(label)]);

const tests = {
  async everyLaneEchoesMessagesOfEverySize() {
    const { peer, lanes, opened } = await connect(fourLanes());
    await opened;
    for (const [at, lane] of lanes.entries()) {
      const sizes = LABELS[at] === "presence" ? [1, 2, 1101] : [1, 2, 1200, FRAGMENT_BYTES_MAX];
      for (const size of sizes) {
        const message = Buffer.alloc(size, at + 1);
        message[0] = 0;
        const back = new Promise((resolve) => lane.onMessage(resolve));
        lane.sendMessageBinary(message);
        assert.deepEqual(Buffer.from(await back), message, `${LABELS[at]}, ${size} bytes`);
      }
    }
    peer.close();
  },

  async fragmentsComeBackAsOneMessage() {
    const { peer, lanes, opened } = await connect(fourLanes());
    await opened;
    const received = [];
    const whole = new Promise((resolve) =>
      lanes[2].onMessage((fragment) => {
        received.push(Buffer.from(fragment));
        if (fragment[0] === 0) resolve();
      }));
    const piece = Buffer.alloc(FRAGMENT_BYTES_MAX, 7);
    piece[0] = 1;
    for (let at = 0; at < 10; ++at) lanes[2].sendMessageBinary(piece);
    lanes[2].sendMessageBinary(Buffer.from([0, 8]));
    await whole;
    const bytes = Buffer.concat(received.map((fragment) => fragment.subarray(1)));
    assert.equal(bytes.length, 10 * (FRAGMENT_BYTES_MAX - 1) + 1);
    assert.equal(bytes.at(-1), 8);
    assert(received.slice(0, -1).every((fragment) => fragment[0] === 1));
    peer.close();
  },

  async whoBreaksTheProtocolIsToldAndDisconnected() {
    const misbehaviours = [
      (lanes) => lanes[1].sendMessageBinary(Buffer.from([9, 1])),
      (lanes) => lanes[3].sendMessageBinary(Buffer.from([1, 1])),
      (lanes) => lanes[1].sendMessageBinary(Buffer.alloc(0)),
      (_, peer) => peer.createDataChannel("another", { protocol: "theta/1" }),
    ];
    for (const misbehave of misbehaviours) {
      const { peer, lanes, opened, closed } = await connect(fourLanes());
      await opened;
      const reason = new Promise((resolve) => lanes[0].onMessage(resolve));
      misbehave(lanes, peer);
      const fragment = Buffer.from(await reason);
      assert.equal(fragment[0], 2);
      assert.equal(fragment.readUInt16LE(1), 2, "protocol_error");
      assert(fragment.length > 20, "with a sentence");
      await closed;
      peer.close();
    }
  },

  async channelsOfAnotherKindAreNotOpened() {
    for (const [label, options] of [
      ["control", { protocol: "theta/2" }], ["presence", { protocol: "theta/1" }],
      ["bulk", { protocol: "theta/1", unordered: true }], ["Control", { protocol: "theta/1" }]]) {
      const { peer, closed } = await connect([[label, options]]);
      await closed;
      peer.close();
    }
  },

  async aChannelThatIsClosedIsAnsweredAndEndsTheRest() {
    const { peer, lanes, opened } = await connect(fourLanes());
    await opened;
    const all = lanes.map((lane) => new Promise((resolve) => lane.onClosed(resolve)));
    lanes[1].close();
    await Promise.all(all);
    peer.close();
  },

  async junkIsRefusedWithASentence() {
    for (const sdp of ["", "hello", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"]) {
      const { refusal } = await answer(sdp);
      assert(refusal.length > 40, refusal);
    }
  },
};

const guard = setTimeout(() => {
  console.error("a condition never came true; the hub said:\n" + said.join("\n"));
  process.exit(1);
}, DEADLINE_MS);
for (const [name, test] of Object.entries(tests)) {
  await test();
  console.log(`ok ${name}`);
}
clearTimeout(guard);
hub.stdin.end();
await once(hub, "exit");
assert.equal(hub.exitCode, 0, said.join("\n"));
rtc.cleanup();
