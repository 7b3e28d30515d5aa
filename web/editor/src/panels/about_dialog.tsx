import { useSignal } from "@preact/signals";
import { Button } from "../components/button.js";
import { Dialog } from "../components/dialog.js";
import { sentence } from "../sentence.js";
import { useWorkspace } from "../workspace.js";

/** What this is, and the number by which two people can see that they have the same scene. */
export default function AboutDialog({ onClose }: { onClose: () => void }) {
  const { editor } = useWorkspace();
  const hash = useSignal("");
  const status = editor.status.value;
  const ask = async () => {
    try {
      const state = await editor.room.stateHash();
      hash.value = `Record ${state.seq}: ${state.hash}`;
    } catch (error) {
      hash.value = sentence(error);
    }
  };
  return (
    <Dialog title="About Theta" size="medium" onClose={onClose}>
      <p>
        Theta lets people build 3D scenes together, live. Every edit is signed by its author and ordered by a hub; this
        page runs the same verified core as every other peer, as WebAssembly.
      </p>
      <dl class="facts-list">
        <div>
          <dt>Connection</dt>
          <dd>{status.transport_kind ?? "none"}</dd>
        </div>
        <div>
          <dt>Records</dt>
          <dd>{status.head.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>Objects</dt>
          <dd>{editor.room.scene.size.toLocaleString("en")}</dd>
        </div>
        <div>
          <dt>Your key</dt>
          <dd>
            <code>{status.author.slice(0, 16)}…</code>
          </dd>
        </div>
      </dl>
      <Button onClick={() => void ask()}>Show the state hash</Button>
      {hash.value === "" ? null : (
        <p class="asset-id" role="status">
          {hash.value}
        </p>
      )}
      <p class="hint">Apache License 2.0. Built with three.js and Preact (MIT).</p>
    </Dialog>
  );
}
