import { expect, test, vi } from "vitest";
import { readLink } from "../src/start/link.js";
import { untilOpen } from "../src/start/open_room.js";
import { missing } from "../src/start/requirements.js";
import { FakeRoom } from "./fake_room.js";

const at = (pathname: string, hash: string) => readLink({ origin: "https://hub.example", pathname, hash });

test("ALinkNamesRoomHubAndPerhapsAnInvite", () => {
  expect(at("/r/ROOM-1", "#HUB.INVITE_2")).toEqual({
    kind: "room",
    room: "ROOM-1",
    link: "https://hub.example/r/ROOM-1#HUB.INVITE_2",
    hasInvite: true,
    transport: "auto",
  });
  expect(at("/r/ROOM-1", "#HUB")).toMatchObject({ kind: "room", hasInvite: false });
});

test("ADamagedLinkIsExplained", () => {
  for (const [path, hash] of [
    ["/r/", "#HUB"],
    ["/r/a%20b", "#HUB"],
    ["/r/ROOM", ""],
    ["/r/ROOM", "#"],
    ["/r/ROOM", "#H.I.X"],
    ["/r/ROOM", "#H."],
    ["/r/ROOM", "#<script>"],
    ["/x", "#H"],
    ["/r/a/b", "#H"],
  ] as const) {
    const page = at(path, hash);
    expect(page.kind, `${path}${hash}`).toBe("broken");
    expect(page.kind === "broken" && page.why.length).toBeGreaterThan(20);
  }
  expect(at("/", "").kind).toBe("none");
});

test("WhatABrowserLacksIsNamed", () => {
  const all = { WebAssembly: {}, RTCPeerConnection: {}, WebSocket: {}, Worker: {} };
  expect(missing(all)).toEqual([]);
  expect(missing({ ...all, RTCPeerConnection: undefined })).toEqual([]);
  expect(missing({ ...all, RTCPeerConnection: undefined, WebSocket: undefined })[0]).toContain("WebRTC");
  expect(missing({ ...all, WebAssembly: undefined })[0]).toContain("WebAssembly");
});

test("ARoomOpensWhenItIsLive", async () => {
  const room = new FakeRoom();
  room.setStatus({ phase: "connecting" });
  const texts: string[] = [];
  const open = untilOpen(room, (text) => texts.push(text));
  room.setStatus({ phase: "receiving" });
  room.setStatus({ phase: "live" });
  await open;
  expect(texts).toEqual(["Connecting to the hub…", "Receiving the scene…"]);
});

test("ARoomThatIsKeptOpensOffline", async () => {
  const room = new FakeRoom();
  await room.create([{ name: "kept" }]);
  room.setStatus({ phase: "offline", will_retry: true });
  await expect(untilOpen(room, vi.fn())).resolves.toBeUndefined();
});

test("ARefusalIsToldInTheHubsWords", async () => {
  const room = new FakeRoom();
  room.setStatus({ phase: "connecting" });
  const open = untilOpen(room, vi.fn());
  room.setStatus({ phase: "offline", will_retry: false, text: "This invite has expired." });
  await expect(open).rejects.toThrow("This invite has expired.");
});
