import { action, menuOf } from "../actions/index.js";
import { isEnabled, labelOf } from "../actions/action.js";
import { firstShortcut } from "../actions/shortcuts.js";
import { IconButton, Segmented } from "../components/button.js";
import { MenuButton } from "../components/menu.js";
import { NumberField } from "../components/number_field.js";
import type { Snapping, Tool } from "../editor.js";
import { theme, toggleTheme } from "../theme.js";
import { useWorkspace } from "../workspace.js";

const kTools: readonly Tool[] = ["select", "move", "rotate", "scale"];
const kAddMenu = [
  "add.box",
  "add.sphere",
  "add.icosphere",
  "add.cylinder",
  "add.cone",
  "add.torus",
  "add.plane",
  "-",
  "add.point",
  "add.spot",
  "add.directional",
  "-",
  "add.camera",
  "add.empty",
  "-",
  "edit.group",
];
const kMainMenu = [
  "file.import",
  "file.export",
  "file.export_selection",
  "-",
  "room.invite",
  "room.people",
  "room.history",
  "room.offline",
  "-",
  "view.outliner",
  "view.side",
  "view.theme",
  "-",
  "help.palette",
  "help.keys",
  "help.about",
];

/** What is used all the time; the rest is in the menus. */
export function TopBar() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const readOnly = editor.readOnly.value !== "";
  return (
    <header class="top-bar">
      <MenuButton label="Main menu" icon="more" class="main-menu" entries={() => menuOf(workspace, kMainMenu)}>
        Theta
      </MenuButton>
      {editor.roomName.value === "" ? null : (
        <span class="room-name" data-testid="room-name" title={editor.roomName.value}>
          {editor.roomName.value}
        </span>
      )}
      <Segmented
        label="Tool"
        value={editor.tool.value}
        onChange={(tool) => (editor.tool.value = tool)}
        choices={kTools.map((tool) => {
          const { label, shortcuts } = action(`tool.${tool}`);
          return { value: tool, label: String(label), icon: tool, shortcut: shortcuts?.[0] ?? "" };
        })}
      />
      <Segmented
        label="Axes"
        value={editor.space.value}
        onChange={(space) => (editor.space.value = space)}
        choices={[
          { value: "world", label: "World axes", icon: "world", shortcut: "X" },
          { value: "local", label: "Local axes", icon: "local", shortcut: "X" },
        ]}
      />
      <SnappingFields />
      <MenuButton label="Add an object" icon="plus" disabled={readOnly} entries={() => menuOf(workspace, kAddMenu)}>
        Add
      </MenuButton>
      <span class="top-space" />
      <ActionButton id="edit.undo" />
      <ActionButton id="edit.redo" />
      <span class="top-wide">
        <ActionButton id="file.import" />
      </span>
      <span class="top-wide">
        <ActionButton id="file.export" />
      </span>
      <PeopleHere />
      <span class="top-wide">
        <ActionButton id="room.history" />
      </span>
      <span class="top-wide">
        <IconButton
          icon={theme.value === "dark" ? "sun" : "moon"}
          label={theme.value === "dark" ? "Light theme" : "Dark theme"}
          onClick={toggleTheme}
        />
      </span>
      <span class="top-wide">
        <ActionButton id="help.keys" />
      </span>
    </header>
  );
}

function ActionButton({ id }: { id: string }) {
  const workspace = useWorkspace();
  const found = action(id);
  return (
    <IconButton
      icon={found.icon ?? "more"}
      label={labelOf(found, workspace)}
      shortcut={firstShortcut(found)}
      disabled={!isEnabled(found, workspace)}
      onClick={() => void found.run(workspace)}
    />
  );
}

function SnappingFields() {
  const { editor } = useWorkspace();
  const { snapping } = editor;
  const set = (values: Partial<Snapping>) => void (snapping.value = { ...snapping.value, ...values });
  const { enabled, grid, angle, scale } = snapping.value;
  return (
    <div class="snapping" role="group" aria-label="Snapping">
      <IconButton
        icon="magnet"
        label="Snapping"
        shortcut="N"
        pressed={enabled}
        onClick={() => set({ enabled: !enabled })}
      />
      <span class="snap-fields">
        <NumberField
          label="Grid step"
          unit="length"
          value={grid}
          min={0.001}
          step={0.05}
          onCommit={(value) => set({ grid: value })}
        />
        <NumberField
          label="Angle step"
          unit="angle"
          value={angle}
          min={0.1}
          max={180}
          step={1}
          onCommit={(value) => set({ angle: value })}
        />
        <NumberField
          label="Scale step"
          prefix="×"
          value={scale}
          min={0.001}
          step={0.05}
          onCommit={(value) => set({ scale: value })}
        />
      </span>
    </div>
  );
}

const kFacesMax = 4;

/** The others' colours as a way into the list of people. */
function PeopleHere() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const here = editor.participants.value;
  const label = here.length === 1 ? "People: only you" : `People: ${here.length} here`;
  return (
    <button
      type="button"
      class="faces"
      aria-label={label}
      data-tooltip={label}
      data-count={here.length}
      onClick={() => workspace.openTab("people")}
    >
      {here.slice(0, kFacesMax).map(({ session, author, name }) => {
        const { fill, text } = editor.colorOf(author);
        return (
          <span key={session} class="face" data-initials={initials(name)} style={{ background: fill, color: text }} />
        );
      })}
      {here.length > kFacesMax ? <span class="face face-more" data-initials={`+${here.length - kFacesMax}`} /> : null}
    </button>
  );
}

function initials(name: string): string {
  return (
    name
      .trim()
      .split(/\s+/)
      .map((word) => [...word][0] ?? "")
      .join("")
      .slice(0, 2)
      .toUpperCase() || "?"
  );
}
