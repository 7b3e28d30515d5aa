/** What the editor needs of a browser; tests and the page's own look at `globalThis`. */
export interface Abilities {
  readonly WebAssembly?: unknown;
  readonly RTCPeerConnection?: unknown;
  readonly WebSocket?: unknown;
  readonly Worker?: unknown;
  readonly isSecureContext?: boolean;
}

/** What only asking for a context tells. */
export const kWebGlMissing =
  "WebGL 2 is missing or switched off. Hardware acceleration may be disabled in the browser’s settings.";

/** A sentence for each thing that is missing, WebGL apart. */
export function missing(browser: Abilities): string[] {
  const problems: string[] = [];
  if (browser.WebAssembly === undefined) {
    problems.push(
      "WebAssembly is missing or switched off. The editor runs the same verified core as every peer in it.",
    );
  }
  if (browser.Worker === undefined)
    problems.push("Workers are missing. The core runs in one, so that the page stays quick.");
  if (browser.RTCPeerConnection === undefined && browser.WebSocket === undefined) {
    problems.push(
      "Both WebRTC and WebSocket are missing or switched off. The editor needs one of them to reach the hub.",
    );
  }
  return problems;
}
