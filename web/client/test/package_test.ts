import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestHub } from "./hub.js";

// What `npm pack` makes, as others install it: in a folder of its own, with nothing of this tree beside it.

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const MODULES = fileURLToPath(new URL("../../node_modules", import.meta.url));
const GUIDE = new URL("../../../docs/web.md", import.meta.url);
const project = mkdtempSync(join(tmpdir(), "theta-package-"));
const installed = join(project, "node_modules/@theta/client");
let hub: TestHub;

beforeAll(async () => {
  hub = await TestHub.start();
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: PACKAGE });
  mkdirSync(installed, { recursive: true });
  const archive = join(project, packed.stdout.trim().split("\n").at(-1)!);
  await run("tar", ["-xzf", archive, "--strip-components=1", "-C", installed]);
  symlinkSync(join(MODULES, "ws"), join(project, "node_modules/ws"));
  writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
});
afterAll(async () => {
  await hub.end();
  rmSync(project, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  writeFileSync(join(project, name), text);
  return join(project, name);
}

/** The program that the guide shows. */
function programOfGuide(name: string): string {
  const text = readFileSync(GUIDE, "utf8");
  const begin = text.indexOf(`// ${name}:`);
  expect(begin).toBeGreaterThan(0);
  return text.slice(begin, text.indexOf("\n```", begin));
}

test("the guide's program runs in plain Node as it is typed, and ends", async () => {
  const program = write("watch.mjs", programOfGuide("watch.mjs"));
  const link = hub.browserLink(hub.newRoom());
  const { stdout, stderr } = await run(process.execPath, [program, link], { cwd: project });
  expect(stderr).toBe("");
  expect(stdout).toContain("here: Watcher\n");
  expect(stdout).toMatch(/the lamp is record \d+\n/);
  expect(stdout).toContain("lamp 0 3 0\n");
  const other = link.replace(/\.[^.]*$/, "");
  await expect(run(process.execPath, [program, other], { cwd: project })).rejects.toThrow(/invite/);
});

test("its types are found by a program that is checked as Node's modules are", async () => {
  write("typed.ts", `import { connect, ROOT, type Room, type Seq } from "@theta/client";
export async function head(link: string): Promise<Seq> {
  const room: Room = await connect({ link, displayName: ROOT });
  // @ts-expect-error: there is no such command
  await room.submit({ command: "dance" });
  return room.status.head;
}
`);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", ""];
  const tsc = join(MODULES, ".bin/tsc");
  await expect(run(tsc, [...options, "typed.ts"], { cwd: project })).resolves.toMatchObject({ stdout: "" });
});

test("a bundler takes only what is used, and for browsers nothing of Node", async () => {
  const written = { write: false, metafile: true, absWorkingDir: project, logLevel: "silent" } as const;
  const common = { ...written, bundle: true, format: "esm" } as const;
  const small = write("small.js", 'import { ROOT } from "@theta/client"; console.log(ROOT);');
  const constants = await build({ ...common, entryPoints: [small] });
  expect(constants.outputFiles[0]!.contents.length).toBeLessThan(1024);
  const app = write("app.js", 'import { connect } from "@theta/client"; globalThis.connect = connect;');
  const worker = join(installed, "dist/worker.js");
  const whole = await build({ ...common, entryPoints: [app, worker], entryNames: "[name]", outdir: "site" });
  expect(whole.outputFiles.map(({ path }) => path.split("/").at(-1))).toEqual(["app.js", "worker.js"]);
  expect(Object.keys(whole.metafile.inputs).filter((path) => /platform_node|\/ws\//.test(path))).toEqual([]);
  for (const { text } of whole.outputFiles) expect(text).toContain('new URL("theta_web.wasm", import.meta.url)');
  expect(whole.outputFiles[0]!.text).toContain('new URL("./worker.js", import.meta.url)');
});
