import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { ROOT, type EntityId } from "@theta/client";
import { useRef } from "preact/hooks";
import { menuOf } from "../actions/index.js";
import { moveBelow, rename, setVisible } from "../actions/edit.js";
import { IconButton } from "../components/button.js";
import { TextField } from "../components/fields.js";
import { Icon, type IconName } from "../components/icon.js";
import { Menu, MenuButton, type MenuPlace } from "../components/menu.js";
import { kCoarsePointer } from "../components/pointer.js";
import { Tree, type DropPlace } from "../components/tree.js";
import { useWorkspace } from "../workspace.js";
import { displayName, kindOf, nextSelection, rowsFound, rowsOf, type OutlinerRow } from "./outliner_rows.js";

const kRowPixels = kCoarsePointer ? 36 : 24;
const kIconOfKind: Record<ReturnType<typeof kindOf>, IconName> = {
  Light: "bulb",
  Camera: "camera",
  Mesh: "cube",
  Empty: "empty",
};
const kMenu = [
  "view.frame",
  "-",
  "edit.rename",
  "edit.duplicate",
  "edit.group",
  "edit.ungroup",
  "edit.move_to",
  "edit.hide",
  "-",
  "edit.cut",
  "edit.copy",
  "edit.paste",
  "-",
  "file.export_selection",
  "-",
  "edit.delete",
];

/** The scene as a tree: what is in what, and by what name. */
export function Outliner() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const collapsed = useSignal<ReadonlySet<EntityId>>(new Set());
  const search = useSignal("");
  const menu = useSignal<MenuPlace | null>(null);
  const anchor = useRef<EntityId | null>(null);
  const rows = useComputed(() => {
    void editor.revision.value;
    const scene = editor.scene.value;
    return search.value.trim() === "" ? rowsOf(scene, collapsed.value) : rowsFound(scene, search.value);
  });
  const othersSelect = useComputed(() =>
    selectionsOfOthers(workspace.editor.members.value, editor.status.value.author),
  );
  const byId = useComputed(() => new Map(rows.value.map((row) => [row.id, row])));
  const active = editor.selection.value.at(-1) ?? null;

  // What was chosen elsewhere must not stay hidden below something collapsed.
  useSignalEffect(() => {
    const id = editor.selection.value.at(-1);
    const hiding = new Set<EntityId>();
    for (let above = id === undefined ? ROOT : (editor.scene.value.get(id)?.parent ?? ROOT); above !== ROOT; ) {
      if (collapsed.peek().has(above)) hiding.add(above);
      above = editor.scene.value.get(above)?.parent ?? ROOT;
    }
    if (hiding.size > 0) collapsed.value = new Set([...collapsed.peek()].filter((each) => !hiding.has(each)));
  });

  const expand = (id: EntityId, expanded: boolean) => {
    const next = new Set(collapsed.value);
    if (expanded) next.delete(id);
    else next.add(id);
    collapsed.value = next;
  };
  const activate = (id: EntityId, how: { extend: boolean; toggle: boolean }) => {
    editor.selection.value = nextSelection(rows.value, editor.selection.value, anchor.current, id, how);
    if (!how.extend) anchor.current = id;
  };
  const drop = (dragged: EntityId, target: EntityId | null, place: DropPlace) => {
    const ids = editor.selection.value.includes(dragged) ? editor.selection.value : [dragged];
    const ordered = rows.value.map(({ id }) => id).filter((id) => ids.includes(id));
    void dropOn(workspace, ordered, target, place);
  };

  return (
    <section class="panel outliner" aria-label="Outliner">
      <header class="panel-head">
        <div class="search">
          <Icon name="search" />
          <input
            type="search"
            aria-label="Search the outliner"
            placeholder="Name, tag or kind"
            value={search.value}
            spellcheck={false}
            onInput={(event) => (search.value = event.currentTarget.value)}
          />
        </div>
        <MenuButton
          label="Scene menu"
          icon="more"
          entries={() =>
            menuOf(workspace, ["select.all", "select.invert", "select.none", "-", "edit.show_all", "edit.paste"])
          }
        />
      </header>
      <Tree
        label="Objects of the scene"
        rows={rows.value}
        rowHeight={kRowPixels}
        active={active}
        selected={new Set(editor.selection.value)}
        onActivate={activate}
        onExpand={expand}
        onDrop={editor.readOnly.value === "" ? drop : undefined}
        onOpen={(id) => {
          if (editor.readOnly.value === "") workspace.renaming.value = id;
        }}
        onMenu={(id, place) => {
          if (id !== null && !editor.selection.value.includes(id)) editor.selection.value = [id];
          menu.value = place;
        }}
        renderRow={(row) => (
          <Row row={byId.value.get(row.id)} onExpand={expand} others={othersSelect.value.get(row.id)} />
        )}
      />
      {rows.value.length === 0 ? (
        <Nothing searching={search.value !== ""} readOnly={editor.readOnly.value !== ""} />
      ) : null}
      {menu.value === null ? null : (
        <Menu
          label="Object"
          entries={menuOf(workspace, kMenu)}
          place={menu.value}
          onClose={() => (menu.value = null)}
        />
      )}
    </section>
  );
}

function Nothing({ searching, readOnly }: { searching: boolean; readOnly: boolean }) {
  const empty = readOnly
    ? "Nothing here yet. What others add shows here."
    : "Nothing here yet. Add an object or drop a model.";
  return <p class="panel-empty">{searching ? "Nothing has all these words in its name or tags." : empty}</p>;
}

interface RowProps {
  row: OutlinerRow | undefined;
  onExpand: (id: EntityId, expanded: boolean) => void;
  others: readonly { readonly author: string; readonly name: string }[] | undefined;
}

function Row({ row, onExpand, others }: RowProps) {
  const workspace = useWorkspace();
  const { editor, renaming, clipboard } = workspace;
  if (row === undefined) return null;
  const { entity, id } = row;
  const cut = clipboard.value?.cut === true && clipboard.value.ids.includes(id);
  const name = displayName(entity);
  const commitName = (text: string) => {
    renaming.value = null;
    void rename(workspace, id, { from: name, to: text });
  };
  const show = () => void setVisible(workspace, [id], !entity.visible);
  return (
    <div
      class={`outliner-row ${entity.visible ? "" : "is-hidden"} ${row.found ? "" : "is-path"} ${cut ? "is-cut" : ""}`}
    >
      {row.expanded === undefined ? (
        <span class="twisty" />
      ) : (
        <button
          type="button"
          class="twisty"
          tabIndex={-1}
          aria-label={row.expanded ? `Collapse ${name}` : `Expand ${name}`}
          onClick={() => onExpand(id, row.expanded !== true)}
        >
          <Icon name={row.expanded ? "down" : "right"} />
        </button>
      )}
      <span class="outliner-kind">
        <Icon name={kIconOfKind[kindOf(entity)]} />
      </span>
      {renaming.value === id ? (
        <TextField
          label={`New name of ${name}`}
          value={entity.name}
          autofocus
          onCommit={commitName}
          onCancel={() => (renaming.value = null)}
          maxLength={200}
        />
      ) : (
        <span class={`outliner-name ${entity.name === "" ? "is-unnamed" : ""}`}>{name}</span>
      )}
      {others?.map(({ author, name: who }) => (
        <span
          key={author}
          class="person-dot"
          role="img"
          aria-label={`chosen by ${who}`}
          data-tooltip={`Chosen by ${who}`}
          style={{ background: editor.colorOf(author).fill }}
        />
      ))}
      <IconButton
        class="outliner-eye"
        icon={entity.visible ? "eye" : "eye_off"}
        label={entity.visible ? `Hide ${name}` : `Show ${name}`}
        disabled={editor.readOnly.value !== ""}
        onClick={show}
      />
    </div>
  );
}

function selectionsOfOthers(
  members: readonly { readonly author: string; readonly name: string; readonly selection: readonly EntityId[] }[],
  self: string,
): ReadonlyMap<EntityId, readonly { author: string; name: string }[]> {
  const result = new Map<EntityId, { author: string; name: string }[]>();
  for (const { author, name, selection } of members) {
    if (author === self) continue;
    for (const id of selection) result.set(id, [...(result.get(id) ?? []), { author, name: name || "somebody" }]);
  }
  return result;
}

async function dropOn(
  workspace: ReturnType<typeof useWorkspace>,
  ids: readonly EntityId[],
  target: EntityId | null,
  place: DropPlace,
): Promise<void> {
  const { scene } = workspace.editor.room;
  if (target === null) return moveBelow(workspace, ids, ROOT);
  if (place === "inside") return ids.includes(target) ? undefined : moveBelow(workspace, ids, target);
  const parent = scene.get(target)?.parent ?? ROOT;
  if (place === "before") return moveBelow(workspace, ids, parent, target);
  const siblings = scene.children(parent);
  const after = siblings.slice(siblings.indexOf(target) + 1).find((id) => !ids.includes(id));
  return moveBelow(workspace, ids, parent, after);
}
