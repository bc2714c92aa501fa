"""Pays for compilation ahead of time."""

from __future__ import annotations

import numpy as np
import torch

from voxcore.cameras import Camera
from voxcore.palette import CLASSIC
from voxcore.render.hard import hard_image
from voxcore.render.shading import lit_colors
from voxcore.render.soft import render_soft


def warm_up() -> None:
    """Compiles every kernel into numba's cache and runs each once on a grid of one block.

    Importing this package compiles or loads them already; an installer calls this so that the
    first picture of the first job need not wait (seconds without the cache, a quarter with it).
    """
    camera = Camera.look_at(np.array([3.0, 2.0, 4.0]), np.zeros(3), width=2, height=2)
    lit = lit_colors(CLASSIC)
    hard_image(np.ones((1, 1, 1), dtype=np.uint8), lit, camera, world_scale=1.0)
    occupancy = torch.ones(1, 1, 1, requires_grad=True)
    materials = torch.full((1, 1, 1, len(lit)), 1.0 / len(lit))
    out = render_soft(occupancy, materials, lit, [camera], world_scale=1.0)
    torch.autograd.grad(out.rgb.sum(), occupancy)
