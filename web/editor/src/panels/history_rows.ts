import type { AuthorKey, EntityId, HistoryCommand, HistoryEntry, Scene, Seq } from "@theta/client";
import { counted } from "../sentence.js";

/** What somebody did, for people: a record, a part of one, or several that belong together. */
export interface HistoryRow {
  /** Tells it from other rows of the same record. */
  readonly key: string;
  /** The newest record of it: after that all of it was done. */
  readonly seq: Seq;
  readonly time_ms: number;
  readonly author: AuthorKey;
  readonly author_name: string;
  /** Goes on after the person's name: "added 21 objects (engine …)". */
  readonly text: string;
}

interface Deed {
  readonly entry: HistoryEntry;
  /** Absent: the hub has archived what it was. */
  readonly command?: HistoryCommand;
}

/** Who chose what with which tool changes neither the scene nor the room. */
const kUnseen: ReadonlySet<string> = new Set(["highlight_selection", "activate_tool", "deactivate_tool"]);
/** Deeds further apart than this are told apart, however alike they are. */
const kRunMs = 5 * 60_000;
/** An import takes as many commands as its objects need, one right after the other. */
const kImportPauseMs = 2000;
/** Of more things than these the number says enough. */
const kThingsNamedMax = 2;

/** What is done to things, by the name of the command; two of them go either way, which the record's text tells. */
const kVerbs: Readonly<Record<string, string | ((text: string) => string)>> = {
  create_entities: "added",
  delete_entities: "deleted",
  duplicate_entities: "duplicated",
  reparent_entities: "moved in the tree:",
  reorder_entities: "reordered",
  set_transform: "placed",
  translate_by: "moved",
  rotate_by: "rotated",
  scale_by: "scaled",
  set_mesh: (text) => `${changedOrRemoved(text)} the mesh of`,
  set_material: (text) => `${changedOrRemoved(text)} the material of`,
  set_light: (text) => `${changedOrRemoved(text)} the light of`,
  set_camera: (text) => `${changedOrRemoved(text)} the camera of`,
  set_visibility: (text) => (text.startsWith("hid") ? "hid" : "showed"),
  change_tags: "changed the tags of",
  set_app_component: "changed an application’s data of",
};
function changedOrRemoved(text: string): string {
  return text.startsWith("removed") ? "removed" : "changed";
}

/** Names of what records speak of, also of what was deleted since. */
export class NamesOfThings {
  private readonly told = new Map<EntityId, string>();

  /** `entries` come newest first; the newest name is the one that counts. */
  constructor(
    private readonly scene: Scene,
    entries: readonly HistoryEntry[],
  ) {
    for (const { commands } of entries)
      for (const { targets, names } of [...commands].reverse())
        names?.forEach((name, at) => {
          const id = targets[at];
          if (id !== undefined && !this.told.has(id)) this.told.set(id, name);
        });
  }

  /** Empty: it has none, or nobody knows any more. */
  of(id: EntityId): string {
    return this.scene.get(id)?.name ?? this.told.get(id) ?? "";
  }
}

/**
 * What changed the scene or the room, newest first, from entries that come newest first; what somebody did in one go
 * is one row. `author` and `ids`: only what they did, only what touched one of these.
 */
export function rowsOfHistory(
  entries: readonly HistoryEntry[],
  names: NamesOfThings,
  only: { readonly author?: AuthorKey; readonly ids?: ReadonlySet<EntityId> } = {},
): HistoryRow[] {
  const rows: HistoryRow[] = [];
  let run: Deed[] = [];
  const finish = () => {
    if (run.length > 0) rows.push(rowOf(run, names));
    run = [];
  };
  for (const deed of deedsOf(entries)) {
    if (only.author !== undefined && deed.entry.author !== only.author) continue;
    const { ids } = only;
    if (ids !== undefined && deed.command?.targets.some((target) => ids.has(target)) !== true) continue;
    const newer = run.at(-1);
    if (newer !== undefined && !goTogether(newer, deed)) finish();
    run.push(deed);
  }
  finish();
  return rows;
}

function* deedsOf(entries: readonly HistoryEntry[]): Iterable<Deed> {
  for (const entry of entries) {
    if (entry.archived) yield { entry };
    for (const command of [...entry.commands].reverse()) if (!kUnseen.has(command.command)) yield { entry, command };
  }
}

function goTogether(newer: Deed, older: Deed): boolean {
  if (newer.entry.author !== older.entry.author) return false;
  const [one, other] = [newer.command, older.command];
  if (one === undefined || other === undefined) return one === other;
  const pause_ms = newer.entry.time_ms - older.entry.time_ms;
  if (pause_ms > kRunMs || verbOf(one) !== verbOf(other)) return false;
  if (one.command === "create_entities") return other.count > 1 && pause_ms <= kImportPauseMs;
  if (isStep(one)) return true;
  return one.targets.length > 0 && one.count === other.count && one.targets.join() === other.targets.join();
}

function isStep({ command }: HistoryCommand): boolean {
  return command === "undo" || command === "redo";
}

function verbOf({ command, text }: HistoryCommand): string {
  const verb = kVerbs[command];
  return typeof verb === "function" ? verb(text) : (verb ?? command);
}

/** Of a run, newest first. */
function rowOf(run: readonly Deed[], names: NamesOfThings): HistoryRow {
  const { seq, time_ms, author, author_name } = (run[0] as Deed).entry;
  const place = run[0]?.command === undefined ? 0 : (run[0].entry.commands.indexOf(run[0].command) + 1);
  return { key: `${seq}.${place}`, seq, time_ms, author, author_name, text: textOf(run, names) };
}

function textOf(run: readonly Deed[], names: NamesOfThings): string {
  const oldest = run.at(-1)?.command;
  if (oldest === undefined) return `did what is archived by now (${counted(run.length, "record")})`;
  const { command, text } = oldest;
  if (command === "undo") return run.length === 1 ? "took a step back" : `took ${counted(run.length, "step")} back`;
  if (command === "redo") return run.length === 1 ? "did a step again" : `did ${counted(run.length, "step")} again`;
  if (command === "rename_entity") return `renamed an object to “${(run[0] as Deed).command?.names?.[0] ?? ""}”`;
  if (!(command in kVerbs)) return text === "" ? command : text;
  const adds = command === "create_entities";
  const count = adds ? run.reduce((sum, deed) => sum + (deed.command?.count ?? 0), 0) : oldest.count;
  const times = adds || run.length === 1 ? "" : ` (${run.length.toLocaleString("en")} times)`;
  return `${verbOf(oldest)} ${things(count, oldest.targets, names)}${times}`;
}

/** “engine”, or "21 objects (engine, wheel …)". */
function things(count: number, targets: readonly EntityId[], names: NamesOfThings): string {
  const known = targets.map((id) => names.of(id)).filter((name) => name !== "");
  if (count === 1) return known[0] === undefined ? "an object without a name" : `“${known[0]}”`;
  const named = known.slice(0, kThingsNamedMax);
  const more = named.length < count ? " …" : "";
  return `${counted(count, "object")}${named.length === 0 ? "" : ` (${named.join(", ")}${more})`}`;
}
