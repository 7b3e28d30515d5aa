import { expect, test, vi } from "vitest";
import { createEditor, type ViewportControl } from "../src/editor.js";
import { beginFramed } from "../src/shell/first_view.js";
import { FakeRoom } from "./fake_room.js";

async function open() {
  const room = new FakeRoom();
  const mesh = await room.storeMesh({ positions: new Float32Array(9), indices: new Uint32Array(3) });
  await room.create([{ name: "a", mesh }]);
  const editor = createEditor(room);
  const frame = vi.fn();
  editor.viewport.value = { frame } as unknown as ViewportControl;
  return { room, editor, frame, container: document.createElement("div") };
}

test("TheSceneIsFramedAtOnceAndWhenItsMeshesAreRead", async () => {
  const { editor, frame, container } = await open();
  beginFramed(editor, container);
  expect(frame).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(frame).toHaveBeenCalledTimes(2));
});

test("WhoHasTakenTheViewInHandKeepsIt", async () => {
  const { room, editor, frame, container } = await open();
  const load = vi.spyOn(room, "loadMesh");
  beginFramed(editor, container);
  container.dispatchEvent(new Event("wheel"));
  await Promise.allSettled(load.mock.results.map(({ value }) => value as Promise<unknown>));
  await Promise.resolve();
  expect(frame).toHaveBeenCalledTimes(1);
});

test("AnEmptySceneKeepsTheViewsOwnBeginning", () => {
  const editor = createEditor(new FakeRoom());
  const frame = vi.fn();
  editor.viewport.value = { frame } as unknown as ViewportControl;
  beginFramed(editor, document.createElement("div"));
  expect(frame).not.toHaveBeenCalled();
});
