/** The shaders of webgpu/overlays.wgsl in GLSL. */

const HEAD = `#version 300 es
precision highp float;
`;

const CLIP = `
uniform mat4 clip_from_world;
vec4 placed(vec3 at) {
  vec4 clip = clip_from_world * vec4(at, 1.0);
  return vec4(clip.xy, 2.0 * clip.z - clip.w, clip.w);
}
`;

export const LINE_VERTEX = `${HEAD}${CLIP}
uniform vec3 size;
uniform float behind;
layout(location = 0) in vec3 start;
layout(location = 1) in vec3 end;
layout(location = 2) in vec2 width_behind;
layout(location = 3) in vec4 color;
flat out vec4 painted;

void main() {
  vec4 a = placed(start);
  vec4 b = placed(end);
  float least = 0.01;
  if (a.w < least && b.w >= least) a = mix(a, b, (least - a.w) / (b.w - a.w));
  else if (b.w < least && a.w >= least) b = mix(b, a, (least - b.w) / (a.w - b.w));
  vec2 half_size = size.xy * 0.5;
  vec2 pa = a.xy / a.w * half_size;
  vec2 pb = b.xy / b.w * half_size;
  vec2 along = distance(pa, pb) > 1e-4 ? normalize(pb - pa) : vec2(1.0, 0.0);
  vec2 across = vec2(-along.y, along.x);
  float reach = width_behind.x * size.z * 0.5;
  bool far_end = (gl_VertexID & 1) == 1;
  float side = (gl_VertexID & 2) == 2 ? 1.0 : -1.0;
  vec4 at = far_end ? b : a;
  vec2 offset = (across * side * reach + along * (far_end ? reach : -reach)) / half_size;
  gl_Position = vec4(at.xy + offset * at.w, at.z, at.w);
  if (a.w < least || b.w < least) gl_Position = vec4(2.0, 2.0, 0.0, 1.0);
  painted = vec4(color.rgb, color.a * mix(1.0, width_behind.y, behind));
}
`;

export const FILL_VERTEX = `${HEAD}${CLIP}
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
flat out vec4 painted;

void main() {
  gl_Position = placed(position);
  painted = color;
}
`;

export const PAINT_FRAGMENT = `${HEAD}
flat in vec4 painted;
out vec4 pixel;

void main() {
  pixel = vec4(painted.rgb * painted.a, painted.a);
}
`;

export const SKY_VERTEX = `${HEAD}
uniform vec3 corner;
uniform vec3 right;
uniform vec3 up;
out vec3 ray;

void main() {
  vec2 at = vec2(float(gl_VertexID & 1), float(gl_VertexID >> 1)) * 4.0 - 1.0;
  gl_Position = vec4(at, 1.0, 1.0);
  ray = corner + right * (at.x + 1.0) + up * (at.y + 1.0);
}
`;

export const SKY_FRAGMENT = `${HEAD}
in vec3 ray;
out vec4 pixel;

void main() {
  float height = normalize(ray).y;
  vec3 above = mix(vec3(0.80, 0.90, 0.95), vec3(0.36, 0.62, 0.83), smoothstep(0.0, 0.75, height));
  vec3 below = mix(vec3(0.80, 0.90, 0.95), vec3(0.60, 0.68, 0.72), smoothstep(0.0, 0.5, -height));
  pixel = vec4(height >= 0.0 ? above : below, 1.0);
}
`;
