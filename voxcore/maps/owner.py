"""Whose a map or dataset is: a small file in its folder, so that the two appear and go together.

voxcore itself lets everybody have everything; services that know their users ask here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from voxcore.errors import InvalidInput, NotFound, VoxcoreError
from voxcore.json_io import get_text, parse_object, read_limited

OWNER_FILE: Final = "owner.json"
UNREADABLE: Final = "?"
"""Whose a folder is whose owner cannot be read: nobody's who can be named, rather than everybody's."""
_MAX_BYTES: Final = 4096


def owner_bytes(owner: str) -> bytes:
    """The content of the file that says so."""
    return json.dumps({"owner": owner}).encode() + b"\n"


def read_owner(folder: Path) -> str:
    """The owner's name, "" where the folder is everybody's."""
    try:
        document = parse_object(read_limited(folder / OWNER_FILE, _MAX_BYTES), InvalidInput, what=OWNER_FILE)
        return get_text(document, "owner", InvalidInput) or UNREADABLE
    except NotFound:
        return ""
    except VoxcoreError:
        return UNREADABLE
