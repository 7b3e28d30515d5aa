// @vitest-environment node
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Page } from "playwright-core";
import type { FakeRoom } from "../fake_room.js";
import { TestBrowser } from "./browser.js";

declare global {
  var theta: { readonly room: unknown };
}

const kTimeoutMs = 120_000;
const kPhone = { hasTouch: true, isMobile: true };
let browser: TestBrowser;

beforeAll(async () => {
  browser = await TestBrowser.start();
}, kTimeoutMs);
afterAll(() => browser.stop());

/** What is wider than its box, or reaches beyond the page: "top-bar 12". */
function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wrong: string[] = [];
    const boxes = ".top-bar, .status-bar, .sheet-tabs, .left, .right, .tab-panel, .banners, .toasts, .inspector, body";
    for (const box of document.querySelectorAll<HTMLElement>(boxes)) {
      const name = box.className || box.tagName;
      if (box.scrollWidth > box.clientWidth) wrong.push(`${name} ${box.scrollWidth - box.clientWidth} too wide`);
    }
    const controls = ".top-bar button, .status-bar span, .sheet-tabs button, .shell aside :is(button, input, select)";
    for (const control of document.querySelectorAll<HTMLElement>(controls)) {
      const { left, right, width } = control.getBoundingClientRect();
      const name = control.getAttribute("aria-label") ?? control.textContent;
      // Half a pixel is rounding.
      if (width > 0 && (left < -0.5 || right > innerWidth + 0.5)) wrong.push(`${name} from ${left} to ${right}`);
    }
    return wrong;
  });
}

for (const width of [360, 375])
  it(`on a phone of ${width} pixels nothing is wider than the screen`, { timeout: kTimeoutMs }, async () => {
    const page = await browser.open("editor.html", { ...kPhone, viewport: { width, height: 640 } });
    await page.locator(".room-name, .main-menu").first().waitFor();
    expect(await overflowing(page)).toEqual([]);
    for (const panel of ["Scene", "Properties", "People", "History"]) {
      await page.locator(".sheet-tabs").getByRole("button", { name: panel, exact: true }).tap();
      await page.getByText("Reading…").first().waitFor({ state: "detached" });
      if (panel === "Scene") await page.getByText("Brass ball").tap();
      expect([panel, ...(await overflowing(page))]).toEqual([panel]);
      if (process.env.THETA_LOOK) await page.screenshot({ path: `${process.env.THETA_LOOK}_${width}_${panel}.png` });
    }
    await page.evaluate(() => {
      const room = globalThis.theta.room as FakeRoom;
      const text = "The hub does not answer, whatever this browser has tried.";
      room.setStatus({ phase: "offline", text, will_retry: false, queued_commands: 12_345, uploads: 3 });
      room.loseAgainst("set_transform", "set_transform lost");
    });
    await page.getByText("You are offline.").waitFor();
    expect(await overflowing(page)).toEqual([]);
    if (process.env.THETA_LOOK) await page.screenshot({ path: `${process.env.THETA_LOOK}_${width}_offline.png` });
    await page.close();
    expect(browser.problems).toEqual([]);
  });
