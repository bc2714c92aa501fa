"""Four views in one picture, and how much a picture says of a cell's material."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from test_known_world import Watching
from test_photometric_truth import small_world

from benchmarks.known_world import KnownWorld, known_world_config, known_world_job
from voxcore.cameras import Camera
from voxcore.checkpoint import step_generator
from voxcore.config import TrainConfig
from voxcore.errors import InvalidConfig
from voxcore.grid import DifferentiableVoxelGrid
from voxcore.guidance.base import Scene, StepInfo
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.tiles import tiled
from voxcore.guidance.variants import EVEN_WEIGHT
from voxcore.guidance.view_prompts import direction
from voxcore.job import JobSpec
from voxcore.maps import INITIAL_WORLDS
from voxcore.palette import EDITOR
from voxcore.render import SKY, lit_colors
from voxcore.views import TILES, quarter_views

CPU = torch.device("cpu")


def test_views_lie_two_above_two() -> None:
    views = torch.arange(8.0)[:, None, None, None].expand(8, 3, 2, 5)
    pictures = tiled(views)
    assert pictures.shape == (2, 3, 4, 10)
    for i, picture in enumerate(pictures):
        found = [picture[0, row, column] for row in (0, 2) for column in (0, 5)]
        assert found == [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]
    within = torch.rand(4, 1, 3, 3)
    torch.testing.assert_close(tiled(within)[0, 0, 3:, :3], within[2, 0])


def test_four_cameras_in_a_row_are_a_quarter_turn_apart() -> None:
    cameras = quarter_views((16, 12, 16), 2.0, 8, 32, np.random.default_rng(3))
    angles = np.array([direction(camera) for camera in cameras]).reshape(2, TILES, 2)
    distances = np.array([np.linalg.norm(c.position - [0.0, 0.35 * 24.0, 0.0]) for c in cameras]).reshape(2, TILES)
    np.testing.assert_allclose(np.diff(angles[..., 0], axis=1) % 360.0, 90.0, atol=1e-6)
    for same in (angles[..., 1], distances):
        np.testing.assert_allclose(same, np.repeat(same[:, :1], TILES, 1), atol=1e-6)
    assert abs(angles[0, 0] - angles[1, 0]).min() > 1.0


class Asked(Watching):
    """Remembers what it was asked, too."""

    def __init__(self) -> None:
        super().__init__(small_world())
        self.questions: list[tuple[tuple[int, ...], list[tuple[Camera, ...]], tuple[int, int]]] = []

    def output(self, noisy, t, question):  # type: ignore[no-untyped-def]
        self.questions.append((tuple(noisy.shape), list(question.cameras), question.size))
        return super().output(noisy, t, question)


def test_the_model_sees_four_views_as_one_picture_under_one_sky() -> None:
    settings = {"steps": 1, "teacher_calls": 1, "image_size": 16, "views_per_step": 8, "random_sky": 1.0}
    config = known_world_config("sds", tiled_views=True, cfg_scale=2.0, **settings)
    job = known_world_job(small_world(), config, CPU)
    model = Asked()
    job.teacher = teacher = ImageTeacher(config, model)
    job.advance(0, measure=False)
    assert model.shown[0].shape == (2, 32, 32, 3)
    (shape, cameras, size) = model.questions[0]
    assert (shape, size) == ((4, 3, 32, 32), (32, 32))
    assert [len(seen) for seen in cameras] == [TILES] * 4
    assert cameras[:2] == cameras[2:]  # without the text and with it
    for seen in cameras:
        azimuths, elevations = np.array([direction(camera) for camera in seen]).T
        np.testing.assert_allclose(np.diff(azimuths) % 360.0, 90.0, atol=1e-6)
        np.testing.assert_allclose(elevations, elevations[0], atol=1e-6)
    assert teacher.prompts.texts == ("", "the known world")  # which says nothing of the direction
    corners = model.shown[0][:, [0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(
        corners, corners[:, :1].expand_as(corners), atol=0.03, rtol=0.0
    )  # air is not quite clear
    assert float((corners[:, 0] - torch.tensor(SKY, dtype=torch.float32)).abs().amax(1).min()) > 0.1


@pytest.mark.parametrize(
    ("field", "value"),
    [("views_per_step", 6), ("perp_neg", True), ("lambda_material", -1.0)],
)
def test_settings_that_do_not_fit_are_refused(field: str, value: object) -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create("a castle", teacher="sdxl", tiled_views=True, **{field: value})
    assert caught.value.field == field


def test_a_datasets_views_cannot_be_tiled() -> None:
    config = TrainConfig.create("a castle", teacher="sdxl", tiled_views=True)
    with pytest.raises(InvalidConfig, match="expected no dataset") as caught:
        JobSpec(config, map_id="1", dataset_id="1", model_folder=Path("models/blocks"))
    assert caught.value.field == "tiled_views"


@pytest.mark.parametrize("even", [False, True])
def test_weights_are_the_variants_own_or_the_same_for_every_look(even: bool) -> None:
    config = known_world_config("sds", steps=3, image_size=16, even_weights=even)
    job = known_world_job(small_world(), config, CPU)
    weights = []
    for step in range(3):
        job.advance(step, measure=False)
        weights.append(float(job.state()["teacher.look"][2]))
    assert weights == [EVEN_WEIGHT] * 3 if even else len(set(weights)) == 3 and max(weights) <= EVEN_WEIGHT


def test_the_teacher_adds_half_its_weight_of_the_spread() -> None:
    truth = small_world()
    views = quarter_views(truth.shape, truth.world_scale, 4, 16, np.random.default_rng(0))
    grid = DifferentiableVoxelGrid.from_blocks(INITIAL_WORLDS["ground_plane"](truth), len(truth.palette))
    found = []
    for weight in (0.0, 3.0):
        config = known_world_config("sds", steps=1, image_size=16, lambda_material=weight)
        scene = Scene(grid, 1.0, views, lit_colors(truth.palette), truth.world_scale)
        teacher = ImageTeacher(config, KnownWorld(truth))
        found.append(float(teacher.score(scene, StepInfo(0, 1, 0, 1, step_generator(0, 0, "teacher"))).loss.detach()))
    added = 0.5 * float(teacher.state()["look"][2]) * 3.0 * float(scene.material_spread().detach()) / 4
    assert added > 0.0
    assert found[1] - found[0] == pytest.approx(added, rel=1e-3)


def test_direction_and_spread_together_are_what_another_material_would_change() -> None:
    """Half the squared distance from a picture: its gradient and half the spread, for one cell of a floor."""
    torch.manual_seed(0)
    blocks = np.zeros((3, 2, 3), dtype=np.uint8)
    blocks[:, 0] = 1
    views = quarter_views((3, 2, 3), 2.0, 4, 32, np.random.default_rng(1))
    lit = lit_colors(EDITOR)
    target = torch.rand(4, 32, 32, 3)

    def scene(material: int) -> Scene:
        blocks[1, 0, 1] = material
        grid = DifferentiableVoxelGrid.from_blocks(blocks, len(EDITOR), solid=8.0, air=-8.0, material=0.1)
        return Scene(grid, 0.2, views, lit, 2.0)

    def loss(seen: Scene) -> torch.Tensor:
        return 0.5 * (seen.pictures.rgb - target).pow(2).sum()

    now = scene(1)
    materials = now.soft.materials
    materials.retain_grad()
    first = loss(now)
    (first + 0.5 * now.material_spread()).backward()
    gradient = materials.grad[1, 0, 1].double()
    for material in range(2, len(EDITOR) + 1):
        change = float((loss(scene(material)) - first).detach())
        assert float(gradient[material - 1] - gradient[0]) == pytest.approx(change, rel=1e-3, abs=1e-3)
