"""Splits a kernel's work over threads. The kernels release the GIL, so plain Python threads do.

Numba's own threads are not used: its default layer may not be entered by two jobs at once. A pool
lives as long as one call (some 100 microseconds to set up), so a forked process inherits none.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch


def thread_count() -> int:
    """How many threads renderers use: torch's setting (``torch.set_num_threads``, OMP_NUM_THREADS)."""
    return torch.get_num_threads()


def for_ranges(work: Callable[[int, int], None], total: int, block: int) -> None:
    """Calls ``work(start, stop)`` for consecutive ranges of ``block`` that cover 0..total-1.

    Ranges are fixed by ``total`` and ``block``, not by the number of threads, and run in any order:
    ``work`` must not write what another range reads or writes. Its exceptions are passed on.
    """
    starts = range(0, total, block)
    threads = min(thread_count(), len(starts))
    if threads <= 1:
        for start in starts:
            work(start, min(start + block, total))
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda start: work(start, min(start + block, total)), starts):
            pass
