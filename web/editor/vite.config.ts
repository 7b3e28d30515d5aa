import { defaultClientConditions } from "vite";
import { defineConfig } from "vitest/config";
import { kServiceWorker, offlineFiles } from "./tools/offline_files.js";
import { precompress } from "./tools/precompress.js";
import { preload } from "./tools/preload.js";

// The hub's Content-Security-Policy allows scripts, styles and workers from its own files only, so nothing may be
// inlined: neither as a data: address nor into the page.
export default defineConfig({
  base: "/",
  // The client as it is in this tree, not as others install it.
  resolve: { conditions: ["theta-source", ...defaultClientConditions] },
  plugins: [preload(), offlineFiles(), precompress()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  worker: { format: "es" },
  build: {
    outDir: "../../build/web/editor",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: {
      input: { index: "index.html", [kServiceWorker]: "service_worker/service_worker.ts" },
      output: {
        // A service worker has one name for ever, and lies above all that it answers for.
        entryFileNames: ({ name }) => (name === kServiceWorker ? "[name].js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["test/**/*_test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    restoreMocks: true,
    // Guards against hanging for ever; a machine that is busy with other things is no fault of a test.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
