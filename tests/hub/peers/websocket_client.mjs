// A WebSocket by hand (RFC 6455) over node:tls, so that a test can send what no proper client would, and Theta's sealed
// channel as docs/format.md describes it, by node:crypto: no line of it comes from Theta.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** A frame as a client sends it; `length` and `isMasked` may lie. */
export function frame(opcode, payload = Buffer.alloc(0), { isFinal = true, isMasked = true, length } = {}) {
  const size = length ?? payload.length;
  const header = Buffer.alloc(10);
  header[0] = (isFinal ? 0x80 : 0) | opcode;
  header[1] = (isMasked ? 0x80 : 0) | 127;
  header.writeBigUInt64BE(BigInt(size), 2);
  const mask = crypto.randomBytes(4);
  const body = isMasked ? Buffer.from(payload.map((byte, at) => byte ^ mask[at % 4])) : payload;
  const short = Buffer.from([header[0], (header[1] & 0x80) | size]);
  const middle = Buffer.concat([Buffer.from([header[0], (header[1] & 0x80) | 126]), header.subarray(8)]);
  const begin = size < 126 ? short : size < 65536 ? middle : header;
  return Buffer.concat([begin, isMasked ? mask : Buffer.alloc(0), body]);
}

export class WebSocketClient {
  #buffer = Buffer.alloc(0);
  #wake = () => {};
  #isOver = false;

  /** Rejects when the certificate is not trusted; resolves with the upgrade's status. */
  static async open({ host, port, ca, origin = `https://${host}:${port}` }) {
    const socket = tls.connect({ host, port, ca });
    await once(socket, "secureConnect");
    const client = new WebSocketClient(socket);
    const key = crypto.randomBytes(16).toString("base64");
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${host}:${port}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\n` +
      `Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: theta.1\r\n` +
      `Sec-WebSocket-Key: ${key}\r\n\r\n`);
    const head = (await client.#take(() => {
      const end = client.#buffer.indexOf("\r\n\r\n");
      return end < 0 ? 0 : end + 4;
    })).toString();
    client.status = Number(head.split(" ")[1]);
    const accept = crypto.createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (client.status === 101) assert(head.includes(accept), "the hub's answer to the key");
    return client;
  }

  constructor(socket) {
    this.socket = socket;
    socket.on("data", (bytes) => {
      this.#buffer = Buffer.concat([this.#buffer, bytes]);
      this.#wake();
    });
    // Whoever breaks the protocol may be cut off in the midst of a write; the close frame counts.
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** The first bytes of what has come, as many as `measure` says once it says more than 0; null when it is over. */
  async #take(measure) {
    for (;;) {
      const size = measure();
      if (size > 0 && this.#buffer.length >= size) {
        const taken = this.#buffer.subarray(0, size);
        this.#buffer = this.#buffer.subarray(size);
        return taken;
      }
      if (this.#isOver) return null;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  send(bytes) {
    return new Promise((resolve) => this.socket.write(bytes, resolve));
  }

  /** The next frame, {opcode, payload}; null when the connection ended. */
  async receive() {
    const header = await this.#take(() => {
      const length = (this.#buffer[1] ?? 0) & 0x7f;
      return this.#buffer.length < 2 ? 0 : length < 126 ? 2 : length === 126 ? 4 : 10;
    });
    if (header === null) return null;
    assert.equal(header[1] & 0x80, 0, "a server masks nothing");
    const length = header.length === 2 ? header[1] & 0x7f
      : header.length === 4 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    const payload = length === 0 ? Buffer.alloc(0) : await this.#take(() => length);
    return payload === null ? null : { opcode: header[0] & 0x0f, payload };
  }

  /** The next data message; pings are answered on the way. Null when the connection ended. */
  async message() {
    for (;;) {
      const came = await this.receive();
      if (came === null || came.opcode === OPCODE.close) return null;
      if (came.opcode === OPCODE.binary) return came.payload;
      if (came.opcode === OPCODE.ping) await this.send(frame(OPCODE.pong, came.payload));
    }
  }

  /** Until the hub ends it: the code of its close frame, 0 without one. */
  async closeCode() {
    let code = 0;
    for (let came = await this.receive(); came !== null; came = await this.receive())
      if (came.opcode === OPCODE.close && code === 0) code = came.payload.readUInt16BE(0);
    return code;
  }

  /** Sets the sealed channel up with the hub that has this key (32 bytes); returns how to open what the hub seals. */
  async establish(hub) {
    const own = crypto.generateKeyPairSync("x25519");
    const ownKey = own.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
    await this.send(frame(OPCODE.binary, ownKey));
    const answer = await this.message();
    assert.equal(answer.length, 120);
    const hubKey = answer.subarray(0, 32);
    const signed = Buffer.concat([Buffer.from("theta/ws/v1\0"), ownKey, hubKey]);
    assert(crypto.verify(null, signed, ed25519(hub), answer.subarray(32, 96)), "the hub proves its key");
    await this.send(frame(OPCODE.binary, crypto.randomBytes(24)));
    const shared = crypto.diffieHellman({ privateKey: own.privateKey, publicKey: x25519(hubKey) });
    // crypto_kx: BLAKE2b-512 of shared secret, client's and server's key; the client receives by the first half.
    const keys = crypto.createHash("blake2b512").update(Buffer.concat([shared, ownKey, hubKey])).digest();
    return new SecretStream(keys.subarray(0, 32), answer.subarray(96));
  }
}

/** The receiving end of crypto_secretstream_xchacha20poly1305; tags are not checked, only what they protect is read. */
class SecretStream {
  #counter = 1;
  constructor(key, header) {
    this.key = hchacha20(key, header.subarray(0, 16));
    this.nonce = header.subarray(16);
  }
  /** {lane, message} */
  open(sealed) {
    const iv = Buffer.concat([Buffer.alloc(8), this.nonce]);
    iv.writeUInt32LE(1, 0);
    iv.writeUInt32LE(this.#counter++, 4);
    const stream = crypto.createCipheriv("chacha20", this.key, iv).update(Buffer.alloc(64 + sealed.length - 17));
    assert.equal(sealed[0] ^ stream[0], 0, "tag MESSAGE");
    const plain = Buffer.from(sealed.subarray(1, -16).map((byte, at) => byte ^ stream[64 + at]));
    return { lane: plain[0], message: plain.subarray(1) };
  }
}

/** A block of ChaCha20 is its state plus the rounds over it; HChaCha20 is some of the rounds' words. */
function hchacha20(key, input) {
  const block = crypto.createCipheriv("chacha20", key, input).update(Buffer.alloc(64));
  const state = Buffer.concat([Buffer.from("expand 32-byte k"), key, input]);
  const result = Buffer.alloc(32);
  [0, 1, 2, 3, 12, 13, 14, 15].forEach((word, at) =>
    result.writeUInt32LE((block.readUInt32LE(4 * word) - state.readUInt32LE(4 * word)) >>> 0, 4 * at));
  return result;
}

const spki = (kind, raw) =>
  crypto.createPublicKey({
    key: Buffer.concat([Buffer.from(`302a300506032b65${kind}032100`, "hex"), raw]), format: "der", type: "spki" });
const ed25519 = (raw) => spki("70", raw);
const x25519 = (raw) => spki("6e", raw);
