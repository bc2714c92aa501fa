"""Step ``score``: measures every result, the generator's own worlds, and what a look-up in the training set gives.

Reads results files, writes rows.jsonl (one JSON object per world) and goes on where it stopped. Peers:
``generator``, the generator's worlds for the same prompts (the ceiling); ``generator-2``, three more of each (what the
distance between two such sets is by chance); ``retrieval``, the three training worlds with the nearest captions.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.prior import copies, network, results
from benchmarks.prior.measure import measure
from benchmarks.prior.prompts import Asked, load_prompts
from benchmarks.prior.reference import TRAINING_WORLDS, Captions, ceiling_world
from voxcore.maps import VoxelMap, dump_map, parse_map
from voxcore.worlds import generate

PEERS = ("generator", "generator-2", "retrieval")


@dataclass(frozen=True)
class Task:
    """One world to measure: a finished run, or a peer's world by its seed."""

    key: str
    asked: Asked
    method: str
    seed: int
    weights: Path
    record: results.Record | None = None


def work(task: Task) -> dict[str, Any]:
    """The row of a task, with its main structure for the copy check left in ``structure``."""
    torch.set_num_threads(1)
    facts: dict[str, Any] = {}
    map_id = None
    if task.record is not None:
        world = task.record.open_map()
        facts = {k: v for k, v in task.record.facts.items() if k != "settings"}
        map_id = facts["map_id"]
    else:
        made = generate(task.seed) if task.method == "retrieval" else ceiling_world(task.asked, task.seed)
        world = parse_map(dump_map(VoxelMap(made.blocks)))
    row = {"key": task.key, "prompt": task.asked.id, "method": task.method, "seed": task.seed, "map_id": map_id}
    row |= {"facts": facts} | measure(world.blocks, task.asked, task.weights, map_id)
    row["structure"] = copies.main_structure(world.blocks) if map_id is None and len(task.asked.objects) == 1 else None
    return row


def training_world(seed: int) -> tuple[str, str, Any]:
    """Caption, family and main structure of a training seed's world."""
    torch.set_num_threads(1)
    world = generate(seed)
    structure = copies.main_structure(world.blocks) if len(world.objects) == 1 else None
    return world.caption, world.family, structure


def tasks(args: argparse.Namespace, captions: Captions) -> Iterator[Task]:
    """Everything to be measured."""
    prompts = load_prompts()
    asked_for = set()
    for folder in args.results:
        for record in results.read(folder):
            asked = prompts[record.facts["prompt"]]
            if not record.facts["map_id"]:
                asked_for.add(asked.id)
            yield Task(record.key, asked, record.facts["method"], record.facts["seed"], args.classifier, record)
    for asked in prompts.values():
        if asked.id not in asked_for:
            continue
        for seed in range(args.seeds):
            yield Task(f"{asked.id}/generator/{seed}", asked, "generator", seed, args.classifier)
            if asked.group != "unseen":
                yield Task(f"{asked.id}/generator-2/{seed}", asked, "generator-2", seed + 100, args.classifier)
        for seed in captions.nearest(asked.prompt, args.seeds):
            yield Task(f"{asked.id}/retrieval/{seed}", asked, "retrieval", seed, args.classifier)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The step's own options."""
    parser.add_argument("results", type=Path, nargs="+", help="folders of results files")
    parser.add_argument("--out", type=Path, required=True, help="folder of rows.jsonl")
    parser.add_argument("--classifier", type=Path, default=network.WEIGHTS)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3, help="worlds per prompt of each peer")
    parser.add_argument("--training", type=int, default=TRAINING_WORLDS, help="training worlds of the copy check")


def main(args: argparse.Namespace) -> int:
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "rows.jsonl"
    done = {json.loads(line)["key"] for line in path.read_text().splitlines()} if path.exists() else set()
    began = time.perf_counter()
    with mp.get_context("spawn").Pool(args.workers) as pool:
        captions: list[str] = []
        training: dict[str, list[Any]] = defaultdict(list)
        for caption, family, structure in pool.imap(training_world, range(args.training), chunksize=100):
            captions.append(caption)
            if structure is not None:
                training[family].append(structure)
        print(f"{len(captions)} training worlds, {time.perf_counter() - began:.0f} s", flush=True)
        todo = [t for t in tasks(args, Captions(captions)) if t.key not in done]
        print(f"{len(todo)} worlds to measure, {len(done)} done before", flush=True)
        with path.open("a", encoding="utf-8") as file:
            for n, row in enumerate(pool.imap_unordered(work, todo), 1):
                structure = row.pop("structure")
                if structure is not None and row["method"] != "retrieval":
                    family = load_prompts()[row["prompt"]].families[0]
                    row["copy"] = round(copies.nearest(structure, training[family]), 4)
                file.write(json.dumps(row) + "\n")
                file.flush()
                if n % 100 == 0:
                    print(f"{n}/{len(todo)} {time.perf_counter() - began:.0f} s", flush=True)
    print(f"done, {time.perf_counter() - began:.0f} s")
    return 0
