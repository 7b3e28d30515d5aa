import type { HtmlTagDescriptor, Plugin } from "vite";

/**
 * Names in the page's head what its first script would ask for only later: the WebAssembly module, the worker that
 * runs it and the editor behind the join page. The browser then fetches all of them while it reads the first script.
 */
export function preload(): Plugin {
  return {
    name: "theta-preload",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, context) {
        const tags: HtmlTagDescriptor[] = [];
        for (const file of Object.keys(context.bundle ?? {})) {
          const href = `/${file}`;
          if (/\/theta[^/]*\.wasm$/.test(href)) {
            const attrs = { rel: "preload", as: "fetch", type: "application/wasm", crossorigin: "", href };
            tags.push({ tag: "link", injectTo: "head", attrs });
          } else if (/\/(?:shell|viewport)-[^/]*\.js$/.test(href)) {
            tags.push({ tag: "link", injectTo: "head", attrs: { rel: "modulepreload", crossorigin: "", href } });
          }
        }
        return tags;
      },
    },
  };
}
