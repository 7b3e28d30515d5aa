import { render } from "@testing-library/preact";
import userEvent from "@testing-library/user-event";
import type { ComponentChildren } from "preact";
import { createEditor } from "../../src/editor.js";
import { Workspace, WorkspaceContext } from "../../src/workspace.js";
import { FakeRoom } from "../fake_room.js";

/** A person's window on a room in memory, to show parts of. */
export function open() {
  const room = new FakeRoom();
  const editor = createEditor(room);
  const workspace = new Workspace(editor, "");
  const show = (what: ComponentChildren) =>
    render(<WorkspaceContext.Provider value={workspace}>{what}</WorkspaceContext.Provider>);
  return { room, editor, workspace, show, user: userEvent.setup() };
}
