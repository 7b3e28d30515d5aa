import type { ConnectOptions } from "@theta/client";

/** What the page's own address says. */
export type PageLink =
  | {
      readonly kind: "room";
      readonly room: string;
      readonly link: string;
      readonly hasInvite: boolean;
      readonly transport: Transport;
    }
  | { readonly kind: "none" }
  | { readonly kind: "broken"; readonly why: string };

type Transport = NonNullable<ConnectOptions["transport"]>;

const kBase64Url = /^[\w-]+$/;
const kTransports: readonly Transport[] = ["auto", "webrtc", "websocket"];

/**
 * Reads `/r/ROOM#HUB` or `/r/ROOM#HUB.INVITE`. The deeper checks are the core's. `?transport=websocket` or `webrtc`
 * before the `#` insists on one way to the hub, to find out what a network lets through.
 */
export function readLink(location: {
  readonly origin: string;
  readonly pathname: string;
  readonly search?: string;
  readonly hash: string;
}): PageLink {
  const path = /^\/r\/([^/]*)\/?$/.exec(location.pathname);
  if (path === null) {
    if (location.pathname === "/" || location.pathname === "/index.html") return { kind: "none" };
    return {
      kind: "broken",
      why: "The address does not name a room. A link has the form https://HOST/r/ROOM#HUB.INVITE.",
    };
  }
  const room = path[1] as string;
  if (!kBase64Url.test(room)) {
    return {
      kind: "broken",
      why: "The room’s name in the address is damaged; perhaps the link was cut when it was copied.",
    };
  }
  const [hub, invite, ...rest] = location.hash.replace(/^#/, "").split(".");
  if (hub === undefined || hub === "") {
    const why =
      "The part of the link behind # is missing. It says by which key the hub is known, so without it this page " +
      "could not tell the hub from an impostor. Copy the whole link again.";
    return { kind: "broken", why };
  }
  if (!kBase64Url.test(hub) || rest.length > 0 || (invite !== undefined && !kBase64Url.test(invite))) {
    return { kind: "broken", why: "The part of the link behind # is damaged; perhaps it was cut when it was copied." };
  }
  const asked = new URLSearchParams(location.search ?? "").get("transport") ?? "auto";
  const transport = kTransports.find((kind) => kind === asked);
  if (transport === undefined) {
    return {
      kind: "broken",
      why: `The address asks for the transport "${asked}"; there are auto, webrtc and websocket.`,
    };
  }
  const link = `${location.origin}/r/${room}${location.hash}`;
  return { kind: "room", room, link, hasInvite: invite !== undefined, transport };
}
