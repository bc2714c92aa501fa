"""The main job on this machine: time to the first frame, to the finished map, and what the map is like.

    python benchmarks/main_job.py [--prompt "a medieval stone castle"] [--runs 2]

Runs the job as the server's worker does (maps/1, default settings) in a process that has everything
loaded, `runs` times with the same seed, by distillation and by direct sampling.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from machine import describe

from voxcore.config import TrainConfig
from voxcore.events import Finished, VoxelFrame
from voxcore.job import JobSpec, run_job
from voxcore.maps import load_map
from voxcore.prior.model import shipped_prior
from voxcore.prior.words import word_table

ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompt", default="a medieval stone castle")
    parser.add_argument("--runs", type=int, default=2)
    args = parser.parse_args()
    print(describe())
    began = time.perf_counter()
    shipped_prior("cpu")
    word_table()
    print(f"prior and words loaded in {time.perf_counter() - began:.1f} s")
    source = load_map(ROOT / "maps" / "1")
    for method in ("distill", "sample"):
        config = TrainConfig.create(args.prompt, method=method)
        for _ in range(args.runs):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                first = 0.0
                for event in run_job(
                    JobSpec(config, map_id="1", export=False),
                    maps_root=ROOT / "maps",
                    datasets_root=ROOT / "datasets",
                    output_dir=Path(folder),
                ):
                    if isinstance(event, VoxelFrame) and not first:
                        first = time.perf_counter() - began
                    if isinstance(event, Finished):
                        done = event
                seconds = time.perf_counter() - began
            same = float((done.blocks == source.blocks).mean())
            print(
                f"{method}: first frame {first:.1f} s, map {seconds:.1f} s, {done.stats_after.grounded_share:.2%} of "
                f"{done.stats_after.blocks} blocks on the ground, {same:.1%} of cells unchanged, "
                f"hash {done.content_hash[:12]}"
            )
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


if __name__ == "__main__":
    main()
