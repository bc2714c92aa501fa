"""InfoService: what this server is and what it takes."""

from __future__ import annotations

from typing import Final

from vox.v1 import info_pb2 as pb
from vox.v1 import jobs_pb2

import voxcore
from server.convert import settings_message
from server.exporting import FORMAT_NUMBERS
from server.rpc import Caller
from server.settings import Settings
from server.voxel_codec import palette_entries
from voxcore.config import (
    ABOVE_LOW,
    CHOICES,
    FLOAT_RANGES,
    INT_RANGES,
    PRIOR_CFG_SCALE,
    SETTING_NAMES,
    Method,
    TeacherName,
    TrainConfig,
)
from voxcore.maps.formats import MAP_FORMATS, MapFormat
from voxcore.palette import PALETTES

_DISTILL, _SAMPLE = jobs_pb2.TRAINING_METHOD_DISTILL, jobs_pb2.TRAINING_METHOD_SAMPLE
_METHOD_NAMES: Final[dict[jobs_pb2.TrainingMethod.ValueType, Method]] = {_DISTILL: "distill", _SAMPLE: "sample"}
_Methods = tuple["jobs_pb2.TrainingMethod.ValueType", ...]
_TEACHERS: Final[dict[TeacherName, tuple[str, _Methods]]] = {
    "prior": ("The embedded text-to-voxel prior: builds what the prompt says.", (_DISTILL, _SAMPLE)),
    "photometric": ("Photographs of a dataset: builds what they show. Needs a dataset.", (_DISTILL,)),
    "sdxl": ("An image diffusion model (Stable Diffusion XL, 1.5 or 2.1): builds what it paints.", (_DISTILL,)),
    "noise": ("Random gradients: for tests of everything around training.", (_DISTILL,)),
}
_KINDS: Final = {
    "region": pb.SETTING_KIND_REGION,
    "keep": pb.SETTING_KIND_REGIONS,
    "model": pb.SETTING_KIND_TEXT,
    "negative_prompt": pb.SETTING_KIND_TEXT,
}
"""Of the settings that are neither a number nor a choice nor a switch."""


class InfoService:
    """See info.proto."""

    def __init__(self, settings: Settings) -> None:
        self._answer = _server_info(settings)

    async def GetServerInfo(self, request: pb.GetServerInfoRequest, caller: Caller) -> pb.GetServerInfoResponse:
        return self._answer


def _server_info(settings: Settings) -> pb.GetServerInfoResponse:
    return pb.GetServerInfoResponse(
        version=voxcore.__version__,
        device=settings.device,
        limits=pb.ServerLimits(
            max_message_bytes=settings.max_message_bytes,
            max_cells=settings.max_cells,
            max_steps=settings.max_steps,
            max_prompt_chars=settings.max_prompt_chars,
            max_queue=settings.max_queue,
            max_watchers=settings.max_watchers,
            frames_per_second=settings.frames_per_second,
            workers=settings.workers,
            max_upload_bytes=settings.max_upload_bytes,
            max_views=settings.max_views,
            max_stream_seconds=int(settings.max_stream_seconds),
            max_export_bytes=settings.max_export_bytes,
        ),
        palettes=[pb.PaletteInfo(name=p.name, entries=palette_entries(p)) for p in PALETTES.values()],
        teachers=[_teacher(name, *facts) for name, facts in _TEACHERS.items()],
        settings=[_setting(name, settings) for name in sorted(SETTING_NAMES)],
        map_formats=[_map_format(name, found) for name, found in MAP_FORMATS.items()],
    )


def _map_format(name: str, found: MapFormat) -> pb.MapFormatInfo:
    return pb.MapFormatInfo(
        format=FORMAT_NUMBERS[name],
        name=name,
        description=found.description,
        suffix=found.suffix,
        media_type=found.media_type,
    )


def _teacher(
    name: TeacherName, description: str, methods: tuple[jobs_pb2.TrainingMethod.ValueType, ...]
) -> pb.TeacherInfo:
    defaults = [
        settings_message(TrainConfig.create("a prompt", teacher=name, method=_METHOD_NAMES[method]))
        for method in methods
    ]
    least, greatest = PRIOR_CFG_SCALE
    guidance = pb.SettingInfo(name="cfg_scale", kind=pb.SETTING_KIND_NUMBER, minimum=least, maximum=greatest)
    return pb.TeacherInfo(
        teacher=defaults[0].teacher,
        name=name,
        description=description,
        methods=methods,
        defaults=defaults[0],
        method_defaults=defaults,
        settings=[guidance] if name == "prior" else [],
    )


def _setting(name: str, settings: Settings) -> pb.SettingInfo:
    if name in CHOICES:
        return pb.SettingInfo(name=name, kind=pb.SETTING_KIND_CHOICE, choices=CHOICES[name])
    if name in INT_RANGES:
        low, high = INT_RANGES[name]
        most = min(high, settings.max_steps) if name == "steps" else high
        return pb.SettingInfo(name=name, kind=pb.SETTING_KIND_INTEGER, minimum=low, maximum=most)
    if name in FLOAT_RANGES:
        least, greatest = FLOAT_RANGES[name]
        return pb.SettingInfo(
            name=name,
            kind=pb.SETTING_KIND_NUMBER,
            minimum=least,
            maximum=greatest,
            above_minimum=name in ABOVE_LOW,
        )
    return pb.SettingInfo(name=name, kind=_KINDS.get(name, pb.SETTING_KIND_BOOLEAN))
