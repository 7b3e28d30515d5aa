/** What the page's own address says. */
export type PageLink =
  | { readonly kind: "room"; readonly room: string; readonly link: string; readonly hasInvite: boolean }
  | { readonly kind: "none" }
  | { readonly kind: "broken"; readonly why: string };

const kBase64Url = /^[\w-]+$/;

/** Reads `/r/ROOM#HUB` or `/r/ROOM#HUB.INVITE`. The deeper checks are the core's. */
export function readLink(location: { readonly origin: string; readonly pathname: string; readonly hash: string }): PageLink {
  const path = /^\/r\/([^/]*)\/?$/.exec(location.pathname);
  if (path === null) {
    if (location.pathname === "/" || location.pathname === "/index.html") return { kind: "none" };
    return { kind: "broken", why: "The address does not name a room. A link has the form https://HOST/r/ROOM#HUB.INVITE." };
  }
  const room = path[1] as string;
  if (!kBase64Url.test(room)) {
    return { kind: "broken", why: "The room’s name in the address is damaged; perhaps the link was cut when it was copied." };
  }
  const [hub, invite, ...rest] = location.hash.replace(/^#/, "").split(".");
  if (hub === undefined || hub === "") {
    const why = "The part of the link behind # is missing. It says by which key the hub is known, so without it this page "
      + "could not tell the hub from an impostor. Copy the whole link again.";
    return { kind: "broken", why };
  }
  if (!kBase64Url.test(hub) || rest.length > 0 || (invite !== undefined && !kBase64Url.test(invite))) {
    return { kind: "broken", why: "The part of the link behind # is damaged; perhaps it was cut when it was copied." };
  }
  return { kind: "room", room, link: `${location.origin}/r/${room}${location.hash}`, hasInvite: invite !== undefined };
}
