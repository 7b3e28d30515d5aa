import type { Workspace } from "../workspace.js";
import { nameOf, type Action } from "./action.js";

async function exportGlb(workspace: Workspace, ids?: readonly string[]): Promise<void> {
  const { room } = workspace.editor;
  const what = ids === undefined ? "the scene" : nameOf(workspace, ids);
  const bytes = await workspace.runJob(`Export ${what}`, (task) =>
    room.exportGlb(ids === undefined ? task : { ...task, ids }),
  );
  if (bytes === null) return;
  download(new Blob([bytes as BlobPart], { type: "model/gltf-binary" }), `${fileName(workspace, ids)}.glb`);
  workspace.editor.notify("success", `Exported ${what}.`);
}

function fileName({ editor }: Workspace, ids: readonly string[] | undefined): string {
  const name = ids?.length === 1 ? (editor.scene.value.get(ids[0] as string)?.name ?? "") : "";
  return name.replace(/[^\p{L}\p{N} _.-]/gu, "").trim() || "scene";
}

function download(blob: Blob, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = name;
  anchor.click();
  // The browser has begun to read it by the next task; a minute is plenty.
  setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
}

export const kFileActions: readonly Action[] = [
  {
    id: "file.import",
    group: "File",
    label: "Import…",
    icon: "import",
    shortcuts: ["Mod+O"],
    edits: true,
    run: (workspace) => workspace.onImport(),
  },
  {
    id: "file.export",
    group: "File",
    label: "Export scene as GLB",
    icon: "export",
    shortcuts: ["Mod+S"],
    run: (workspace) => exportGlb(workspace),
  },
  {
    id: "file.export_selection",
    group: "File",
    label: "Export selection as GLB",
    icon: "export",
    enabled: ({ editor }) => editor.selection.value.length > 0,
    run: (workspace) => exportGlb(workspace, workspace.editor.selection.value),
  },
];
