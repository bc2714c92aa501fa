"""Does a world that is built from several tiles show where they meet?

    python benchmarks/seams.py [--size 96 48 96] [--prompt "rolling hills"] [--steps 12] [--seed 0]

Samples a landscape on a grid larger than the prior's own and compares neighbouring columns: how often
the surface's height or kind changes across the planes where a tile begins or ends, and across all others.
The ratio is 1 for a world without seams. Writes the picture to the file named by --out.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from machine import describe

from voxcore.config import TrainConfig
from voxcore.events import Trained
from voxcore.maps import VoxelMap
from voxcore.maps.atomic import write_bytes
from voxcore.png import encode_png
from voxcore.prior.model import GRID
from voxcore.prior.tiles import tiles
from voxcore.render import hard_image, lit_colors
from voxcore.training import train
from voxcore.views import three_quarter_view


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, nargs=3, default=(96, 48, 96))
    parser.add_argument("--prompt", default="rolling hills")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    print(describe())
    config = TrainConfig.create(
        args.prompt, method="sample", steps=args.steps, seed=args.seed, init_mode="empty", image_every=0
    )
    source = VoxelMap(np.zeros(args.size, dtype=np.uint8))
    began = time.perf_counter()
    done = list(train(config, source))[-1]
    assert isinstance(done, Trained)
    parts = tiles((max(GRID[0], args.size[0]), GRID[1], max(GRID[2], args.size[2])))
    print(f"{args.size}, {len(parts)} tiles, {args.steps} steps: {time.perf_counter() - began:.0f} s")
    solid = done.blocks > 0
    height = solid.shape[1]
    tops = np.where(solid.any(1), height - solid[:, ::-1].argmax(1), 0)
    kinds = np.take_along_axis(done.blocks, np.maximum(tops - 1, 0)[:, None], axis=1)[:, 0]
    for axis, name in ((0, "x"), (1, "z")):
        size, grid = tops.shape[axis], GRID[2 * axis]
        faces = {low + end for tile in parts for low in (tile.low[2 * axis],) for end in (0, grid)} - {0, size}
        at_face = np.isin(np.arange(1, size), sorted(faces))
        for what, values in (("height", tops.astype(int)), ("kind", kinds.astype(int))):
            change = (np.diff(values, axis=axis) != 0).mean(axis=1 - axis)
            here, elsewhere = change[at_face].mean(), change[~at_face].mean()
            print(
                f"  {name}: {what} changes across {here:.3f} at the tiles' faces {sorted(faces)}, {elsewhere:.3f} "
                f"elsewhere (planes: 5 to 95 % are {np.quantile(change, 0.05):.3f} to {np.quantile(change, 0.95):.3f})"
            )
    if args.out:
        world = source.with_blocks(done.blocks)
        image = hard_image(
            done.blocks, lit_colors(world.palette), three_quarter_view(world), world_scale=world.world_scale
        )
        write_bytes(args.out, encode_png(image))


if __name__ == "__main__":
    main()
