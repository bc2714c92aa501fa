/** A small cube that turns with the world; its sides are buttons to look from. */
import type { Vec3 } from "../world/voxels";
import { axes, type Camera } from "./camera";
import { dot } from "./matrix";
import "./viewCube.css";

const SIDES: readonly { readonly name: string; readonly direction: Vec3; readonly turn: string }[] = [
  { name: "Right", direction: [1, 0, 0], turn: "rotateY(90deg)" },
  { name: "Left", direction: [-1, 0, 0], turn: "rotateY(-90deg)" },
  { name: "Top", direction: [0, 1, 0], turn: "rotateX(90deg)" },
  { name: "Bottom", direction: [0, -1, 0], turn: "rotateX(-90deg)" },
  { name: "Front", direction: [0, 0, 1], turn: "" },
  { name: "Back", direction: [0, 0, -1], turn: "rotateY(180deg)" },
];

export interface ViewCubeProps {
  readonly camera: Camera;
  /** From the target towards the eye. */
  readonly onLook: (direction: Vec3) => void;
}

export function ViewCube({ camera, onLook }: ViewCubeProps) {
  const { backward } = axes(camera);
  return (
    <div class="view-cube" role="group" aria-label="Look from">
      <div class="view-cube-body" style={{ transform: cubeTransform(camera) }}>
        {SIDES.map(({ name, direction, turn }) => (
          <button
            key={name}
            type="button"
            class="view-cube-side"
            title={`Look from the ${name.toLowerCase()}`}
            // What is turned away cannot be seen, and so is not in the way of the Tab key.
            tabIndex={dot(backward, direction) > 0.05 ? 0 : -1}
            style={{ transform: `${turn} translateZ(var(--half))` }}
            onClick={() => onLook(direction)}
          >
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}

/** World axes as the camera has them, in CSS's frame: x right, y down, z towards the eye. */
function cubeTransform(camera: Camera): string {
  const { right: r, up: u, backward: b } = axes(camera);
  const columns = [r[0], -u[0], b[0], 0, -r[1], u[1], -b[1], 0, r[2], -u[2], b[2], 0, 0, 0, 0, 1];
  return `matrix3d(${columns.map((c) => c.toFixed(5)).join(",")})`;
}
