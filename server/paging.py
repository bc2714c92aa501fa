"""Lists in pages: a page's token is the id of its last item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from voxcore.errors import InvalidInput

Item = TypeVar("Item")


class PageRequest(Protocol):
    """What every list request has."""

    @property
    def page_size(self) -> int: ...

    @property
    def page_token(self) -> str: ...


def page(
    items: Sequence[Item], id_of: Callable[[Item], str], request: PageRequest, *, usual: int, most: int
) -> tuple[Sequence[Item], str]:
    """The page that ``request`` asks for, and the token of the next one ("" for none).

    Raises InvalidInput for a token that names no item.
    """
    start = 0
    if request.page_token:
        found = (i for i, item in enumerate(items) if id_of(item) == request.page_token)
        start = next(found, -1) + 1
        if start == 0:
            raise InvalidInput(
                f"expected the token of an earlier page of this list, got {request.page_token[:40]!r}",
                field="page_token",
            )
    stop = start + min(request.page_size or usual, most)
    return items[start:stop], id_of(items[stop - 1]) if stop < len(items) else ""
