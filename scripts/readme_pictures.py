"""Write the README's pictures, all by default settings: docs/castle.png, maps/1 before and after
"a medieval stone castle" (seed 0), and docs/prompts.png, worlds sampled from nothing (seed 1).

    python scripts/readme_pictures.py
"""  # fmt: skip

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from voxcore.config import TrainConfig
from voxcore.events import Trained
from voxcore.maps import VoxelMap, load_map
from voxcore.maps.atomic import write_bytes
from voxcore.png import encode_png
from voxcore.render import hard_image, lit_colors
from voxcore.training import train
from voxcore.views import three_quarter_view

ROOT = Path(__file__).parents[1]
PROMPTS = (
    "a lighthouse on the coast", "a Japanese pagoda with five roofs", "a pine forest", "a Roman triumphal arch",
    "a wooden house", "an egyptian pyramid", "a stone bridge over a river", "a windmill",
)  # fmt: skip
"""Strong and weak ones: the last one is hard for it."""


def trained(config: TrainConfig, source: VoxelMap) -> VoxelMap:
    """The world that a job ends with."""
    done = list(train(config, source))[-1]
    assert isinstance(done, Trained)
    return VoxelMap(done.blocks, source.palette, source.world_scale)


def picture(world: VoxelMap, azimuth: float, width: int, height: int) -> NDArray[np.uint8]:
    """[height, width, 3]: the world from above a corner."""
    camera = three_quarter_view(world, azimuth, 30.0, width, height)
    return hard_image(world.blocks, lit_colors(world.palette), camera, world_scale=world.world_scale)


def tiled(rows: list[list[NDArray[np.uint8]]]) -> NDArray[np.uint8]:
    """Pictures of one size in rows and columns."""
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)


def main() -> None:
    source = load_map(ROOT / "maps" / "1")
    after = trained(TrainConfig.create("a medieval stone castle", seed=0), source)
    rows = [[picture(world, azimuth, 560, 420) for world in (source, after)] for azimuth in (35.0, 305.0)]
    write_bytes(ROOT / "docs" / "castle.png", encode_png(tiled(rows)))

    tiles = []
    for prompt in PROMPTS:
        world = trained(TrainConfig.create(prompt, seed=1, method="sample", init_mode="empty"), source)
        tile = Image.fromarray(picture(world, 35.0, 280, 220))
        ImageDraw.Draw(tile).text((6, 4), prompt, fill=(0, 0, 0))
        tiles.append(np.asarray(tile))
    write_bytes(ROOT / "docs" / "prompts.png", encode_png(tiled([tiles[:4], tiles[4:]])))


if __name__ == "__main__":
    main()
