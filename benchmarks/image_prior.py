"""What an image diffusion model of our own teaches: 20 prompts from the ground up, and as a refiner.

    python benchmarks/image_prior.py distil MODEL --out build/image_prior [--device cuda] [--workers 4]
    python benchmarks/image_prior.py distil --known --out build/known_family --starts ground
    python benchmarks/image_prior.py score build/image_prior

MODEL is a folder of `scripts/train_image_prior` (or any that the sdxl teacher takes). ``distil`` runs the real job:
from ``ground_plane``, from what the embedded prior draws (``init_mode=prior``), and that start alone; it goes on where
it stopped. With ``--known`` the model is the exact score of a dozen worlds of the asked kind instead
(`benchmarks/known_family.py`): what distillation makes of a model without a flaw. ``score`` reads the exported maps
again, and the classifier of `benchmarks.prior` names them by its rules. The prompts are every second one of the
benchmark's single objects.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.prior import stand_ins  # noqa: E402

if __name__ == "__main__":
    stand_ins.install()

from benchmarks.prior.processes import spread  # noqa: E402
from benchmarks.prior.prompts import Asked, load_prompts  # noqa: E402

PROMPTS: Final = tuple(f"single-{number:02}" for number in range(1, 40, 2))
SHAPE: Final = (64, 48, 64)
IMAGE: Final[dict[str, Any]] = {
    "teacher": "sdxl", "variant": "sds", "steps": 300, "teacher_calls": 75, "views_per_step": 8, "image_size": 80,
    "cfg_scale": 7.5, "cfg_rescale": 0.5, "t_start": 0.98, "t_end": 0.1, "lr": 0.4, "material_lr": 0.4,
    "adam_eps": 1e4, "tiled_views": True, "even_weights": True, "lambda_material": 4.0, "random_sky": 0.3,
    "pixel_grad_clip": 0.0, "log_every": 0, "image_every": 0, "checkpoint_every": 0,
}  # fmt: skip
"""Few looks at many views, each followed for four fast steps, from noise to nearly clean. ``adam_eps`` is what decides:
with next to none every cell moves as fast as those that the pictures show, and the air fills up.
"""
GENTLE: Final[dict[str, Any]] = {"t_start": 0.4, "t_end": 0.05, "lr": 0.15, "material_lr": 0.15}
"""What a refiner does otherwise: it looks at details only, and takes care."""
KNOWN: Final[dict[str, Any]] = {"random_sky": 0.0}
"""Worlds that are known have one sky."""
STARTS: Final[dict[str, dict[str, Any]]] = {
    "ground": IMAGE | {"init_mode": "ground_plane"},
    "start": {"teacher": "prior", "method": "sample", "log_every": 0, "image_every": 0},
    "refined": IMAGE | GENTLE | {"init_mode": "prior"},
}


@dataclass(frozen=True)
class Run:
    """One job: a prompt by its id, one of STARTS, and settings on top of it. Without a model, the score is that of
    known worlds.
    """

    prompt: str
    start: str
    settings: dict[str, Any]
    model: Path | None
    device: str
    seed: int = 1

    @property
    def key(self) -> str:
        """Unique in a folder of results."""
        return f"{self.prompt}/{self.start}/{self.seed}"


def work(job: Run) -> tuple[str, dict[str, Any] | str, dict[str, Any]]:
    """The job's key, its facts (or what went wrong) and its exported map, packed."""
    try:
        facts, packed = distilled(job)
    except Exception as error:  # one failed job must not end the others; it is printed and tried again next time
        return job.key, repr(error), {}
    return job.key, facts, packed


def distilled(job: Run) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the job on an empty map and export what it leaves."""
    import numpy as np

    from benchmarks.prior.results import pack
    from voxcore.config import TrainConfig
    from voxcore.events import Finished
    from voxcore.job import JobSpec, run_job
    from voxcore.maps import VoxelMap

    asked = load_prompts()[job.prompt]
    settings = STARTS[job.start] | ({} if job.start == "start" else job.settings)
    source = VoxelMap(np.zeros(SHAPE, dtype=np.uint8))
    if job.model is None and job.start != "start":
        return of_known_worlds(job, asked, settings | KNOWN, source)
    config = TrainConfig.create(asked.prompt, seed=job.seed, **settings)
    spec = JobSpec(config, source=source, model_folder=job.model if config.teacher == "sdxl" else None)
    with tempfile.TemporaryDirectory() as name:
        maps = Path(name) / "maps"
        maps.mkdir()
        for event in run_job(
            spec, maps_root=maps, datasets_root=ROOT / "datasets", output_dir=Path(name) / "out", device=job.device
        ):
            if isinstance(event, Finished):
                finished = event
        packed = pack((maps / finished.map_id / "map.json").read_bytes())
    facts = {"prompt": job.prompt, "start": job.start, "seed": job.seed, "seconds": round(finished.seconds, 2)}
    return facts | {"settings": settings, "device": job.device}, packed


def of_known_worlds(
    job: Run, asked: Asked, settings: dict[str, Any], source: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same with the score of known worlds, which no folder holds."""
    import torch

    from benchmarks.known_family import distilled_family
    from benchmarks.prior.results import pack
    from voxcore.config import TrainConfig
    from voxcore.maps import INITIAL_WORLDS, dump_map
    from voxcore.opening import draw_opening

    config = TrainConfig.create(asked.prompt, seed=job.seed, **(settings | {"model": "known"}))
    began = time.perf_counter()
    if config.init_mode == "prior":
        start = ended(draw_opening(config, source, torch.device("cpu"), lambda: False))
    else:
        start = INITIAL_WORLDS[config.init_mode](source)
    world = distilled_family(asked.families[0], config, source, start)
    facts = {"prompt": job.prompt, "start": job.start, "seed": job.seed}
    facts |= {"seconds": round(time.perf_counter() - began, 2), "settings": settings, "device": "cpu"}
    return facts, pack(dump_map(world))


def ended(events: Generator[Any, None, Any]) -> Any:
    """What a generator returns in the end."""
    while True:
        try:
            next(events)
        except StopIteration as end:
            return end.value


def begin() -> None:
    """A worker process."""
    stand_ins.install()
    import torch

    torch.set_num_threads(1)


def distil(args: argparse.Namespace) -> int:
    """Run what is not yet in the folder of results."""
    from benchmarks.machine import describe
    from benchmarks.prior.results import Record, Writer

    print(describe())
    settings = dict(setting(item) for item in args.set)
    writer = Writer(args.out)
    runs = [Run(p, s, settings, args.model, args.device, args.seed) for s in args.starts for p in args.prompts]
    todo = [run for run in runs if run.key not in writer.done]
    failed, began = 0, time.perf_counter()
    for key, facts, packed in spread(work, todo, args.workers, begin):
        if isinstance(facts, str):
            failed += 1
            print(f"{key}: failed: {facts}", flush=True)
            continue
        writer.add(Record(key, facts, packed))
        print(f"{key} {facts['seconds']} s, {time.perf_counter() - began:.0f} s in all", flush=True)
        if args.max_seconds and time.perf_counter() - began > args.max_seconds:
            print("out of time; call again to go on", flush=True)
            break
    return 1 if failed else 0


def setting(item: str) -> tuple[str, Any]:
    """NAME=VALUE, where the value is JSON or else a word."""
    name, _, value = item.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


@dataclass(frozen=True)
class Verdict:
    """``right``: the asked family is named first. ``named``: the first; ``rank`` of the asked one from 1, 0 where it
    is not among the first.
    """

    right: bool
    named: str
    rank: int


def verdict(blocks: Any, asked: Asked, weights: Path) -> Verdict:
    """What the classifier says of a map."""
    from benchmarks.prior.hits import judge, same
    from benchmarks.prior.measure import classify

    row = classify(blocks, weights)
    ranks = [i for i, name in enumerate(row["families"], 1) if same(name, asked.families[0])]
    return Verdict(judge(row, asked).right, row["families"][0], ranks[0] if ranks else 0)


def score(args: argparse.Namespace) -> int:
    """Print the table, and draw the worlds where asked for."""
    from benchmarks.prior import network
    from benchmarks.prior.results import read

    prompts = load_prompts()
    found: dict[str, dict[str, Verdict]] = {}
    maps: dict[str, dict[str, Any]] = {}
    seconds: dict[str, list[float]] = {}
    for record in read(args.results):
        asked, start = prompts[record.facts["prompt"]], record.facts["start"]
        blocks = record.open_map().blocks
        found.setdefault(asked.id, {})[start] = verdict(blocks, asked, network.WEIGHTS)
        maps.setdefault(asked.id, {})[start] = blocks
        seconds.setdefault(start, []).append(record.facts["seconds"])
    for prompt, row in sorted(found.items()):
        said = [
            f"{start}: {'yes' if v.right else 'no '} {v.named} (rank {v.rank or '> 8'})" for start, v in row.items()
        ]
        print(f"{prompts[prompt].prompt:52} " + "; ".join(said))
    for start in STARTS:
        rows = [row[start] for row in found.values() if start in row]
        if rows:
            mean = sum(seconds[start]) / len(rows)
            print(f"{start}: {sum(v.right for v in rows)} of {len(rows)} named first as asked, {mean:.1f} s a job")
    both = {p: row for p, row in found.items() if "start" in row and "refined" in row}
    worse = [p for p, row in both.items() if row["start"].right and not row["refined"].right]
    better = [p for p, row in both.items() if row["refined"].right and not row["start"].right]
    if args.sheet:
        rows = [maps[p][start] for start in STARTS for p in sorted(maps) if start in maps[p]]
        write_sheet(rows, args.sheet)
    if both:
        changed = [float((maps[p]["start"] != maps[p]["refined"]).sum() / (maps[p]["start"] != 0).sum()) for p in both]
        print(f"refined: better {len(better)}, worse {len(worse)} {worse}; blocks changed "
              f"{min(changed):.1%} to {max(changed):.1%} of the start's")  # fmt: skip
    return 0


def write_sheet(worlds: list[Any], path: Path) -> None:
    """Four views of each world, two worlds a row."""
    import numpy as np

    from benchmarks.prior.measure import pictures
    from voxcore.png import encode_png

    rows = [np.concatenate(list(pictures(world)), axis=1) for world in worlds]
    rows += [np.full_like(rows[0], 255)] * (len(rows) % 2)
    picture = np.concatenate([np.concatenate(rows[i : i + 2], axis=1) for i in range(0, len(rows), 2)])
    path.write_bytes(encode_png(picture))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("distil")
    which = one.add_mutually_exclusive_group(required=True)
    which.add_argument("model", type=Path, nargs="?", help="folder of the image model")
    which.add_argument("--known", action="store_true", help="the score of known worlds instead")
    one.add_argument("--out", type=Path, required=True, help="folder of results; goes on where it is")
    one.add_argument("--device", default="cpu")
    one.add_argument("--workers", type=int, default=1)
    one.add_argument("--prompts", nargs="+", default=list(PROMPTS), metavar="ID", choices=load_prompts())
    one.add_argument("--starts", nargs="+", default=list(STARTS), choices=STARTS)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--max-seconds", type=float, help="start no job after this time; a later call goes on")
    one.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the job (cfg_scale=4 ...)")
    other = steps.add_parser("score")
    other.add_argument("results", type=Path, help="folder of results")
    other.add_argument("--sheet", type=Path, help="PNG of four views of each world")
    args = parser.parse_args()
    return distil(args) if args.step == "distil" else score(args)


if __name__ == "__main__":
    sys.exit(main())
