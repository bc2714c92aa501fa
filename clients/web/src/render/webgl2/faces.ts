/** The shaders of webgpu/faces.wgsl in GLSL: the same tables, the same arithmetic. */

/** Faces in a row of a chunk's texture. */
export const ROW = 1024;

export interface FaceVariant {
  readonly ambientOcclusion: boolean;
  readonly soft: boolean;
  readonly textured: boolean;
}

export function faceShaders({ ambientOcclusion, soft, textured }: FaceVariant): { vertex: string; fragment: string } {
  const head = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp sampler2DArray;
${ambientOcclusion ? "#define AMBIENT_OCCLUSION" : ""}
${soft ? "#define SOFT" : ""}
${textured ? "#define TEXTURED" : ""}
`;
  return { vertex: head + VERTEX, fragment: head + FRAGMENT };
}

const VERTEX = `
uniform mat4 clip_from_grid;
uniform vec3 ghost;
uniform uint corner_bits[6];
uniform usampler2D faces;
uniform sampler2D looks;

flat out vec3 color;
flat out vec3 plain;
flat out vec3 surface;
out vec2 uv;
out float open;

const float CORNER_LIGHT[4] = float[4](0.52, 0.70, 0.86, 1.0);

void main() {
  int index = gl_VertexID >> 2;
  uvec2 face = texelFetch(faces, ivec2(index & ${ROW - 1}, index / ${ROW}), 0).xy;
  uint direction = face.x >> 27u;
  uint block = face.y & 255u;
  uint openness = (face.y >> 8u) & 255u;
  uint turn = uint(gl_VertexID & 3);
#ifdef AMBIENT_OCCLUSION
  uint a = (openness & 3u) + ((openness >> 4u) & 3u);
  uint b = ((openness >> 2u) & 3u) + ((openness >> 6u) & 3u);
  if (b > a) turn = (turn + 1u) & 3u;
#endif
  uint bits = corner_bits[direction] >> (5u * turn);
  uvec3 cell = uvec3(face.x & 511u, (face.x >> 9u) & 511u, (face.x >> 18u) & 511u);
  vec3 at = vec3(cell + uvec3(bits & 1u, (bits >> 1u) & 1u, (bits >> 2u) & 1u));
  vec4 look = texelFetch(looks, ivec2(2u * direction, block), 0);
  vec4 clip = clip_from_grid * vec4(at, 1.0);
  // What the editor draws has z in 0..1; WebGL keeps -1..1.
  gl_Position = vec4(clip.xy, 2.0 * clip.z - clip.w, clip.w);
  color = look.rgb;
  plain = texelFetch(looks, ivec2(2u * direction + 1u, block), 0).rgb;
  surface = vec3(look.a, float(direction), float((face.y >> 16u) & 255u) / 255.0);
  uv = vec2(float((bits >> 3u) & 1u), float((bits >> 4u) & 1u));
  open = CORNER_LIGHT[(openness >> (2u * turn)) & 3u];
#ifdef SOFT
  if (block == 0u) color = ghost;
#endif
}
`;

const FRAGMENT = `
uniform vec3 ghost;
uniform vec3 light[6];
uniform float height;
uniform sampler2DArray tiles;

flat in vec3 color;
flat in vec3 plain;
flat in vec3 surface;
in vec2 uv;
in float open;
out vec4 pixel;

float threshold(uvec2 at) {
  uint x = at.x ^ at.y;
  uint y = at.y;
  uint rank = ((x & 1u) << 3u) | ((y & 1u) << 2u) | (x & 2u) | ((y & 2u) >> 1u);
  return (float(rank) + 0.5) / 16.0;
}

void main() {
  vec3 shown = color;
#ifdef TEXTURED
  vec4 texel = texture(tiles, vec3(uv, max(surface.x, 0.0)));
  if (surface.x >= 0.0) shown = clamp(mix(plain, texel.rgb, texel.a) * light[int(surface.y)], 0.0, 1.0);
#endif
#ifdef SOFT
  float certain = smoothstep(0.35, 0.8, surface.z);
  shown = mix(ghost, shown, certain);
  // Rows count from the top, as in WebGPU.
  if (max(surface.z * 0.7, certain) <= threshold(uvec2(uint(gl_FragCoord.x), uint(height - gl_FragCoord.y)))) discard;
#endif
#ifdef AMBIENT_OCCLUSION
  shown *= open;
#endif
  pixel = vec4(shown, 1.0);
}
`;
