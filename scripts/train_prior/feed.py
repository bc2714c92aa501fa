"""Worlds for a trainer: generator processes fill shared slots, from which a ring on the GPU is renewed."""

from __future__ import annotations

import itertools
import json
import multiprocessing as mp
import queue
import signal
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voxcore.prior.model import GRID
from voxcore.prior.words import MAX_WORDS, padded_ids, word_table
from voxcore.worlds import World, generate
from voxcore.worlds.clutter import with_clutter

CHUNK = 16
SLOTS = 6
CLUTTER = 0.7
"""Share of worlds in which other things stood before."""
Read = Callable[[str], NDArray[np.int32]]
"""From a caption to its row of numbers; it goes to the generator processes."""
PROMPTS = Path(__file__).parents[2] / "benchmarks" / "prior" / "prompts.json"


def held_out() -> frozenset[str]:
    """The benchmark's prompts, folded: no caption may equal one."""
    return frozenset(folded(entry["prompt"]) for entry in json.loads(PROMPTS.read_text(encoding="utf-8")))


def folded(caption: str) -> str:
    """Lower case, single spaces, no full stop, no article in front: what makes two captions the same."""
    words = caption.lower().strip(" .").split()
    return " ".join(words[1:] if words[:1] in (["a"], ["an"], ["the"]) else words)


def word_ids(caption: str) -> NDArray[np.int32]:
    """[MAX_WORDS] as the embedded prior reads a caption."""
    ids: NDArray[np.int32] = padded_ids(word_table().tokenize(caption)).numpy().astype(np.int32)
    return ids


def produce(worker: int, first_seed: int, stride: int, shared: dict[str, Any], stop: Event) -> None:
    """Generator process: fill slots with CHUNK worlds each until told to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a trainer may ignore it; a process that does cannot be ended
    torch.set_num_threads(1)
    rng = np.random.default_rng([first_seed, worker])
    read, kept_out = shared["read"], held_out()
    blocks = np.frombuffer(shared["blocks"], dtype=np.uint8).reshape(shared["slots"], CHUNK, 2, *GRID)
    ids = np.frombuffer(shared["ids"], dtype=np.int32).reshape(shared["slots"], CHUNK, shared["row"])
    seeds = itertools.count(first_seed + worker, stride)
    while not stop.is_set():
        try:
            slot = shared["free"].get(timeout=0.5)
        except queue.Empty:
            continue
        worlds: list[World] = []
        while len(worlds) < CHUNK:
            seed = next(seeds)
            try:
                world = generate(seed)
            except Exception as error:  # one bad world must not end a run that costs GPU time
                print(f"seed {seed}: {error!r}", flush=True)
                continue
            if folded(world.caption) not in kept_out:
                worlds.append(world)
        for i, world in enumerate(worlds):
            before, after = world.terrain, world.blocks
            if rng.random() < shared["clutter"]:
                other = worlds[i - 1]
                before, after = with_clutter(before, after, other.terrain, other.blocks, rng)
            blocks[slot, i, 0], blocks[slot, i, 1] = before, after
            ids[slot, i] = read(world.caption)
        shared["full"].put(slot)


class Feed:
    """Worlds on the GPU: a ring [N, 2 (terrain, world), *GRID] that generator processes keep renewing.

    ``read`` makes ``row`` numbers of a caption; ``clutter`` is the share of worlds in which other things stood before.
    """

    def __init__(
        self,
        size: int,
        workers: int,
        first_seed: int,
        device: torch.device,
        *,
        read: Read = word_ids,
        row: int = MAX_WORDS,
        clutter: float = CLUTTER,
    ) -> None:
        context = mp.get_context("spawn")
        slots = SLOTS * workers
        cells = int(np.prod(GRID))
        self.stop = context.Event()
        self.shared: dict[str, Any] = {
            "blocks": context.RawArray("B", slots * CHUNK * 2 * cells),
            "ids": context.RawArray("i", slots * CHUNK * row),
            "read": read,
            "row": row,
            "clutter": clutter,
            "slots": slots,
            "free": context.Queue(),
            "full": context.Queue(),
        }
        for slot in range(slots):
            self.shared["free"].put(slot)
        self.processes = [
            context.Process(target=produce, args=(w, first_seed, workers, self.shared, self.stop), daemon=True)
            for w in range(workers)
        ]
        for process in self.processes:
            process.start()
        self.blocks = torch.zeros(size, 2, *GRID, dtype=torch.uint8, device=device)
        self.ids = torch.full((size, row), -1, dtype=torch.int32, device=device)
        self.made = 0
        self._blocks = torch.frombuffer(self.shared["blocks"], dtype=torch.uint8).view(slots, CHUNK, 2, *GRID)
        self._ids = torch.frombuffer(self.shared["ids"], dtype=torch.int32).view(slots, CHUNK, row)
        self._copying: deque[tuple[int, torch.cuda.Event]] = deque()
        if device.type == "cuda":  # page-locked, so that copies run while the GPU computes
            for tensor in (self._blocks, self._ids):
                torch.cuda.cudart().cudaHostRegister(tensor.data_ptr(), tensor.nbytes, 0)

    def renew(self, most: int) -> int:
        """Take over at most so many filled slots; returns how many. No thread does this, since one would
        fight the training loop for the interpreter.
        """
        while self._copying and self._copying[0][1].query():
            self.shared["free"].put(self._copying.popleft()[0])
        for count in range(most):
            try:
                slot = self.shared["full"].get_nowait()
            except queue.Empty:
                return count
            at = self.made % (len(self.blocks) // CHUNK * CHUNK)
            self.blocks[at : at + CHUNK].copy_(self._blocks[slot], non_blocking=True)
            self.ids[at : at + CHUNK].copy_(self._ids[slot], non_blocking=True)
            self.made += CHUNK
            if self.blocks.is_cuda:
                done = torch.cuda.Event()
                done.record()
                self._copying.append((slot, done))
            else:
                self.shared["free"].put(slot)
        return most

    @property
    def filled(self) -> int:
        """How many worlds of the ring are there."""
        return min(self.made, len(self.blocks))

    def wait(self, worlds: int) -> None:
        """Return once ``worlds`` are there. Raises SystemExit when every generator has ended."""
        while self.filled < worlds:
            if not any(process.is_alive() for process in self.processes):
                raise SystemExit("every generator process ended: run voxcore.worlds.generate to see why")
            if not self.renew(16):
                time.sleep(0.05)

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        """Random worlds [batch, 2, *GRID] uint8 and captions' rows [batch, row], all turned alike."""
        index = torch.randint(self.filled, (batch,), device=self.blocks.device)
        return turned(self.blocks[index]), self.ids[index]

    def close(self) -> None:
        """End the generator processes."""
        self.stop.set()
        for process in self.processes:
            process.join(timeout=5)


def turned(worlds: Tensor) -> Tensor:
    """One of the 8 symmetries of the square base, the same for the whole batch."""
    k = int(torch.randint(4, ()))
    worlds = torch.rot90(worlds, k, (-3, -1))
    worlds = worlds.flip(-1) if int(torch.randint(2, ())) else worlds
    return worlds.contiguous()
