"""How long an exported file may be."""

from __future__ import annotations

from voxcore.errors import LimitExceeded


def check_size(size: int, max_bytes: int) -> None:
    """Raises LimitExceeded for a file of ``size`` bytes where that is more than ``max_bytes``."""
    if size > max_bytes:
        raise LimitExceeded(f"expected a file of at most {max_bytes} bytes, got one of {size}", field="format")
