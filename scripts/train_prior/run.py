"""The training loop of one GPU, perhaps among several."""

from __future__ import annotations

import argparse
import json
import time

import checkpoint
import numpy as np
import torch
from feed import Feed
from parts import PARTS, Part
from ranks import agreed, average_gradients, decay_groups, ranks
from torch import Tensor

from voxcore.prior.diffusion import codebook
from voxcore.prior.words import padded_ids, word_table
from voxcore.worlds import generate

VALIDATION_SEEDS = 2**40
VALIDATION_WORLDS = 512


def run(rank: int, args: argparse.Namespace) -> None:
    """Train on GPU ``rank`` of ``args.gpus`` for ``args.minutes``; rank 0 logs and saves."""
    device = torch.device("cuda", rank) if args.gpus else torch.device("cpu")
    torch.set_num_threads(2)  # the other cores generate worlds
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    args.out.mkdir(parents=True, exist_ok=True)

    part = PARTS[args.part]()
    network, averaged, step, seen = checkpoint.begin(part, args.resume, args.out)
    network, averaged = network.to(device), averaged.to(device).requires_grad_(False)
    feed = Feed(args.ring, args.workers, 10_000_000_000 + 64 * seen + 5_000_000_000 * rank, device)
    vectors, codes = word_table().vectors.to(device), codebook().to(device)
    groups = decay_groups(list(network.parameters()), 0.02)
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=(0.9, 0.98), eps=1e-8, fused=device.type == "cuda")
    if args.compile:
        part.compile()

    feed.wait(args.warm_ring)
    torch.manual_seed(seen + 2 + 1000 * rank)
    first_step, losses, said = step, [], 0.0
    began = compiled_at = saved = time.monotonic()
    log = (args.out / checkpoint.log_name(part)).open("a", encoding="utf-8") if rank == 0 else None
    elapsed = 0.0
    while elapsed < args.minutes * 60:
        rate = (
            args.lr
            * min(1.0, (step - first_step + 1) / 200)
            * (min(1.0, (1.0 - elapsed / (args.minutes * 60)) / args.decay) if args.decay else 1.0)
        )
        for group in optimizer.param_groups:
            group["lr"] = rate
        feed.renew(args.renew)
        loss = part.loss(network, *feed.draw(args.batch), vectors, codes)
        network.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(network.parameters())
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        if step == first_step + 20:
            torch.cuda.synchronize() if args.gpus else None
            compiled_at = time.monotonic()
        step += 1
        seen += args.batch * ranks()
        with torch.no_grad():
            run_steps = step - first_step
            keep = min(0.999, (run_steps + 1) / (run_steps + 10))
            torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), 1.0 - keep)
        losses.append(loss.detach())
        if step % 20 == 0:
            elapsed = agreed(time.monotonic() - began, device)
        if step % 200 == 0 and log is not None:
            now = time.monotonic()
            line = {"step": step, "seen": seen, "made": feed.made, "seconds": round(now - began, 1)}
            line |= {"loss": round(float(torch.stack(losses).mean()), 5), "lr": round(rate, 7)}
            losses.clear()
            log.write(json.dumps(line) + "\n")
            log.flush()
            if now - saved > args.save_every:
                checkpoint.save(part, averaged, args.out, step, seen)
                saved = now
            if now - said > 20:
                pace = (step - first_step - 21) * args.batch * ranks() / (now - compiled_at)
                print(json.dumps(line), f"{pace:.0f} samples/s", flush=True)
                said = now
    if log is not None:
        line = {"step": step, "seen": seen, "made": feed.made, "seconds": round(time.monotonic() - began, 1)}
        line["gpus"] = args.gpus
        if args.gpus:
            line["gpu_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 1)
        checkpoint.save(part, averaged, args.out, step, seen)
        line |= {k: round(v, 5) for k, v in validate(part, averaged, vectors, codes, args.validation).items()}
        print(json.dumps(line), flush=True)
        log.write(json.dumps(line) + "\n")
        log.close()
    feed.close()


@torch.no_grad()
def validate(part: Part, network: torch.nn.Module, vectors: Tensor, codes: Tensor, count: int) -> dict[str, float]:
    """The part's figures on worlds that are never trained on."""
    held_out = [generate(VALIDATION_SEEDS + i) for i in range(count)]
    worlds = torch.from_numpy(np.stack([np.stack([w.terrain, w.blocks]) for w in held_out])).to(codes.device)
    ids = torch.stack([padded_ids(word_table().tokenize(w.caption)) for w in held_out]).to(codes.device)
    out: dict[str, list[float]] = {}
    torch.manual_seed(1)
    for start in range(0, count, 64):
        figures = part.validate(network, worlds[start : start + 64], ids[start : start + 64], vectors, codes)
        for name, value in figures.items():
            out.setdefault(name, []).append(value)
    return {name: float(np.mean(values)) for name, values in out.items()}
