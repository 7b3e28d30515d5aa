import type { Phase, TransportKind } from "@theta/client";
import { pendingEdits } from "../panels/banners.js";
import { roleName } from "../panels/people.js";
import { counted } from "../sentence.js";
import { useWorkspace } from "../workspace.js";

const kPhases: Record<Phase, string> = {
  offline: "offline",
  connecting: "connecting",
  logging_in: "logging in",
  attaching: "entering the room",
  receiving: "receiving the scene",
  live: "live",
  stopped: "stopped",
};
const kTransports: Record<TransportKind, string> = { webrtc: "WebRTC", websocket: "WebSocket" };

/** Files go nowhere while there is no hub to take them. */
function uploading(count: number, phase: Phase): string {
  const [goes, go] = phase === "live" ? ["goes up", "go up"] : ["waits", "wait"];
  return `${counted(count, "file")} ${count === 1 ? goes : go}`;
}

/** Where things stand, always in view. */
export function StatusBar() {
  const { editor } = useWorkspace();
  void editor.revision.value;
  const { phase, transport_kind, rtt_ms, role, unstored_edits, uploads } = editor.status.value;
  const pending = pendingEdits(editor.status.value);
  const chosen = editor.selection.value.length;
  return (
    <footer class="status-bar" aria-label="Status">
      <span class="status-phase" data-phase={phase}>
        <span class="status-dot" />
        {kPhases[phase]}
      </span>
      {transport_kind === undefined ? null : (
        <span
          data-testid="transport"
          title={
            transport_kind === "websocket"
              ? "UDP does not get through here, so everything goes over the web’s own port."
              : undefined
          }
        >
          {kTransports[transport_kind]}
        </span>
      )}
      {rtt_ms === undefined || phase !== "live" ? null : (
        <span title="There and back">{`${Math.round(rtt_ms)} ms`}</span>
      )}
      <span data-testid="pending">{pending === 0 ? "all edits are in" : `${pending} pending`}</span>
      {uploads === 0 ? null : <span data-testid="uploads">{uploading(uploads, phase)}</span>}
      {unstored_edits === 0 ? null : <span class="status-warning">{`${unstored_edits} not stored yet`}</span>}
      <span class="status-space" />
      <span class="status-wide">{counted(editor.scene.value.size, "object")}</span>
      {chosen === 0 ? null : <span class="status-wide">{`${chosen.toLocaleString("en")} chosen`}</span>}
      <span>{roleName(role)}</span>
    </footer>
  );
}
