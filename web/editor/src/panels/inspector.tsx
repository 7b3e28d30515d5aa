import type { Command, Entity, EntityId } from "@theta/client";
import { menuOf } from "../actions/index.js";
import { nameOf } from "../actions/action.js";
import { rename, setVisible } from "../actions/edit.js";
import { TextField, Toggle } from "../components/fields.js";
import type { IconName } from "../components/icon.js";
import { MenuButton, type MenuEntry } from "../components/menu.js";
import { useWorkspace, type Workspace } from "../workspace.js";
import { CameraSection, LightSection } from "./inspector_light_camera.js";
import { MaterialSection } from "./inspector_material.js";
import { MeshSection } from "./inspector_mesh.js";
import { common } from "./inspector_section.js";
import { TagsSection } from "./inspector_tags.js";
import { TransformSection } from "./inspector_transform.js";
import { displayName } from "./outliner_rows.js";

/** The chosen objects' properties. What differs between them shows as mixed; what is set goes to all of them. */
export function Inspector() {
  const workspace = useWorkspace();
  const { editor } = workspace;
  void editor.revision.value;
  const chosen = editor.chosen();
  const active = chosen.at(-1);
  if (active === undefined) {
    return (
      <div class="panel-empty">
        <p>Choose an object in the view or in the outliner to see and change its properties.</p>
      </div>
    );
  }
  const disabled = editor.readOnly.value !== "";
  const ids = chosen.map(({ id }) => id);
  return (
    <div class="inspector">
      <div class="inspector-head">
        {chosen.length > 1 ? (
          <h2 class="inspector-title">{`${chosen.length} objects`}</h2>
        ) : (
          <TextField
            key={active.id}
            label="Name"
            value={active.name}
            placeholder={displayName(active)}
            disabled={disabled}
            maxLength={200}
            onCommit={(name) => rename(workspace, active.id, { from: displayName(active), to: name })}
          />
        )}
        <MenuButton label="Add to it" icon="plus" disabled={disabled} entries={() => addable(workspace, chosen)} />
        <MenuButton
          label="More for it"
          icon="more"
          entries={() =>
            menuOf(workspace, ["view.frame", "edit.duplicate", "edit.group", "edit.move_to", "-", "edit.delete"])
          }
        />
      </div>
      <Toggle
        label="Visible"
        checked={common(chosen, ({ visible }) => visible)}
        disabled={disabled}
        onChange={(visible) => void setVisible(workspace, ids, visible)}
      />
      <TransformSection chosen={chosen} disabled={disabled} />
      {chosen.some(({ material }) => material !== undefined) ? (
        <MaterialSection chosen={chosen.filter(({ material }) => material !== undefined)} disabled={disabled} />
      ) : null}
      {chosen.some(({ light }) => light !== undefined) ? (
        <LightSection chosen={chosen.filter(({ light }) => light !== undefined)} disabled={disabled} />
      ) : null}
      {chosen.some(({ camera }) => camera !== undefined) ? (
        <CameraSection chosen={chosen.filter(({ camera }) => camera !== undefined)} disabled={disabled} />
      ) : null}
      {active.mesh === undefined ? null : <MeshSection entity={active} chosen={chosen} disabled={disabled} />}
      <TagsSection chosen={chosen} disabled={disabled} />
    </div>
  );
}

function addable(workspace: Workspace, chosen: readonly Entity[]): MenuEntry[] {
  const entry = (
    label: string,
    icon: IconName,
    has: (entity: Entity) => boolean,
    add: (targets: readonly EntityId[]) => Command,
  ): MenuEntry => {
    const ids = chosen.filter((entity) => !has(entity)).map(({ id }) => id);
    const lacks = (entity: Entity | undefined) => entity !== undefined && !has(entity);
    return {
      label,
      icon,
      disabled: ids.length === 0,
      run: () =>
        void workspace.editor.perform(`Add ${label.toLowerCase()} to ${nameOf(workspace, ids)}`, (step) =>
          step.submit(add(ids.filter((id) => lacks(step.scene.get(id))))),
        ),
    };
  };
  return [
    entry(
      "Material",
      "material",
      ({ material }) => material !== undefined,
      (targets) => ({
        command: "set_material",
        targets,
        material: { base_color: [0.8, 0.8, 0.8, 1], metallic: 0, roughness: 0.5 },
      }),
    ),
    entry(
      "Light",
      "bulb",
      ({ light }) => light !== undefined,
      (targets) => ({ command: "set_light", targets, light: { kind: "point", intensity: 60 } }),
    ),
    entry(
      "Camera",
      "camera",
      ({ camera }) => camera !== undefined,
      (targets) => ({ command: "set_camera", targets, camera: { kind: "perspective", vertical_fov: 0.7 } }),
    ),
  ];
}
