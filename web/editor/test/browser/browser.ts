import { fileURLToPath } from "node:url";
import { createServer, defaultClientConditions, type Plugin, type ViteDevServer } from "vite";
import { chromium, type Browser, type Page } from "playwright-core";

/** These pages have a room in memory; the core that the client package would load need not be built for them. */
const withoutCore: Plugin = {
  name: "without-core",
  enforce: "pre",
  resolveId: (source) => (source.endsWith("/theta_web.js") ? "\0no-core" : undefined),
  load: (id) => (id === "\0no-core" ? "export default () => Promise.reject(new Error('no core here'));" : undefined),
};

/** A real browser that draws in software, and the pages of `test/pages`. */
export class TestBrowser {
  readonly problems: string[] = [];

  private constructor(private readonly server: ViteDevServer, readonly browser: Browser) {}

  static async start(options: { webgl?: boolean } = {}): Promise<TestBrowser> {
    const server = await createServer({
      // The editor's folder, wherever the tests were started.
      root: fileURLToPath(new URL("../..", import.meta.url)), configFile: false,
      resolve: { conditions: ["theta-source", ...defaultClientConditions] },
      esbuild: { jsx: "automatic", jsxImportSource: "preact" },
      // All that the pages will ask for is prepared before the first one: no page is overtaken by a newer version, with
      // two Preacts in it. What JSX becomes stands in no file that is looked through.
      optimizeDeps: {
        entries: ["test/pages/*.html"],
        include: ["preact/jsx-runtime", "preact/jsx-dev-runtime", "preact/compat"],
      },
      logLevel: "error", plugins: [withoutCore], server: { host: "127.0.0.1", port: 0, hmr: false },
    });
    await server.listen();
    const drawing = options.webgl === false
      ? ["--disable-gpu", "--disable-3d-apis"] : ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
    const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", ...drawing] });
    return new TestBrowser(server, browser);
  }

  async open(path: string, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await this.browser.newPage({ viewport: { width: 720, height: 480 }, ...options });
    page.on("pageerror", (error) => this.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" && !message.text().includes("404")) this.problems.push(message.text());
    });
    const port = (this.server.httpServer!.address() as { port: number }).port;
    await page.goto(`http://127.0.0.1:${port}/test/pages/${path}`);
    return page;
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await this.server.close();
  }
}
