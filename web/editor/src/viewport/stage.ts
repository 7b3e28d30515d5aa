import {
  Color, DoubleSide, Mesh, NeutralToneMapping, PlaneGeometry, Scene, ShaderMaterial, WebGLRenderer, type Camera,
} from "three";
import type { ThemeName } from "../theme.js";
import { drawingContext } from "./drawing_context.js";

/** What the viewport draws that belongs to no entity, and the colours of it. */
export interface StageColors {
  readonly background: string;
  readonly grid: string;
  readonly accent: string;
  readonly icon: string;
}

export const kStageColors: Record<ThemeName, StageColors> = {
  light: { background: "#d9dce1", grid: "#8d939d", accent: "#e07800", icon: "#3d434c" },
  dark: { background: "#2a2d33", grid: "#5b606b", accent: "#ffa640", icon: "#c9ced8" },
};
/** Red, green, blue for x, y, z, as everywhere; bright enough for both themes. */
export const kAxisColors = { x: "#e5484d", y: "#5cae3c", z: "#3f87f5" } as const;

/** The page shows a sentence of its own when this is thrown. */
export class WebGlMissing extends Error {
  constructor() {
    super("This browser offers no WebGL 2, which drawing in 3D needs. Turn on hardware acceleration in its settings, " +
      "update it, or open this link in another browser.");
    this.name = "WebGlMissing";
  }
}

export function makeRenderer(canvas: HTMLCanvasElement): WebGLRenderer {
  const context = drawingContext(canvas);
  if (!context) throw new WebGlMissing();
  const renderer = new WebGLRenderer({ canvas, context, antialias: true });
  renderer.toneMapping = NeutralToneMapping;
  renderer.info.autoReset = false;
  renderer.autoClear = false;
  return renderer;
}

/** The ground's lines: tens of the next finer step fade in as the eye comes nearer, so there is always a scale. */
export class Ground {
  readonly object: Mesh<PlaneGeometry, ShaderMaterial>;

  constructor() {
    const material = new ShaderMaterial({
      transparent: true,
      depthWrite: false,
      side: DoubleSide,
      // A floor that lies on the ground covers it.
      polygonOffset: true,
      polygonOffsetFactor: 1,
      polygonOffsetUnits: 4,
      uniforms: {
        line: { value: new Color() },
        xAxis: { value: new Color(kAxisColors.x) },
        zAxis: { value: new Color(kAxisColors.z) },
        center: { value: [0, 0] }, extent: { value: 100 }, step: { value: 1 }, fade: { value: 0 },
      },
      vertexShader: `
        uniform vec2 center;
        uniform float extent;
        varying vec2 vGround;
        void main() {
          vGround = position.xy * extent + center;
          gl_Position = projectionMatrix * viewMatrix * vec4( vGround.x, 0.0, vGround.y, 1.0 );
        }`,
      fragmentShader: `
        uniform vec3 line, xAxis, zAxis;
        uniform vec2 center;
        uniform float extent, step, fade;
        varying vec2 vGround;
        float lines( const in float every, const in float width ) {
          vec2 at = vGround / every;
          vec2 pixel = max( fwidth( at ), 1e-6 );
          vec2 near = abs( fract( at - 0.5 ) - 0.5 ) / pixel;
          vec2 covered = clamp( width - near, 0.0, 1.0 ) * clamp( 0.6 / pixel - 1.0, 0.0, 1.0 );
          return max( covered.x, covered.y );
        }
        void main() {
          float strength = max( max( lines( step, 1.0 ) * 0.35 * ( 1.0 - fade ), lines( step * 10.0, 1.0 ) *
            mix( 0.6, 0.35, fade ) ), lines( step * 100.0, 1.0 ) * 0.6 );
          vec2 axis = clamp( 1.6 - abs( vGround ) / max( fwidth( vGround ), 1e-6 ), 0.0, 1.0 );
          vec3 color = mix( mix( line, zAxis, axis.x ), xAxis, axis.y );
          float alpha = max( strength, max( axis.x, axis.y ) * 0.9 );
          alpha *= 1.0 - smoothstep( 0.35, 1.0, length( vGround - center ) / extent );
          if ( alpha < 0.004 ) discard;
          gl_FragColor = vec4( color, alpha );
          #include <colorspace_fragment>
        }`,
    });
    this.object = new Mesh(new PlaneGeometry(2, 2), material);
    this.object.frustumCulled = false;
    this.object.renderOrder = -1;
    this.object.matrixAutoUpdate = false;
  }

  setColor(color: string): void {
    (this.object.material.uniforms["line"]!.value as Color).set(color);
  }

  /** Chooses steps for what a person at this distance can tell apart. */
  update(target: { x: number; z: number }, distance: number): void {
    const { uniforms } = this.object.material;
    const power = Math.log10(Math.max(distance, 1e-3) / 12);
    uniforms["step"]!.value = 10 ** Math.floor(power);
    uniforms["fade"]!.value = power - Math.floor(power);
    uniforms["extent"]!.value = distance * 14;
    uniforms["center"]!.value = [target.x, target.z];
  }
}

/** Draws a full-screen triangle with `material`. */
export class FullScreen {
  private readonly scene = new Scene();
  private readonly mesh: Mesh;

  constructor(material: ShaderMaterial) {
    this.mesh = new Mesh(new PlaneGeometry(2, 2), material);
    this.mesh.frustumCulled = false;
    this.scene.add(this.mesh);
  }

  render(renderer: WebGLRenderer, camera: Camera): void {
    renderer.render(this.scene, camera);
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    (this.mesh.material as ShaderMaterial).dispose();
  }
}
