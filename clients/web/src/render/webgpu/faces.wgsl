// Faces of blocks, pulled from packed words (see faces.ts); one draw a chunk.
//
// Colours come from a table as whole 255ths and pass through untouched where a face has neither a
// texture nor shadowed corners: the picture is then exact.

struct Frame {
  clip_from_grid: mat4x4f,
  ghost: vec4f,
}

struct Look {
  lit: vec3f,
  layer: f32,
  plain: vec3f,
  unused: f32,
}

struct Side {
  light: vec3f,
  // Of each corner 5 bits: x, y, z, u, v.
  corners: u32,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> looks: array<Look>;
@group(0) @binding(2) var<uniform> sides: array<Side, 6>;
@group(0) @binding(3) var tiles: texture_2d_array<f32>;
@group(0) @binding(4) var tile_sampler: sampler;
@group(1) @binding(0) var<storage, read> faces: array<vec2u>;

override AMBIENT_OCCLUSION: bool = false;
override SOFT: bool = false;
override TEXTURED: bool = false;

// Light left in a corner that is open to 0, 1, 2 or 3 of the three cells around it.
const CORNER_LIGHT = array<f32, 4>(0.52, 0.70, 0.86, 1.0);

struct Corner {
  @builtin(position) position: vec4f,
  @location(0) @interpolate(flat) color: vec3f,
  // Texture layer (-1 for none), face, occupancy 0..1.
  @location(1) @interpolate(flat) surface: vec3f,
  @location(2) uv: vec2f,
  @location(3) open: f32,
  @location(4) @interpolate(flat) plain: vec3f,
}

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
  let face = faces[index >> 2u];
  let direction = face.x >> 27u;
  let block = face.y & 255u;
  let openness = (face.y >> 8u) & 255u;
  var turn = index & 3u;
  if (AMBIENT_OCCLUSION) {
    // Cut the square along its lighter diagonal: the shadow of a corner then has no seam.
    let a = (openness & 3u) + ((openness >> 4u) & 3u);
    let b = ((openness >> 2u) & 3u) + ((openness >> 6u) & 3u);
    turn = select(turn, (turn + 1u) & 3u, b > a);
  }
  let bits = sides[direction].corners >> (5u * turn);
  let cell = vec3u(face.x & 511u, (face.x >> 9u) & 511u, (face.x >> 18u) & 511u);
  let at = vec3f(cell + vec3u(bits & 1u, (bits >> 1u) & 1u, (bits >> 2u) & 1u));
  let look = looks[6u * block + direction];

  var out: Corner;
  let clip = frame.clip_from_grid * vec4f(at, 1.0);
  // The projection is made for z in -1..1 of which WebGPU keeps 0..1; turned round, floats are finest far away.
  out.position = vec4f(clip.xy, clip.w - clip.z, clip.w);
  out.color = look.lit;
  out.surface = vec3f(look.layer, f32(direction), f32((face.y >> 16u) & 255u) / 255.0);
  out.uv = vec2f(f32((bits >> 3u) & 1u), f32((bits >> 4u) & 1u));
  out.open = CORNER_LIGHT[(openness >> (2u * turn)) & 3u];
  out.plain = look.plain;
  if (SOFT && block == 0u) {
    out.color = frame.ghost.rgb;
  }
  return out;
}

// 4x4 ordered dither: how far a pixel's threshold is, 0..1.
fn threshold(pixel: vec2u) -> f32 {
  let x = pixel.x ^ pixel.y;
  let y = pixel.y;
  let rank = ((x & 1u) << 3u) | ((y & 1u) << 2u) | ((x & 2u)) | ((y & 2u) >> 1u);
  return (f32(rank) + 0.5) / 16.0;
}

@fragment
fn shade(in: Corner) -> @location(0) vec4f {
  var color = in.color;
  if (TEXTURED) {
    let texel = textureSample(tiles, tile_sampler, in.uv, u32(max(in.surface.x, 0.0)));
    if (in.surface.x >= 0.0) {
      let surface = mix(in.plain, texel.rgb, texel.a);
      color = clamp(surface * sides[u32(in.surface.y)].light, vec3f(0.0), vec3f(1.0));
    }
  }
  if (SOFT) {
    // From mist to a block as the cell makes up its mind.
    let certain = smoothstep(0.35, 0.8, in.surface.z);
    color = mix(frame.ghost.rgb, color, certain);
    if (max(in.surface.z * 0.7, certain) <= threshold(vec2u(in.position.xy))) {
      discard;
    }
  }
  if (AMBIENT_OCCLUSION) {
    color *= in.open;
  }
  return vec4f(color, 1.0);
}
