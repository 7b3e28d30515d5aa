import { readFile } from "node:fs/promises";

export async function wasmBinary(): Promise<Uint8Array> {
  return readFile(new URL("../../../build/wasm/bin/theta_web.wasm", import.meta.url));
}
