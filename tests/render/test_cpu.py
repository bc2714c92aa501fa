"""The fast path against its slow twin, and what it promises about threads."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scenes import CAMERAS, LIT, binary_grid, look, random_map, soft_grid

from voxcore.render import Rays, pixel_rays, render_hard, render_soft, render_soft_rays
from voxcore.render.output import RenderOutput

VALUES = ("rgb", "square", "depth", "alpha", "normal")


def loss_of(out: RenderOutput, seed: int) -> torch.Tensor:
    """A random linear function of every differentiable output, the same for both renderers."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros((), dtype=torch.float64)
    for value in (out.rgb, out.square, out.depth / 20.0, out.alpha):
        total = total + (value * torch.randn(value.shape, generator=generator, dtype=torch.float64)).sum()
    return total


def run(occupancy, materials, cameras, backend, dtype, world_scale=2.0):
    occupancy = occupancy.to(dtype).clone().requires_grad_()
    materials = materials.to(dtype).clone().requires_grad_()
    out = render_soft(occupancy, materials, LIT, cameras, world_scale=world_scale, backend=backend)
    gradients = torch.autograd.grad(loss_of(out, 5), (occupancy, materials))
    return out, gradients


def assert_same_gradient(fast: torch.Tensor, slow: torch.Tensor) -> None:
    """Size, direction and bias: a wrong factor, a lost term and a drift each fail one of them."""
    fast, slow = fast.double().flatten(), slow.flatten()
    scale = slow.norm()
    assert scale > 0
    assert (fast - slow).norm() < 2e-5 * scale
    assert torch.nn.functional.cosine_similarity(fast, slow, dim=0) > 1 - 1e-8
    assert (fast.norm() / scale - 1).abs() < 1e-5
    assert (fast - slow).mean().abs() < 1e-5 * slow.abs().mean()
    assert ((fast - slow).abs() < 1e-4 * slow.abs() + 1e-6 * slow.abs().max()).all()


def assert_twins(occupancy, materials, cameras):
    fast, fast_gradients = run(occupancy, materials, cameras, "cpu", torch.float32)
    slow, slow_gradients = run(occupancy, materials, cameras, "reference", torch.float64)
    for name in VALUES:
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name).float(), rtol=1e-5, atol=1e-5)
    for a, b in zip(fast_gradients, slow_gradients, strict=True):
        assert_same_gradient(a, b)
    return fast, slow


@pytest.mark.parametrize("shape", [(7, 9, 5), (1, 6, 4), (12, 3, 8)])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.03, 0.13), (1e-6, 1e-3), (0.97, 1.0)])
def test_soft_grids(shape, low, high):
    assert_twins(*soft_grid(4, shape, low, high), list(CAMERAS.values()))


@pytest.mark.parametrize("density", [0.05, 0.4, 0.95])
def test_binary_grids(density):
    """Straight-through training renders these; the first opaque cell of a ray has a gradient."""
    blocks = random_map(6, (7, 9, 5), density)
    fast, slow = assert_twins(*binary_grid(blocks), list(CAMERAS.values()))
    assert torch.equal(fast.cell, slow.cell)
    assert torch.equal(fast.block_id, slow.block_id)


def test_binary_grid_with_soft_cells():
    occupancy, materials = soft_grid(8, (6, 7, 8), 0.0, 1.0)
    occupancy[torch.rand(6, 7, 8, generator=torch.Generator().manual_seed(1)) < 0.3] = 1.0
    occupancy[torch.rand(6, 7, 8, generator=torch.Generator().manual_seed(2)) < 0.3] = 0.0
    assert_twins(occupancy, materials, list(CAMERAS.values()))


def test_equals_the_hard_picture():
    blocks, camera = random_map(3, (7, 9, 5), 0.3), CAMERAS["outside"].resized(181, 143)
    want = render_hard(blocks, LIT, camera, world_scale=2.0)
    got = render_soft(*binary_grid(blocks), LIT, [camera], world_scale=2.0).reshaped((143, 181))
    assert torch.equal(got.cell, want.cell)
    assert np.array_equal(got.images(), want.images())


@pytest.mark.parametrize("position", [(16.0, 8.0, 16.0), (0.0, 4.0, 20.0), (0.0, 30.0, 0.0)])
def test_rays_through_edges_and_corners(position):
    """Odd pictures from symmetrical places: rays that run exactly in planes and through corners."""
    camera = look(position, (0, 4, 0), width=15, height=15, fov_y_degrees=90.0)
    fast, slow = assert_twins(*soft_grid(9, (4, 4, 4), 0.2, 0.8), [camera])
    assert torch.equal(fast.cell, slow.cell)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    eye=st.tuples(st.floats(-14, 14), st.floats(-6, 16), st.floats(-14, 14)),
    near=st.floats(0.01, 6),
    opaque=st.floats(0, 1),
)
def test_any_scene(seed, shape, eye, near, opaque):
    occupancy, materials = soft_grid(seed, shape, 0.0, 1.0)
    occupancy[torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < opaque] = 1.0
    target = np.array(eye) - np.array([0.3, 4.1, 0.7])
    if np.linalg.norm(target) < 1e-3:
        return
    camera = look(eye, (0.3, 4.1, 0.7), width=7, height=6, near=near)
    fast, fast_gradients = run(occupancy, materials, [camera], "cpu", torch.float32)
    slow, slow_gradients = run(occupancy, materials, [camera], "reference", torch.float64)
    for name in VALUES:
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name).float(), rtol=1e-5, atol=2e-5)
    for a, b in zip(fast_gradients, slow_gradients, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=1e-4, atol=float(1e-5 * b.abs().max() + 1e-7))


def test_finite_differences():
    """Without the twin: small occupancies too must move the picture as the gradient says."""
    occupancy, materials = soft_grid(10, (6, 5, 4), 0.0, 0.2)
    cameras = [CAMERAS["outside"], CAMERAS["inside"]]
    _, (gradient, _) = run(occupancy, materials, cameras, "cpu", torch.float32)
    step = 1e-2
    checked = 0
    for index in np.random.default_rng(0).integers(0, occupancy.numel(), 30):
        values = []
        for sign in (1, -1):
            moved = occupancy.clone()
            moved.view(-1)[index] = (moved.view(-1)[index] + sign * step).clamp(min=0)
            out = render_soft(moved, materials, LIT, cameras, world_scale=2.0)
            values.append((loss_of(out, 5).item(), moved.view(-1)[index].item()))
        slope = (values[0][0] - values[1][0]) / (values[0][1] - values[1][1])
        assert gradient.view(-1)[index].item() == pytest.approx(slope, rel=5e-3, abs=2e-3)
        checked += abs(slope) > 0.05
    assert checked > 15


@pytest.mark.parametrize(("binary", "copies"), [(False, 1), (False, 2), (True, 2), (False, 4)])
def test_result_does_not_depend_on_threads(binary, copies, monkeypatch):
    from voxcore.render import cpu

    monkeypatch.setattr(cpu, "_copies", lambda *_: copies)
    monkeypatch.setattr(cpu, "_BLOCK", 7)
    shape = (40, 12, 40)  # more cells than one member mixes at a time
    grid = binary_grid(random_map(6, shape, 0.2)) if binary else soft_grid(4, shape, 0.0, 0.3)
    cameras = [look((40, 30, 45), (0, 4, 0)), look((-50, 20, 5), (0, 4, 0))]
    before = torch.get_num_threads()
    results = []
    try:
        for threads in (1, 2, 3, 5, 1):
            torch.set_num_threads(threads)
            results.append(run(*grid, cameras, "cpu", torch.float32))
    finally:
        torch.set_num_threads(before)
    (first, first_gradients), *others = results
    assert first_gradients[0].abs().max() > 0
    for out, gradients in others:
        for name in (*VALUES, "cell", "block_id"):
            assert torch.equal(getattr(out, name), getattr(first, name))
        assert torch.equal(gradients[0], first_gradients[0])
        assert torch.equal(gradients[1], first_gradients[1])


def test_copies_follow_from_the_problem_alone():
    from voxcore.render.cpu import _copies

    shape = np.array([64, 48, 64])
    assert [_copies(rays, shape) for rays in (1, 65536, 262144, 10**7)] == [2, 2, 8, 8]
    assert _copies(65536, np.array([256, 256, 256])) == 1


def test_a_gradient_that_is_no_number_stays_on_its_ray():
    occupancy, materials = soft_grid(4, (7, 9, 5), 0.1, 0.4)
    occupancy.requires_grad_()
    out = render_soft(occupancy, materials, LIT, [CAMERAS["outside"]], world_scale=2.0)
    weight = torch.ones(out.rgb.shape)
    weight[0, 4, 6] = torch.nan
    (gradient,) = torch.autograd.grad((out.rgb * weight).sum(), occupancy)
    assert 3 < gradient.isnan().sum() < 25


def test_two_jobs_at_once():
    from concurrent.futures import ThreadPoolExecutor

    scenes = [(soft_grid(seed, (7, 9, 5), 0.0, 0.5), [CAMERAS["outside"]]) for seed in range(4)]
    want = [run(*grid, cameras, "cpu", torch.float32) for grid, cameras in scenes]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda s: run(*s[0], s[1], "cpu", torch.float32), scenes * 5))
    for i, (out, gradients) in enumerate(got):
        assert torch.equal(out.rgb, want[i % 4][0].rgb)
        assert torch.equal(gradients[0], want[i % 4][1][0])


def test_single_pixels_are_those_of_the_picture():
    grid = soft_grid(4, (7, 9, 5), 0.0, 0.4)
    cameras = [CAMERAS["outside"], CAMERAS["inside"]]
    whole = render_soft(*grid, LIT, cameras, world_scale=2.0)
    rng = np.random.default_rng(1)
    view, row, column = rng.integers(0, 2, 50), rng.integers(0, 9, 50), rng.integers(0, 13, 50)
    some = render_soft_rays(*grid, LIT, pixel_rays(cameras, view, row, column), world_scale=2.0)
    for name in (*VALUES, "cell", "block_id"):
        assert torch.equal(getattr(some, name), getattr(whole, name)[view, row, column])


def test_no_rays():
    nothing = np.zeros((0, 3))
    rays = Rays(nothing, nothing, np.zeros(0), np.zeros(0))
    occupancy, materials = soft_grid(1, (2, 2, 2), 0, 1)
    occupancy.requires_grad_()
    for backend in ("cpu", "reference"):
        out = render_soft_rays(occupancy, materials, LIT, rays, world_scale=1.0, backend=backend)
        assert out.rgb.shape == (0, 3)
        (gradient,) = torch.autograd.grad(out.rgb.sum(), occupancy)
        assert not gradient.any()


def test_rays_without_a_gradient_cost_none():
    """A masked loss: only the cells that the chosen pixel's ray visits may move."""
    occupancy, materials = soft_grid(4, (7, 9, 5), 0.1, 0.4)
    occupancy.requires_grad_()
    out = render_soft(occupancy, materials, LIT, [CAMERAS["outside"]], world_scale=2.0)
    (gradient,) = torch.autograd.grad(out.rgb[0, 4, 6].sum(), occupancy)
    assert 3 < (gradient != 0).sum() < 25
