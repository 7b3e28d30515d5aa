import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type RtcNews } from "../src/protocol.js";
import { OPEN_MS, RtcLink } from "../src/rtc_link.js";

// A browser whose connection opens when the test says so, and whose timers fire one by one: after a machine has stood
// still, what is due fires once, however late it is.

class Channel {
  readyState = "connecting";
  bufferedAmount = 0;
  onopen: (() => void) | undefined;

  open(): void {
    this.readyState = "open";
    this.onopen?.();
  }
}

class Connection {
  static channels: Channel[] = [];
  static isClosed = false;

  createDataChannel(): Channel {
    Connection.channels.push(new Channel());
    return Connection.channels.at(-1)!;
  }

  createOffer(): Promise<never> {
    return new Promise(() => undefined);
  }

  close(): void {
    Connection.isClosed = true;
  }
}

const told: RtcNews[] = [];

function openLink(): RtcLink {
  const never = (): Promise<never> => new Promise(() => undefined);
  const signalling = { signOffer: never, checkAnswer: never };
  return new RtcLink(1, "http://127.0.0.1:1", signalling, (news) => told.push(news), () => undefined);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("RTCPeerConnection", Connection);
  Connection.channels = [];
  Connection.isClosed = false;
  told.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test("while the machine stands still the patience for a connection is not used up", () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  const link = openLink();
  // Three times in a row it is gone for half a minute.
  for (let stall = 1; stall <= 3; ++stall) {
    clock.mockReturnValue(stall * 30_000);
    vi.advanceTimersToNextTimer();
  }
  expect(told).toEqual([]);
  for (const channel of Connection.channels) channel.open();
  expect(told).toEqual([{ kind: "rtc_opened", attempt: 1, address: "127.0.0.1:1" }]);
  vi.advanceTimersByTime(60_000);
  expect([told.length, Connection.isClosed]).toEqual([1, false]);
  link.close(false);
  expect(vi.getTimerCount()).toBe(0);
});

test("in a page that nobody sees, whose timers come once a second, four seconds are four", () => {
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  openLink();
  for (let second = 1; second <= 4; ++second) {
    expect(told).toEqual([]);
    clock.mockReturnValue(second * 1000);
    vi.advanceTimersToNextTimer();
  }
  expect(told).toMatchObject([{ kind: "rtc_failed" }]);
});

test("where no channel opens for four seconds that were seen to pass, something else is tried", () => {
  openLink();
  vi.advanceTimersByTime(OPEN_MS - 1);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([{ kind: "rtc_failed", attempt: 1, text: expect.stringContaining("may block UDP") }]);
  expect([Connection.isClosed, vi.getTimerCount()]).toEqual([true, 0]);
});
