import { readCore } from "#platform";
import { AssetCache } from "./asset_cache.js";
import { Core, CoreError, CoreRuntime, NOTHING_STORED, type CoreOptions, type Told, type Write } from "./core.js";
import {
  type EngineOptions, type Output, type Port, type Reply, type RtcNews, type ToEngine, type ToPage,
} from "./protocol.js";
import { isQuotaExceeded } from "./indexed_db.js";
import {
  BrowserStorage, newIdentity, OwnerChanged, type IdentityRecord, type RoomStorage, type SentAsset,
} from "./storage.js";
import { type AssetId } from "./types.js";
import { WebSocketLink } from "./websocket_link.js";
import { WriterLock } from "./writer_lock.js";

/** The page hears at most once in this time, unless it has asked for something. */
const FRAME_MS = 16;
/** Bytes under way to one data channel of the page; beyond it the core keeps the rest. */
const CHANNEL_BYTES_MAX = 256 * 1024;
const CHANNELS = 4;
/** Functions of the core that submit commands. */
const EDITS: ReadonlySet<string> = new Set(["submit", "submit_again", "import"]);

/** What carries the core's frames just now. */
type Link =
  | {
      readonly kind: "webrtc";
      readonly attempt: number;
      readonly sent: number[];
      readonly left: number[];
      open: boolean;
    }
  | { readonly kind: "websocket"; readonly attempt: number; readonly socket: WebSocketLink };

/** Drives one room's core: time, frames, storage. Lives in the worker; in Node on the program's own thread. */
export class Engine {
  private core!: Core;
  private identity!: IdentityRecord;
  private storage: RoomStorage | undefined;
  private lock: WriterLock | undefined;
  private assets: AssetCache | undefined;
  private link: Link | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private flushTimer: ReturnType<typeof setTimeout> | undefined;
  private flushedAt = 0;
  private isWriting: Promise<void> | undefined;
  /** Another page took this identity over while something was not stored yet. */
  private hasLostWrites = false;
  /** Edits that are in the core alone, as the page was told last. */
  private unstoredEdits = 0;
  /** The page was told that the last write failed. */
  private hasToldFailure = false;
  /** Why nothing can be edited here; undefined: it can. */
  private whyShowsOnly: string | undefined;
  private isClosed = false;
  private isGivingWay = false;
  private isSwitching: Promise<void> | undefined;
  /** WebRTC found no way in this session; later reconnects try again. */
  private attemptsByWebSocket = 0;
  private notes: Output[] = [];

  private constructor(
    private readonly port: Port,
    private readonly options: EngineOptions,
    private readonly runtime: CoreRuntime,
    private database: BrowserStorage | undefined,
  ) {}

  /** Answers the page's first message, which holds the options; all others follow. */
  static listen(port: Port): void {
    port.onmessage = ({ data }) => {
      const request = data as { id: number; given: EngineOptions };
      const waiting: { data: any }[] = [];
      port.onmessage = (event) => waiting.push(event);
      Engine.start(port, request.given).then(
        (engine) => {
          port.onmessage = (event) => engine.onMessage(event.data as ToEngine);
          engine.reply({ id: request.id, json: { author_id: engine.identity.id } });
          for (const event of waiting) engine.onMessage(event.data as ToEngine);
          engine.pump();
        },
        (error: unknown) => {
          const reply: Reply = { id: request.id, error: errorOf(error) };
          port.postMessage({ kind: "told", outputs: [], reply } satisfies ToPage);
        },
      );
    };
  }

  private static async start(port: Port, options: EngineOptions): Promise<Engine> {
    // While the core is read and compiled, what is kept is opened.
    const opening = options.storage === "memory" ? undefined : BrowserStorage.open();
    let engine: Engine | undefined;
    opening?.catch(() => undefined);
    // Without a cache every asset comes from the hub.
    const onFull = (): void => engine?.onCacheFull();
    const caching = opening?.then(() => AssetCache.open({ onFull })).catch(() => undefined);
    const runtime = await CoreRuntime.load(options.wasmBinary ?? (await readCore()));
    const link = runtime.call("parse_link", { link: options.link }).json as { room: string; invite?: string };
    let database: BrowserStorage | undefined;
    let trouble = "";
    try {
      database = await opening;
    } catch (error) {
      if (options.storage === "indexeddb") throw new CoreError("storage", storageSentence(error));
      trouble = storageSentence(error);
    }
    engine = new Engine(port, options, runtime, database);
    engine.assets = await caching;
    try {
      engine.identity = database ? await database.identity(link.room, link.invite ?? "") : newIdentity();
    } catch (error) {
      if (options.storage === "indexeddb") throw new CoreError("storage", storageSentence(error));
      trouble = storageSentence(error);
      engine.database = undefined;
      engine.identity = newIdentity();
    }
    if (trouble !== "") engine.note({ event: "storage_failed", text: trouble, keeps: false });
    try {
      await engine.open(false);
    } catch (error) {
      if (options.storage === "indexeddb" || error instanceof CoreError) throw error;
      await engine.onlyShow("storage_failed", storageSentence(error));
    }
    return engine;
  }

  private onCacheFull(): void {
    this.note({ event: "notice", kind: "storage", text: NO_ROOM_FOR_ASSETS });
    this.pump();
  }

  /** Makes the core: as the writer where nobody else writes this identity, else as a reader that keeps nothing. */
  private async open(steal: boolean): Promise<void> {
    let isWriter = true;
    if (this.database) {
      const name = `theta/${this.identity.id}`;
      this.lock = steal ? await WriterLock.take(name) : await WriterLock.tryTake(name);
      isWriter = this.lock !== undefined;
    }
    const loaded = this.database && isWriter ? await this.database.load(this.identity.id) : undefined;
    this.storage = loaded?.room;
    this.hasLostWrites = false;
    this.hasToldFailure = false;
    this.whyShowsOnly = isWriter ? undefined : OTHER_PAGE;
    const coreOptions = this.coreOptions(isWriter, this.options.offline);
    this.core = this.runtime.create(coreOptions, this.identity.seed, loaded?.stored ?? NOTHING_STORED);
    if (!isWriter) this.note({ event: "other_page", text: OTHER_PAGE });
    // Only now is there something to hand over; who asked meanwhile is heard at once.
    this.lock?.onWanted(() => void this.giveWay());
  }

  /** Makes a core that only reads, because of what the note tells. */
  private async onlyShow(event: "other_page" | "storage_failed", text: string): Promise<void> {
    const lock = this.lock;
    this.lock = undefined;
    this.storage = undefined;
    this.whyShowsOnly = text;
    this.note({ event, text, keeps: false });
    this.core = this.runtime.create(this.coreOptions(false, false), this.identity.seed, NOTHING_STORED);
    await lock?.release();
  }

  private coreOptions(isWriter: boolean, isOffline: boolean): CoreOptions {
    return {
      link: this.options.link,
      display_name: this.options.displayName,
      writer: isWriter,
      offline: isOffline,
      keeps: this.storage !== undefined,
      keeps_assets: this.assets !== undefined,
      random_seed: crypto.getRandomValues(new Uint32Array(1))[0]!,
    };
  }

  /** Another page of this person wants to write: what is kept must be complete before it reads it. */
  private async giveWay(): Promise<void> {
    if (!this.lock || this.isGivingWay || this.isClosed) return;
    this.isGivingWay = true;
    this.core.call("save");
    this.core.call("go_offline");
    this.pump();
    while (this.isWriting) await this.isWriting;
    this.isGivingWay = false;
    if (this.isClosed) return;
    // What is known of edits by now is told by the core that made them.
    this.flush();
    this.replaceCore(this.hasLostWrites || this.unstoredEdits > 0 ? NOT_KEPT : HANDED_OVER);
    const handedOver = this.onlyShow("other_page", OTHER_PAGE);
    this.pump();
    await handedOver;
  }

  /** The other way round: this page becomes the one that writes. */
  private async takeOver(): Promise<void> {
    this.replaceCore(TAKES_OVER);
    let failure: unknown;
    const opened = this.open(true).catch((error: unknown) => {
      failure = error;
      return this.onlyShow("storage_failed", storageSentence(error));
    });
    this.isSwitching = opened.finally(() => (this.isSwitching = undefined));
    await this.isSwitching;
    this.pump();
    if (failure !== undefined) throw failure;
  }

  private replaceCore(why: string): void {
    this.closeLink(0, "the page leaves", false);
    this.core.destroy();
    this.note({ event: "core_replaced", text: why, lost: why === NOT_KEPT });
  }

  // ---- Turns ------------------------------------------------------------------------------------------------------

  private onMessage(message: ToEngine): void {
    if (this.isClosed) return;
    if (message.kind === "request") {
      void this.answer(message.id, message.name, message.given, message.bytes);
      return;
    }
    if (this.isSwitching) return;
    this.onRtc(message);
    this.pump();
  }

  private async answer(id: number, name: string, given: object, bytes?: Uint8Array): Promise<void> {
    try {
      // There is no core while one takes the place of another.
      while (this.isSwitching) await this.isSwitching;
      if (this.isClosed) return;
      if (name === "close") {
        await this.close();
        this.port.postMessage({ kind: "told", outputs: [], reply: { id, json: {} } } satisfies ToPage);
        return;
      }
      if (name === "take_writer" && this.database && !this.lock) {
        await this.takeOver();
        this.reply({ id, json: {} });
        return;
      }
      // Nobody would ever send what is submitted to a core that only reads.
      if (this.whyShowsOnly !== undefined && EDITS.has(name))
        throw new CoreError("not_permitted", `${this.whyShowsOnly}; to edit here, take over first (takeWriter)`);
      const answer = this.core.call(name, given, bytes);
      // The answer goes before anything that a step may tell of what it began.
      this.reply({ id, json: answer.json, ...(answer.bytes.length > 0 ? { bytes: answer.bytes } : {}) });
      this.pump();
    } catch (error) {
      this.reply({ id, error: errorOf(error) });
    }
  }

  /** Lets the core do what is due, and carries away what it has for others. */
  private pump(): void {
    if (this.isClosed || this.isSwitching) return;
    clearTimeout(this.timer);
    const wait = this.core.step();
    this.sendFrames();
    this.store();
    if (wait >= 0) this.timer = setTimeout(() => this.pump(), wait);
    if (this.flushTimer !== undefined) return;
    const sinceLast = performance.now() - this.flushedAt;
    this.flushTimer = setTimeout(() => this.flush(), Math.max(0, FRAME_MS - sinceLast));
  }

  /** Tells the page what has happened; an answer to it stands behind what it follows from. */
  private flush(reply?: Reply): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    if (this.isClosed || this.isSwitching) return;
    this.flushedAt = performance.now();
    const outputs: Output[] = this.notes;
    this.notes = [];
    const transfer: Transferable[] = [];
    const { told: allTold, wantsStep } = this.core.poll();
    if (wantsStep) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.pump(), 0);
    }
    for (const told of allTold) {
      if (this.isForEngine(told.text)) continue;
      this.keepNewAsset(told);
      outputs.push(told.bytes.length > 0 ? { text: told.text, bytes: told.bytes } : { text: told.text });
      if (told.bytes.length > 0) transfer.push(told.bytes.buffer as ArrayBuffer);
    }
    if (outputs.length === 0 && !reply) return;
    if (reply?.bytes) transfer.push(reply.bytes.buffer as ArrayBuffer);
    this.port.postMessage({ kind: "told", outputs, ...(reply ? { reply } : {}) } satisfies ToPage, transfer);
  }

  private reply(reply: Reply): void {
    this.flush(reply);
  }

  private note(event: object): void {
    this.notes.push({ text: JSON.stringify(event) });
  }

  /** Connecting and what is kept is the engine's business; all else the page's. */
  private isForEngine(text: string): boolean {
    if (text.startsWith('{"event":"connect",')) {
      this.connect((JSON.parse(text) as { attempt: number }).attempt);
      return true;
    }
    if (text.startsWith('{"event":"disconnect",')) {
      const event = JSON.parse(text) as { attempt: number; flush: boolean; code: number; text: string };
      if (this.link?.attempt === event.attempt) this.closeLink(event.code, event.text, event.flush);
      return true;
    }
    if (text.startsWith('{"event":"asset_wanted",')) {
      void this.supplyAsset((JSON.parse(text) as { asset: AssetId }).asset);
      return true;
    }
    const unstored = text.startsWith('{"event":"status",') ? /"unstored_edits":(\d+)/.exec(text) : null;
    if (unstored) this.unstoredEdits = Number(unstored[1]);
    return false;
  }

  // ---- Connections ------------------------------------------------------------------------------------------------

  private connect(attempt: number): void {
    this.closeLink(0, "", false);
    const { transport, hasWebRtc } = this.options;
    // Where WebRTC found no way it is tried again on every fourth reconnect: networks change.
    const skips = transport === "auto" && this.attemptsByWebSocket > 0 && this.attemptsByWebSocket % 4 !== 0;
    if (transport === "websocket" || (transport === "auto" && (!hasWebRtc || skips))) {
      this.attemptsByWebSocket += hasWebRtc ? 1 : 0;
      return this.connectByWebSocket(attempt);
    }
    const zeros = () => new Array<number>(CHANNELS).fill(0);
    this.link = { kind: "webrtc", attempt, sent: zeros(), left: zeros(), open: false };
    this.port.postMessage({ kind: "rtc_connect", attempt, origin: this.options.origin } satisfies ToPage);
  }

  private connectByWebSocket(attempt: number): void {
    const isCurrent = () => this.link?.attempt === attempt && !this.isClosed;
    const socket = new WebSocketLink(this.options.origin, {
      opened: () => {
        if (!isCurrent()) return;
        const seed = crypto.getRandomValues(new Uint8Array(32));
        this.core.call("websocket_open", { attempt, address: new URL(this.options.origin).host }, seed);
        this.pump();
      },
      message: (bytes) => {
        if (!isCurrent()) return;
        this.core.receive(0, bytes);
        this.pump();
      },
      writable: () => isCurrent() && this.pump(),
      closed: (code, text, by_peer) => {
        if (!isCurrent()) return;
        this.link = undefined;
        this.core.call("link_closed", { attempt, code, text, by_peer });
        this.pump();
      },
    });
    this.link = { kind: "websocket", attempt, socket };
  }

  private onRtc(news: RtcNews): void {
    const link = this.link;
    if (!link || link.kind !== "webrtc" || link.attempt !== news.attempt) return;
    switch (news.kind) {
      case "rtc_opened":
        link.open = true;
        this.attemptsByWebSocket = 0;
        this.core.call("rtc_open", { attempt: news.attempt, address: news.address });
        break;
      case "rtc_frame":
        this.core.receive(news.channel, new Uint8Array(news.bytes));
        break;
      case "rtc_left":
        news.bytes.forEach((bytes, channel) => (link.left[channel] = bytes));
        break;
      case "rtc_closed":
        this.link = undefined;
        this.core.call("link_closed", news);
        break;
      case "rtc_failed":
        if (this.options.transport === "auto") {
          this.attemptsByWebSocket = 1;
          this.connectByWebSocket(news.attempt);
        } else {
          this.link = undefined;
          this.core.call("link_closed", { attempt: news.attempt, code: 7, text: news.text, by_peer: false });
        }
        break;
    }
  }

  private sendFrames(): void {
    const link = this.link;
    if (link?.kind === "websocket") {
      while (link.socket.isWritable) {
        const frame = this.core.nextFrame(1);
        if (!frame) return;
        link.socket.send(frame.bytes);
      }
      return;
    }
    if (!link?.open) return;
    const frames: { channel: number; bytes: Uint8Array }[] = [];
    for (;;) {
      let writable = 0;
      for (let channel = 0; channel < CHANNELS; ++channel)
        if (link.sent[channel]! - link.left[channel]! < CHANNEL_BYTES_MAX) writable |= 1 << channel;
      const frame = this.core.nextFrame(writable);
      if (!frame) break;
      link.sent[frame.channel]! += frame.bytes.length;
      frames.push(frame);
    }
    if (frames.length === 0) return;
    const transfer = frames.map((frame) => frame.bytes.buffer as ArrayBuffer);
    this.port.postMessage({ kind: "rtc_frames", attempt: link.attempt, frames } satisfies ToPage, transfer);
  }

  private closeLink(code: number, text: string, flush: boolean): void {
    const link = this.link;
    if (!link) return;
    if (flush) this.sendFrames();
    this.link = undefined;
    if (link.kind === "websocket") link.socket.close(code, text);
    else this.port.postMessage({ kind: "rtc_close", attempt: link.attempt, flush } satisfies ToPage);
  }

  // ---- Storage ----------------------------------------------------------------------------------------------------

  /** One transaction at a time, each with all that waits. */
  private store(): void {
    if (this.isWriting || !this.storage) return;
    const writes: Write[] = [];
    for (let write = this.core.nextWrite(); write; write = this.core.nextWrite()) writes.push(write);
    if (writes.length === 0) return;
    const core = this.core;
    this.isWriting = this.writeOrMakeRoom(this.storage, writes).then(
      (sent) => {
        this.isWriting = undefined;
        for (const { asset, bytes } of sent) this.assets?.keep(asset, bytes);
        if (core !== this.core || this.isClosed) return;
        core.written(writes[writes.length - 1]!.number);
        // After a failure the core writes all anew, so that what is edited is stored again, what it missed included.
        if (this.hasToldFailure) this.note({ event: "storage_works" });
        this.hasToldFailure = false;
      },
      (error: unknown) => {
        this.isWriting = undefined;
        if (core !== this.core || this.isClosed) return;
        if (error instanceof OwnerChanged) {
          this.hasLostWrites = true;
          void this.giveWay();
          return;
        }
        this.hasToldFailure = true;
        core.writeFailed(storageSentence(error));
      },
    ).then(() => (core === this.core && !this.isClosed ? this.pump() : undefined));
  }

  /** What somebody has made goes before what the hub has as well. */
  private async writeOrMakeRoom(storage: RoomStorage, writes: readonly Write[]): Promise<SentAsset[]> {
    try {
      return await storage.write(writes);
    } catch (error) {
      if (!this.assets || !isQuotaExceeded(error)) throw error;
      await this.assets.empty();
      return storage.write(writes);
    }
  }

  /** The core has no use for an asset that is not what its name says, and asks the hub instead. */
  private async supplyAsset(asset: AssetId): Promise<void> {
    const { core } = this;
    const bytes = (await this.assets?.read(asset)) ?? new Uint8Array(0);
    // The page asks the core that took the place of this one again.
    if (core !== this.core || this.isClosed || this.isSwitching) return;
    const { json } = core.call("supply_asset", { asset }, bytes);
    if (!json.is_good) this.assets?.drop(asset);
    this.pump();
  }

  private keepNewAsset({ text, bytes }: Told): void {
    if (!this.assets || !text.startsWith('{"event":"asset_ready",')) return;
    const { asset, is_new } = JSON.parse(text) as { asset: AssetId; is_new: boolean };
    // The page gets these very bytes, and the worker has them no more.
    if (is_new) this.assets.keep(asset, bytes.slice());
  }

  private async close(): Promise<void> {
    this.core.call("save");
    this.core.call("go_offline");
    this.pump();
    this.flush();
    // Saving may take a second round: what was being written comes first.
    while (this.isWriting) await this.isWriting;
    this.isClosed = true;
    clearTimeout(this.timer);
    clearTimeout(this.flushTimer);
    this.closeLink(0, "the page leaves", true);
    this.core.destroy();
    await this.lock?.release();
    await this.assets?.close();
    this.database?.close();
  }
}

const HANDED_OVER = "another page of this person writes now, and sends what this one had not sent";
const NOT_KEPT =
  "another page of this person took over before the last edits here were stored; look there for what is lost";
const TAKES_OVER = "this page begins to write; what it asked for before was asked for as one that only shows";
const NO_ROOM_FOR_ASSETS =
  "the browser's storage is full: meshes and pictures that come now are not kept for when the hub is away";
const OTHER_PAGE = "another page of this person is open and writes; this one only shows";

function storageSentence(error: unknown): string {
  if (isQuotaExceeded(error))
    return "the browser's storage is full: free some space, or what is edited here is lost with this page";
  const text = error instanceof Error ? error.message : String(error);
  return `the browser does not store what is edited here: ${text}`;
}

function errorOf(error: unknown): { code: string; text: string } {
  if (error instanceof CoreError) return { code: error.code, text: error.message };
  return { code: "refused", text: error instanceof Error ? error.message : String(error) };
}
