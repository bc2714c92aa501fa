"""What one training job is asked to do. Frozen, and checked at birth: a wrong one cannot exist."""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import InitVar, dataclass
from typing import Any, Final, Literal, get_args

from voxcore.defaults import BASE_DEFAULTS, DISTILLED_DEFAULTS, SAMPLE_DEFAULTS, TEACHER_DEFAULTS
from voxcore.errors import InvalidConfig
from voxcore.views import TILES

TeacherName = Literal["prior", "photometric", "sdxl", "noise"]
Method = Literal["distill", "sample"]
InitMode = Literal["from_map", "ground_plane", "cube", "empty", "prior"]
Variant = Literal["sds", "sdi", "ism", "cfd"]
LossName = Literal["total", "sds", "prior", "sparsity", "entropy", "smooth", "connectivity"]

MAX_PROMPT_CHARS: Final = 1000
MAX_STEPS: Final = 100_000
MAX_SEED: Final = 2**64 - 1
MAX_KEPT_BOXES: Final = 64

INT_RANGES: Final[dict[str, tuple[int, int]]] = {
    "steps": (1, MAX_STEPS),
    "teacher_calls": (1, MAX_STEPS),
    "seed": (0, MAX_SEED),
    "views_per_step": (1, 64),
    "image_size": (16, 2048),
    "log_every": (0, MAX_STEPS),
    "image_every": (0, MAX_STEPS),
    "save_map_every": (0, MAX_STEPS),
    "checkpoint_every": (0, MAX_STEPS),
    "distilled_steps": (0, 1000),
}
"""Lowest and highest value of every whole-number setting, both allowed."""
FLOAT_RANGES: Final[dict[str, tuple[float, float]]] = {
    "lr": (0.0, 100.0),
    "material_lr": (0.0, 100.0),
    "adam_eps": (0.0, 1e6),
    "logit_solid": (0.0, 8.0),
    "logit_air": (-8.0, 0.0),
    "logit_material": (0.0, 8.0),
    "cfg_scale": (0.0, 200.0),
    "temp_start": (0.01, 100.0),
    "temp_end": (0.01, 100.0),
    "t_start": (0.001, 0.999),
    "t_end": (0.001, 0.999),
    "strength": (0.0, 1.0),
    "lambda_prior": (0.0, 1e6),
    "lambda_sparsity": (0.0, 1e6),
    "lambda_entropy": (0.0, 1e6),
    "lambda_smooth": (0.0, 1e6),
    "lambda_connectivity": (0.0, 1e6),
    "pixel_grad_clip": (0.0, 1e6),
    "cfg_rescale": (0.0, 1.0),
    "random_sky": (0.0, 1.0),
    "lambda_material": (0.0, 1e6),
    "anchored": (0.0, 1.0),
}
"""The same for every other number; those in ABOVE_LOW must be above the lowest value."""
PRIOR_CFG_SCALE: Final = (1.0, 4.0)
"""Guidance that the embedded prior was made for."""
CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "teacher": get_args(TeacherName),
    "method": get_args(Method),
    "init_mode": get_args(InitMode),
    "variant": get_args(Variant),
}
"""Every setting that is one of a few names."""
IMAGE_SETTINGS: Final = frozenset({
    "model", "variant", "negative_prompt", "cfg_rescale", "view_prompts", "perp_neg", "random_sky", "distilled_steps",
    "tiny_encoder", "low_memory", "tiled_views", "lambda_material", "even_weights", "anchored",
})  # fmt: skip
"""Settings that only the sdxl teacher reads."""
LATER_SETTINGS: Final = ("keep", "tiled_views", "lambda_material", "even_weights", "anchored")
"""Settings that came after jobs had been stored; each is off where it is empty or 0."""
MODEL_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?")
"""A folder's name, or a name on the hub: never a path."""
ABOVE_LOW: Final = frozenset({"lr", "material_lr", "adam_eps", "logit_solid", "strength"})


@dataclass(frozen=True)
class Region:
    """A box of cells: ``low`` inclusive, ``high`` exclusive, each (x, y, z)."""

    low: tuple[int, int, int]
    high: tuple[int, int, int]
    field: InitVar[str] = "region"
    """The setting that errors name."""

    def __post_init__(self, field: str) -> None:
        if any(lo < 0 or lo >= hi for lo, hi in zip(self.low, self.high, strict=True)):
            raise InvalidConfig(f"expected 0 <= low < high on every axis, got {self.low} and {self.high}", field=field)

    def check_inside(self, shape: tuple[int, int, int], *, field: str = "region") -> None:
        """Raises InvalidConfig where the box leaves a grid of ``shape``."""
        if any(hi > size for hi, size in zip(self.high, shape, strict=True)):
            raise InvalidConfig(f"expected a box inside the grid {shape}, got {self.low} to {self.high}", field=field)

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in an array [X, Y, Z]."""
        return (
            slice(self.low[0], self.high[0]),
            slice(self.low[1], self.high[1]),
            slice(self.low[2], self.high[2]),
        )


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one job. Build it with `TrainConfig.create`, which fills in the teacher's defaults.

    Args:
        prompt: what to build; 1 to 1000 characters (may be empty where the prior has no part).
        teacher: who says what is right (see `voxcore.guidance`).
        method: ``distill`` optimises the grid against the teacher's score; ``sample`` draws from
            the embedded prior directly.
        init_mode: the world that the grid starts from; ``prior`` is what the embedded prior makes of
            the map, for other teachers to go on from.
        steps: optimiser steps (distill) or denoising steps (sample).
        seed: 64 bits; the same seed, settings and device give the same map.
        lr: Adam's learning rate for the occupancy logits, ``material_lr`` for the material logits.
        adam_eps: Adam's epsilon, relative to the gradient of one cell's loss: what is smaller than
            this counts as settled and is hardly moved. Teachers of pictures sum over pixels: there it
            is in the thousands that it matters.
        logit_solid, logit_air, logit_material: the starting logits of full cells, empty cells and
            the present material: how firmly the grid believes in the initial world.
        cfg_scale: classifier-free guidance; for the prior see `voxcore.prior.sampler.guidance_at`.
        temp_start, temp_end: softness of the grid's soft view, first and last step.
        t_start, t_end: diffusion time (0 clean, 1 noise), first and last teacher call.
        teacher_calls: how often the teacher looks during the run; its answer is then followed for
            ``steps / teacher_calls`` optimiser steps.
        strength: 1 regenerates freely; less keeps more of the present world.
        lambda_prior: weight of the embedded prior's score beside another teacher's loss; 0 is off.
        lambda_sparsity and the like: weights of the regularisers (see `voxcore.losses`).
        views_per_step, image_size: cameras per step and side of the rendered pictures in pixels,
            for teachers that look at pictures.
        pixel_grad_clip: largest gradient norm of one pixel (PGC, arXiv:2310.12474); 0 is off. For
            teachers that score colours; the photometric one bounds its pixels by itself.
        region: only cells in this box may change.
        keep: cells in these boxes stay as they are, also inside the region; at most 64 boxes.
        model: name of the image diffusion model that the sdxl teacher asks.
        variant: how its score is distilled (see `voxcore.guidance.variants`).
        negative_prompt: what its pictures should not show.
        cfg_rescale: see `voxcore.guidance.classifier_free.rescaled`; 0 is off.
        view_prompts: say in the prompt from where one looks.
        perp_neg: mix these prompts between the views (see `voxcore.guidance.perp_neg`).
        random_sky: how often a view gets a sky of another colour.
        distilled_steps: sampling steps that the model was distilled to (4 for most Lightning and Turbo
            models): it is then asked at those timesteps only; 0 for a model that was not.
        tiny_encoder: use the model's AutoencoderTiny in place of its VAE.
        low_memory: ask about one view at a time, and keep less for the way back.
        tiled_views: four views a quarter turn apart are one picture of the model, which was trained on such
            (see `voxcore.guidance.tiles`); the prompt then says nothing of the direction.
        lambda_material: how much a material's distance from the picture counts beside its direction (see
            `voxcore.guidance.base.Scene.material_spread`): the square of the change of a latent by a colour
            of a pixel, for models whose latents are pixels; 0 is off.
        even_weights: every look pulls alike, whatever its noise (see `voxcore.guidance.variants.EVEN_WEIGHT`).
        anchored: share of the looks, from the first on, that look from the same places under the same noise, so
            that each goes on with what the one before began (noise fixed to a view, arXiv:2405.10988); with
            fresh noise each answers with another world, and a grid that follows them all becomes their mean.
        clean: drop floating crumbs of the result, settle larger floating pieces.
        log_every, image_every, save_map_every, checkpoint_every: in steps; 0 is never.
    """

    prompt: str
    teacher: TeacherName
    method: Method
    init_mode: InitMode
    steps: int
    seed: int
    lr: float
    material_lr: float
    adam_eps: float
    logit_solid: float
    logit_air: float
    logit_material: float
    cfg_scale: float
    temp_start: float
    temp_end: float
    t_start: float
    t_end: float
    teacher_calls: int
    strength: float
    lambda_prior: float
    lambda_sparsity: float
    lambda_entropy: float
    lambda_smooth: float
    lambda_connectivity: float
    views_per_step: int
    image_size: int
    pixel_grad_clip: float
    region: Region | None
    clean: bool
    log_every: int
    image_every: int
    save_map_every: int
    checkpoint_every: int
    keep: tuple[Region, ...] = ()
    model: str = ""
    variant: Variant = "sds"
    negative_prompt: str = ""
    cfg_rescale: float = 0.0
    view_prompts: bool = True
    perp_neg: bool = False
    random_sky: float = 0.0
    distilled_steps: int = 0
    tiny_encoder: bool = False
    low_memory: bool = False
    tiled_views: bool = False
    lambda_material: float = 0.0
    even_weights: bool = False
    anchored: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            _check(getattr(self, name) in allowed, name, f"one of {', '.join(allowed)}", self)
        for name in ("prompt", "negative_prompt"):
            text = getattr(self, name)
            fits = isinstance(text, str) and len(text) <= MAX_PROMPT_CHARS
            _check(fits, name, f"at most {MAX_PROMPT_CHARS} characters", len(text))
        if self.asks_prior or self.teacher == "sdxl":
            _check(bool(self.prompt.strip()), "prompt", "a description of what to build", "an empty text")
        for name, (least, most) in INT_RANGES.items():
            _check_int(self, name, least, most)
        for name, (low, high) in FLOAT_RANGES.items():
            _check_float(self, name, low, high, open_low=name in ABOVE_LOW)
        if self.teacher == "sdxl":
            named = isinstance(self.model, str) and MODEL_PATTERN.fullmatch(self.model) is not None
            _check(named, "model", "the name of an image diffusion model", self.model)
            _check(self.image_size % 8 == 0, "image_size", "a multiple of 8", self.image_size)
            whole = not self.tiled_views or self.views_per_step % TILES == 0
            _check(whole, "views_per_step", f"a multiple of {TILES} with tiled_views", self.views_per_step)
            _check(not (self.tiled_views and self.perp_neg), "perp_neg", "off with tiled_views", self.perp_neg)
        _check(self.t_end <= self.t_start, "t_end", f"at most t_start = {self.t_start}", self.t_end)
        _check(
            self.method == "distill" or self.teacher == "prior",
            "method",
            "distill, since only the prior can be sampled",
            self.method,
        )

        kept = len(self.keep)
        _check(kept <= MAX_KEPT_BOXES, "keep", f"at most {MAX_KEPT_BOXES} boxes", kept)

        if self.teacher == "prior":
            _check_float(self, "cfg_scale", *PRIOR_CFG_SCALE)
            _check(self.lambda_prior == 0.0, "lambda_prior", "0, since the prior is the teacher", self.lambda_prior)
            _check(self.init_mode != "prior", "init_mode", "another world, since the prior is the teacher", "prior")

    @property
    def asks_prior(self) -> bool:
        """Whether the embedded prior has a part in the job."""
        return self.teacher == "prior" or self.init_mode == "prior" or self.lambda_prior > 0.0

    @classmethod
    def create(cls, prompt: str, **given: Any) -> TrainConfig:
        """A config from the settings that were given; None or absent means the teacher's default.

        Raises InvalidConfig, also for a name that is no setting.
        """
        chosen = {name: value for name, value in given.items() if value is not None}
        unknown = sorted(chosen.keys() - SETTING_NAMES)
        if unknown:
            raise InvalidConfig(f"no such setting; known are {', '.join(sorted(SETTING_NAMES))}", field=unknown[0])
        teacher = chosen.get("teacher", "prior")
        method = chosen.get("method", "distill")
        defaults = BASE_DEFAULTS | TEACHER_DEFAULTS.get(teacher, {}) | (SAMPLE_DEFAULTS if method == "sample" else {})
        if teacher == "sdxl" and chosen.get("distilled_steps"):
            defaults |= DISTILLED_DEFAULTS
        return cls(prompt=prompt, **(defaults | chosen))

    def check_inside(self, shape: tuple[int, int, int]) -> None:
        """Raises InvalidConfig where a box of cells leaves a grid of ``shape``."""
        if self.region is not None:
            self.region.check_inside(shape)
        for i, box in enumerate(self.keep):
            box.check_inside(shape, field=f"keep[{i}]")

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON types, for metadata files and checkpoints.

        What the teacher does not read of IMAGE_SETTINGS is left out, and LATER_SETTINGS that ask for nothing: what
        was stored before there was such a thing is the same job still.
        """
        values = dataclasses.asdict(self)
        for name in LATER_SETTINGS:
            if not values[name]:
                del values[name]
        if self.teacher != "sdxl":
            values = {name: value for name, value in values.items() if name not in IMAGE_SETTINGS}
        return values

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> TrainConfig:
        """The inverse of `as_dict`. Raises InvalidConfig."""
        values = dict(data)
        try:
            if values.get("region") is not None:
                values["region"] = Region(tuple(values["region"]["low"]), tuple(values["region"]["high"]))
            values["keep"] = tuple(Region(tuple(b["low"]), tuple(b["high"]), "keep") for b in values.get("keep", ()))
            return cls(**values)
        except (TypeError, KeyError) as error:
            raise InvalidConfig(f"not a stored config: {error}", field="config") from error


SETTING_NAMES: Final = frozenset(field.name for field in dataclasses.fields(TrainConfig)) - {"prompt"}


def _check(ok: bool, name: str, expected: str, got: object) -> None:
    if not ok:
        if isinstance(got, TrainConfig):
            got = getattr(got, name)
        raise InvalidConfig(f"expected {expected}, got {got!r}", field=name)


def _check_int(config: TrainConfig, name: str, low: int, high: int) -> None:
    value = getattr(config, name)
    ok = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    _check(ok, name, f"a whole number from {low} to {high}", value)


def _check_float(config: TrainConfig, name: str, low: float, high: float, *, open_low: bool = False) -> None:
    value = getattr(config, name)
    ok = isinstance(value, int | float) and math.isfinite(value) and low <= value <= high
    ok = ok and not (open_low and value == low)
    _check(
        ok, name, f"a number {'above' if open_low else 'from'} {low:g} {'up ' if open_low else ''}to {high:g}", value
    )
