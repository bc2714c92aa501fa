"""The compiled step against its torch twin."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from voxcore.errors import ShapeError
from voxcore.follow import BETAS, follow
from voxcore.grid import LOGIT_LIMIT, DifferentiableVoxelGrid

SHAPE, MATERIALS = (13, 9, 11), 7


def optimised(fused: bool = False) -> tuple[DifferentiableVoxelGrid, torch.optim.Adam]:
    blocks = np.random.default_rng(0).integers(0, MATERIALS + 1, SHAPE).astype(np.uint8)
    grid = DifferentiableVoxelGrid.from_blocks(blocks, MATERIALS)
    groups = [{"params": [grid.occupancy_logits], "lr": 1.0}, {"params": [grid.material_logits], "lr": 0.7}]
    return grid, torch.optim.Adam(groups, betas=BETAS, eps=1e-3 / blocks.size, fused=fused)


def target(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*SHAPE, MATERIALS + 1, generator=generator).mul(9.0).softmax(-1)


def twin(grid: DifferentiableVoxelGrid, optimizer: torch.optim.Adam, q: torch.Tensor, t: float) -> float:
    loss = -(q * grid.log_probabilities(t)).sum() / grid.occupancy_logits.numel()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    grid.clamp_()
    return float(loss.detach())


def test_steps_equal_the_plain_path_with_its_optimiser() -> None:
    (fast, fast_adam), (slow, slow_adam) = optimised(), optimised()
    free = torch.ones(SHAPE, dtype=torch.bool)
    for step in range(24):
        q, t = target(step // 4), 2.0 - 0.06 * step
        assert follow(fast, fast_adam, q, free, t) == pytest.approx(twin(slow, slow_adam, q, t), rel=1e-4)
        for name in ("occupancy_logits", "material_logits"):
            torch.testing.assert_close(getattr(fast, name), getattr(slow, name), atol=0.02, rtol=0.0)
            difference = (getattr(fast, name) - getattr(slow, name)).detach().abs()
            assert float(difference.mean()) < 1e-4
    for fast_group, slow_group in zip(fast_adam.param_groups, slow_adam.param_groups, strict=True):
        a, b = fast_adam.state[fast_group["params"][0]], slow_adam.state[slow_group["params"][0]]
        assert float(a["step"]) == float(b["step"]) == 24
        torch.testing.assert_close(a["exp_avg"], b["exp_avg"], atol=1e-8, rtol=1e-2)


def test_fixed_cells_stay_and_logits_keep_their_bound() -> None:
    grid, adam = optimised()
    before = grid.material_logits.detach().clone()
    free = torch.zeros(SHAPE, dtype=torch.bool)
    free[4:] = True
    for _ in range(40):
        follow(grid, adam, target(1), free, 0.5)
    torch.testing.assert_close(grid.material_logits[:4].detach(), before[:4], atol=0.0, rtol=0.0)
    assert float((grid.material_logits[4:].detach() - before[4:]).abs().max()) > 1.0
    assert float(grid.occupancy_logits.detach().abs().max()) <= LOGIT_LIMIT


def test_it_is_the_same_on_any_number_of_threads() -> None:
    results = []
    threads = torch.get_num_threads()
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            grid, adam = optimised()
            losses = [follow(grid, adam, target(i), torch.ones(SHAPE, dtype=torch.bool), 1.0) for i in range(5)]
            results.append((losses, grid.material_logits.detach().numpy().tobytes()))
    finally:
        torch.set_num_threads(threads)
    assert results[0] == results[1] == results[2]


def test_a_target_of_another_shape_is_refused() -> None:
    grid, adam = optimised()
    with pytest.raises(ShapeError):
        follow(grid, adam, target(0)[:-1], torch.ones(SHAPE, dtype=torch.bool), 1.0)
