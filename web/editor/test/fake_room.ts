import {
  CommandError, type AssetId, type Acknowledged, type Command, type Conflict, type EntityId, type HistoryEntry,
  type ImportFiles, type Imported, type InviteLinks, type LongTask, type Member, type MeshGeometry, type NewEntity,
  type Outcome, type Participant, type Presence, type Role, type Room, type RoomEvents, type SceneChange,
  type Status, type Submitted,
} from "@theta/client";
import { FakeScene, type Before } from "./fake_scene.js";

export const SELF = "a1".repeat(32);
export const OTHER = "b2".repeat(32);

type Listeners = { [Name in keyof RoomEvents]: Set<(event: RoomEvents[Name]) => void> };

interface Done {
  readonly handle: number;
  readonly command: Command;
  readonly before: Before;
}

/**
 * A room in memory for tests and for trying things out: it keeps the contract of `Room` for one person, and lets a test
 * play the others (`remote`, `join`, `receivePresence`), the hub (`setStatus`, `hold`, `answer`) and the worker between
 * it and the page (`lag`, `answerNext`, `answerAll`).
 */
export class FakeRoom implements Room {
  readonly scene = new FakeScene();
  name = "Studio";
  members: readonly Member[] = [{ author: SELF, name: "Ada", role: "admin", slot: 1, selection: [] }];
  participants: readonly Participant[] = [{ session: 1, author: SELF, name: "Ada", role: "admin", self: true }];
  status: Status = {
    phase: "live", transport_kind: "webrtc", role: "admin", writer: true, author: SELF, session: 1, head: 1,
    queued_commands: 0, commands_in_flight: 0, rate_limited: false, uploads: 0, downloads: 0, unstored_edits: 0,
    rtt_ms: 2, can_undo: false, can_redo: false, text: "", will_retry: false, put_out: false,
  };
  /** Everything that was submitted, for tests to look at. */
  readonly submitted: Command[] = [];
  readonly presences: Presence[] = [];
  readonly assets = new Map<AssetId, Uint8Array>();
  readonly meshes = new Map<AssetId, MeshGeometry>();
  readonly imports: { files: ImportFiles; options: Parameters<Room["importModel"]>[1] }[] = [];
  /** What `importModel` puts into the scene; by default one entity with the file's name. */
  onImport = (files: ImportFiles): NewEntity[] => [{ name: files.main }];
  readonly invites: NonNullable<Parameters<Room["createInvite"]>[0]>[] = [];
  closed = false;
  private readonly listeners: Listeners = {
    changed: new Set(), members: new Set(), participants: new Set(), status: new Set(), conflict: new Set(),
    notice: new Set(), remapped: new Set(),
  };
  private undoSteps: Done[] = [];
  private redoSteps: Done[] = [];
  /** Commands whose undo and redo are passed over, as if somebody had changed since what they did. */
  readonly blocked = new Set<number>();
  /** Commands up to this one are too long ago for undo and redo to say that it was them. */
  forgotten = 0;
  private readonly log: HistoryEntry[] = [];
  private readonly states: FakeScene[] = [];
  private readonly unanswered: { handle: number; settle: (acknowledged: Acknowledged) => void;
    refuse: (error: Error) => void }[] = [];
  private held = false;
  private handle = 0;
  private lagging = false;
  private readonly given: { go: () => void; reject: (error: Error) => void }[] = [];
  private answered: Promise<unknown> = Promise.resolve();

  on<Name extends keyof RoomEvents>(name: Name, listener: (event: RoomEvents[Name]) => void): () => void {
    this.listeners[name].add(listener);
    return () => this.listeners[name].delete(listener);
  }

  emit<Name extends keyof RoomEvents>(name: Name, event: RoomEvents[Name]): void {
    for (const listener of [...this.listeners[name]]) listener(event);
  }

  submit(command: Command): Promise<Submitted> {
    return this.attempt((handle) => {
      this.submitted.push(command);
      if (command.command === "undo") return this.step(this.undoSteps, this.redoSteps, command);
      if (command.command === "redo") return this.step(this.redoSteps, this.undoSteps, command);
      const { ids, before } = this.perform(command, SELF);
      if (before.size > 0) {
        this.undoSteps.push({ handle, command, before });
        this.redoSteps = [];
      }
      return { ids };
    });
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
    return this.attempt(() => {
      this.submitted.push({ command: conflict.outcome.command } as Command);
      return { ids: [] };
    });
  }

  async shown(): Promise<void> {
    await this.answered;
  }

  setPresence(presence: Presence): void {
    this.presences.push(presence);
    this.receivePresence(1, presence);
  }

  // ---- What tests do to it -----------------------------------------------------------------------------------------

  /** Somebody else's command arrives. */
  remote(command: Command, author = OTHER): readonly EntityId[] {
    return this.perform(command, author).ids;
  }

  join(participant: Partial<Participant> & { session: number }): void {
    const joined = { author: OTHER, name: "Grace", role: "editor" as Role, self: false, ...participant };
    this.participants = [...this.participants.filter(({ session }) => session !== joined.session), joined];
    if (!this.members.some(({ author }) => author === joined.author)) {
      this.members = [...this.members, { author: joined.author, name: joined.name, role: joined.role, selection: [] }];
      this.emit("members", this.members);
    }
    this.emit("participants", this.participants);
  }

  leave(session: number): void {
    this.participants = this.participants.filter((each) => each.session !== session);
    this.emit("participants", this.participants);
  }

  receivePresence(session: number, presence: Presence): void {
    this.participants = this.participants.map((each) => (each.session === session ? { ...each, presence } : each));
    this.emit("participants", this.participants);
  }

  setSelection(author: string, selection: readonly EntityId[]): void {
    this.members = this.members.map((each) => (each.author === author ? { ...each, selection } : each));
    this.emit("members", this.members);
  }

  setRole(author: string, role: Role): void {
    this.members = this.members.map((each) => (each.author === author ? { ...each, role } : each));
    this.participants = this.participants.map((each) => (each.author === author ? { ...each, role } : each));
    this.emit("members", this.members);
    this.emit("participants", this.participants);
  }

  setStatus(status: Partial<Status>): void {
    this.status = { ...this.status, ...status };
    this.emit("status", this.status);
  }

  /** A command of ours lost against Grace's. */
  loseAgainst(command: string, text: string, more: Partial<Outcome> = {}, handle = ++this.handle): Conflict {
    const outcome = { command, status: "superseded" as const, ...more };
    const conflict = { handle, outcome, blocker_name: "Grace", text };
    this.emit("conflict", conflict);
    return conflict;
  }

  /** From now on commands wait for `answer`. */
  hold(): void {
    this.held = true;
  }

  /** The hub takes, or refuses, what waits. */
  answer(refusal?: Error): void {
    this.held = false;
    for (const { handle, settle, refuse } of this.unanswered.splice(0))
      if (refusal) refuse(refusal);
      else settle({ handle, seq: this.status.head });
    this.setStatus({ queued_commands: 0, commands_in_flight: 0 });
  }

  /** From now on a command changes the scene and is answered no sooner than by `answerNext`. */
  lag(): void {
    this.lagging = true;
  }

  /** The oldest command that waits shows, and its answer comes. Tells whether there was one. */
  async answerNext(): Promise<boolean> {
    await everythingElse();
    const next = this.given.shift();
    next?.go();
    await everythingElse();
    return next !== undefined;
  }

  /** The worker is gone: what waits for its answers hears so. */
  rejectGiven(error: Error): void {
    for (const { reject } of this.given.splice(0)) reject(error);
  }

  /** Until nobody gives a command any more. */
  async answerAll(): Promise<void> {
    while (await this.answerNext());
  }

  // ---- The rest of the contract ------------------------------------------------------------------------------------

  createInvite(terms?: Parameters<Room["createInvite"]>[0]): Promise<InviteLinks> {
    this.invites.push(terms ?? {});
    const browser = "https://localhost:8443/r/room#hub.invite";
    return Promise.resolve({ browser, native: "theta://localhost:7777/room#hub.invite" });
  }

  async importModel(files: ImportFiles, options: Parameters<Room["importModel"]>[1] = {}):
    Promise<Imported> {
    options.onProgress?.(0.5, `Reading ${files.main}`);
    await Promise.resolve();
    options.signal?.throwIfAborted();
    this.imports.push({ files, options });
    const { ids, handle } = await this.create(this.onImport(files).map((entity) => ({
      ...entity, ...(options.parent !== undefined && { parent: options.parent }),
      ...(options.position && { position: options.position }),
    })));
    options.onProgress?.(1, "Done");
    return { ids, warnings: [], entities: ids.length, commands: [handle] };
  }

  exportGlb(options: LongTask = {}): Promise<Uint8Array> {
    options.onProgress?.(1, "Done");
    return Promise.resolve(new TextEncoder().encode("glTF"));
  }

  uploadAsset(bytes: Uint8Array): Promise<AssetId> {
    return this.storeAsset(bytes);
  }

  storeAsset(bytes: Uint8Array): Promise<AssetId> {
    const asset = fakeAssetId(`asset ${this.assets.size}`);
    this.assets.set(asset, bytes);
    return Promise.resolve(asset);
  }

  downloadAsset(asset: AssetId): Promise<Uint8Array> {
    const bytes = this.assets.get(asset);
    return bytes ? Promise.resolve(bytes) : Promise.reject(new Error(`there is no asset ${asset}`));
  }

  loadMesh(asset: AssetId): Promise<MeshGeometry> {
    const mesh = this.meshes.get(asset);
    return mesh ? Promise.resolve(mesh) : Promise.reject(new Error(`there is no mesh ${asset}`));
  }

  storeMesh(mesh: MeshGeometry): Promise<AssetId> {
    const key = JSON.stringify([[...mesh.positions.slice(0, 300)], mesh.positions.length, mesh.indices.length]);
    const asset = fakeAssetId(key);
    this.meshes.set(asset, mesh);
    return Promise.resolve(asset);
  }

  history(from: number, count: number): Promise<{ head: number; entries: readonly HistoryEntry[] }> {
    const entries = this.log.filter(({ seq }) => seq >= from && seq < from + count);
    return Promise.resolve({ head: this.status.head, entries });
  }

  sceneAt(seq: number): Promise<FakeScene> {
    const at = this.log.findIndex((entry) => entry.seq === seq);
    return Promise.resolve(this.states[at] ?? new FakeScene());
  }

  stateHash(): Promise<{ seq: number; hash: string }> {
    return Promise.resolve({ seq: this.status.head, hash: "00".repeat(32) });
  }

  goOffline(): void {
    this.setStatus({ phase: "offline", text: "", will_retry: false });
  }

  goOnline(): void {
    this.setStatus({ phase: "live" });
  }

  takeWriter(): void {
    this.setStatus({ writer: true });
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  idle(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  // ---- Helpers -----------------------------------------------------------------------------------------------------

  /** What throws rejects; what works is answered at once, or by `answer` while the room is held. */
  private attempt(work: (handle: number) => { ids: readonly EntityId[]; took?: number }): Promise<Submitted> {
    const attempted = new Promise<Submitted>((resolve, reject) => {
      const go = (): void => {
        try {
          resolve(this.taken(work));
        } catch (error) {
          reject(error as Error);
        }
      };
      if (this.lagging) this.given.push({ go, reject });
      else go();
    });
    this.answered = Promise.allSettled([this.answered, attempted]);
    return attempted;
  }

  private taken(work: (handle: number) => { ids: readonly EntityId[]; took?: number }): Submitted {
    const handle = this.handle + 1;
    const { ids, took } = work(handle);
    this.handle = handle;
    const settled = new Promise<Acknowledged>((settle, refuse) => {
      if (this.held) this.unanswered.push({ handle, settle, refuse });
      else settle({ handle, seq: this.status.head });
    });
    settled.catch(() => undefined);
    const steps = { can_undo: this.undoSteps.length > 0, can_redo: this.redoSteps.length > 0 };
    this.setStatus(this.held ? { ...steps, queued_commands: this.unanswered.length } : steps);
    return { handle, ids, settled, ...(took !== undefined && { took }) };
  }

  private perform(command: Command, author: string): { ids: readonly EntityId[]; before: Before } {
    if (author === SELF && this.status.role !== "editor" && this.status.role !== "admin")
      throw new CommandError("not_permitted", "A viewer cannot edit; ask an admin for the role of an editor.");
    if (command.command === "highlight_selection") this.setSelection(author, command.targets);
    if (command.command === "grant_role") this.setRole(command.author, command.role);
    if (command.command === "revoke_role") this.setRole(command.author, "none");
    const { change, before, ids } = this.scene.apply(command);
    this.record(command, author, ids);
    this.changed(change);
    return { ids, before };
  }

  private step(from: Done[], to: Done[], command: Command): { ids: readonly EntityId[]; took?: number } {
    const at = from.findLastIndex(({ handle }) => !this.blocked.has(handle));
    const [last] = at < 0 ? [] : from.splice(at, 1);
    if (!last) throw new CommandError("refused", `There is nothing to ${command.command}.`);
    const { change, before } = this.scene.restore(last.before);
    to.push({ ...last, before });
    this.record(command, SELF);
    this.changed(change);
    return { ids: [], ...(last.handle > this.forgotten && { took: last.handle }) };
  }

  private changed(change: SceneChange): void {
    const { added, updated, removed, reordered } = change;
    if (added.length + updated.length + removed.length + reordered.length > 0) this.emit("changed", change);
  }

  private record(command: Command, author: string, made: readonly EntityId[] = []): void {
    const seq = this.status.head + 1;
    const isCreation = command.command === "create_entities";
    const one = "target" in command ? [command.target] : [];
    const targets = "targets" in command ? command.targets : isCreation ? made : one;
    const author_name = this.members.find((member) => member.author === author)?.name ?? "";
    this.log.push({
      seq, time_ms: Date.UTC(2026, 0, 1) + seq * 1000, author, author_name, archived: false,
      commands: [{
        command: command.command, targets, count: targets.length, text: command.command.replaceAll("_", " "),
        ...(command.command === "rename_entity" && { names: [command.name] }),
        ...(isCreation && { names: command.entities.map(({ name = "" }) => name) }),
      }],
    });
    this.states.push(this.scene.size <= 100 ? this.scene.clone() : this.scene);
    this.setStatus({ head: seq });
  }
}

/** Resolves when all that can go on without an answer has gone on. */
function everythingElse(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** An id of the right shape; the same text gives the same one. */
export function fakeAssetId(text: string): AssetId {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; ++at) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0").repeat(8);
}
