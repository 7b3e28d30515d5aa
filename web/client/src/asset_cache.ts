import { committed, done, isQuotaExceeded } from "./indexed_db.js";
import { type AssetId } from "./types.js";

/**
 * Assets that the hub has, kept for the next visit and for when the hub is away: by their hash, so one copy for all
 * rooms and people of this browser. Only a cache: nothing breaks when a part of it is gone. It stands in a database of
 * its own, so that no page with an older editor has to let go of what it stores.
 */

const DATABASE = "theta-assets";
const VERSION = 1;
/** Key: asset. Value: bytes. */
const BYTES = "bytes";
/** Key: asset. Value: Use. */
const USES = "uses";
const BY_TIME = "by_time";
/** One value: Totals. */
const TOTALS = "totals";

/** Beyond it what was used least recently goes. */
export const CACHED_BYTES_MAX = 512 * 1024 * 1024;
/** On their way into the database; what comes while more waits is left out, and comes from the hub again. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
const EVICTED_AT_ONCE = 32;

interface Use {
  readonly size: number;
  /** Of the count of uses: clocks go back, and stand still between two uses. */
  readonly time: number;
}

interface Totals {
  bytes: number;
  time: number;
}

export interface AssetCacheOptions {
  readonly bytesMax?: number;
  /** Told once: nothing more is kept by this page. */
  readonly onFull?: (error: unknown) => void;
}

export class AssetCache {
  private readonly waiting = new Map<AssetId, Uint8Array>();
  private waitingBytes = 0;
  private readonly used = new Set<AssetId>();
  private readonly unwanted = new Set<AssetId>();
  private isFull = false;
  private working: Promise<void> | undefined;

  private constructor(
    private readonly database: IDBDatabase,
    private readonly bytesMax: number,
    private readonly onFull: (error: unknown) => void,
  ) {}

  /** Rejects where the browser has no place for one. */
  static async open(options: AssetCacheOptions = {}): Promise<AssetCache> {
    const request = indexedDB.open(DATABASE, VERSION);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(BYTES);
      request.result.createObjectStore(USES).createIndex(BY_TIME, "time");
      request.result.createObjectStore(TOTALS);
    };
    const database = await done(request);
    database.onversionchange = () => database.close();
    return new AssetCache(database, options.bytesMax ?? CACHED_BYTES_MAX, options.onFull ?? (() => undefined));
  }

  /** What was kept under this name, unverified. Never rejects: what cannot be read is as good as not there. */
  async read(asset: AssetId): Promise<Uint8Array | undefined> {
    const waiting = this.waiting.get(asset);
    if (waiting) return waiting;
    try {
      const store = this.database.transaction(BYTES).objectStore(BYTES);
      const bytes: unknown = await done(store.get(asset));
      if (bytes === undefined) return undefined;
      if (!(bytes instanceof Uint8Array)) throw new Error("expected bytes");
      this.used.add(asset);
      this.work();
      return bytes;
    } catch {
      this.drop(asset);
      return undefined;
    }
  }

  /** By and by. The caller has checked that these bytes have this name, and does not change them. */
  keep(asset: AssetId, bytes: Uint8Array): void {
    const isTooMuch = this.waiting.size > 0 && this.waitingBytes + bytes.length > WAITING_BYTES_MAX;
    if (this.isFull || bytes.length > this.bytesMax || isTooMuch || this.waiting.has(asset)) return;
    this.waiting.set(asset, bytes);
    this.waitingBytes += bytes.length;
    this.work();
  }

  /** It turned out not to be what its name says. */
  drop(asset: AssetId): void {
    this.unwanted.add(asset);
    this.work();
  }

  /** Somebody else needs the room more. Resolves when it is free, or cannot be freed. */
  async empty(): Promise<void> {
    await this.idle();
    await this.change((turn) => turn.shrink(0)).catch(() => undefined);
  }

  /** Resolves when everything asked for so far is done. */
  async idle(): Promise<void> {
    while (this.working) await this.working;
  }

  async close(): Promise<void> {
    await this.idle();
    this.database.close();
  }

  /** One transaction at a time, each with all that has gathered meanwhile. */
  private work(): void {
    if (this.working || this.waiting.size + this.used.size + this.unwanted.size === 0) return;
    this.working = this.takeTurn().finally(() => {
      this.working = undefined;
      this.work();
    });
  }

  private async takeTurn(): Promise<void> {
    const [unwanted, kept, used] = [[...this.unwanted], [...this.waiting], [...this.used]];
    this.unwanted.clear();
    this.used.clear();
    const change = (): Promise<void> => this.change(async (turn) => {
      for (const asset of unwanted) await turn.remove(asset);
      for (const [asset, bytes] of kept) await turn.put(asset, bytes);
      for (const asset of used) await turn.use(asset);
      await turn.shrink(this.bytesMax);
    });
    try {
      if (unwanted.length + kept.length === 0) await this.noteUses(used);
      // The browser may have less room than we take for granted: half of what we hold, and once more.
      else await change().catch((error: unknown) => this.afterHalving(error, change));
    } catch (error) {
      if (kept.length > 0) this.giveUp(error);
    }
    for (const [asset, bytes] of kept) {
      this.waiting.delete(asset);
      this.waitingBytes -= bytes.length;
    }
  }

  private async afterHalving(error: unknown, change: () => Promise<void>): Promise<void> {
    if (!isQuotaExceeded(error)) throw error;
    await this.change((turn) => turn.shrink(Math.floor(turn.totals.bytes / 2)));
    await change();
  }

  private giveUp(error: unknown): void {
    this.isFull = true;
    this.onFull(error);
  }

  /** Does not touch the bytes, so that nobody's reading waits for it. */
  private noteUses(used: readonly AssetId[]): Promise<void> {
    return this.change(async (turn) => {
      for (const asset of used) await turn.use(asset);
    }, [USES, TOTALS]);
  }

  /** All of it or nothing. */
  private async change(make: (turn: Turn) => Promise<void>, stores = [BYTES, USES, TOTALS]): Promise<void> {
    const transaction = this.database.transaction(stores, "readwrite", { durability: "relaxed" });
    const finished = committed(transaction);
    finished.catch(() => undefined);
    try {
      const turn = await Turn.begin(transaction);
      await make(turn);
      turn.end();
    } catch (error) {
      // The browser aborts by itself where a request failed; its reason for that says more than the request's.
      if (transaction.error === null) abort(transaction);
      throw transaction.error ?? error;
    }
    await finished;
  }
}

/** One that is over already stays as it is. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It was.
  }
}

/** One transaction over the cache; other pages' wait for it, so the totals are everybody's. */
class Turn {
  private constructor(private readonly transaction: IDBTransaction, readonly totals: Totals) {}

  static async begin(transaction: IDBTransaction): Promise<Turn> {
    const totals = (await done(transaction.objectStore(TOTALS).get(""))) as Totals | undefined;
    return new Turn(transaction, totals ?? { bytes: 0, time: 0 });
  }

  end(): void {
    this.transaction.objectStore(TOTALS).put(this.totals, "");
  }

  async put(asset: AssetId, bytes: Uint8Array): Promise<void> {
    await this.remove(asset);
    this.transaction.objectStore(BYTES).put(bytes, asset);
    this.uses.put({ size: bytes.length, time: ++this.totals.time } satisfies Use, asset);
    this.totals.bytes += bytes.length;
  }

  async use(asset: AssetId): Promise<void> {
    const use = await this.useOf(asset);
    if (use) this.uses.put({ ...use, time: ++this.totals.time }, asset);
  }

  async remove(asset: AssetId): Promise<void> {
    const use = await this.useOf(asset);
    if (!use) return;
    this.transaction.objectStore(BYTES).delete(asset);
    this.uses.delete(asset);
    this.totals.bytes -= use.size;
  }

  /** What was used least recently goes, until no more than so many bytes are left. */
  async shrink(bytesMax: number): Promise<void> {
    while (this.totals.bytes > bytesMax) {
      const oldest = await done(this.uses.index(BY_TIME).getAllKeys(null, EVICTED_AT_ONCE));
      // Then the count was wrong, and is right from now on.
      if (oldest.length === 0) this.totals.bytes = 0;
      for (const asset of oldest) {
        if (this.totals.bytes <= bytesMax) return;
        await this.remove(asset as AssetId);
      }
    }
  }

  private get uses(): IDBObjectStore {
    return this.transaction.objectStore(USES);
  }

  private async useOf(asset: AssetId): Promise<Use | undefined> {
    return (await done(this.uses.get(asset))) as Use | undefined;
  }
}
