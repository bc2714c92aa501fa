"""``python tests/web/expected.py FOLDER``: what the viewer's pictures are compared with.

Writes world.json (dims, palette, world scale, views), world.bin (cells in wire order) and, for each view,
view_NN.bin: rows of RGB from the top, then a byte a pixel that is 1 where the pixel centre is within 1/16
pixel of an edge. There a rasteriser and a ray may honestly differ. Edges are found by rendering again with
all centres moved by 1/16 pixel right or left and up or down: a centre that then sees another face is near one.
"""

from __future__ import annotations

import itertools
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from voxcore.cameras import Camera, orbit_cameras
from voxcore.datasets import load_dataset
from voxcore.maps import load_map
from voxcore.render import lit_colors
from voxcore.render.hard import _cast, hard_image
from voxcore.wire_order import to_bytes

ROOT = Path(__file__).resolve().parents[2]
REACH = 1 / 16
ORBIT_SIZE = (800, 600)


@dataclass(frozen=True, eq=False)
class ShiftedCamera(Camera):
    """A camera all of whose pixel centres are moved by ``shift`` pixels (right, down)."""

    shift: tuple[float, float] = (0.0, 0.0)

    def ray_basis(self) -> NDArray[np.float64]:
        eye, a, b, c = super().ray_basis()
        return np.stack([eye, a + self.shift[0] * b + self.shift[1] * c, b, c])


def shifted(camera: Camera, shift: tuple[float, float]) -> ShiftedCamera:
    place = (camera.world_from_cam, camera.position, camera.fov_y_degrees)
    return ShiftedCamera(*place, camera.width, camera.height, camera.near, camera.far, shift)


def near_edge(blocks: NDArray[np.uint8], lit: NDArray[np.float64], camera: Camera, scale: float) -> NDArray[np.bool_]:
    def seen(shift: tuple[float, float]) -> NDArray[np.int64]:
        code, _, cell = _cast(blocks, lit, shifted(camera, shift), scale)
        return cell.astype(np.int64) * 6 + code % 6

    here = seen((0.0, 0.0))
    return np.logical_or.reduce([seen(shift) != here for shift in itertools.product((-REACH, REACH), repeat=2)])


def view(camera: Camera) -> dict[str, object]:
    right, up, backward = camera.world_from_cam.T
    del right
    return {
        "eye": camera.position.tolist(),
        "target": (camera.position - backward).tolist(),
        "up": up.tolist(),
        "fovYDegrees": camera.fov_y_degrees,
        "near": camera.near,
        "far": camera.far,
        "width": camera.width,
        "height": camera.height,
    }


def main() -> None:
    out = Path(sys.argv[1])
    world = load_map(ROOT / "maps" / "1" / "map.json")
    captured = load_dataset(ROOT / "datasets" / "1" / "metadata.json").cameras
    orbit = orbit_cameras(
        12,
        center=np.array([0.0, 30.0, 0.0]),
        radius=130.0,
        elevation_degrees=(-15.0, 50.0),
        fov_y_degrees=60.0,
        width=ORBIT_SIZE[0],
        height=ORBIT_SIZE[1],
    )
    step = len(captured) / 12
    cameras = [captured[int(i * step)] for i in range(12)] + list(orbit)
    lit = lit_colors(world.palette)
    palette = [{"name": "Air", "editorId": 0, "top": [0, 0, 0], "bottom": [0, 0, 0], "side": [0, 0, 0]}]
    palette += [
        {"name": b.name, "editorId": b.editor_id, "top": b.top, "bottom": b.bottom, "side": b.side}
        for b in world.palette.blocks
    ]
    for i, camera in enumerate(cameras):
        image = hard_image(world.blocks, lit, camera, world_scale=world.world_scale)
        mask = near_edge(world.blocks, lit, camera, world.world_scale)
        (out / f"view_{i:02}.bin").write_bytes(image.tobytes() + mask.astype(np.uint8).tobytes())
    (out / "world.bin").write_bytes(to_bytes(world.blocks))
    about = {"size": world.shape, "worldScale": world.world_scale, "palette": palette}
    about |= {"views": [view(camera) for camera in cameras]}
    (out / "world.json").write_text(json.dumps(about))


if __name__ == "__main__":
    main()
