import type { Editor } from "../editor.js";

/** The first meshes tell how large a scene is; the rest may take long. */
const kMeshesMax = 128;

/**
 * Begins with the whole scene in view: at once by where things stand, and again when their meshes have told how large
 * they are, unless the person has taken the view into their own hands by then.
 */
export function beginFramed(editor: Editor, container: HTMLElement): () => void {
  const stop = new AbortController();
  const entities = [...editor.scene.peek().entities()].filter(({ visible }) => visible);
  if (entities.length === 0) return () => undefined;
  for (const name of ["pointerdown", "wheel", "keydown"]) {
    container.addEventListener(name, () => stop.abort(), { signal: stop.signal, capture: true, passive: true });
  }
  const frame = () => {
    const mayFrame = !stop.signal.aborted && editor.following.peek() === null && editor.lookingThrough.peek() === null;
    if (mayFrame) editor.viewport.peek()?.frame([]);
  };
  frame();
  const meshes = new Set(entities.map(({ mesh }) => mesh).filter((mesh) => mesh !== undefined));
  const reads = [...meshes].slice(0, kMeshesMax).map((mesh) => editor.room.loadMesh(mesh));
  void Promise.allSettled(reads).then(() => {
    frame();
    stop.abort();
  });
  return () => stop.abort();
}
