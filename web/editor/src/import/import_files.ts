import type { EntityId, LongTask, Vec3 } from "@theta/client";
import type { Editor } from "../editor.js";
import { collectFiles, type FoundFile } from "./collect.js";
import type { Converted, ConvertRequest } from "./convert.js";
import type { ConvertAnswer } from "./convert_worker.js";
import { besides, kindOf, planImport, type PlannedModel } from "./plan.js";
import { Unusable } from "./unusable.js";

export { kImportAccept } from "./plan.js";

export interface Imported {
  readonly ids: readonly EntityId[];
  /** How many objects came in, and by which commands: as `@theta/client` tells them. */
  readonly entities: number;
  readonly commands: readonly number[];
  /** What is not as it was in the file, and which of several files failed; sentences. */
  readonly warnings: readonly string[];
}

/**
 * Brings dropped or chosen files into the room, each model at `position`. GLB and glTF go to the room as they are; OBJ,
 * PLY and STL become a GLB first, so that all come in by one way with one set of checks. Rejects with a sentence when
 * nothing came in, and with the signal's reason when it was cancelled before anything had. Call it within the drop's
 * event.
 */
export async function importFiles(
  editor: Editor, source: DataTransfer | FileList | readonly File[], position: Vec3, task: LongTask = {},
): Promise<Imported> {
  const found = await collectFiles(source);
  const models = planImport(found.map(({ path }) => path));
  const files = await readAll(found, task);
  const ids: EntityId[] = [];
  const commands: number[] = [];
  let [entities, done] = [0, 0];
  const warnings: string[] = [];
  const failures: string[] = [];
  const isCancelled = () => task.signal?.aborted ?? false;
  for (const [at, model] of models.entries()) {
    if (isCancelled()) break;
    const part: LongTask = {
      ...task,
      onProgress: (fraction, what) => task.onProgress?.(0.1 + (0.9 * (at + fraction)) / models.length, what),
    };
    try {
      const made = await importOne(editor, model, files, position, part);
      ids.push(...made.ids);
      commands.push(...made.commands);
      entities += made.entities;
      warnings.push(...made.warnings);
      done += 1;
    } catch (error) {
      if (isCancelled()) break;
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (isCancelled()) {
    if (ids.length === 0) task.signal?.throwIfAborted();
    if (done < models.length) warnings.push(`Cancelled after ${done} of ${models.length}; what came in stays.`);
  }
  if (ids.length === 0 && failures.length > 0) throw new Error(failures.join(" "));
  return { ids, entities, commands, warnings: [...failures, ...warnings] };
}

async function readAll(found: readonly FoundFile[], task: LongTask): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const [at, { path, file }] of found.entries()) {
    task.signal?.throwIfAborted();
    task.onProgress?.((0.1 * at) / found.length, `Reading ${path}`);
    files.set(path, new Uint8Array(await file.arrayBuffer()));
  }
  return files;
}

async function importOne(
  editor: Editor, { path, kind }: PlannedModel, all: ReadonlyMap<string, Uint8Array>, position: Vec3, task: LongTask,
): Promise<Imported> {
  const files = besides(path, all);
  const main = path.slice(path.lastIndexOf("/") + 1);
  if (kind === "glb" || kind === "gltf") {
    const needed = kind === "glb" ? new Map([[main, files.get(main)!]]) : files;
    return editor.room.importModel({ main, files: needed }, { ...task, position }).catch((error: unknown) => {
      throw inWords(main, error);
    });
  }
  task.onProgress?.(0, `Converting ${main}`);
  const { glb, warnings } = await convertAside({ name: main, files }, task.signal);
  const name = main.replace(/\.[^.]*$/, ".glb");
  const made = await editor.room.importModel({ main: name, files: new Map([[name, glb]]) }, {
    ...task, position, onProgress: (fraction, what) => task.onProgress?.(0.4 + 0.6 * fraction, what),
  });
  return { ...made, warnings: [...warnings, ...made.warnings] };
}

/** The reader of glTF says at which place it stopped: that is for whoever wrote the file, and comes last. */
function inWords(main: string, error: unknown): unknown {
  if (!(error instanceof Error) || !("code" in error) || error.code !== "bad_file") return error;
  const detail = error.message.startsWith(`${main}: `) ? error.message.slice(main.length + 2) : error.message;
  const kind = kindOf(main) === "glb" ? "GLB" : "glTF";
  const why = new Unusable(`a whole ${kind} file of version 2`, "one that is damaged, incomplete or something else");
  return new Error(`“${main}” could not be imported: ${why.message} (The reader says: ${detail}.)`);
}

/** In a worker, so that the page goes on and cancelling stops it at once. */
async function convertAside(request: ConvertRequest, signal: AbortSignal | undefined): Promise<Converted> {
  if (typeof Worker === "undefined") return (await import("./convert.js")).convert(request);
  const worker = new Worker(new URL("./convert_worker.ts", import.meta.url), { type: "module" });
  try {
    return await new Promise<Converted>((resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      const lost = "expected a model, got one too large or too damaged to read here. Export it as GLB and try that.";
      worker.onerror = () => reject(new Error(`“${request.name}” could not be imported: ${lost}`));
      worker.onmessage = ({ data }: MessageEvent<ConvertAnswer>) => {
        if ("error" in data) reject(new Error(data.error));
        else resolve(data);
      };
      worker.postMessage(request);
    });
  } finally {
    worker.terminate();
  }
}
