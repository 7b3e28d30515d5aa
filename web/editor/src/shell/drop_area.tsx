import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { LongTask, Vec3 } from "@theta/client";
import { action } from "../actions/index.js";
import { firstShortcut } from "../actions/shortcuts.js";
import { Icon } from "../components/icon.js";
import { importFiles, kImportAccept } from "../import/import_files.js";
import { counted } from "../sentence.js";
import { useWorkspace, type Workspace } from "../workspace.js";

/** More remarks about one import than these are counted. */
const kWarningsMax = 3;

type Source = Parameters<typeof importFiles>[1];

/** Must be called within the drop's event: what is dropped can be read only then. */
export async function bring(workspace: Workspace, source: Source, title: string, position?: Vec3): Promise<void> {
  const { editor } = workspace;
  const place = position ?? editor.viewport.value?.placeForNew() ?? [0, 0, 0];
  const work = (task: LongTask) => importFiles(editor, source, place, task);
  const imported = await workspace.runJob(`Import ${title}`, work, { toldWhole: true });
  if (imported === null) return;
  if (imported.ids.length === 0) return;
  editor.undoLabels.didAll(imported.commands, `Import ${title}`);
  editor.selection.value = imported.ids;
  editor.viewport.value?.reveal(imported.ids);
  const undo = firstShortcut(action("edit.undo")) ?? "";
  editor.notify("success", `${title} is in: ${counted(imported.entities, "object")}. Undo (${undo}) takes it back.`);
  for (const warning of imported.warnings.slice(0, kWarningsMax)) editor.notify("warning", warning);
  if (imported.warnings.length > kWarningsMax) {
    editor.notify("warning", `The import has ${imported.warnings.length - kWarningsMax} more remarks of this kind.`);
  }
}

function titleOf(names: readonly string[]): string {
  return names.length === 1 ? `“${names[0] as string}”` : counted(names.length, "file");
}

export function pickFiles(workspace: Workspace): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = kImportAccept;
  input.onchange = () => {
    const files = [...(input.files ?? [])];
    if (files.length > 0) void bring(workspace, files, titleOf(files.map(({ name }) => name)));
  };
  input.click();
}

/** Takes models that are dropped anywhere on the page, and shows while they hover that it will. */
export function DropArea() {
  const workspace = useWorkspace();
  const over = useSignal(false);
  useEffect(() => {
    const stop = new AbortController();
    const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
    const listen = (name: "dragenter" | "dragover" | "dragleave" | "drop", listener: (event: DragEvent) => void) =>
      window.addEventListener(
        name,
        (event) => {
          if (carriesFiles(event)) listener(event);
        },
        { signal: stop.signal },
      );
    listen("dragenter", (event) => {
      event.preventDefault();
      over.value = true;
    });
    listen("dragover", (event) => event.preventDefault());
    listen("dragleave", (event) => {
      if (event.relatedTarget === null) over.value = false;
    });
    listen("drop", (event) => {
      event.preventDefault();
      over.value = false;
      const { readOnly, notify, viewport } = workspace.editor;
      if (readOnly.value !== "") return notify("warning", readOnly.value);
      const position = viewport.value?.placeAt(event.clientX, event.clientY);
      const { dataTransfer } = event;
      if (dataTransfer === null) return;
      const title = titleOf([...dataTransfer.files].map(({ name }) => name));
      void bring(workspace, dataTransfer, title, position);
    });
    return () => stop.abort();
  }, []);
  if (!over.value) return null;
  const { readOnly } = workspace.editor;
  return (
    <div class="drop-area">
      <div class="drop-card">
        <Icon name="import" />
        <p>{readOnly.value === "" ? "Drop to import: GLB, glTF with its files, OBJ, PLY or STL" : readOnly.value}</p>
      </div>
    </div>
  );
}
