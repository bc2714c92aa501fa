"""Write docs/castle.png: maps/1 before and after "a medieval stone castle", seed 0, default settings.

python scripts/readme_pictures.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voxcore.config import TrainConfig
from voxcore.events import Trained
from voxcore.maps import load_map
from voxcore.maps.atomic import write_bytes
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors
from voxcore.training import train
from voxcore.views import three_quarter_view

ROOT = Path(__file__).parents[1]


def main() -> None:
    source = load_map(ROOT / "maps" / "1")
    done = list(train(TrainConfig.create("a medieval stone castle", seed=0), source))[-1]
    assert isinstance(done, Trained)
    lit = lit_colors(source.palette)
    rows = []
    for azimuth in (35.0, 305.0):
        camera = three_quarter_view(source, azimuth, 30.0, 560, 420)
        pair = [hard_image(b, lit, camera, world_scale=source.world_scale) for b in (source.blocks, done.blocks)]
        rows.append(np.concatenate(pair, axis=1))
    write_bytes(ROOT / "docs" / "castle.png", encode_png(np.concatenate(rows, axis=0)))


if __name__ == "__main__":
    main()
