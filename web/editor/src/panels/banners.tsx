import type { Status } from "@theta/client";
import { action } from "../actions/index.js";
import { Button } from "../components/button.js";
import { Icon, type IconName } from "../components/icon.js";
import { asSentence, counted } from "../sentence.js";
import { useWorkspace, type Workspace } from "../workspace.js";
import { nameOr } from "./people.js";

/** From this many waiting commands on a person should know that others see their work late. */
export const kDeepQueue = 25;

export interface Banner {
  readonly kind: "info" | "warning" | "error";
  readonly icon: IconName;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

export function pendingEdits(status: Status): number {
  return status.queued_commands + status.commands_in_flight;
}

function edits(count: number): string {
  return `${counted(count, "edit")} ${count === 1 ? "waits" : "wait"}`;
}

/** What a person has to know about the connection, most pressing first. */
export function connectionBanner(workspace: Workspace, reload: () => void): Banner | null {
  const { editor } = workspace;
  const status = editor.status.value;
  const pending = pendingEdits(status);
  if (status.phase === "stopped") {
    const text = status.text === "" ? "This session has ended for good." : status.text;
    return { kind: "error", icon: "warning", text, action: { label: "Load the page again", run: reload } };
  }
  if (status.put_out) return putOutBanner(workspace, pending);
  const absence = status.phase === "live" ? null : absenceBanner(workspace, pending);
  if (absence !== null) return absence;
  if (!status.writer) {
    return {
      kind: "info",
      icon: "info",
      text: "Another tab or device of yours edits this room; here you can only look.",
      action: { label: "Edit here instead", run: () => editor.room.takeWriter() },
    };
  }
  if (status.rate_limited) {
    return {
      kind: "warning",
      icon: "warning",
      text: `The room takes edits at a limited pace; ${edits(pending)} and will go through by themselves.`,
    };
  }
  if (pending >= kDeepQueue) {
    return {
      kind: "warning",
      icon: "warning",
      text: `The connection is slow: ${edits(pending)}. Others see your work later.`,
    };
  }
  return null;
}

/**
 * One sentence for as long as there is no connection, through all attempts to get one. Nothing at all for a moment:
 * who would read it? But whoever went offline on purpose, or can't come back without a hand, is told at once.
 */
function absenceBanner({ editor, away }: Workspace, pending: number): Banner | null {
  const { phase, text, will_retry, head } = editor.status.value;
  const isFinal = phase === "offline" && !will_retry;
  if (!isFinal && !away.value) return null;
  // The first time there is nothing to be kept from yet.
  if (phase !== "offline" && head === 0) return { kind: "info", icon: "info", text: "Connecting to the hub…" };
  const waiting =
    pending === 0 ? "What you edit is kept here until you are back." : `${edits(pending)} for the connection.`;
  const why = text === "" ? "" : ` ${asSentence(text)}`;
  return {
    kind: "warning",
    icon: "offline",
    text: isFinal && text === "" ? `You went offline. ${waiting}` : `You are offline.${why} ${waiting}`,
    action: { label: isFinal ? "Go online" : "Try now", run: () => editor.room.goOnline() },
  };
}

/** The network is not at fault, so there is nothing to try; the hub is asked again from time to time all the same. */
function putOutBanner(workspace: Workspace, pending: number): Banner {
  const kept =
    pending === 0
      ? "The scene as you last saw it stays on this device."
      : `${edits(pending)} on this device, and will be sent if you are let in again.`;
  return {
    kind: "error",
    icon: "warning",
    text: `An admin has taken your access to this room. Ask an admin to give it back. ${kept}`,
    action: { label: "Export the scene", run: () => void action("file.export").run(workspace) },
  };
}

function viewBanner({ editor }: Workspace): Banner | null {
  const { role, phase } = editor.status.value;
  if (editor.following.value !== null) {
    const who = editor.participants.value.find(({ session }) => session === editor.following.value);
    return {
      kind: "info",
      icon: "eye",
      text: `You see what ${nameOr(who?.name ?? "")} sees. Move the view to stop.`,
      action: { label: "Stop following", run: () => (editor.following.value = null) },
    };
  }
  if (editor.lookingThrough.value !== null) {
    return {
      kind: "info",
      icon: "camera",
      text: "You look through a camera of the scene. Move the view to leave it.",
      action: { label: "Leave", run: () => (editor.lookingThrough.value = null) },
    };
  }
  if (role === "viewer" && phase === "live") {
    return { kind: "info", icon: "eye", text: "You are a viewer in this room: you can look around but not edit." };
  }
  return null;
}

export function Banners() {
  const workspace = useWorkspace();
  const banners = [connectionBanner(workspace, () => location.reload()), viewBanner(workspace)];
  return (
    <div class="banners" role="status" aria-label="State of the connection">
      {banners.map((banner, place) =>
        banner === null ? null : (
          <div key={place} class={`banner banner-${banner.kind}`}>
            <Icon name={banner.icon} />
            <p>{banner.text}</p>
            {banner.action === undefined ? null : <Button onClick={banner.action.run}>{banner.action.label}</Button>}
          </div>
        ),
      )}
    </div>
  );
}
