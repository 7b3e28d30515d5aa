import {
  DoubleSide, FrontSide, MeshStandardMaterial, ShaderChunk, ShaderMaterial, Vector2, type DataTexture,
  type WebGLProgramParametersWithUniforms,
} from "three";
import type { AssetId, Material } from "@theta/client";
import { kStudioLight, kStudioShader } from "./studio.js";
import type { TextureCache } from "./texture_cache.js";

/** What glTF gives a mesh without a material, but less black: nobody wants to model in pure metal. */
export const kDefaultMaterial: Material = {
  base_color: [0.72, 0.72, 0.72, 1], metallic: 0, roughness: 0.6, emissive: [0, 0, 0], alpha_mode: "opaque",
  alpha_cutoff: 0.5, double_sided: false,
};

/**
 * What of a material must be equal for entities to share a draw call. All else (colours, metallic, roughness) is read
 * per instance from a texture, so ten thousand colours of one mesh are one call.
 */
export interface SurfaceClass {
  readonly key: string;
  readonly alphaMode: Material["alpha_mode"];
  readonly alphaCutoff: number;
  readonly doubleSided: boolean;
  readonly textures: readonly (AssetId | undefined)[];
}

const classes = new WeakMap<Material, SurfaceClass>();

export function surfaceClassOf(material: Material): SurfaceClass {
  const known = classes.get(material);
  if (known) return known;
  const textures = [
    material.base_color_texture, material.metallic_roughness_texture, material.normal_texture,
    material.occlusion_texture, material.emissive_texture,
  ];
  const alphaCutoff = material.alpha_mode === "mask" ? material.alpha_cutoff : 0;
  const sides = material.double_sided ? 2 : 1;
  const key = [material.alpha_mode, alphaCutoff, sides, ...textures.map((id) => id ?? "")].join();
  const made = {
    key, alphaMode: material.alpha_mode, alphaCutoff, doubleSided: material.double_sided, textures,
  } satisfies SurfaceClass;
  classes.set(material, made);
  return made;
}

// Both draw paths have a number for the thing that is drawn; by it the parameters are found.
const kSlot = `
uniform highp sampler2D instanceParameters;
#ifdef USE_BATCHING
  #define INSTANCE_SLOT int( getIndirectIndex( gl_DrawID ) )
#else
  #define INSTANCE_SLOT gl_InstanceID
#endif
vec4 instanceParameter( const in int slot, const in int which ) {
  int at = slot * 4 + which;
  int width = textureSize( instanceParameters, 0 ).x;
  return texelFetch( instanceParameters, ivec2( at % width, at / width ), 0 );
}
`;

// three divides normals by the squared scale, which leaves shear out; the cofactor matrix is right for every matrix.
const kNormal = `
vec3 transformedNormal = objectNormal;
#ifdef USE_TANGENT
  vec3 transformedTangent = objectTangent;
#endif
#if defined( USE_BATCHING )
  mat3 im = mat3( batchingMatrix );
#elif defined( USE_INSTANCING )
  mat3 im = mat3( instanceMatrix );
#else
  mat3 im = mat3( 1.0 );
#endif
mat3 cofactor = mat3( cross( im[ 1 ], im[ 2 ] ), cross( im[ 2 ], im[ 0 ] ), cross( im[ 0 ], im[ 1 ] ) );
transformedNormal = normalMatrix * ( cofactor * transformedNormal );
#ifdef FLIP_SIDED
  transformedNormal = - transformedNormal;
#endif
#ifdef USE_TANGENT
  transformedTangent = ( modelViewMatrix * vec4( im * transformedTangent, 0.0 ) ).xyz;
#endif
`;

const kMetalness = ShaderChunk.metalnessmap_fragment.replace("= metalness;", "= vSurface.x;");
const kRoughness = ShaderChunk.roughnessmap_fragment.replace("= roughness;", "= vSurface.y;");
// The studio is an environment, though no map of one.
const kOcclusion = ShaderChunk.aomap_fragment.replace("defined( USE_ENVMAP ) && ", "");

function patchSurface(shader: WebGLProgramParametersWithUniforms, { parameters, studio }: SurfaceOptions): void {
  shader.uniforms["instanceParameters"] = parameters;
  shader.uniforms["studioIntensity"] = studio;
  shader.vertexShader = shader.vertexShader
    .replace("#include <batching_pars_vertex>", `#include <batching_pars_vertex>
      ${kSlot}
      varying vec4 vBaseColor;
      varying vec2 vSurface;
      varying vec3 vEmission;`)
    .replace("#include <defaultnormal_vertex>", kNormal)
    .replace("#include <color_vertex>", `#include <color_vertex>
      int instanceSlot = INSTANCE_SLOT;
      vBaseColor = instanceParameter( instanceSlot, 0 );
      vSurface = instanceParameter( instanceSlot, 1 ).xy;
      vEmission = instanceParameter( instanceSlot, 2 ).xyz;`);
  shader.fragmentShader = shader.fragmentShader
    .replace("varying vec3 vViewPosition;", `varying vec3 vViewPosition;
      varying vec4 vBaseColor;
      varying vec2 vSurface;
      varying vec3 vEmission;`)
    .replace("vec4 diffuseColor = vec4( diffuse, opacity );", "vec4 diffuseColor = vBaseColor;")
    .replace("vec3 totalEmissiveRadiance = emissive;", "vec3 totalEmissiveRadiance = vEmission;")
    .replace("#include <envmap_physical_pars_fragment>", kStudioShader)
    .replace("#include <lights_fragment_maps>", `#include <lights_fragment_maps>${kStudioLight}`)
    .replace("#include <aomap_fragment>", kOcclusion)
    .replace("#include <metalnessmap_fragment>", kMetalness)
    .replace("#include <roughnessmap_fragment>", kRoughness);
}

export interface SurfaceOptions {
  readonly surface: SurfaceClass;
  readonly parameters: { value: DataTexture };
  /** How strong the studio's light is; shared by all materials. */
  readonly studio: { value: number };
  readonly vertexColors: boolean;
  readonly tangents: boolean;
  readonly textures: TextureCache;
}

/** The material of one draw call. Textures come in when they are there; until then the factors alone are drawn. */
export function makeSurfaceMaterial(options: SurfaceOptions): MeshStandardMaterial {
  const { surface, vertexColors, tangents, textures } = options;
  const material = new MeshStandardMaterial({
    vertexColors,
    side: surface.doubleSided ? DoubleSide : FrontSide,
    transparent: surface.alphaMode === "blend",
    depthWrite: surface.alphaMode !== "blend",
    alphaTest: surface.alphaMode === "mask" ? Math.max(surface.alphaCutoff, 1e-6) : 0,
    forceSinglePass: true,
  });
  // Without tangents three derives them from the texture coordinates, whose v axis glTF has the other way up.
  if (!tangents) material.normalScale = new Vector2(1, -1);
  material.onBeforeCompile = (shader) => patchSurface(shader, options);
  material.customProgramCacheKey = () => "theta-surface";
  const [base, metallicRoughness, normal, occlusion, emissive] = surface.textures;
  const use = (id: AssetId | undefined, space: "srgb" | "linear", names: ("map" | "metalnessMap" | "roughnessMap" |
    "normalMap" | "aoMap" | "emissiveMap")[]): void => {
    if (id === undefined) return;
    textures.request(id, space, (texture) => {
      for (const name of names) material[name] = texture;
      material.needsUpdate = true;
    });
  };
  use(base, "srgb", ["map"]);
  use(metallicRoughness, "linear", ["metalnessMap", "roughnessMap"]);
  use(normal, "linear", ["normalMap"]);
  use(occlusion, "linear", ["aoMap"]);
  use(emissive, "srgb", ["emissiveMap"]);
  return material;
}

/** Draws what is highlighted in its flat highlight colour, and nothing of the rest; the outline is made from it. */
export function makeMaskMaterial(parameters: { value: DataTexture }): ShaderMaterial {
  return new ShaderMaterial({
    uniforms: { instanceParameters: parameters },
    vertexShader: `
      #include <common>
      #include <batching_pars_vertex>
      ${kSlot}
      varying vec4 vMask;
      void main() {
        #include <batching_vertex>
        vMask = instanceParameter( INSTANCE_SLOT, 3 );
        #include <begin_vertex>
        #include <project_vertex>
        if ( vMask.a == 0.0 ) gl_Position = vec4( 0.0, 0.0, 2.0, 1.0 );
      }`,
    fragmentShader: "varying vec4 vMask; void main() { gl_FragColor = vMask; }",
    side: DoubleSide,
    depthTest: false,
    depthWrite: false,
  });
}
