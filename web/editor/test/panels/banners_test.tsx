import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectionBanner, kDeepQueue } from "../../src/panels/banners.js";
import { kAwayAfterMs } from "../../src/workspace.js";
import { open } from "./open.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function openBanner() {
  const { room, workspace } = open();
  return { room, workspace, text: () => connectionBanner(workspace, () => undefined)?.text ?? "" };
}

test("BannersSayWhatAPersonMustKnowAboutTheConnection", () => {
  const { room, text } = openBanner();
  expect(text()).toBe("");
  room.setStatus({ queued_commands: kDeepQueue });
  expect(text()).toContain(`${kDeepQueue} edits wait`);
  room.setStatus({ rate_limited: true });
  expect(text()).toContain("limited pace");
  room.setStatus({ writer: false });
  expect(text()).toContain("Another tab");
  room.setStatus({ phase: "offline", queued_commands: 3, text: "The hub is stopping." });
  expect(text()).toBe("You are offline. The hub is stopping. 3 edits wait for the connection.");
  room.setStatus({ text: "the hub does not answer", queued_commands: 1 });
  expect(text()).toBe("You are offline. The hub does not answer. 1 edit waits for the connection.");
  room.goOffline();
  expect(text()).toBe("You went offline. 1 edit waits for the connection.");
  room.setStatus({ phase: "stopped", text: "Your role was revoked." });
  expect(text()).toBe("Your role was revoked.");
});

test("AHubThatIsBackWithinAMomentIsNotMissed", () => {
  const { room, workspace, text } = openBanner();
  const shown: string[] = [];
  const look = () => shown.push(text());
  for (const phase of ["offline", "connecting", "logging_in", "attaching", "receiving"] as const) {
    room.setStatus({ phase, will_retry: true, text: "The hub went away.", queued_commands: 2 });
    look();
    vi.advanceTimersByTime(kAwayAfterMs / 5 - 1);
    look();
  }
  room.setStatus({ phase: "live", text: "", queued_commands: 0 });
  look();
  vi.advanceTimersByTime(10 * kAwayAfterMs);
  look();
  expect(new Set(shown)).toEqual(new Set([""]));
  expect(workspace.away.value).toBe(false);
});

test("OneBannerStandsThroughAllAttemptsToComeBack", () => {
  const { room, text } = openBanner();
  room.setStatus({ phase: "offline", will_retry: true, text: "The hub went away.", queued_commands: 2 });
  vi.advanceTimersByTime(kAwayAfterMs);
  const sentence = "You are offline. The hub went away. 2 edits wait for the connection.";
  expect(text()).toBe(sentence);
  for (const phase of ["connecting", "offline", "connecting", "logging_in"] as const) {
    room.setStatus({ phase });
    expect(text(), phase).toBe(sentence);
  }
  room.setStatus({ phase: "live", text: "", queued_commands: 0 });
  expect(text()).toBe("");
});

test("NobodyHasToWaitToReadThatTheyWentOfflineThemselves", () => {
  const { room, text } = openBanner();
  room.goOffline();
  expect(text()).toBe("You went offline. What you edit is kept here until you are back.");
});
