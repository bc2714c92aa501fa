"""Whole jobs with an image diffusion model: they run, go on after whatever ended them, and say what went wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from voxcore.checkpoint import load_checkpoint
from voxcore.cli import main
from voxcore.config import TrainConfig
from voxcore.errors import DeviceMemoryError, InvalidConfig, ModelFormatError, TeacherError
from voxcore.events import Finished, Progress
from voxcore.guidance.diffusers_model import DiffusersModel
from voxcore.job import JobSpec, run_job
from voxcore.maps import VoxelMap, save_map

SETTINGS = {
    "teacher": "sdxl", "steps": 6, "teacher_calls": 3, "views_per_step": 2, "image_size": 16, "log_every": 1,
    "image_every": 0, "checkpoint_every": 4, "clean": False,
}  # fmt: skip
ARGUMENTS = [
    "--teacher", "sdxl", "--prompt", "a castle", "--map-id", "7", "--steps", "3", "--views-per-step", "1",
    "--image-size", "16", "--json",
]  # fmt: skip


@pytest.fixture
def roots(tmp_path: Path) -> dict[str, Path]:
    blocks = np.zeros((10, 8, 12), dtype=np.uint8)
    blocks[:, :3] = 2
    (tmp_path / "maps" / "7").mkdir(parents=True)
    save_map(VoxelMap(blocks), tmp_path / "maps" / "7" / "map.json")
    return {"maps_root": tmp_path / "maps", "datasets_root": tmp_path / "datasets"}


@pytest.fixture
def job(roots: dict[str, Path], model_folders: dict[str, Path], tmp_path: Path) -> Callable[..., Finished]:
    """Runs a job in the folder of a name, and returns its end."""

    def run(name: str, *, resume: bool = False, stop_after: int = 100, **given: object) -> Finished:
        folder = tmp_path / name
        spec = JobSpec(
            TrainConfig.create("a castle", **(SETTINGS | given)),
            map_id="7",
            export=False,
            resume_from=folder if resume else None,
            model_folder=model_folders["sdxl"],
        )
        answers: Iterator[bool] = iter([False] * stop_after + [True] * 100)
        events = list(run_job(spec, output_dir=folder, should_stop=lambda: next(answers), **roots))
        assert isinstance(events[-1], Finished)
        return events[-1]

    return run


@pytest.mark.parametrize("name", ["sdxl", "sd15", "sd21"])
def test_a_job_reports_its_guidance(
    roots: dict[str, Path], model_folders: dict[str, Path], tmp_path: Path, name: str
) -> None:
    config = TrainConfig.create("a castle", **(SETTINGS | {"negative_prompt": "fog", "perp_neg": True}))
    spec = JobSpec(config, map_id="7", export=False, model_folder=model_folders[name])
    events = list(run_job(spec, output_dir=tmp_path / "run", **roots))
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.step for event in progress] == [1, 2, 3, 4, 5, 6]
    # Three looks, each followed for two steps, from noise to clean.
    assert [event.timestep for event in progress] == pytest.approx([0.98, 0.98, 0.615, 0.615, 0.25, 0.25])
    assert all(event.losses["sds"] > 0.0 for event in progress)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"tiled_views": True, "views_per_step": 4, "lambda_material": 0.1, "even_weights": True, "lr": 2.0},
        {"anchored": 1.0, "lr": 2.0},
    ],
)
def test_an_interrupted_job_ends_as_one_that_was_not(job: Callable[..., Finished], given: dict[str, object]) -> None:
    whole = job("whole", **given)
    # Between two looks: the last answer is still to be followed.
    assert job("part", stop_after=3, **given).stopped
    assert job("part", resume=True, **given).content_hash == whole.content_hash
    assert job("other", seed=1, **given).content_hash != whole.content_hash


class _NanOnTheWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> Tensor:
        return grads[0] * torch.nan


def _no_memory(answer: Tensor) -> Tensor:
    raise torch.OutOfMemoryError("CUDA out of memory")


def _no_memory_of_a_cpu(answer: Tensor) -> Tensor:
    raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: not enough memory: you tried to ...")


@pytest.mark.parametrize(
    ("method", "harm", "error", "message"),
    [
        ("output", _no_memory, DeviceMemoryError, "the memory of cpu was not enough"),
        ("encode", _no_memory_of_a_cpu, DeviceMemoryError, "the memory of cpu was not enough"),
        ("output", lambda answer: answer * torch.nan, TeacherError, "answer at timestep 614 is not finite"),
        ("encode", lambda answer: answer * torch.inf, TeacherError, "answer at timestep 614 is not finite"),
        ("encode", _NanOnTheWayBack.apply, TeacherError, "gradient is not finite at step 3"),
    ],
)
def test_what_fails_at_a_step_keeps_the_job(
    job: Callable[..., Finished],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    method: str,
    harm: Callable[[Tensor], Tensor],
    error: type[Exception],
    message: str,
) -> None:
    whole = job("whole")
    right, calls = getattr(DiffusersModel, method), 0

    def watched(model: DiffusersModel, *asked: object) -> Tensor:
        nonlocal calls
        calls += 1
        answer = right(model, *asked)
        # The third step begins the second look.
        return harm(answer) if calls == (2 if method == "output" else 3) else answer

    monkeypatch.setattr(DiffusersModel, method, watched)
    with pytest.raises(error, match=message):
        job("part")
    assert load_checkpoint(tmp_path / "part").step == 2
    assert job("part", resume=True).content_hash == whole.content_hash


def test_other_errors_are_not_taken_for_a_lack_of_memory(
    job: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    def harm(*_: object) -> Tensor:
        raise RuntimeError("a bug")

    monkeypatch.setattr(DiffusersModel, "output", harm)
    with pytest.raises(RuntimeError, match="a bug"):
        job("part")


def test_nothing_begins_with_a_model_that_cannot_be_used(roots: dict[str, Path], tmp_path: Path) -> None:
    config = TrainConfig.create("a castle", **SETTINGS)
    with pytest.raises(InvalidConfig, match="model: expected the folder"):
        JobSpec(config, map_id="7")
    (tmp_path / "empty").mkdir()
    spec = JobSpec(config, map_id="7", model_folder=tmp_path / "empty")
    with pytest.raises(ModelFormatError, match=r"model_index\.json"):
        list(run_job(spec, output_dir=tmp_path / "run", **roots))
    assert not (tmp_path / "run").exists()


def test_without_the_libraries_the_error_says_what_to_install(
    job: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "voxcore.guidance.diffusers_model", None)
    with pytest.raises(InvalidConfig, match=r"pip install 'voxcore\[sdxl\]'"):
        job("part")


def test_command_line_takes_a_name_or_a_folder_and_resumes(
    roots: dict[str, Path], model_folders: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--maps", str(roots["maps_root"]), "--models", str(model_folders["sdxl"].parent)]
    hashes = []
    for model, name in (("sd15", "named"), (str(model_folders["sd15"]), "folder")):
        assert main([*place, "train", *ARGUMENTS, "--model", model, "--output-dir", str(tmp_path / name)]) == 0
        hashes.append(json.loads(capsys.readouterr().out.splitlines()[-1])["content_hash"])
    assert hashes[0] == hashes[1]
    assert main([*place, "train", "--resume", str(tmp_path / "named"), "--no-export"]) in (0, 2)
    for model, said in (
        ("nothing-here", "there is no image diffusion model"),
        ("no/hub-model", "or one of stabilityai"),
    ):
        assert main([*place, "train", *ARGUMENTS, "--model", model]) == 2
        assert said in capsys.readouterr().err
