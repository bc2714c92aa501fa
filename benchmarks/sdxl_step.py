"""What a step with Stable Diffusion XL costs, at its true size with random weights. Needs a CUDA device.

    python benchmarks/sdxl_step.py [--run 500] [--compile]

One line a case: the whole optimiser step (render, encode, ask, pull, update the grid), the bare UNet
forward of the same batch, eager and replayed as a CUDA graph, in the same process, and the peak of
memory. ``--run`` also times that many steps in a row, ``--compile`` torch.compile's UNet.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import UNet2DConditionModel

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.sdxl_config import UNET, build, sdxl  # noqa: E402
from voxcore.config import TrainConfig  # noqa: E402
from voxcore.distill import Distillation  # noqa: E402
from voxcore.guidance.diffusers_model import DiffusersModel  # noqa: E402
from voxcore.guidance.image_model import Question  # noqa: E402
from voxcore.guidance.image_teacher import ImageTeacher  # noqa: E402
from voxcore.maps import INITIAL_WORLDS, load_map  # noqa: E402

DEVICE = torch.device("cuda")
LATENT_FACTOR = 8


@dataclass(frozen=True)
class Case:
    """What is measured: a picture size, views a step, and settings of the job."""

    name: str
    size: int = 512
    views: int = 4
    tiny_encoder: bool = True
    low_memory: bool = False
    variant: str = "sds"
    repeats: int = 12
    memory_gib: float | None = None


CASES = (
    Case("512 px, 4 views, tiny encoder"),
    Case("512 px, 4 views, VAE", tiny_encoder=False),
    Case("512 px, 1 view, tiny encoder", views=1),
    Case("512 px, 1 view, VAE", views=1, tiny_encoder=False),
    Case("1024 px, 4 views, tiny encoder", size=1024, repeats=6),
    Case("1024 px, 1 view, VAE", size=1024, views=1, tiny_encoder=False, repeats=6),
    Case("1024 px, 4 views, VAE", size=1024, tiny_encoder=False, repeats=4),
    Case("512 px, 4 views, tiny encoder, low memory", low_memory=True, memory_gib=12.0),
    Case("512 px, 4 views, VAE, low memory", low_memory=True, tiny_encoder=False, memory_gib=12.0, repeats=6),
    Case("1024 px, 4 views, tiny encoder, low memory", size=1024, low_memory=True, memory_gib=12.0, repeats=4),
    Case("1024 px, 1 view, VAE, low memory", size=1024, views=1, tiny_encoder=False, low_memory=True,
         memory_gib=12.0, repeats=4),
    Case("512 px, 4 views, tiny encoder, sdi", variant="sdi", repeats=5),
    Case("512 px, 4 views, tiny encoder, ism", variant="ism", repeats=5),
    Case("512 px, 4 views, tiny encoder, cfd", variant="cfd"),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=int, default=0, metavar="STEPS")
    parser.add_argument("--compile", action="store_true")
    args = parser.parse_args()
    properties = torch.cuda.get_device_properties(DEVICE)
    print(f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, torch {torch.__version__}", flush=True)
    began = time.perf_counter()
    unet = build(UNet2DConditionModel, UNET, DEVICE, torch.bfloat16).requires_grad_(False).eval()
    count = sum(p.numel() for p in unet.parameters())
    torch.cuda.synchronize()
    print(f"UNet of {count / 1e9:.3f} B parameters, bfloat16, made in {time.perf_counter() - began:.1f} s", flush=True)
    for case in CASES:
        measure(case, unet)
    if args.run:
        run(unet, args.run)
    if args.compile:
        compiled(unet)


def stepper(case: Case, unet: UNet2DConditionModel, *, steps: int = 500) -> tuple[Distillation, DiffusersModel]:
    """The job of a case on maps/1, from a ground plane."""
    config = TrainConfig.create(
        "a castle",
        teacher="sdxl",
        variant=case.variant,
        steps=steps,
        teacher_calls=steps,
        views_per_step=case.views,
        image_size=case.size,
        tiny_encoder=case.tiny_encoder,
        low_memory=case.low_memory,
    )
    model = sdxl(unet, tiny_encoder=case.tiny_encoder, low_memory=case.low_memory, graphs=not case.low_memory)
    source = load_map(ROOT / "maps" / "1")
    initial = INITIAL_WORLDS["ground_plane"](source)
    job = Distillation(
        config,
        ImageTeacher(config, model),
        initial=initial,
        fixed=np.zeros(initial.shape, dtype=bool),
        palette=source.palette,
        world_scale=source.world_scale,
        views=(),
        device=DEVICE,
    )
    return job, model


def measure(case: Case, unet: UNet2DConditionModel) -> None:
    """Print a case's line."""
    release()
    total = torch.cuda.get_device_properties(DEVICE).total_memory
    torch.cuda.set_per_process_memory_fraction(case.memory_gib * 2**30 / total if case.memory_gib else 1.0)
    try:
        job, model = stepper(case, unet)
        began = time.perf_counter()
        job.advance(0, measure=False)
        torch.cuda.synchronize()
        first = time.perf_counter() - began
        at = iter(range(1, 500))
        step = milliseconds(lambda: job.advance(next(at), measure=False), case.repeats)
        peak = torch.cuda.max_memory_allocated() / 2**30
        held = torch.cuda.max_memory_reserved() / 2**30
        batch, latent = 2 * case.views, case.size // LATENT_FACTOR
        noisy = torch.randn(batch, 4, latent, latent, device=DEVICE)
        question = Question(torch.ones(batch, 5) / 5.0, [], (case.size, case.size))
        replayed = milliseconds(lambda: model.output(noisy, 500, question), case.repeats)
        model.replay(False)
        eager = milliseconds(lambda: model.output(noisy, 500, question), case.repeats)
        print(
            f"{case.name}: step {step:.1f} ms, UNet {replayed:.1f} ms ({eager:.1f} eager), step/UNet "
            f"{step / replayed:.2f} ({step / eager:.2f}), peak {peak:.1f} GiB (reserved {held:.1f}), first step "
            f"{first:.1f} s" + (f", within {case.memory_gib:.0f} GiB" if case.memory_gib else ""),
            flush=True,
        )
    except torch.OutOfMemoryError as error:
        print(f"{case.name}: out of memory ({str(error).splitlines()[0][:100]})", flush=True)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


def run(unet: UNet2DConditionModel, steps: int) -> None:
    """Print how long ``steps`` steps of the first case take, start-up included."""
    release()
    began = time.perf_counter()
    job, _ = stepper(CASES[0], unet, steps=steps)
    for step in range(steps):
        job.advance(step, measure=False)
    torch.cuda.synchronize()
    print(f"{steps} steps of {CASES[0].name}: {time.perf_counter() - began:.1f} s", flush=True)


def compiled(unet: UNet2DConditionModel) -> None:
    """Print what torch.compile makes of the first case's UNet forward, and how long it takes to get there."""
    release()
    case = CASES[0]
    batch, latent = 2 * case.views, case.size // LATENT_FACTOR
    fast = torch.compile(unet, fullgraph=True)
    noisy = torch.randn(batch, 4, latent, latent, device=DEVICE, dtype=unet.dtype)
    words = torch.randn(batch, 77, 2048, device=DEVICE, dtype=unet.dtype)
    added = {
        "text_embeds": torch.randn(batch, 1280, device=DEVICE, dtype=unet.dtype),
        "time_ids": torch.full((batch, 6), 512.0, device=DEVICE, dtype=unet.dtype),
    }
    t = torch.full((batch,), 500, device=DEVICE)

    @torch.no_grad()
    def forward() -> None:
        fast(noisy, t, encoder_hidden_states=words, added_cond_kwargs=added, return_dict=False)

    began = time.perf_counter()
    forward()
    torch.cuda.synchronize()
    took = time.perf_counter() - began
    print(f"torch.compile, {case.name}: UNet {milliseconds(forward, 12):.1f} ms after {took:.0f} s", flush=True)


def milliseconds(action: Callable[[], object], repeats: int) -> float:
    """Median time of ``action`` once it is warm."""
    times = []
    for _ in range(2 + repeats):
        torch.cuda.synchronize()
        began = time.perf_counter()
        action()
        torch.cuda.synchronize()
        times.append(1000.0 * (time.perf_counter() - began))
    return sorted(times[2:])[repeats // 2]


def release() -> None:
    """Forget the last case's memory."""
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


if __name__ == "__main__":
    main()
