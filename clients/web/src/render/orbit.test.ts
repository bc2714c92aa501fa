import { describe, expect, test } from "vitest";
import type { Vec3 } from "../world/voxels";
import { axes, DEFAULT_CAMERA, framing, rayThrough, viewProjection, type Camera } from "./camera";
import { add, dot, scale, transform } from "./matrix";
import { anglesOf, between, distanceOf, focused, placed, seenFrom, turned, zoomed } from "./orbit";

const near = (a: Vec3, b: Vec3) => a.forEach((x, i) => expect(x).toBeCloseTo(b[i]!, 9));

function pixel(camera: Camera, point: Vec3): [number, number] {
  const [x, y, , w] = transform(viewProjection(camera, 1.5), point);
  return [x / w, y / w];
}

describe("camera moves", () => {
  test("turning keeps the distance and undoes itself", () => {
    const there = turned(DEFAULT_CAMERA, 0.7, -0.3);
    expect(distanceOf(there)).toBeCloseTo(distanceOf(DEFAULT_CAMERA), 9);
    near(turned(there, -0.7, 0.3).eye, DEFAULT_CAMERA.eye);
  });

  test("the pitch stops before the poles, and the picture never flips", () => {
    const above = turned(DEFAULT_CAMERA, 0, 10);
    expect(anglesOf(above).pitch).toBeLessThan(Math.PI / 2);
    expect(axes(above).up[1]).toBeGreaterThan(0);
    near(axes(above).right, axes(placed(above, anglesOf(DEFAULT_CAMERA).yaw, 0, 10)).right);
  });

  test("what one zooms to stays where it is in the picture", () => {
    const point: Vec3 = [12, 20, -7];
    const zoomedIn = zoomed(DEFAULT_CAMERA, 0.4, point);
    const [a, b] = [pixel(DEFAULT_CAMERA, point), pixel(zoomedIn, point)];
    expect(b[0]).toBeCloseTo(a[0], 9);
    expect(b[1]).toBeCloseTo(a[1], 9);
    expect(distanceOf(zoomedIn)).toBeCloseTo(0.4 * distanceOf(DEFAULT_CAMERA), 9);
  });

  test("zooming ends at limits and never passes the target", () => {
    let camera: Camera = DEFAULT_CAMERA;
    for (let i = 0; i < 200; i++) camera = zoomed(camera, 0.5, camera.target);
    expect(distanceOf(camera)).toBeCloseTo(0.5, 9);
    for (let i = 0; i < 200; i++) camera = zoomed(camera, 2, camera.target);
    expect(distanceOf(camera)).toBeCloseTo(4000, 6);
    expect(camera.far).toBeGreaterThan(4000);
  });

  test("faces of the view cube look along their axes", () => {
    near(axes(seenFrom(DEFAULT_CAMERA, [1, 0, 0])).backward, [1, 0, 0]);
    expect(axes(seenFrom(DEFAULT_CAMERA, [0, 1, 0])).backward[1]).toBeGreaterThan(0.9999);
    // From above, one side of the grid is parallel to the picture's.
    const right = axes(seenFrom(DEFAULT_CAMERA, [0, 1, 0])).right;
    expect(Math.max(Math.abs(right[0]), Math.abs(right[2]))).toBeCloseTo(1, 9);
  });

  test("a journey begins here, ends there, and swings the short way round", () => {
    const from = placed(DEFAULT_CAMERA, 3, 0.2, 50);
    const to = placed({ ...DEFAULT_CAMERA, target: [5, 5, 5] }, -3, 0.4, 200);
    near(between(from, to, 0).eye, from.eye);
    expect(between(from, to, 1)).toBe(to);
    const half = between(from, to, 0.5);
    expect(Math.abs(Math.abs(anglesOf(half).yaw) - Math.PI)).toBeLessThan(1e-9);
    expect(distanceOf(half)).toBeCloseTo(100, 6);
  });

  test("focusing makes a point the middle of the picture", () => {
    const found = focused(DEFAULT_CAMERA, [3, 4, 5], 20);
    const [x, y] = pixel(found, [3, 4, 5]);
    expect(Math.hypot(x, y)).toBeLessThan(1e-9);
    expect(distanceOf(found)).toBeCloseTo(20, 9);
  });

  test("a framed world is in the picture whole", () => {
    for (const size of [[64, 48, 64], [256, 256, 256], [16, 128, 8]] as const)
      for (const aspect of [0.5, 1, 2.2]) {
        const camera = framing(size, 2, { aspect });
        for (let bits = 0; bits < 8; bits++) {
          const corner: Vec3 = [(bits & 1 ? 1 : -1) * size[0], bits & 2 ? 2 * size[1] : 0, (bits & 4 ? 1 : -1) * size[2]];
          const [x, y, z, w] = transform(viewProjection(camera, aspect), corner);
          expect(Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) / w).toBeLessThan(1);
        }
      }
  });

  test("the ray through a pixel passes what is drawn there", () => {
    const { origin, direction } = rayThrough(DEFAULT_CAMERA, 1.5, 0.3, 0.8);
    const point = add(origin, scale(direction, 70));
    const [x, y] = pixel(DEFAULT_CAMERA, point);
    expect(x).toBeCloseTo(2 * 0.3 - 1, 9);
    expect(y).toBeCloseTo(1 - 2 * 0.8, 9);
    expect(-dot(axes(DEFAULT_CAMERA).backward, direction)).toBeCloseTo(1, 9);
  });
});
