"""Work spread over processes."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def spread(
    work: Callable[[Any], Any], tasks: Sequence[Any], workers: int, begin: Callable[..., None], *given: Any
) -> Iterator[Any]:
    """What ``work`` says of each task, in any order; each process calls ``begin`` with ``given`` first. A single worker
    is this process.
    """
    if workers == 1:
        begin(*given)
        yield from map(work, tasks)
        return
    with mp.get_context("spawn").Pool(workers, begin, given) as pool:
        yield from pool.imap_unordered(work, tasks)
