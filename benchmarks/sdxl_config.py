"""The published configurations of Stable Diffusion XL base 1.0 and its parts, and models built from them.

Weights are random, made where they are used: what a step costs does not depend on their values, and
nothing has to be downloaded. The text encoders are left out, as they are in training: random
embeddings of their size stand for the texts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DConditionModel
from torch import Tensor

from benchmarks.known_world import sdxl_schedule
from voxcore.guidance.diffusers_model import DiffusersModel

UNET: Final = {
    "sample_size": 128,
    "in_channels": 4,
    "out_channels": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "block_out_channels": (320, 640, 1280),
    "layers_per_block": 2,
    "attention_head_dim": (5, 10, 20),
    "transformer_layers_per_block": (1, 2, 10),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
VAE: Final = {
    "sample_size": 1024,
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
    "scaling_factor": 0.13025,
    "force_upcast": True,
}
TOKENS: Final = 77


def build(kind: Any, config: dict[str, Any], device: torch.device, dtype: torch.dtype) -> Any:
    """A part with random weights, made on ``device`` in ``dtype``."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with device:
            torch.manual_seed(0)
            return kind(**config)
    finally:
        torch.set_default_dtype(before)


def sdxl(unet: UNet2DConditionModel, *, tiny_encoder: bool, low_memory: bool, graphs: bool) -> DiffusersModel:
    """SDXL at its true size around ``unet``."""
    kind, config = (AutoencoderTiny, {}) if tiny_encoder else (AutoencoderKL, VAE)
    vae = build(kind, config, unet.device, unet.dtype)
    return DiffusersModel(unet, vae, sdxl_schedule(), random_texts, low_memory=low_memory, graphs=graphs)


def random_texts(texts: Sequence[str]) -> tuple[Tensor, Tensor]:
    """Embeddings [P, 77, 2048] and pooled ones [P, 1280]."""
    generator = torch.Generator().manual_seed(1)
    count = len(texts)
    return torch.randn(count, TOKENS, 2048, generator=generator), torch.randn(count, 1280, generator=generator)
