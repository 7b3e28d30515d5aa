import { afterEach, expect, test, vi } from "vitest";
import { Core } from "../src/core.js";
import { join, live, TestHub } from "./hub.js";

afterEach(() => vi.restoreAllMocks());

test("what stands of an import that was given up is told, since nobody waits for its end", async () => {
  const hub = await TestHub.start();
  const ann = await join(hub.browserLink(hub.newRoom()), "Ann");
  try {
    await live(ann);
    // The core says so when somebody has changed what had come in; what it says is taken from there.
    const poll = Core.prototype.poll;
    let stands = false;
    let failed = 0;
    vi.spyOn(Core.prototype, "poll").mockImplementation(function (this: Core) {
      const polled = poll.call(this);
      const bend = (text: string): string => {
        if (!text.includes('"task_failed"')) return text;
        ++failed;
        return JSON.stringify({ ...(JSON.parse(text) as object), stands });
      };
      return { ...polled, told: polled.told.map((told) => ({ ...told, text: bend(told.text) })) };
    });
    const notices: { kind: string; text: string }[] = [];
    ann.on("notice", (notice) => notices.push(notice));
    const gltf = new TextEncoder().encode(JSON.stringify({ asset: { version: "2.0" } }));
    const giveUp = async (): Promise<void> => {
      const given = new AbortController();
      const files = { main: "model.gltf", files: new Map([["model.gltf", gltf]]) };
      const importing = ann.importModel(files, { signal: given.signal });
      given.abort(new Error("no longer"));
      await expect(importing).rejects.toThrow("no longer");
    };
    await giveUp();
    await vi.waitFor(() => expect(failed).toBe(1));
    stands = true;
    await giveUp();
    await vi.waitFor(() => expect(failed).toBe(2));
    // What the core told before this answer, the page has heard.
    await ann.stateHash();
    expect(notices).toEqual([{ kind: "import", text: expect.stringContaining("was given up: cancelled. ") as string }]);
  } finally {
    await ann.close();
    await hub.end();
  }
});
