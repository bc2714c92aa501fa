"""Folders of image diffusion models: found by name, and checked before anything large is loaded.

A model is a folder as ``diffusers`` saves it: ``model_index.json`` and one folder a part. Only the
JSON files are read here, and only weights in safetensors are accepted: other formats can hold code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from voxcore.config import MODEL_PATTERN
from voxcore.errors import InvalidConfig, InvalidInput, ModelFormatError, NotFound, StorageError

Kind = Literal["sdxl", "sd"]
INDEX: Final = "model_index.json"
PIPELINES: Final[dict[str, Kind]] = {
    "StableDiffusionXLPipeline": "sdxl",
    "StableDiffusionXLImg2ImgPipeline": "sdxl",
    "StableDiffusionPipeline": "sd",
    "StableDiffusionImg2ImgPipeline": "sd",
}
"""The pipelines whose models can be asked, and what kind of model each has."""
TINY: Final = "vae_tiny"
"""The folder of a model's AutoencoderTiny, beside its own ``vae``."""
MAX_JSON_BYTES: Final = 2**20
_SCHEDULERS: Final = frozenset({
    "DDIMScheduler", "DDPMScheduler", "DEISMultistepScheduler", "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler", "EulerAncestralDiscreteScheduler", "EulerDiscreteScheduler",
    "HeunDiscreteScheduler", "KDPM2AncestralDiscreteScheduler", "KDPM2DiscreteScheduler", "LCMScheduler",
    "LMSDiscreteScheduler", "PNDMScheduler", "TCDScheduler", "UniPCMultistepScheduler",
})  # fmt: skip
"""Samplers of models with the usual discrete noise levels; others (EDM, flow matching) mean other noise."""


@dataclass(frozen=True)
class ModelFolder:
    """A checked folder. ``encoders`` are the folders of its text encoders, in order; ``empty_is_zero``: an
    empty negative prompt is embedded as zeros. ``autoencoder`` is the folder of the one that pictures are encoded
    with, an AutoencoderTiny where ``is_tiny`` says so.
    """

    path: Path
    kind: Kind
    encoders: tuple[str, ...]
    empty_is_zero: bool
    autoencoder: str
    is_tiny: bool

    @property
    def tokenizers(self) -> tuple[str, ...]:
        """The folders of their tokenizers."""
        return tuple(name.replace("text_encoder", "tokenizer") for name in self.encoders)


def model_in(root: Path, name: str) -> Path:
    """The folder of the model ``name`` under ``root``. Raises InvalidInput or NotFound."""
    if MODEL_PATTERN.fullmatch(name) is None or "/" in name:
        raise InvalidInput(f"expected the name of a model, got {name[:100]!r}", field="model")
    if not (root / name / INDEX).is_file():
        raise NotFound(f"there is no image diffusion model {name} here", field="model")
    return root / name


def missing_libraries(error: ImportError) -> InvalidConfig:
    """What to tell whoever asked for an image model without the libraries that run it."""
    return InvalidConfig(
        f"expected the libraries of image models (pip install 'voxcore[sdxl]'): {error}", field="teacher"
    )


def check_model_folder(folder: Path, *, tiny_encoder: bool = False) -> ModelFolder:
    """What a folder holds.

    Raises NotFound where there is none, ModelFormatError where it is not a model of a kind that can be
    asked, lacks a part, has parts that do not fit together or weights in another format than
    safetensors, and StorageError.
    """
    if not folder.is_dir():
        raise NotFound(f"there is no folder {folder.name}", field="model")
    index = _read(folder, INDEX)
    pipeline = index.get("_class_name")
    kind = PIPELINES.get(pipeline) if isinstance(pipeline, str) else None
    if kind is None:
        raise ModelFormatError(f"expected one of {', '.join(PIPELINES)}, got {pipeline}", field=f"model.{INDEX}")
    encoders = ("text_encoder", "text_encoder_2") if kind == "sdxl" else ("text_encoder",)
    vae = TINY if tiny_encoder else "vae"
    for part in ("unet", vae, *encoders):
        _check_weights(folder, part)
    for part in (name.replace("text_encoder", "tokenizer") for name in encoders):
        if not (folder / part).is_dir():
            raise ModelFormatError("expected a folder, there is none", field=f"model.{part}")
    unet, autoencoder = _read(folder, "unet/config.json"), _read(folder, f"{vae}/config.json")
    _expect("unet._class_name", "UNet2DConditionModel", unet.get("_class_name"))
    sampler = _read(folder, "scheduler/scheduler_config.json").get("_class_name")
    if sampler not in _SCHEDULERS:
        raise ModelFormatError(f"expected a sampler of discrete noise levels, got {sampler}", field="model.scheduler")
    _expect("unet.in_channels", autoencoder.get("latent_channels", 4), unet.get("in_channels"))
    if autoencoder.get("latents_mean") is not None:
        raise ModelFormatError("expected none: such latents are of another family", field="model.vae.latents_mean")
    if unet.get("time_cond_proj_dim") is not None:
        raise ModelFormatError("expected none, since guidance is no input here", field="model.unet.time_cond_proj_dim")
    width = sum(_number(folder, name, "hidden_size") for name in encoders)
    _expect("unet.cross_attention_dim (the text encoders' width)", width, unet.get("cross_attention_dim"))
    if kind == "sdxl":
        _expect("unet.addition_embed_type", "text_time", unet.get("addition_embed_type"))
        pooled = _number(folder, "text_encoder_2", "projection_dim")
        times = _number(folder, "unet", "addition_time_embed_dim")
        # Six numbers say how large a picture was and what part of it is shown; the refiner takes five.
        name = "unet.projection_class_embeddings_input_dim (pooled text and six sizes)"
        _expect(name, pooled + 6 * times, unet.get("projection_class_embeddings_input_dim"))
    empty_is_zero = kind == "sdxl" and bool(index.get("force_zeros_for_empty_prompt", True))
    is_tiny = tiny_encoder or autoencoder.get("_class_name") == "AutoencoderTiny"
    return ModelFolder(folder, kind, encoders, empty_is_zero, vae, is_tiny)


def weight_variant(folder: Path, part: str, *, half: bool) -> str | None:
    """ "fp16" where the half precision file of a part is to be read: where it is wanted, or the only one."""
    plain, small = (_safetensors(folder / part, half_file) for half_file in (False, True))
    return "fp16" if small and (half or not plain) else None


def _safetensors(part: Path, half: bool) -> bool:
    return any((".fp16." in path.name) == half for path in part.glob("*.safetensors"))


def _check_weights(folder: Path, part: str) -> None:
    if not (folder / part).is_dir():
        raise ModelFormatError("expected a folder, there is none", field=f"model.{part}")
    if not any((folder / part).glob("*.safetensors")):
        raise ModelFormatError("expected weights as .safetensors, there are none", field=f"model.{part}")


def _expect(name: str, expected: object, actual: object) -> None:
    if actual != expected:
        raise ModelFormatError(f"expected {expected}, got {actual}", field=f"model.{name}")


def _number(folder: Path, part: str, name: str) -> int:
    value = _read(folder, f"{part}/config.json").get(name)
    if not isinstance(value, int):
        raise ModelFormatError(f"expected a whole number, got {value}", field=f"model.{part}.{name}")
    return value


def _read(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    if not path.is_file():
        raise ModelFormatError("expected a file, there is none", field=f"model.{name}")
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise ModelFormatError(f"expected at most {MAX_JSON_BYTES} bytes", field=f"model.{name}")
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ModelFormatError(f"expected JSON: {error}", field=f"model.{name}") from error
    if not isinstance(value, dict):
        raise ModelFormatError(f"expected an object, got {type(value).__name__}", field=f"model.{name}")
    return value
