"""Small scenes that several renderer tests share."""

import numpy as np
import torch

from voxcore.cameras import Camera
from voxcore.palette import EDITOR
from voxcore.render import lit_colors

LIT = lit_colors(EDITOR)


def look(position, target, **kwargs) -> Camera:
    return Camera.look_at(np.array(position, float), np.array(target, float), **{"width": 13, "height": 9} | kwargs)


CAMERAS = {
    "outside": look((17, 13, 19), (0, 4, 0)),
    "below": look((6, -9, 4), (0, 4, 0)),
    "straight down": look((0.3, 30, 0.2), (0.3, 0, 0.2)),
    "along an axis": look((0.37, 5.1, 25), (0.37, 5.1, 0)),
    "inside": look((0.4, 6.3, 0.7), (7, 5, 3), fov_y_degrees=100.0),
    "near plane cuts the grid": look((9, 9, 9), (0, 4, 0), near=5.3),
    "far plane cuts the grid": look((9, 9, 9), (0, 4, 0), far=14.0),
}


def soft_grid(
    seed: int, shape: tuple[int, int, int], low: float, high: float, dtype=torch.float32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Random occupancy in low..high and material probabilities; the same numbers for every dtype."""
    generator = torch.Generator().manual_seed(seed)
    occupancy = low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)
    logits = 2.0 * torch.randn((*shape, len(LIT)), generator=generator, dtype=torch.float64)
    return occupancy.to(dtype), torch.softmax(logits, -1).to(dtype)


def binary_grid(blocks: np.ndarray, dtype=torch.float32) -> tuple[torch.Tensor, torch.Tensor]:
    """Occupancy and one-hot materials of a map; what Air's materials are does not matter."""
    materials = torch.nn.functional.one_hot(torch.from_numpy(blocks.astype(np.int64)).clamp(min=1) - 1, len(LIT))
    return torch.from_numpy(blocks != 0).to(dtype), materials.to(dtype)


def random_map(seed: int, shape: tuple[int, int, int], density: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(1, 12, shape) * (rng.random(shape) < density)).astype(np.uint8)
