import { expect, test } from "@playwright/test";
import { browserLink } from "./support/processes.js";
import type { Person } from "./support/pages.js";
import { openRoom } from "./support/rooms.js";
import { addFromMenu } from "./support/view.js";

/** What people may do in a room, what was, and what the hub or another tab holds back. */

test.use({ viewport: { width: 1000, height: 640 } });

// Pages that stay open would go on drawing, and slow down the tests that follow.
test.afterEach(({ browser }) => Promise.all(browser.contexts().map((context) => context.close())));

test("looking back at what was, and back to now", async ({ browser }, info) => {
  const room = await openRoom(info);
  const ann = await room.join(browser, "Ann");
  const { page } = ann;
  await addFromMenu(ann, "Cube");
  await addFromMenu(ann, "Sphere");
  await ann.idle();
  await page.getByRole("button", { name: "History", exact: true }).click();
  const records = page.getByRole("list", { name: "Records, newest first" });
  await expect(records).toContainText("Sphere");
  const record = records.getByRole("listitem").filter({ hasText: "Cube" }).last();
  await record.getByRole("button", { name: /Look back at record/ }).click();
  const bar = page.getByRole("group", { name: "Looking back" });
  await expect(bar).toContainText("The past");
  await expect(ann.row("Cube")).toBeVisible();
  await expect(ann.row("Sphere")).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Add", exact: true })).toBeDisabled();
  await bar.getByRole("button", { name: "Back to now" }).click();
  await expect(ann.row("Sphere")).toBeVisible();
  await expect(page.getByRole("button", { name: "Add", exact: true })).toBeEnabled();
  ann.expectNoComplaints();
  await room.hub.kill();
});

test("a second tab of the same person only looks, until it takes over", async ({ browser }, info) => {
  const room = await openRoom(info);
  const ann = await room.join(browser, "Ann");
  const again = await ann.reopen(browserLink(room.link, room.hub.httpPort));
  const state = (person: Person) => person.page.getByRole("status", { name: "State of the connection" });
  const add = (person: Person) => person.page.getByRole("button", { name: "Add", exact: true });
  await expect(state(again)).toContainText("Another tab");
  await expect(add(again)).toBeDisabled();
  await ann.add("Cube");
  await again.sees("Cube");
  await again.page.getByRole("button", { name: "Edit here instead" }).click();
  await expect(add(again)).toBeEnabled();
  await expect(state(ann)).toContainText("Another tab");
  await again.add("Sphere");
  await ann.sees("Sphere");
  for (const person of [ann, again]) person.expectNoComplaints();
  await room.hub.kill();
});
