"""How fast the CPU renderers are: the compiled path against its twin, and the hard picture.

    python benchmarks/render_cpu.py

Times are the best of several runs. Prints a table and the machine; reads maps/1 where it is there.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from voxcore.cameras import Camera, orbit_cameras
from voxcore.palette import EDITOR
from voxcore.render import Backend, hard_image, lit_colors, render_soft

SCALE = 2.0
LIT = lit_colors(EDITOR)
CENTER = np.array([0.0, 30.0, 0.0])


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Shortest of ``runs`` runs in milliseconds, after one that is not counted."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def terrain() -> tuple[np.ndarray, float]:
    """maps/1, or rolling hills of the same size where it is not there."""
    path = Path(__file__).parent.parent / "maps" / "1" / "map.json"
    if path.exists():
        from voxcore.maps import load_map

        loaded = load_map(path)
        return loaded.blocks, loaded.world_scale
    x, y, z = np.indices((64, 48, 64))
    height = (22 + 6 * np.sin(x / 9 + 1) + 5 * np.cos(z / 7) + 3 * np.sin((x + z) / 5)).astype(int)
    return (np.where(y < height, 3, 0) + np.where(y == height - 1, -2, 0)).clip(0).astype(np.uint8), SCALE


def soft(backend: Backend, occupancy: torch.Tensor, materials: torch.Tensor, cameras: list[Camera]) -> None:
    """One forward and one backward pass over ``cameras``."""
    out = render_soft(occupancy, materials, LIT, cameras, world_scale=SCALE, backend=backend)
    torch.autograd.grad((out.rgb**2).sum(), (occupancy, materials))


def main() -> None:
    threads = torch.get_num_threads()
    print(f"{platform.machine()}, {platform.processor() or 'CPU'}, {threads} threads, torch {torch.__version__}\n")
    views = orbit_cameras(
        4, center=CENTER, radius=130.0, elevation_degrees=(10, 40), fov_y_degrees=60, width=128, height=128
    )
    generator = torch.Generator().manual_seed(0)
    materials = torch.softmax(torch.randn((64, 48, 64, len(LIT)), generator=generator), -1).requires_grad_()
    noise = torch.rand((64, 48, 64), generator=generator)
    print("forward + backward, 4 views of 128x128, 64x48x64 cells")
    print(f"{'grid':<28}{'twin ms':>10}{'fast ms':>10}{'1 thread':>10}{'ratio':>8}")
    grids = {
        "soft, occupancy < 0.1": noise * 0.1,
        "soft, occupancy < 0.5": noise * 0.5,
        "hard terrain": torch.from_numpy(terrain()[0] != 0).float(),
    }
    for name, values in grids.items():
        occupancy = values.clone().requires_grad_()
        slow = best_of(2, lambda occupancy=occupancy: soft("reference", occupancy, materials, views))
        fast = best_of(8, lambda occupancy=occupancy: soft("cpu", occupancy, materials, views))
        torch.set_num_threads(1)
        single = best_of(5, lambda occupancy=occupancy: soft("cpu", occupancy, materials, views))
        torch.set_num_threads(threads)
        print(f"{name:<28}{slow:>10.0f}{fast:>10.0f}{single:>10.0f}{slow / fast:>7.1f}x")

    blocks, scale = terrain()
    print(f"\nhard picture 1094x881, {(blocks != 0).sum()} blocks")
    print(f"{'camera':<28}{'ms':>10}{'1 thread':>10}")
    places = {"corner": (130, 110, 130), "side": (0, 60, 160), "above": (0, 220, 1), "inside": (20, 60, 20)}
    for name, position in places.items():
        camera = Camera.look_at(np.array(position, float), CENTER, width=1094, height=881)
        fast = best_of(6, lambda camera=camera: hard_image(blocks, LIT, camera, world_scale=scale))
        torch.set_num_threads(1)
        single = best_of(3, lambda camera=camera: hard_image(blocks, LIT, camera, world_scale=scale))
        torch.set_num_threads(threads)
        print(f"{name:<28}{fast:>10.0f}{single:>10.0f}")


if __name__ == "__main__":
    main()
