import { startEngine } from "./host.js";
import { coreLink, parseBrowserLink } from "./link.js";
import { type EngineOptions } from "./protocol.js";
import { type ConnectOptions, type Room } from "./room.js";
import { RoomClient } from "./room_client.js";

/**
 * Opens a room by its link. Resolves as soon as what is kept of the room can be shown, which may be nothing yet; the
 * hub is reached afterwards (`Room.status`). Rejects with a sentence when the link is wrong, when what is kept cannot
 * be read, or when this browser lacks WebAssembly.
 */
export async function connect(options: ConnectOptions): Promise<Room> {
  const link = parseBrowserLink(options.link);
  if (typeof WebAssembly === "undefined") throw new Error("this browser has no WebAssembly, which Theta needs");
  let room: RoomClient | undefined;
  let fail: (error: Error) => void = () => undefined;
  const crashed = new Promise<never>((_, reject) => (fail = reject));
  crashed.catch(() => undefined);
  const host = startEngine((text) => {
    fail(new Error(`the part of the page that runs the core ended: ${text}`));
    room?.crash(text);
  });
  const engineOptions: EngineOptions = {
    origin: link.origin,
    link: coreLink(link),
    displayName: options.displayName,
    storage: options.storage ?? "auto",
    transport: options.transport ?? "auto",
    offline: options.offline ?? false,
    hasWebRtc: typeof RTCPeerConnection !== "undefined",
    ...(options.wasmBinary ? { wasmBinary: options.wasmBinary } : {}),
  };
  const opened = await Promise.race([RoomClient.open(host, link, engineOptions), crashed]);
  room = opened;
  return opened;
}
