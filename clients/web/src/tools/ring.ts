/** Cameras around a point, as voxcore's own `orbit_cameras` places them. */
import type { Camera } from "../render/camera";
import type { Vec3 } from "../world/voxels";

export interface RingPlan {
  readonly count: number;
  /** Degrees above the horizon. */
  readonly elevation: number;
  /** World units from the centre. */
  readonly radius: number;
  readonly center: Vec3;
  readonly fovYDegrees: number;
}

export const RING_LIMITS = { count: [1, 128], elevation: [-80, 85], radius: [1, 100_000], fovYDegrees: [10, 120] } as const;

/** Far enough for what is around the centre, near enough for depth: 500 is the editor's own. */
function farFor(radius: number): number {
  return Math.max(500, radius * 4);
}

/** `count` cameras, evenly spaced from south (+z) to east (+x) and on, all looking at the centre. */
export function ringCameras({ count, elevation, radius, center, fovYDegrees }: RingPlan): Camera[] {
  const up = (elevation * Math.PI) / 180;
  return Array.from({ length: count }, (_, i) => {
    const turn = (i * 2 * Math.PI) / count;
    const offset: Vec3 = [Math.cos(up) * Math.sin(turn), Math.sin(up), Math.cos(up) * Math.cos(turn)];
    const eye: Vec3 = [center[0] + radius * offset[0], center[1] + radius * offset[1], center[2] + radius * offset[2]];
    return { eye, target: center, up: [0, 1, 0], fovYDegrees, near: 0.1, far: farFor(radius) };
  });
}

/** A ring that sees a whole world: around the middle of its blocks' box, far enough for the field of view. */
export function ringFor(low: Vec3, high: Vec3, fovYDegrees = 60): RingPlan {
  const center: Vec3 = [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2];
  const reach = Math.hypot(high[0] - low[0], high[1] - low[1], high[2] - low[2]) / 2;
  const radius = Math.max(4, Math.round(reach / Math.sin((fovYDegrees * Math.PI) / 360)));
  return { count: 24, elevation: 25, radius, center, fovYDegrees };
}
