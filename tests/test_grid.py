"""The differentiable grid and its regularisers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voxcore import losses
from voxcore.errors import InvalidInput, ShapeError
from voxcore.grid import LOGIT_LIMIT, DifferentiableVoxelGrid
from voxcore.maps import find_components

blocks_3d = arrays(np.uint8, st.tuples(*(st.integers(1, 5),) * 3), elements=st.integers(0, 4))


@given(blocks=blocks_3d)
def test_hard_view_is_what_it_was_made_from(blocks: np.ndarray) -> None:
    grid = DifferentiableVoxelGrid.from_blocks(blocks, 4)
    np.testing.assert_array_equal(grid.hard(), blocks)
    np.testing.assert_array_equal(
        grid.upsampled(2).hard(), blocks.repeat(2, axis=0).repeat(2, axis=1).repeat(2, axis=2)
    )


@given(blocks=blocks_3d, temperature=st.floats(0.05, 5.0))
def test_views_agree(blocks: np.ndarray, temperature: float) -> None:
    grid = DifferentiableVoxelGrid.from_blocks(blocks, 4)
    soft, log_p = grid.soft(temperature), grid.log_probabilities(temperature)
    torch.testing.assert_close(log_p.exp().sum(-1), torch.ones(blocks.shape))
    torch.testing.assert_close(log_p[..., 0].exp(), 1.0 - soft.occupancy, atol=1e-5, rtol=0.0)
    expected = soft.occupancy[..., None] * soft.materials
    torch.testing.assert_close(log_p[..., 1:].exp(), expected, atol=1e-5, rtol=0.0)
    pure = soft.pure()
    torch.testing.assert_close(pure.occupancy, soft.occupancy)
    torch.testing.assert_close(pure.materials.argmax(-1), soft.materials.argmax(-1))
    torch.testing.assert_close(pure.materials.max(-1).values, torch.ones(blocks.shape))


def test_pure_materials_have_the_mixtures_gradient() -> None:
    grid = DifferentiableVoxelGrid.from_blocks(np.array([[[0, 1, 2]]], dtype=np.uint8), 2)
    weights = torch.tensor([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0]])
    (grid.soft(0.7).pure().materials * weights).sum().backward()
    pure = grid.material_logits.grad.clone()
    grid.zero_grad()
    (grid.soft(0.7).materials * weights).sum().backward()
    torch.testing.assert_close(pure, grid.material_logits.grad)
    assert float(pure.abs().max()) > 0.0


def test_clamp_keeps_logits_in_reach() -> None:
    grid = DifferentiableVoxelGrid(torch.full((2, 2, 2), 99.0), torch.full((2, 2, 2, 3), -99.0))
    grid.clamp_()
    assert float(grid.occupancy_logits.detach().max()) == LOGIT_LIMIT
    assert float(grid.material_logits.detach().min()) == -LOGIT_LIMIT


def test_shapes_and_indices_are_checked() -> None:
    with pytest.raises(ShapeError):
        DifferentiableVoxelGrid(torch.zeros(2, 2), torch.zeros(2, 2, 3))
    with pytest.raises(InvalidInput, match="up to 2"):
        DifferentiableVoxelGrid.from_blocks(np.full((2, 2, 2), 3, dtype=np.uint8), 2)


@torch.no_grad()
def test_losses_on_known_grids() -> None:
    solid = np.ones((4, 4, 4), dtype=np.uint8)
    decided = DifferentiableVoxelGrid.from_blocks(solid, 2, solid=60.0, material=60.0).soft()
    undecided = DifferentiableVoxelGrid(torch.zeros(4, 4, 4), torch.zeros(4, 4, 4, 2)).soft()
    assert float(losses.sparsity(decided)) == pytest.approx(1.0, abs=1e-5)
    assert float(losses.entropy(decided)) == pytest.approx(0.0, abs=1e-4)
    assert float(losses.entropy(undecided)) == pytest.approx(np.log(2) * 1.5, abs=1e-4)
    assert float(losses.smoothness(decided)) == 0.0
    half = solid.copy()
    half[:2] = 0
    step = DifferentiableVoxelGrid.from_blocks(half, 2, solid=60.0, air=-60.0).soft()
    assert float(losses.smoothness(step)) == pytest.approx(1.0 / 3.0, abs=1e-4)


def test_connectivity_pushes_only_floating_cells() -> None:
    blocks = np.zeros((4, 6, 4), dtype=np.uint8)
    blocks[:, 0] = 1
    blocks[1, 4, 1] = 1
    grid = DifferentiableVoxelGrid.from_blocks(blocks, 1)
    losses.connectivity(grid.soft(), find_components(blocks > 0).floating()).backward()
    assert set(zip(*np.nonzero(grid.occupancy_logits.grad.numpy()), strict=True)) == {(1, 4, 1)}
    assert float(grid.occupancy_logits.grad[1, 4, 1]) > 0.0


@pytest.mark.parametrize("term", [losses.sparsity, losses.entropy, losses.smoothness])
def test_loss_gradients_match_finite_differences(term: object) -> None:
    torch.manual_seed(0)
    occupancy = torch.randn(3, 3, 3, dtype=torch.float64, requires_grad=True)
    material = torch.randn(3, 3, 3, 2, dtype=torch.float64, requires_grad=True)

    def value(o: torch.Tensor, m: torch.Tensor) -> torch.Tensor:
        from voxcore.grid import SoftView

        return term(SoftView(torch.sigmoid(o), torch.softmax(m, -1)))  # type: ignore[operator]

    assert torch.autograd.gradcheck(value, (occupancy, material))
