import { expect, test } from "./support/test.js";

/** A browser that cannot run the editor gets a page that says so, whatever it is that it lacks. */

const kLacking: readonly { readonly what: string; readonly without: () => void }[] = [
  {
    what: "WebGL 2",
    without: () => {
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, kind: string, ...more: unknown[]) {
        return kind === "webgl2" ? null : (getContext as (...given: unknown[]) => unknown).call(this, kind, ...more);
      } as typeof getContext;
    },
  },
  { what: "WebAssembly", without: () => void delete (globalThis as { WebAssembly?: unknown }).WebAssembly },
  {
    what: "WebRTC and WebSocket",
    without: () => {
      const page = globalThis as { RTCPeerConnection?: unknown; WebSocket?: unknown };
      delete page.RTCPeerConnection;
      delete page.WebSocket;
    },
  },
];

for (const { what, without } of kLacking) {
  test(`a browser without ${what} is told so`, async ({ openRoom, browser }) => {
    const room = await openRoom();
    const context = await browser.newContext();
    await context.addInitScript(without);
    const page = await context.newPage();
    await page.goto(room.page);
    await expect(page.getByRole("heading", { name: "This browser cannot open the editor" })).toBeVisible();
    await expect(page.getByRole("alert")).toContainText(what);
    await context.close();
  });
}

test("whoever was here before is told just the same, and is not in the room", async ({ openRoom, browser }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const context = await browser.newContext();
  const id = new URL(room.page).pathname.split("/").at(-1)!;
  await context.addInitScript(kLacking[0]!.without);
  await context.addInitScript((known) => {
    localStorage.setItem("theta.name", "Bob");
    localStorage.setItem("theta.rooms", known);
  }, id);
  const page = await context.newPage();
  await page.goto(room.page);
  await expect(page.getByRole("alert")).toContainText("WebGL 2");
  await expect.poll(() => page.workers().length).toBe(0);
  const others = () => ann.page.evaluate(() => globalThis.theta.room.participants.filter(({ self }) => !self).length);
  await expect.poll(others).toBe(0);
  await context.close();
});
