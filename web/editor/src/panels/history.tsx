import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { HistoryEntry } from "@theta/client";
import { Button, IconButton } from "../components/button.js";
import { Field, Select, Toggle } from "../components/fields.js";
import { kCoarsePointer } from "../components/pointer.js";
import { VirtualList } from "../components/virtual_list.js";
import { sentence } from "../sentence.js";
import { useWorkspace, type Workspace } from "../workspace.js";
import { NamesOfThings, rowsOfHistory, type HistoryRow } from "./history_rows.js";
import { nameOr } from "./people.js";

/** The first page shows soon; who reads on is given as much again each time, up to what the hub gives at once. */
const kFirstPageRecords = 100;
const kPageRecordsMax = 4096;
/** A filter that finds little reads on by itself this far before it asks. */
const kPagesPerSearch = 10;
const kRowPixels = kCoarsePointer ? 66 : 60;

/** Who did what and when, newest first, read page by page. */
export default function History() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const entries = useSignal<readonly HistoryEntry[]>([]);
  const author = useSignal("");
  const ofSelection = useSignal(false);
  const problem = useSignal("");
  const busy = useSignal(false);
  const oldest = entries.value.at(-1)?.seq ?? 0;

  const rows = useComputed(() =>
    rowsOfHistory(entries.value, new NamesOfThings(editor.room.scene, entries.value), {
      ...(author.value === "" ? {} : { author: author.value }),
      ...(ofSelection.value ? { ids: new Set(editor.selection.value) } : {}),
    }),
  );
  const readOlder = async () => {
    if (busy.value) return;
    busy.value = true;
    problem.value = "";
    try {
      const before = rows.value.length;
      for (let page = 0; page < kPagesPerSearch && (page === 0 || rows.value.length <= before); ++page) {
        const last = entries.value.at(-1)?.seq ?? (await editor.room.history(1, 1)).head + 1;
        if (last <= 1) break;
        const size = Math.min(kPageRecordsMax, Math.max(kFirstPageRecords, entries.value.length));
        const from = Math.max(1, last - size);
        const read = await editor.room.history(from, last - from);
        entries.value = [...entries.value, ...[...read.entries].reverse()];
        if (read.entries.length === 0) break;
      }
    } catch (error) {
      problem.value = sentence(error);
    } finally {
      busy.value = false;
    }
    // What came meanwhile has been left to this.
    await readNewer();
  };
  const readNewer = async () => {
    for (let more = true; more; ) {
      const first = entries.value[0]?.seq;
      if (first === undefined || busy.value || editor.status.peek().head <= first) return;
      const read = await editor.room.history(first + 1, kPageRecordsMax).catch(() => null);
      const fresh = read?.entries.filter(({ seq }) => seq > (entries.value[0]?.seq ?? 0)) ?? [];
      if (fresh.length > 0) entries.value = [...[...fresh].reverse(), ...entries.value];
      more = fresh.length === kPageRecordsMax;
    }
  };
  useEffect(() => void readOlder(), []);
  const head = editor.status.value.head;
  useEffect(() => void readNewer(), [head]);

  const people = useComputed(() => new Map(entries.value.map((entry) => [entry.author, nameOr(entry.author_name)])));
  const mayReadOlder = oldest > 1 || entries.value.length === 0;
  return (
    <div class="history">
      <Field label="By">
        {(id) => (
          <Select
            id={id}
            value={author.value}
            onChange={(value) => (author.value = value)}
            choices={[
              { value: "", label: "everybody" },
              ...[...people.value].map(([value, label]) => ({ value, label })),
            ]}
          />
        )}
      </Field>
      <Toggle
        label="Only what touched the chosen objects"
        checked={ofSelection.value}
        onChange={(checked) => (ofSelection.value = checked)}
      />
      <VirtualList
        label="Records, newest first"
        ordered
        rows={rows.value}
        rowHeight={kRowPixels}
        keyOf={({ key }) => key}
        renderRow={(row) => <Row row={row} />}
        onNearEnd={() => {
          if (mayReadOlder) void readOlder();
        }}
      />
      {problem.value === "" ? null : (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
      {mayReadOlder ? (
        <Button disabled={busy.value} onClick={() => void readOlder()}>
          {busy.value ? "Reading…" : "Read older ones"}
        </Button>
      ) : (
        <p class="hint">This is where the room began.</p>
      )}
    </div>
  );
}

function Row({ row }: { row: HistoryRow }) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const time = new Date(row.time_ms);
  const isShown = editor.lookBack.value?.seq === row.seq;
  const who = nameOr(row.author_name);
  return (
    <div class={`history-entry ${isShown ? "is-shown" : ""}`}>
      <span class="person-dot" style={{ background: editor.colorOf(row.author).fill }} />
      <div class="history-what">
        <p class="history-text" title={`${who} ${row.text}`}>
          <strong>{who}</strong> {row.text}
        </p>
        <p class="hint">
          <time dateTime={time.toISOString()} title={time.toLocaleString()}>
            {when(time)}
          </time>
        </p>
      </div>
      <IconButton
        icon="history"
        label={`Look back at record ${row.seq}`}
        pressed={isShown}
        onClick={() => void lookBackAt(workspace, row.seq)}
      />
    </div>
  );
}

function when(time: Date): string {
  const today = new Date().toDateString() === time.toDateString();
  return today ? time.toLocaleTimeString() : time.toLocaleString();
}

/** Shows the scene as it was after a record; the newest wish wins when several are under way. */
export async function lookBackAt(workspace: Workspace, seq: number): Promise<void> {
  const { editor } = workspace;
  const abort = new AbortController();
  pendingLookBack?.abort();
  pendingLookBack = abort;
  const scene = await workspace.runJob(`Look back at record ${seq}`, async (task) => {
    const signal = AbortSignal.any([task.signal, abort.signal]);
    try {
      return await editor.room.sceneAt(seq, { onProgress: task.onProgress, signal });
    } catch (error) {
      if (abort.signal.aborted) return null;
      throw error;
    }
  });
  if (scene !== null && !abort.signal.aborted) editor.lookBack.value = { seq, scene };
}
let pendingLookBack: AbortController | undefined;

/** Above the view while the past is shown: where in it, and the way back. */
export function LookBackBar() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const shown = editor.lookBack.value;
  if (shown === null) return null;
  const head = editor.status.value.head;
  const go = (seq: number) => void lookBackAt(workspace, Math.min(head, Math.max(1, seq)));
  return (
    <div class="look-back" role="group" aria-label="Looking back">
      <IconButton
        icon="step_back"
        label="One record back"
        disabled={shown.seq <= 1}
        onClick={() => go(shown.seq - 1)}
      />
      <input
        type="range"
        aria-label="Record"
        aria-valuetext={`record ${shown.seq} of ${head}`}
        min={1}
        max={head}
        value={shown.seq}
        onChange={(event) => go(Number(event.currentTarget.value))}
        onKeyDown={(event) => event.stopPropagation()}
      />
      <IconButton
        icon="step_forward"
        label="One record on"
        disabled={shown.seq >= head}
        onClick={() => go(shown.seq + 1)}
      />
      <span class="look-back-text">{`The past: record ${shown.seq} of ${head}`}</span>
      <Button
        kind="primary"
        onClick={() => {
          pendingLookBack?.abort();
          editor.lookBack.value = null;
        }}
      >
        Back to now
      </Button>
    </div>
  );
}
