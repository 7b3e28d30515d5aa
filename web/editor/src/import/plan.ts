/** What is read as a model; everything else that is dropped lies beside one. */
export const kModelEndings = ["glb", "gltf", "obj", "ply", "stl"] as const;
export type ModelKind = (typeof kModelEndings)[number];

/** For file dialogs: models and what may lie beside them. */
export const kImportAccept = [...kModelEndings, "mtl", "bin", "png", "jpg", "jpeg"].map((each) => `.${each}`).join(",");

export interface PlannedModel {
  readonly path: string;
  readonly kind: ModelKind;
}

export function kindOf(path: string): ModelKind | null {
  const ending = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  return (kModelEndings as readonly string[]).includes(ending) ? (ending as ModelKind) : null;
}

/** The models among dropped files; throws a sentence when there is none. */
export function planImport(paths: readonly string[]): PlannedModel[] {
  const models = paths.flatMap((path) => {
    const kind = kindOf(path);
    return kind ? [{ path, kind }] : [];
  });
  if (models.length > 0) return models;
  const more = paths.length > 1 ? ` and ${paths.length - 1} more` : "";
  const got = paths.length === 0 ? "nothing" : `“${paths[0]}”${more}`;
  throw new Error(`Theta reads GLB, glTF, OBJ, PLY and STL files; this was ${got}.`);
}

/** The files below a model's folder, by their paths from there. */
export function besides<Value>(model: string, files: ReadonlyMap<string, Value>): Map<string, Value> {
  const folder = model.slice(0, model.lastIndexOf("/") + 1);
  const result = new Map<string, Value>();
  for (const [path, value] of files) if (path.startsWith(folder)) result.set(path.slice(folder.length), value);
  return result;
}

/**
 * What a file of another program names: by its path, else by its name alone wherever it lies, without regard for case,
 * since such paths come from other systems.
 */
export function findNamed<Value>(name: string, files: ReadonlyMap<string, Value>): Value | undefined {
  const plain = name.replaceAll("\\", "/").replace(/^\.\//, "");
  const exact = files.get(plain);
  if (exact !== undefined) return exact;
  const last = plain.slice(plain.lastIndexOf("/") + 1).toLowerCase();
  for (const [path, value] of files) if (path.slice(path.lastIndexOf("/") + 1).toLowerCase() === last) return value;
  return undefined;
}
