"""Owners of maps and datasets, as their folders say."""

import numpy as np
import pytest

from server.owners import Owners, dataset_key
from server.rpc import Caller
from server.settings import Settings
from voxcore.maps import VoxelMap, save_map
from voxcore.maps.owner import OWNER_FILE, UNREADABLE, owner_bytes, read_owner

ALICE, BOB, ADMIN = Caller("alice", is_admin=False), Caller("bob", is_admin=False), Caller("root", is_admin=True)


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(maps_root=tmp_path / "maps", datasets_root=tmp_path / "datasets", runs_root=tmp_path / "runs")


def new_map(settings: Settings, name: str, owner: bytes | None) -> int:
    folder = settings.maps_root / name
    folder.mkdir(parents=True)
    if owner is not None:
        (folder / OWNER_FILE).write_bytes(owner)
    save_map(VoxelMap(np.ones((2, 2, 2), dtype=np.uint8)), folder / "map.json")
    return (folder / "map.json").stat().st_size


def test_what_lay_there_before_is_known_with_its_bytes(settings):
    size = new_map(settings, "1", owner_bytes("alice"))
    new_map(settings, "2", None)
    (settings.datasets_root / "1").mkdir(parents=True)
    (settings.datasets_root / "1" / "metadata.json").write_bytes(b"12345")
    (settings.datasets_root / "1" / OWNER_FILE).write_bytes(owner_bytes("alice"))
    owners = Owners.load(settings)
    assert owners.bytes_of("alice") == size + 5
    assert [owners.may_see("1", caller) for caller in (ALICE, BOB, ADMIN)] == [True, False, True]
    assert [owners.may_change("1", caller) for caller in (ALICE, BOB, ADMIN)] == [True, False, True]
    assert [owners.may_see("2", caller) for caller in (ALICE, BOB, ADMIN)] == [True, True, True]
    assert [owners.may_change("2", caller) for caller in (ALICE, BOB, ADMIN)] == [False, False, True]
    assert not owners.may_see(dataset_key("1"), BOB)
    assert owners.size_of("1", "bob") == 0


def test_map_that_appears_later_has_its_owner_from_the_first_look_on(settings):
    owners = Owners.load(settings)
    assert owners.owner_of("trained_map_1_1") == ""
    size = new_map(settings, "trained_map_1_1", owner_bytes("alice"))
    assert not owners.may_see("trained_map_1_1", BOB)
    assert owners.size_of("trained_map_1_1", "alice") == owners.bytes_of("alice") == size
    owners.forget("trained_map_1_1")
    assert owners.bytes_of("alice") == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"owner": 5}', b'{"owner": ""}', b"x" * 5000])
def test_owner_that_cannot_be_read_is_nobody_and_not_everybody(settings, content):
    new_map(settings, "1", content)
    assert read_owner(settings.maps_root / "1") == UNREADABLE
    owners = Owners.load(settings)
    assert [owners.may_see("1", caller) for caller in (ALICE, BOB, ADMIN)] == [False, False, True]
