import { Color, DirectionalLight, Group, PointLight, SpotLight, Vector3, type Light as ThreeLight } from "three";
import type { Light } from "@theta/client";
import type { GraphChange, Node } from "./scene_graph.js";

/** Each light is computed for every pixel; the brightest ones come first. */
export const kLightsMax = 24;
/** A sun of so many lux or fewer is drawn as it is; the exposure of brighter ones is turned down to it. */
const kSunLux = 4;

type Shown = PointLight | SpotLight | DirectionalLight;

/** The scene's lights, as many as there can be. Intensities are those of glTF: candela, and lux of suns. */
export class LightLayer {
  readonly object = new Group();
  private readonly lights = new Map<Node, Shown>();
  private chosen = new Set<Node>();
  private readonly candidates = new Set<Node>();

  get any(): boolean {
    return this.lights.size > 0;
  }

  apply(change: GraphChange): void {
    let recount = false;
    for (const node of change.removed) recount = this.candidates.delete(node) || recount;
    for (const list of [change.updated, change.moved])
      for (const node of list) {
        const isCandidate = node.entity.light !== undefined && node.shown;
        if (isCandidate) this.candidates.add(node);
        else if (!this.candidates.delete(node)) continue;
        recount = true;
      }
    if (recount) this.recount();
  }

  clear(): void {
    this.candidates.clear();
    this.recount();
  }

  private recount(): void {
    const brightest = [...this.candidates].sort((a, b) => strength(b.entity.light!) - strength(a.entity.light!));
    this.chosen = new Set(brightest.slice(0, kLightsMax));
    for (const [node, light] of this.lights) if (!this.chosen.has(node)) this.drop(node, light);
    const exposure = exposureOf([...this.chosen].map((node) => node.entity.light!));
    for (const node of this.chosen) this.show(node, node.entity.light!, exposure);
  }

  private show(node: Node, light: Light, exposure: number): void {
    let shown = this.lights.get(node);
    if (shown && kindOf(shown) !== light.kind) {
      this.drop(node, shown);
      shown = undefined;
    }
    if (!shown) {
      shown = make(light.kind);
      this.lights.set(node, shown);
      this.object.add(shown);
      if (!(shown instanceof PointLight)) this.object.add(shown.target);
    }
    shown.color.copy(new Color().setRGB(...light.color));
    shown.intensity = light.intensity * exposure;
    shown.position.setFromMatrixPosition(node.world);
    if (shown instanceof PointLight || shown instanceof SpotLight) shown.distance = light.range;
    if (shown instanceof SpotLight) {
      shown.angle = Math.min(light.outer_cone_angle, Math.PI / 2);
      shown.penumbra = light.outer_cone_angle > 0 ? 1 - light.inner_cone_angle / light.outer_cone_angle : 0;
    }
    // Down their own -z, as in glTF.
    if (!(shown instanceof PointLight))
      shown.target.position.copy(new Vector3(0, 0, -1).transformDirection(node.world).add(shown.position));
  }

  private drop(node: Node, light: Shown): void {
    this.lights.delete(node);
    this.object.remove(light);
    if (!(light instanceof PointLight)) this.object.remove(light.target);
    light.dispose();
  }
}

function strength(light: Light): number {
  return light.kind === "directional" ? light.intensity * 1e6 : light.intensity;
}

/** Daylight has a hundred thousand lux: as with a camera, all lights are taken down until the sun does not blind. */
export function exposureOf(lights: readonly Light[]): number {
  const sun = Math.max(0, ...lights.filter(({ kind }) => kind === "directional").map(({ intensity }) => intensity));
  return sun > kSunLux ? kSunLux / sun : 1;
}

function make(kind: Light["kind"]): Shown {
  if (kind === "directional") return new DirectionalLight();
  const light = kind === "spot" ? new SpotLight() : new PointLight();
  light.decay = 2;
  return light;
}

function kindOf(light: ThreeLight): Light["kind"] {
  return light instanceof DirectionalLight ? "directional" : light instanceof SpotLight ? "spot" : "point";
}
