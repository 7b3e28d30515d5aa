import type { Browser, Locator } from "@playwright/test";
import { TcpProxy } from "./support/faults.js";
import { Person } from "./support/pages.js";
import { browserLink } from "./support/processes.js";
import { expectOneState } from "./support/rooms.js";
import { expect, test } from "./support/test.js";
import { addFromMenu, press } from "./support/view.js";

declare global {
  /** What became of a command. */
  var fate: Promise<string>;
}

/** What people may do in a room, what was, and what the hub or another tab holds back. */

/** From so many waiting edits on a person is told (`kDeepQueue` of the banners). */
const kDeepQueue = 25;

/** What the page says about the connection and about what can be done here. */
function stateOf({ page }: Person): Locator {
  return page.getByRole("status", { name: "State of the connection" });
}

function addButton({ page }: Person): Locator {
  return page.getByRole("button", { name: "Add", exact: true });
}

interface InviteTerms {
  readonly role?: string;
  readonly expiry?: string;
  readonly uses?: string;
}

/** Fills in the invite dialog, copies the link for browsers, and returns what the clipboard has then. */
async function copyInvite(person: Person, terms: InviteTerms): Promise<string> {
  const { page, context } = person;
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("tab", { name: /People/ }).click();
  await page.getByRole("button", { name: "Invite people" }).click();
  const dialog = page.getByRole("dialog", { name: "Invite people" });
  if (terms.role) await dialog.getByLabel("They become").selectOption({ label: terms.role });
  if (terms.expiry) await dialog.getByLabel("The link ends").selectOption({ label: terms.expiry });
  if (terms.uses) await dialog.getByLabel("It can be used").selectOption({ label: terms.uses });
  await dialog.getByRole("button", { name: "Make a link" }).click();
  const shown = dialog.getByLabel("For browsers", { exact: true });
  await expect(shown).toBeFocused();
  // It begins with where it leads to.
  expect(await shown.evaluate((input) => input.scrollLeft)).toBe(0);
  await dialog.getByRole("button", { name: "Copy the link for browsers" }).click();
  await expect(page.getByRole("status", { name: "Messages" })).toContainText("The link is copied");
  const link = await page.evaluate(() => navigator.clipboard.readText());
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  return link;
}

async function manage({ page }: Person, name: string, what: string): Promise<void> {
  await page.getByRole("button", { name: `Manage ${name}` }).click();
  await page.getByRole("menu").getByText(what, { exact: true }).click();
}

async function expectOnlyLooks(person: Person, name: string): Promise<void> {
  await expect(stateOf(person)).toContainText("You are a viewer in this room: you can look around but not edit.");
  await expect(addButton(person)).toBeDisabled();
  await person.choose(name);
  await expect(person.page.getByRole("spinbutton", { name: "Position X", exact: true })).toBeDisabled();
  await press(person, "Delete");
  await expect(person.page.getByRole("status", { name: "Messages" })).toContainText("You are a viewer in this room.");
}

test("a link from the invite dialog makes a viewer, who can become an editor and be put out", async ({
  browser,
  openRoom,
}) => {
  const room = await openRoom();
  const ann = await room.joinAs("admin", "Ann");
  await ann.add("Cube");
  const link = await copyInvite(ann, { role: "Viewer: can look", expiry: "in a day" });
  const bob = await Person.open(browser, "Bob", link);
  await bob.sees("Cube");
  await expectOnlyLooks(bob, "Cube");

  await manage(ann, "Bob", "Make editor");
  await expect(addButton(bob)).toBeEnabled();
  await expect(stateOf(bob)).not.toContainText("viewer");
  await bob.add("Sphere");
  await ann.sees("Sphere");
  await manage(ann, "Bob", "Make viewer");
  await expectOnlyLooks(bob, "Cube");
  expect(await ann.names()).toEqual(["Cube", "Sphere"]);

  await manage(ann, "Bob", "Put out…");
  await ann.page.getByRole("dialog", { name: "Put out Bob?" }).getByRole("button", { name: "Put out" }).click();
  await expect(ann.page.getByRole("list", { name: "People without a role" })).toContainText("Bob");
  await expect(stateOf(bob)).toContainText("An admin has taken your access to this room.");
  await expect(bob.page.getByRole("button", { name: "Try now" })).toHaveCount(0);
  await expect(addButton(bob)).toBeDisabled();
  ann.expectNoComplaints();
});

test("an invite for one editor lets in one, and an invite that ended nobody", async ({ browser, openRoom }) => {
  const room = await openRoom();
  const ann = await room.joinAs("admin", "Ann");
  const link = await copyInvite(ann, { role: "Editor: can edit", uses: "once" });
  const bob = await Person.open(browser, "Bob", link);
  await bob.add("Cube");
  await ann.sees("Cube");
  expect(await refusalOf(browser, link)).toMatch(/invite/);

  // Where Ann is it was a day and an hour earlier when she made the link.
  await ann.page.clock.setFixedTime(Date.now() - 25 * 60 * 60 * 1000);
  const late = await copyInvite(ann, { expiry: "in a day" });
  expect(await refusalOf(browser, late)).toMatch(/invite/);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

/** What somebody is told who is not let in by a link. */
async function refusalOf(browser: Browser, link: string): Promise<string> {
  const page = await browser.newPage();
  await page.goto(link);
  await page.getByLabel("Your name").fill("Cleo");
  await page.getByRole("button", { name: "Join" }).click();
  const told = await page.getByRole("alert").innerText();
  await page.close();
  return told;
}

test("a room that takes edits at a limited pace says so, and takes them all", async ({ openRoom }) => {
  const room = await openRoom({ config: "[guards]\ncommands_burst = 3\ncommands_per_second = 1\n" });
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await addFromMenu(ann, "Empty");
  for (let copy = 0; copy < 8; ++copy) await press(ann, "Control+d");
  await expect(stateOf(ann)).toContainText(/The room takes edits at a limited pace; \d edits? waits? and will go/);
  await expect.poll(async () => (await bob.names()).length).toBe(9);
  await ann.idle();
  await expect(stateOf(ann)).not.toContainText("limited pace");
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("a peer that is offline says how many edits wait, and they come in", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const bob = await room.join("Bob");
  await ann.page.getByRole("button", { name: "Theta", exact: true }).click();
  await ann.page.getByRole("menuitem", { name: "Work offline" }).click();
  await expect(stateOf(ann)).toContainText("You went offline. What you edit is kept here until you are back.");
  await addFromMenu(ann, "Empty");
  await expect(stateOf(ann)).toContainText("1 edit waits for the connection.");
  await press(ann, "Control+d");
  await press(ann, "Control+d");
  await expect(stateOf(ann)).toContainText("3 edits wait for the connection.");
  await expect(ann.page.getByRole("contentinfo", { name: "Status" })).toContainText("3 pending");
  expect(await bob.names()).toEqual([]);
  await stateOf(ann).getByRole("button", { name: "Go online" }).click();
  await expect.poll(async () => (await bob.names()).length).toBe(3);
  await expect(stateOf(ann)).toBeEmpty();
  await expect(ann.page.getByRole("contentinfo", { name: "Status" })).toContainText("all edits are in");
  await expectOneState(room, [ann, bob]);
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("a deep queue on a slow network is told, and told no longer when it is through", async ({
  browser,
  openRoom,
  afterwards,
}) => {
  const room = await openRoom();
  const network = await TcpProxy.open(room.hub.httpPort);
  afterwards(() => network.close());
  const bob = await room.join("Bob");
  const ann = await Person.open(browser, "Ann", browserLink(room.link, network.port), "websocket");
  await addFromMenu(ann, "Empty");
  await ann.idle();
  network.held = true;
  for (let copy = 0; copy < kDeepQueue; ++copy) await press(ann, "Control+d");
  // What is chosen meanwhile waits, too, if it rests long enough between two presses.
  await expect(stateOf(ann)).toContainText(/The connection is slow: \d+ edits wait\./);
  expect(await bob.names()).toEqual(["Empty"]);
  network.held = false;
  await expect.poll(async () => (await bob.names()).length).toBe(kDeepQueue + 1);
  await expect(stateOf(ann)).toBeEmpty();
  for (const person of [ann, bob]) person.expectNoComplaints();
});

test("looking back at what was, and back to now", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
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
  // What somebody chooses is a record, but no deed.
  await expect(records.getByRole("listitem").filter({ hasText: "added “Sphere”" })).toHaveCount(1);
  await expect(records.getByRole("listitem").filter({ hasText: /selected|tool/ })).toHaveCount(0);
  ann.expectNoComplaints();
});

test("a second tab of the same person only looks, until it takes over", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const again = await ann.reopen(room.page);
  await expect(stateOf(again)).toContainText("Another tab");
  await expect(addButton(again)).toBeDisabled();
  // A tab behind another one draws nothing: to work in it, a person brings it to the front.
  await ann.page.bringToFront();
  await ann.add("Cube");
  await again.sees("Cube");
  await again.page.bringToFront();
  await again.page.getByRole("button", { name: "Edit here instead" }).click();
  await expect(addButton(again)).toBeEnabled();
  await expect(stateOf(ann)).toContainText("Another tab");
  await again.add("Sphere");
  await ann.sees("Sphere");
  for (const person of [ann, again]) person.expectNoComplaints();
});

/** Submits a command that cannot reach the hub, and keeps what becomes of it. */
async function submitOffline(person: Person, name: string): Promise<void> {
  await person.page.evaluate(async (wanted) => {
    const { room } = globalThis.theta;
    room.goOffline();
    const { settled } = await room.create([{ name: wanted }]);
    globalThis.fate = settled.then(() => "settled", (error: Error) => error.name);
  }, name);
  // Asked by the clock: a tab behind another one draws no frames.
  const isStored = () => globalThis.theta.room.status.unstored_edits === 0;
  await person.page.waitForFunction(isStored, undefined, { polling: 50 });
}

test("what a tab had not sent goes on in the tab that takes over, and the first one is told so", async ({
  openRoom,
}) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const again = await ann.reopen(room.page);
  await submitOffline(ann, "Not sent yet");
  await again.page.getByRole("button", { name: "Edit here instead" }).click();
  expect(await ann.page.evaluate(() => globalThis.fate)).toBe("HandedOver");
  await again.sees("Not sent yet");
  await again.idle();
});

test("a tab that does not answer loses the right to write, and is told when it wakes up", async ({ openRoom }) => {
  const room = await openRoom();
  const ann = await room.join("Ann");
  const again = await ann.reopen(room.page);
  await submitOffline(ann, "Not sent yet");
  const lifecycle = await ann.context.newCDPSession(ann.page);
  await lifecycle.send("Page.setWebLifecycleState", { state: "frozen" });
  await again.page.getByRole("button", { name: "Edit here instead" }).click();
  await again.sees("Not sent yet");
  await again.add("Cube");
  await again.idle();
  await lifecycle.send("Page.setWebLifecycleState", { state: "active" });
  expect(await ann.page.evaluate(() => globalThis.fate)).toBe("HandedOver");
  await ann.sees("Cube");
  await expect(ann.page.getByRole("button", { name: "Add", exact: true })).toBeDisabled();
});
