// Makes dist/, which is what others install of this package: ES modules with their types, and the core as WebAssembly
// beside them. In this tree nothing uses it: by the condition "theta-source" of package.json all is taken from src/.
//
// usage: node tools/build.mjs         after `./dev build wasm`
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const kPackage = path.resolve(import.meta.dirname, "..");
const kDist = path.join(kPackage, "dist");
const kCore = path.resolve(kPackage, "../../build/wasm/bin");
const kCoreFiles = ["theta_web.js", "theta_web.wasm"];

/** Where files lie in dist/ that lie elsewhere for src/, and how many of its files name them. */
const kMoved = [
  { from: "../../../build/wasm/bin/", to: "./", files: ["core.js", "platform_node.js"] },
  { from: '"./worker.ts"', to: '"./worker.js"', files: ["host.js"] },
];

function fail(text) {
  console.error(`theta: ${text}`);
  process.exit(1);
}

for (const name of kCoreFiles)
  if (!fs.existsSync(path.join(kCore, name))) fail(`there is no ${path.join(kCore, name)}; run ./dev build wasm first`);
fs.rmSync(kDist, { recursive: true, force: true });
const compiled = spawnSync("npx", ["tsc", "-p", "tsconfig.build.json"], { cwd: kPackage, stdio: "inherit" });
if (compiled.status !== 0) fail("the TypeScript above does not compile");
for (const name of kCoreFiles) fs.copyFileSync(path.join(kCore, name), path.join(kDist, name));
for (const { from, to, files } of kMoved) {
  for (const file of files) {
    const text = fs.readFileSync(path.join(kDist, file), "utf8");
    if (text.split(from).length !== 2)
      fail(`expected ${from} once in dist/${file}; tools/build.mjs has to follow src/`);
    fs.writeFileSync(path.join(kDist, file), text.replace(from, to));
  }
}
