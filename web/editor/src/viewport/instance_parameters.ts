import { DataTexture, FloatType, NearestFilter, RGBAFormat } from "three";
import type { Material } from "@theta/client";

const kTexelsPerSlot = 4;
const kFloatsPerSlot = kTexelsPerSlot * 4;
const kSlotsPerRow = 64;

export type Color = readonly [number, number, number];

/** What differs between instances of one draw call: base colour; metallic, roughness; emission; highlight. */
export class InstanceParameters {
  /** An object, so that a material's uniform follows when the texture grows. */
  readonly uniform: { value: DataTexture };
  private data: Float32Array;
  /** How many slots have a highlight; none: the outline pass leaves this draw call out. */
  highlighted = 0;

  constructor(slots: number) {
    this.data = new Float32Array(0);
    this.uniform = { value: this.allocate(slots) };
  }

  grow(slots: number): void {
    const before = this.uniform.value;
    this.uniform.value = this.allocate(slots);
    before.dispose();
  }

  setMaterial(slot: number, material: Material): void {
    const at = slot * kFloatsPerSlot;
    this.data.set(material.base_color, at);
    if (material.alpha_mode === "opaque") this.data[at + 3] = 1;
    this.data[at + 4] = material.metallic;
    this.data[at + 5] = material.roughness;
    this.data.set(material.emissive, at + 8);
    this.uniform.value.needsUpdate = true;
  }

  setHighlight(slot: number, color: Color | null): void {
    const at = slot * kFloatsPerSlot + 12;
    const had = this.data[at + 3]! > 0;
    if (had !== (color !== null)) this.highlighted += color ? 1 : -1;
    else if (!color) return;
    this.data.set(color ? [...color, 1] : [0, 0, 0, 0], at);
    this.uniform.value.needsUpdate = true;
  }

  /** Moves what `from` holds to `to`, and leaves `from` without a highlight. */
  move(from: number, to: number): void {
    if (from === to) return;
    if (this.data[to * kFloatsPerSlot + 15]! > 0) this.highlighted -= 1;
    this.data.copyWithin(to * kFloatsPerSlot, from * kFloatsPerSlot, (from + 1) * kFloatsPerSlot);
    this.data.fill(0, from * kFloatsPerSlot + 12, from * kFloatsPerSlot + 16);
    this.uniform.value.needsUpdate = true;
  }

  dispose(): void {
    this.uniform.value.dispose();
  }

  private allocate(slots: number): DataTexture {
    const rows = Math.ceil(slots / kSlotsPerRow);
    const data = new Float32Array(rows * kSlotsPerRow * kFloatsPerSlot);
    data.set(this.data);
    this.data = data;
    const texture = new DataTexture(data, kSlotsPerRow * kTexelsPerSlot, rows, RGBAFormat, FloatType);
    texture.minFilter = texture.magFilter = NearestFilter;
    texture.needsUpdate = true;
    return texture;
  }
}
