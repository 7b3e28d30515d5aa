import { useEffect, useRef, useState } from "preact/hooks";
import type { AssetId, Entity, Material, Vec3, Vec4 } from "@theta/client";
import { IconButton } from "../components/button.js";
import { ColorField } from "../components/color_field.js";
import { Field, Select, Toggle } from "../components/fields.js";
import { NumberField } from "../components/number_field.js";
import { checkPicture } from "../picture.js";
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

const kTextures = [
  { name: "base_color_texture", label: "Colour" },
  { name: "metallic_roughness_texture", label: "Metal and roughness" },
  { name: "normal_texture", label: "Normals" },
  { name: "occlusion_texture", label: "Occlusion" },
  { name: "emissive_texture", label: "Emission" },
] as const;
type TextureName = (typeof kTextures)[number]["name"];

type Change = Partial<Material> | ((material: Material) => Material) | null;

function setMaterial(workspace: Workspace, chosen: readonly Entity[], change: Change): Promise<void> {
  const label = changeLabel(workspace, chosen, change === null ? "Remove" : "Change", "material");
  const changed = ({ material }: Entity) => {
    if (change === null || material === undefined) return material && null;
    return typeof change === "function" ? change(material) : { ...material, ...change };
  };
  const done = changeEach(workspace, chosen, label, changed, (targets, material) => ({
    command: "set_material",
    targets,
    material,
  }));
  return showUntil(workspace, done);
}

function tryMaterial(workspace: Workspace, chosen: readonly Entity[], change: Exclude<Change, null>): void {
  tryEach(workspace, chosen, "material", ({ material }) =>
    typeof change === "function" ? change(material as Material) : { ...(material as Material), ...change },
  );
}

/** A texture is taken away by leaving it out. */
function withoutTexture(name: TextureName): (material: Material) => Material {
  return ({ [name]: _, ...rest }) => rest as Material;
}

function withColor(color: Vec3): (material: Material) => Material {
  return (old) => ({ ...old, base_color: [...color, old.base_color[3]] as unknown as Vec4 });
}

function scaled(color: Vec3, factor: number): Vec3 {
  return color.map((part) => part * factor) as unknown as Vec3;
}

export function MaterialSection({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const set = (change: Exclude<Change, null>) => setMaterial(workspace, chosen, change);
  const attempt = (change: Exclude<Change, null>) => tryMaterial(workspace, chosen, change);
  const giveUp = () => stopTrying(workspace);
  const material = (entity: Entity) => entity.material as Material;
  const first = chosen[0]?.material as Material;
  const same = (read: (of: Material) => readonly number[]) =>
    chosen.every((entity) => read(material(entity)).join() === read(first).join());
  const alphaMode = common(chosen, (entity) => material(entity).alpha_mode);
  const strength = Math.max(1, ...first.emissive);
  const glow = first.emissive.map((part) => part / strength) as unknown as Vec3;
  const fraction = (label: string, read: (of: Material) => number, write: (value: number) => Exclude<Change, null>) => (
    <Field label={label}>
      {(id) => (
        <NumberField
          key={keyOfChosen(chosen)}
          id={id}
          label={label}
          min={0}
          max={1}
          step={0.02}
          disabled={disabled}
          value={common(chosen, (entity) => read(material(entity)))}
          onPreview={(value) => attempt(write(value))}
          onCommit={(value) => set(write(value))}
          onCancel={giveUp}
        />
      )}
    </Field>
  );
  return (
    <Section
      title="Material"
      icon="material"
      onRemove={disabled ? undefined : () => void setMaterial(workspace, chosen, null)}
    >
      <Field label="Colour">
        {(id) => (
          <ColorField
            key={keyOfChosen(chosen)}
            id={id}
            label="Colour"
            disabled={disabled}
            value={same(({ base_color }) => base_color) ? (first.base_color.slice(0, 3) as unknown as Vec3) : null}
            onPreview={(color) => attempt(withColor(color))}
            onCommit={(color) => set(withColor(color))}
            onCancel={giveUp}
          />
        )}
      </Field>
      {fraction(
        "Metallic",
        ({ metallic }) => metallic,
        (metallic) => ({ metallic }),
      )}
      {fraction(
        "Roughness",
        ({ roughness }) => roughness,
        (roughness) => ({ roughness }),
      )}
      {fraction(
        "Opacity",
        ({ base_color }) => base_color[3],
        (alpha) => (old) => ({ ...old, base_color: [...old.base_color.slice(0, 3), alpha] as unknown as Vec4 }),
      )}
      <Field label="Transparency">
        {(id) => (
          <Select
            id={id}
            value={alphaMode}
            disabled={disabled}
            onChange={(value) => void set({ alpha_mode: value })}
            choices={[
              { value: "opaque", label: "Opaque" },
              { value: "mask", label: "Cut out" },
              { value: "blend", label: "Blend" },
            ]}
          />
        )}
      </Field>
      {alphaMode === "mask"
        ? fraction(
            "Cut out below",
            ({ alpha_cutoff }) => alpha_cutoff,
            (alpha_cutoff) => ({ alpha_cutoff }),
          )
        : null}
      <Field label="Emission">
        {(id) => (
          <ColorField
            key={keyOfChosen(chosen)}
            id={id}
            label="Emission"
            value={same(({ emissive }) => emissive) ? glow : null}
            disabled={disabled}
            onPreview={(color) => attempt({ emissive: scaled(color, strength) })}
            onCommit={(color) => set({ emissive: scaled(color, strength) })}
            onCancel={giveUp}
          />
        )}
      </Field>
      <Field label="Emission strength">
        {(id) => (
          <NumberField
            key={keyOfChosen(chosen)}
            id={id}
            label="Emission strength"
            min={1}
            step={0.1}
            disabled={disabled}
            value={same(({ emissive }) => emissive) ? strength : null}
            onPreview={(value) => attempt({ emissive: scaled(glow, value) })}
            onCommit={(value) => set({ emissive: scaled(glow, value) })}
            onCancel={giveUp}
          />
        )}
      </Field>
      <Toggle
        label="Both sides"
        checked={common(chosen, (entity) => material(entity).double_sided)}
        disabled={disabled}
        onChange={(double_sided) => void set({ double_sided })}
      />
      <Textures chosen={chosen} disabled={disabled} />
    </Section>
  );
}

function Textures({ chosen, disabled }: SectionProps) {
  const workspace = useWorkspace();
  const [picked, setPicked] = useState<TextureName>("base_color_texture");
  const input = useRef<HTMLInputElement>(null);
  const upload = async (file: File) => {
    const { room } = workspace.editor;
    const bytes = new Uint8Array(await file.arrayBuffer());
    const asset = await workspace.runJob(`Add ${file.name}`, async () => {
      checkPicture(bytes);
      return room.storeAsset(bytes);
    });
    if (asset !== null) await setMaterial(workspace, chosen, { [picked]: asset });
  };
  const choose = (name: TextureName) => {
    setPicked(name);
    input.current?.click();
  };
  return (
    <div class="textures" role="group" aria-label="Textures">
      {kTextures.map(({ name, label }) => {
        const assets = new Set(chosen.map(({ material }) => material?.[name] ?? ""));
        const asset = assets.size === 1 ? [...assets][0] : undefined;
        return (
          <div key={name} class="texture">
            <Thumbnail asset={asset === "" ? undefined : asset} />
            <span class="texture-name">
              {label}
              {assets.size > 1 ? " (mixed)" : ""}
            </span>
            {disabled ? null : asset === "" ? (
              <IconButton icon="plus" label={`Set texture: ${label}`} onClick={() => choose(name)} />
            ) : (
              <>
                <IconButton icon="import" label={`Replace texture: ${label}`} onClick={() => choose(name)} />
                <IconButton
                  icon="trash"
                  label={`Remove texture: ${label}`}
                  onClick={() => void setMaterial(workspace, chosen, withoutTexture(name))}
                />
              </>
            )}
          </div>
        );
      })}
      <input
        ref={input}
        type="file"
        accept="image/png,image/jpeg"
        hidden
        aria-hidden="true"
        tabIndex={-1}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file !== undefined) void upload(file);
        }}
      />
    </div>
  );
}

/** A texture small; nothing where there is none or it cannot be read. */
function Thumbnail({ asset }: { asset: AssetId | undefined }) {
  const { editor } = useWorkspace();
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (asset === undefined) return undefined;
    const abort = new AbortController();
    let made: string | null = null;
    const show = async () => {
      const bytes = await editor.room.downloadAsset(asset, { signal: abort.signal });
      if (abort.signal.aborted) return;
      checkPicture(bytes);
      made = URL.createObjectURL(new Blob([bytes as BlobPart]));
      setAddress(made);
    };
    show().catch(() => undefined);
    return () => {
      abort.abort();
      if (made !== null) URL.revokeObjectURL(made);
      setAddress(null);
    };
  }, [asset]);
  return <span class="thumbnail">{address === null ? null : <img src={address} alt="" />}</span>;
}
