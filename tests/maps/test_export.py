"""What a finished training leaves behind: all of it or nothing, under a number used once."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from voxcore.errors import InvalidInput, MapFormatError, NotFound, StorageError
from voxcore.maps import (
    VoxelMap,
    check_exportable,
    export_training,
    list_maps,
    load_map,
    read_registry,
    resolve_map_id,
    save_map,
)
from voxcore.maps.registry import source_label, trained_map_id
from voxcore.png import encode_png

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "maps"
    (root / "1").mkdir(parents=True)
    save_map(small_map(), root / "1" / "map.json")
    return root


def small_map():
    blocks = np.zeros((4, 3, 5), dtype=np.uint8)
    blocks[:, 0, :] = 3
    return VoxelMap(blocks, sequence=1, seed=5)


def export(root, source="1", **changes):
    log = root.parent / "train.jsonl"
    log.write_text('{"step": 1}\n')
    picture = encode_png(np.zeros((2, 3, 3), dtype=np.uint8))
    given = {
        "voxel_map": small_map(),
        "metadata": {"prompt": "a castle", "steps": 3},
        "train_log": log,
        "images": {"first": picture, "middle": picture, "last": picture},
    }
    return export_training(root, source, **(given | changes))


def tree(root):
    return {
        p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file() and p.name != ".lock"
    }


def test_everything_is_there(root):
    exported = export(root)
    assert (exported.id, exported.number, exported.path) == ("trained_map_1_1", 1, root / "trained_map_1_1")
    inside = sorted(p.relative_to(exported.path).as_posix() for p in exported.path.rglob("*") if p.is_file())
    images = ["images/first.png", "images/last.png", "images/middle.png"]
    assert inside == [*images, "map.json", "train.jsonl", "training_metadata.json"]
    stored = load_map(exported.path)
    assert (stored.blocks == small_map().blocks).all()
    assert (stored.sequence, stored.seed) == (None, 5)
    metadata = json.loads((exported.path / "training_metadata.json").read_text())
    assert metadata["prompt"] == "a castle"
    assert (metadata["mapId"], metadata["sourceMap"], metadata["number"]) == ("trained_map_1_1", "1", 1)
    assert (exported.path / "train.jsonl").read_text() == '{"step": 1}\n'


def test_the_registry_lists_every_map_with_its_origin(root):
    export(root)
    export(root, "trained_map_1_1")
    listed = json.loads((root / "registry.json").read_text())["maps"]
    assert [(m["id"], m["origin"], m.get("source"), m.get("number")) for m in listed] == [
        ("1", "given", None, None),
        ("trained_map_1_1", "trained", "1", 1),
        ("trained_map_trained_map_1_1_1", "trained", "trained_map_1_1", 1),
    ]


def test_numbers_count_up_per_source_and_never_come_back(root):
    assert [export(root).number, export(root).number, export(root, "other").number] == [1, 2, 1]
    shutil.rmtree(root / "trained_map_1_2")
    assert [m.id for m in read_registry(root).maps] == ["1", "trained_map_1_1", "trained_map_other_1"]
    assert export(root).number == 3


def test_folders_that_the_registry_lacks_are_counted(root):
    shutil.copytree(root / "1", root / "trained_map_1_7")
    assert export(root).number == 8
    assert {m.id: m.origin for m in read_registry(root).maps}["trained_map_1_7"] == "trained"


def test_ids_stay_ids_however_often_a_map_is_trained_on(root):
    source, seen = "1", set()
    for _ in range(8):
        source = export(root, source).id
        assert len(source) <= 64
        assert resolve_map_id(root, source).is_dir()
        seen.add(source)
    assert len(seen) == 8
    assert trained_map_id("x" * 64, 999_999_999) != trained_map_id("x" * 63 + "y", 999_999_999)
    assert source_label(source_label("x" * 64)) == source_label("x" * 64)


@pytest.mark.parametrize("call", ["write", "fsync", "rename", "open"])
@pytest.mark.parametrize("earlier", [0, 1])
def test_a_refusing_disk_leaves_nothing(root, monkeypatch, call, earlier):
    for _ in range(earlier):
        export(root)
    before = tree(root)
    for survived in range(12):
        counter = iter(range(survived))
        real = getattr(os, call)

        def fail(*arguments, _counter=counter, _real=real, **keywords):
            # Opening for reading, as cleaning up does, needs no space.
            reads = call == "open" and not arguments[1] & os.O_CREAT
            if not reads and next(_counter, None) is None:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return _real(*arguments, **keywords)

        with monkeypatch.context() as patch:
            patch.setattr(f"voxcore.maps.atomic.os.{call}", fail)
            try:
                outcome = export(root).id
            except StorageError as error:
                outcome = str(error)
        if outcome.startswith("trained_map_"):
            assert survived > 0
            return
        assert "the disk is full" in outcome
        assert tree(root) == before
        assert not [p for p in root.iterdir() if p.name.startswith(".tmp-")]
    pytest.fail(f"the export should need fewer than 12 calls of os.{call}")


@pytest.mark.parametrize("which", [1, 2])
def test_a_crash_at_a_rename_leaves_nothing_half_done(root, which):
    # The process dies by os._exit at its first (folder) or second (registry) rename.
    export(root)
    script = f"""
import os, sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
from test_export import export
calls, rename = [], os.rename
def dying(*arguments):
    calls.append(arguments)
    if len(calls) == {which}:
        os._exit(9)
    rename(*arguments)
os.rename = dying
export(Path({str(root)!r}))
"""
    done = subprocess.run([sys.executable, "-B", "-c", script], check=False)
    assert done.returncode == 9
    complete = [m.id for m in list_maps(root)]
    assert complete == ["1", "trained_map_1_1"] + (["trained_map_1_2"] if which == 2 else [])
    assert [m.id for m in read_registry(root).maps] == complete
    assert export(root).number == which + 1
    assert not [p for p in root.iterdir() if p.name.startswith(".tmp-")]


def test_two_processes_never_take_the_same_number(root):
    script = f"""
import sys
sys.path[:0] = [{str(REPOSITORY)!r}, {str(Path(__file__).parent)!r}]
from pathlib import Path
from test_export import export
Path(sys.argv[1]).mkdir()
for _ in range(5):
    export(Path({str(root)!r}))
"""
    jobs = [
        subprocess.Popen([sys.executable, "-B", "-c", script, str(root.parent / name)]) for name in ("first", "second")
    ]
    assert [job.wait() for job in jobs] == [0, 0]
    assert read_registry(root).last_numbers == {"1": 10}
    assert len(list_maps(root)) == 11


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"source": "../1"}, InvalidInput, "source_id"),
        ({"images": {"a/b": b""}}, InvalidInput, "images"),
        ({"images": {"first": b"GIF89a"}}, InvalidInput, "expected the bytes of a PNG"),
        ({"metadata": {"x": float("nan")}}, InvalidInput, "metadata"),
        ({"metadata": {"x": object()}}, InvalidInput, "metadata"),
        ({"train_log": Path("/nowhere/train.jsonl")}, NotFound, "does not exist"),
    ],
)
def test_bad_input_writes_nothing(root, changes, error, text):
    before = tree(root)
    with pytest.raises(error, match=text):
        export(root, **changes)
    assert tree(root) == before


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b'{"maps": [], "lastNumbers": {"1": "x"}}',
        b'{"maps": [3], "lastNumbers": {}}',
        b'{"maps": [{"id": "1", "origin": "stolen"}], "lastNumbers": {}}',
        b'{"maps": [{"id": "1", "origin": "trained", "source": "1"}], "lastNumbers": {}}',
    ],
)
def test_a_damaged_registry_is_an_error_and_stays(root, content):
    (root / "registry.json").write_bytes(content)
    before = tree(root)
    for action in (lambda: export(root), lambda: check_exportable(root, "1"), lambda: read_registry(root)):
        with pytest.raises(MapFormatError, match="expected"):
            action()
    assert tree(root) == before


def test_whether_an_export_would_work_is_known_before(root, monkeypatch):
    check_exportable(root, "1")
    assert sorted(tree(root)) == ["1/map.json"]
    check_exportable(root.parent / "new" / "maps", "1")
    with pytest.raises(InvalidInput):
        check_exportable(root, "a/b")
    (root.parent / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot write"):
        check_exportable(root.parent / "file" / "maps", "1")


@pytest.mark.parametrize("map_id", ["", "..", "a/b", "/etc", "a" * 65, "a.b", "ä", "a\n", "a\0"])
def test_ids_are_never_paths(root, map_id):
    with pytest.raises(InvalidInput, match="map_id: expected 1 to 64 letters"):
        resolve_map_id(root, map_id)


def test_unknown_ids_and_the_listing(root):
    with pytest.raises(NotFound, match="nothing does not exist"):
        resolve_map_id(root, "nothing")
    (root / "no map here").mkdir()
    (root / "2").mkdir()
    assert [(m.id, m.path, m.file_bytes > 100) for m in list_maps(root)] == [("1", root / "1", True)]
    assert list_maps(root / "nothing") == ()
