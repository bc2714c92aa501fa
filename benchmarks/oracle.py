"""Rebuild a whole map from the exact score of its pictures, with every variant: the proof that distillation works.

    python benchmarks/oracle.py [--map 1] [--steps 500] [--size 96] [--variants sds sdi ism cfd] [--device cuda]

The teacher is the one that asks Stable Diffusion; only the model behind it is another
(`benchmarks/known_world.py`). Prints the machine, the time, and how the rebuilt map agrees with the
true one on the surface voxels that any of 32 other cameras sees.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.known_world import known_world_config, known_world_job  # noqa: E402
from benchmarks.machine import describe  # noqa: E402
from voxcore.agreement import surface_agreement  # noqa: E402
from voxcore.cameras import orbit_cameras  # noqa: E402
from voxcore.guidance.variants import VARIANTS  # noqa: E402
from voxcore.maps import VoxelMap, load_map  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", default="1")
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--size", type=int, default=96)
    parser.add_argument("--variants", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--device", default="cpu")
    args = parser.parse_args()
    print(describe())
    truth = load_map(ROOT / "maps" / args.map)
    for variant in args.variants:
        rebuild(truth, variant, args.steps, args.size, torch.device(args.device))


def rebuild(truth: VoxelMap, variant: str, steps: int, size: int, device: torch.device) -> None:
    """Print a line for every fifth of the run."""
    config = known_world_config(variant, steps=steps, image_size=size)
    job = known_world_job(truth, config, device)
    x, y, z = (side * truth.world_scale for side in truth.shape)
    cameras = [
        camera
        for elevation, reach in ((15.0, 0.9), (45.0, 1.1))
        for camera in orbit_cameras(
            16, center=np.array([0.0, 0.35 * y, 0.0]), radius=reach * float(np.hypot(x, z)),
            elevation_degrees=(elevation, elevation), fov_y_degrees=50.0, width=320, height=320,
        )
    ]  # fmt: skip
    began = time.perf_counter()
    for step in range(steps):
        job.advance(step, measure=False)
        if (step + 1) % max(1, steps // 5) == 0:
            seconds = time.perf_counter() - began
            found = surface_agreement(job.blocks(), truth.blocks, cameras, world_scale=truth.world_scale)
            print(
                f"{variant}, step {step + 1}, {seconds:.0f} s: {found.recovered:.2%} of {found.seen} seen surface "
                f"voxels, {found.materials:.2%} of their materials right, precision {found.precision:.2%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
