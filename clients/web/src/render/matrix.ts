/** 4x4 matrices, column-major as in WebGPU and WebGL; computed in doubles, uploaded as floats. */
import type { Vec3 } from "../world/voxels";

export type Mat4 = readonly number[];

export function multiply(a: Mat4, b: Mat4): Mat4 {
  const out = new Array<number>(16);
  for (let column = 0; column < 4; column++)
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[row + 4 * k]! * b[k + 4 * column]!;
      out[row + 4 * column] = sum;
    }
  return out;
}

/** The point [x, y, z, 1] through `m`, before the division by w. */
export function transform(m: Mat4, [x, y, z]: Vec3): [number, number, number, number] {
  const row = (r: number) => m[r]! * x + m[r + 4]! * y + m[r + 8]! * z + m[r + 12]!;
  return [row(0), row(1), row(2), row(3)];
}

export const add = (a: Vec3, b: Vec3): Vec3 => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const subtract = (a: Vec3, b: Vec3): Vec3 => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const scale = (a: Vec3, by: number): Vec3 => [a[0] * by, a[1] * by, a[2] * by];
export const dot = (a: Vec3, b: Vec3): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a: Vec3, b: Vec3): Vec3 => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const length = (a: Vec3): number => Math.hypot(a[0], a[1], a[2]);
/** Unit length; `fallback` for a vector without a direction. */
export const normalize = (a: Vec3, fallback: Vec3 = [0, 1, 0]): Vec3 => {
  const size = length(a);
  return size > 1e-12 ? scale(a, 1 / size) : fallback;
};
export const mix = (a: Vec3, b: Vec3, t: number): Vec3 => [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
