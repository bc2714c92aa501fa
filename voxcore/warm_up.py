"""``python -m voxcore.warm_up``: compile what is compiled at first use, so that no job waits for it."""

from __future__ import annotations

import numpy as np

from voxcore.maps import map_stats
from voxcore.palette import EDITOR
from voxcore.render import warm_up


def main() -> None:
    """Compile every kernel into numba's on-disk cache."""
    warm_up()
    map_stats(np.ones((2, 2, 2), dtype=np.uint8), EDITOR)


if __name__ == "__main__":
    main()
