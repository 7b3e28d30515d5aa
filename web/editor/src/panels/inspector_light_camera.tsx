import type { Camera, Entity, Light } from "@theta/client";
import { Button } from "../components/button.js";
import { ColorField } from "../components/color_field.js";
import { Field, Select } from "../components/fields.js";
import { NumberField } from "../components/number_field.js";
import { useWorkspace, type Workspace } from "../workspace.js";
import {
  changeEach,
  changeLabel,
  common,
  keyOfChosen,
  Section,
  showUntil,
  stopTrying,
  tryEach,
  type SectionProps,
} from "./inspector_section.js";

const kDegrees = 180 / Math.PI;

function setLight(workspace: Workspace, chosen: readonly Entity[], change: Partial<Light> | null): Promise<void> {
  const label = changeLabel(workspace, chosen, change === null ? "Remove" : "Change", "light");
  const changed = ({ light }: Entity) => (light === undefined ? undefined : change && { ...light, ...change });
  const done = changeEach(workspace, chosen, label, changed, (targets, light) => ({
    command: "set_light",
    targets,
    light,
  }));
  return showUntil(workspace, done);
}

export function LightSection({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const set = (light: Partial<Light>) => setLight(workspace, chosen, light);
  const attempt = (change: Partial<Light>) =>
    tryEach(workspace, chosen, "light", ({ light }) => ({ ...(light as Light), ...change }));
  const giveUp = () => stopTrying(workspace);
  const light = (entity: Entity) => entity.light as Light;
  const kind = common(chosen, (entity) => light(entity).kind);
  const first = chosen[0]?.light as Light;
  const sameColor = chosen.every((entity) => light(entity).color.join() === first.color.join());
  const angle = (name: "inner_cone_angle" | "outer_cone_angle", label: string, max: number) => (
    <Field label={label}>
      {(id) => (
        <NumberField
          key={keyOfChosen(chosen)}
          id={id}
          label={label}
          unit="angle"
          min={0}
          max={max}
          digits={1}
          disabled={disabled}
          value={scaled(
            common(chosen, (entity) => light(entity)[name]),
            kDegrees,
          )}
          onPreview={(value) => attempt({ [name]: value / kDegrees })}
          onCommit={(value) => set({ [name]: value / kDegrees })}
          onCancel={giveUp}
        />
      )}
    </Field>
  );
  return (
    <Section title="Light" icon="bulb" onRemove={disabled ? undefined : () => void setLight(workspace, chosen, null)}>
      <Field label="Kind">
        {(id) => (
          <Select
            id={id}
            value={kind}
            disabled={disabled}
            onChange={(value) => void set({ kind: value })}
            choices={[
              { value: "point", label: "Point" },
              { value: "spot", label: "Spot" },
              { value: "directional", label: "Sun" },
            ]}
          />
        )}
      </Field>
      <Field label="Colour">
        {(id) => (
          <ColorField
            key={keyOfChosen(chosen)}
            id={id}
            label="Colour"
            value={sameColor ? first.color : null}
            disabled={disabled}
            onPreview={(color) => attempt({ color })}
            onCommit={(color) => set({ color })}
            onCancel={giveUp}
          />
        )}
      </Field>
      <Field label={kind === "directional" ? "Intensity (lx)" : "Intensity (cd)"}>
        {(id) => (
          <NumberField
            key={keyOfChosen(chosen)}
            id={id}
            label="Intensity"
            min={0}
            step={1}
            disabled={disabled}
            value={common(chosen, (entity) => light(entity).intensity)}
            onPreview={(intensity) => attempt({ intensity })}
            onCommit={(intensity) => set({ intensity })}
            onCancel={giveUp}
          />
        )}
      </Field>
      {kind === "directional" ? null : (
        <Field label="Range, 0 for all">
          {(id) => (
            <NumberField
              key={keyOfChosen(chosen)}
              id={id}
              label="Range"
              unit="length"
              min={0}
              step={0.5}
              disabled={disabled}
              value={common(chosen, (entity) => light(entity).range)}
              onPreview={(range) => attempt({ range })}
              onCommit={(range) => set({ range })}
              onCancel={giveUp}
            />
          )}
        </Field>
      )}
      {kind === "spot" ? (
        <>
          {angle("inner_cone_angle", "Inner cone", 89)}
          {angle("outer_cone_angle", "Outer cone", 90)}
        </>
      ) : null}
    </Section>
  );
}

function setCamera(workspace: Workspace, chosen: readonly Entity[], change: Partial<Camera> | null): Promise<void> {
  const label = changeLabel(workspace, chosen, change === null ? "Remove" : "Change", "camera");
  const changed = ({ camera }: Entity) => (camera === undefined ? undefined : change && { ...camera, ...change });
  return changeEach(workspace, chosen, label, changed, (targets, camera) => ({
    command: "set_camera",
    targets,
    camera,
  }));
}

export function CameraSection({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const { lookingThrough } = workspace.editor;
  const set = (camera: Partial<Camera>) => setCamera(workspace, chosen, camera);
  const camera = (entity: Entity) => entity.camera as Camera;
  const kind = common(chosen, (entity) => camera(entity).kind);
  const id = chosen.at(-1)?.id ?? null;
  const number = (
    name: "near" | "far" | "x_magnification" | "y_magnification" | "aspect_ratio",
    label: string,
    min: number,
  ) => (
    <Field label={label}>
      {(fieldId) => (
        <NumberField
          key={keyOfChosen(chosen)}
          id={fieldId}
          label={label}
          unit={name === "aspect_ratio" ? "none" : "length"}
          min={min}
          step={0.1}
          disabled={disabled}
          value={common(chosen, (entity) => camera(entity)[name])}
          onCommit={(value) => set({ [name]: value })}
        />
      )}
    </Field>
  );
  return (
    <Section
      title="Camera"
      icon="camera"
      onRemove={disabled ? undefined : () => void setCamera(workspace, chosen, null)}
    >
      <Button icon="eye" onClick={() => (lookingThrough.value = lookingThrough.value === id ? null : id)}>
        {lookingThrough.value === id ? "Leave its view" : "Look through"}
      </Button>
      <Field label="Kind">
        {(fieldId) => (
          <Select
            id={fieldId}
            value={kind}
            disabled={disabled}
            onChange={(value) => void set({ kind: value })}
            choices={[
              { value: "perspective", label: "Perspective" },
              { value: "orthographic", label: "Orthographic" },
            ]}
          />
        )}
      </Field>
      {kind === "orthographic" ? (
        <>
          {number("x_magnification", "Half width", 0.001)}
          {number("y_magnification", "Half height", 0.001)}
        </>
      ) : (
        <Field label="Vertical angle">
          {(fieldId) => (
            <NumberField
              key={keyOfChosen(chosen)}
              id={fieldId}
              label="Vertical angle"
              unit="angle"
              min={1}
              max={170}
              digits={1}
              disabled={disabled}
              value={scaled(
                common(chosen, (entity) => camera(entity).vertical_fov),
                kDegrees,
              )}
              onCommit={(value) => set({ vertical_fov: value / kDegrees })}
            />
          )}
        </Field>
      )}
      {kind === "orthographic" ? null : number("aspect_ratio", "Aspect, 0 for the view’s", 0)}
      {number("near", "Near", 0.0001)}
      {number("far", "Far, 0 for endless", 0)}
    </Section>
  );
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : Math.round(value * factor * 1e4) / 1e4;
}
