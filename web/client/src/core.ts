/**
 * The C++ core in WebAssembly, as plain calls. The other half of every name here is src/web/src/exports.cpp. One
 * thread: the worker's, or Node's own.
 */

/** What Emscripten's module has, as far as it is used. */
interface CoreModule {
  readonly HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(address: number): void;
  _theta_result_text(): number;
  _theta_result_text_size(): number;
  _theta_result_bytes(): number;
  _theta_result_bytes_size(): number;
  _theta_result_forget(): void;
  _theta_create(
    options: number, optionsSize: number, seed: number, state: number, stateSize: number, journal: number,
    journalSize: number, assets: number, monotonicMs: number, wallMs: number,
  ): number;
  _theta_destroy(core: number): void;
  _theta_step(core: number, monotonicMs: number, wallMs: number): number;
  _theta_call(
    core: number, text: number, textSize: number, bytes: number, bytesSize: number, monotonicMs: number,
    wallMs: number,
  ): void;
  _theta_receive(core: number, channel: number, frame: number, size: number): void;
  _theta_next_frame(core: number, writableChannels: number): number;
  _theta_has_queued(core: number): number;
  _theta_next_write(core: number): number;
  _theta_written(core: number, writeNumber: number): void;
  _theta_write_failed(core: number, text: number, size: number): void;
  _theta_poll(core: number): number;
  _theta_next_output(core: number): number;
}

export interface CoreOptions {
  /** For browsers or for programs; its address is not used. */
  readonly link: string;
  readonly display_name: string;
  readonly writer: boolean;
  readonly offline: boolean;
  /** Whether what it writes is stored; without, an edit is safe only when the hub has it. */
  readonly keeps: boolean;
  /** Whether `asset_wanted` may find what came before. */
  readonly keeps_assets: boolean;
  readonly random_seed: number;
}

export interface Stored {
  readonly state: Uint8Array;
  readonly journal: Uint8Array;
  /** Those that the hub did not have yet. */
  readonly assets: readonly Uint8Array[];
}

export const NOTHING_STORED: Stored = { state: new Uint8Array(0), journal: new Uint8Array(0), assets: [] };

/** What an answer or an output says: an object, and bytes where there are some. */
export interface Told {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Something to be stored; on storage, all up to its number is. */
export type Write = { readonly number: number } & (
  | { readonly kind: "addition"; readonly bytes: Uint8Array }
  /** Empties the journal. */
  | { readonly kind: "state"; readonly bytes: Uint8Array }
  | { readonly kind: "asset"; readonly asset: string; readonly bytes: Uint8Array }
  | { readonly kind: "forget"; readonly asset: string }
);

/** What the core answers instead of a result. */
export class CoreError extends Error {
  constructor(readonly code: string, message: string) {
    super(message);
    this.name = "CoreError";
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
// Results above this size are given back at once, so that one large asset does not stay in memory twice.
const LARGE_RESULT_BYTES = 1 << 20;
const NOTHING = new Uint8Array(0);

/** The instance of the module, and the memory that calls share. */
export class CoreRuntime {
  private constructor(private readonly module: CoreModule) {}

  /** `wasmBinary`: where the module cannot fetch it by itself, as in Node. */
  static async load(wasmBinary?: Uint8Array): Promise<CoreRuntime> {
    const { default: createModule } = await import("../../../build/wasm/bin/theta_web.js");
    const module = (await createModule(wasmBinary ? { wasmBinary } : {})) as CoreModule;
    return new CoreRuntime(module);
  }

  /** Calls with copies of `parts` in the module's memory: address and size of each. */
  withBytes<Result>(parts: readonly Uint8Array[], use: (places: readonly number[]) => Result): Result {
    const total = parts.reduce((sum, part) => sum + part.length, 0);
    const address = this.module._malloc(Math.max(total, 1));
    if (address === 0) throw new CoreError("refused", "the browser gives no more memory to the core");
    try {
      const places: number[] = [];
      let at = address;
      for (const part of parts) {
        this.module.HEAPU8.set(part, at);
        places.push(at);
        at += part.length;
      }
      return use(places);
    } finally {
      this.module._free(address);
    }
  }

  takeResult(): Told {
    const heap = this.module.HEAPU8;
    const textAt = this.module._theta_result_text();
    const text = decoder.decode(heap.subarray(textAt, textAt + this.module._theta_result_text_size()));
    const size = this.module._theta_result_bytes_size();
    const bytesAt = this.module._theta_result_bytes();
    const bytes = size === 0 ? NOTHING : heap.slice(bytesAt, bytesAt + size);
    if (size + text.length > LARGE_RESULT_BYTES) this.module._theta_result_forget();
    return { text, bytes };
  }

  /** A function that needs no room. */
  call(name: string, given: object = {}, bytes: Uint8Array = NOTHING): { json: any; bytes: Uint8Array } {
    return this.callOf(0, name, given, bytes);
  }

  callOf(core: number, name: string, given: object, bytes: Uint8Array): { json: any; bytes: Uint8Array } {
    const text = encoder.encode(JSON.stringify({ call: name, ...given }));
    this.withBytes([text, bytes], ([textAt, bytesAt]) =>
      this.module._theta_call(core, textAt!, text.length, bytesAt!, bytes.length, performance.now(), Date.now()));
    const told = this.takeResult();
    const json = JSON.parse(told.text);
    if (json.error) throw new CoreError(json.error.code, json.error.text);
    return { json, bytes: told.bytes };
  }

  create(options: CoreOptions, authorSeed: Uint8Array, stored: Stored): Core {
    const { state, journal, assets } = stored;
    const text = encoder.encode(JSON.stringify({ ...options, assets: assets.map(({ length }) => length) }));
    const parts = [text, authorSeed, state, journal, ...assets];
    const core = this.withBytes(parts, ([textAt, seedAt, stateAt, journalAt, assetsAt]) =>
      this.module._theta_create(
        textAt!, text.length, seedAt!, stateAt!, state.length, journalAt!, journal.length, assetsAt ?? 0,
        performance.now(), Date.now(),
      ));
    if (core === 0) {
      const { error } = JSON.parse(this.takeResult().text);
      throw new CoreError(error.code, error.text);
    }
    return new Core(this, this.module, core);
  }
}

/** One room's core. Nothing may be called after `destroy`. */
export class Core {
  constructor(
    private readonly runtime: CoreRuntime,
    private readonly module: CoreModule,
    private readonly address: number,
  ) {}

  destroy(): void {
    this.module._theta_destroy(this.address);
  }

  /** Milliseconds until the next step is due; negative: only when something arrives. */
  step(): number {
    return this.module._theta_step(this.address, performance.now(), Date.now());
  }

  call(name: string, given: object = {}, bytes: Uint8Array = NOTHING): { json: any; bytes: Uint8Array } {
    return this.runtime.callOf(this.address, name, given, bytes);
  }

  receive(channel: number, frame: Uint8Array): void {
    this.runtime.withBytes([frame], ([at]) => this.module._theta_receive(this.address, channel, at!, frame.length));
  }

  nextFrame(writableChannels: number): { channel: number; bytes: Uint8Array } | undefined {
    const channel = this.module._theta_next_frame(this.address, writableChannels);
    return channel < 0 ? undefined : { channel, bytes: this.runtime.takeResult().bytes };
  }

  hasQueued(): boolean {
    return this.module._theta_has_queued(this.address) !== 0;
  }

  nextWrite(): Write | undefined {
    const number = this.module._theta_next_write(this.address);
    if (number < 0) return undefined;
    const { text, bytes } = this.runtime.takeResult();
    return { ...JSON.parse(text), number, bytes };
  }

  written(writeNumber: number): void {
    this.module._theta_written(this.address, writeNumber);
  }

  writeFailed(text: string): void {
    const bytes = encoder.encode(text);
    this.runtime.withBytes([bytes], ([at]) => this.module._theta_write_failed(this.address, at!, bytes.length));
  }

  /** What is to be told now, oldest first, and whether what was told lets something go on at once. */
  poll(): { readonly told: readonly Told[]; readonly wantsStep: boolean } {
    const wantsStep = this.module._theta_poll(this.address) !== 0;
    const told: Told[] = [];
    while (this.module._theta_next_output(this.address) !== 0) told.push(this.runtime.takeResult());
    return { told, wantsStep };
  }
}
