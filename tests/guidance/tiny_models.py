"""Stable Diffusion pipelines of diffusers' true classes, tiny and randomly initialised, saved as real folders."""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

TOKENS = 77
WIDTH = 32


def tokenizer() -> CLIPTokenizer:
    """One token a byte: CLIP's own tokeniser with no merges."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = [chr(b) for b in printable] + [chr(256 + i) for i in range(256 - len(printable))]
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer(vocab={word: i for i, word in enumerate(words)}, merges=[], model_max_length=TOKENS)


def text_config(words: CLIPTokenizer, seed: int) -> CLIPTextConfig:
    torch.manual_seed(seed)
    return CLIPTextConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=37,
        projection_dim=WIDTH,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=TOKENS,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )


def vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(16, 16),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        latent_channels=4,
        norm_num_groups=8,
        scaling_factor=0.13025,
    )


def unet(width: int, **more: object) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        block_out_channels=(16, 32),
        layers_per_block=1,
        sample_size=16,
        in_channels=4,
        out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        cross_attention_dim=width,
        norm_num_groups=8,
        **more,
    )


def levels(**more: object) -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
        **more,
    )


def sdxl() -> StableDiffusionXLPipeline:
    """Two text encoders, pooled text and six sizes, as in SDXL."""
    words = tokenizer()
    first, second = CLIPTextModel(text_config(words, 1)), CLIPTextModelWithProjection(text_config(words, 2))
    torch.manual_seed(3)
    network = unet(
        2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=WIDTH + 6 * 8,
        transformer_layers_per_block=(1, 2),
        use_linear_projection=True,
    )
    return StableDiffusionXLPipeline(vae(), first, second, words, tokenizer(), network, levels(), add_watermarker=False)


def sd(prediction: str) -> StableDiffusionPipeline:
    """One text encoder, as in Stable Diffusion 1.5 (epsilon) and 2.1 (v_prediction)."""
    words = tokenizer()
    encoder = CLIPTextModel(text_config(words, 1))
    torch.manual_seed(3)
    return StableDiffusionPipeline(
        vae(),
        encoder,
        words,
        unet(WIDTH),
        levels(prediction_type=prediction),
        None,
        None,
        requires_safety_checker=False,
    )


PIPELINES = {"sdxl": sdxl, "sd15": lambda: sd("epsilon"), "sd21": lambda: sd("v_prediction")}


def save(pipeline: StableDiffusionXLPipeline | StableDiffusionPipeline, folder: Path) -> Path:
    """``folder``, with an AutoencoderTiny beside the pipeline's own autoencoder."""
    pipeline.save_pretrained(folder, safe_serialization=True)
    torch.manual_seed(4)
    tiny = AutoencoderTiny(
        encoder_block_out_channels=(8, 8), decoder_block_out_channels=(8, 8), num_encoder_blocks=(1, 1),
        num_decoder_blocks=(1, 1), latent_channels=4,
    )  # fmt: skip
    tiny.save_pretrained(folder / "vae_tiny", safe_serialization=True)
    return folder
