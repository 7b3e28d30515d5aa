import { CoreError } from "./core.js";
import { type EngineHost } from "./host.js";
import { inviteLinks, type BrowserLink } from "./link.js";
import { MeshCache } from "./mesh_cache.js";
import { People } from "./people.js";
import { type EngineOptions, type Output, type Reply, type RtcNews, type ToPage } from "./protocol.js";
import {
  CommandError, CommandRefused, HandedOver, type ImportFiles, type ImportOptions, type Imported, type InviteLinks,
  type LongTask, type Room, type RoomEvents,
} from "./room.js";
import { RtcLink } from "./rtc_link.js";
import { MirroredScene, type SceneStep } from "./scene.js";
import {
  ROOT, type Acknowledged, type AssetId, type Command, type Conflict, type EntityId, type HistoryEntry, type Member,
  type MeshGeometry, type NewEntity, type Participant, type Presence, type Role, type Scene, type Seq, type Status,
  type Submitted,
} from "./types.js";

const WEEK_MS = 7 * 24 * 3600 * 1000;
const USES: Readonly<Record<string, number>> = { admin: 1, editor: 10, viewer: 100 };

interface Waiting<Result> {
  resolve(result: Result): void;
  reject(error: unknown): void;
}

interface Unsettled extends Waiting<Acknowledged> {
  readonly command: Command | undefined;
}

interface TaskResult {
  readonly ids?: EntityId[];
  readonly entities?: number;
  readonly commands?: number[];
  readonly bytes: Uint8Array;
}

interface Task extends Waiting<TaskResult> {
  readonly onProgress: LongTask["onProgress"];
  readonly signal: LongTask["signal"];
  /** Of a look back: the scene that is coming. */
  readonly scene?: MirroredScene;
}

type Listeners = { [Name in keyof RoomEvents]: Set<(event: RoomEvents[Name]) => void> };

/** A room whose core runs behind a port. */
export class RoomClient implements Room {
  readonly scene = new MirroredScene();
  name = "";
  status: Status = {
    phase: "connecting", role: "none", writer: true, author: "", head: 0, queued_commands: 0, commands_in_flight: 0,
    rate_limited: false, uploads: 0, downloads: 0, unstored_edits: 0, can_undo: false, can_redo: false, text: "",
    will_retry: true, put_out: false,
  };
  private readonly people = new People();
  private readonly meshes = new MeshCache((asset) => this.readMesh(asset));
  private readonly listeners: Listeners = {
    changed: new Set(), members: new Set(), participants: new Set(), status: new Set(), conflict: new Set(),
    notice: new Set(), remapped: new Set(),
  };
  private nextRequest = 1;
  private readonly requests = new Map<number, Waiting<Reply>>();
  private readonly unsettled = new Map<number, Unsettled>();
  /** Commands that the core has not answered yet. */
  private submitting = 0;
  /** Resolves when the core has answered all commands given so far. */
  private answered: Promise<void> = Promise.resolve();
  /** Outcomes that came before the answer that told the handle. */
  private readonly early = new Map<number, any>();
  private readonly coalesced = new Map<number, number[]>();
  private readonly tasks = new Map<number, Task>();
  private readonly histories = new Map<number, Waiting<{ head: Seq; entries: readonly HistoryEntry[] }>>();
  private readonly uploads = new Map<AssetId, (Waiting<AssetId> & LongTask)[]>();
  private readonly downloads = new Map<AssetId, (Waiting<Uint8Array> & LongTask)[]>();
  private readonly idleWaiters = new Set<Waiting<void>>();
  /** Look again whether the room is ready, or never will be. */
  private readonly readyWaiters = new Set<() => void>();
  /** What the status says where the core has nothing to say. */
  private storageText = "";
  private coreText = "";
  private rtc: RtcLink | undefined;
  private isClosed = false;
  /** The person asked for it, so there is nothing to tell about why. */
  private wentOffline = false;
  private isPutOut = false;
  private readonly onNetwork = (): void => this.hurry();
  private readonly onVisible = (): void => {
    if (document.visibilityState === "visible") this.hurry();
  };

  private constructor(private readonly host: EngineHost, private readonly link: BrowserLink) {
    host.port.onmessage = ({ data }) => this.onMessage(data as ToPage);
    if (typeof addEventListener === "function" && typeof document !== "undefined") {
      addEventListener("online", this.onNetwork);
      document.addEventListener("visibilitychange", this.onVisible);
    }
  }

  static async open(host: EngineHost, link: BrowserLink, options: EngineOptions): Promise<RoomClient> {
    const room = new RoomClient(host, link);
    try {
      await room.request("start", options);
    } catch (error) {
      room.leave();
      throw error;
    }
    return room;
  }

  get members(): readonly Member[] {
    return this.people.members;
  }

  get participants(): readonly Participant[] {
    return this.people.participants;
  }

  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void {
    this.listeners[name].add(listener);
    return () => this.listeners[name].delete(listener);
  }

  // ---- Editing ----------------------------------------------------------------------------------------------------

  submit(command: Command): Promise<Submitted> {
    return this.submitBy("submit", { command }, command);
  }

  create(entities: readonly NewEntity[]): Promise<Submitted> {
    return this.submit({ command: "create_entities", entities });
  }

  undo(): Promise<Submitted> {
    return this.submit({ command: "undo" });
  }

  redo(): Promise<Submitted> {
    return this.submit({ command: "redo" });
  }

  submitAgain(conflict: Conflict): Promise<Submitted> {
    return this.submitBy("submit_again", { handle: conflict.handle }, undefined);
  }

  private async submitBy(name: string, given: object, command: Command | undefined): Promise<Submitted> {
    ++this.submitting;
    const answer = this.request(name, given);
    this.answered = Promise.allSettled([this.answered, answer]).then(() => undefined);
    const { json } = await answer.catch((error: unknown) => {
      --this.submitting;
      this.tellIdle();
      throw commandErrorOf(error);
    });
    --this.submitting;
    const { handle, ids, took } = json as { handle: number; ids: EntityId[]; took?: number };
    const settled = new Promise<Acknowledged>((resolve, reject) => {
      this.unsettled.set(handle, { resolve, reject, command });
    });
    // Who does not ask what became of a command has not forgotten an error: the scene shows it, and `notice` tells it.
    settled.catch(() => undefined);
    const early = this.early.get(handle);
    if (early) {
      this.early.delete(handle);
      this.onSettled(early);
      this.tellIdle();
    }
    // The core tells of what a command replaces before it answers.
    const replaces = this.coalesced.get(handle)?.[0];
    return {
      handle, ids, settled, ...(replaces === undefined ? {} : { replaces }), ...(took === undefined ? {} : { took }),
    };
  }

  /** The core's answer to a command stands behind what it changes of the scene. */
  shown(): Promise<void> {
    return this.answered;
  }

  setPresence(presence: Presence): void {
    if (this.status.phase !== "live") return;
    this.request("set_presence", { presence }).catch(() => undefined);
  }

  async createInvite(terms: { role?: Role; expiresAt?: Date | null; uses?: number | null } = {}): Promise<InviteLinks> {
    const role = terms.role ?? "editor";
    const expires = terms.expiresAt === undefined ? new Date(Date.now() + WEEK_MS) : terms.expiresAt;
    const uses = terms.uses === undefined ? (USES[role] ?? 10) : terms.uses;
    const address = await this.nativeAddress();
    const given = { role, expires_at_ms: expires ? expires.getTime() : 0, uses: uses ?? 0, ...address };
    const { json } = await this.request("make_invite", given, crypto.getRandomValues(new Uint8Array(32)))
      .catch((error: unknown) => {
        throw commandErrorOf(error);
      });
    return inviteLinks(this.link, json.secret, json.native);
  }

  /** Where native peers reach the hub: its UDP port need not be that of this page. */
  private async nativeAddress(): Promise<{ host: string; port: number }> {
    const port = Number(new URL(this.link.origin).port) || 4433;
    return { host: this.link.host, port: this.udpPort ?? port };
  }
  private udpPort: number | undefined;

  // ---- Files and assets -------------------------------------------------------------------------------------------

  async importModel(files: ImportFiles, options: ImportOptions = {}): Promise<Imported> {
    options.signal?.throwIfAborted();
    options.onProgress?.(0, "reading");
    const list = [...files.files];
    const bytes = new Uint8Array(list.reduce((sum, [, file]) => sum + file.length, 0));
    let at = 0;
    for (const [, file] of list) {
      bytes.set(file, at);
      at += file.length;
    }
    const { json } = await this.request("import", {
      main: files.main,
      files: list.map(([name, file]) => ({ name, bytes: file.length })),
      parent: options.parent ?? ROOT,
      ...(options.position ? { position: options.position } : {}),
    }, bytes);
    const done = await this.follow(json.task as number, options);
    const { ids = [], entities = 0, commands = [] } = done;
    return { ids, warnings: json.warnings as string[], entities, commands };
  }

  async exportGlb(options: LongTask & { ids?: readonly EntityId[] } = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const { json } = await this.request("export", options.ids ? { ids: options.ids } : {});
    return (await this.follow(json.task as number, options)).bytes;
  }

  async storeAsset(bytes: Uint8Array): Promise<AssetId> {
    return (await this.request("upload", {}, bytes.slice())).json.asset as AssetId;
  }

  async uploadAsset(bytes: Uint8Array, options: LongTask = {}): Promise<AssetId> {
    options.signal?.throwIfAborted();
    return this.wait(this.uploads, await this.storeAsset(bytes), options);
  }

  async downloadAsset(asset: AssetId, options: LongTask = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    const isAsked = this.downloads.has(asset);
    const bytes = this.wait(this.downloads, asset, options);
    if (!isAsked) this.askForAsset(asset);
    return bytes;
  }

  private askForAsset(asset: AssetId): void {
    this.request("download", { asset }).catch((error: unknown) => this.settleTransfer(this.downloads, asset, error));
  }

  loadMesh(asset: AssetId): Promise<MeshGeometry> {
    return this.meshes.get(asset);
  }

  async storeMesh(mesh: MeshGeometry): Promise<AssetId> {
    const lists = ["positions", "normals", "tangents", "uv0", "uv1", "colors", "indices"] as const;
    const parts = lists.map((name) => mesh[name]);
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + (part?.byteLength ?? 0), 0));
    const sizes: Record<string, number> = {};
    let at = 0;
    parts.forEach((part, index) => {
      if (!part) return;
      bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
      at += part.byteLength;
      sizes[lists[index]!] = part.length;
    });
    const encoded = await this.request("encode_mesh", sizes, bytes);
    return this.storeAsset(encoded.bytes ?? new Uint8Array(0));
  }

  private async readMesh(asset: AssetId): Promise<MeshGeometry> {
    const { json, bytes } = await this.request("decode_mesh", {}, await this.downloadAsset(asset));
    let at = bytes!.byteOffset;
    const take = <List>(List: new (buffer: ArrayBufferLike, offset: number, length: number) => List, count: number) => {
      const list = new List(bytes!.buffer, at, count);
      at += count * 4;
      return list;
    };
    const floats = (name: string) => take(Float32Array, json[name] as number);
    const mesh: any = { positions: floats("positions") };
    for (const name of ["normals", "tangents", "uv0", "uv1", "colors"]) {
      const list = floats(name);
      if (list.length > 0) mesh[name] = list;
    }
    mesh.indices = take(Uint32Array, json.indices as number);
    return mesh as MeshGeometry;
  }

  // ---- The past ---------------------------------------------------------------------------------------------------

  async history(from: Seq, count: number): Promise<{ head: Seq; entries: readonly HistoryEntry[] }> {
    const { json } = await this.request("history", { from, count });
    return new Promise((resolve, reject) => this.histories.set(json.query as number, { resolve, reject }));
  }

  async sceneAt(seq: Seq, options: LongTask = {}): Promise<Scene> {
    options.signal?.throwIfAborted();
    const { json } = await this.request("look_back", { seq });
    const scene = new MirroredScene();
    await this.follow(json.task as number, options, scene);
    return scene;
  }

  async stateHash(): Promise<{ seq: Seq; hash: string }> {
    return (await this.request("state_hash")).json as { seq: Seq; hash: string };
  }

  // ---- Coming and going -------------------------------------------------------------------------------------------

  goOffline(): void {
    this.wentOffline = true;
    this.request("go_offline").catch(() => undefined);
  }

  goOnline(): void {
    this.wentOffline = false;
    this.request("go_online").catch(() => undefined);
  }

  takeWriter(): void {
    this.request("take_writer").catch((error: unknown) => this.fire("notice", {
      kind: "storage", text: error instanceof Error ? error.message : String(error),
    }));
  }

  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        stop();
        settle();
      };
      const look = (): void => {
        const { phase, role, text, will_retry } = this.status;
        if (this.isClosed) end(() => reject(new Error("the room was closed")));
        else if (phase === "live" || (phase === "offline" && role !== "none")) end(resolve);
        else if (phase === "stopped" || (phase === "offline" && !will_retry && text !== ""))
          end(() => reject(new Error(text)));
      };
      const stopListening = this.on("status", look);
      const stop = (): void => {
        stopListening();
        this.readyWaiters.delete(look);
      };
      this.readyWaiters.add(look);
      look();
    });
  }

  idle(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.idleWaiters.add({ resolve, reject });
      this.tellIdle();
    });
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    await this.request("close").catch(() => undefined);
    this.leave();
  }

  private leave(): void {
    this.isClosed = true;
    this.rtc?.close(true);
    if (typeof removeEventListener === "function" && typeof document !== "undefined") {
      removeEventListener("online", this.onNetwork);
      document.removeEventListener("visibilitychange", this.onVisible);
    }
    const gone = new Error("the room was closed");
    for (const waiting of this.requests.values()) waiting.reject(gone);
    for (const waiting of this.unsettled.values()) waiting.reject(gone);
    for (const task of this.tasks.values()) task.reject(gone);
    for (const history of this.histories.values()) history.reject(gone);
    for (const waiting of this.idleWaiters) waiting.reject(gone);
    for (const look of [...this.readyWaiters]) look();
    for (const list of [...this.uploads.values(), ...this.downloads.values()])
      for (const waiting of list) waiting.reject(gone);
    this.host.end();
  }

  /** Something suggests that the hub can be reached again: the next attempt need not wait. */
  private hurry(): void {
    this.rtc?.onNetworkChange();
    if (this.status.phase === "offline" && this.status.will_retry) this.goOnline();
  }

  /** The worker is gone; nothing more will come. */
  crash(text: string): void {
    this.status = { ...this.status, phase: "stopped", text };
    this.fire("status", this.status);
    this.leave();
  }

  // ---- What the engine tells --------------------------------------------------------------------------------------

  private request(name: string, given: object = {}, bytes?: Uint8Array): Promise<Reply> {
    if (this.isClosed) return Promise.reject(new Error("the room was closed"));
    const id = this.nextRequest++;
    return new Promise((resolve, reject) => {
      this.requests.set(id, { resolve, reject });
      const message = { kind: "request", id, name, given, ...(bytes ? { bytes } : {}) };
      this.host.port.postMessage(message, bytes ? [bytes.buffer as ArrayBuffer] : []);
    });
  }

  private onMessage(message: ToPage): void {
    if (this.isClosed) return;
    switch (message.kind) {
      case "told":
        for (const output of message.outputs) this.onOutput(output);
        this.tellWhatChanged();
        if (message.reply) this.onReply(message.reply);
        break;
      case "rtc_connect":
        this.openRtc(message.attempt, message.origin);
        break;
      case "rtc_frames":
        if (this.rtc?.attempt === message.attempt) this.rtc.send(message.frames);
        break;
      case "rtc_close":
        if (this.rtc?.attempt !== message.attempt) break;
        this.rtc.close(message.flush);
        this.rtc = undefined;
        break;
    }
  }

  private onReply(reply: Reply): void {
    const waiting = this.requests.get(reply.id);
    this.requests.delete(reply.id);
    if (reply.error) waiting?.reject(new CoreError(reply.error.code, reply.error.text));
    else waiting?.resolve(reply);
  }

  private onOutput(output: Output): void {
    const event = JSON.parse(output.text);
    const bytes = output.bytes ?? new Uint8Array(0);
    switch (event.event) {
      case "scene": this.scene.apply(event as SceneStep); break;
      case "past": this.tasks.get(event.task)?.scene?.apply(event as SceneStep); break;
      case "members":
        this.name = event.room_name;
        this.people.setMembers(event.members);
        break;
      case "participants": this.people.setParticipants(event.participants); break;
      case "presence": this.people.setPresence(event.updates); break;
      case "attached": this.isPutOut = false; break;
      // Whoever has records of the room was let in before.
      case "disconnected": this.isPutOut = event.refusal === "forbidden" && this.status.head > 0; break;
      case "status": this.onStatus(event); break;
      case "settled": this.onSettled(event); break;
      case "conflict": this.fire("conflict", event as Conflict); break;
      case "notice": this.fire("notice", { kind: event.kind, text: event.text }); break;
      case "ids_remapped": this.fire("remapped", new Map(event.ids as [EntityId, EntityId][])); break;
      case "core_replaced": this.onCoreReplaced(event.text, event.lost); break;
      case "storage_works": this.onStorageWorks(); break;
      case "storage_failed":
      case "other_page": this.onTrouble(event.event, event.text); break;
      case "history": this.onHistory(event); break;
      case "asset_progress": this.onAssetProgress(event); break;
      case "asset_stored": this.settleTransfer(this.uploads, event.asset, undefined, event.asset as AssetId); break;
      case "asset_ready": this.settleTransfer(this.downloads, event.asset, undefined, bytes); break;
      case "asset_failed": this.onAssetFailed(event); break;
      case "task_progress": this.tasks.get(event.task)?.onProgress?.(event.fraction, event.what); break;
      case "task_done": {
        const { task, ids, entities, commands } = event;
        this.endTask(task)?.resolve({ ids, entities, commands, bytes });
        break;
      }
      case "task_failed": this.onTaskFailed(event.task, event.text, event.stands); break;
    }
  }

  private tellWhatChanged(): void {
    const change = this.scene.takeChange();
    if (change) this.fire("changed", change);
    if (this.people.takeMembersChanged()) this.fire("members", this.people.members);
    if (this.people.takeParticipantsChanged()) this.fire("participants", this.people.participants);
    this.tellIdle();
  }

  private fire<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    for (const listener of [...this.listeners[name]]) {
      try {
        listener(event);
      } catch (error) {
        // One listener's fault must not keep the others from hearing.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  /** What the core before was asked for, nobody here can answer any more; another page of this person may. */
  private onCoreReplaced(text: string, mayBeLost: boolean): void {
    const gone = new HandedOver(text, mayBeLost);
    this.storageText = "";
    for (const { command, reject } of this.unsettled.values()) reject(new HandedOver(text, mayBeLost, command));
    for (const task of this.tasks.values()) task.reject(gone);
    for (const history of this.histories.values()) history.reject(gone);
    for (const list of this.uploads.values()) for (const waiting of list) waiting.reject(gone);
    const asked = [this.unsettled, this.early, this.coalesced, this.tasks, this.histories, this.uploads];
    for (const map of asked) map.clear();
    // An asset is the same whoever asks for it.
    for (const asset of this.downloads.keys()) this.askForAsset(asset);
  }

  private onStatus(event: Status & { event?: string }): void {
    const { event: _, ...told } = { ...event, put_out: this.isPutOut };
    this.coreText = this.wentOffline && told.phase === "offline" ? "" : told.text;
    this.status = { ...told, text: this.coreText || this.storageText };
    this.fire("status", this.status);
  }

  private onTrouble(kind: string, text: string): void {
    this.storageText = text;
    this.fire("notice", { kind, text });
    this.status = { ...this.status, text };
    this.fire("status", this.status);
  }

  private onStorageWorks(): void {
    this.storageText = "";
    this.status = { ...this.status, text: this.coreText };
    this.fire("status", this.status);
  }

  private onSettled(event: any): void {
    const waiting = this.unsettled.get(event.handle);
    if (!waiting) {
      this.early.set(event.handle, event);
      // Of an earlier page: nobody waits for those.
      if (this.early.size > 1024) this.early.delete(this.early.keys().next().value!);
      return;
    }
    if (event.how === "coalesced") {
      this.coalesced.set(event.into, [...(this.coalesced.get(event.into) ?? []), event.handle]);
      return;
    }
    this.settle(event.handle, event);
  }

  /** With all commands that went into it. */
  private settle(handle: number, event: any, as = handle): void {
    const waiting = this.unsettled.get(handle);
    this.unsettled.delete(handle);
    if (event.how === "refused") {
      waiting?.reject(new CommandRefused(event.refusal?.code ?? "refused", waiting.command,
        event.refusal?.text ?? "the hub did not take the command"));
    } else {
      waiting?.resolve({ handle: as, seq: event.seq, ...(event.outcome ? { outcome: event.outcome } : {}) });
    }
    for (const earlier of this.coalesced.get(handle) ?? []) this.settle(earlier, event, as);
    this.coalesced.delete(handle);
  }

  private tellIdle(): void {
    const { queued_commands, commands_in_flight } = this.status;
    const open = this.submitting + this.unsettled.size + queued_commands + commands_in_flight;
    if (this.idleWaiters.size === 0 || open > 0) return;
    for (const waiting of this.idleWaiters) waiting.resolve();
    this.idleWaiters.clear();
  }

  private onHistory(event: any): void {
    const waiting = this.histories.get(event.query);
    this.histories.delete(event.query);
    if (event.refusal) waiting?.reject(new Error(event.refusal.text));
    else waiting?.resolve({ head: event.head, entries: event.entries });
  }

  // ---- Transfers and tasks ----------------------------------------------------------------------------------------

  private wait<Result>(
    transfers: Map<AssetId, (Waiting<Result> & LongTask)[]>, asset: AssetId, options: LongTask,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      options.signal?.throwIfAborted();
      const list = transfers.get(asset) ?? [];
      list.push({ resolve, reject, ...options });
      transfers.set(asset, list);
      options.signal?.addEventListener("abort", () => reject(options.signal!.reason), { once: true });
    });
  }

  private settleTransfer<Result>(
    transfers: Map<AssetId, (Waiting<Result> & LongTask)[]>, asset: AssetId, error: unknown, result?: Result,
  ): void {
    const list = transfers.get(asset) ?? [];
    transfers.delete(asset);
    for (const waiting of list) error === undefined ? waiting.resolve(result!) : waiting.reject(error);
  }

  private onAssetProgress(event: any): void {
    const list = (event.upload ? this.uploads : this.downloads).get(event.asset) ?? [];
    const fraction = event.total_bytes > 0 ? event.done_bytes / event.total_bytes : 0;
    for (const waiting of list) waiting.onProgress?.(fraction, event.upload ? "uploading" : "downloading");
  }

  private onAssetFailed(event: any): void {
    const error = new Error(event.refusal.text);
    if (!this.uploads.has(event.asset) && !this.downloads.has(event.asset))
      this.fire("notice", { kind: "asset", text: `The hub did not take a file of this scene: ${event.refusal.text}` });
    this.settleTransfer(this.uploads, event.asset, error);
    this.settleTransfer(this.downloads, event.asset, error);
  }

  private follow(id: number, options: LongTask, scene?: MirroredScene): Promise<TaskResult> {
    return new Promise((resolve, reject) => {
      const { onProgress, signal } = options;
      const task: Task = { resolve, reject, onProgress, signal, ...(scene ? { scene } : {}) };
      this.tasks.set(id, task);
      const isOurs = (): boolean => this.tasks.get(id) === task;
      // The core knows whether it was in time: what is done already is not taken back, and its end is told.
      const cancel = (): void => {
        if (!isOurs()) return;
        this.request("cancel_task", { task: id }).then(({ json }) => {
          if (json.cancelled && isOurs()) this.endTask(id)?.reject(options.signal!.reason);
        }, () => undefined);
      };
      // It may have been given up while the worker still read the file.
      if (options.signal?.aborted) cancel();
      else options.signal?.addEventListener("abort", cancel, { once: true });
    });
  }

  /** Nobody waits for the end of a task that was given up, and yet it may have left something in the room. */
  private onTaskFailed(id: number, text: string, stands: boolean): void {
    const task = this.endTask(id);
    task?.reject(new Error(text));
    if (stands && (!task || task.signal?.aborted))
      this.fire("notice", { kind: "import", text: `An import was given up: ${text}` });
  }

  private endTask(id: number): Task | undefined {
    const task = this.tasks.get(id);
    this.tasks.delete(id);
    return task;
  }

  // ---- WebRTC -----------------------------------------------------------------------------------------------------

  private openRtc(attempt: number, origin: string): void {
    this.rtc?.close(false);
    const tell = (news: RtcNews, transfer?: Transferable[]): void => this.host.port.postMessage(news, transfer);
    const signalling = {
      signOffer: async (sdp: string) => (await this.request("rtc_offer", { sdp })).json,
      checkAnswer: async (sdp: string, signature: string) => {
        await this.request("rtc_answer", { sdp, signature });
        this.udpPort = Number(/^a=candidate:\S+ \d+ udp \d+ \S+ (\d+) /im.exec(sdp)?.[1]) || this.udpPort;
      },
    };
    const onRtt = (ms: number): void => void this.request("set_rtt", { ms }).catch(() => undefined);
    this.rtc = new RtcLink(attempt, origin, signalling, tell, onRtt);
  }
}

function commandErrorOf(error: unknown): unknown {
  if (!(error instanceof CoreError)) return error;
  const known = ["malformed", "refused", "not_permitted", "not_ready"] as const;
  return new CommandError(known.find((code) => code === error.code) ?? "refused", error.message);
}

