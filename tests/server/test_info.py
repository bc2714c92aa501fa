"""What InfoService says is what TrainConfig takes."""

import asyncio

import pytest
from vox.v1 import info_pb2, jobs_pb2

from server.convert import settings_message
from server.services.info import InfoService
from server.settings import Settings
from voxcore.config import TrainConfig
from voxcore.errors import InvalidConfig


async def _info() -> info_pb2.GetServerInfoResponse:
    return await InfoService(Settings()).GetServerInfo(info_pb2.GetServerInfoRequest(), None)


@pytest.fixture
def teachers() -> dict[str, info_pb2.TeacherInfo]:
    return {teacher.name: teacher for teacher in asyncio.run(_info()).teachers}


def test_every_method_of_a_teacher_has_its_own_defaults(teachers):
    for name, teacher in teachers.items():
        assert [defaults.method for defaults in teacher.method_defaults] == list(teacher.methods)
        assert teacher.defaults == teacher.method_defaults[0]
        for defaults in teacher.method_defaults:
            method = jobs_pb2.TrainingMethod.Name(defaults.method).removeprefix("TRAINING_METHOD_").lower()
            assert defaults == settings_message(TrainConfig.create("a prompt", teacher=name, method=method))
    assert [defaults.steps for defaults in teachers["prior"].method_defaults] == [256, 12]


def test_a_narrower_range_is_the_one_that_is_checked(teachers):
    narrower = [(name, setting) for name, teacher in teachers.items() for setting in teacher.settings]
    assert [(name, setting.name) for name, setting in narrower] == [("prior", "cfg_scale")]
    for name, setting in narrower:
        for value in (setting.minimum, setting.maximum):
            TrainConfig.create("a prompt", teacher=name, **{setting.name: value})
        for value in (setting.minimum - 0.01, setting.maximum + 0.01):
            with pytest.raises(InvalidConfig, match=setting.name):
                TrainConfig.create("a prompt", teacher=name, **{setting.name: value})
