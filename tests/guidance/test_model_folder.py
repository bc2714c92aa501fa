"""A folder that is not a usable model says what is wrong with it, before anything large is read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from voxcore.errors import InvalidInput, ModelFormatError, NotFound
from voxcore.guidance.diffusers_model import HUB_MODELS, hub_folder, load_model
from voxcore.guidance.model_folder import check_model_folder, model_in


def changed(folder: Path, file: str, **values: object) -> None:
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def pickled(folder: Path) -> None:
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_name("diffusion_pytorch_model.bin"))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no index": (lambda f: (f / "model_index.json").unlink(), "model.model_index.json: expected a file"),
    "index is no JSON": (lambda f: (f / "model_index.json").write_text("{"), "model.model_index.json: expected JSON"),
    "index is a list": (lambda f: (f / "model_index.json").write_text("[]"), "expected an object, got list"),
    "another family": (
        lambda f: changed(f, "model_index.json", _class_name="FluxPipeline"),
        "expected one of StableDiffusionXLPipeline.*got FluxPipeline",
    ),
    "no UNet": (lambda f: shutil.rmtree(f / "unet"), "model.unet: expected a folder"),
    "weights that can hold code": (pickled, "model.unet: expected weights as .safetensors"),
    "no tokenizer": (lambda f: shutil.rmtree(f / "tokenizer_2"), "model.tokenizer_2: expected a folder"),
    "another network": (
        lambda f: changed(f, "unet/config.json", _class_name="SD3Transformer2DModel"),
        "expected UNet2DConditionModel, got SD3Transformer2DModel",
    ),
    "an inpainting UNet": (lambda f: changed(f, "unet/config.json", in_channels=9), "in_channels: expected 4, got 9"),
    "a UNet that reads guidance": (
        lambda f: changed(f, "unet/config.json", time_cond_proj_dim=256),
        "time_cond_proj_dim",
    ),
    "another encoder's width": (
        lambda f: changed(f, "text_encoder/config.json", hidden_size=48),
        "text encoders' width.: expected 80, got 64",
    ),
    "another pooled text": (
        lambda f: changed(f, "text_encoder_2/config.json", projection_dim=64),
        "pooled text and six sizes.: expected 112, got 80",
    ),
    "flow matching": (
        lambda f: changed(f, "scheduler/scheduler_config.json", _class_name="FlowMatchEulerDiscreteScheduler"),
        "model.scheduler: expected a sampler of discrete noise levels",
    ),
}


@pytest.fixture
def folder(model_folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy to break."""
    return shutil.copytree(model_folders["sdxl"], tmp_path / "sdxl")


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_said(folder: Path, case: str) -> None:
    check_model_folder(folder)
    harm, message = BROKEN[case]
    harm(folder)
    with pytest.raises(ModelFormatError, match=message) as caught:
        check_model_folder(folder)
    assert caught.value.field.startswith("model")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no folder sdxl"):
        check_model_folder(tmp_path / "sdxl")


def test_tiny_encoder_that_is_not_there(folder: Path) -> None:
    shutil.rmtree(folder / "vae_tiny")
    check_model_folder(folder)
    with pytest.raises(ModelFormatError, match=r"model\.vae_tiny: expected a folder"):
        check_model_folder(folder, tiny_encoder=True)


@pytest.mark.parametrize("name", ["..", "../sdxl", "/etc", "a/b/c", "", ".hidden", "x" * 200])
def test_a_name_is_never_a_path(model_folders: dict[str, Path], name: str) -> None:
    with pytest.raises(InvalidInput):
        model_in(model_folders["sdxl"].parent, name)


def test_names_are_those_of_folders(model_folders: dict[str, Path]) -> None:
    assert model_in(model_folders["sdxl"].parent, "sdxl") == model_folders["sdxl"]
    with pytest.raises(NotFound, match=r"there is no image diffusion model sdxl-2\.0 here"):
        model_in(model_folders["sdxl"].parent, "sdxl-2.0")


def test_weights_that_are_missing_or_damaged(folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(path)
    less = {name: value for name, value in weights.items() if not name.startswith("conv_in")}
    save_file(less, path, metadata={"format": "pt"})
    with pytest.raises(ModelFormatError, match=r"model\.unet: expected weights for conv_in\.bias and 1 more"):
        load_model(folder, torch.device("cpu"))
    path.write_bytes(b"\x00" * 64)
    with pytest.raises(ModelFormatError, match=r"model\.unet: cannot be read"):
        load_model(folder, torch.device("cpu"))


def test_tokenizer_of_another_model(folder: Path) -> None:
    changed(folder, "tokenizer/tokenizer_config.json", model_max_length=200)
    model = load_model(folder, torch.device("cpu"))
    with pytest.raises(ModelFormatError, match=r"model\.tokenizer: expected at most 77 tokens"):
        model.read(["a castle"])


def test_half_precision_files_are_found(folder: Path) -> None:
    for path in folder.glob("*/*.safetensors"):
        path.rename(path.with_name(path.name.replace(".safetensors", ".fp16.safetensors")))
    load_model(folder, torch.device("cpu")).read(["a castle"])


def test_only_listed_models_of_the_hub_and_none_is_fetched_unasked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="expected a folder or one of stabilityai"):
        hub_folder("somebody/elses-model", download=True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NotFound, match="--download fetches it"):
        hub_folder(HUB_MODELS[0])
