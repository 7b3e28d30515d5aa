import type { Room, Status } from "@theta/client";

/** Whether there is something to show and edit, or to edit offline. */
export function isOpen(status: Status, sceneSize: number): boolean {
  return status.phase === "live" || (status.phase === "offline" && status.role !== "none" && sceneSize > 0);
}

/** Whether the hub or the room said no and nobody will try again. */
export function isRefused(status: Status): boolean {
  return status.phase === "stopped" || (status.phase === "offline" && !status.will_retry && status.text !== "");
}

const kWords: Readonly<Record<Status["phase"], string>> = {
  offline: "The hub cannot be reached; trying again…",
  connecting: "Connecting to the hub…",
  logging_in: "Proving who you are…",
  attaching: "Entering the room…",
  receiving: "Receiving the scene…",
  live: "Ready.",
  stopped: "Stopped.",
};

export function waitingText({ phase, text, will_retry }: Status): string {
  if (phase === "offline" && text !== "") return will_retry ? `${text} Trying again…` : text;
  return kWords[phase];
}

/**
 * Resolves when the room can be shown; rejects with the hub's sentence when it refuses. `onText` says meanwhile what is
 * being waited for.
 */
export function untilOpen(room: Room, onText: (text: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let stop: () => void = () => undefined;
    const look = () => {
      const { status, scene } = room;
      if (isOpen(status, scene.size)) {
        stop();
        resolve();
      } else if (isRefused(status)) {
        stop();
        reject(new Error(status.text === "" ? "The hub ended the session." : status.text));
      } else onText(waitingText(status));
    };
    stop = room.on("status", look);
    look();
  });
}
