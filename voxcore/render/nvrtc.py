"""CUDA C, compiled when it is first needed by NVRTC, which torch's CUDA builds bring along.

No compiler and no step at install. A source is compiled once for a GPU and a process (about a second).
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, Protocol

import torch

from voxcore.errors import NotFound, ShapeError

BLOCK: Final = 128
"""Threads of a block: four warps."""

Argument = ctypes.c_int | ctypes.c_longlong | ctypes.c_float | ctypes.c_double | ctypes.c_void_p


class Kernels(Protocol):
    """Something that runs the kernels of one source."""

    def launch(self, name: str, blocks: int, arguments: Sequence[Argument]) -> None:
        """Run ``blocks`` blocks of BLOCK threads, in the order of the current stream."""
        ...


def pointer(tensor: torch.Tensor | None) -> ctypes.c_void_p:
    """Where a contiguous tensor lies; null for None."""
    if tensor is not None and not tensor.is_contiguous():
        raise ShapeError(f"expected a contiguous tensor, got strides {tensor.stride()}", field="pointer")
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())


def addresses(arguments: Sequence[Argument]) -> ctypes.Array[ctypes.c_void_p]:
    """Where each argument lies, as a launch wants them; ``arguments`` must outlive it."""
    return (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(a) for a in arguments))


class CompiledKernels:
    """The kernels of ``source`` on one GPU.

    Raises NotFound where NVIDIA's Python bindings are missing, RuntimeError where the source does not
    compile or the driver refuses.
    """

    def __init__(self, source: Path, index: int, options: tuple[str, ...]) -> None:
        try:
            from cuda.bindings import driver, nvrtc
        except ImportError as error:
            raise NotFound(
                "the CUDA renderer needs NVIDIA's bindings: pip install cuda-bindings", field="device"
            ) from error
        self._driver, self._nvrtc, self._device = driver, nvrtc, torch.device("cuda", index)
        self._functions: dict[str, Any] = {}
        with torch.cuda.device(self._device):
            torch.cuda.current_stream().synchronize()  # so that there is a context
            image = self._compile(source, torch.cuda.get_device_capability(index), options)
            self._module = self._done(driver.cuModuleLoadData(image))

    def launch(self, name: str, blocks: int, arguments: Sequence[Argument]) -> None:
        with torch.cuda.device(self._device):
            if name not in self._functions:
                self._functions[name] = self._done(self._driver.cuModuleGetFunction(self._module, name.encode()))
            values = addresses(arguments)
            stream = torch.cuda.current_stream().cuda_stream
            self._done(
                self._driver.cuLaunchKernel(
                    self._functions[name], blocks, 1, 1, BLOCK, 1, 1, 0, stream, ctypes.addressof(values), 0
                )
            )

    def _compile(self, source: Path, capability: tuple[int, int], options: tuple[str, ...]) -> bytes:
        """Machine code for this GPU; for one that is newer than the compiler, PTX, which the driver finishes."""
        nvrtc = self._nvrtc
        ours = 10 * capability[0] + capability[1]
        known = max(a for a in self._done(nvrtc.nvrtcGetSupportedArchs()) if a <= ours)
        exact = known == ours
        program = self._done(nvrtc.nvrtcCreateProgram(source.read_bytes(), source.name.encode(), 0, [], []))
        flags = [f"--gpu-architecture={'sm' if exact else 'compute'}_{known}", *options]
        try:
            self._done(nvrtc.nvrtcCompileProgram(program, len(flags), [flag.encode() for flag in flags]))
        except RuntimeError as error:
            log = b" " * self._done(nvrtc.nvrtcGetProgramLogSize(program))
            nvrtc.nvrtcGetProgramLog(program, log)
            raise RuntimeError(f"{source.name} does not compile: {log.decode(errors='replace')}") from error
        size, get = (
            (nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN) if exact else (nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX)
        )
        image: bytes = b" " * self._done(size(program))
        self._done(get(program, image))
        return image

    @staticmethod
    def _done(answer: tuple[Any, ...]) -> Any:
        """What a call returned after its status. Raises RuntimeError where that is not success."""
        status, *rest = answer
        if int(status) != 0:
            raise RuntimeError(f"CUDA: {status.name}")
        return rest[0] if rest else None


@cache
def compiled(source: Path, index: int, options: tuple[str, ...] = ()) -> CompiledKernels:
    """The same, compiled once per process."""
    return CompiledKernels(source, index, options)
