"""Train the embedded prior on worlds that are generated while it trains. Needs one GPU.

Generator processes fill shared slots, the trainer copies them into a ring on the GPU and draws its
batches there; no world is kept on disk and few are seen twice. Runs continue each other:

    python scripts/train_prior.py --minutes 9 --out build/prior
    python scripts/train_prior.py --minutes 9 --out build/prior --resume build/prior --decay

writes ``prior.safetensors`` (averaged weights, fp16: what voxcore ships), ``state-*.safetensors``
(fp32 weights to continue from), ``train.jsonl`` and ``samples.npz`` (worlds drawn for a few prompts).
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing as mp
import queue
import threading
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from voxcore.config import TrainConfig
from voxcore.maps import load_map
from voxcore.palette import EDITOR
from voxcore.prior.diffusion import CODE_DIM, alpha_sigma, encode
from voxcore.prior.model import GRID, Prior, load_network, save_weights
from voxcore.prior.network import CONDITION_DIM, PriorNetwork
from voxcore.prior.task import PriorTask
from voxcore.prior.window import Window
from voxcore.prior.words import MAX_WORDS, padded_ids, word_table
from voxcore.sampling import Sampling
from voxcore.worlds import World, generate
from voxcore.worlds.clutter import with_clutter

CHUNK = 16
SLOTS = 6
VALIDATION_SEEDS = 2**40
VALIDATION_WORLDS = 512
PROMPTS = (
    "a medieval stone castle", "a stone castle with four towers and a moat", "a wooden house", "a small cottage",
    "a tall round stone tower", "a white church with a steeple", "an ancient greek temple", "an egyptian pyramid",
    "a stone bridge over a river", "a lighthouse on the coast", "a windmill", "an igloo in the snow",
    "a pine forest", "a snowy mountain", "a small village", "a sailing ship", "a japanese pagoda",
    "a mosque with a dome", "a modern city", "a triumphal arch", "a great wall", "a volcano",
    "two stone towers beside a lake", "a fortress on a hill",
)  # fmt: skip


def produce(worker: int, first_seed: int, stride: int, shared: dict[str, Any], stop: Event) -> None:
    """Generator process: fill slots with CHUNK worlds each until told to stop."""
    torch.set_num_threads(1)
    rng = np.random.default_rng([first_seed, worker])
    table = word_table()
    blocks = np.frombuffer(shared["blocks"], dtype=np.uint8).reshape(shared["slots"], CHUNK, 2, *GRID)
    ids = np.frombuffer(shared["ids"], dtype=np.int32).reshape(shared["slots"], CHUNK, MAX_WORDS)
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
                worlds.append(generate(seed))
            except Exception as error:  # one bad world must not end a run that costs GPU time
                print(f"seed {seed}: {error!r}", flush=True)
        for i, world in enumerate(worlds):
            before, after = world.terrain, world.blocks
            if rng.random() < 0.4:
                other = worlds[i - 1]
                before, after = with_clutter(before, after, other.terrain, other.blocks, rng)
            blocks[slot, i, 0], blocks[slot, i, 1] = before, after
            ids[slot, i] = padded_ids(table.tokenize(world.caption)).numpy()
        shared["full"].put(slot)


class Feed:
    """Worlds on the GPU: a ring [N, 2 (terrain, world), *GRID] that generator processes keep renewing."""

    def __init__(self, size: int, workers: int, first_seed: int, device: torch.device) -> None:
        context = mp.get_context("spawn")
        slots = SLOTS * workers
        cells = int(np.prod(GRID))
        self.stop = context.Event()
        self.shared: dict[str, Any] = {
            "blocks": context.RawArray("B", slots * CHUNK * 2 * cells),
            "ids": context.RawArray("i", slots * CHUNK * MAX_WORDS),
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
        self.ids = torch.full((size, MAX_WORDS), -1, dtype=torch.int32, device=device)
        self.made = 0
        self.copying = threading.Lock()
        self.thread = threading.Thread(target=self._copy, daemon=True)
        self.thread.start()

    def _copy(self) -> None:
        slots = self.shared["slots"]
        blocks = torch.frombuffer(self.shared["blocks"], dtype=torch.uint8).view(slots, CHUNK, 2, *GRID)
        ids = torch.frombuffer(self.shared["ids"], dtype=torch.int32).view(slots, CHUNK, MAX_WORDS)
        while not self.stop.is_set():
            try:
                slot = self.shared["full"].get(timeout=0.5)
            except queue.Empty:
                continue
            at = self.made % (len(self.blocks) // CHUNK * CHUNK)
            with self.copying:
                self.blocks[at : at + CHUNK] = blocks[slot].to(self.blocks.device)
                self.ids[at : at + CHUNK] = ids[slot].to(self.ids.device)
            self.made += CHUNK
            self.shared["free"].put(slot)

    @property
    def filled(self) -> int:
        """How many worlds of the ring are there."""
        return min(self.made, len(self.blocks))

    def draw(self, batch: int) -> tuple[Tensor, Tensor]:
        """Random worlds [batch, 2, *GRID] uint8 and word ids [batch, MAX_WORDS], all turned alike."""
        index = torch.randint(self.filled, (batch,), device=self.blocks.device)
        return self.blocks[index], self.ids[index]

    def close(self) -> None:
        """End the generator processes."""
        self.stop.set()
        for process in self.processes:
            process.join(timeout=5)


def turned(worlds: Tensor) -> Tensor:
    """One of the 8 symmetries of the square base, the same for the whole batch."""
    k = int(torch.randint(4, ()))
    worlds = torch.rot90(worlds, k, (-3, -1))
    return worlds.flip(-1) if int(torch.randint(2, ())) else worlds


def random_fixed(batch: int, device: torch.device) -> Tensor:
    """Masks [batch, *GRID] that are True outside a random box: the cells an edit must not touch."""
    axes = []
    for size in GRID:
        length = torch.randint(size // 4, size + 1, (batch, 1), device=device)
        low = (torch.rand(batch, 1, device=device) * (size - length + 1)).long()
        place = torch.arange(size, device=device)[None]
        axes.append((place >= low) & (place < low + length))
    return ~(axes[0][:, :, None, None] & axes[1][:, None, :, None] & axes[2][:, None, None, :])


def make_batch(worlds: Tensor, ids: Tensor, vectors: Tensor, *, augment: bool) -> dict[str, Tensor]:
    """Everything the network reads and what it should answer."""
    batch, device = len(worlds), worlds.device
    terrain, target = worlds[:, 0], worlds[:, 1]
    kind = torch.rand(batch, device=device)
    fixed = random_fixed(batch, device) & (kind > 0.85)[:, None, None, None]
    existing = torch.where(fixed, target, terrain)
    with_map = (kind > 0.45)[:, None, None, None, None]
    condition = torch.zeros(batch, CONDITION_DIM, *GRID, device=device)
    condition[:, :CODE_DIM] = encode(existing) * with_map
    condition[:, CODE_DIM : CODE_DIM + 1] = with_map
    condition[:, CODE_DIM + 1] = fixed
    mask = ids >= 0
    words = vectors[ids.clamp(min=0).long()]
    if augment:
        noisy = (torch.rand(batch, 1, 1, device=device) < 0.5) * 0.35
        words = words + noisy * torch.randn_like(words)
        keep = torch.rand(mask.shape, device=device) > 0.08 * torch.rand(batch, 1, device=device)
        mask = mask & keep & (torch.rand(batch, 1, device=device) > 0.1)
    words = words * mask[..., None]
    # Detail sits where something was built: the surroundings of every changed cell count more.
    changed = F.max_pool3d((target != terrain).float()[:, None], 5, stride=1, padding=2)[:, 0]
    weight = (1.0 + 1.5 * changed) * ~fixed
    t = torch.rand(batch, device=device) * 0.994 + 0.003
    alpha, sigma = (v[:, None, None, None, None] for v in alpha_sigma(t))
    noise = torch.randn(batch, *GRID, CODE_DIM, device=device).movedim(-1, 1)  # laid out like the codes
    noisy_codes = alpha * encode(target) + sigma * noise
    return {
        "x": noisy_codes,
        "t": t,
        "words": words,
        "mask": mask,
        "condition": condition,
        "target": target,
        "weight": weight,
    }


def loss_of(network: PriorNetwork, batch: dict[str, Tensor]) -> Tensor:
    """Weighted cross-entropy of each world [B]."""
    # A captured graph must cast weights anew at every replay, so autocast may not remember them.
    with torch.autocast("cuda", dtype=torch.bfloat16, enabled=batch["x"].is_cuda, cache_enabled=False):
        logits = network(batch["x"], batch["t"], batch["words"], batch["mask"], batch["condition"])
    flat = logits.movedim(1, -1).flatten(0, 3).float()
    entropy = F.cross_entropy(flat, batch["target"].flatten().long(), reduction="none").view_as(batch["weight"])
    return (entropy * batch["weight"]).sum((1, 2, 3)) / batch["weight"].sum((1, 2, 3)).clamp(min=1.0)


class Gradient:
    """Loss and gradients of a batch: on a GPU one captured graph, since launching it kernel by kernel
    takes the CPU longer than the GPU needs to run it.
    """

    def __init__(self, network: PriorNetwork, exclusive: threading.Lock) -> None:
        self.network = network
        self.exclusive = exclusive  # no other thread may use the GPU while the graph is captured
        self.graph: torch.cuda.CUDAGraph | None = None
        self.batch: dict[str, Tensor] = {}
        self.loss = torch.zeros(())

    def __call__(self, batch: dict[str, Tensor]) -> Tensor:
        """Set every parameter's ``grad`` and return the mean loss."""
        if not batch["x"].is_cuda:
            self.network.zero_grad(set_to_none=True)
            loss = loss_of(self.network, batch).mean()
            loss.backward()
            return loss.detach()
        if self.graph is None:
            with self.exclusive:
                torch.cuda.synchronize()
                self._capture(batch)
        assert self.graph is not None
        for name, value in batch.items():
            self.batch[name].copy_(value)
        self.graph.replay()
        return self.loss.detach().clone()

    def _capture(self, batch: dict[str, Tensor]) -> None:
        self.batch = {name: value.clone() for name, value in batch.items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.network.zero_grad(set_to_none=True)
                eager = loss_of(self.network, self.batch).mean()
                eager.backward()
        torch.cuda.current_stream().wait_stream(stream)
        self.network.zero_grad(set_to_none=True)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.loss = loss_of(self.network, self.batch).mean()
            self.loss.backward()
        self.graph.replay()
        print(f"captured: loss {float(self.loss):.5f}, kernel by kernel {float(eager):.5f}", flush=True)


@torch.no_grad()
def validate(network: PriorNetwork, worlds: Tensor, ids: Tensor, vectors: Tensor) -> dict[str, float]:
    """Plain cross-entropy per cell at three noise levels, on worlds that are never trained on."""
    out: dict[str, list[float]] = {}
    torch.manual_seed(1)
    for start in range(0, len(worlds), 64):
        batch = make_batch(worlds[start : start + 64], ids[start : start + 64], vectors, augment=False)
        batch["weight"] = torch.ones_like(batch["weight"])
        clean = encode(batch["target"])
        noise = torch.randn_like(clean)
        for t in (0.3, 0.6, 0.9):
            batch["t"] = torch.full_like(batch["t"], t)
            alpha, sigma = alpha_sigma(torch.tensor(t, device=clean.device))
            batch["x"] = alpha * clean + sigma * noise
            out.setdefault(f"ce_{t}", []).append(float(loss_of(network, batch).mean()))
    return {name: float(np.mean(values)) for name, values in out.items()}


def save_state(network: PriorNetwork, averaged: PriorNetwork, out: Path, step: int, seen: int) -> None:
    """Shipped weights, and fp32 weights in parts of at most 15 MB."""
    save_weights(averaged, out / "prior.safetensors", {"samples": str(seen), "steps": str(step)})
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, value in network.state_dict().items():
        if size + value.numel() * 4 > 15_000_000:
            parts.append({})
            size = 0
        parts[-1][name] = value.detach().float().cpu().contiguous()
        size += value.numel() * 4
    for i, part in enumerate(parts):
        save_file(part, out / f"state-{i}.safetensors", {"step": str(step), "seen": str(seen)})


def draw_samples(network: PriorNetwork, device: torch.device) -> dict[str, np.ndarray]:
    """The prompts as finished worlds, free, and the first few as edits of maps/1."""
    prior = Prior(network, device)
    out = {}
    nothing = np.zeros(GRID, dtype=bool)
    edited = load_map(Path(__file__).parents[1] / "maps" / "1").blocks
    for name, existing, prompts in (("free", None, PROMPTS), ("edit", edited, PROMPTS[:8])):
        for prompt in prompts:
            config = TrainConfig.create(prompt, method="sample")
            initial = np.zeros(GRID, dtype=np.uint8) if existing is None else existing
            task = PriorTask(
                prior,
                prior.read(word_table().tokenize(prompt)),
                EDITOR,
                Window.place(initial),
                existing=existing,
                source=initial,
                fixed=nothing,
            )
            sampling = Sampling(config, task, initial=initial, fixed=nothing)
            for step in range(config.steps):
                sampling.advance(step, measure=False)
            out[f"{name}: {prompt}"] = sampling.blocks()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, required=True, help="time to spend on training steps")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", type=Path, help="folder of an earlier run")
    parser.add_argument("--decay", action="store_true", help="let the learning rate fall to zero by the end")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--lr", type=float, default=8e-4)
    parser.add_argument("--ring", type=int, default=32768)
    parser.add_argument("--warm-ring", type=int, default=6144, help="worlds to wait for before the first step")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--device", default="cuda")
    args = parser.parse_args()
    device = torch.device(args.device)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True

    step, seen = 0, 0
    if args.resume:
        network = load_network(args.resume / "prior.safetensors")
        averaged = load_network(args.resume / "prior.safetensors")
        state: dict[str, Tensor] = {}
        for path in sorted(args.resume.glob("state-*.safetensors")):
            state |= load_file(path)
        network.load_state_dict(state)
        lines = (args.resume / "train.jsonl").read_text().splitlines()
        step, seen = json.loads(lines[-1])["step"], json.loads(lines[-1])["seen"]
        if args.resume != args.out:
            (args.out / "train.jsonl").write_text("\n".join(lines) + "\n")
    else:
        torch.manual_seed(0)
        network, averaged = PriorNetwork(), PriorNetwork()
        averaged.load_state_dict(network.state_dict())
    network, averaged = network.to(device), averaged.to(device).requires_grad_(False)
    first_step = step
    feed = Feed(args.ring, args.workers, 1_000_000_000 + 64 * seen, device)
    vectors = word_table().vectors.to(device)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=args.lr, betas=(0.9, 0.98), weight_decay=0.01, fused=device.type == "cuda"
    )
    gradient = Gradient(network, feed.copying)

    held_out = [generate(VALIDATION_SEEDS + i) for i in range(VALIDATION_WORLDS if device.type == "cuda" else 4)]
    worlds = torch.from_numpy(np.stack([np.stack([w.terrain, w.blocks]) for w in held_out])).to(device)
    ids = torch.stack([padded_ids(word_table().tokenize(w.caption)) for w in held_out]).to(device)
    waited = time.monotonic()
    while feed.filled < args.warm_ring:
        if not any(process.is_alive() for process in feed.processes):
            raise SystemExit("every generator process ended: run voxcore.worlds.generate to see why")
        time.sleep(0.2)
    print(f"ring of {feed.filled} worlds after {time.monotonic() - waited:.1f} s", flush=True)

    torch.manual_seed(seen + 2)
    log = (args.out / "train.jsonl").open("a")
    began = time.monotonic()
    averages: list[Tensor] = []
    while (elapsed := time.monotonic() - began) < args.minutes * 60:
        progress = elapsed / (args.minutes * 60)
        warm = min(1.0, (step - first_step + 1) / 300)
        decay = min(1.0, 2.0 * (1.0 - progress)) if args.decay else 1.0
        for group in optimizer.param_groups:
            group["lr"] = args.lr * warm * decay
        drawn, drawn_ids = feed.draw(args.batch)
        batch = make_batch(turned(drawn), drawn_ids, vectors, augment=True)
        loss = gradient(batch)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        step += 1
        seen += args.batch
        with torch.no_grad():
            keep = min(0.9995, (step + 1) / (step + 20))
            torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), 1.0 - keep)
        averages.append(loss)
        if step % 200 == 0:
            line: dict[str, Any] = {"step": step, "seen": seen, "made": feed.made, "seconds": round(elapsed, 1)}
            line |= {"loss": round(float(torch.stack(averages).mean()), 5), "lr": optimizer.param_groups[0]["lr"]}
            averages.clear()
            if step % 2000 == 0:
                line |= {k: round(v, 5) for k, v in validate(averaged, worlds, ids, vectors).items()}
                torch.manual_seed(seen + 2)
            log.write(json.dumps(line) + "\n")
            log.flush()
            if step % 1000 == 0:
                print(json.dumps(line), flush=True)
    feed.close()
    line = {"step": step, "seen": seen, "made": feed.made, "seconds": round(time.monotonic() - began, 1)}
    line |= {k: round(v, 5) for k, v in validate(averaged, worlds, ids, vectors).items()}
    if device.type == "cuda":
        line["gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
    print(json.dumps(line), flush=True)
    log.write(json.dumps(line) + "\n")
    log.close()
    save_state(network, averaged, args.out, step, seen)
    np.savez_compressed(args.out / "samples.npz", **draw_samples(averaged, device))


if __name__ == "__main__":
    main()
