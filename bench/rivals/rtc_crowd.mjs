// Two hundred people with browsers in one room, and what they cost the hub: its memory and processor, how long each
// waits to get in, and how much of what they show each other arrives. The hub is a real one in a process of its own.
// The people are rtc_crowd_peers.mjs: another WebRTC than ours below Theta's WebAssembly core, in several processes.
//
// usage: rtc_crowd.mjs [--output FILE] [--peers N] [--processes N] [--seconds N]      exit code 1: a target is missed
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { parseArgs } from "node:util";
import { Hub } from "../browser/hub.mjs";
import { quantile, Report } from "../browser/report.mjs";

const { values: options } = parseArgs({
  options: {
    output: { type: "string" },
    peers: { type: "string", default: "200" },
    processes: { type: "string", default: "4" },
    seconds: { type: "string", default: "20" },
  },
});
const kPeers = Number(options.peers);
const kProcesses = Number(options.processes);
const kSeconds = Number(options.seconds);
/** As often as the requirement has everybody move. */
const kPresencePerSecond = 10;
const kTree = path.resolve(import.meta.dirname, "../..");

/** The client's TypeScript over the WebAssembly core as one file that Node can import; the core asks for `require`. */
async function bundleCore(folder) {
  const esbuild = createRequire(path.join(kTree, "web/package.json"))("esbuild");
  const outfile = path.join(folder, "core.mjs");
  const entryPoints = [path.join(kTree, "web/client/src/core.ts")];
  const banner = { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' };
  await esbuild.build({ entryPoints, outfile, banner, bundle: true, format: "esm", platform: "node" });
  return outfile;
}

/** Some of the crowd, in a process of their own that does as it is told, a JSON line each way. */
class Group {
  constructor(core, link, first, count) {
    const script = path.join(import.meta.dirname, "rtc_crowd_peers.mjs");
    const wasm = path.join(kTree, "build/wasm/bin/theta_web.wasm");
    this.process = spawn(process.execPath, [script, core, wasm, link, String(first), String(count)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    process.once("exit", () => this.process.kill());
    this.lines = readline.createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(what) {
    this.process.stdin.write(`${JSON.stringify(what)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`a process of the crowd ended when asked to ${what.kind}`);
    return JSON.parse(value);
  }

  async end() {
    const gone = once(this.process, "exit");
    this.process.stdin.end();
    await gone;
  }
}

/** Counters and gauges of the hub by name; those with labels are added up. */
async function metricsOf(hub) {
  const text = await (await fetch(`http://${hub.http}/metrics`)).text();
  const metrics = {};
  for (const [, name, value] of text.matchAll(/^theta_(\w+)(?:\{[^}]*\})? ([-+.\deE]+)/gm))
    metrics[name] = (metrics[name] ?? 0) + Number(value);
  return metrics;
}

/** Resident memory, sampled twice a second from now on: the most, and how much lay between two halves of the time. */
function watchMemory(hub) {
  const samples = [];
  const timer = setInterval(() => samples.push(hub.residentKib()), 500);
  return () => {
    clearInterval(timer);
    samples.push(hub.residentKib());
    const half = Math.floor(samples.length / 2);
    const [early, late] = [samples.slice(0, half + 1), samples.slice(half)];
    return { most: Math.max(...samples), growth: quantile(late, 0.5) - quantile(early, 0.5) };
  };
}

/** What it takes while everybody moves, and what reaches the others. */
async function measurePresence(report, hub, groups, emptyKib) {
  const before = await metricsOf(hub);
  const cpuBefore = hub.cpuSeconds();
  const started = performance.now();
  const stopWatching = watchMemory(hub);
  const told = await Promise.all(groups.map((group) =>
    group.ask({ kind: "move", seconds: kSeconds, perSecond: kPresencePerSecond })));
  const seconds = (performance.now() - started) / 1000;
  const memory = stopWatching();
  const cpu = hub.cpuSeconds() - cpuBefore;
  const after = await metricsOf(hub);
  const sum = (name) => told.reduce((total, one) => total + one[name], 0);
  const since = (name) => after[name] - before[name];
  const lost = sum("lost");
  if (lost > 0) throw new Error(`${lost} of ${kPeers} peers lost their connection while everybody moved`);
  report.add("rtc crowd: presence updates sent by each", sum("sent") / kPeers / seconds, "/s");
  report.add("rtc crowd: of these taken by the hub", (100 * since("presence_received")) / sum("sent"), "%");
  report.add("rtc crowd: presence updates that reach each", sum("received") / kPeers / seconds, "/s");
  report.add("rtc crowd: of all that were sent by others", (100 * sum("received")) / (sum("sent") * (kPeers - 1)), "%");
  report.add("rtc crowd: messages that carry them, to all", since("presence_datagrams") / seconds, "/s");
  report.add("rtc crowd: of these dropped in the hub's queues", since("presence_dropped") / seconds, "/s");
  report.add("rtc crowd: sessions passed over for their backlog", since("presence_skips") / seconds, "/s");
  report.add("rtc crowd: processor of the hub", cpu / seconds, "cores");
  report.add("rtc crowd: processor of the peers", sum("cpuSeconds") / seconds, "cores");
  const perPeerKib = (memory.most - emptyKib) / kPeers;
  report.add("rtc crowd: memory of the hub a peer while all move, at most", perPeerKib, "KiB", 150);
  report.add("rtc crowd: growth between the halves of that time", memory.growth, "KiB");
}

async function measure(report, hub, core) {
  const { browser } = hub.newRoom();
  const emptyKib = hub.residentKib();
  const firstOf = (index) => Math.floor((index * kPeers) / kProcesses);
  const groups = Array.from({ length: kProcesses }, (_, index) =>
    // From 1 on, for addresses.
    new Group(core, browser, 1 + firstOf(index), firstOf(index + 1) - firstOf(index)));
  // One after the other, so that what a person waits for is not the rest of the crowd's turn at a processor.
  const connected = [];
  for (const group of groups) connected.push(await group.ask({ kind: "connect" }));
  const { sessions } = await metricsOf(hub);
  if (sessions !== kPeers) throw new Error(`${kPeers} peers are in the room, but the hub has ${sessions} sessions`);
  const times = connected.flatMap(({ connectMs }) => connectMs);
  report.note(`  (${kPeers} peers in ${kProcesses} processes; load before: ${os.loadavg()[0].toFixed(1)})`);
  report.add("rtc crowd: offer to open channels, p50", quantile(times, 0.5), "ms", 150);
  report.add("rtc crowd: offer to open channels, p95", quantile(times, 0.95), "ms");
  report.add("rtc crowd: the hub without peers", emptyKib / 1024, "MiB");
  report.add("rtc crowd: memory of the hub a peer, all quiet", (hub.residentKib() - emptyKib) / kPeers, "KiB", 150);
  await measurePresence(report, hub, groups, emptyKib);
  await Promise.all(groups.map((group) => group.end()));
}

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "theta-crowd-"));
const report = new Report();
try {
  const core = await bundleCore(folder);
  const hub = await Hub.start();
  try {
    await measure(report, hub, core);
  } finally {
    await hub.end();
  }
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}
if (options.output) report.mergeInto(options.output);
process.exit(report.missed === 0 ? 0 : 1);
