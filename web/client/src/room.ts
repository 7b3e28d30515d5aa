import type {
  AssetId, Command, Conflict, EntityId, HistoryEntry, Member, MeshGeometry, NewEntity, Participant, Presence, Role,
  Scene, SceneChange, Seq, Status, Submitted, Vec3,
} from "./types.js";

/** What a room tells, by name. */
export interface RoomEvents {
  /** The scene shows something else; fired after `scene` has it, at most once a frame's worth of records. */
  changed: SceneChange;
  /** Roles, names, selections, tools. */
  members: readonly Member[];
  /** Somebody came, went, or moved. */
  participants: readonly Participant[];
  status: Status;
  conflict: Conflict;
  /** A sentence from the hub for people. */
  notice: { readonly kind: string; readonly text: string };
  /** Ids that another of our devices took first: old to new. */
  remapped: ReadonlyMap<EntityId, EntityId>;
}

/** Progress of something that takes long: 0 to 1, and what is being done, in words. */
export type OnProgress = (fraction: number, what: string) => void;
export interface LongTask {
  readonly onProgress?: OnProgress;
  /**
   * Cancels; the promise rejects with the signal's reason and nothing half-done stays in the scene, but for a model of
   * which somebody else has changed a part already: `notice` tells that. Where all was done before the signal arrived,
   * it resolves.
   */
  readonly signal?: AbortSignal;
}

/** A file of an import: what was dropped, with the names of files beside it. */
export interface ImportFiles {
  readonly main: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface ImportOptions extends LongTask {
  /** Absent: `ROOT`. */
  readonly parent?: EntityId;
  readonly position?: Vec3;
}

export interface Imported {
  /** What stands right below `parent` now: one entity that holds all of the file's. */
  readonly ids: readonly EntityId[];
  /** What the file holds and Theta left out, a sentence each. */
  readonly warnings: readonly string[];
  /** How many entities came in, those above included. */
  readonly entities: number;
  /** Handles of the commands that made them, oldest first: to take back the import is to undo all of them. */
  readonly commands: readonly number[];
}

/**
 * One room, live or offline. Edits show at once and are sent when they can be; a promise tells what became of them.
 * The C++ core that verifies and applies everything runs in a worker; `scene`, `members`, `participants` and `status`
 * are copies of what it shows, kept on this thread.
 */
export interface Room {
  /** What its opener called it; empty until the first `members` event. */
  readonly name: string;
  readonly scene: Scene;
  readonly members: readonly Member[];
  readonly participants: readonly Participant[];
  readonly status: Status;

  /** Calls `listener` until the returned function is called. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void;

  /**
   * Rejects with `CommandError` when the command is malformed, not permitted, or cannot work on what is shown; at once,
   * too, on a page that only shows since another one of this person writes (`Status.writer`, `takeWriter`).
   */
  submit(command: Command): Promise<Submitted>;
  create(entities: readonly NewEntity[]): Promise<Submitted>;
  /**
   * Our own newest command that can be taken back: one that somebody has changed since is passed over (`took` tells
   * which it was). Rejects with `CommandError` when there is none.
   */
  undo(): Promise<Submitted>;
  redo(): Promise<Submitted>;
  /** A lost command once more, on top of what is there now. */
  submitAgain(conflict: Conflict): Promise<Submitted>;
  /**
   * Resolves when `scene` shows every command that was given by these so far, or the core has rejected it: what is read
   * from there then may be built upon. A command that says a component as a whole must not be made of what the scene
   * showed before, or it takes back what the one before it said. Never rejects.
   */
  shown(): Promise<void>;

  /** Sent at a capped rate, the latest wins; nothing is kept while offline. */
  setPresence(presence: Presence): void;

  /** A link to this page's hub with an invite in it. Admins only. Terms absent: editor, a week, 10 uses. */
  createInvite(terms?: { role?: Role; expiresAt?: Date | null; uses?: number | null }): Promise<InviteLinks>;

  /**
   * Reads GLB, or glTF with the files beside it, and makes its entities below `parent`. Resolves when the hub has all
   * of it; while there is no connection, when all of it is kept here to be sent later.
   */
  importModel(files: ImportFiles, options?: ImportOptions): Promise<Imported>;
  /** The whole scene, or the subtrees of `ids`, as one GLB. */
  exportGlb(options?: LongTask & { ids?: readonly EntityId[] }): Promise<Uint8Array>;

  /**
   * Makes an asset of the bytes, at most 256 MiB, and resolves at once: it is kept like an edit, offline and over the
   * end of the page too, and goes to the hub when it can (`Status.uploads`). Commands may name it from now on; they
   * show at once and are sent when the hub has it. Should the hub not take it, `notice` tells.
   */
  storeAsset(bytes: Uint8Array): Promise<AssetId>;
  /** The same, but resolves when the hub has it, and rejects when it does not take it. */
  uploadAsset(bytes: Uint8Array, options?: LongTask): Promise<AssetId>;
  /**
   * An asset that was here before comes from what this browser keeps, also without a connection; any other one when the
   * hub has sent it (`Status.downloads`). Its bytes are checked either way.
   */
  downloadAsset(asset: AssetId, options?: LongTask): Promise<Uint8Array>;
  /** The same, decoded. Kept in memory once it was read. */
  loadMesh(asset: AssetId): Promise<MeshGeometry>;
  /** Makes an asset of a mesh, as `storeAsset` does; equal meshes are one asset. */
  storeMesh(mesh: MeshGeometry): Promise<AssetId>;

  /** `count` records from `from` on, at most 4096, and the head at that moment. */
  history(from: Seq, count: number): Promise<{ readonly head: Seq; readonly entries: readonly HistoryEntry[] }>;
  /** The scene as it was after the record `seq`, read-only. */
  sceneAt(seq: Seq, options?: LongTask): Promise<Scene>;

  /** Hexadecimal digits of the state hash of the log so far, without own commands on top. */
  stateHash(): Promise<{ readonly seq: Seq; readonly hash: string }>;

  goOffline(): void;
  goOnline(): void;
  /** Becomes the writing session of this person again. */
  takeWriter(): void;
  /**
   * Resolves when there is a room to edit: the hub has let this person in, now or, where that is kept, before. Rejects
   * with the hub's sentence when it does not, and when the room is closed meanwhile.
   */
  ready(): Promise<void>;
  /** Resolves when every command submitted so far is settled. */
  idle(): Promise<void>;
  /** Stores what is to be kept and leaves. Nothing may be called afterwards. */
  close(): Promise<void>;
}

export interface InviteLinks {
  /** For browsers: `https://HOST:PORT/r/ROOM#HUB.INVITE`. */
  readonly browser: string;
  /** For native peers: `theta://HOST:PORT/ROOM#HUB.INVITE`. */
  readonly native: string;
}

export interface ConnectOptions {
  /** A browser link (`https://HOST:PORT/r/ROOM#HUB.INVITE`). */
  readonly link: string;
  readonly displayName: string;
  /**
   * `"indexeddb"`: replica, outbox and author key are kept in this browser. `"memory"`: all is gone with the page.
   * Absent: indexeddb where there is one.
   */
  readonly storage?: "indexeddb" | "memory";
  /** `"auto"`: WebRTC, and WebSocket where UDP does not get through. */
  readonly transport?: "auto" | "webrtc" | "websocket";
  /** Begin without connecting. */
  readonly offline?: boolean;
  /** The bytes of `theta_web.wasm`, where they do not lie beside the script. */
  readonly wasmBinary?: Uint8Array;
}

/** What was submitted could not even be shown. */
export class CommandError extends Error {
  constructor(readonly code: "malformed" | "refused" | "not_permitted" | "not_ready", message: string) {
    super(message);
    this.name = "CommandError";
  }
}

/**
 * Another page of this person took over as the one that writes, and carries on: what came of this it knows alone.
 * Whether the hub takes a command shows in the scene here too.
 */
export class HandedOver extends Error {
  /** `mayBeLost`: not all of this page's edits were stored when the other one came. */
  constructor(message: string, readonly mayBeLost: boolean, readonly command?: Command) {
    super(message);
    this.name = "HandedOver";
  }
}

/** The hub did not take a command; it is not in the log and gone from the scene. */
export class CommandRefused extends Error {
  constructor(readonly code: string, readonly command: Command | undefined, message: string) {
    super(message);
    this.name = "CommandRefused";
  }
}
