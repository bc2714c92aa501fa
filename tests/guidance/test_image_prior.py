"""The image model of our own: its training at toy size, what it leaves, and that the image teacher takes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks import image_prior
from benchmarks.known_family import KnownFamily
from benchmarks.lowered import lowered
from voxcore.config import TrainConfig
from voxcore.distill import Distillation
from voxcore.errors import ModelFormatError
from voxcore.guidance.diffusers_model import load_model
from voxcore.guidance.image_teacher import ImageTeacher
from voxcore.guidance.model_folder import check_model_folder
from voxcore.maps import INITIAL_WORLDS, VoxelMap
from voxcore.palette import EDITOR
from voxcore.png import decode_png
from voxcore.render import SKY, hard_image, lit_colors
from voxcore.views import quarter_views
from voxcore.worlds import generate

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
SCRIPT = ROOT / "scripts" / "train_image_prior"
TOY = [
    "--minutes", "0", "--size", "toy", "--image-size", "16", "--batch", "8", "--workers", "1", "--ring", "32",
    "--warm-ring", "16", "--worlds", "4", "--pictures", "32", "--captions", "40", "--validation", "8",
    "--log-every", "1",
]  # fmt: skip
"""One step."""
sys.path[1:1] = [str(SCRIPT), str(ROOT / "scripts" / "train_prior")]
import album  # noqa: E402
import folder  # noqa: E402
import texts  # noqa: E402


def train(*arguments: str) -> None:
    done = subprocess.run([sys.executable, SCRIPT, *TOY, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("models") / "blocks"
    train("--out", str(out))
    return out


def log(model: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (model / "train.jsonl").read_text().splitlines()]


def test_training_leaves_a_model_in_half_precision_and_a_log(model: Path) -> None:
    assert sorted(path.name for path in model.glob("*/*.safetensors")) == [
        "diffusion_pytorch_model.fp16.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "model.fp16.safetensors",
    ]
    last = log(model)[-1]
    assert (last["step"], last["seen"]) == (1, 8)
    assert {f"loss_{time}" for time in (0.3, 0.6, 0.9)} <= last.keys()
    assert all(np.isfinite(value) for value in last.values() if isinstance(value, float))


def test_another_run_goes_on_from_it(model: Path, tmp_path: Path) -> None:
    train("--out", str(tmp_path / "next"), "--resume", str(model))
    assert [line["step"] for line in log(tmp_path / "next") if "lr" in line] == [1, 2]
    before, after = folder.load(model), folder.load(tmp_path / "next")
    assert before.tokenizer.get_vocab() == after.tokenizer.get_vocab()
    # It starts from those weights: one step at the first rate of the warm-up moves none of them far.
    moved = [(a - b).detach().abs().max() for a, b in zip(before.trained(), after.trained(), strict=True)]
    assert 0.0 < float(torch.stack(moved).max()) < 1e-3


def test_the_image_teacher_takes_it_and_its_gradient_reaches_the_grid(model: Path) -> None:
    config = TrainConfig.create(
        "a castle", teacher="sdxl", model="blocks", tiled_views=True, image_size=16, views_per_step=4, steps=2,
        teacher_calls=1, lr=0.5, lambda_material=4.0,
    )  # fmt: skip
    source = VoxelMap(np.zeros((8, 8, 8), dtype=np.uint8))
    initial = INITIAL_WORLDS["ground_plane"](source)
    teacher = ImageTeacher(config, load_model(model, CPU))
    job = Distillation(
        config, teacher, initial=initial, fixed=np.zeros(initial.shape, dtype=bool),
        palette=source.palette, world_scale=source.world_scale, views=(), device=CPU,
    )  # fmt: skip
    before = job.grid.occupancy_logits.detach().clone()
    assert all(np.isfinite(job.advance(step, measure=False).losses["sds"]) for step in range(2))
    assert float((job.grid.occupancy_logits.detach() - before).abs().max()) > 0.1


def test_its_latents_are_the_pixels_with_brighter_shadows(model: Path) -> None:
    loaded = load_model(model, CPU)
    pictures = torch.rand(2, 16, 16, 3, dtype=torch.float64).float()
    latents = loaded.encode(pictures)
    assert latents.shape == (2, 48, 4, 4)
    torch.testing.assert_close(latents, KnownFamily("castle", 1).encode(pictures))
    torch.testing.assert_close(folder.decoded(latents), pictures)
    assert loaded.schedule.bound == 1.0


def test_a_folder_whose_parts_do_not_fit_is_refused(model: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(model, wrong)
    config = json.loads((wrong / "vae" / "config.json").read_text())
    (wrong / "vae" / "config.json").write_text(json.dumps(config | {"latent_channels": 4}))
    with pytest.raises(ModelFormatError, match="expected 4, got 48"):
        check_model_folder(wrong)
    (wrong / "vae" / "config.json").write_text(json.dumps(config))
    (wrong / "text_encoder" / "model.fp16.safetensors").unlink()
    with pytest.raises(ModelFormatError, match="text_encoder"):
        check_model_folder(wrong)


def test_training_goes_on_from_its_own_kind_of_model_only(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(model, other)
    index = json.loads((other / "model_index.json").read_text())
    (other / "model_index.json").write_text(json.dumps(index | {"vae": ["diffusers", "AutoencoderKL"]}))
    with pytest.raises(SystemExit, match="another kind of model"):
        folder.load(other)


def shown_album(model: Path, blocks: Tensor, caption: str, side: int) -> tuple[album.Album, Tensor]:
    """An album of one world's pictures, and its caption's numbers."""
    reader = texts.CaptionReader(model / "tokenizer", folder.TOKENS)
    ids = torch.from_numpy(reader(caption))
    empty = torch.from_numpy(reader("")).long()
    shown = album.Album(1, side, lambda _: (blocks[None], ids[None]), empty, np.random.default_rng(0))
    shown.add(1, fused=False)
    return shown, ids


def test_pictures_are_tiled_views_of_a_distillation(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "PLACES", 1)
    monkeypatch.setattr(album, "LOWERED", 0.0)
    world = generate(5, family="castle")
    shown, ids = shown_album(model, torch.from_numpy(world.blocks), world.caption, 32)
    picture = shown.colors(shown.codes[0]).numpy()
    views = quarter_views((64, 48, 64), 2.0, 4, 32, np.random.default_rng(0))
    for camera, (row, column) in zip(views, ((0, 0), (0, 1), (1, 0), (1, 1)), strict=True):
        expected = hard_image(world.blocks, lit_colors(EDITOR), camera, world_scale=2.0) / 255
        tile = picture[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        np.testing.assert_allclose(tile, expected, atol=0.005)
    assert shown.ids[0].tolist() == ids.tolist()


def test_worlds_lie_as_low_as_they_can(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "PLACES", 1)
    monkeypatch.setattr(album, "LOWERED", 1.0)
    blocks = torch.zeros(64, 48, 64, dtype=torch.uint8)
    blocks[:, :5], blocks[20:30, 5:48, 20:30] = 1, 2
    blocks[0, 3:5] = 0  # the lowest place is three high
    low = torch.cat([blocks[:, 2:], torch.zeros(64, 2, 64, dtype=torch.uint8)], 1)
    torch.testing.assert_close(lowered(blocks[None], torch.ones(1, dtype=torch.bool))[0], low)
    torch.testing.assert_close(lowered(blocks[None], torch.zeros(1, dtype=torch.bool))[0], blocks)
    torch.testing.assert_close(
        lowered(torch.zeros_like(blocks)[None], torch.ones(1, dtype=torch.bool))[0], torch.zeros_like(blocks)
    )
    as_they_are, moved = (shown_album(model, world, "a tower", 16)[0].codes for world in (low, blocks))
    torch.testing.assert_close(moved, as_they_are)


def test_a_picture_may_have_another_sky_and_no_text(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(album, "PLACES", 1)
    empty = torch.full((folder.TOKENS,), 7)
    blocks = torch.zeros(1, 64, 48, 64, dtype=torch.uint8)
    rows = torch.full((1, folder.TOKENS), 9)
    shown = album.Album(4, 16, lambda _: (blocks, rows), empty, np.random.default_rng(0))
    shown.add(1, fused=False)
    torch.manual_seed(0)
    pictures, ids = shown.draw(400)
    one_color = pictures.flatten(1, 2)
    assert bool((one_color == one_color[:, :1]).all())
    other = float(((one_color[:, 0] - torch.tensor(SKY)).abs().amax(1) > 0.01).float().mean())
    assert other == pytest.approx(album.OTHER_SKY, abs=0.08)
    assert float((ids == 7).all(1).float().mean()) == pytest.approx(album.NO_TEXT, abs=0.05)


def test_the_benchmark_runs_the_job_and_names_what_came_out(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = ["--set", "steps=2", "teacher_calls=1", "image_size=16", "views_per_step=4"]
    arguments = ["distil", str(model), "--out", str(tmp_path), "--prompts", "single-01", "--starts", "ground", *small]
    for expected in ("single-01/ground/1", "castle"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["image_prior.py", *arguments])
            assert image_prior.main() == 0
        assert expected in capsys.readouterr().out
        arguments = ["score", str(tmp_path), "--sheet", str(tmp_path / "sheet.png")]
    picture = decode_png((tmp_path / "sheet.png").read_bytes(), field="sheet")
    assert picture.shape == (128, 2 * 4 * 128, 3)
