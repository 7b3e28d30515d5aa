import { expect, it } from "vitest";
import type { Status } from "@theta/client";
import { missingText } from "../../src/viewport/missing_note.js";
import { FakeRoom } from "../fake_room.js";

const offline: Status = { ...new FakeRoom().status, phase: "offline", will_retry: true, downloads: 1 };

it("counts what is not here, and says when it comes", () => {
  expect(missingText(offline, 3, 0)).toBe("3 meshes are not on this device. They come when you are back online.");
  expect(missingText(offline, 1, 0)).toBe("1 mesh is not on this device. It comes when you are back online.");
  expect(missingText(offline, 1, 2)).toBe(
    "1 mesh and 2 pictures are not on this device. They come when you are back online.",
  );
});

it("promises nothing to who was put out", () => {
  expect(missingText({ ...offline, put_out: true }, 0, 1)).toBe("1 picture is not on this device.");
});

it("says nothing while the hub sends it, nor while it is looked for here", () => {
  expect(missingText({ ...offline, phase: "live" }, 3, 0)).toBe("");
  expect(missingText({ ...offline, downloads: 0 }, 3, 0)).toBe("");
  expect(missingText(offline, 0, 0)).toBe("");
});
