import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { connect } from "../src/connect.js";
import { type ConnectOptions, type Room } from "../src/room.js";
import { type Status } from "../src/types.js";

const BUILT = new URL("../../../build/release/bin/theta", import.meta.url);
const THETA = process.env["THETA_PROGRAM"] ?? fileURLToPath(BUILT);

interface Ready {
  readonly quic: string;
  readonly http: string;
  readonly page: string;
}

/** A real hub with a room, on the loopback interface; may be killed and started again at the same addresses. */
export class TestHub {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(joinPath(tmpdir(), "theta-web-"));
  private ready: Ready = { quic: "127.0.0.1:0", http: "127.0.0.1:0", page: "" };

  static async start(): Promise<TestHub> {
    const hub = new TestHub();
    await hub.start();
    return hub;
  }

  async start(): Promise<void> {
    const options = ["--data", this.folder, "--listen", this.ready.quic, "--http", this.ready.http];
    const hub = spawn(THETA, ["hub", ...options], { stdio: ["ignore", "pipe", "ignore"] });
    this.process = hub;
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: hub.stdout }).once("line", resolve);
      hub.once("exit", (code) => reject(new Error(`the hub ended with ${code} before it was ready`)));
    });
    this.ready = JSON.parse(line) as Ready;
  }

  get origin(): string {
    return `http://${this.ready.http}`;
  }

  /** A new room, as a native link that invites admins or editors. */
  newRoom(role = "admin"): string {
    return this.nativeLink("room", "new", "room", "--hub", this.ready.quic, "--role", role, "--uses", "0");
  }

  invite(link: string, role: string): string {
    return this.nativeLink("invite", link, "--role", role, "--uses", "0");
  }

  /** The first line of what is printed; where an editor was built, a second one has the link for browsers. */
  private nativeLink(...given: string[]): string {
    return this.theta(...given).split("\n")[0]!;
  }

  /** What `theta join --print state-hash` says of the room, by QUIC. */
  nativeHash(link: string): { state_hash: string; seq: number } {
    const printed = this.theta("--json", "join", link, "--once", "--print", "state-hash");
    return JSON.parse(printed.split("\n").at(-1)!) as { state_hash: string; seq: number };
  }

  /** The same link for browsers. */
  browserLink(native: string): string {
    const [, room, secret] = /^theta:\/\/[^/]+\/([^#]+)#(.+)$/.exec(native)!;
    return `${this.origin}/r/${room}#${secret}`;
  }

  theta(...given: string[]): string {
    const done = spawnSync(THETA, [...given, "--data", this.folder], { encoding: "utf8", input: "" });
    if (done.status !== 0) throw new Error(`theta ${given.join(" ")} ended with ${done.status}: ${done.stderr}`);
    return done.stdout.trim();
  }

  async kill(): Promise<void> {
    const hub = this.process!;
    const gone = new Promise((resolve) => hub.once("exit", resolve));
    hub.kill("SIGKILL");
    await gone;
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function join(link: string, name: string, options: Partial<ConnectOptions> = {}): Promise<Room> {
  const common = { storage: "memory", transport: "websocket" } as const;
  return connect({ link, displayName: name, ...common, ...options });
}

/** Resolves when `holds` does, looked at whenever the room tells something. */
export function until(room: Room, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stops: (() => void)[] = [];
    const look = (): void => {
      if (!holds()) return;
      stops.forEach((stop) => stop());
      resolve();
    };
    for (const name of ["changed", "members", "participants", "status", "conflict", "notice"] as const)
      stops.push(room.on(name, look));
    look();
  });
}

export async function live(room: Room): Promise<Status> {
  await until(room, () => room.status.phase === "live" || room.status.phase === "stopped");
  return room.status;
}
