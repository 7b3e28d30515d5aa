import { expect, test, vi } from "vitest";
import { action } from "../src/actions/index.js";
import { isEnabled, labelOf } from "../src/actions/action.js";
import type { ViewportControl } from "../src/editor.js";
import { bring } from "../src/shell/drop_area.js";
import { open } from "./panels/open.js";

function glb(name: string): File {
  const file = new File(["glTF"], name);
  // jsdom's files cannot be read otherwise.
  file.arrayBuffer = () => Promise.resolve(new ArrayBuffer(4));
  return file;
}

test("WhatWasImportedIsCountedChosenRevealedAndOneStep", async () => {
  const { room, editor, workspace } = open();
  const reveal = vi.fn();
  editor.viewport.value = { reveal, placeForNew: () => [0, 0, 0] } as unknown as ViewportControl;
  room.onImport = () => [{ name: "engine" }, ...Array.from({ length: 13 }, () => ({ parent_index: 0 }))];
  const undo = action("edit.undo");
  expect(isEnabled(undo, workspace)).toBe(false);
  await bring(workspace, [glb("engine.glb")], "“engine.glb”");
  expect(editor.selection.value).toHaveLength(14);
  expect(reveal.mock.calls).toEqual([[editor.selection.value]]);
  expect(workspace.toasts.shown.value).toMatchObject([
    { kind: "success", text: "“engine.glb” is in: 14 objects. Undo (Ctrl+Z) takes it back." },
  ]);
  expect([isEnabled(undo, workspace), labelOf(undo, workspace)]).toEqual([true, "Undo: Import “engine.glb”"]);
  await undo.run(workspace);
  expect(room.scene.size).toBe(0);
  expect([isEnabled(undo, workspace), isEnabled(action("edit.redo"), workspace)]).toEqual([false, true]);
});

test("AnImportThatFailsIsOneSentenceThatNamesTheFileOnce", async () => {
  const { room, workspace } = open();
  room.importModel = () => Promise.reject(Object.assign(new Error("offset 8: cut off"), { code: "bad_file" }));
  await bring(workspace, [glb("cut.glb")], "“cut.glb”");
  const [toast] = workspace.toasts.shown.value;
  expect(toast?.text.match(/cut\.glb/g)).toHaveLength(1);
  expect(toast?.text).toMatch(/^“cut.glb” could not be imported: expected .+, got .+ Export it again/);
});
