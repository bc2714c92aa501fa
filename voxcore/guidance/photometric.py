"""The photometric teacher: the world should look like the pictures of a dataset.

Editor pictures are flat: every pixel has the colour of one face of one material, or of the sky. So
a pixel names a *class*, and what counts is the probability P that its ray ends on a face of that
class, not how near two colours are: the greens of two kinds of grass are as different as snow and
water. Rendering one channel per class would be slow. Instead each step draws a random code in three
dimensions for every class and renders codes instead of colours: for unit vectors the expected
squared distance of two classes is the same for all pairs (2, times the radius squared), so the
expected squared error E of a ray, which the renderer gives exactly, measures 1 - P.

The descent is on -log P (iteratively reweighted: each ray weighs 1 / (P + FLOOR), held fixed):
rays that are hardly explained yet pull hardest, so that a little right matter in a thin fog is found
and thickened. With RGB distances in its place, the same run recovers far less.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.config import TrainConfig
from voxcore.datasets import Dataset
from voxcore.errors import InvalidConfig
from voxcore.guidance.base import Scene, Score, StepInfo
from voxcore.palette import Palette
from voxcore.render import SKY, lit_colors, pixel_rays, to_uint8

RADIUS: Final = 0.5
"""Of the sphere that codes are drawn on; the mean squared distance of two classes is 2 RADIUS^2."""
FLOOR: Final = 0.05
"""Bounds the pull of a ray that nothing explains."""


class PhotometricTeacher:
    """Compares random pixels of all views, a fresh draw in each step.

    Raises InvalidConfig for a dataset without pictures.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset, palette: Palette) -> None:
        self.cameras = dataset.cameras
        self.rays = config.views_per_step * config.image_size**2
        self.floor = FLOOR
        pictures = [dataset.image(i) for i in range(len(dataset))]
        if any(picture is None for picture in pictures):
            raise InvalidConfig("expected a picture for every view", field="dataset_id")
        faces = np.concatenate([lit_colors(palette).reshape(-1, 3), SKY[None]])
        colors, index = np.unique(to_uint8(faces), axis=0, return_inverse=True)
        self.face_classes = index.reshape(-1)[:-1].reshape(len(palette), 6)
        self.sky_class, self.classes = int(index.reshape(-1)[-1]), len(colors)
        self.pixels = np.concatenate([nearest_class(np.asarray(p).reshape(-1, 3), colors) for p in pictures])
        sizes = [c.height * c.width for c in self.cameras]
        self.widths = np.array([c.width for c in self.cameras])
        self.first = np.concatenate([[0], np.cumsum(sizes)])

    def score(self, scene: Scene, info: StepInfo) -> Score:
        chosen = torch.randint(len(self.pixels), (self.rays,), generator=info.generator).numpy()
        view = np.searchsorted(self.first, chosen, side="right") - 1
        row, column = np.divmod(chosen - self.first[view], self.widths[view])
        codes = self._codes(info.generator)
        drawn = scene.render(pixel_rays(self.cameras, view, row, column), codes[self.face_classes])
        target = torch.from_numpy(codes[self.pixels[chosen]]).to(drawn.rgb)
        error = drawn.square - 2.0 * (drawn.rgb * target).sum(-1) + target.pow(2).sum(-1)
        explained = 1.0 - (error.detach() / (2.0 * RADIUS**2)).clamp(0.0, 1.0)
        return Score((error / (explained + self.floor)).mean(), math.nan)

    def _codes(self, generator: torch.Generator) -> NDArray[np.float64]:
        """[classes, 3]: points on a sphere, moved so that the sky's code is the sky's own colour."""
        points = torch.randn(self.classes, 3, generator=generator, dtype=torch.float64).numpy()
        points *= RADIUS / np.linalg.norm(points, axis=1, keepdims=True)
        moved: NDArray[np.float64] = points - points[self.sky_class] + SKY
        return moved

    def state(self) -> dict[str, Tensor]:
        return {}

    def load_state(self, state: dict[str, Tensor]) -> None:
        del state


def nearest_class(pixels: NDArray[np.uint8], colors: NDArray[np.uint8]) -> NDArray[np.uint8 | np.uint16]:
    """Index [N] of the nearest of ``colors`` [K, 3] for every pixel [N, 3]."""
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], dtype=np.uint32)
    different, inverse = np.unique(packed, return_inverse=True)
    rgb = np.stack([different >> 16, different >> 8 & 255, different & 255], axis=1).astype(np.int64)
    nearest = np.empty(len(rgb), dtype=np.uint16)
    for start in range(0, len(rgb), 65536):
        part = rgb[start : start + 65536, None] - colors.astype(np.int64)[None]
        nearest[start : start + 65536] = (part**2).sum(-1).argmin(1)
    return nearest[inverse.reshape(-1)]
