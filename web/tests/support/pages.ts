import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  expect,
  type Locator,
  type Page,
} from "@playwright/test";
import type { Entity, EntityId, Participant, Room } from "@theta/client";
import type { Editor } from "../../editor/src/editor.js";

declare global {
  /** What the editor shows to whoever opens the browser's console. */
  var theta: { readonly room: Room; readonly editor: Editor };
}

/** Somebody at a browser of their own, who has opened a link and is in the room. */
export class Person {
  /** What the browser complained about; a test that means it to be empty asks `expectNoComplaints`. */
  readonly complaints: string[] = [];

  private constructor(
    readonly name: string,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  static async open(
    browser: Browser,
    name: string,
    link: string,
    transport?: "webrtc" | "websocket",
    options?: BrowserContextOptions,
  ): Promise<Person> {
    const context = await browser.newContext(options);
    const person = new Person(name, context, await context.newPage());
    await person.join(link, transport);
    return person;
  }

  async join(link: string, transport?: "webrtc" | "websocket"): Promise<void> {
    await this.page.goto(transport ? link.replace("#", `?transport=${transport}#`) : link);
    await this.page.getByLabel("Your name").fill(this.name);
    await this.page.getByRole("button", { name: "Join" }).click();
    await this.live();
  }

  /** Waits until the room is here and the connection lives. */
  async live(): Promise<void> {
    await this.page.waitForFunction(() => globalThis.theta?.room.status.phase === "live");
  }

  /** The same browser opens a link again: who was in the room comes straight in. */
  async reopen(link: string): Promise<Person> {
    const again = new Person(this.name, this.context, await this.context.newPage());
    await again.page.goto(link);
    await again.live();
    return again;
  }

  /** The same while the hub is away: what this browser keeps is shown. */
  async reopenOffline(link: string): Promise<Person> {
    const again = new Person(this.name, this.context, await this.context.newPage());
    await again.page.goto(link);
    await again.page.waitForFunction(() => globalThis.theta !== undefined);
    return again;
  }

  /** Kills the page's process, as the system does when memory runs out. */
  async crash(): Promise<void> {
    const gone = this.page.waitForEvent("crash");
    await this.page.goto("chrome://crash").catch(() => undefined);
    await gone;
  }

  /** From the Add menu; what it makes is called what the menu calls it, or `name` from then on. */
  async add(kind: string): Promise<void> {
    const known = ["Cube", "Sphere", "Cylinder", "Cone", "Plane", "Torus"].includes(kind) ? kind : "Empty";
    await this.page.getByRole("button", { name: "Add", exact: true }).click();
    await this.page.getByRole("menuitem", { name: known, exact: true }).click();
    if (known === kind) return this.sees(kind);
    // What was chosen before must not get the new name.
    await this.page.getByRole("treeitem", { selected: true }).filter({ hasText: known }).waitFor();
    await this.page.keyboard.press("F2");
    await this.page.getByRole("textbox", { name: /^New name of/ }).fill(kind);
    await this.page.keyboard.press("Enter");
    await this.sees(kind);
  }

  /** Clicks its row in the outliner. */
  async choose(name: string): Promise<void> {
    await this.row(name).click();
    await expect(this.row(name)).toHaveAttribute("aria-selected", "true");
  }

  row(name: string): Locator {
    return this.page.getByRole("treeitem").filter({ has: this.page.getByText(name, { exact: true }) });
  }

  /** Types into a field of the inspector. */
  async setNumber(label: string, text: string): Promise<void> {
    const field = this.page.getByRole("spinbutton", { name: label, exact: true });
    await field.click();
    await field.fill(text);
    await field.press("Enter");
  }

  /** What this browser shows of the first entity of that name. */
  entity(name: string): Promise<Entity | undefined> {
    return this.page.evaluate(
      (wanted) => [...globalThis.theta.room.scene.entities()].find((entity) => entity.name === wanted),
      name,
    );
  }

  async idOf(name: string): Promise<EntityId> {
    await this.sees(name);
    return (await this.entity(name))!.id;
  }

  /** What this browser knows of somebody who is here. */
  participant(name: string): Promise<Participant | undefined> {
    return this.page.evaluate(
      (wanted) => globalThis.theta.room.participants.find((participant) => participant.name === wanted),
      name,
    );
  }

  /** The names of what somebody has chosen, as this browser was told. */
  selectionOf(name: string): Promise<string[]> {
    return this.page.evaluate((wanted) => {
      const { members, scene } = globalThis.theta.room;
      const member = members.find((each) => each.name === wanted);
      return (member?.selection ?? []).map((id) => scene.get(id)?.name ?? id).sort();
    }, name);
  }

  positionOf(name: string): Promise<readonly number[]> {
    return this.page.evaluate((wanted) => {
      const found = [...globalThis.theta.room.scene.entities()].find((entity) => entity.name === wanted);
      return found ? [...found.transform.position] : [];
    }, name);
  }

  /** The name of what it is in; nothing at the top level. */
  parentOf(name: string): Promise<string | undefined> {
    return this.page.evaluate((wanted) => {
      const { scene } = globalThis.theta.room;
      const found = [...scene.entities()].find((entity) => entity.name === wanted);
      return found && (scene.get(found.parent)?.name ?? "");
    }, name);
  }

  idle(): Promise<void> {
    return this.page.evaluate(() => globalThis.theta.room.idle());
  }

  stateHash(): Promise<{ seq: number; hash: string }> {
    return this.page.evaluate(() => globalThis.theta.room.stateHash());
  }

  /** The names of all entities, in the order of the tree. */
  names(): Promise<string[]> {
    return this.page.evaluate(() => [...globalThis.theta.room.scene.entities()].map((entity) => entity.name));
  }

  async sees(name: string): Promise<void> {
    await expect.poll(() => this.names(), { message: `${this.name} waits to see "${name}"` }).toContain(name);
  }

  transportKind(): Promise<string | undefined> {
    return this.page.evaluate(() => globalThis.theta.room.status.transport_kind);
  }

  expectNoComplaints(): void {
    expect(this.complaints, `what ${this.name}'s browser complained about`).toEqual([]);
  }

  close(): Promise<void> {
    return this.context.close();
  }
}
