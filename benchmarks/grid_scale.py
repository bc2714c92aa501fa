"""What a training step costs against the size of the grid and of the pictures, and 256^3 coarse to fine.

    python benchmarks/grid_scale.py [--out benchmarks/grid_scale.json]      # needs a CUDA device

First table: one optimiser step on four whole pictures (soft view, pictures, mean squared error, gradient,
fused Adam), the median of 7, with the peak of allocated memory. Second: the photometric teacher rebuilds
a world from 24 pictures of 512x512, each level from the one before with every cell split in eight, and is
judged on pictures that it has not seen. ``--out`` gets the numbers of both, for plots.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch

from voxcore.cameras import Camera, orbit_cameras
from voxcore.config import TrainConfig
from voxcore.distill import Distillation
from voxcore.grid import DifferentiableVoxelGrid
from voxcore.guidance.photometric import PhotometricTeacher
from voxcore.maps import load_map
from voxcore.palette import EDITOR
from voxcore.render import hard_image, lit_colors, render_soft

LIT = lit_colors(EDITOR)
SIDE = 128.0
"""World units that the grid is wide, whatever its number of cells."""
LEVELS = (32, 64, 128, 256)
Blocks = np.ndarray


def world(blocks: Blocks, cells: int) -> Blocks:
    """The map padded to a cube, coarser or finer: of ``cells`` cells a side."""
    cube = np.pad(blocks, ((0, 0), (0, blocks.shape[0] - blocks.shape[1]), (0, 0)))
    if cells < cube.shape[0]:
        step = cube.shape[0] // cells
        return np.ascontiguousarray(cube[step - 1 :: step, step - 1 :: step, step - 1 :: step])
    return np.kron(cube, np.ones((cells // cube.shape[0],) * 3, np.uint8))


def views(count: int, size: int, seed: int) -> list[Camera]:
    return orbit_cameras(
        count, center=np.array([0.0, 40.0, 0.0]), radius=150.0, elevation_degrees=(5.0, 60.0), fov_y_degrees=60.0,
        width=size, height=size, rng=np.random.default_rng(seed),
    )  # fmt: skip


def step_cost(blocks: Blocks, size: int) -> tuple[float, float]:
    """Milliseconds and GiB of one step on four pictures of ``size`` pixels a side."""
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    grid = DifferentiableVoxelGrid.from_blocks(blocks, len(EDITOR), device="cuda")
    adam = torch.optim.Adam(grid.parameters(), lr=0.01, fused=True)
    cameras = views(4, size, 0)
    target = torch.rand((4, size, size, 3), device="cuda")
    times = []
    for _ in range(9):
        torch.cuda.synchronize()
        began = time.perf_counter()
        soft = grid.soft(1.0)
        out = render_soft(soft.occupancy, soft.materials, LIT, cameras, world_scale=SIDE / blocks.shape[0])
        adam.zero_grad(set_to_none=True)
        (out.rgb - target).pow(2).mean().backward()
        adam.step()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times[2:])), torch.cuda.max_memory_allocated() / 2**30


def pictures(blocks: Blocks, cameras: list[Camera]) -> list[np.ndarray]:
    return [hard_image(blocks, LIT, camera, world_scale=SIDE / blocks.shape[0]) for camera in cameras]


def coarse_to_fine(truth: Blocks, steps: int) -> list[dict[str, float]]:
    cameras, unseen = views(24, 512, 1), views(4, 512, 2)
    shown = pictures(truth, cameras)

    class Shown(SimpleNamespace):
        def __len__(self) -> int:
            return len(shown)

    dataset = Shown(cameras=cameras, image=lambda i: shown[i])
    config = TrainConfig.create("", teacher="photometric", steps=steps, image_size=128)
    teacher = PhotometricTeacher(config, dataset, EDITOR)  # type: ignore[arg-type]
    wanted = pictures(truth, unseen)
    blocks = np.zeros((LEVELS[0],) * 3, np.uint8)
    blocks[:, :2] = EDITOR.index_by_name["Grass"]
    rows = []
    for level in LEVELS:
        blocks = np.kron(blocks, np.ones((level // len(blocks),) * 3, np.uint8))
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        training = Distillation(
            config, teacher, initial=blocks, fixed=np.zeros(blocks.shape, bool), palette=EDITOR,
            world_scale=SIDE / level, views=(), device=torch.device("cuda"),
        )  # fmt: skip
        began = time.perf_counter()
        for step in range(steps):
            training.advance(step, measure=False)
        seconds = time.perf_counter() - began
        blocks = training.blocks()
        same = np.mean([(a == b).all(-1).mean() for a, b in zip(pictures(blocks, unseen), wanted, strict=True)])
        memory = torch.cuda.max_memory_allocated() / 2**30
        rows.append({"cells": level, "steps": steps, "seconds": seconds, "gib": memory, "same": float(same)})
        print(
            f"| {level} | {steps} | {seconds:.1f} | {1e3 * seconds / steps:.1f} | {memory:.2f} | {same:.2%} |",
            flush=True,
        )
        del training
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", type=Path, default=Path(__file__).parent.parent / "maps" / "1" / "map.json")
    parser.add_argument("--steps", type=int, default=150, help="of each level")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("this benchmark needs a CUDA device")
    blocks = load_map(args.map).blocks
    machine = f"{torch.cuda.get_device_name()}, torch {torch.__version__}"
    print(f"{machine}\n\n| cells a side | pixels a side | ms a step | GiB |\n|---|---|---|---|")
    cost = []
    for cells in LEVELS:
        for size in (256, 512, 1024):
            ms, gib = step_cost(world(blocks, cells), size)
            cost.append({"cells": cells, "pixels": size, "ms": ms, "gib": gib})
            print(f"| {cells} | {size} | {ms:.1f} | {gib:.2f} |", flush=True)
    print("\n| cells a side | steps | s | ms a step | GiB | unseen pixels that are right |\n|---|---|---|---|---|---|")
    fine = coarse_to_fine(world(blocks, LEVELS[-1]), args.steps)
    if args.out:
        args.out.write_text(json.dumps({"machine": machine, "step": cost, "coarse_to_fine": fine}, indent=1) + "\n")


if __name__ == "__main__":
    main()
