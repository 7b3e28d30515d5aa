// A hub that speaks TLS with a certificate of its own, and clients by other hands: Node's TLS, a WebSocket by hand and
// libdatachannel. They use /ws and /rtc, distrust the certificate, and send frames that no WebSocket client sends.
//
// usage: tls_hub_test.mjs FOLDER_WITH_NODE_MODULES THETA
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import crypto from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

import { frame, OPCODE, WebSocketClient } from "./websocket_client.mjs";

const [modules, theta] = process.argv.slice(2).map((name) => path.resolve(name));
const rtc = createRequire(`${modules}/`)("node-datachannel");
/** Only guards against a test that would hang. */
const DEADLINE_MS = 120_000;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "theta-tls-"));
const hub = spawn(theta, ["hub", "--data", `${folder}/hub`, "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
  "--tls", "self-signed"], { stdio: ["ignore", "pipe", "pipe"] });
const said = [];
readline.createInterface({ input: hub.stderr }).on("line", (line) => said.push(line));
const ready = JSON.parse((await readline.createInterface({ input: hub.stdout })[Symbol.asyncIterator]().next()).value);
const [host, port] = [ready.http.split(":")[0], Number(ready.http.split(":")[1])];
const ca = fs.readFileSync(`${folder}/hub/tls.crt`);
const hubKey = Buffer.from(ready.fingerprint, "base64url");

function ask(options, body) {
  return new Promise((resolve, reject) => {
    const request = https.request({ host, port, ca, agent: false, ...options }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function metric(sample) {
  const { body } = await ask({ path: "/metrics" });
  const line = body.split("\n").find((each) => each.startsWith(`${sample} `));
  assert(line !== undefined, `${sample} is exported`);
  return Number(line.slice(sample.length + 1));
}

/** Resolves when the sample is at least so much: what a client did may reach the hub after its next request. */
async function reaches(sample, least) {
  while ((await metric(sample)) < least) await new Promise(setImmediate);
}

const PROTOCOL_ERRORS = "theta_transport_protocol_errors";
const FAILED_HANDSHAKES = 'theta_websocket_events{event="handshakes_failed"}';
const distrust = (error) => error.code === "DEPTH_ZERO_SELF_SIGNED_CERT";

/** Node has BLAKE2b of 64 bytes only, and one of 32 bytes is another function; Python has it. */
function blake2b256(text) {
  const program =
    "import hashlib, sys; print(hashlib.blake2b(sys.stdin.buffer.read(), digest_size=32).hexdigest(), end='')";
  return Buffer.from(execFileSync("python3", ["-c", program], { input: text }).toString(), "hex");
}

const tests = {
  async whoTrustsTheCertificateIsServedAndOthersAreNot() {
    assert.equal((await ask({ path: "/healthz" })).status, 200);
    await assert.rejects(ask({ path: "/healthz", ca: undefined }), distrust);
    await assert.rejects(WebSocketClient.open({ host, port, ca: undefined }), distrust);
    await reaches('theta_http_rejections{reason="tls"}', 2);
  },

  async theLanesWorkOverWss() {
    const client = await WebSocketClient.open({ host, port, ca });
    assert.equal(client.status, 101);
    const channel = await client.establish(hubKey);
    const hello = channel.open(await client.message());
    assert.equal(hello.lane, 0, "the hub greets on the control lane");
    assert(hello.message.includes(hubKey), "and names its key");
    client.socket.destroy();
  },

  async pagesOfOthersGetNoWebSocket() {
    const client = await WebSocketClient.open({ host, port, ca, origin: "https://elsewhere.example" });
    assert.equal(client.status, 403);
    client.socket.destroy();
  },

  async framesThatNoClientSendsEndTheConnectionAndAreCounted() {
    const hostile = {
      text: (client) => client.send(frame(OPCODE.text, Buffer.from("hello"))),
      unmasked: (client) => client.send(frame(OPCODE.binary, Buffer.alloc(8), { isMasked: false })),
      continuationOfNothing: (client) => client.send(frame(OPCODE.continuation, Buffer.alloc(8))),
      unknownOpcode: (client) => client.send(frame(5, Buffer.alloc(8))),
      longPing: (client) => client.send(frame(OPCODE.ping, Buffer.alloc(200))),
      lengthOverAllBounds: async (client) => {
        await client.send(frame(OPCODE.binary, Buffer.alloc(1 << 20), { length: 2 ** 52 }));
        await client.send(Buffer.alloc(1 << 20));
      },
      fragmentsWithoutEnd: async (client) => {
        await client.send(frame(OPCODE.binary, Buffer.alloc(64 << 10), { isFinal: false }));
        for (let at = 0; at < 32; ++at)
          await client.send(frame(OPCODE.continuation, Buffer.alloc(64 << 10), { isFinal: false }));
      },
      pingsWithoutEnd: async (client) => {
        for (let at = 0; at < 1000; ++at) client.send(frame(OPCODE.ping, Buffer.from("again")));
      },
    };
    for (const [name, misbehave] of Object.entries(hostile)) {
      for (const isEstablished of [false, true]) {
        const counter = isEstablished ? PROTOCOL_ERRORS : FAILED_HANDSHAKES;
        const before = await metric(counter);
        const client = await WebSocketClient.open({ host, port, ca });
        if (isEstablished) {
          await client.establish(hubKey);
          await client.message();
        }
        const closed = client.closeCode();
        misbehave(client);
        const code = await closed;
        assert([0, 1002, 4002].includes(code), `${name}: ${code}`);
        await reaches(counter, before + 1);
        client.socket.destroy();
      }
    }
    assert.equal((await ask({ path: "/healthz" })).status, 200, "the hub lives");
    await tests.theLanesWorkOverWss();
  },

  async anOfferOverHttpsOpensTheChannels() {
    const peer = new rtc.PeerConnection("test", { iceServers: [], bindAddress: "127.0.0.1" });
    const gathered = new Promise((resolve) =>
      peer.onGatheringStateChange((state) => state === "complete" && resolve()));
    const lanes = ["control", "commands", "bulk", "presence"].map((label) =>
      peer.createDataChannel(label, label === "presence"
        ? { protocol: "theta/1", unordered: true, maxRetransmits: 0 } : { protocol: "theta/1" }));
    const greeting = new Promise((resolve) => lanes[0].onMessage(resolve));
    await gathered;
    const offer = peer.localDescription().sdp;
    const post = signedOffer(offer);
    await assert.rejects(ask({ ...post, ca: undefined }, offer), distrust);
    const forged = { ...post, headers: { ...post.headers, "Theta-Time": String(Date.now() + 1000) } };
    assert.equal((await ask(forged, offer)).status, 403);
    const answer = await ask(post, offer);
    assert.equal(answer.status, 200, answer.body);
    peer.setRemoteDescription(answer.body, "answer");
    assert(Buffer.from(await greeting).includes(hubKey), "the hub's greeting names its key");
    peer.close();
  },
};

function signedOffer(offer) {
  const author = crypto.generateKeyPairSync("ed25519");
  const time = Date.now();
  const stamp = Buffer.alloc(8);
  stamp.writeBigUInt64LE(BigInt(time));
  const message = Buffer.concat([Buffer.from("theta/rtc/offer/v1\0"), hubKey, stamp, blake2b256(offer)]);
  const key = author.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return {
    method: "POST",
    path: "/rtc",
    headers: {
      "Content-Type": "application/sdp",
      "Content-Length": Buffer.byteLength(offer),
      Origin: `https://${host}:${port}`,
      "Theta-Author": key.toString("base64url"),
      "Theta-Time": String(time),
      "Theta-Signature": crypto.sign(null, message, author.privateKey).toString("base64url"),
    },
  };
}

const guard = setTimeout(() => {
  console.error("a condition never came true; the hub said:\n" + said.join("\n"));
  hub.kill("SIGKILL");
  process.exit(1);
}, DEADLINE_MS);
try {
  for (const [name, test] of Object.entries(tests)) {
    await test();
    console.log(`ok ${name}`);
  }
} finally {
  clearTimeout(guard);
  hub.kill("SIGTERM");
  await once(hub, "exit");
  fs.rmSync(folder, { recursive: true });
  rtc.cleanup();
}
assert.equal(hub.exitCode, 0, said.join("\n"));
