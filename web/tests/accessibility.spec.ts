import AxeBuilder from "@axe-core/playwright";
import type { Person } from "./support/pages.js";
import { expect, test } from "./support/test.js";
import { press } from "./support/view.js";

/** What axe finds against WCAG 2.2 A and AA and its own best practices, on every screen and in both themes. */

async function expectAccessible(page: Person["page"], where: string): Promise<void> {
  // The axe package brings types of a Playwright of its own. Its legacy mode opens no page beside this one.
  const { violations } = await new AxeBuilder({ page: page as never }).setLegacyMode(true).analyze();
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  expect.soft(found, where).toEqual([]);
}

/** The columns of the help sheet begin on one line. */
async function expectLevelColumns(page: Person["page"]): Promise<void> {
  const tops = await page.locator(".help-group > h3").evaluateAll((titles) => {
    const highest = new Map<number, number>();
    for (const { left, top } of titles.map((title) => title.getBoundingClientRect()))
      highest.set(left, Math.min(top, highest.get(left) ?? Infinity));
    return [...highest.values()];
  });
  expect(tops).toHaveLength(2);
  expect(tops[1]).toBeCloseTo(tops[0]!, 1);
}

test.use({ contextOptions: { reducedMotion: "reduce" } });

test("the way in and every panel and dialog, light and dark", async ({ browser, openRoom }) => {
  const room = await openRoom();
  const guest = await browser.newPage();
  await guest.goto(room.page);
  await guest.getByLabel("Your name").waitFor();
  await expectAccessible(guest, "the join page");
  await guest.close();

  const ann = await room.joinAs("admin", "Ann");
  const { page } = ann;
  for (const kind of ["Cube", "Point light", "Camera"]) {
    await page.getByRole("button", { name: "Add", exact: true }).click();
    if (kind === "Cube") await expectAccessible(page, "the menu of what can be added");
    await page.getByRole("menuitem", { name: kind, exact: true }).click();
    await ann.sees(kind);
  }
  await press(ann, "Control+a");
  for (const theme of ["first", "other"]) {
    for (const tab of ["Properties", "People", "History"]) {
      await page.getByRole("tab", { name: new RegExp(tab) }).click();
      if (tab === "History") await page.getByRole("button", { name: /Look back at record/ }).first().waitFor();
      await expectAccessible(page, `${tab}, ${theme} theme`);
    }
    for (const [keys, dialog] of [
      ["?", "Keys and gestures"],
      ["Control+k", "Find a command"],
      ["m", "Move to"],
    ] as const) {
      await press(ann, keys);
      await page.getByRole("dialog", { name: dialog }).waitFor();
      await expectAccessible(page, `${dialog}, ${theme} theme`);
      if (dialog === "Keys and gestures") await expectLevelColumns(page);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    }
    await page.getByRole("tab", { name: /People/ }).click();
    await page.getByRole("button", { name: "Invite people" }).click();
    await page.getByRole("button", { name: "Make a link" }).click();
    await page.getByLabel("For browsers", { exact: true }).waitFor();
    await expectAccessible(page, `the invite dialog, ${theme} theme`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await press(ann, "Alt+t");
  }
});
