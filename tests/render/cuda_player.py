"""Runs voxcore/render/walk.cu on the CPU: built by g++, its warps played by `warp_player.h`."""

import ctypes
import functools
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from voxcore.render.cuda import SOURCE
from voxcore.render.nvrtc import addresses

HERE = Path(__file__).parent
BUILT = tempfile.TemporaryDirectory()


class PlayedKernels:
    """See `voxcore.render.nvrtc.Kernels`."""

    def __init__(self, library: Path) -> None:
        self._run = ctypes.CDLL(str(library)).run_kernel
        self.launched: list[str] = []

    def launch(self, name, blocks, arguments):
        self.launched.append(name)
        assert self._run(name.encode(), blocks, addresses(arguments)) == 0, f"no kernel {name}"


@functools.cache
def library(deterministic: bool) -> Path:
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        message = "the CUDA kernels are tested on a CPU with a C++ compiler, and there is none"
        if os.environ.get("VOXCORE_SKIP_NOTHING"):
            pytest.fail(message)
        pytest.skip(message)
    out = Path(BUILT.name) / f"walk_{deterministic}.so"
    flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-Wall", "-Werror", "-Wno-unused-function",
             "-Wno-unknown-pragmas", "-shared", "-fPIC", f"-I{SOURCE.parent}"]  # fmt: skip
    flags += ["-DDETERMINISTIC"] if deterministic else []
    subprocess.run([compiler, *flags, "-o", str(out), str(HERE / "played.cpp")], check=True)
    return out


def played(deterministic: bool) -> PlayedKernels:
    return PlayedKernels(library(deterministic))
