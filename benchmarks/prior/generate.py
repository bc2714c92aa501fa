"""Step ``generate``: every prompt, seed and method through the real job, each result exported and packed.

A job builds from ``ground_plane`` on an empty map of 64x48x64, as a newcomer's first world does; edits start from
the sample maps. The job runs `voxcore.job.run_job` with its defaults; only where numba or Pillow are missing are its
pictures and progress left out (they do not change the result, but they do take part in its seconds).
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from benchmarks.prior import stand_ins
from benchmarks.prior.processes import spread
from benchmarks.prior.prompts import EDIT_MAPS, EDIT_PROMPTS, GROUPS, Asked, load_prompts

ROOT: Final = Path(__file__).parents[2]
METHODS: Final = ("distill", "sample")
SEEDS: Final = (1, 2, 3)
SHAPE: Final = (64, 48, 64)


@dataclass(frozen=True)
class Run:
    """One job of the plan. ``map_id`` is None where it builds from nothing."""

    asked: Asked
    method: str
    seed: int
    map_id: str | None = None

    @property
    def key(self) -> str:
        """Unique in the plan."""
        where = f"map{self.map_id}" if self.map_id else "new"
        return f"{self.asked.id}/{where}/{self.method}/{self.seed}"


def plan(groups: list[str], methods: list[str], seeds: list[int], *, edits: bool, limit: int | None) -> list[Run]:
    """The runs in an order in which any beginning is a fair sample: seed by seed, groups mixed."""
    prompts = load_prompts()
    chosen = [[a for a in prompts.values() if a.group == g][:limit] for g in groups]
    mixed = [a for row in zip(*chosen, strict=True) for a in row]
    by_seed = [[Run(a, m, s) for m in methods for a in mixed] for s in seeds]
    if edits:
        ids = EDIT_PROMPTS[:limit]
        by_seed[0] += [Run(prompts[i], m, seeds[0], map_id) for m in methods for map_id in EDIT_MAPS for i in ids]
    return [run for runs in by_seed for run in runs]


def run(job: Run, device: str, settings: dict[str, Any], pictures: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """One job: its facts and its packed map."""
    import numpy as np
    import torch

    from benchmarks.prior.results import pack
    from voxcore.config import TrainConfig
    from voxcore.events import Finished
    from voxcore.job import JobSpec, run_job
    from voxcore.maps import VoxelMap

    given = {"init_mode": "from_map" if job.map_id else "ground_plane"} | settings
    if not pictures:
        given |= {"image_every": 0, "log_every": 0}
    config = TrainConfig.create(job.asked.prompt, method=job.method, seed=job.seed, **given)
    source = None if job.map_id else VoxelMap(np.zeros(SHAPE, dtype=np.uint8))
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        maps = folder / "maps"
        maps.mkdir()
        if job.map_id:
            (maps / job.map_id).symlink_to(ROOT / "maps" / job.map_id)
        began = time.perf_counter()
        spec = JobSpec(config, map_id=job.map_id, source=source)
        for event in run_job(
            spec, maps_root=maps, datasets_root=ROOT / "datasets", output_dir=folder / "out", device=device
        ):
            if isinstance(event, Finished):
                finished = event
        seconds = time.perf_counter() - began
        packed = pack((maps / finished.map_id / "map.json").read_bytes())
    on_device = torch.cuda.max_memory_allocated(device) if device.startswith("cuda") else 0
    facts = {
        "prompt": job.asked.id,
        "method": job.method,
        "seed": job.seed,
        "map_id": job.map_id,
        "seconds": round(seconds, 3),
        "training_seconds": round(finished.seconds, 3),
        "process_peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "device_peak_bytes": on_device,
        "device": device,
        "settings": given,
        "grounded": finished.stats_after.grounded_share,
        "floating_pieces": finished.stats_after.floating_pieces,
    }
    return facts, packed


_pictures = True


def _begin(threads: int) -> None:
    global _pictures
    _pictures = not stand_ins.install()
    import torch

    torch.set_num_threads(threads)


def _work(task: tuple[Run, str, dict[str, Any]]) -> tuple[str, dict[str, Any] | str, dict[str, Any]]:
    job, device, settings = task
    try:
        facts, packed = run(job, device, settings, _pictures)
    except Exception as error:  # one failed job must not end the others; it is printed and tried again next time
        return job.key, repr(error), {}
    return job.key, facts, packed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The step's own options."""
    parser.add_argument("--out", type=Path, required=True, help="folder of the results files; goes on where it is")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--groups", nargs="*", default=list(GROUPS), choices=GROUPS)
    parser.add_argument("--methods", nargs="*", default=list(METHODS), choices=METHODS)
    parser.add_argument("--seeds", nargs="*", type=int, default=list(SEEDS))
    parser.add_argument("--no-edits", action="store_true")
    parser.add_argument("--limit", type=int, help="only so many prompts of each group")
    parser.add_argument("--max-seconds", type=float, help="start no job after this time; a later call goes on")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the job (steps=8 ...)")


def main(args: argparse.Namespace) -> int:
    stand_ins.install()
    from benchmarks.prior.results import Record, Writer

    settings = {name: float(v) if "." in v else int(v) for name, v in (item.split("=", 1) for item in args.set)}
    runs = plan(args.groups, args.methods, args.seeds, edits=not args.no_edits, limit=args.limit)
    writer = Writer(args.out)
    todo = [(r, args.device, settings) for r in runs if r.key not in writer.done]
    threads = max(1, len(os.sched_getaffinity(0)) // args.workers)
    print(
        f"{len(runs)} runs, {len(todo)} to do, {args.workers} workers of {threads} threads, {args.device}", flush=True
    )
    began = time.perf_counter()
    failed = done = 0
    for key, facts, packed in spread(_work, todo, args.workers, _begin, threads):
        elapsed = time.perf_counter() - began
        if isinstance(facts, str):
            failed += 1
            print(f"{key}: failed: {facts}", flush=True)
            continue
        facts["workers"] = args.workers
        writer.add(Record(key, facts, packed))
        done += 1
        if done % 20 == 0 or args.workers == 1:
            print(f"{done}/{len(todo)} {elapsed:.0f} s, {key} {facts['seconds']:.2f} s", flush=True)
        if args.max_seconds and elapsed > args.max_seconds:
            print("out of time; call again to go on", flush=True)
            break
    print(f"{done} done, {failed} failed, {time.perf_counter() - began:.0f} s", flush=True)
    return 1 if failed else 0
