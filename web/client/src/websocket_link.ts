import { openWebSocket } from "#platform";

/** Codes of close frames from here on carry the hub's reason. */
const CLOSE_BASE = 4000;
/** While more waits than this in the browser, the core keeps the rest. */
const QUEUED_BYTES_MAX = 256 * 1024;
const POLL_MS = 20;
/** `WebSocket.OPEN`, which Node 20 does not have. */
const OPEN = 1;

export interface WebSocketEvents {
  opened(): void;
  message(bytes: Uint8Array): void;
  /** There is room again. */
  writable(): void;
  closed(code: number, text: string, byPeer: boolean): void;
}

/** One WebSocket to a hub, as a pipe of binary messages. */
export class WebSocketLink {
  private readonly socket: WebSocket;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wasOpen = false;

  constructor(origin: string, private readonly events: WebSocketEvents) {
    this.socket = openWebSocket(`${origin.replace(/^http/, "ws")}/ws`, "theta.1");
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => {
      this.wasOpen = true;
      this.events.opened();
    };
    this.socket.onmessage = (event) => {
      if (event.data instanceof ArrayBuffer) this.events.message(new Uint8Array(event.data));
      else this.fail("the hub sent text where only bytes are spoken");
    };
    // What is wrong, `onclose` tells; where nobody listens, some environments end the program.
    this.socket.onerror = () => undefined;
    this.socket.onclose = (event) => this.onClose(event);
  }

  get isWritable(): boolean {
    return this.socket.readyState === OPEN && this.socket.bufferedAmount < QUEUED_BYTES_MAX;
  }

  send(bytes: Uint8Array): void {
    if (this.socket.readyState !== OPEN) return;
    this.socket.send(bytes as Uint8Array<ArrayBuffer>);
    // WebSockets tell of nothing when their queue empties.
    if (!this.isWritable && this.timer === undefined) this.timer = setTimeout(() => this.look(), POLL_MS);
  }

  close(code: number, text: string): void {
    this.forget();
    this.socket.close(CLOSE_BASE + code, shortened(text));
  }

  private look(): void {
    this.timer = undefined;
    if (this.isWritable) this.events.writable();
    else if (this.socket.readyState === OPEN) this.timer = setTimeout(() => this.look(), POLL_MS);
  }

  private fail(text: string): void {
    this.close(2, text);
    this.events.closed(2, text, false);
  }

  private onClose(event: CloseEvent): void {
    this.forget();
    const isReason = event.code >= CLOSE_BASE && event.code < CLOSE_BASE + 100;
    const code = isReason ? event.code - CLOSE_BASE : 7;
    const text = event.reason !== "" ? event.reason
      : this.wasOpen ? "the connection to the hub broke" : "the hub does not answer";
    this.events.closed(code, text, isReason);
  }

  private forget(): void {
    this.socket.onmessage = null;
    this.socket.onclose = null;
    clearTimeout(this.timer);
  }
}

/** A close frame has room for 123 bytes of UTF-8. */
function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= 123 ? text : new TextDecoder().decode(bytes.subarray(0, 120)).replace(/�+$/u, "");
}
