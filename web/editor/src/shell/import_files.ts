import type { Vec3 } from "@theta/client";
import type { Workspace } from "../workspace.js";

const kMain = /\.(glb|gltf)$/i;

/** Imports dropped or chosen files; those beside a model are what it refers to. */
export async function importFiles(workspace: Workspace, files: readonly File[], position?: Vec3): Promise<void> {
  const { editor } = workspace;
  const mains = files.filter(({ name }) => kMain.test(name));
  if (mains.length === 0) {
    return editor.notify("warning", "None of these files is a model. Expected GLB, glTF, OBJ, PLY or STL.");
  }
  for (const main of mains) {
    await workspace.runJob(`Import ${main.name}`, async (task) => {
      const read = new Map<string, Uint8Array>();
      for (const file of files) read.set(file.name, new Uint8Array(await file.arrayBuffer()));
      const where = position === undefined ? {} : { position };
      const { ids, warnings } = await editor.room.importModel({ main: main.name, files: read }, { ...task, ...where });
      editor.selection.value = ids;
      for (const warning of warnings) editor.notify("warning", warning);
    });
  }
}
