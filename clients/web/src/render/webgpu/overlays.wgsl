// What lies over the blocks (lines of a width in pixels, fills) and behind them (the gradient of the sky).

struct View {
  clip_from_world: mat4x4f,
  // Width and height of the picture in pixels, pixels per CSS pixel.
  size: vec4f,
  // From the eye through the corner (-1, -1) of the picture, and what x and y add.
  corner: vec4f,
  right: vec4f,
  up: vec4f,
}

@group(0) @binding(0) var<uniform> view: View;

// Lines are drawn twice: in front of blocks, and faintly behind them.
override BEHIND: bool = false;

struct Painted {
  @builtin(position) position: vec4f,
  @location(0) @interpolate(flat) color: vec4f,
}

fn reversed(clip: vec4f) -> vec4f {
  return vec4f(clip.xy, clip.w - clip.z, clip.w);
}

@vertex
fn line(
  @builtin(vertex_index) index: u32,
  @location(0) start: vec3f,
  @location(1) end: vec3f,
  @location(2) width_behind: vec2f,
  @location(3) color: vec4f,
) -> Painted {
  var a = reversed(view.clip_from_world * vec4f(start, 1.0));
  var b = reversed(view.clip_from_world * vec4f(end, 1.0));
  // Cut off what is behind the eye: it has no place in the picture.
  let least = 0.01;
  if (a.w < least && b.w >= least) {
    a = mix(a, b, (least - a.w) / (b.w - a.w));
  } else if (b.w < least && a.w >= least) {
    b = mix(b, a, (least - b.w) / (a.w - b.w));
  }
  let half_size = view.size.xy * 0.5;
  let pa = a.xy / a.w * half_size;
  let pb = b.xy / b.w * half_size;
  var along = vec2f(1.0, 0.0);
  if (distance(pa, pb) > 1e-4) {
    along = normalize(pb - pa);
  }
  let across = vec2f(-along.y, along.x);
  let reach = width_behind.x * view.size.z * 0.5;
  let corner = vec2u(index & 1u, (index >> 1u) & 1u);
  let side = select(-1.0, 1.0, corner.y == 1u);
  let end_point = select(a, b, corner.x == 1u);
  let outward = select(-reach, reach, corner.x == 1u);
  let offset = (across * side * reach + along * outward) / half_size;
  var out: Painted;
  out.position = vec4f(end_point.xy + offset * end_point.w, end_point.z, end_point.w);
  if (a.w < least || b.w < least) {
    out.position = vec4f(2.0, 2.0, 0.0, 1.0);
  }
  out.color = vec4f(color.rgb, color.a * select(1.0, width_behind.y, BEHIND));
  return out;
}

@vertex
fn fill(@location(0) position: vec3f, @location(1) color: vec4f) -> Painted {
  var out: Painted;
  out.position = reversed(view.clip_from_world * vec4f(position, 1.0));
  out.color = color;
  return out;
}

@fragment
fn paint(in: Painted) -> @location(0) vec4f {
  return vec4f(in.color.rgb * in.color.a, in.color.a);
}

struct Sky {
  @builtin(position) position: vec4f,
  @location(0) ray: vec3f,
}

@vertex
fn sky(@builtin(vertex_index) index: u32) -> Sky {
  let at = vec2f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0);
  var out: Sky;
  out.position = vec4f(at, 0.0, 1.0);
  out.ray = view.corner.xyz + view.right.xyz * (at.x + 1.0) + view.up.xyz * (at.y + 1.0);
  return out;
}

@fragment
fn gradient(in: Sky) -> @location(0) vec4f {
  let height = normalize(in.ray).y;
  let above = mix(vec3f(0.80, 0.90, 0.95), vec3f(0.36, 0.62, 0.83), smoothstep(0.0, 0.75, height));
  let below = mix(vec3f(0.80, 0.90, 0.95), vec3f(0.60, 0.68, 0.72), smoothstep(0.0, 0.5, -height));
  return vec4f(select(below, above, height >= 0.0), 1.0);
}
