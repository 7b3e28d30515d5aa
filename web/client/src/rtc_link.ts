import { requestHeaders } from "#platform";
import { type RtcNews } from "./protocol.js";

/** In the order of the core's lanes. */
const LANES: readonly { label: string; init: RTCDataChannelInit }[] = [
  { label: "control", init: { ordered: true } },
  { label: "commands", init: { ordered: true } },
  { label: "bulk", init: { ordered: true } },
  { label: "presence", init: { ordered: false, maxRetransmits: 0 } },
];
const PROTOCOL = "theta/1";
/**
 * From the offer to four open channels; a network that blocks UDP shows itself by nothing happening. Counted in ticks,
 * of which a late one counts as little: while the machine stood still, nothing could have happened. Pages that nobody
 * sees have a tick a second.
 */
export const OPEN_MS = 4000;
const OPEN_TICK_MS = 250;
const OPEN_TICK_MAX_MS = 1000;
/** A path that is gone for longer is not waited for; a new connection finds a new one. */
const PATH_LOST_MS = 5000;
const LOW_WATER_BYTES = 64 * 1024;
/** The hub greets when its four channels are open, which may be before ours say so; it says no more until we answer. */
const EARLY_FRAMES_MAX = 64;
const FLUSH_MS = 1000;
/** Of how the connection ended, as the hub numbers reasons: nothing was heard. */
const UNREACHABLE = 7;

export interface Signalling {
  /** Signs the offer as this author. */
  signOffer(sdp: string): Promise<{ author: string; time: number; signature: string }>;
  /** Rejects when whoever answered is not the hub of the link. */
  checkAnswer(sdp: string, signature: string): Promise<void>;
}

/** One WebRTC connection to a hub: four data channels, and the one request that sets them up. */
export class RtcLink {
  private readonly connection: RTCPeerConnection;
  private readonly channels: RTCDataChannel[] = [];
  private readonly sent = [0, 0, 0, 0];
  private early: RtcNews[] = [];
  private readonly abort = new AbortController();
  private openTimer: ReturnType<typeof setTimeout> | undefined;
  private pathTimer: ReturnType<typeof setTimeout> | undefined;
  private statsTimer: ReturnType<typeof setInterval> | undefined;
  private state: "opening" | "open" | "over" = "opening";

  constructor(
    readonly attempt: number,
    private readonly origin: string,
    private readonly signalling: Signalling,
    private readonly tell: (news: RtcNews, transfer?: Transferable[]) => void,
    private readonly onRtt: (ms: number) => void,
  ) {
    this.connection = new RTCPeerConnection();
    LANES.forEach((lane, index) => this.addChannel(lane.label, lane.init, index));
    this.connection.oniceconnectionstatechange = () => this.onPath();
    this.connection.onconnectionstatechange = () => {
      if (this.connection.connectionState === "failed") this.lose("the connection's encryption could not be set up");
    };
    this.awaitOpening(OPEN_MS);
    this.negotiate().catch((error: unknown) => this.lose(error instanceof Error ? error.message : String(error)));
  }

  send(frames: readonly { channel: number; bytes: Uint8Array }[]): void {
    for (const { channel, bytes } of frames) {
      const to = this.channels[channel]!;
      if (to.readyState !== "open") continue;
      try {
        to.send(bytes as Uint8Array<ArrayBuffer>);
      } catch (error) {
        // The browser's own queue is full, which its bound of our window should prevent: the order is lost.
        return this.lose(`the browser did not take a message: ${String(error)}`);
      }
      this.sent[channel]! += bytes.length;
    }
    this.tellLeft(false);
  }

  /** `flush`: what was sent may leave first, for a moment. */
  close(flush: boolean): void {
    const isOpen = this.state === "open";
    this.state = "over";
    this.forget();
    if (!flush || !isOpen || this.queued() === 0) return this.connection.close();
    const end = Date.now() + FLUSH_MS;
    const look = (): void => {
      if (this.queued() === 0 || Date.now() > end) this.connection.close();
      else setTimeout(look, 20);
    };
    look();
  }

  /** The network is another: what stands on the old one need not be waited for. */
  onNetworkChange(): void {
    const path = this.connection.iceConnectionState;
    if (path === "disconnected" || path === "failed") this.lose("the network changed");
  }

  private queued(): number {
    return this.channels.reduce((sum, channel) => sum + channel.bufferedAmount, 0);
  }

  private addChannel(label: string, init: RTCDataChannelInit, index: number): void {
    const channel = this.connection.createDataChannel(label, { ...init, protocol: PROTOCOL });
    channel.binaryType = "arraybuffer";
    channel.bufferedAmountLowThreshold = LOW_WATER_BYTES;
    channel.onopen = () => this.onOpen();
    channel.onmessage = ({ data }) => {
      if (this.state === "over") return;
      if (!(data instanceof ArrayBuffer)) return this.lose("the hub sent text where only bytes are spoken");
      const frame: RtcNews = { kind: "rtc_frame", attempt: this.attempt, channel: index, bytes: data };
      if (this.state === "open") this.tell(frame, [data]);
      else if (this.early.length < EARLY_FRAMES_MAX) this.early.push(frame);
      else this.lose("the hub said more than a greeting before all channels were open");
    };
    channel.onbufferedamountlow = () => this.tellLeft(true);
    channel.onclose = () => this.lose("the hub closed the connection");
    this.channels.push(channel);
  }

  private async negotiate(): Promise<void> {
    const { signal } = this.abort;
    await this.connection.setLocalDescription(await this.connection.createOffer());
    const offer = this.connection.localDescription?.sdp ?? "";
    const signed = await this.signalling.signOffer(offer);
    const response = await fetch(`${this.origin}/rtc`, {
      method: "POST",
      signal,
      headers: {
        ...requestHeaders(this.origin),
        "Content-Type": "application/sdp",
        "Theta-Author": signed.author,
        "Theta-Time": String(signed.time),
        "Theta-Signature": signed.signature,
      },
      body: offer,
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`the hub did not take the offer: ${answer.trim() || response.status}`);
    // DTLS shows a certificate that nobody knows; that the hub of the link has signed its fingerprint makes it the hub.
    await this.signalling.checkAnswer(answer, response.headers.get("Theta-Signature") ?? "");
    if (signal.aborted) return;
    await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  private awaitOpening(leftMs: number): void {
    if (leftMs <= 0) return this.lose("no data channel opened in time; this network may block UDP");
    const since = performance.now();
    this.openTimer = setTimeout(() => {
      const passed = Math.max(performance.now() - since, OPEN_TICK_MS);
      this.awaitOpening(leftMs - Math.min(passed, OPEN_TICK_MAX_MS));
    }, OPEN_TICK_MS);
  }

  private onOpen(): void {
    if (this.state !== "opening" || this.channels.some((channel) => channel.readyState !== "open")) return;
    this.state = "open";
    clearTimeout(this.openTimer);
    this.tell({ kind: "rtc_opened", attempt: this.attempt, address: new URL(this.origin).host });
    for (const frame of this.early) this.tell(frame);
    this.early = [];
    this.statsTimer = setInterval(() => void this.measure(), 2000);
  }

  private onPath(): void {
    const path = this.connection.iceConnectionState;
    clearTimeout(this.pathTimer);
    if (path === "failed" || path === "closed") return this.lose("the way to the hub is gone");
    if (path === "disconnected")
      this.pathTimer = setTimeout(() => this.lose("the way to the hub is gone"), PATH_LOST_MS);
  }

  /** How much has left the browser's queues; `always`: also while much waits. */
  private tellLeft(always: boolean): void {
    if (this.state === "over") return;
    if (!always && this.channels.some((channel) => channel.bufferedAmount > LOW_WATER_BYTES)) return;
    const bytes = this.channels.map((channel, index) => this.sent[index]! - channel.bufferedAmount);
    this.tell({ kind: "rtc_left", attempt: this.attempt, bytes });
  }

  private async measure(): Promise<void> {
    if (typeof this.connection.getStats !== "function") return;
    const stats = await this.connection.getStats().catch(() => undefined);
    stats?.forEach((entry: { type: string; nominated?: boolean; currentRoundTripTime?: number }) => {
      if (entry.type === "candidate-pair" && entry.nominated && entry.currentRoundTripTime !== undefined)
        this.onRtt(Math.round(entry.currentRoundTripTime * 1000));
    });
  }

  private lose(text: string): void {
    if (this.state === "over") return;
    const wasOpen = this.state === "open";
    this.state = "over";
    this.forget();
    this.connection.close();
    if (wasOpen) {
      this.tell({ kind: "rtc_closed", attempt: this.attempt, code: UNREACHABLE, text, by_peer: false });
    } else {
      this.tell({ kind: "rtc_failed", attempt: this.attempt, text });
    }
  }

  private forget(): void {
    this.abort.abort();
    clearTimeout(this.openTimer);
    clearTimeout(this.pathTimer);
    clearInterval(this.statsTimer);
  }
}

