import type { Plugin } from "vite";

export const kServiceWorker = "service_worker";

/** Tells the service worker which files this build has, so that it can keep them. */
export function offlineFiles(): Plugin {
  return {
    name: "theta-offline-files",
    apply: "build",
    enforce: "post",
    generateBundle(_options, bundle) {
      const worker = bundle[`${kServiceWorker}.js`];
      if (worker?.type !== "chunk") throw new Error("expected a service worker among the build's outputs");
      const files = Object.keys(bundle).filter((file) => file !== worker.fileName).map((file) => `/${file}`).sort();
      const all = [...new Set(["/index.html", "/icon.svg", ...files])];
      worker.code = worker.code.replaceAll("__EDITOR_FILES__", JSON.stringify(all));
    },
  };
}
