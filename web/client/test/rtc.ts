import * as polyfill from "node-datachannel/polyfill";

/** An independent WebRTC, since Node has none. */
export function giveWebRtc(): void {
  (globalThis as any).RTCPeerConnection = polyfill.RTCPeerConnection;
}

export function takeWebRtcAway(): void {
  delete (globalThis as any).RTCPeerConnection;
}
