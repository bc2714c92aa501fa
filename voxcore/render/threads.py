"""A team of threads that runs the same function. The kernels release the GIL, so Python threads do.

Numba's own threads are not used: its default layer may not be entered by two jobs at once. A team
lives as long as one call (some 100 microseconds to set up), so a forked process inherits none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

import torch

MAX_THREADS: Final = 64

Work = Callable[[int, int, Callable[[], object]], None]


def run_team(work: Work, limit: int) -> None:
    """Calls ``work(rank, size, wait)`` once per member, rank 0 in this thread; returns when all are done.

    The size is torch's number of threads (``torch.set_num_threads``, OMP_NUM_THREADS) but at most
    ``limit``. ``wait()`` returns when every member has called it. An exception of any member ends
    the team and is passed on.
    """
    size = max(1, min(torch.get_num_threads(), limit, MAX_THREADS))
    barrier = threading.Barrier(size)
    errors: list[BaseException] = []

    def member(rank: int) -> None:
        try:
            work(rank, size, barrier.wait)
        except threading.BrokenBarrierError:
            pass  # somebody else's exception is already in the list
        except BaseException as error:  # also KeyboardInterrupt: nobody may be left at the barrier
            errors.append(error)
            barrier.abort()

    threads = [threading.Thread(target=member, args=(rank,)) for rank in range(1, size)]
    for thread in threads:
        thread.start()
    member(0)
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def deck(total: int, block: int) -> Iterator[tuple[int, int]]:
    """The ranges (start, stop) of ``block`` items, for all members to draw from: who is free takes the next one.

    For work whose result does not depend on who does it. (The iterator of a list moves on by one
    item at a time, whoever asks; a generator could be entered twice.)
    """
    return iter([(start, min(start + block, total)) for start in range(0, total, block)])


def dealt(total: int, block: int, rank: int, size: int) -> Iterator[tuple[int, int]]:
    """The ranges (start, stop) of ``block`` items that member ``rank`` of ``size`` gets, like cards."""
    for start in range(rank * block, total, size * block):
        yield start, min(start + block, total)
