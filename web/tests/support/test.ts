import { test as base } from "@playwright/test";
import { openRoom, type RoomOptions, type TestRoom } from "./rooms.js";

export { expect } from "@playwright/test";

interface Fixtures {
  /** Has something done when the test has ended, however it ended; what was named last is done first. */
  readonly afterwards: (end: () => unknown) => void;
  /** A hub of its own for this test, with one room; it ends with the test. */
  readonly openRoom: (options?: RoomOptions) => Promise<TestRoom>;
}

/**
 * A test whose processes and pages end with it, also when it fails: a hub that stays would take the time, and a page
 * that goes on drawing the processor, of the tests that follow.
 */
export const test = base.extend<Fixtures>({
  afterwards: async ({ browser }, use) => {
    const ends: (() => unknown)[] = [];
    await use((end) => void ends.push(end));
    // Pages first, so that none of them is seen to miss its hub.
    await Promise.all(browser.contexts().map((context) => context.close()));
    for (const end of ends.reverse()) await end();
  },
  openRoom: async ({ afterwards, browser }, use, info) => {
    await use((options) => openRoom({ browser, folder: info.outputPath(""), afterwards }, options));
  },
});
