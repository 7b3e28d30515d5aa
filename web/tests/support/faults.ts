import dgram from "node:dgram";
import net from "node:net";
import { once } from "node:events";

/** Chances from 0 to 1, each drawn for every datagram. */
export interface UdpFaults {
  loss: number;
  duplicate: number;
  /** Held back until the next datagram has passed. */
  reorder: number;
}

const kNoFaults: UdpFaults = { loss: 0, duplicate: 0, reorder: 0 };

/** A small generator of our own, so that a seed names a run (Marsaglia's xorshift32). */
export class Chance {
  private state: number;
  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }
  next(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) / 2 ** 32;
  }
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new Error("there is nothing to pick from");
    return chosen;
  }
}

/**
 * A bad network between peers and a hub's UDP port: loses, repeats and reorders datagrams, and can be cut. Every peer
 * is seen by the hub under an address of its own, as behind a NAT; `rebind` gives all of them new ones.
 */
export class UdpProxy {
  faults: UdpFaults = { ...kNoFaults };
  cut = false;
  forwarded = 0;
  dropped = 0;
  private readonly front = dgram.createSocket("udp4");
  private readonly backs = new Map<string, dgram.Socket>();
  private held: (() => void) | undefined;

  private constructor(private readonly chance: Chance) {}

  /** Listens on a port of its own, or on the hub's port at another of this machine's loopback addresses. */
  static async open(hubPort: number, seed: number, address = "127.0.0.1"): Promise<UdpProxy> {
    const proxy = new UdpProxy(new Chance(seed));
    proxy.front.on("message", (bytes, from) => {
      const back = proxy.backOf(from);
      proxy.pass(() => back.send(bytes, hubPort, "127.0.0.1"));
    });
    proxy.front.bind(address === "127.0.0.1" ? 0 : hubPort, address);
    await once(proxy.front, "listening");
    return proxy;
  }

  get port(): number {
    return this.front.address().port;
  }

  /** What a NAT does when it forgets: the hub hears every peer from another port from now on. */
  rebind(): void {
    for (const back of this.backs.values()) back.close();
    this.backs.clear();
  }

  close(): void {
    this.rebind();
    this.front.close();
  }

  private backOf(from: dgram.RemoteInfo): dgram.Socket {
    const key = `${from.address}:${from.port}`;
    const known = this.backs.get(key);
    if (known) return known;
    const back = dgram.createSocket("udp4");
    back.on("message", (bytes) => this.pass(() => this.front.send(bytes, from.port, from.address)));
    // A hub that is being restarted refuses datagrams; they are lost then, as on any network.
    back.on("error", () => undefined);
    this.backs.set(key, back);
    return back;
  }

  private pass(send: () => void): void {
    const sendSafely = () => {
      this.forwarded += 1;
      try {
        send();
      } catch {
        // The socket was closed by `rebind`; the datagram is lost.
      }
    };
    if (this.cut || this.chance.next() < this.faults.loss) {
      this.dropped += 1;
      return;
    }
    if (this.held === undefined && this.chance.next() < this.faults.reorder) {
      this.held = sendSafely;
      return;
    }
    sendSafely();
    if (this.chance.next() < this.faults.duplicate) sendSafely();
    const late = this.held;
    this.held = undefined;
    late?.();
  }
}

/** A TCP relay that can be cut: connections break at once, and new ones are refused until it is mended. */
export class TcpProxy {
  private readonly server = net.createServer((socket) => this.accept(socket));
  private readonly sockets = new Set<net.Socket>();
  private isCut = false;

  private constructor(private readonly hubPort: number) {}

  static async open(hubPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(hubPort);
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  /** Nothing gets through while it is held, and nothing is lost: a network that is far too slow. */
  set held(held: boolean) {
    for (const socket of this.sockets) {
      if (held) socket.pause();
      else socket.resume();
    }
  }

  set cut(cut: boolean) {
    this.isCut = cut;
    if (cut) for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.cut = true;
    this.server.close();
  }

  private accept(socket: net.Socket): void {
    if (this.isCut) {
      socket.destroy();
      return;
    }
    const hub = net.connect(this.hubPort, "127.0.0.1");
    for (const [one, other] of [
      [socket, hub],
      [hub, socket],
    ] as const) {
      this.sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
