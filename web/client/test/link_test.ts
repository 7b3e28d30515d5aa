import { expect, test } from "vitest";
import { coreLink, inviteLinks, parseBrowserLink } from "../src/link.js";

test("a link has a hub's address, a room, and what comes behind the #", () => {
  const link = parseBrowserLink("https://example.org:8443/r/AbC_-1#HUB.INVITE");
  expect(link).toEqual(
    { origin: "https://example.org:8443", host: "example.org", room: "AbC_-1", secret: "HUB.INVITE" });
  expect(coreLink(link)).toBe("https://example.org:8443/r/AbC_-1#HUB.INVITE");
  expect(inviteLinks(link, "HUB.OTHER", "theta://h:1/r#x").browser).toBe("https://example.org:8443/r/AbC_-1#HUB.OTHER");
});

test("an address of IPv6 loses its brackets where only the host is meant", () => {
  expect(parseBrowserLink("http://[::1]:8080/r/x#y").host).toBe("::1");
});

const NO_LINKS = [
  "", "example.org", "ftp://h/r/x#y", "https://h/room/x#y", "https://h/r/#y", "https://h/r/x", "https://h/r/x#",
];

test.each(NO_LINKS)(
  "what is no link says which shape is expected: %s", (text) => {
    expect(() => parseBrowserLink(text)).toThrow(/https:\/\/HOST:PORT\/r\/ROOM#HUB/);
  });
