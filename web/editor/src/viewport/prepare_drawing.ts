import { PerspectiveCamera, Scene, type WebGLRenderer } from "three";
import { InstanceGroup } from "./draw_group.js";
import { makeDrawGeometry } from "./geometry_cache.js";
import { Ground, makeRenderer } from "./stage.js";
import { kDefaultMaterial, makeSurfaceMaterial, surfaceClassOf } from "./surface.js";
import { TextureCache } from "./texture_cache.js";

/**
 * Makes a renderer while the room is on its way, and draws one picture that nobody sees with the programs that nearly
 * every scene is drawn with: compiling them and what the graphics process prepares at their first use is done when the
 * scene is here. Throws `WebGlMissing`.
 */
export function prepareDrawing(canvas: HTMLCanvasElement): WebGLRenderer {
  const renderer = makeRenderer(canvas);
  const scene = new Scene();
  scene.add(new Ground().object, anObject());
  // None of it is disposed of: a program is kept for as long as a material wants it.
  renderer.render(scene, new PerspectiveCamera());
  // What the browser is asked only once, and answers late where another process draws.
  renderer.capabilities.getMaxAnisotropy();
  return renderer;
}

/** Without textures, as most things are. */
function anObject() {
  const mesh = { positions: new Float32Array(9), normals: new Float32Array(9), indices: new Uint32Array(3) };
  const textures = new TextureCache(async () => new Uint8Array(), () => undefined, () => undefined, 1);
  const group = new InstanceGroup(
    makeDrawGeometry("", mesh),
    (parameters) =>
      makeSurfaceMaterial({
        surface: surfaceClassOf(kDefaultMaterial),
        parameters,
        studio: { value: 1 },
        vertexColors: false,
        tangents: false,
        textures,
      }),
    false,
  );
  group.add();
  return group.object;
}
