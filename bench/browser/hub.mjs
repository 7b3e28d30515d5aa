import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";

const kTree = path.resolve(import.meta.dirname, "../..");
const kTheta = path.join(kTree, "build/release/bin/theta");
const kEditor = path.join(kTree, "build/web/editor");
export const kAssets = path.join(kEditor, "assets");

/** What /proc counts processor time in (USER_HZ), on every Linux of ours. */
const kTicksPerSecond = 100;

/** Guards that no benchmark runs into; what they cost is measured elsewhere. */
const kOpenGuards = [
  "[guards]",
  "commands_burst = 1000000",
  "commands_per_second = 1000000",
  "room_commands_burst = 1000000",
  "room_commands_per_second = 1000000",
  "room_joins_burst = 1000000",
  "bulk_burst_bytes = 1000000000",
].join("\n");

/** A real hub in a process of its own, with a scratch folder that goes when it ends. */
export class Hub {
  static async start() {
    const hub = new Hub();
    hub.folder = fs.mkdtempSync(path.join(os.tmpdir(), "theta-bench-"));
    const config = path.join(hub.folder, "hub.toml");
    fs.writeFileSync(config, kOpenGuards);
    const log = fs.openSync(path.join(hub.folder, "hub.log"), "a");
    const args = ["hub", "--data", path.join(hub.folder, "hub"), "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    hub.process = spawn(kTheta, [...args, "--editor", kEditor, "--config", config], { stdio: ["ignore", "pipe", log] });
    process.once("exit", () => hub.process.kill());
    const gone = once(hub.process, "exit").then(() => {
      throw new Error(`the hub ended: ${fs.readFileSync(path.join(hub.folder, "hub.log"), "utf8").slice(-500)}`);
    });
    gone.catch(() => undefined);
    const [line] = await Promise.race([once(readline.createInterface({ input: hub.process.stdout }), "line"), gone]);
    Object.assign(hub, JSON.parse(line));
    return hub;
  }

  /** Links to a new room, for native peers and for browsers. */
  newRoom() {
    const made = spawnSync(
      kTheta,
      ["room", "new", "bench", "--hub", this.quic, "--uses", "0", "--data", path.join(this.folder, "hub")],
      { encoding: "utf8" },
    );
    const native = made.stdout.match(/theta:\/\/\S+/)?.[0];
    if (native === undefined) throw new Error(`no room was made: ${made.stderr}`);
    const [, room, secret] = native.match(/^theta:\/\/[^/]+\/([^#]+)#(.+)$/);
    return { native, room, browser: `http://${this.http}/r/${room}#${secret}` };
  }

  /** A `theta join` over QUIC whose input is written to and whose events are read as objects. */
  join(link, name) {
    const args = ["--json", "join", link, "--as", name, "--data", path.join(this.folder, name), "--timeout", "60"];
    return spawn(kTheta, args, { stdio: ["pipe", "pipe", "ignore"] });
  }

  /** Kilobytes of memory that the hub holds. */
  residentKib() {
    const status = fs.readFileSync(`/proc/${this.process.pid}/status`, "utf8");
    return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)[1]);
  }

  /** Processor time that it has taken, user and system together. */
  cpuSeconds() {
    const stat = fs.readFileSync(`/proc/${this.process.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / kTicksPerSecond;
  }

  async end() {
    const gone = once(this.process, "exit").catch(() => undefined);
    this.process.kill("SIGTERM");
    await gone;
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
