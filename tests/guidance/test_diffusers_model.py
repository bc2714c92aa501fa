"""Stable Diffusion through this project's classes gives diffusers' own numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import AutoencoderTiny, StableDiffusionPipeline, StableDiffusionXLPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img import retrieve_latents

from voxcore.cameras import Camera
from voxcore.guidance.diffusers_model import load_model
from voxcore.guidance.guide import Guide
from voxcore.guidance.view_prompts import ViewPrompts

CPU = torch.device("cpu")
CAMERA = Camera.look_at(np.array([0.0, 5.0, 20.0]), np.zeros(3), width=32, height=32)
TEXT, NEGATIVE = "a stone castle", "fog"


def own_pipeline(folder: Path) -> StableDiffusionXLPipeline | StableDiffusionPipeline:
    kind = StableDiffusionXLPipeline if (folder / "text_encoder_2").is_dir() else StableDiffusionPipeline
    pipeline = kind.from_pretrained(folder, use_safetensors=True, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def denoising(pipeline: object, **asked: object) -> list[tuple[torch.Tensor, int, torch.Tensor]]:
    """Guided prediction, timestep and noisy latents of each step that the pipeline takes."""
    seen = []
    step = pipeline.scheduler.step

    def watched(output: torch.Tensor, t: torch.Tensor, sample: torch.Tensor, **more: object) -> object:
        seen.append((output.clone(), int(t), sample.clone()))
        return step(output, t, sample, **more)

    pipeline.scheduler.step = watched
    generator = torch.Generator().manual_seed(0)
    pipeline(TEXT, height=32, width=32, num_inference_steps=2, output_type="latent", generator=generator, **asked)
    return seen


@pytest.mark.parametrize(
    ("name", "negative"), [("sdxl", ""), ("sdxl", NEGATIVE), ("sd15", NEGATIVE), ("sd21", NEGATIVE)]
)
def test_guided_noise_is_the_pipelines_own(model_folders: dict[str, Path], name: str, negative: str) -> None:
    folder = model_folders[name]
    asked = {"guidance_scale": 7.5, "guidance_rescale": 0.4, "negative_prompt": negative or None}
    model = load_model(folder, CPU)
    prompts = ViewPrompts(TEXT, negative, view_dependent=False)
    model.read(prompts.texts)
    guide = Guide(model, prompts, [(CAMERA,)], scale=7.5, rescale=0.4, size=(32, 32))
    for output, t, noisy in denoising(own_pipeline(folder), **asked):
        expected = model.schedule.noise_from(output, noisy, t)
        torch.testing.assert_close(guide.noise(noisy, t), expected, rtol=1e-4, atol=1e-5)


def test_views_in_one_batch_are_the_views_one_by_one(model_folders: dict[str, Path]) -> None:
    model = load_model(model_folders["sdxl"], CPU)
    around = [
        Camera.look_at(np.array([20.0 * np.sin(a), 4.0, 20.0 * np.cos(a)]), np.zeros(3), width=32, height=32)
        for a in (0.3, 1.2, 2.8)
    ]
    prompts = ViewPrompts(TEXT, NEGATIVE, perp_neg=True)
    model.read(prompts.texts)
    noisy = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    together = Guide(model, prompts, [(camera,) for camera in around], scale=7.5, rescale=0.5, size=(32, 32)).noise(
        noisy, 500
    )
    for i, camera in enumerate(around):
        alone = Guide(model, prompts, [(camera,)], scale=7.5, rescale=0.5, size=(32, 32)).noise(noisy[i : i + 1], 500)
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["sdxl", "sd15"])
def test_embeddings_are_the_pipelines_own(model_folders: dict[str, Path], name: str) -> None:
    pipeline = own_pipeline(model_folders[name])
    model = load_model(model_folders[name], CPU)
    words, pooled = model.read_texts([NEGATIVE, TEXT])
    if name == "sdxl":
        expected = pipeline.encode_prompt(TEXT, negative_prompt=NEGATIVE)
        torch.testing.assert_close(pooled, torch.cat([expected[3], expected[2]]))
    else:
        expected = pipeline.encode_prompt(TEXT, CPU, 1, True, negative_prompt=NEGATIVE)
        assert pooled is None
    torch.testing.assert_close(words, torch.cat([expected[1], expected[0]]))


@pytest.mark.parametrize("low_memory", [False, True])
def test_latents_and_their_gradient_are_the_autoencoders_own(model_folders: dict[str, Path], low_memory: bool) -> None:
    own = own_pipeline(model_folders["sdxl"]).vae
    model = load_model(model_folders["sdxl"], CPU, low_memory=low_memory)
    rgb = torch.rand(2, 32, 32, 3, generator=torch.Generator().manual_seed(2))
    mine, theirs = rgb.clone().requires_grad_(), rgb.clone().requires_grad_()
    latents = model.encode(mine)
    pictures = theirs.permute(0, 3, 1, 2) * 2.0 - 1.0
    expected = retrieve_latents(own.encode(pictures), sample_mode="argmax") * own.config.scaling_factor
    torch.testing.assert_close(latents, expected)
    latents.pow(2).sum().backward()
    expected.pow(2).sum().backward()
    torch.testing.assert_close(mine.grad, theirs.grad)


def test_tiny_encoder_takes_the_autoencoders_place(model_folders: dict[str, Path]) -> None:
    folder = model_folders["sdxl"]
    model = load_model(folder, CPU, tiny_encoder=True)
    rgb = torch.rand(1, 32, 32, 3)
    tiny = AutoencoderTiny.from_pretrained(folder / "vae_tiny")
    torch.testing.assert_close(model.encode(rgb), tiny.encode(rgb.permute(0, 3, 1, 2) * 2.0 - 1.0).latents)


def test_low_memory_changes_no_answer(model_folders: dict[str, Path]) -> None:
    noisy = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(3))
    prompts = ViewPrompts(TEXT, NEGATIVE)
    answers = []
    for low_memory in (False, True):
        model = load_model(model_folders["sdxl"], CPU, low_memory=low_memory)
        model.read(prompts.texts)
        guide = Guide(model, prompts, [(CAMERA,), (CAMERA,)], scale=5.0, rescale=0.0, size=(32, 32))
        answers.append(guide.noise(noisy, 300))
    torch.testing.assert_close(answers[0], answers[1], rtol=1e-4, atol=1e-5)


def test_nothing_in_the_model_is_trained(model_folders: dict[str, Path]) -> None:
    model = load_model(model_folders["sdxl"], CPU)
    prompts = ViewPrompts(TEXT)
    model.read(prompts.texts)
    noisy = torch.randn(1, 4, 16, 16, requires_grad=True)
    answer = Guide(model, prompts, [(CAMERA,)], scale=5.0, rescale=0.0, size=(32, 32)).noise(noisy, 300)
    assert not answer.requires_grad
