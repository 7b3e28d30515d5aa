/**
 * What the client needs of where it runs and what is not the same everywhere: here browsers, which say by themselves
 * where a request comes from. `platform_node.ts` is the other one; package.json says which is taken (`#platform`).
 */

export function openWebSocket(url: string, protocol: string): WebSocket {
  return new WebSocket(url, protocol);
}

/** Beside those of the protocol. */
export function requestHeaders(_origin: string): Record<string, string> {
  return {};
}

/** The bytes of the WebAssembly; undefined where the module fetches them by itself. */
export async function readCore(): Promise<Uint8Array | undefined> {
  return undefined;
}
