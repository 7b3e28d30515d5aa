// A WebRTC peer that is not ours (libdatachannel through node-datachannel), driven by the benchmark: it connects by
// offers on stdout and answers on stdin, a JSON line each, measures, and prints what it measured as its last line.
//
// usage: rtc_client.mjs CONNECTS ECHOES FLOOD_MESSAGES FLOOD_BYTES
import readline from "node:readline";
import nodeDataChannel from "node-datachannel";

const [connects, echoes, floodMessages, floodBytes] = process.argv.slice(2).map(Number);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Opens the four lanes; resolves when all are open, with the milliseconds from the offer on. */
async function connect() {
  const started = now();
  const peer = new nodeDataChannel.PeerConnection("bench", { iceServers: [], disableAutoNegotiation: false });
  const gathered = new Promise((resolve) =>
    peer.onGatheringStateChange((state) => state === "complete" && resolve()));
  const lanes = ["control", "commands", "bulk"].map((label) => peer.createDataChannel(label, { protocol: "theta/1" }));
  lanes.push(peer.createDataChannel("presence", { protocol: "theta/1", unordered: true, maxRetransmits: 0 }));
  const opened = Promise.all(lanes.map((lane) => new Promise((resolve) => lane.onOpen(resolve))));
  await gathered;
  say({ offer: peer.localDescription().sdp });
  const line = await lines.next();
  peer.setRemoteDescription(JSON.parse(line.value).answer, "answer");
  await opened;
  return { peer, lanes, ms: now() - started };
}

/** One message there and back at a time: microseconds each. */
async function echo(lane) {
  const message = Buffer.alloc(101);
  const times = [];
  let arrived = () => undefined;
  lane.onMessage(() => arrived());
  for (let turn = 0; turn < echoes; ++turn) {
    const back = new Promise((resolve) => (arrived = resolve));
    const started = now();
    lane.sendMessageBinary(message);
    await back;
    times.push((now() - started) * 1000);
  }
  return times;
}

/** As many as the lane takes, all echoed: seconds until the last one is back. */
function flood(lane) {
  const message = Buffer.alloc(1 + floodBytes);
  let sent = 0;
  let received = 0;
  return new Promise((resolve) => {
    const started = now();
    const send = () => {
      while (sent < floodMessages && lane.bufferedAmount() < 256 * 1024) {
        lane.sendMessageBinary(message);
        sent += 1;
      }
    };
    lane.setBufferedAmountLowThreshold(64 * 1024);
    lane.onBufferedAmountLow(send);
    lane.onMessage(() => {
      received += 1;
      if (received === floodMessages) resolve((now() - started) / 1000);
    });
    send();
  });
}

const connectMs = [];
let last;
for (let turn = 0; turn < connects; ++turn) {
  last?.peer.close();
  last = await connect();
  connectMs.push(last.ms);
}
const echoUs = await echo(last.lanes[1]);
const floodSeconds = await flood(last.lanes[1]);
say({ connect_ms: connectMs, echo_us: echoUs, flood_seconds: floodSeconds });
last.peer.close();
nodeDataChannel.cleanup();
process.exit(0);
