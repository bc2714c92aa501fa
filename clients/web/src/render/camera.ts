/** A perspective camera: right-handed, +Y up, looks along its own -Z (formats.md). */
import type { Vec3 } from "../world/voxels";

export interface Camera {
  readonly eye: Vec3;
  readonly target: Vec3;
  readonly up: Vec3;
  /** Full vertical field of view. */
  readonly fovYDegrees: number;
  readonly near: number;
  readonly far: number;
}

export const DEFAULT_CAMERA: Camera = { eye: [90, 70, 110], target: [0, 30, 0], up: [0, 1, 0], fovYDegrees: 60, near: 0.1, far: 500 };
