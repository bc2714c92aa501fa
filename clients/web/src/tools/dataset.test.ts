import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEFAULT_CAMERA } from "../render/camera";
import { base64, metadataParts, poseOf, product, projectionMatrix, viewMatrix } from "./dataset";
import { ringCameras, ringFor } from "./ring";

const REPOSITORY = fileURLToPath(new URL("../../../../", import.meta.url));
const PYTHON = process.env.VOXCORE_PYTHON ?? join(REPOSITORY, ".venv/bin/python");
/** A picture of one sky-blue pixel. */
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNoP/8aAAQiAkIURYOiAAAAAElFTkSuQmCC", "base64");

function close(a: readonly number[], b: readonly number[]): void {
  expect(a).toHaveLength(b.length);
  a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 9));
}

test("the eye is the camera's origin and the target lies ahead", () => {
  const view = viewMatrix(DEFAULT_CAMERA);
  const seen = (p: readonly number[]) => [0, 1, 2].map((row) => view[row]! * p[0]! + view[row + 4]! * p[1]! + view[row + 8]! * p[2]! + view[row + 12]!);
  close(seen(DEFAULT_CAMERA.eye), [0, 0, 0]);
  const [x, y, z] = seen(DEFAULT_CAMERA.target);
  close([x!, y!], [0, 0]);
  expect(z).toBeLessThan(0);
});

test("straight down, -Z is up", () => {
  const pose = poseOf({ ...DEFAULT_CAMERA, eye: [0, 9, 0], target: [0, 0, 0] });
  close(pose.up, [0, 0, -1]);
  close(pose.right, [1, 0, 0]);
});

test("matrices are the ones of the sample dataset", () => {
  interface View {
    readonly position: [number, number, number];
    readonly forward: number[];
    readonly intrinsics: { readonly fovYDegrees: number; readonly aspect: number; readonly near: number; readonly far: number };
    readonly viewMatrix: number[];
    readonly projectionMatrix: number[];
    readonly viewProjectionMatrix: number[];
  }
  const text = readFileSync(new URL("../../../../datasets/1/metadata.json", import.meta.url), "utf8");
  for (const view of (JSON.parse(text) as { views: View[] }).views.slice(0, 4)) {
    const { position: eye, forward: f, intrinsics } = view;
    const camera = { eye, target: [eye[0] + f[0]!, eye[1] + f[1]!, eye[2] + f[2]!] as const, up: [0, 1, 0] as const, ...intrinsics };
    const near = (a: readonly number[], b: readonly number[], by: number) => a.forEach((value, i) => expect(Math.abs(value - b[i]!)).toBeLessThan(by));
    near(viewMatrix(camera), view.viewMatrix, 1e-3);
    near(projectionMatrix(camera, intrinsics.aspect), view.projectionMatrix, 1e-4);
    near(product(projectionMatrix(camera, intrinsics.aspect), viewMatrix(camera)), view.viewProjectionMatrix, 1e-2);
  }
});

test("base64 of any length", () => {
  for (const length of [0, 1, 2, 3, 24_575, 24_576, 50_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 31) % 256);
    expect(base64(bytes)).toBe(Buffer.from(bytes).toString("base64"));
  }
});

test("a ring looks at its centre from where it should", () => {
  const plan = ringFor([-64, 0, -64], [64, 40, 64]);
  const cameras = ringCameras({ ...plan, count: 4, elevation: 30 });
  expect(cameras).toHaveLength(4);
  for (const { eye, target } of cameras) {
    expect(target).toEqual([0, 20, 0]);
    expect(Math.hypot(eye[0], eye[1] - 20, eye[2])).toBeCloseTo(plan.radius, 9);
    expect(eye[1] - 20).toBeCloseTo(plan.radius / 2, 9);
  }
  expect(cameras[0]!.eye[2]).toBeGreaterThan(0);
  expect(cameras[1]!.eye[0]).toBeGreaterThan(0);
});

test.skipIf(!existsSync(PYTHON))("voxcore reads the dataset, its cameras those of orbit_cameras", () => {
  const plan = { count: 5, elevation: 35, radius: 90, center: [3, 20, -4] as const, fovYDegrees: 50 };
  const shots = ringCameras(plan).map((camera) => ({ camera, png: new Uint8Array(PIXEL) }));
  const folder = mkdtempSync(join(tmpdir(), "voxcore-dataset-"));
  try {
    const text = metadataParts(shots, 1, 1, "viewer", new Date(0)).join("");
    writeFileSync(join(folder, "metadata.json"), text);
    const code = `
import sys, numpy as np
from pathlib import Path
from voxcore.cameras import orbit_cameras
from voxcore.datasets import load_dataset
found = load_dataset(Path(sys.argv[1]))
wanted = orbit_cameras(5, center=np.array([3.0, 20, -4]), radius=90, elevation_degrees=(35, 35), fov_y_degrees=50, width=1, height=1)
for a, b in zip(found.cameras, wanted, strict=True):
    np.testing.assert_allclose(a.cam_from_world, b.cam_from_world, atol=1e-9)
    np.testing.assert_allclose(a.clip_from_cam, b.clip_from_cam, atol=1e-9)
print(found.image(0).shape, len(found))
`;
    const environment = { ...process.env, PYTHONPATH: REPOSITORY };
    expect(execFileSync(PYTHON, ["-c", code, folder], { env: environment, encoding: "utf8" }).trim()).toBe("(1, 1, 3) 5");
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
