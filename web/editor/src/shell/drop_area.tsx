import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Vec3 } from "@theta/client";
import { Icon } from "../components/icon.js";
import { useWorkspace, type Workspace } from "../workspace.js";

export const kImportTypes = ".glb,.gltf,.obj,.mtl,.ply,.stl,.bin,.png,.jpg,.jpeg";

async function bring(workspace: Workspace, files: readonly File[], position?: Vec3): Promise<void> {
  const { importFiles } = await import("./import_files.js");
  await importFiles(workspace, files, position);
}

export function pickFiles(workspace: Workspace): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.accept = kImportTypes;
  input.onchange = () => void bring(workspace, [...(input.files ?? [])]);
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
      window.addEventListener(name, (event) => {
        if (carriesFiles(event)) listener(event);
      }, { signal: stop.signal });
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
      void bring(workspace, [...(event.dataTransfer?.files ?? [])], position);
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
