import { type InviteLinks } from "./room.js";

/** A browser link in its parts. */
export interface BrowserLink {
  /** Where the hub answers HTTP: `https://HOST:PORT`. */
  readonly origin: string;
  readonly host: string;
  readonly room: string;
  /** `HUB` or `HUB.INVITE`. */
  readonly secret: string;
}

const SHAPE = "https://HOST:PORT/r/ROOM#HUB or https://HOST:PORT/r/ROOM#HUB.INVITE";

/** Throws with a sentence for people. What ROOM, HUB and INVITE say, the core checks. */
export function parseBrowserLink(text: string): BrowserLink {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error(`The link is no address. Expected a link of the shape ${SHAPE}; copy it whole.`);
  }
  const path = /^\/r\/([A-Za-z0-9_-]+)$/.exec(url.pathname);
  if ((url.protocol !== "https:" && url.protocol !== "http:") || !path) {
    throw new Error(`The link is no link to a room. Expected the shape ${SHAPE}; copy it whole.`);
  }
  const secret = url.hash.slice(1);
  if (secret === "") {
    throw new Error(`The link has no # with the hub's fingerprint. Expected the shape ${SHAPE}; copy it whole.`);
  }
  return { origin: url.origin, host: url.hostname.replace(/^\[|\]$/g, ""), room: path[1]!, secret };
}

/** The link as the core reads it: it checks what ROOM, HUB and INVITE say, and uses no address. */
export function coreLink({ origin, room, secret }: BrowserLink): string {
  return `${origin}/r/${room}#${secret}`;
}

export function inviteLinks(link: BrowserLink, secret: string, native: string): InviteLinks {
  return { browser: `${link.origin}/r/${link.room}#${secret}`, native };
}
