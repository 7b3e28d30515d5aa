/**
 * What the page and its worker say to each other. One message carries all that one turn of the core had to tell, so
 * that the page parses and applies once a frame; the worker's answers stand behind what they follow from.
 */

/** A function of the engine, or else of the core by its name there. */
export interface Request {
  readonly kind: "request";
  readonly id: number;
  readonly name: string;
  readonly given: object;
  readonly bytes?: Uint8Array;
}

/** Of the connection that lives on the page: WebRTC is not to be had in workers. */
export type RtcNews =
  | { readonly kind: "rtc_opened"; readonly attempt: number; readonly address: string }
  | { readonly kind: "rtc_frame"; readonly attempt: number; readonly channel: number; readonly bytes: ArrayBuffer }
  /** How many bytes have left the browser's queue of each channel, since it was opened. */
  | { readonly kind: "rtc_left"; readonly attempt: number; readonly bytes: readonly number[] }
  | { readonly kind: "rtc_closed"; readonly attempt: number; readonly code: number; readonly text: string;
      readonly by_peer: boolean }
  /** No channel opened in time, or there is no WebRTC: the worker may try something else. */
  | { readonly kind: "rtc_failed"; readonly attempt: number; readonly text: string };

export type ToEngine = Request | RtcNews;

export interface Output {
  readonly text: string;
  readonly bytes?: Uint8Array;
}

export interface Reply {
  readonly id: number;
  readonly json?: any;
  readonly bytes?: Uint8Array;
  readonly error?: { readonly code: string; readonly text: string };
}

export type ToPage =
  | { readonly kind: "told"; readonly outputs: readonly Output[]; readonly reply?: Reply }
  | { readonly kind: "rtc_connect"; readonly attempt: number; readonly origin: string }
  | { readonly kind: "rtc_frames"; readonly attempt: number;
      readonly frames: readonly { readonly channel: number; readonly bytes: Uint8Array }[] }
  /** Whatever was sent may leave first if `flush` says so. */
  | { readonly kind: "rtc_close"; readonly attempt: number; readonly flush: boolean };

/** A place of messages: a worker, one end of a channel. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: { data: any }) => void) | null;
}

export interface EngineOptions {
  /** `https://HOST:PORT`. */
  readonly origin: string;
  /** As the core reads it. */
  readonly link: string;
  readonly displayName: string;
  readonly storage: "indexeddb" | "memory" | "auto";
  readonly transport: "auto" | "webrtc" | "websocket";
  readonly offline: boolean;
  /** Whether the page can open WebRTC connections at all. */
  readonly hasWebRtc: boolean;
  /** Where WebAssembly cannot be fetched by the module itself. */
  readonly wasmBinary?: Uint8Array;
}
