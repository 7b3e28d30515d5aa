import { effect } from "@preact/signals";
import type { Editor } from "../editor.js";

/** A selection that rests this long is worth a record of the log. */
const kSelectionRestsMs = 250;
/** Of one command; what is chosen beyond that is not shown to others. */
const kSharedMax = 256;

/** Tells the others what is chosen here and with which tool, once it rests. */
export function shareSelection(editor: Editor): () => void {
  let shared = "";
  let sharedTool = "";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const share = () => {
    if (editor.readOnly.peek() !== "" || editor.status.peek().phase !== "live") return;
    const targets = editor.selection.peek().slice(-kSharedMax);
    if (targets.join() !== shared) {
      shared = targets.join();
      editor.room.submit({ command: "highlight_selection", targets }).then(ignoreRefusal, () => undefined);
    }
    const tool = editor.tool.peek();
    if (tool !== sharedTool) {
      sharedTool = tool;
      editor.room.submit({ command: "activate_tool", tool }).then(ignoreRefusal, () => undefined);
    }
  };
  const stop = effect(() => {
    void editor.selection.value;
    void editor.tool.value;
    void editor.status.value.phase;
    void editor.readOnly.value;
    clearTimeout(timer);
    timer = setTimeout(share, kSelectionRestsMs);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** Nobody needs to hear that a selection was not shared. */
function ignoreRefusal({ settled }: { settled: Promise<unknown> }): void {
  settled.catch(() => undefined);
}

/** The browser asks before the page goes while there are edits that this device has not stored. */
export function warnBeforeLosing(editor: Editor): () => void {
  const onBeforeUnload = (event: BeforeUnloadEvent) => {
    if (editor.status.peek().unstored_edits > 0) event.preventDefault();
  };
  window.addEventListener("beforeunload", onBeforeUnload);
  return () => window.removeEventListener("beforeunload", onBeforeUnload);
}
