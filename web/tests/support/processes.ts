import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { once } from "node:events";

const kTree = path.resolve(import.meta.dirname, "../../..");
export const kTheta = path.join(kTree, "build/release/bin/theta");
export const kEditor = path.join(kTree, "build/web/editor");
/** A guard against hanging for ever. */
const kPatienceMs = 120_000;

/** Runs the theta program to its end and returns what it printed; throws with its own words when it fails. */
export function theta(...args: string[]): string {
  const done = spawnSync(kTheta, args, { encoding: "utf8", timeout: kPatienceMs });
  if (done.status !== 0)
    throw new Error(`theta ${args.join(" ")} ended with ${done.status}:\n${done.stdout}${done.stderr}`);
  return done.stdout.trim();
}

/** What a native peer that comes anew is told: the state hash of everything acknowledged. */
export function stateHashBy(link: string, folder: string): string {
  const said = theta("--json", "join", link, "--as", "Reader", "--once", "--print", "state-hash", "--data", folder);
  const found = said.match(/"state_hash":"([0-9a-f]{64})"/)?.[1];
  if (found === undefined) throw new Error(`theta join was to print a state hash, but printed ${said}`);
  return found;
}

export interface HubOptions {
  readonly folder: string;
  /** Lines of the configuration file. */
  readonly config?: string;
}

/** A hub that can be killed and started again at the same addresses. */
export class HubProcess {
  quic = "127.0.0.1:0";
  http = "127.0.0.1:0";
  fingerprint = "";
  private process: ChildProcess | undefined;

  constructor(private readonly options: HubOptions) {
    fs.mkdirSync(options.folder, { recursive: true });
    fs.writeFileSync(this.configFile, options.config ?? "");
  }

  get folder(): string {
    return path.join(this.options.folder, "hub");
  }
  get udpPort(): number {
    return portOf(this.quic);
  }
  get httpPort(): number {
    return portOf(this.http);
  }
  private get configFile(): string {
    return path.join(this.options.folder, "hub.toml");
  }

  async start(...more: string[]): Promise<void> {
    const log = fs.openSync(path.join(this.options.folder, "hub.log"), "a");
    const args = [
      "hub",
      "--data",
      this.folder,
      "--listen",
      this.quic,
      "--http",
      this.http,
      "--editor",
      kEditor,
      "--config",
      this.configFile,
      ...more,
    ];
    const child = spawn(kTheta, args, { stdio: ["ignore", "pipe", log] });
    fs.closeSync(log);
    this.process = child;
    const lines = readline.createInterface({ input: child.stdout! });
    const [line] = (await Promise.race([
      once(lines, "line"),
      once(child, "exit").then(() => {
        throw new Error(`the hub ended at its start; see ${this.options.folder}/hub.log`);
      }),
    ])) as [string];
    const ready = JSON.parse(line) as { quic: string; http: string; fingerprint: string };
    this.quic = ready.quic;
    this.http = ready.http;
    this.fingerprint = ready.fingerprint;
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Opens a room and returns its link for native peers, with an invite for editors in it. */
  newRoom(name: string): string {
    return theta("room", "new", name, "--hub", this.quic, "--data", this.folder).match(/theta:\/\/\S+/)![0];
  }

  metrics(): Promise<string> {
    return fetch(`http://${this.http}/metrics`).then((answer) => answer.text());
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

/** The same link for a browser that comes in at `httpPort`. */
export function browserLink(link: string, httpPort: number): string {
  const [, rest] = link.match(/^theta:\/\/[^/]+\/(.+)$/) ?? [];
  if (!rest) throw new Error(`expected theta://HOST:PORT/ROOM#HUB.INVITE, got ${link}`);
  return `http://127.0.0.1:${httpPort}/r/${rest}`;
}

/** A link by the same invite through another UDP port. */
export function throughPort(link: string, udpPort: number): string {
  return link.replace(/^(theta:\/\/[^/]*:)\d+\//, `$1${udpPort}/`);
}

interface PeerEvent {
  readonly event: string;
  readonly handle?: number;
  readonly how?: string;
  readonly ids?: string[];
  readonly text?: string;
  readonly tag?: string;
}

/** A `theta join` over QUIC: commands are written to it, events are collected. */
export class NativePeer {
  readonly events: PeerEvent[] = [];
  readonly ids: string[] = [];
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();
  private errors = "";

  constructor(
    link: string,
    readonly name: string,
    folder: string,
  ) {
    this.child = spawn(kTheta, ["--json", "join", link, "--as", name, "--data", folder, "--timeout", "60"], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stderr!.on("data", (text: Buffer) => (this.errors += text.toString()));
    readline
      .createInterface({ input: this.child.stdout! })
      .on("line", (line) => this.note(JSON.parse(line) as PeerEvent));
  }

  send(command: object): void {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
  }

  /** Waits until `found` holds for an event, those that came already included. */
  async waitFor(what: string, found: (event: PeerEvent) => boolean): Promise<PeerEvent> {
    const deadline = Date.now() + kPatienceMs;
    for (;;) {
      const event = this.events.find(found);
      if (event) return event;
      if (this.child.exitCode !== null) throw new Error(`${this.name} ended before ${what}: ${this.errors}`);
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`${this.name} waited in vain for ${what}; it saw ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  live(): Promise<PeerEvent> {
    return this.waitFor("being in the room", (event) => event.event === "caught_up");
  }

  /** Ends its input and waits until it has left: everything that it submitted is settled then. */
  async finish(): Promise<void> {
    const gone = this.child.exitCode === null ? once(this.child, "exit") : Promise.resolve();
    this.child.stdin!.end();
    await gone;
    // 1: some commands could not work on the scene, which edits at random may earn.
    if (this.child.exitCode !== 0 && this.child.exitCode !== 1)
      throw new Error(`${this.name} ended with ${this.child.exitCode}: ${this.errors}`);
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }

  private note(event: PeerEvent): void {
    this.events.push(event);
    if (event.event === "submitted") this.ids.push(...(event.ids ?? []));
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }
}
