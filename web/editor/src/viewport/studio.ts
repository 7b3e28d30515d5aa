/** A lobe of light: where it comes from, how narrow it is, and its radiance in the middle. */
interface Lobe {
  readonly towards: readonly [number, number, number];
  readonly sharpness: number;
  readonly radiance: number;
}

// Three windows and a lamp above in a bright room, as three's RoomEnvironment has them: fitted by least squares to what
// that room looks like after reflection in GGX surfaces of roughness 0.25 to 1.
const kLobes: readonly Lobe[] = [
  { towards: [-0.773, 0.509, 0.378], sharpness: 352, radiance: 26.8 },
  { towards: [0.865, 0.493, -0.092], sharpness: 72, radiance: 14.3 },
  { towards: [-0.026, 0.341, 0.94], sharpness: 68.7, radiance: 43.4 },
  { towards: [0.168, 0.533, -0.83], sharpness: 40.3, radiance: 3.5 },
  { towards: [0, 1, 0], sharpness: 109.7, radiance: 9.3 },
  { towards: [-0.051, 0.997, 0.058], sharpness: 1.1, radiance: 0.88 },
  { towards: [0.08, -0.995, 0.064], sharpness: 2.6, radiance: 0.74 },
];

const number = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));

/**
 * The soft light of a studio, so that a scene without lights looks like something: spherical Gaussians, whose
 * reflection in a rough surface is another Gaussian (Wang et al., "All-Frequency Rendering of Dynamic,
 * Spatially-Varying Reflectance", 2009). A filtered environment map would look alike, but making it keeps a slow
 * graphics processor busy for seconds before the first picture.
 */
export const kStudioShader = `
uniform float studioIntensity;

/** What a surface of this roughness sees of the studio, mirrored towards a direction of the world. */
vec3 studioRadiance( const in vec3 direction, const in float roughness ) {
  float alpha = max( roughness * roughness, 0.001 );
  // How narrow the lobe is in which such a surface reflects; a wholly rough one has the cosine's.
  float surface = 0.5 / ( alpha * alpha ) + 1.6;
  float sum = 0.0;
  float both;
${kLobes
  .map(
    ({ towards, sharpness, radiance }) => `
  both = surface / ( ${number(sharpness)} + surface );
  sum += ${number(radiance)} * both *
    exp( ${number(sharpness)} * both * ( dot( direction, vec3( ${towards.map(number).join()} ) ) - 1.0 ) );`,
  )
  .join("")}
  return vec3( sum * studioIntensity );
}

vec3 inWorld( const in vec3 direction ) {
  return normalize( ( vec4( direction, 0.0 ) * viewMatrix ).xyz );
}
`;

/** Stands where three would read an environment map. */
export const kStudioLight = `
  iblIrradiance += PI * studioRadiance( inWorld( geometryNormal ), 1.0 );
  // Rough surfaces gather more from where they face than from where a mirror would look.
  vec3 studioMirrored = mix( reflect( - geometryViewDir, geometryNormal ), geometryNormal, pow4( material.roughness ) );
  radiance += studioRadiance( inWorld( studioMirrored ), material.roughness );
`;
