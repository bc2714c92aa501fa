"""Functions of tensors, recorded once for each shape as CUDA graphs and replayed: no time goes to launching
kernels, which is most of what a UNet takes at small pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

MAX_SHAPES: Final = 4
"""Each recording holds memory of its own; further shapes are run as they are."""
_WARM_UPS: Final = 2


@dataclass(frozen=True, eq=False)
class _Recording:
    graph: torch.cuda.CUDAGraph
    inputs: dict[str, Tensor]
    output: Tensor


class Graphed:
    """``function``, which must depend on nothing but its tensors. Not differentiable."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        self._function = function
        self._recordings: dict[tuple[object, ...], _Recording] = {}

    @torch.no_grad()
    def __call__(self, **inputs: Tensor) -> Tensor:
        """What ``function`` returns, in a fresh tensor."""
        key = tuple((name, tuple(value.shape), value.dtype) for name, value in inputs.items())
        if key not in self._recordings:
            if len(self._recordings) == MAX_SHAPES:
                return self._function(**inputs)
            self._recordings[key] = self._record(inputs)
        recording = self._recordings[key]
        for name, buffer in recording.inputs.items():
            buffer.copy_(inputs[name])
        recording.graph.replay()
        return recording.output.clone()

    def _record(self, inputs: dict[str, Tensor]) -> _Recording:
        held = {name: value.clone() for name, value in inputs.items()}
        # Libraries pick their algorithms and take their workspaces on the first calls.
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UPS):
                self._function(**held)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            output = self._function(**held)
        return _Recording(graph, held, output)
