"""Step ``train-classifier``: learns to name what is in a picture, from generated worlds.

Its worlds come from seeds of their own (2^45 and up; the prior's training counts from 0, its validation from 2^40),
and its cameras never stand where the scoring's do (`views`). Worlds are damaged a little, so
that it does not judge by whether a world is perfect. The held-out accuracy is taken on other seeds (2^46 and up),
undamaged, from the scoring's places, and stands in the weights' header.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing as mp
import os
import queue
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.prior import stand_ins

FIRST_SEED: Final = 2**45
HELD_OUT_SEED: Final = 2**46
SEED_STRIDE: Final = 2**36
MOST_TRIES: Final = 20
"""Seeds that are tried for a world of several families, SEED_STRIDE apart: fewer than there are to HELD_OUT_SEED."""
CHUNK: Final = 32
GRID: Final = (64, 48, 64)
REUSE: Final = 4
"""Steps for every batch of new pictures."""
PLACES: Final = 2_048
"""Sets of camera places."""
FIXED_FAMILY: Final = 0.45
SEVERAL: Final = 0.35
"""Shares of the worlds whose family is drawn evenly, and of those that have several; the others come as the generator
weighs them.
"""


def make(seed: int, rng: np.random.Generator) -> Any:
    """A world of a seed: of an evenly drawn family, of several families, or any."""
    from voxcore.worlds import FAMILIES, generate

    kind = rng.random()
    if kind < FIXED_FAMILY:
        return generate(seed, family=FAMILIES[int(rng.integers(len(FAMILIES)))])
    world = generate(seed)
    for other in range(1, MOST_TRIES):
        if kind > FIXED_FAMILY + SEVERAL or len(world.objects) > 1:
            break
        world = generate(seed + other * SEED_STRIDE)
    return world


def produce(worker: int, workers: int, first_seed: int, out: Any, count: int | None) -> None:
    """Generator process: puts (blocks [CHUNK, X, Y, Z], labels [CHUNK, F + 3]) until it is ended."""
    stand_ins.install()
    torch.set_num_threads(1)
    from benchmarks.prior.labels import label

    rng = np.random.default_rng([first_seed % 2**32, worker])
    seed, made = first_seed + worker, 0
    while count is None or made < count:
        worlds = []
        while len(worlds) < CHUNK:
            worlds.append(make(seed, rng))
            seed += workers
        made += CHUNK
        out.put((np.stack([w.blocks for w in worlds]), np.stack([label(w) for w in worlds])))
    out.put(None)


class Ring:
    """The latest worlds on the device; a thread keeps renewing them from the generator processes."""

    def __init__(self, size: int, labels: int, workers: int, device: torch.device) -> None:
        self.blocks = torch.zeros(size, *GRID, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(size, labels, dtype=torch.int16, device=device)
        self.made = 0
        context = mp.get_context("spawn")
        self.queue: Any = context.Queue(maxsize=2 * workers)
        self.processes = [
            context.Process(target=produce, args=(w, workers, FIRST_SEED, self.queue, None), daemon=True)
            for w in range(workers)
        ]
        for process in self.processes:
            process.start()
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()

    def _copy(self) -> None:
        while not self.stop.is_set():
            try:
                blocks, labels = self.queue.get(timeout=0.5)
            except queue.Empty:
                continue
            time.sleep(0.005)  # leaves the interpreter to the thread that trains
            at = self.made % (len(self.blocks) // CHUNK * CHUNK)
            self.labels[at : at + CHUNK] = torch.from_numpy(labels).to(self.labels.device)
            self.blocks[at : at + CHUNK] = torch.from_numpy(blocks).to(self.blocks.device)
            self.made += CHUNK

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        index = torch.randint(min(self.made, len(self.blocks)), (batch,), device=self.blocks.device)
        return self.blocks[index], self.labels[index]

    def close(self) -> None:
        """End the generator processes."""
        self.stop.set()
        self.thread.join()
        for process in self.processes:
            process.terminate()
            process.join()


class Pictures:
    """A ring of pictures on the device, as codes (see `cast`), with their labels. Drawing one is what costs, so each
    is trained on a few times.
    """

    def __init__(self, size: int, ring: Ring, rng: np.random.Generator) -> None:
        from benchmarks.prior.cast import ray_bases
        from benchmarks.prior.views import SCALE, SIDE, VIEWS, training_cameras

        device = ring.blocks.device
        self.ring, self.side = ring, SIDE
        self.places = ray_bases([training_cameras(rng) for _ in range(PLACES)], GRID, SCALE).to(device)
        self.codes = torch.zeros(size, VIEWS, SIDE, SIDE, dtype=torch.uint8, device=device)
        self.labels = torch.zeros(size, ring.labels.shape[1], dtype=torch.int16, device=device)
        self.drawn = 0

    def add(self, count: int, *, fused: bool) -> None:
        """Draw ``count`` of the latest worlds, damaged, each from one of the sets of places."""
        from benchmarks.prior.cast import cast

        worlds, labels = self.ring.draw(count)
        chosen = torch.randint(PLACES, (count,), device=worlds.device)
        codes = cast(damaged(worlds), self.places[chosen], self.side, fused=fused)
        at = torch.arange(self.drawn, self.drawn + count, device=codes.device) % len(self.codes)
        self.codes[at], self.labels[at] = codes.to(torch.uint8), labels
        self.drawn += count

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """Codes [count, V, H, W] int64, half of them mirrored, and labels."""
        index = torch.randint(min(self.drawn, len(self.codes)), (count,), device=self.codes.device)
        codes = self.codes[index].long()
        mirrored = torch.rand(count, 1, 1, 1, device=codes.device) < 0.5
        return torch.where(mirrored, codes.flip(-1), codes), self.labels[index]


def damaged(worlds: Tensor) -> Tensor:
    """Some of the worlds with up to 3 % of their blocks gone, and up to 3 % of another kind."""
    batch = len(worlds)
    rate = torch.rand(batch, 1, 1, 1, device=worlds.device) * 0.06 - 0.03
    dice = torch.rand(worlds.shape, device=worlds.device)
    out = torch.where(dice < rate, torch.zeros_like(worlds), worlds)
    rate = torch.rand(batch, 1, 1, 1, device=worlds.device) * 0.06 - 0.03
    other = torch.randint(1, 12, worlds.shape, dtype=torch.uint8, device=worlds.device)
    return torch.where((dice > 1 - rate) & (out != 0), other, out)


def rarity(labels: Tensor) -> dict[str, Tensor]:
    """Weights of the names of each head but the family's: the rarer, the heavier. Else all hills would be plains."""
    from benchmarks.prior.network import HEADS

    families = len(HEADS["family"])
    out = {}
    for i, name in enumerate(("setting", "ground", "material")):
        known = labels[:, families + i].long()
        count = torch.bincount(known[known >= 0], minlength=len(HEADS[name])).float().clamp(min=1)
        out[name] = (count.mean() / count).pow(0.75).clamp(max=4.0)
    return out


def loss_of(answer: Any, labels: Tensor, weights: dict[str, Tensor]) -> Tensor:
    """Families independently of each other and against each other; the other heads where the answer is known, by
    ``weights`` (see `rarity`).
    """
    from benchmarks.prior.labels import UNKNOWN
    from benchmarks.prior.network import HEADS

    families = len(HEADS["family"])
    there = (labels[:, :families] > 0).float()
    family = answer.family.float()
    loss = F.binary_cross_entropy_with_logits(family, there, reduction="none").sum(dim=1).mean()
    loss = loss + F.cross_entropy(family, there / there.sum(dim=1, keepdim=True))
    for i, (name, weight) in enumerate(weights.items()):
        target = labels[:, families + i].long()
        each = F.cross_entropy(getattr(answer, name).float(), target, weight, ignore_index=UNKNOWN, reduction="sum")
        loss = loss + 0.3 * each / (target != UNKNOWN).sum().clamp(min=1)
    return loss


def held_out(network: Any, worlds: int, workers: int, device: torch.device) -> dict[str, float]:
    """Accuracy on unseen seeds from the scoring's places. ``top1``: the best family is there; ``exact``: of a world
    with n families the n best are just those.
    """
    from benchmarks.prior.cast import cast, color_table, ray_bases
    from benchmarks.prior.network import HEADS
    from benchmarks.prior.views import SCALE, SIDE, score_cameras

    context = mp.get_context("spawn")
    out: Any = context.Queue()
    count = -(-worlds // workers)
    processes = [
        context.Process(target=produce, args=(w, workers, HELD_OUT_SEED, out, count), daemon=True)
        for w in range(workers)
    ]
    for process in processes:
        process.start()
    left, families = workers, len(HEADS["family"])
    hits: dict[str, list[Tensor]] = {k: [] for k in ("top1", "exact", "exact_several", *HEADS)}
    table = color_table().to(device)
    bases = ray_bases([score_cameras()], GRID, SCALE)
    while left:
        item = out.get()
        if item is None:
            left -= 1
            continue
        blocks, labels = torch.from_numpy(item[0]).to(device), torch.from_numpy(item[1]).to(device)
        codes = cast(blocks, bases.expand(len(blocks), -1, -1, -1), SIDE)
        with torch.no_grad():
            answer = network(table[codes].permute(0, 1, 4, 2, 3))
        there = labels[:, :families] > 0
        number = there.sum(dim=1)
        best = answer.family.argsort(dim=1, descending=True)
        rank = torch.arange(families, device=device)[None] < number[:, None]
        exact = (there.gather(1, best) | ~rank).all(dim=1)
        hits["top1"].append(there.gather(1, best[:, :1]).squeeze(1))
        hits["exact"].append(exact)
        hits["exact_several"].append(exact[number > 1])
        for i, name in enumerate(("setting", "ground", "material")):
            target = labels[:, families + i].long()
            hits[name].append((getattr(answer, name).argmax(dim=1) == target)[target >= 0])
    for process in processes:
        process.join()
    return {name: round(float(torch.cat(v).float().mean()), 4) for name, v in hits.items() if v}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The step's own options."""
    parser.add_argument("--out", type=Path, required=True, help="where the weights go")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seconds", type=float, default=150.0, help="training time, start of the workers not counted")
    parser.add_argument("--workers", type=int, default=max(1, len(os.sched_getaffinity(0)) // 2))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--ring", type=int, default=24_000, help="worlds kept on the device")
    parser.add_argument("--pictures", type=int, default=48_000, help="worlds whose pictures are kept on the device")
    parser.add_argument("--first", type=int, default=2_000, help="worlds to wait for before training begins")
    parser.add_argument("--held-out", type=int, default=4_096, help="worlds of the final test")
    parser.add_argument("--width", type=int, default=32)


def main(args: argparse.Namespace) -> int:
    stand_ins.install()
    from benchmarks.prior.cast import color_table
    from benchmarks.prior.network import HEADS, Classifier, save

    device = torch.device(args.device)
    torch.manual_seed(5)
    rng = np.random.default_rng(5)
    network = Classifier(args.width).to(device).to(memory_format=torch.channels_last)
    table = color_table().to(device)
    ring = Ring(args.ring, len(HEADS["family"]) + 3, args.workers, device)
    while ring.made < args.first:
        time.sleep(0.2)
        if any(p.exitcode for p in ring.processes):
            raise RuntimeError("a generator process failed")
    weights = rarity(ring.labels[: min(ring.made, len(ring.labels))])
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.02)
    average = {k: v.detach().clone() for k, v in network.state_dict().items()}
    pictures = Pictures(args.pictures, ring, rng)
    pictures.add(args.batch, fused=device.type == "cuda")  # compiles the walk
    print(f"{ring.made} worlds made, pictures can be drawn", flush=True)
    began = last = time.perf_counter()
    step = 0
    while (passed := time.perf_counter() - began) < args.seconds or not step:
        at = passed / args.seconds
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, (step + 1) / 200) * (0.5 + 0.5 * float(np.cos(np.pi * min(at, 1.0))))
        if step % REUSE == 0:
            pictures.add(args.batch, fused=device.type == "cuda")
        codes, labels = pictures.draw(args.batch)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
            answer = network(table[codes].permute(0, 1, 4, 2, 3))
        loss = loss_of(answer, labels, weights)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        keep = min(0.998, step / (step + 20))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    average[name].lerp_(value, 1 - keep)
                else:
                    average[name].copy_(value)
        step += 1
        if time.perf_counter() - last > 5:
            last = time.perf_counter()
            made = f"{ring.made} worlds made, {pictures.drawn} drawn"
            print(f"{passed:.0f} s, step {step}, {made}, loss {float(loss.detach()):.3f}", flush=True)
    ring.close()
    network.load_state_dict(average)
    network.eval()
    facts = {
        "steps": step,
        "batch": args.batch,
        "worlds": ring.made,
        "drawn": pictures.drawn,
        "seconds": round(time.perf_counter() - began, 1),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "held_out_worlds": args.held_out,
        "held_out": held_out(network, args.held_out, args.workers, device),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    save(network, args.out, facts)
    print(json.dumps(facts), flush=True)
    print(f"{args.out}: {args.out.stat().st_size / 2**20:.2f} MiB")
    return 0
