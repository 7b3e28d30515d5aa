import type { HtmlTagDescriptor, Plugin } from "vite";

/**
 * Names in the page's head what its first script would ask for only later, the editor behind the join page, so that the
 * browser fetches it while it reads the first script. The WebAssembly module is fetched by the first script itself,
 * since a worker does not get what a page has preloaded.
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
          if (/\/(?:shell|viewport)-[^/]*\.js$/.test(href)) {
            tags.push({ tag: "link", injectTo: "head", attrs: { rel: "modulepreload", crossorigin: "", href } });
          }
        }
        return tags;
      },
    },
  };
}
