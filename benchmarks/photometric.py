"""The truth test: rebuild a map from its dataset's pictures, starting at a ground plane.

    python benchmarks/photometric.py [--map 1] [--steps 600]

Prints the machine, the time, and how the rebuilt map agrees with the true one on the surface voxels
that any camera sees.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from machine import describe

from voxcore.agreement import surface_agreement
from voxcore.config import TrainConfig
from voxcore.datasets import load_dataset
from voxcore.events import Finished, Progress
from voxcore.job import JobSpec, run_job
from voxcore.maps import load_map

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", default="1")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(describe())
    truth, dataset = load_map(ROOT / "maps" / args.map), load_dataset(ROOT / "datasets" / args.map)
    config = TrainConfig.create("", teacher="photometric", steps=args.steps, seed=args.seed)
    spec = JobSpec(config, map_id=args.map, dataset_id=args.map, export=False)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for event in run_job(spec, maps_root=ROOT / "maps", datasets_root=ROOT / "datasets", output_dir=Path(folder)):
            if isinstance(event, Progress) and event.step % 100 == 0:
                print(f"  step {event.step}, {time.perf_counter() - began:.0f} s, loss {event.losses['total']:.3f}")
            if isinstance(event, Finished):
                done = event
    seconds = time.perf_counter() - began
    found = surface_agreement(done.blocks, truth.blocks, dataset.cameras, world_scale=truth.world_scale)
    print(
        f"maps/{args.map} from {len(dataset)} pictures, {config.steps} steps, {seconds:.0f} s: "
        f"{found.recovered:.2%} of {found.seen} seen surface voxels, {found.materials:.2%} of their materials right; "
        f"{found.visible:.2%} seen in the rebuilt map too, precision {found.precision:.2%}"
    )


if __name__ == "__main__":
    main()
