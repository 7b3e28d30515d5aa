import { effect, signal, type Signal } from "@preact/signals";
import type { Conflict, EntityId } from "@theta/client";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { Toasts } from "./components/toast.js";
import type { Editor } from "./editor.js";

export type DialogName = "invite" | "help" | "about" | "palette" | "move_to" | "leave";
export type SideTab = "properties" | "people" | "history";

/** Something long that is under way, with a way to stop it. */
export interface Job {
  readonly number: number;
  readonly title: string;
  readonly fraction: number;
  readonly what: string;
  readonly cancel: () => void;
}

/** A conflict that waits for an answer. */
export interface PendingConflict {
  readonly number: number;
  readonly conflict: Conflict;
}

/** More would mean that somebody is away; the oldest are discarded, as the log already did. */
const kConflictsMax = 100;

/** So long a connection may be gone before it is worth a word: a hub that starts anew is back within that. */
export const kAwayAfterMs = 1500;

/** The editor's window: what is open and shown where, on this screen only. */
export class Workspace {
  readonly toasts = new Toasts();
  readonly dialog = signal<DialogName | null>(null);
  readonly leftOpen = kept<boolean>("left", true);
  readonly rightOpen = kept<boolean>("right", true);
  readonly leftWidth = kept<number>("left-width", 260);
  readonly rightWidth = kept<number>("right-width", 300);
  readonly sideTab = signal<SideTab>("properties");
  /** On narrow screens one panel at a time covers the lower part. */
  readonly sheet = signal<"outliner" | SideTab | null>(null);
  readonly renaming = signal<EntityId | null>(null);
  readonly clipboard = signal<{ readonly ids: readonly EntityId[]; readonly cut: boolean } | null>(null);
  readonly conflicts = signal<readonly PendingConflict[]>([]);
  readonly jobs = signal<readonly Job[]>([]);
  /** Whether the hub has been away for longer than a moment. */
  readonly away = signal(false);
  /** Files that were chosen or dropped, for the importer; set by the shell. */
  onImport: () => void = () => undefined;
  private next = 1;
  private readonly stops: (() => void)[] = [];

  constructor(
    readonly editor: Editor,
    readonly link: string,
  ) {
    editor.onNotice.value = (kind, text) => this.toasts.show(kind, text);
    this.stops.push(
      editor.room.on("conflict", (conflict) => {
        const pending = { number: this.next++, conflict };
        this.conflicts.value = [...this.conflicts.value, pending].slice(-kConflictsMax);
      }),
      editor.room.on("remapped", (ids) => {
        const { value } = this.clipboard;
        if (value !== null) this.clipboard.value = { ...value, ids: value.ids.map((id) => ids.get(id) ?? id) };
      }),
      noticeAbsence(editor, this.away),
    );
  }

  settleConflict(number: number): void {
    this.conflicts.value = this.conflicts.value.filter((pending) => pending.number !== number);
  }

  /**
   * Shows `work` in the list of jobs until it ends. What it throws is told, but for its being cancelled; `toldWhole`:
   * its sentence names what it was about by itself.
   */
  async runJob<Result>(
    title: string,
    work: (task: { signal: AbortSignal; onProgress: (fraction: number, what: string) => void }) => Promise<Result>,
    how: { readonly toldWhole?: boolean } = {},
  ): Promise<Result | null> {
    const number = this.next++;
    const abort = new AbortController();
    const update = (fraction: number, what: string) => {
      const job = { number, title, fraction, what, cancel: () => abort.abort() };
      this.jobs.value = [...this.jobs.value.filter((each) => each.number !== number), job].sort(
        (a, b) => a.number - b.number,
      );
    };
    update(0, "Starting");
    try {
      return await work({ signal: abort.signal, onProgress: (fraction, what) => update(fraction, what) });
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (abort.signal.aborted) this.toasts.show("info", `${title}: cancelled.`);
      else this.toasts.show("error", how.toldWhole === true ? text : `${title}: ${text}`);
      return null;
    } finally {
      this.jobs.value = this.jobs.value.filter((job) => job.number !== number);
    }
  }

  /** Opens a tab of the right panel, wherever that is on this screen. */
  openTab(tab: SideTab): void {
    this.sideTab.value = tab;
    this.rightOpen.value = true;
    this.sheet.value = tab;
  }

  dispose(): void {
    for (const stop of this.stops) stop();
  }
}

/** Sets `away` once there has been no connection for `kAwayAfterMs`, however many attempts lie in between. */
function noticeAbsence({ status }: Editor, away: Signal<boolean>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = effect(() => {
    if (status.value.phase === "live") {
      clearTimeout(timer);
      timer = undefined;
      away.value = false;
    } else if (!away.peek()) timer ??= setTimeout(() => (away.value = true), kAwayAfterMs);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** A signal whose value outlives the page where the browser allows it. */
function kept<Value extends boolean | number>(name: string, initial: Value): Signal<Value> {
  const key = `theta.panel.${name}`;
  let value = initial;
  try {
    const text: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (typeof text === typeof initial) value = text as Value;
  } catch {
    // What is unreadable or forbidden starts as it did the first time.
  }
  const result = signal(value);
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(result.value));
    } catch {
      // Then it lasts as long as the page.
    }
  });
  return result;
}

export const WorkspaceContext = createContext<Workspace | null>(null);

export function useWorkspace(): Workspace {
  const workspace = useContext(WorkspaceContext);
  if (workspace === null) throw new Error("A panel must stand within a WorkspaceContext.");
  return workspace;
}
