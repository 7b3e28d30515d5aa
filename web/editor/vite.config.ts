import { defineConfig } from "vitest/config";
import { precompress } from "./tools/precompress.js";
import { preload } from "./tools/preload.js";

// The hub's Content-Security-Policy allows scripts, styles and workers from its own files only, so nothing may be
// inlined: neither as a data: address nor into the page.
export default defineConfig({
  base: "/",
  plugins: [preload(), precompress()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  worker: { format: "es" },
  build: {
    outDir: "../../build/web/editor",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: "jsdom",
    include: ["test/**/*_test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    restoreMocks: true,
  },
});
