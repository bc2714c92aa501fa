"""A wrong setting cannot exist, and says which one it is."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxcore.config import IMAGE_SETTINGS, MAX_SEED, Region, TrainConfig
from voxcore.errors import InvalidConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("steps", 0), ("steps", -1), ("steps", 10**9), ("steps", True), ("steps", 1.5),
        ("seed", -1), ("seed", 2**64), ("lr", 0.0), ("lr", math.nan), ("lr", math.inf), ("material_lr", -1.0),
        ("cfg_scale", -0.1), ("cfg_scale", math.nan), ("temp_start", 0.0), ("temp_end", math.inf),
        ("t_start", 1.0), ("t_end", 0.0), ("strength", 0.0), ("strength", 1.1), ("lambda_sparsity", -1.0),
        ("lambda_entropy", math.nan), ("views_per_step", 0), ("image_size", 4), ("image_size", 10**6),
        ("log_every", -1), ("teacher", "sdxl9000"), ("method", "guess"), ("init_mode", "void"), ("teacher_calls", 0),
        ("adam_eps", 0.0), ("logit_air", 1.0),
    ],
)  # fmt: skip
def test_out_of_range_names_the_field(field: str, value: object) -> None:
    with pytest.raises(InvalidConfig, match="expected") as caught:
        TrainConfig.create("a castle", **{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("prompt", ["", "   \n", "x" * 10_000])
def test_unusable_prompts(prompt: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create(prompt)
    assert caught.value.field == "prompt"


def test_photometric_needs_no_prompt() -> None:
    assert TrainConfig.create("", teacher="photometric").init_mode == "ground_plane"


def test_only_the_prior_can_be_sampled() -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create("a castle", teacher="noise", method="sample")
    assert caught.value.field == "method"


def test_unknown_setting_is_refused() -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create("a castle", learning_rate=1.0)
    assert caught.value.field == "learning_rate"


def test_t_end_above_t_start() -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create("a castle", t_start=0.2, t_end=0.3)
    assert caught.value.field == "t_end"


@pytest.mark.parametrize(("low", "high"), [((-1, 0, 0), (1, 1, 1)), ((0, 0, 0), (0, 1, 1)), ((5, 5, 5), (4, 9, 9))])
def test_empty_or_negative_region(low: tuple[int, int, int], high: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidConfig):
        Region(low, high)


def test_region_outside_the_grid() -> None:
    with pytest.raises(InvalidConfig, match="inside the grid"):
        Region((0, 0, 0), (9, 9, 9)).check_inside((8, 8, 8))


@given(
    steps=st.integers(1, 1000),
    seed=st.integers(0, MAX_SEED),
    lr=st.floats(1e-6, 10.0),
    region=st.none() | st.just(Region((1, 2, 3), (4, 5, 6))),
    keep=st.just(()) | st.just((Region((1, 2, 3), (4, 5, 6)), Region((0, 0, 0), (1, 1, 1)))),
)
def test_survives_json(steps: int, seed: int, lr: float, region: Region | None, keep: tuple[Region, ...]) -> None:
    config = TrainConfig.create("a castle", steps=steps, seed=seed, lr=lr, region=region, keep=keep)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_config_stored_before_there_was_anything_to_keep_is_the_same() -> None:
    config = TrainConfig.create("a castle")
    assert "keep" not in config.as_dict()
    assert TrainConfig.from_dict(config.as_dict()).keep == ()


def test_an_image_models_job_stored_before_there_were_tiled_views_is_the_same() -> None:
    config = TrainConfig.create("a castle", teacher="sdxl")
    asked = {"tiled_views": True, "lambda_material": 2.0, "even_weights": True, "anchored": 0.5}
    assert not asked.keys() & config.as_dict().keys()
    assert asked.items() <= TrainConfig.create("a castle", teacher="sdxl", **asked).as_dict().items()


def test_only_an_image_models_job_stores_what_only_it_reads() -> None:
    assert not IMAGE_SETTINGS & TrainConfig.create("a castle").as_dict().keys()
    config = TrainConfig.create("a castle", teacher="sdxl", variant="ism", negative_prompt="fog", perp_neg=True)
    assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", ""), ("model", "/models/sdxl"), ("model", "../sdxl"), ("model", "a/b/c"), ("model", "x" * 300),
        ("variant", "vsd"), ("negative_prompt", "x" * 1001), ("cfg_rescale", 1.1), ("random_sky", -0.1),
        ("anchored", 1.5), ("distilled_steps", -1), ("image_size", 100),
    ],
)  # fmt: skip
def test_settings_of_image_models_are_checked(field: str, value: object) -> None:
    with pytest.raises(InvalidConfig) as caught:
        TrainConfig.create("a castle", teacher="sdxl", **{field: value})
    assert caught.value.field == field


def test_distilled_models_get_no_guidance_of_their_own_accord() -> None:
    assert TrainConfig.create("a castle", teacher="sdxl").cfg_scale == 100.0
    assert TrainConfig.create("a castle", teacher="sdxl", distilled_steps=4).cfg_scale == 1.0
    assert TrainConfig.create("a castle", teacher="sdxl", distilled_steps=4, cfg_scale=2.0).cfg_scale == 2.0


def test_stored_config_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidConfig):
        TrainConfig.from_dict({"prompt": "a castle"})
