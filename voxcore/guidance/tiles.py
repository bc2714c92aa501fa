"""Four views a quarter turn apart in one picture: two above, two below.

A model that was trained on such pictures draws four views of one thing, where a model of single pictures draws four
things that need not agree (Instant3D, arXiv:2311.06214, section 3.1).
"""

from __future__ import annotations

import math

from torch import Tensor

from voxcore.views import TILES


def tiled(views: Tensor, tiles: int = TILES) -> Tensor:
    """[V, C, H, W] to [V / TILES, C, 2 H, 2 W]: views 0 and 1 above 2 and 3. V is a multiple of TILES.

    ``tiles`` of 1 leaves each view a picture of its own.
    """
    count, channels, height, width = views.shape
    side = math.isqrt(tiles)
    grid = views.reshape(count // tiles, side, side, channels, height, width)
    return grid.permute(0, 3, 1, 4, 2, 5).reshape(count // tiles, channels, side * height, side * width)
