import { type Browser, type BrowserContextOptions, expect } from "@playwright/test";
import path from "node:path";
import { browserLink, HubProcess, NativePeer, stateHashBy, theta } from "./processes.js";
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
  /** The same for browsers. */
  readonly page: string;
  readonly folder: string;
  join(name: string, options?: BrowserContextOptions): Promise<Person>;
  joinAs(role: "viewer" | "admin", name: string, options?: BrowserContextOptions): Promise<Person>;
  /** A native peer over QUIC, which is in the room when this returns. */
  joinNatively(name: string): Promise<NativePeer>;
}

/** What a room needs of the test that opens it. */
export interface RoomPlace {
  readonly browser: Browser;
  readonly folder: string;
  readonly afterwards: (end: () => unknown) => void;
}

/** A hub of its own for one test, with one room. */
export async function openRoom(place: RoomPlace, options: RoomOptions = {}): Promise<TestRoom> {
  const { browser, folder, afterwards } = place;
  const hub = new HubProcess({ folder, config: options.config ?? "" });
  afterwards(() => hub.kill());
  await hub.start(...(options.arguments ?? []));
  const link = hub.newRoom("studio");
  const page = browserLink(link, hub.httpPort);
  return {
    hub,
    link,
    page,
    folder,
    join: (name, context) => Person.open(browser, name, page, undefined, context),
    joinAs: (role, name, context) => {
      const invite = theta("invite", link, "--role", role, "--data", hub.folder).match(/theta:\/\/\S+/)![0];
      return Person.open(browser, name, browserLink(invite, hub.httpPort), undefined, context);
    },
    joinNatively: async (name) => {
      const peer = new NativePeer(link, name, path.join(folder, name));
      afterwards(() => peer.kill());
      await peer.live();
      return peer;
    },
  };
}

/** All come to show what a native peer is told; it asks again, since a choice is told late and makes another state. */
export async function expectOneState(
  room: Pick<TestRoom, "link" | "folder">,
  people: readonly Person[],
): Promise<void> {
  const others = async (): Promise<string[]> => {
    await Promise.all(people.map((person) => person.idle()));
    const native = stateHashBy(room.link, path.join(room.folder, "r"));
    const hashes = await Promise.all(people.map(async (person) => (await person.stateHash()).hash));
    return people.filter((_, index) => hashes[index] !== native).map(({ name }) => name);
  };
  await expect.poll(others, { message: "whose state is another than a native peer's" }).toEqual([]);
}
