import { readFile } from "node:fs/promises";
import { WebSocket as NodeWebSocket } from "ws";

/**
 * The same for Node: a hub answers only requests that say where they come from, which nothing but a browser does by
 * itself, and a program here is nobody's page: it comes from the hub that it goes to.
 */

export function openWebSocket(url: string, protocol: string): WebSocket {
  const origin = new URL(url.replace(/^ws/, "http")).origin;
  return new NodeWebSocket(url, protocol, { origin }) as unknown as WebSocket;
}

export function requestHeaders(origin: string): Record<string, string> {
  return { Origin: origin };
}

export async function readCore(): Promise<Uint8Array> {
  return readFile(new URL("../../../build/wasm/bin/theta_web.wasm", import.meta.url));
}
