// What a person waits for at a browser, measured in a real Chromium against a real hub on this machine: from navigation
// to an editable scene, bytes on the wire, drawing a large scene, what others' edits cost the page's main thread, and
// how long a file takes from one page to another.
//
// usage: measure.mjs [--output FILE] [--runs N] [--timeline] [--part small|large|asset]
// exit code 1: a target is missed
import { once } from "node:events";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import readline from "node:readline";
import { parseArgs } from "node:util";
import { Hub, kAssets } from "./hub.mjs";
import { quantile, Report } from "./report.mjs";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");

const { values: options } = parseArgs({
  options: {
    output: { type: "string" },
    runs: { type: "string", default: "7" },
    timeline: { type: "boolean", default: false },
    part: { type: "string" },
  },
});
const kRuns = Number(options.runs);
const kName = "Bench";
const kEntitiesPerCommand = 100;
const kFrames = 40;
const kAssetBytes = 1 << 20;

const report = new Report();
const median = (values) => quantile(values, 0.5);

/** As the tests start it (web/tests/playwright.config.ts); without a GPU this machine's cores draw the picture. */
function launch() {
  return chromium.launch({
    executablePath: process.env.THETA_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--allow-loopback-in-peer-connection",
      "--use-angle=swiftshader",
      "--enable-unsafe-swiftshader",
    ],
  });
}

/** A browser that has been in the room, so that no name is asked for; nothing else of it is kept. */
async function newPerson(browser, room) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addInitScript(
    ([name, known]) => {
      localStorage.setItem("theta.name", name);
      localStorage.setItem("theta.rooms", known);
      // What the page's own moments are, for --timeline.
      const marks = [];
      globalThis.benchMarks = marks;
      const mark = (what) => marks.push([Math.round(performance.now()), what]);
      const Native = globalThis.RTCPeerConnection;
      globalThis.RTCPeerConnection = class extends Native {
        constructor(...given) {
          super(...given);
          mark("RTCPeerConnection made");
        }
        createDataChannel(label, init) {
          const channel = super.createDataChannel(label, init);
          channel.addEventListener("open", () => mark(`channel ${label} open`));
          return channel;
        }
        async setRemoteDescription(answer) {
          mark("answer here");
          return super.setRemoteDescription(answer);
        }
      };
      const NativeWorker = globalThis.Worker;
      globalThis.Worker = class extends NativeWorker {
        constructor(...given) {
          super(...given);
          mark("worker asked for");
          this.addEventListener("message", ({ data }) => {
            if (data.kind === "told") {
              if (data.reply?.id < 4) mark(`worker answers ${data.reply.id}`);
              for (const { text } of data.outputs)
                if (text.startsWith('{"event":"status"')) mark(`phase ${JSON.parse(text).phase}`);
            } else mark(data.kind);
          });
        }
      };
    },
    [kName, room],
  );
  return context;
}

/**
 * Milliseconds from navigation until the scene, all its meshes included, stands in the picture and can be edited, and
 * until a first frame of it: where no GPU draws, the processor compiles shaders in between.
 */
async function open(context, link, entities) {
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) report.note(`the browser says: ${message.text()}`);
  });
  page.on("pageerror", (error) => report.note(`the page fails: ${error}`));
  await page.goto(link, { waitUntil: "commit" });
  const handle = await page.waitForFunction(
    (count) => {
      const { room, editor } = globalThis.theta ?? {};
      if (room?.status.phase !== "live" || room.scene.size < count || editor.readOnly.value !== "") return 0;
      const stats = editor.viewport.value?.stats();
      if (stats === undefined || stats.frames === 0 || stats.entities < count) return 0;
      globalThis.benchFirstFrame ??= performance.now();
      // Every entity of these rooms has a mesh: a frame without them shows an empty ground.
      return stats.meshesDrawn >= count ? performance.now() : 0;
    },
    entities,
    // Not by frames: one that the machine is slow to draw must not hide when the scene was there.
    { polling: 5, timeout: 60_000 },
  );
  const ms = await handle.jsonValue();
  const firstFrameMs = await page.evaluate(() => globalThis.benchFirstFrame);
  if (options.timeline) await showTimeline(page, ms);
  return { page, ms, firstFrameMs };
}

async function showTimeline(page, ms) {
  const rows = await page.evaluate(() => [
    ...performance
      .getEntriesByType("resource")
      .flatMap(({ name, startTime, responseEnd }) => [
        [Math.round(startTime), `asks for ${name.split("/").pop()}`],
        [Math.round(responseEnd), `has ${name.split("/").pop()}`],
      ]),
    ...globalThis.benchMarks,
    ...performance.getEntriesByType("paint").map(({ name, startTime }) => [Math.round(startTime), name]),
  ]);
  rows.sort((a, b) => a[0] - b[0]);
  for (const [at, what] of rows.filter(([at]) => at <= ms)) report.note(`  ${String(at).padStart(5)} ms  ${what}`);
  report.note(`  ${String(Math.round(ms)).padStart(5)} ms  editable`);
}

/** Fills the room through a browser: `count` entities of eight meshes and twelve materials. */
async function fill(browser, link, room, count) {
  const context = await newPerson(browser, room);
  const { page } = await open(context, link, 0);
  await page.evaluate(
    async ([total, perCommand]) => {
      const { room } = globalThis.theta;
      // Prisms of 3 to 10 sides: each a mesh of its own.
      const prism = (sides) => {
        const positions = [];
        const normals = [];
        const indices = [];
        for (let side = 0; side < sides; ++side) {
          const [a, b] = [side, side + 1].map((step) => (step / sides) * 2 * Math.PI);
          const middle = (a + b) / 2;
          const at = positions.length / 3;
          for (const [angle, y] of [[a, 0], [b, 0], [b, 1], [a, 1]]) {
            positions.push(Math.cos(angle) / 2, y, Math.sin(angle) / 2);
            normals.push(Math.cos(middle), 0, Math.sin(middle));
          }
          indices.push(at, at + 2, at + 1, at, at + 3, at + 2);
        }
        return {
          positions: new Float32Array(positions),
          normals: new Float32Array(normals),
          indices: new Uint32Array(indices),
        };
      };
      const meshes = [];
      for (let sides = 3; sides <= 10; ++sides) meshes.push(await room.storeMesh(prism(sides)));
      const across = Math.ceil(Math.sqrt(total));
      for (let first = 0; first < total; first += perCommand) {
        const entities = [];
        for (let index = first; index < Math.min(first + perCommand, total); ++index) {
          entities.push({
            name: `Prism ${index}`,
            position: [(index % across) - across / 2, 0, Math.floor(index / across) - across / 2],
            scale: [0.6, 0.3 + (index % 7) / 5, 0.6],
            mesh: meshes[index % meshes.length],
            material: { base_color: [(index % 12) / 12, 0.5, 0.3, 1] },
          });
        }
        await (await room.create(entities)).settled;
      }
      await room.idle();
    },
    [count, kEntitiesPerCommand],
  );
  await context.close();
}

async function measureOpening(browser, links) {
  const [anew, again, firstFrames] = [[], [], []];
  for (let run = 0; run < kRuns; ++run) {
    const context = await newPerson(browser, links.room);
    const first = await open(context, links.browser, 1000);
    anew.push(first.ms);
    firstFrames.push(first.firstFrameMs);
    if (run === 0) await measureBytes(first.page);
    await first.page.evaluate(() => globalThis.theta.room.close());
    await first.page.close();
    again.push((await open(context, links.browser, 1000)).ms);
    await context.close();
  }
  report.note(`  (all runs: ${anew.map(Math.round).join(", ")}; again: ${again.map(Math.round).join(", ")})`);
  report.add("browser: navigation to editable, 1,000 entities, nothing cached", median(anew), "ms", 1500);
  report.add("browser: of that until the first frame, meshes or not", median(firstFrames), "ms");
  report.add("browser: the same, opened again", median(again), "ms", 1500);
}

/** All script and WebAssembly that the hub has for this page, chunks that open later included, as it sends them. */
async function measureBytes(page) {
  const names = fs.readdirSync(kAssets).filter((name) => /\.(js|wasm)$/.test(name));
  let total = 0;
  for (const name of names) {
    const address = new URL(`/assets/${name}`, page.url());
    const answer = await fetch(address, { method: "HEAD", headers: { "Accept-Encoding": "br" } });
    if (!answer.ok) throw new Error(`the hub answers ${answer.status} when asked for ${address}`);
    total += Number(answer.headers.get("content-length"));
  }
  report.add("browser: script and WebAssembly, all chunks, compressed", total / 1024, "KiB", 1000);
  const loaded = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter(({ name }) => /\.(js|wasm)$/.test(name))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
  );
  report.note("  (without TLS this browser asks for gzip, not brotli)");
  report.add("browser: fetched by the page before it is editable, gzip", loaded / 1024, "KiB");
}

async function measureDrawing(browser, links) {
  const context = await newPerson(browser, links.room);
  const { page, ms } = await open(context, links.browser, 10_000);
  report.add("browser: navigation to editable, 10,000 entities", ms, "ms");
  const canvas = page.locator("canvas").first();
  const box = await canvas.boundingBox();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  await page.evaluate(() => {
    globalThis.benchFrames = [];
    const viewport = globalThis.theta.editor.viewport.value;
    let seen = viewport.stats().frames;
    let last = performance.now();
    const look = (now) => {
      const stats = viewport.stats();
      if (stats.frames !== seen) globalThis.benchFrames.push({ ...stats, interval: now - last });
      seen = stats.frames;
      last = now;
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
  // As a person turns the view: with the middle button held.
  await page.mouse.move(...middle);
  await page.mouse.down({ button: "middle" });
  for (let step = 0; step < kFrames; ++step) await page.mouse.move(middle[0] + 4 * step, middle[1] + step);
  await page.mouse.up({ button: "middle" });
  const frames = await page.evaluate(() => globalThis.benchFrames);
  if (frames.length < 5) throw new Error(`the view was turned, but only ${frames.length} frames were drawn`);
  const of = (name) => frames.map((frame) => frame[name]);
  report.add("browser: draw calls, 10,000 entities", Math.max(...of("drawCalls")), "", 299);
  report.add("browser: main thread a frame while turning, p50", median(of("frameMs")), "ms");
  report.add("browser: between frames while turning (software GL), p50", median(of("interval")), "ms");
  await context.close();
}

/** Milliseconds of the renderer's main thread in tasks of any kind, and in script. */
async function mainThread(session) {
  const { metrics } = await session.send("Performance.getMetrics");
  const of = (name) => metrics.find((metric) => metric.name === name).value * 1000;
  return { tasks: of("TaskDuration"), script: of("ScriptDuration") };
}

async function measureRemoteEdits(browser, hub, links) {
  const context = await newPerson(browser, links.room);
  const { page } = await open(context, links.browser, 1000);
  const ids = await page.evaluate(() => [...globalThis.theta.room.scene.entities()].map(({ id }) => id));
  const session = await context.newCDPSession(page);
  await session.send("Performance.enable");
  const peer = hub.join(links.native, "nora");
  const lines = readline.createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error("the native peer ended before it was in the room");
    if (JSON.parse(value).event === "caught_up") break;
  }
  const gone = once(peer, "exit");
  void (async () => {
    for await (const _ of lines);
  })();
  const [all, script, took] = [[], [], []];
  for (let run = 1; run <= kRuns; ++run) {
    await page.evaluate(
      ([height, count]) => {
        const { room } = globalThis.theta;
        const moved = new Set();
        globalThis.benchDone = new Promise((resolve) => {
          const started = performance.now();
          const stop = room.on("changed", () => {
            for (const { id, transform } of room.scene.entities()) if (transform.position[1] === height) moved.add(id);
            if (moved.size < count) return;
            stop();
            resolve(performance.now() - started);
          });
        });
      },
      [run, 1000],
    );
    const before = await mainThread(session);
    const commands = ids.slice(0, 1000).map((id, index) =>
      JSON.stringify({ command: "set_transform", targets: [id], position: [index % 32, run, Math.floor(index / 32)] }));
    peer.stdin.write(`${commands.join("\n")}\n`);
    took.push(await page.evaluate(() => globalThis.benchDone));
    const after = await mainThread(session);
    all.push(after.tasks - before.tasks);
    script.push(after.script - before.script);
  }
  peer.stdin.end();
  await gone;
  report.note(`  (all runs: tasks ${all.map(Math.round).join(", ")}; script ${script.map(Math.round).join(", ")})`);
  report.add("browser: 1,000 remote commands, all tasks of the main thread", median(all), "ms", 50);
  report.add("browser: of that in script", median(script), "ms");
  report.add("browser: from the first sent to the last shown", median(took), "ms");
  await context.close();
}

/** A file that one page gives the hub, and another one fetches then. */
async function measureAsset(browser, links) {
  const contexts = [await newPerson(browser, links.room), await newPerson(browser, links.room)];
  const pages = [];
  for (const context of contexts) pages.push((await open(context, links.browser, 0)).page);
  const [put, got] = [[], []];
  for (let run = 0; run < kRuns; ++run) {
    const { asset, ms } = await pages[0].evaluate(async (size) => {
      const bytes = new Uint8Array(size);
      for (let at = 0; at < size; at += 65536) crypto.getRandomValues(bytes.subarray(at, at + 65536));
      const started = performance.now();
      return { asset: await globalThis.theta.room.uploadAsset(bytes), ms: performance.now() - started };
    }, kAssetBytes);
    put.push(ms);
    const fetched = await pages[1].evaluate(async (wanted) => {
      const started = performance.now();
      const bytes = await globalThis.theta.room.downloadAsset(wanted);
      return { size: bytes.length, ms: performance.now() - started };
    }, asset);
    if (fetched.size !== kAssetBytes) throw new Error(`of ${kAssetBytes} bytes, ${fetched.size} came`);
    got.push(fetched.ms);
  }
  const both = put.map((ms, run) => ms + got[run]);
  report.note(`  (all runs: put ${put.map(Math.round).join(", ")}; fetched ${got.map(Math.round).join(", ")})`);
  report.add("browser: a file of 1 MiB put on the hub's disk by one page", median(put), "ms");
  report.add("browser: the same fetched by another page", median(got), "ms");
  report.add("browser: both, one after the other", median(both), "ms", 1000);
  for (const context of contexts) await context.close();
}

const kParts = {
  small: async (browser, hub, room) => {
    await fill(browser, room.browser, room.room, 1000);
    await measureOpening(browser, room);
    await measureRemoteEdits(browser, hub, room);
  },
  large: async (browser, _, room) => {
    await fill(browser, room.browser, room.room, 10_000);
    await measureDrawing(browser, room);
  },
  asset: (browser, _, room) => measureAsset(browser, room),
};
const parts = options.part === undefined ? Object.keys(kParts) : [options.part];
const unknown = parts.find((part) => !(part in kParts));
if (unknown !== undefined)
  throw new Error(`there is no part "${unknown}"; there are ${Object.keys(kParts).join(", ")}`);

const hub = await Hub.start();
const browser = await launch();
try {
  report.note(`load of the machine before: ${os.loadavg().map((load) => load.toFixed(1)).join(", ")}`);
  for (const part of parts) await kParts[part](browser, hub, hub.newRoom());
} finally {
  await browser.close();
  await hub.end();
}
if (options.output) report.mergeInto(options.output);
process.exitCode = report.missed === 0 ? 0 : 1;
