import { ShaderMaterial, Vector2, WebGLRenderTarget, type Camera, type Scene, type WebGLRenderer } from "three";
import { FullScreen } from "./stage.js";

const kWidthPixels = 2;

/**
 * Draws lines around what is highlighted: first everything highlighted in flat colours aside, then, over the picture,
 * each pixel that has such a colour near it but not in it. Things behind others keep their outline.
 */
export class Outline {
  private readonly target = new WebGLRenderTarget(1, 1, { depthBuffer: false });
  private readonly pass: FullScreen;
  private readonly material: ShaderMaterial;

  constructor() {
    this.material = new ShaderMaterial({
      transparent: true,
      depthTest: false,
      depthWrite: false,
      uniforms: { mask: { value: this.target.texture }, pixel: { value: new Vector2() } },
      vertexShader: "varying vec2 vUv; void main() { vUv = uv; gl_Position = vec4( position.xy, 0.0, 1.0 ); }",
      fragmentShader: `
        uniform sampler2D mask;
        uniform vec2 pixel;
        varying vec2 vUv;
        void main() {
          vec4 here = texture2D( mask, vUv );
          vec3 color = vec3( 0.0 );
          float found = 0.0, differing = 0.0;
          for ( int i = 0; i < 16; i ++ ) {
            float angle = float( i ) * 0.39269908;
            float reach = i % 2 == 0 ? 1.0 : 0.6;
            vec4 there = texture2D( mask, vUv + vec2( cos( angle ), sin( angle ) ) * pixel * reach );
            if ( there.a > 0.5 ) { color += there.rgb; found += 1.0; }
            if ( there.a > 0.5 && distance( there.rgb, here.rgb ) > 0.02 ) differing += 1.0;
          }
          if ( found == 0.0 ) discard;
          float alpha = here.a > 0.5 ? ( differing > 0.0 ? 0.5 : 0.07 ) : smoothstep( 0.0, 4.0, found );
          gl_FragColor = vec4( here.a > 0.5 ? here.rgb : color / found, alpha );
          #include <colorspace_fragment>
        }`,
    });
    this.pass = new FullScreen(this.material);
  }

  setSize(width: number, height: number, pixelRatio: number): void {
    this.target.setSize(width, height);
    (this.material.uniforms["pixel"]!.value as Vector2).set(
      (kWidthPixels * pixelRatio) / width, (kWidthPixels * pixelRatio) / height,
    );
  }

  /** Draws the flat colours; of `scene` only what is highlighted may be visible then. */
  renderMask(renderer: WebGLRenderer, scene: Scene, camera: Camera): void {
    renderer.setRenderTarget(this.target);
    renderer.setClearColor(0x000000, 0);
    renderer.clear();
    renderer.render(scene, camera);
    renderer.setRenderTarget(null);
  }

  composite(renderer: WebGLRenderer, camera: Camera): void {
    this.pass.render(renderer, camera);
  }

  dispose(): void {
    this.target.dispose();
    this.pass.dispose();
  }
}
