"""Writes are all or nothing: a full disk, a missing permission or a crash leaves what was there."""

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from voxcore.errors import StorageError
from voxcore.maps.atomic import new_folder, remove_leftovers, sync_folder, write_bytes, write_synced

WRITING = ["open", "write", "fsync", "rename"]


def failing(number):
    def fail(*arguments, **keywords):
        raise OSError(number, os.strerror(number))

    return fail


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_writes_and_replaces(tmp_path):
    write_bytes(tmp_path / "a", b"one")
    write_bytes(tmp_path / "a", b"two" * 100_000)
    assert content(tmp_path) == {"a": b"two" * 100_000}


@pytest.mark.parametrize("call", WRITING)
@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "no permission"), (errno.EROFS, "read-only")],
)
def test_a_refused_write_is_one_error_and_changes_nothing(tmp_path, monkeypatch, call, number, reason):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(f"voxcore.maps.atomic.os.{call}", failing(number))
    with pytest.raises(StorageError, match=reason) as caught:
        write_bytes(path, b"new")
    monkeypatch.undo()
    assert str(path) in str(caught.value)
    assert content(tmp_path) == {"a": b"old"}


def test_a_disk_that_fills_up_half_way_is_seen(tmp_path):
    # A real refusal by the kernel in the middle of a file: this process may write 1000 bytes a file.
    script = f"""
import resource
from pathlib import Path
from voxcore.errors import StorageError
from voxcore.maps.atomic import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, {resource.RLIM_INFINITY}))
try:
    write_bytes(Path({str(tmp_path)!r}) / "a", bytes(5000))
except StorageError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-B", "-c", script], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    assert "larger than the system allows" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_full_device_is_one_error(tmp_path):
    device = tmp_path / "full"
    device.symlink_to("/dev/full")
    with pytest.raises(FileExistsError):  # never written through a name that exists
        write_synced(device, b"x")
    with device.open("wb") as stream, pytest.raises(OSError, match="No space") as caught:
        os.write(stream.fileno(), b"x")
    assert caught.value.errno == errno.ENOSPC


def test_a_folder_without_permission(tmp_path):
    # Root may write anywhere except where the kernel itself says no.
    folder = Path("/proc/self") if os.geteuid() == 0 else tmp_path
    if os.geteuid() != 0:
        tmp_path.chmod(0o555)
    with pytest.raises(StorageError, match="cannot write"):
        write_bytes(folder / "a", b"x")


def test_missing_and_impossible_folders(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="the folder does not exist"):
        write_bytes(tmp_path / "nothing" / "a", b"x")
    with pytest.raises(StorageError, match="not a folder"):
        write_bytes(tmp_path / "file" / "a", b"x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError, match="it is a folder"):
        write_bytes(tmp_path / "folder", b"x")
    assert sorted(content(tmp_path)) == ["file"]


def test_a_folder_appears_with_all_its_files(tmp_path):
    with new_folder(tmp_path / "a") as folder:
        write_synced(folder / "x", b"1")
        (folder / "sub").mkdir()
        write_synced(folder / "sub" / "y", b"2")
        assert not (tmp_path / "a").exists()
    assert content(tmp_path) == {"a/x": b"1", "a/sub/y": b"2"}


@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_folder_that_cannot_be_finished_leaves_nothing(tmp_path, monkeypatch, call):
    monkeypatch.setattr(f"voxcore.maps.atomic.os.{call}", failing(errno.ENOSPC))
    with pytest.raises((StorageError, OSError)), new_folder(tmp_path / "a") as folder:
        write_synced(folder / "x", b"1")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_whose_parent_cannot_be_flushed_goes_away_again(tmp_path, monkeypatch):
    def sync(path):
        if path == tmp_path:
            raise OSError(errno.EIO, "no")
        sync_folder(path)

    monkeypatch.setattr("voxcore.maps.atomic.sync_folder", sync)
    with pytest.raises(StorageError), new_folder(tmp_path / "a"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_never_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StorageError, match="exists already"), new_folder(tmp_path / "a"):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_leftovers_of_a_crash_go_and_content_stays(tmp_path):
    (tmp_path / ".tmp-0123-a").mkdir()
    (tmp_path / ".tmp-0123-a" / "x").write_bytes(b"")
    (tmp_path / ".tmp-4567-b").write_bytes(b"")
    (tmp_path / "c").write_bytes(b"")
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["c"]
