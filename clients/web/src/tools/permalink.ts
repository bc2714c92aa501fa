/**
 * Links to a job, a step and a camera: `#job/ID?step=40&view=…`, `#map/ID?view=…`. The part before
 * the "?" belongs to the route (state/route.ts); this reads and writes what follows it.
 */
import type { Camera } from "../render/camera";
import type { Vec3 } from "../world/voxels";

export interface Place {
  readonly job: string | null;
  readonly map: string | null;
  readonly step: number | null;
  readonly camera: Camera | null;
}

const ID = /^[A-Za-z0-9_-]{1,128}$/;
/** World units that a camera may be away: far beyond every world, and no way to overflow anything. */
const MOST = 1e6;

export function encodePlace(place: Place): string {
  const query: string[] = [];
  if (place.step !== null) query.push(`step=${place.step}`);
  if (place.camera) query.push(`view=${encodeCamera(place.camera)}`);
  const head = place.job !== null ? `job/${place.job}` : place.map !== null ? `map/${place.map}` : "";
  return `#${head}${query.length > 0 ? `?${query.join("&")}` : ""}`;
}

/** What a hash says; what cannot be understood counts as not said. */
export function decodePlace(hash: string): Place {
  const [head = "", ...rest] = hash.replace(/^#/, "").split("?");
  const [kind, id = ""] = head.split("/");
  const query = new URLSearchParams(rest.join("?"));
  const step = query.get("step") ?? "";
  return {
    job: kind === "job" && ID.test(id) ? id : null,
    map: kind === "map" && ID.test(id) ? id : null,
    step: /^\d{1,9}$/.test(step) ? Number(step) : null,
    camera: decodeCamera(query.get("view") ?? ""),
  };
}

/** Eye, target and field of view; near and far are the reader's. A camera that is turned about its own axis straightens. */
export function encodeCamera({ eye, target, fovYDegrees }: Camera): string {
  return [...eye, ...target, fovYDegrees].map((value) => String(Number(value.toFixed(3)))).join(",");
}

export function decodeCamera(text: string): Camera | null {
  const values = text.split(",");
  if (values.length !== 7 || !values.every((value) => /^-?\d{1,7}(\.\d{1,6})?$/.test(value))) return null;
  const numbers = values.map(Number);
  const eye = numbers.slice(0, 3) as unknown as Vec3;
  const target = numbers.slice(3, 6) as unknown as Vec3;
  const fovYDegrees = numbers[6]!;
  const apart = Math.hypot(...eye.map((at, axis) => at - target[axis]!));
  if (numbers.some((value) => Math.abs(value) > MOST) || fovYDegrees < 1 || fovYDegrees > 170 || apart < 1e-3) return null;
  return { eye, target, up: [0, 1, 0], fovYDegrees, near: 0.1, far: Math.max(500, 2 * apart + 500) };
}
