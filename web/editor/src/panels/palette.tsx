import { useSignal } from "@preact/signals";
import { isEnabled, labelOf } from "../actions/action.js";
import { kActions } from "../actions/index.js";
import { firstShortcut } from "../actions/shortcuts.js";
import { Dialog } from "../components/dialog.js";
import { Icon } from "../components/icon.js";
import { ROOT, type EntityId } from "@theta/client";
import { moveBelow } from "../actions/edit.js";
import { isBelow, topmost } from "../transforms.js";
import { useWorkspace } from "../workspace.js";
import { displayName } from "./outliner_rows.js";
import type { IconName } from "../components/icon.js";

const kShownMax = 60;

interface Choice {
  readonly key: string;
  readonly label: string;
  readonly group: string;
  readonly icon?: IconName | undefined;
  readonly shortcut?: string | undefined;
  readonly disabled?: boolean;
  readonly run: () => void;
}

/** A list to narrow by typing: the WAI-ARIA combobox with a list that is always open. */
function ChoiceDialog(props: { title: string; hint: string; choices: readonly Choice[]; onClose: () => void }) {
  const text = useSignal("");
  const place = useSignal(0);
  const words = text.value.toLowerCase().split(/\s+/);
  const shown = props.choices
    .filter(({ label, group }) => words.every((word) => `${label} ${group}`.toLowerCase().includes(word)))
    .slice(0, kShownMax);
  const active = Math.min(place.value, shown.length - 1);
  const choose = (choice: Choice | undefined) => {
    if (choice === undefined || choice.disabled === true) return;
    props.onClose();
    choice.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Enter") choose(shown[active]);
    else if (step === undefined) return;
    else place.value = (active + step + shown.length) % Math.max(1, shown.length);
    event.preventDefault();
    document.getElementById(`choice-${place.value}`)?.scrollIntoView?.({ block: "nearest" });
  };
  return (
    <Dialog title={props.title} size="medium" onClose={props.onClose}>
      <input
        class="text-input palette-input"
        type="text"
        role="combobox"
        aria-label={props.hint}
        placeholder={props.hint}
        aria-expanded="true"
        aria-controls="choices"
        aria-autocomplete="list"
        autoFocus
        spellcheck={false}
        aria-activedescendant={active >= 0 ? `choice-${active}` : undefined}
        value={text.value}
        onKeyDown={onKeyDown}
        onInput={(event) => {
          text.value = event.currentTarget.value;
          place.value = 0;
        }}
      />
      <div id="choices" class="choices" role="listbox" aria-label={props.title}>
        {shown.map((choice, at) => (
          <div
            key={choice.key}
            id={`choice-${at}`}
            class="menu-item"
            role="option"
            aria-selected={at === active}
            aria-disabled={choice.disabled}
            onClick={() => choose(choice)}
            onPointerMove={() => (place.value = at)}
          >
            <span class="menu-icon">{choice.icon === undefined ? null : <Icon name={choice.icon} />}</span>
            <span class="menu-label">{choice.label}</span>
            <span class="choice-group">{choice.group}</span>
            {choice.shortcut === undefined ? null : <kbd>{choice.shortcut}</kbd>}
          </div>
        ))}
      </div>
      {shown.length === 0 ? (
        <p class="hint" role="status">
          Nothing has all these words in its name.
        </p>
      ) : null}
    </Dialog>
  );
}

/** Every action by its name. */
export function PaletteDialog({ onClose }: { onClose: () => void }) {
  const workspace = useWorkspace();
  const choices = kActions
    .filter(({ id }) => id !== "help.palette")
    .map(
      (action): Choice => ({
        key: action.id,
        label: labelOf(action, workspace),
        group: action.group,
        icon: action.icon,
        shortcut: firstShortcut(action),
        disabled: !isEnabled(action, workspace),
        run: () => void action.run(workspace),
      }),
    );
  return <ChoiceDialog title="Find a command" hint="Type what you want to do" choices={choices} onClose={onClose} />;
}

/** Dragging in the outliner for those who use keys or fingers. */
export function MoveToDialog({ onClose }: { onClose: () => void }) {
  const workspace = useWorkspace();
  const { editor } = workspace;
  const scene = editor.room.scene;
  const ids = topmost(scene, editor.selection.value);
  const moveTo = (parent: EntityId) => () => void moveBelow(workspace, ids, parent);
  const choices: Choice[] = [{ key: ROOT, label: "The top level", group: "", icon: "outliner", run: moveTo(ROOT) }];
  for (const entity of scene.entities()) {
    if (ids.some((id) => entity.id === id || isBelow(scene, entity.id, id))) continue;
    const above = scene.get(entity.parent);
    const group = above === undefined ? "" : `in ${displayName(above)}`;
    choices.push({ key: entity.id, label: displayName(entity), group, icon: "folder", run: moveTo(entity.id) });
  }
  return <ChoiceDialog title="Move to" hint="Type the new parent’s name" choices={choices} onClose={onClose} />;
}
