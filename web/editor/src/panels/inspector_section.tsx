import { useSignal } from "@preact/signals";
import type { Command, Entity, EntityId } from "@theta/client";
import type { ComponentChildren } from "preact";
import { nameOf } from "../actions/action.js";
import { IconButton } from "../components/button.js";
import { Icon, type IconName } from "../components/icon.js";
import type { Look } from "../editor.js";
import type { Workspace } from "../workspace.js";

export interface SectionProps {
  readonly chosen: readonly Entity[];
  readonly disabled: boolean;
}

/** A part of the inspector that can be folded, with a way to take its component away. */
export function Section(props: {
  title: string;
  icon: IconName;
  children: ComponentChildren;
  onRemove?: (() => void) | undefined;
  removeLabel?: string;
}) {
  const open = useSignal(true);
  return (
    <section class="section" aria-label={props.title}>
      <h3 class="section-head">
        <button
          type="button"
          class="section-toggle"
          aria-expanded={open.value}
          onClick={() => (open.value = !open.value)}
        >
          <Icon name={open.value ? "down" : "right"} />
          <Icon name={props.icon} />
          <span>{props.title}</span>
        </button>
        {props.onRemove === undefined ? null : (
          <IconButton
            icon="trash"
            label={props.removeLabel ?? `Remove ${props.title.toLowerCase()}`}
            onClick={props.onRemove}
          />
        )}
      </h3>
      {open.value ? <div class="section-body">{props.children}</div> : null}
    </section>
  );
}

/** The one value that all have; null when they differ. */
export function common<Value extends number | string | boolean>(
  chosen: readonly Entity[],
  read: (entity: Entity) => Value,
): Value | null {
  const first = chosen[0] === undefined ? null : read(chosen[0]);
  return chosen.every((entity) => read(entity) === first) ? first : null;
}

/**
 * Changes a component of all chosen entities, which `change` makes of what is there when the step's turn has come; what
 * it gives undefined for stays as it is, as does what is gone. A command says a component as a whole, so entities whose
 * other values differ need one each; undo takes them back together.
 */
export function changeEach<Value extends object>(
  { editor }: Workspace,
  chosen: readonly Entity[],
  label: string,
  change: (entity: Entity) => Value | null | undefined,
  command: (targets: readonly EntityId[], value: Value | null) => Command,
): Promise<void> {
  return editor.perform(label, async (step) => {
    const groups = new Map<string, { readonly targets: EntityId[]; readonly value: Value | null }>();
    for (const { id } of chosen) {
      const entity = step.scene.get(id);
      const value = entity === undefined ? undefined : change(entity);
      if (value === undefined) continue;
      const key = JSON.stringify(value);
      const group = groups.get(key) ?? { targets: [], value };
      group.targets.push(id);
      groups.set(key, group);
    }
    for (const { targets, value } of groups.values()) {
      if ((await step.submit(command(targets, value))) === null) return;
    }
  });
}

/** More than these are shown changed only once they are. */
const kTriedMax = 1024;

/** Another one for other entities: a field that is trying a value must not go on with it on what is chosen next. */
export function keyOfChosen(chosen: readonly Entity[]): string {
  return `${chosen.length} ${chosen[0]?.id} ${chosen.at(-1)?.id}`;
}

/** Shows a component of all chosen entities as `change` makes it, here alone and for as long as it is being tried. */
export function tryEach<Name extends keyof Look>(
  { editor }: Workspace,
  chosen: readonly Entity[],
  name: Name,
  change: (entity: Entity) => NonNullable<Entity[Name]>,
): void {
  const looks = new Map<EntityId, Look>();
  for (const entity of chosen.slice(0, kTriedMax)) {
    looks.set(entity.id, { [name]: change(editor.room.scene.get(entity.id) ?? entity) });
  }
  editor.looks.value = looks;
}

export function stopTrying({ editor }: Workspace): void {
  if (editor.looks.peek().size > 0) editor.looks.value = new Map();
}

/** Keeps what is tried now on the screen until `done`, and takes away that alone: by then something else may be. */
export async function showUntil({ editor }: Workspace, done: Promise<void>): Promise<void> {
  const tried = editor.looks.peek();
  await done;
  if (editor.looks.peek() === tried) editor.looks.value = new Map();
}

/** "Change light of 3 objects". */
export function changeLabel(workspace: Workspace, chosen: readonly Entity[], verb: string, what: string): string {
  return `${verb} ${what} of ${nameOf(
    workspace,
    chosen.map(({ id }) => id),
  )}`;
}
