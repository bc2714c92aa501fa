"""The training loop, what it minimises, and how well the result does on worlds that it never sees."""

from __future__ import annotations

import argparse
import json
import math
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from album import Album
from feed import Feed, Read, folded, held_out
from folder import TOKENS, Parts, learned_tokenizer, load, new_parts, save
from ranks import agreed, average_gradients, decay_groups
from texts import CaptionReader
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTokenizer

from voxcore.worlds import generate

LOG = "train.jsonl"
FIRST_SEED, RANK_SEEDS, VALIDATION_SEED = 30_000_000_000, 5_000_000_000, 2**40
CAPTIONS = 3000
"""That the tokeniser is learned from, where none is given."""
SHIFT: Final = 3.0
"""Training times are SHIFT u / (1 + (SHIFT - 1) u) for even u (arXiv:2403.03206 eq. 23): half of them above 0.75. What
a picture of this size shows, and what its text says of it, is decided there: with another picture's text the loss of a
model trained at even times rose by 3 % at 0.9, and by less than 1 % at 0.6 and 0.3.
"""
TIMES = (0.3, 0.6, 0.9)
"""Diffusion times of the validation."""


def run(rank: int, args: argparse.Namespace) -> None:
    """Train for ``args.minutes``, as one of ``args.gpus`` ranks; rank 0 logs into and saves to ``args.out``."""
    began, told_to_stop = time.monotonic(), threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told_to_stop.set())
    device = torch.device(f"cuda:{rank}" if args.device == "cuda" else args.device)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(2)  # the other cores generate worlds
    args.out.mkdir(parents=True, exist_ok=True)
    parts, step, seen = begin(args)
    averaged = [p.detach().to(device, torch.float32, copy=True) for p in parts.trained()]
    parts.to(device)
    with tempfile.TemporaryDirectory() as scratch:
        parts.tokenizer.save_pretrained(scratch)
        first_seed = FIRST_SEED + seen + RANK_SEEDS * rank
        reader = CaptionReader(Path(scratch), TOKENS)
        feed = Feed(args.ring, args.workers, first_seed, device, read=reader, row=TOKENS, clutter=0.0)
        empty = torch.from_numpy(reader("")).long().to(device)
        try:
            feed.wait(args.warm_ring)
            say(f"{args.warm_ring} worlds are there after", began)
            rng = np.random.default_rng(first_seed)
            album = Album(args.pictures, args.image_size, lambda count: structures(feed, count), empty, rng)
            say("the album is ready after", began)
            train(rank, args, parts, averaged, feed, album, step, seen, told_to_stop)
        finally:
            feed.close()


def say(what: str, began: float) -> None:
    """What the time before the first step goes into."""
    print(f"{what} {time.monotonic() - began:.0f} s", flush=True)


def structures(feed: Feed, count: int) -> tuple[Tensor, Tensor]:
    """Worlds of the feed with what was built in them, and their rows."""
    pairs, rows = feed.draw(count)
    return pairs[:, 1].contiguous(), rows


def begin(args: argparse.Namespace) -> tuple[Parts, int, int]:
    """The parts to train, steps and samples so far; a run that goes on takes over the other's log."""
    if args.resume is not None:
        lines = (args.resume / LOG).read_text(encoding="utf-8").splitlines()
        if args.resume != args.out:
            (args.out / LOG).write_text("\n".join(lines) + "\n", encoding="utf-8")
        last = json.loads(lines[-1])
        return load(args.resume), last["step"], last["seen"]
    if args.tokenizer is not None:
        tokenizer = CLIPTokenizer.from_pretrained(args.tokenizer, local_files_only=True)
    else:
        tokenizer = tokenizer_of_captions(args.captions)
    return new_parts(tokenizer, args.size, 2 * args.image_size), 0, 0


def tokenizer_of_captions(count: int) -> CLIPTokenizer:
    """A tokeniser for what the generator says."""
    kept_out = held_out()
    captions = [generate(FIRST_SEED - 1 - i).caption for i in range(count)]
    return learned_tokenizer(caption for caption in captions if folded(caption) not in kept_out)


def train(
    rank: int,
    args: argparse.Namespace,
    parts: Parts,
    averaged: list[Tensor],
    feed: Feed,
    album: Album,
    step: int,
    seen: int,
    told_to_stop: threading.Event,
) -> None:
    """Steps until the time is over or the process is told to stop (SIGTERM); then the averaged weights are saved and
    validated.
    """
    device, fused = album.empty.device, album.empty.is_cuda
    optimizer = torch.optim.AdamW(decay_groups(parts.trained(), 0.01), lr=args.lr, betas=(0.9, 0.98), fused=fused)
    torch.manual_seed(seen + 2 + 1000 * rank)
    abar = parts.scheduler.alphas_cumprod.to(device)
    album.add(args.worlds, fused=fused)  # compiles the drawing
    losses: list[Tensor] = []
    first, seen_before, began, said, elapsed = step, seen, time.monotonic(), 0.0, 0.0
    saved = began
    while elapsed < args.minutes * 60 or step == first:
        left = 1.0 - elapsed / (args.minutes * 60) if args.minutes else 1.0
        rate = args.lr * min(1.0, (step - first + 1) / 200) * (min(1.0, left / args.decay) if args.decay else 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate
        if (step - first) % args.reuse == 0:
            feed.renew(args.renew)
            album.add(args.worlds, fused=fused)
        with torch.autocast(device.type, torch.bfloat16, enabled=fused):
            loss = loss_of(parts, abar, *album.draw(args.batch))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(parts.trained())
        torch.nn.utils.clip_grad_norm_(parts.trained(), 1.0)
        optimizer.step()
        step += 1
        seen += args.batch * args.gpus
        keep = min(args.average, (step - first) / (step - first + 9))
        torch._foreach_lerp_(averaged, [p.detach() for p in parts.trained()], 1.0 - keep)
        losses.append(loss.detach())
        if step % 10 == 0 or not fused:
            elapsed = agreed(math.inf if told_to_stop.is_set() else time.monotonic() - began, device)
        if step % args.log_every == 0 and rank == 0:
            line = {"step": step, "seen": seen, "made": feed.made, "drawn": album.drawn}
            line |= {"seconds": round(time.monotonic() - began, 1)}
            line |= {"loss": round(float(torch.stack(losses).mean()), 5), "lr": round(rate, 7)}
            losses.clear()
            write(args.out, line)
            if time.monotonic() - saved > args.save_every:
                with weights_of(parts, averaged):
                    save(parts, args.out)
                saved = time.monotonic()
            if time.monotonic() - said > 15:
                said = time.monotonic()
                print(json.dumps(line), f"{(seen - seen_before) / line['seconds']:.0f} samples/s", flush=True)
    if rank != 0:
        return
    line = {"step": step, "seen": seen, "made": feed.made, "drawn": album.drawn}
    line |= {"seconds": round(time.monotonic() - began, 1), "image_size": args.image_size}
    line |= {"batch": args.batch * args.gpus, "gpus": args.gpus}
    line |= {"device": torch.cuda.get_device_name() if fused else "cpu"}
    if fused:
        line["gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
    with weights_of(parts, averaged):
        save(parts, args.out)
        line |= validate(parts, feed.shared["read"], album, abar, args.validation)
    write(args.out, line)
    print(json.dumps(line), flush=True)


@contextmanager
@torch.no_grad()
def weights_of(parts: Parts, averaged: list[Tensor]) -> Iterator[None]:
    """Within, the parts have the averaged weights; afterwards, their own again."""
    own = [p.detach().clone() for p in parts.trained()]
    torch._foreach_copy_(parts.trained(), averaged)
    try:
        yield
    finally:
        torch._foreach_copy_(parts.trained(), own)


def loss_of(parts: Parts, abar: Tensor, pictures: Tensor, ids: Tensor, times: Tensor | None = None) -> Tensor:
    """Mean squared error of v = alpha eps - sigma x_0 (arXiv:2202.00512) at drawn or given ``times``."""
    with torch.no_grad():
        clean = parts.vae.encode(pictures.permute(0, 3, 1, 2) * 2.0 - 1.0).latents.float()
    count = len(clean)
    if times is None:
        even = torch.rand(count, device=clean.device)
        times = (SHIFT * even / (1.0 + (SHIFT - 1.0) * even) * len(abar)).long()
    alpha, sigma = abar[times].sqrt()[:, None, None, None], (1.0 - abar[times]).sqrt()[:, None, None, None]
    noise = torch.randn_like(clean)
    words = parts.text(ids)[0]
    answer = parts.unet(alpha * clean + sigma * noise, times, encoder_hidden_states=words, return_dict=False)[0]
    return F.mse_loss(answer.float(), alpha * noise - sigma * clean)


@torch.no_grad()
def validate(parts: Parts, read: Read, album: Album, abar: Tensor, count: int) -> dict[str, float]:
    """The loss on ``count`` pictures of worlds that are never trained on, by diffusion time; and at the same times
    with each picture under the text of another: how much the text says.
    """
    device = album.empty.device
    worlds = [generate(VALIDATION_SEED + i) for i in range(count)]
    blocks = torch.from_numpy(np.stack([w.blocks for w in worlds])).to(device)
    rows = torch.from_numpy(np.stack([read(w.caption) for w in worlds])).to(device)
    unseen = Album(count, album.side, lambda _: (blocks, rows), album.empty, np.random.default_rng(1))
    torch.manual_seed(1)
    unseen.add(count, fused=album.empty.is_cuda)
    pictures, ids = unseen.draw(count)
    out: dict[str, float] = {}
    for time_ in TIMES:
        at = torch.full((len(pictures),), round(time_ * len(abar)) - 1, device=pictures.device)
        for name, said in (("loss", ids), ("loss_wrong_text", ids.roll(len(ids) // 2, 0))):
            torch.manual_seed(2)
            chunks = [loss_of(parts, abar, pictures[i : i + 256], said[i : i + 256], at[i : i + 256])
                      for i in range(0, len(pictures), 256)]  # fmt: skip
            out[f"{name}_{time_}"] = round(float(torch.stack(chunks).mean()), 5)
    return out


def write(out: Path, line: dict[str, Any]) -> None:
    """Append a line to the log."""
    with (out / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
