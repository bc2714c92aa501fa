"""``python -m voxcore.warm_up``: compile what is compiled at first use, so that no job waits for it."""

from __future__ import annotations

import numpy as np
import torch

from voxcore.follow import follow
from voxcore.grid import DifferentiableVoxelGrid
from voxcore.maps import map_stats
from voxcore.palette import EDITOR
from voxcore.render import warm_up


def main() -> None:
    """Compile every kernel into numba's on-disk cache."""
    warm_up()
    blocks = np.ones((2, 2, 2), dtype=np.uint8)
    map_stats(blocks, EDITOR)
    grid = DifferentiableVoxelGrid.from_blocks(blocks, len(EDITOR))
    adam = torch.optim.Adam([{"params": [p], "lr": 1.0} for p in (grid.occupancy_logits, grid.material_logits)])
    follow(grid, adam, grid.probabilities(), torch.ones(blocks.shape, dtype=torch.bool), 1.0)


if __name__ == "__main__":
    main()
