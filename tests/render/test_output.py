"""Properties that hold for every soft picture, and what is refused."""

import numpy as np
import pytest
import torch
from cuda_player import played
from scenes import CAMERAS, LIT, look, soft_grid

from voxcore.errors import InvalidInput, LimitExceeded, ShapeError
from voxcore.render import RENDERERS, SKY, Rays, camera_rays, pixel_rays, render_soft, warm_up
from voxcore.render.cuda import render_with

SHAPE = (7, 9, 5)


@pytest.fixture(params=["cpu", "reference", "cuda", "cuda_atomic"])
def backend(request, monkeypatch):
    """A renderer's name; what needs a GPU is played on the CPU."""
    if request.param.startswith("cuda"):

        def draw(occupancy, materials, lit, rays, *, world_scale):
            deterministic = request.param == "cuda"
            return render_with(played, occupancy, materials, lit, rays, world_scale, deterministic)

        monkeypatch.setitem(RENDERERS, request.param, draw)
    return request.param


def test_outputs_are_in_range(backend):
    cameras = list(CAMERAS.values())
    out = render_soft(*soft_grid(2, SHAPE, 0.0, 0.6), LIT, cameras, world_scale=2.0, backend=backend)
    size = (len(cameras), 9, 13)
    assert out.rgb.shape == (*size, 3)
    assert out.normal.shape == (*size, 3)
    for name in ("depth", "alpha", "block_id", "cell"):
        assert getattr(out, name).shape == size
    assert out.images().shape == (*size, 3)
    assert out.rgb.min() >= 0
    assert out.rgb.max() <= 1 + 1e-6
    assert out.alpha.min() >= 0
    assert out.alpha.max() <= 1
    assert (out.normal.norm(dim=-1) <= out.alpha + 1e-5).all()
    assert out.block_id.max() <= len(LIT)
    for i, camera in enumerate(cameras):
        assert out.depth[i].min() >= camera.clip_near
        assert out.depth[i].max() <= camera.far * (1 + 1e-6)
    assert not out.block_id.requires_grad
    assert not out.normal.requires_grad


def test_dominant_cell(backend):
    occupancy, materials = soft_grid(2, SHAPE, 0.0, 0.05)
    camera = CAMERAS["outside"].resized(65, 45)
    nothing = render_soft(occupancy, materials, LIT, [camera], world_scale=2.0, backend=backend)
    assert (nothing.cell == -1).all()  # everywhere the sky weighs more
    assert (nothing.alpha > 0.05).any()
    occupancy[3, 4, 2] = 0.9
    materials[3, 4, 2] = 0.0
    materials[3, 4, 2, 6] = 1.0
    out = render_soft(occupancy, materials, LIT, [camera], world_scale=2.0, backend=backend)
    assert set(out.cell.unique().tolist()) == {-1, np.ravel_multi_index((3, 4, 2), SHAPE)}
    assert torch.equal(out.block_id == 7, out.cell >= 0)
    assert torch.equal(out.block_id == 0, out.cell < 0)


def test_empty_grid_is_sky(backend):
    occupancy, materials = soft_grid(2, SHAPE, 0.0, 0.0)
    out = render_soft(occupancy, materials, LIT, [CAMERAS["outside"]], world_scale=2.0, backend=backend)
    assert torch.equal(out.rgb, torch.tensor(SKY, dtype=torch.float32).expand(1, 9, 13, 3))
    assert (out.depth == 500.0).all()


def test_the_cell_of_the_eye_does_not_count(backend):
    occupancy, materials = torch.zeros(3, 3, 3), soft_grid(2, (3, 3, 3), 0, 1)[1]
    occupancy[1, 1, 1] = 1.0
    camera = look((0.1, 3.1, 0.2), (5, 4, 3))
    out = render_soft(occupancy, materials, LIT, [camera], world_scale=2.0, backend=backend)
    assert not out.alpha.any()


def test_what_is_refused():
    occupancy, materials = soft_grid(2, SHAPE, 0.0, 1.0)
    camera = CAMERAS["outside"]

    def render(o=occupancy, m=materials, lit=LIT, cameras=(camera,), world_scale=2.0):
        return render_soft(o, m, lit, cameras, world_scale=world_scale)

    with pytest.raises(ShapeError, match=r"occupancy: expected \[X, Y, Z\], got \[7, 9\]"):
        render(o=occupancy[..., 0])
    with pytest.raises(ShapeError, match="occupancy"):
        render(o=occupancy[:0], m=materials[:0])
    with pytest.raises(ShapeError, match=r"material_probs: expected \[7, 9, 5, 11\], got \[7, 9, 5, 10\]"):
        render(m=materials[..., :10])
    with pytest.raises(ShapeError, match="lit"):
        render(lit=LIT[..., :2])
    with pytest.raises(ShapeError, match=r"occupancy: expected float32, got torch\.float64"):
        render(o=occupancy.double(), m=materials.double())
    with pytest.raises(ShapeError, match=r"material_probs: expected torch\.float32"):
        render(m=materials.double())
    for bad in (float("nan"), -0.1, 1.1):
        wrong = occupancy.clone()
        wrong[1, 2, 3] = bad
        with pytest.raises(InvalidInput, match=r"occupancy: expected numbers in 0\.\.1"):
            render(o=wrong)
    with pytest.raises(InvalidInput, match="world_scale"):
        render(world_scale=0.0)
    with pytest.raises(InvalidInput, match="cameras"):
        render(cameras=())
    with pytest.raises(ShapeError, match="one picture size"):
        render(cameras=(camera, camera.resized(5, 5)))


def test_a_grid_too_large_to_count_is_refused(monkeypatch):
    from voxcore.render import cpu

    monkeypatch.setattr(cpu, "MAX_CELLS", 100)
    with pytest.raises(LimitExceeded, match="at most 100 cells, got 315"):
        render_soft(*soft_grid(2, SHAPE, 0.0, 1.0), LIT, [CAMERAS["outside"]], world_scale=2.0)


def test_rays_are_checked():
    origin, direction = np.zeros((2, 3)), np.ones((2, 3))
    near, far = np.zeros(2), np.ones(2)
    assert len(Rays(origin, direction, near, far)) == 2
    with pytest.raises(ShapeError, match=r"rays.direction: expected \[2, 3\], got \[1, 3\]"):
        Rays(origin, direction[:1], near, far)
    with pytest.raises(InvalidInput, match=r"rays\.origin"):
        Rays(origin * np.nan, direction, near, far)
    with pytest.raises(InvalidInput, match=r"rays\.direction"):
        Rays(origin, direction * 0, near, far)
    with pytest.raises(InvalidInput, match=r"rays\.near"):
        Rays(origin, direction, far, far)


def test_pixels_are_checked():
    camera = CAMERAS["outside"]
    zero = np.zeros(1, int)
    whole = camera_rays([camera])
    assert pixel_rays([camera], zero, zero + 3, zero + 5).direction[0].tolist() == whole.direction[3 * 13 + 5].tolist()
    for view, row, column in ((1, 0, 0), (-1, 0, 0), (0, 9, 0), (0, -1, 0), (0, 0, 13), (0, 0, -1)):
        with pytest.raises(InvalidInput, match="pixels"):
            pixel_rays([camera], zero + view, zero + row, zero + column)
    with pytest.raises(ShapeError, match="pixels"):
        pixel_rays([camera], zero, zero, np.zeros(2, int))
    with pytest.raises(InvalidInput, match="cameras"):
        pixel_rays([], zero, zero, zero)


def test_an_error_in_one_thread_ends_the_team():
    from voxcore.render.threads import run_team

    def work(rank, size, wait):
        if rank == size - 1:
            raise ValueError("mine")
        wait()

    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            with pytest.raises(ValueError, match="mine"):
                run_team(work, 8)
    finally:
        torch.set_num_threads(before)


def test_warm_up_runs():
    warm_up()
