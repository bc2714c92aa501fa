"""What a job uses where nothing else is asked for: for all, for direct sampling, and for each teacher."""

from __future__ import annotations

from typing import Any, Final

SDXL_MODEL: Final = "sdxl"
"""The image model that is asked where none is named."""
BASE_DEFAULTS: Final[dict[str, Any]] = {
    "teacher": "prior",
    "method": "distill",
    "init_mode": "from_map",
    "steps": 160,
    "seed": 0,
    "lr": 1.0,
    "material_lr": 1.0,
    "adam_eps": 1e-3,
    "logit_solid": 2.5,
    "logit_air": -4.0,
    "logit_material": 2.5,
    "cfg_scale": 2.2,
    "temp_start": 2.0,
    "temp_end": 0.5,
    "t_start": 0.985,
    "t_end": 0.03,
    "teacher_calls": 40,
    "strength": 1.0,
    "lambda_prior": 0.0,
    "lambda_sparsity": 0.0,
    "lambda_entropy": 0.0,
    "lambda_smooth": 0.0,
    "lambda_connectivity": 0.0,
    "views_per_step": 4,
    "image_size": 128,
    "pixel_grad_clip": 0.1,
    "region": None,
    "keep": (),
    "model": "",
    "variant": "sds",
    "negative_prompt": "",
    "cfg_rescale": 0.0,
    "view_prompts": True,
    "perp_neg": False,
    "random_sky": 0.0,
    "distilled_steps": 0,
    "tiny_encoder": False,
    "low_memory": False,
    "clean": True,
    "log_every": 4,
    "image_every": 40,
    "save_map_every": 0,
    "checkpoint_every": 40,
}
SAMPLE_DEFAULTS: Final[dict[str, Any]] = {"steps": 10, "log_every": 1, "image_every": 5, "checkpoint_every": 5}
DISTILLED_DEFAULTS: Final[dict[str, Any]] = {"cfg_scale": 1.0, "cfg_rescale": 0.0}
"""For image models that were distilled to a few steps, guidance included."""
TEACHER_DEFAULTS: Final[dict[str, dict[str, Any]]] = {
    # Few looks, each followed almost to its end: a grid that lags behind its target averages over what
    # the prior cannot decide yet, and thin things vanish.
    "prior": {"steps": 256, "teacher_calls": 16, "temp_start": 1.0, "log_every": 8},
    "photometric": {
        "init_mode": "ground_plane",
        "steps": 600,
        "lr": 0.3,
        "material_lr": 0.3,
        "adam_eps": 1e-9,
        "logit_material": 0.5,
        "temp_start": 1.0,
        "temp_end": 1.0,
        "image_size": 64,
        "pixel_grad_clip": 0.0,
        "clean": False,
        "log_every": 20,
        "image_every": 100,
        "checkpoint_every": 100,
    },
    # From the ground up: what pictures say of a full map is soon drowned by the map.
    "sdxl": {
        "model": SDXL_MODEL,
        "init_mode": "ground_plane",
        "steps": 500,
        "teacher_calls": 500,
        "lr": 0.1,
        "material_lr": 0.1,
        "adam_eps": 1e-9,
        "logit_material": 0.5,
        "cfg_scale": 100.0,
        "cfg_rescale": 0.5,
        "temp_start": 1.0,
        "temp_end": 0.5,
        "t_start": 0.98,
        "t_end": 0.25,
        "image_size": 512,
        "random_sky": 0.5,
        "log_every": 10,
        "image_every": 50,
        "checkpoint_every": 50,
    },
    "noise": {
        "lr": 0.05,
        "material_lr": 0.05,
        "adam_eps": 1e-9,
        "steps": 20,
        "image_size": 32,
        "views_per_step": 2,
        "clean": False,
    },
}
