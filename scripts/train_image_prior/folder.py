"""The model as a folder, as diffusers saves any Stable Diffusion: its parts made new, saved, and read again.

Its autoencoder is an AutoencoderTiny whose weights are written, not learned: it brightens shadows, so that kinds of
blocks differ where the sun does not shine, and lays 4x4 pixels in one place of 48 channels, so that the network sees
a quarter as many places across. A latent is thus one pixel's colour in -1..1. Its decoder is never used.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from torch import Tensor
from torch.nn import functional as F
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

TOKENS: Final = 48
"""Of a text; a caption of the generator with a view has 43 at most, few have more than 30."""
KINDS: Final = 3000
"""Tokens that are learned from captions, at most."""
KNEE: Final = 0.3
SHADOWS: Final = 2.0
"""The autoencoder's tone curve: its slope up to a brightness of KNEE; from there on straight to 1."""
FOLD: Final = 4
"""Pixels along one side of a place; the autoencoder halves twice."""
LATENTS: Final = 3 * FOLD**2
SIZES: Final = {
    "full": {"widths": (88, 112, 144), "heads": (2, 2, 3), "groups": 8, "text": 192, "text_layers": 4},
    "toy": {"widths": (8, 16, 16), "heads": (1, 1, 1), "groups": 4, "text": 16, "text_layers": 1},
}
"""``full`` has 7.8 M numbers in its UNet: what fits 16 MB in half precision."""


@dataclass
class Parts:
    """A text-to-image diffusion model."""

    tokenizer: CLIPTokenizer
    text: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderTiny
    scheduler: DDIMScheduler

    def to(self, device: torch.device) -> Parts:
        """The same, its networks on ``device`` in float32."""
        for part in (self.text, self.unet, self.vae):
            part.to(device, torch.float32)
        if device.type == "cuda":  # what its convolutions take in bfloat16
            self.unet.to(memory_format=torch.channels_last)
        return self

    def trained(self) -> list[torch.nn.Parameter]:
        """What training changes, in a fixed order."""
        return [*self.unet.parameters(), *self.text.parameters()]


def learned_tokenizer(captions: Iterable[str]) -> CLIPTokenizer:
    """CLIP's own kind of tokeniser (byte pairs), with pairs learned from ``captions``."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    bytes_only = CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=TOKENS)
    learned: CLIPTokenizer = bytes_only.train_new_from_iterator(captions, KINDS)
    learned.model_max_length = TOKENS
    return learned


def new_parts(tokenizer: CLIPTokenizer, size: str, image_size: int) -> Parts:
    """Untrained parts that fit together; ``size`` is one of SIZES, pictures have ``image_size`` pixels a side."""
    chosen = SIZES[size]
    torch.manual_seed(0)
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=chosen["text"],
            intermediate_size=4 * chosen["text"],
            projection_dim=chosen["text"],
            num_hidden_layers=chosen["text_layers"],
            num_attention_heads=4,
            max_position_embeddings=TOKENS,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=image_size // FOLD,
        in_channels=LATENTS,
        out_channels=LATENTS,
        block_out_channels=chosen["widths"],
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=chosen["heads"],
        cross_attention_dim=chosen["text"],
        norm_num_groups=chosen["groups"],
        use_linear_projection=True,
    )
    scheduler = DDIMScheduler(
        beta_schedule="squaredcos_cap_v2",
        prediction_type="v_prediction",
        clip_sample=True,
        clip_sample_range=1.0,
        set_alpha_to_one=False,
        steps_offset=1,
        timestep_spacing="trailing",
    )
    return Parts(tokenizer, text, unet, _autoencoder(), scheduler)


@torch.no_grad()
def _autoencoder() -> AutoencoderTiny:
    vae = AutoencoderTiny(
        encoder_block_out_channels=(LATENTS,) * 3, decoder_block_out_channels=(LATENTS,) * 2,
        num_encoder_blocks=(0, 0, 1), num_decoder_blocks=(0, 0), latent_channels=LATENTS,
    )  # fmt: skip
    spread, *folds, tone, scale = vae.encoder.layers
    for parameter in vae.encoder.parameters():
        parameter.zero_()
    bright, high = SHADOWS * KNEE, (1.0 - SHADOWS * KNEE) / (1.0 - KNEE)
    for c in range(3):
        spread.weight[c, c, 1, 1] = SHADOWS
    for fold, channels in zip(folds, (3, 12), strict=True):
        for c in range(channels):
            for row in range(2):
                for column in range(2):
                    fold.weight[4 * c + 2 * row + column, c, 1 + row, 1 + column] = 1.0
    for c in range(LATENTS):
        # max(0, v - knee), which takes away from the slope above the knee
        tone.conv[0].weight[c, c, 1, 1], tone.conv[0].bias[c] = 1.0, -bright
        tone.conv[2].weight[c, c, 1, 1] = 1.0
        tone.conv[4].weight[c, c, 1, 1] = high / SHADOWS - 1.0
        scale.weight[c, c, 1, 1], scale.bias[c] = 2.0, -1.0
    return vae


def decoded(latents: Tensor) -> Tensor:
    """The pictures [B, H, W, 3] in 0..1 of latents [B, 48, H / 4, W / 4]: the exact inverse of the encoder."""
    value = F.pixel_shuffle(F.pixel_shuffle((latents + 1.0) / 2.0, 2), 2).permute(0, 2, 3, 1).clamp(0.0, 1.0)
    bright, high = SHADOWS * KNEE, (1.0 - SHADOWS * KNEE) / (1.0 - KNEE)
    return torch.where(value < bright, value / SHADOWS, KNEE + (value - bright) / high)


def save(parts: Parts, folder: Path) -> None:
    """Write the model; its weights in half precision, as fp16 files."""
    parts.unet.half(), parts.text.half()
    # Pipelines of latents take the bound of pictures away from the scheduler that they are given.
    scheduler = DDIMScheduler.from_config(parts.scheduler.config)
    pipeline = StableDiffusionPipeline(
        parts.vae, parts.text, parts.tokenizer, parts.unet, scheduler, None, None, requires_safety_checker=False
    )
    pipeline.save_pretrained(folder, safe_serialization=True, variant="fp16")
    parts.scheduler.save_pretrained(folder / "scheduler")
    parts.unet.float(), parts.text.float()


def load(folder: Path) -> Parts:
    """What `save` wrote, in float32. Raises OSError where it is not there."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    if index["vae"] != ["diffusers", "AutoencoderTiny"]:
        raise SystemExit(f"{folder} holds another kind of model than this trains: its vae is {index['vae']}")

    def part(kind: type, name: str) -> object:
        return kind.from_pretrained(folder / name, variant="fp16", local_files_only=True)  # type: ignore[attr-defined]

    return Parts(
        CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True),
        part(CLIPTextModel, "text_encoder").float(),  # type: ignore[attr-defined]
        part(UNet2DConditionModel, "unet").float(),  # type: ignore[attr-defined]
        part(AutoencoderTiny, "vae").float(),  # type: ignore[attr-defined]
        DDIMScheduler.from_pretrained(folder / "scheduler", local_files_only=True),
    )
