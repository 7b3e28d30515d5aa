import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const kCompressed = /\.(?:css|html|js|json|svg|txt|wasm|webmanifest)$/;
/** Below this a compressed reply is not worth its header. */
const kBytesMin = 512;

/** Puts a `.br` and a `.gz` beside every output that gains from it, so that the hub compresses nothing at run time. */
export function precompress(): Plugin {
  let folder = "";
  return {
    name: "theta-precompress",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (entry.isFile() && kCompressed.test(entry.name)) await compressFile(join(entry.parentPath, entry.name));
      }
    },
  };
}

async function compressFile(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < kBytesMin) return;
  const brotli = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(bytes, { params: brotli }));
  await writeFile(`${path}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}
