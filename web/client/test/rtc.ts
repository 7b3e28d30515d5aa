import * as polyfill from "node-datachannel/polyfill";

const nodeFetch = globalThis.fetch;

/** An independent WebRTC, since Node has none; and a fetch that says where it comes from, as a browser's does. */
export function giveWebRtc(): void {
  globalThis.fetch = (address, init) => {
    const { origin } = new URL(String(address));
    return nodeFetch(address, { ...init, headers: { ...(init?.headers as Record<string, string>), Origin: origin } });
  };
  (globalThis as any).RTCPeerConnection = polyfill.RTCPeerConnection;
}

export function takeWebRtcAway(): void {
  delete (globalThis as any).RTCPeerConnection;
}
