"""Exported files: made once, kept for a while, of the version that was asked for."""

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import pytest

from server.access import Access
from server.exporting import KEPT_FILES, Exporter
from server.library import Library
from server.owners import Owners
from server.reasons import VersionConflict
from server.rpc import Caller
from server.settings import Settings
from voxcore.maps import VoxelMap, load_map, save_map
from voxcore.maps.formats import export_map

ME = Caller()


class HereAndNow:
    """A side process that is none, and counts."""

    def __init__(self) -> None:
        self.count = 0

    async def run(self, work, *args, **kwargs):
        self.count += 1
        await asyncio.sleep(0)
        return work(*args, **kwargs)


@pytest.fixture
def place(tmp_path) -> tuple[Library, Exporter, HereAndNow, Path]:
    settings = Settings(maps_root=tmp_path / "maps", datasets_root=tmp_path / "d", runs_root=tmp_path / "runs")
    for number in range(KEPT_FILES + 2):
        folder = settings.maps_root / f"m{number}"
        folder.mkdir(parents=True)
        blocks = np.zeros((4, 4, 4), dtype=np.uint8)
        blocks.ravel()[: number + 1] = 1
        save_map(VoxelMap(blocks), folder / "map.json")
    side = HereAndNow()
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "left over").write_text("x")
    exporter = Exporter(folder, side, max_bytes=10**6)  # type: ignore[arg-type]
    return Library(settings, Access(), Owners.load(settings)), exporter, side, settings.maps_root


def test_a_file_is_made_once_for_all_who_ask(place):
    library, exporter, side, maps = place

    async def main() -> None:
        stored = await library.find_map("m1", ME)
        files = await asyncio.gather(*(exporter.file(stored, "glb") for _ in range(5)))
        assert side.count == 1
        assert len(set(files)) == 1
        data = files[0].path.read_bytes()
        assert data == export_map(load_map(maps / "m1"), "glb")
        assert (files[0].name, files[0].size, files[0].sha256) == (
            "m1.glb",
            len(data),
            hashlib.sha256(data).hexdigest(),
        )
        await exporter.file(stored, "vox")
        assert side.count == 2
        assert {p.suffix for p in files[0].path.parent.iterdir()} == {".glb", ".vox"}

    asyncio.run(main())


def test_only_the_newest_files_are_kept_and_an_open_one_can_be_read_to_its_end(place):
    library, exporter, side, _ = place

    async def main() -> None:
        first = await exporter.file(await library.find_map("m0", ME), "ply")
        with first.path.open("rb") as opened:
            for number in range(1, KEPT_FILES + 2):
                await exporter.file(await library.find_map(f"m{number}", ME), "ply")
            assert not first.path.exists()
            assert len(list(first.path.parent.iterdir())) == KEPT_FILES
            assert len(opened.read()) == first.size
        await exporter.file(await library.find_map("m0", ME), "ply")
        assert side.count == KEPT_FILES + 3

    asyncio.run(main())


def test_map_that_was_replaced_meanwhile_is_not_passed_off_as_what_it_was(place):
    library, exporter, _, maps = place

    async def main() -> None:
        stored = await library.find_map("m2", ME)
        save_map(VoxelMap(np.ones((4, 4, 4), dtype=np.uint8)), maps / "m2" / "map.json")
        with pytest.raises(VersionConflict, match="replaced"):
            await exporter.file(stored, "vox")

    asyncio.run(main())
