import { action } from "../src/actions/index.js";
import { createEditor } from "../src/editor.js";
import { Workspace } from "../src/workspace.js";
import { FakeRoom } from "./fake_room.js";

/** A person's editor of a room in memory, without a window; `notices` is what it told. */
export function openEditor() {
  const room = new FakeRoom();
  const editor = createEditor(room);
  const workspace = new Workspace(editor, "");
  const notices: string[] = [];
  editor.onNotice.value = (_, text) => notices.push(text);
  const run = async (id: string) => action(id).run(workspace);
  return { room, editor, workspace, notices, run };
}
