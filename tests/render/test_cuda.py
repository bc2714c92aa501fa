"""The CUDA kernels against the twin, played on a CPU; on a machine with a GPU also on it."""

from functools import partial

import numpy as np
import pytest
import torch
from cuda_player import played
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenes import CAMERAS, LIT, binary_grid, look, random_map, soft_grid
from test_cpu import VALUES, assert_same_gradient, loss_of

from voxcore.errors import InvalidInput, ShapeError
from voxcore.render import Rays, Views, camera_rays, pixel_rays, render_soft, render_soft_rays
from voxcore.render.cuda import render_cuda, render_with

DETERMINISTIC, ATOMIC = True, False


@pytest.fixture(params=["played"] + ["gpu"] * torch.cuda.is_available())
def draw(request):
    """draw(occupancy, materials, rays, deterministic, **options) -> RenderOutput on the CPU."""
    if request.param == "played":

        def on_cpu(occupancy, materials, rays, deterministic, lit=LIT, **options):
            return render_with(played, occupancy, materials, lit, rays, 2.0, deterministic, **options)

        return on_cpu

    def on_gpu(occupancy, materials, rays, deterministic, lit=LIT, **options):
        from voxcore.render.cuda import kernels_for

        kernels = partial(kernels_for, torch.device("cuda", 0))
        out = render_with(kernels, occupancy.cuda(), materials.cuda(), lit, rays, 2.0, deterministic, **options)
        return type(out)(**{name: getattr(out, name).cpu() for name in (*VALUES, "cell", "block_id")})

    return on_gpu


def run(draw, occupancy, materials, rays, deterministic=ATOMIC, **options):
    occupancy, materials = occupancy.clone().requires_grad_(), materials.clone().requires_grad_()
    out = draw(occupancy, materials, rays, deterministic, **options)
    return out, torch.autograd.grad(loss_of(out, 5), (occupancy, materials))


def run_twin(occupancy, materials, rays, backend="reference", dtype=torch.float64):
    occupancy, materials = occupancy.to(dtype).requires_grad_(), materials.to(dtype).requires_grad_()
    out = render_soft_rays(occupancy, materials, LIT, rays, world_scale=2.0, backend=backend)
    return out, torch.autograd.grad(loss_of(out, 5), (occupancy, materials))


def assert_twins(draw, occupancy, materials, rays, deterministic=ATOMIC, **options):
    fast, fast_gradients = run(draw, occupancy, materials, rays, deterministic, **options)
    slow, slow_gradients = run_twin(occupancy, materials, rays)
    for name in VALUES:
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name).float(), rtol=1e-5, atol=1e-5)
    for a, b in zip(fast_gradients, slow_gradients, strict=True):
        assert_same_gradient(a, b)
    return fast, slow


@pytest.mark.parametrize("deterministic", [DETERMINISTIC, ATOMIC])
@pytest.mark.parametrize("shape", [(7, 9, 5), (1, 6, 4), (12, 3, 8)])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.03, 0.13), (1e-6, 1e-3), (0.97, 1.0)])
def test_soft_grids(draw, shape, low, high, deterministic):
    assert_twins(draw, *soft_grid(4, shape, low, high), Views.of(list(CAMERAS.values())), deterministic)


@pytest.mark.parametrize("deterministic", [DETERMINISTIC, ATOMIC])
@pytest.mark.parametrize("density", [0.05, 0.4, 0.95])
def test_binary_grids(draw, density, deterministic):
    grid = binary_grid(random_map(6, (7, 9, 5), density))
    fast, slow = assert_twins(draw, *grid, Views.of(list(CAMERAS.values())), deterministic)
    assert torch.equal(fast.cell, slow.cell)
    assert torch.equal(fast.block_id, slow.block_id)


def test_colors_mixed_on_the_way(draw):
    """Grids too large for a table of face colours."""
    grid, views = soft_grid(4, (7, 9, 5), 0.0, 1.0), Views.of(list(CAMERAS.values()))
    with_table, _ = run(draw, *grid, views)
    without, _ = assert_twins(draw, *grid, views, table_bytes=0)
    for name in (*VALUES, "cell", "block_id"):
        torch.testing.assert_close(getattr(without, name), getattr(with_table, name), rtol=1e-6, atol=1e-6)


def test_binary_grid_with_soft_cells(draw):
    occupancy, materials = soft_grid(8, (6, 7, 8), 0.0, 1.0)
    occupancy[torch.rand(6, 7, 8, generator=torch.Generator().manual_seed(1)) < 0.3] = 1.0
    occupancy[torch.rand(6, 7, 8, generator=torch.Generator().manual_seed(2)) < 0.3] = 0.0
    assert_twins(draw, occupancy, materials, Views.of(list(CAMERAS.values())))


@pytest.mark.parametrize("position", [(16.0, 8.0, 16.0), (0.0, 4.0, 20.0), (0.0, 30.0, 0.0)])
def test_rays_through_edges_and_corners(draw, position):
    views = Views.of([look(position, (0, 4, 0), width=15, height=15, fov_y_degrees=90.0)])
    fast, slow = assert_twins(draw, *soft_grid(9, (4, 4, 4), 0.2, 0.8), views)
    assert torch.equal(fast.cell, slow.cell)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)),
    eye=st.tuples(st.floats(-14, 14), st.floats(-6, 16), st.floats(-14, 14)),
    near=st.floats(0.01, 6),
    opaque=st.floats(0, 1),
)
def test_any_scene(draw, seed, shape, eye, near, opaque):
    occupancy, materials = soft_grid(seed, shape, 0.0, 1.0)
    occupancy[torch.rand(shape, generator=torch.Generator().manual_seed(seed)) < opaque] = 1.0
    if np.linalg.norm(np.array(eye) - np.array([0.3, 4.1, 0.7])) < 1e-3:
        return
    views = Views.of([look(eye, (0.3, 4.1, 0.7), width=7, height=6, near=near)])
    fast, fast_gradients = run(draw, occupancy, materials, views)
    slow, slow_gradients = run_twin(occupancy, materials, views)
    for name in VALUES:
        torch.testing.assert_close(getattr(fast, name), getattr(slow, name).float(), rtol=1e-5, atol=2e-5)
    for a, b in zip(fast_gradients, slow_gradients, strict=True):
        torch.testing.assert_close(a, b.float(), rtol=1e-4, atol=float(2e-5 * b.abs().max() + 1e-7))


def test_cells_and_distances_are_those_of_the_cpu(draw):
    """Bit for bit, where one cell decides: the traversal is float64 in both."""
    grid = binary_grid(random_map(11, (17, 13, 19), 0.1))
    views = Views.of([look((31.7, 23.1, 29.3), (0.3, 11, 0.4), width=97, height=71)])
    fast = draw(*grid, views, ATOMIC)
    want = render_soft_rays(*grid, LIT, views, world_scale=2.0, backend="cpu")
    assert torch.equal(fast.cell, want.cell)
    assert torch.equal(fast.depth, want.depth)
    assert torch.equal(fast.block_id, want.block_id)


def test_single_rays_are_those_of_the_picture(draw):
    grid, cameras = soft_grid(4, (7, 9, 5), 0.0, 0.4), [CAMERAS["outside"], CAMERAS["inside"]]
    whole = draw(*grid, Views.of(cameras), ATOMIC)
    rng = np.random.default_rng(1)
    view, row, column = rng.integers(0, 2, 300), rng.integers(0, 9, 300), rng.integers(0, 13, 300)
    some, _ = assert_twins(draw, *grid, pixel_rays(cameras, view, row, column))
    at = (view * 9 + row) * 13 + column
    for name in (*VALUES, "cell", "block_id"):
        assert torch.equal(getattr(some, name), getattr(whole, name)[at])


def test_written_out_rays_are_the_views(draw):
    grid, cameras = soft_grid(4, (7, 9, 5), 0.0, 0.4), list(CAMERAS.values())
    a, b = draw(*grid, Views.of(cameras), ATOMIC), draw(*grid, camera_rays(cameras), ATOMIC)
    for name in (*VALUES, "cell", "block_id"):
        assert torch.equal(getattr(a, name), getattr(b, name))


def test_deterministic_gradients_are_the_same_bits(draw):
    """Also where the sums run in another order: pixels drawn one by one in reverse."""
    grid, cameras = soft_grid(4, (7, 9, 5), 0.0, 0.4), [CAMERAS["outside"]]
    rays = camera_rays(cameras)
    back = Rays(rays.origin[::-1], rays.direction[::-1], rays.near[::-1], rays.far[::-1])
    occupancy, materials = (part.requires_grad_() for part in grid)

    def gradients(rays, pull):
        out = draw(occupancy, materials, rays, DETERMINISTIC)
        return torch.autograd.grad((out.rgb * pull).sum() + (out.depth * pull[:, 0]).sum(), (occupancy, materials))

    pull = torch.randn(len(rays), 3, generator=torch.Generator().manual_seed(0))
    for a, b in zip(gradients(rays, pull), gradients(back, pull.flip(0)), strict=True):
        assert torch.equal(a, b)


def test_a_loss_that_is_not_finite_shows(draw):
    occupancy, materials = (part.requires_grad_() for part in soft_grid(4, (3, 4, 2), 0.1, 0.4))
    for deterministic in (DETERMINISTIC, ATOMIC):
        out = draw(occupancy, materials, Views.of([CAMERAS["outside"]]), deterministic)
        (gradient,) = torch.autograd.grad(out.rgb.sum() * torch.nan, occupancy)
        assert gradient.isnan().any()


def test_gradients_of_parts(draw):
    """Outputs that the loss does not use, and pixels that it leaves out."""
    grid, views = soft_grid(4, (7, 9, 5), 0.1, 0.4), Views.of([CAMERAS["outside"]])
    for name in ("rgb", "square", "depth", "alpha"):
        pair = []
        for twin in (False, True):
            occupancy, materials = (part.clone().requires_grad_() for part in grid)
            if twin:
                out = render_soft_rays(occupancy, materials, LIT, views, world_scale=2.0, backend="reference")
            else:
                out = draw(occupancy, materials, views, DETERMINISTIC)
            picked = getattr(out, name)[13 * 4 + 6].sum()
            pair.append(torch.autograd.grad(picked, (occupancy, materials), allow_unused=True, materialize_grads=True))
        for a, b in zip(*pair, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
        assert 3 < (pair[0][0] != 0).sum() < 25


def test_no_rays(draw):
    nothing = np.zeros((0, 3))
    occupancy, materials = soft_grid(1, (2, 2, 2), 0, 1)
    occupancy.requires_grad_()
    for deterministic in (DETERMINISTIC, ATOMIC):
        out = draw(occupancy, materials, Rays(nothing, nothing, np.zeros(0), np.zeros(0)), deterministic)
        assert out.rgb.shape == (0, 3)
        (gradient,) = torch.autograd.grad(out.rgb.sum(), occupancy)
        assert not gradient.any()


@pytest.mark.parametrize("materials", [1, 3, 4, 40])
def test_any_number_of_materials(draw, materials):
    generator = torch.Generator().manual_seed(materials)
    occupancy = torch.rand((4, 5, 3), generator=generator)
    probs = torch.softmax(torch.randn((4, 5, 3, materials), generator=generator), -1)
    lit, views = np.random.default_rng(0).random((materials, 6, 3)), Views.of([CAMERAS["outside"]])
    pair = []
    for twin in (False, True):
        o, p = (part.clone().requires_grad_() for part in (occupancy, probs))
        if twin:
            out = render_soft_rays(o, p, lit, views, world_scale=2.0, backend="reference")
        else:
            out = draw(o, p, views, ATOMIC, lit=lit)
        pair.append((out.rgb, *torch.autograd.grad(loss_of(out, 5), (o, p))))
    for a, b in zip(*pair, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_refuses_what_it_cannot_draw():
    occupancy, materials = soft_grid(1, (2, 2, 2), 0, 1)
    with pytest.raises(InvalidInput, match="expected a tensor on a CUDA device"):
        render_soft(occupancy, materials, LIT, [CAMERAS["outside"]], world_scale=2.0, backend="cuda")
    views = Views.of([CAMERAS["outside"]])
    with pytest.raises(ShapeError, match="float32"):
        render_with(None, occupancy.double(), materials.double(), LIT, views, 2.0, deterministic=True)
    with pytest.raises(InvalidInput, match="CUDA"):
        render_cuda(occupancy, materials, LIT, Views.of([CAMERAS["outside"]]), world_scale=2.0)
