"""Lets the job run where numba and Pillow are not installed, as on a bare GPU machine.

The job's network runs in torch and needs neither; voxcore imports them for the CPU renderer and for PNG files,
which such a run does not use, and for the labelling of connected pieces, which gets a numpy twin here. Call
``install()`` before the first import of voxcore. Where both packages are there it does nothing.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NUMBA: Final = ("numba", "numba.core", "numba.core.datamodel", "numba.extending", "llvmlite")
"""What voxcore imports from."""


class _Anything:
    """Stands for numba's types: every attribute and every call is another of these, also as a decorator, and classes
    can be derived from one.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> _Anything:
        return self

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (_Anything,)


class _Module(ModuleType):
    """A module of which anything can be imported."""

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything()


def _njit(*args: Any, **_: Any) -> Any:
    if len(args) == 1 and callable(args[0]) and not isinstance(args[0], _Anything):
        return args[0]
    return lambda function: function


def install() -> bool:
    """Put stand-ins where a package is missing. Returns whether any was needed."""
    missing = [name for name in ("numba", "PIL") if importlib.util.find_spec(name) is None]
    if "numba" in missing:
        for name in NUMBA:
            sys.modules[name] = _Module(name)
        sys.modules["numba"].njit = _njit  # type: ignore[attr-defined]
        import voxcore.maps.components as components

        components._label = label
    if "PIL" in missing:
        sys.modules["PIL"] = _Module("PIL")
    return bool(missing)


def label(solid: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Pieces of ``solid`` [X, Y, Z] as `voxcore.maps.components` numbers them: in scan order, from 1.

    Every cell takes the lowest cell index among its neighbours' until nothing changes; following the index that a
    cell points to (pointer jumping) makes that a matter of few rounds.
    """
    cells = solid.size
    index = np.arange(cells, dtype=np.int64).reshape(solid.shape)
    low = np.where(solid, index, cells)
    while True:
        new = low.copy()
        for axis in range(3):
            a = [slice(None)] * 3
            b = [slice(None)] * 3
            a[axis], b[axis] = slice(1, None), slice(None, -1)
            np.minimum(new[*a], low[*b], out=new[*a])
            np.minimum(new[*b], low[*a], out=new[*b])
        new[~solid] = cells
        flat = np.append(new.ravel(), cells)
        for _ in range(4):
            flat = flat[flat]
        new = flat[:-1].reshape(solid.shape)
        if np.array_equal(new, low):
            break
        low = new
    roots = np.unique(low[solid])
    labels = np.zeros(solid.shape, dtype=np.int32)
    labels[solid] = np.searchsorted(roots, low[solid]) + 1
    return labels, len(roots)
