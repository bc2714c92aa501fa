"""Quantities that change over a run."""

from __future__ import annotations


def fraction(step: int, total: int) -> float:
    """How far a run of ``total`` steps is when step number ``step`` (0-based) begins: 0 first, 1 last."""
    return step / (total - 1) if total > 1 else 0.0


def linear(start: float, end: float, at: float) -> float:
    """The point ``at`` (0..1) of the way from ``start`` to ``end``."""
    return start + (end - start) * at


def late(at: float, begin: float = 0.5) -> float:
    """0 until ``begin`` of the run, then rising to 1: for terms that would freeze an early grid."""
    return max(0.0, (at - begin) / (1.0 - begin))


def call_index(step: int, steps: int, calls: int) -> int:
    """Which of ``calls`` teacher calls governs ``step``: calls are spread evenly over the run."""
    return step * min(calls, steps) // steps
