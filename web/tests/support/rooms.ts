import { type Browser, type BrowserContextOptions, expect, type TestInfo } from "@playwright/test";
import path from "node:path";
import { browserLink, HubProcess, stateHashBy, theta } from "./processes.js";
import { Person } from "./pages.js";

export interface RoomOptions {
  readonly arguments?: readonly string[];
  /** Lines of the hub's configuration file. */
  readonly config?: string;
}

export interface TestRoom {
  readonly hub: HubProcess;
  /** For native peers. */
  readonly link: string;
  readonly folder: string;
  join(browser: Browser, name: string, options?: BrowserContextOptions): Promise<Person>;
  joinAs(role: "viewer" | "admin", browser: Browser, name: string): Promise<Person>;
}

/** A hub of its own for one test, with one room. */
export async function openRoom(info: TestInfo, options: RoomOptions = {}): Promise<TestRoom> {
  const folder = info.outputPath("");
  const hub = new HubProcess({ folder, config: options.config ?? "" });
  await hub.start(...(options.arguments ?? []));
  const link = hub.newRoom("studio");
  const page = (to: string) => browserLink(to, hub.httpPort);
  return {
    hub,
    link,
    folder,
    join: (browser, name, context) => Person.open(browser, name, page(link), undefined, context),
    joinAs: (role, browser, name) => {
      const invite = theta("invite", link, "--role", role, "--data", hub.folder).match(/theta:\/\/\S+/)![0];
      return Person.open(browser, name, page(invite));
    },
  };
}

/** All show what a native peer that comes anew is told. */
export async function expectOneState(room: TestRoom, people: readonly Person[]): Promise<void> {
  await Promise.all(people.map((person) => person.idle()));
  const hash = stateHashBy(room.link, path.join(room.folder, "r"));
  for (const person of people)
    await expect.poll(async () => (await person.stateHash()).hash, { message: `${person.name}'s state` }).toBe(hash);
}
