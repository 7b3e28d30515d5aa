import { type Stored, type Write } from "./core.js";
import { committed, done } from "./indexed_db.js";
import { type AssetId } from "./types.js";

/**
 * What a browser keeps, in IndexedDB: for each identity of a room the session's state, the journal behind it and the
 * assets that the hub does not have yet, and the identities themselves. Writes are durable before they are told to be.
 */

const DATABASE = "theta";
const VERSION = 2;
/** Key: identity. Value: bytes. */
const STATES = "states";
/** Key: identity. Value: drawn by whoever opened it last; who holds another one must not write any more. */
const OWNERS = "owners";
/** Key: [identity, number]. Value: bytes. */
const JOURNAL = "journal";
/** Key: [identity, asset]. Value: bytes. */
const ASSETS = "assets";
/** Key: [room, invite] (invite empty: the identity that was used last). Value: IdentityRecord. */
const IDENTITIES = "identities";

/** What belongs to an identity, and is read and written together. */
const KEPT = [STATES, OWNERS, JOURNAL, ASSETS];

export interface IdentityRecord {
  /** 32 bytes from which the author's Ed25519 key follows. */
  readonly seed: Uint8Array;
  readonly id: string;
}

/** Somebody else has opened this identity's state since. */
export class OwnerChanged extends Error {
  constructor() {
    super("another page of this person has taken over what this one stores");
    this.name = "OwnerChanged";
  }
}

export class BrowserStorage {
  private constructor(private readonly database: IDBDatabase) {}

  /** Rejects where there is none, or where the browser does not allow it (private windows of some). */
  static async open(): Promise<BrowserStorage> {
    if (typeof indexedDB === "undefined") throw new Error("this browser has no IndexedDB");
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      // An earlier version had some of them.
      for (const name of [STATES, OWNERS, JOURNAL, ASSETS, IDENTITIES])
        if (!request.result.objectStoreNames.contains(name)) request.result.createObjectStore(name);
    };
    const database = await done(request);
    // A newer page of this origin wants to change the layout: it must not wait for this one for ever.
    database.onversionchange = () => database.close();
    return new BrowserStorage(database);
  }

  close(): void {
    this.database.close();
  }

  /**
   * Who writes in `room` by the link with `invite`: the same link is the same person, another invite is another one,
   * and a link without an invite is whoever was here last.
   */
  async identity(room: string, invite: string): Promise<IdentityRecord> {
    const transaction = this.database.transaction(IDENTITIES, "readwrite", { durability: "strict" });
    const store = transaction.objectStore(IDENTITIES);
    const known = (await done(store.get([room, invite]))) as IdentityRecord | undefined;
    const identity = known ?? newIdentity();
    if (!known) store.put(identity, [room, invite]);
    if (invite !== "") store.put(identity, [room, ""]);
    await committed(transaction);
    return identity;
  }

  /** Reads what is kept of an identity, and makes the caller the only one who may write it. */
  async load(identity: string): Promise<{ stored: Stored; room: RoomStorage }> {
    const owner = crypto.randomUUID();
    const transaction = this.database.transaction(KEPT, "readwrite", { durability: "strict" });
    transaction.objectStore(OWNERS).put(owner, identity);
    const state = (await done(transaction.objectStore(STATES).get(identity))) as Uint8Array | undefined;
    const range = journalOf(identity);
    const pieces = (await done(transaction.objectStore(JOURNAL).getAll(range))) as Uint8Array[];
    const keys = (await done(transaction.objectStore(JOURNAL).getAllKeys(range))) as [string, number][];
    const assets = (await done(transaction.objectStore(ASSETS).getAll(assetsOf(identity)))) as Uint8Array[];
    await committed(transaction);
    const next = keys.length === 0 ? 1 : keys[keys.length - 1]![1] + 1;
    return {
      stored: { state: state ?? new Uint8Array(0), journal: concatenated(pieces), assets },
      room: new RoomStorage(this.database, identity, owner, next),
    };
  }
}

/** What need not be kept for sending any more, since the hub has it. */
export interface SentAsset {
  readonly asset: AssetId;
  readonly bytes: Uint8Array;
}

/** The one place that writes an identity's state. */
export class RoomStorage {
  constructor(
    private readonly database: IDBDatabase,
    private readonly identity: string,
    private readonly owner: string,
    private next: number,
  ) {}

  /** All of it or nothing, in order; on return it survives a crash of the machine. Tells which assets it let go of. */
  async write(writes: readonly Write[]): Promise<SentAsset[]> {
    const transaction = this.database.transaction(KEPT, "readwrite", { durability: "strict" });
    const finished = committed(transaction);
    const states = transaction.objectStore(STATES);
    const journal = transaction.objectStore(JOURNAL);
    const assets = transaction.objectStore(ASSETS);
    const owner = await done(transaction.objectStore(OWNERS).get(this.identity));
    if (owner !== this.owner) {
      finished.catch(() => undefined);
      transaction.abort();
      throw new OwnerChanged();
    }
    let next = this.next;
    const sent: SentAsset[] = [];
    for (const write of writes) {
      switch (write.kind) {
        case "addition": journal.put(write.bytes, [this.identity, next++]); break;
        case "state":
          states.put(write.bytes, this.identity);
          journal.delete(journalOf(this.identity));
          break;
        case "asset": assets.put(write.bytes, [this.identity, write.asset]); break;
        case "forget": {
          const { asset } = write;
          const request: IDBRequest<Uint8Array | undefined> = assets.get([this.identity, asset]);
          request.onsuccess = () => request.result && sent.push({ asset, bytes: request.result });
          assets.delete([this.identity, asset]);
          break;
        }
      }
    }
    await finished;
    this.next = next;
    return sent;
  }
}

function assetsOf(identity: string): IDBKeyRange {
  return IDBKeyRange.bound([identity, ""], [identity, []]);
}

function journalOf(identity: string): IDBKeyRange {
  return IDBKeyRange.bound([identity, 0], [identity, Number.MAX_SAFE_INTEGER]);
}

export function newIdentity(): IdentityRecord {
  return { seed: crypto.getRandomValues(new Uint8Array(32)), id: crypto.randomUUID() };
}

export function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}
