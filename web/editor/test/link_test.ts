import { describe, expect, it } from "vitest";
import { readLink } from "../src/start/link.js";

const kPage = { origin: "https://hub.example", pathname: "/r/ROOM", search: "", hash: "#HUB.INVITE" };

describe("a page's address", () => {
  it("names room, hub and invite", () => {
    expect(readLink(kPage)).toEqual({
      kind: "room", room: "ROOM", link: "https://hub.example/r/ROOM#HUB.INVITE", hasInvite: true, transport: "auto",
    });
  });

  it("of a member has no invite", () => {
    expect(readLink({ ...kPage, hash: "#HUB" })).toMatchObject({ kind: "room", hasInvite: false });
  });

  it("can insist on a transport, which is no part of the link", () => {
    expect(readLink({ ...kPage, search: "?transport=websocket" })).toMatchObject({
      link: "https://hub.example/r/ROOM#HUB.INVITE", transport: "websocket",
    });
  });

  it.each([
    [{ search: "?transport=pigeon" }, /pigeon.*auto, webrtc and websocket/],
    [{ pathname: "/r/" }, /damaged/],
    [{ pathname: "/rooms/ROOM" }, /does not name a room/],
    [{ hash: "" }, /behind # is missing/],
    [{ hash: "#HUB.INVITE.MORE" }, /behind # is damaged/],
    [{ hash: "#<script>" }, /behind # is damaged/],
  ])("that is wrong is told so: %o", (change, why) => {
    const page = readLink({ ...kPage, ...change });
    expect(page.kind).toBe("broken");
    expect(page.kind === "broken" && page.why).toMatch(why);
  });
});
