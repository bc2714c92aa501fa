"""How fast the renderers are on a GPU, what bounds them, and whether they agree.

    python benchmarks/render_gpu.py                    # needs a CUDA device; nvdiffrast where it is installed

Kernels: forward and backward of one picture, replayed as a CUDA graph (so without Python's part), the
median of 20. Bytes are the least that must be moved once: grid, pictures, their gradients and the grid's
gradient (zeroed, written and read); the percentage is of the copy bandwidth measured in the same run.
Calls: `render_soft` and `torch.autograd.grad` as a training step calls them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch

from voxcore.cameras import Camera
from voxcore.maps import load_map
from voxcore.palette import EDITOR
from voxcore.render import Backend, Views, lit_colors, render_soft
from voxcore.render.cuda import TABLE_BYTES, kernels_for
from voxcore.render.layers import LayerOptions, render_layers

LIT = lit_colors(EDITOR)
WIDTH, HEIGHT = 1094, 881
PLACES = {"far": (130, 110, 130), "near": (60, 70, 60)}
"""The whole map in a third of the picture, and the picture full of it."""
Grid = tuple[torch.Tensor, torch.Tensor]


def median_ms(work: Callable[[], object], runs: int = 20) -> float:
    for _ in range(3):
        work()
    times = []
    for _ in range(runs):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        torch.cuda.synchronize()
        times.append(start.elapsed_time(end))
    return float(np.median(times))


def graph_ms(work: Callable[[], object]) -> float:
    """Median time of ``work`` replayed as one CUDA graph."""
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(2):
            work()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="relaxed"):
        work()
    return median_ms(graph.replay)


def copy_bandwidth() -> float:
    """Bytes read and written a second by a large copy."""
    source = torch.empty(2**28, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.nbytes / (1e-3 * median_ms(lambda: target.copy_(source), 10))


def grids(blocks: np.ndarray) -> dict[str, Grid]:
    """The map as it is, as training starts from it, and two all-soft grids."""
    index = torch.from_numpy(blocks.astype(np.int64)).cuda()
    solid = index > 0
    generator = torch.Generator("cuda").manual_seed(0)
    one_hot = torch.nn.functional.one_hot(index.clamp(min=1) - 1, len(LIT)).float()
    logits = torch.randn((*blocks.shape, len(LIT)), generator=generator, device="cuda")
    mixed = torch.softmax(logits, -1)
    noise = torch.rand(blocks.shape, generator=generator, device="cuda")
    return {
        "hard": (solid.float(), one_hot),
        "start": (torch.where(solid, 0.924, 0.018), mixed),
        "soft 0..0.5": (0.5 * noise, mixed),
        "soft 0..0.1": (0.1 * noise, mixed),
    }


def camera(place: str, width: int, height: int) -> Camera:
    target = np.array([0.0, 30.0, 0.0])
    return Camera.look_at(np.array(PLACES[place], float), target, width=width, height=height)


class FrozenScene:
    """One call, prepared: copies of cameras and colours to the GPU cannot be part of a graph."""

    def __init__(self, grid: Grid, views: list[Camera], scale: float, deterministic: bool) -> None:
        from voxcore.render import cuda

        kernels = partial(kernels_for, torch.device("cuda"))
        shape = tuple(grid[0].shape)
        self.draw = cuda._Draw.apply
        self.scene = cuda._Scene(
            kernels, shape, LIT, Views.of(views), scale, deterministic, TABLE_BYTES, torch.device("cuda", 0)
        )
        self.inputs = tuple(part.clone().requires_grad_() for part in grid)
        self.pull = torch.randn(self.scene.count, 3, device="cuda")

    def forward(self) -> None:
        with torch.no_grad():
            self.draw(*self.inputs, self.scene)

    def both(self) -> None:
        torch.autograd.grad(self.draw(*self.inputs, self.scene)[0], self.inputs, self.pull)

    def least_bytes(self) -> int:
        """See the file's first lines; colour gradients only."""
        grid = sum(part.nbytes for part in self.inputs)
        width = 4 * -(-(len(LIT) + 1) // 4) * 4
        return 2 * grid + self.scene.count * (9 * 4 + 2 * 8 + 2 * 8 + 12) + 3 * self.scene.cells * width


def kernels_table(blocks: np.ndarray) -> None:
    bandwidth = copy_bandwidth()
    print(f"\ncopy bandwidth {bandwidth / 1e12:.2f} TB/s\n")
    print("| grid | picture | view | values | forward ms | both ms | deterministic ms | MB | of copy bandwidth |")
    print("|---|---|---|---|---|---|---|---|---|")
    cube = np.pad(blocks, ((0, 0), (0, blocks.shape[0] - blocks.shape[1]), (0, 0)))
    sizes = [(blocks, 2.0, WIDTH, HEIGHT)]
    sizes += [(np.kron(cube, np.ones((f,) * 3, np.uint8)), 2.0 / f, 1024, 1024) for f in (2, 4)]
    for world, scale, width, height in sizes:
        for place in PLACES:
            for values, grid in grids(world).items():
                scene = FrozenScene(grid, [camera(place, width, height)], scale, deterministic=False)
                forward, both = graph_ms(scene.forward), graph_ms(scene.both)
                exact = graph_ms(FrozenScene(grid, [camera(place, width, height)], scale, deterministic=True).both)
                least = scene.least_bytes()
                print(
                    f"| {'x'.join(map(str, world.shape))} | {width}x{height} | {place} | {values} | {forward:.3f} | "
                    f"{both:.3f} | {exact:.3f} | {least / 1e6:.0f} | {100 * least / (1e-3 * both) / bandwidth:.0f} % |",
                    flush=True,
                )


def renderers() -> dict[str, Callable[..., object]]:
    """Everything that draws on a GPU and is installed, by name."""
    found: dict[str, Callable[..., object]] = {}
    named: tuple[Backend, ...] = ("cuda", "cuda_atomic")
    for backend in named:
        found[backend] = partial(render_soft, backend=backend)
    try:
        import nvdiffrast.torch  # noqa: F401  # only asked whether it is there
    except ImportError:
        print("\nnvdiffrast is not installed: its rows are missing")
        return found

    def layered(options: LayerOptions) -> Callable[..., object]:
        def draw(occupancy, materials, lit, cameras, *, world_scale):  # type: ignore[no-untyped-def]
            views = Views.of(cameras)
            out = render_layers(occupancy, materials, lit, views, world_scale=world_scale, options=options)
            return out.reshaped((len(cameras), views.height, views.width))

        return draw

    for name, options in {
        "nvdiffrast, 8 layers": LayerOptions(),
        "nvdiffrast, 32 layers": LayerOptions(layers=32),
        "nvdiffrast, antialiased": LayerOptions(antialias=True),
        "nvdiffrast, surface": LayerOptions(surface=True),
    }.items():
        found[name] = layered(options)
    return found


def cosine(a: torch.Tensor | None, b: torch.Tensor | None) -> float:
    if a is None or b is None:
        return 0.0
    return torch.nn.functional.cosine_similarity(a.flatten().double(), b.flatten().double(), dim=0).item()


def comparison(blocks: np.ndarray) -> None:
    """The same view by every renderer, against the default one."""
    print(
        "\n| values | view | renderer | ms a call | MiB | pixels within 1/255 | cosine occupancy | cosine materials |"
    )
    print("|---|---|---|---|---|---|---|---|")
    drawers = renderers()
    for place in PLACES:
        for values in ("hard", "start"):
            occupancy, materials = (part.requires_grad_() for part in grids(blocks)[values])
            target = torch.rand((1, HEIGHT, WIDTH, 3), device="cuda", generator=torch.Generator("cuda").manual_seed(1))
            wanted = None
            for name, draw in drawers.items():

                def step(draw=draw, occupancy=occupancy, materials=materials, place=place, target=target):
                    out = draw(occupancy, materials, LIT, [camera(place, WIDTH, HEIGHT)], world_scale=2.0)
                    loss = (out.rgb - target).pow(2).sum()
                    return out.rgb.detach(), torch.autograd.grad(loss, (occupancy, materials), allow_unused=True)

                torch.cuda.reset_peak_memory_stats()
                before = torch.cuda.memory_allocated()
                rgb, gradients = step()
                memory = torch.cuda.max_memory_allocated() - before
                wanted = wanted or (rgb, gradients)
                same = ((rgb - wanted[0]).abs().amax(-1) <= 1.0 / 255.0).float().mean().item()
                cosines = [cosine(a, b) for a, b in zip(gradients, wanted[1], strict=True)]
                took = median_ms(step, 5)
                print(
                    f"| {values} | {place} | {name} | {took:.2f} | {memory / 2**20:.0f} | {100 * same:.3f} % | "
                    f"{cosines[0]:.4f} | {cosines[1]:.4f} |",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--map", type=Path, default=Path(__file__).parent.parent / "maps" / "1" / "map.json")
    parser.add_argument("--only", choices=("kernels", "comparison"))
    args = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("this benchmark needs a CUDA device")
    blocks = load_map(args.map).blocks
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, a map of {(blocks != 0).sum()} blocks")
    if args.only != "comparison":
        kernels_table(blocks)
    if args.only != "kernels":
        comparison(blocks)


if __name__ == "__main__":
    main()
