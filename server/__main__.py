"""``python -m server``: run the service. Exit codes: 0 stopped as asked, 1 could not serve, 2 wrong settings."""

from __future__ import annotations

import asyncio
import os
import sys

from server import logs
from server.settings import load_settings
from server.wiring import serve
from voxcore.errors import InvalidConfig, VoxcoreError


def main() -> int:
    """The exit code."""
    try:
        settings = load_settings(sys.argv[1:], os.environ)
    except InvalidConfig as error:
        print(f"server: {error}", file=sys.stderr)
        return 2
    logs.set_up(as_json=settings.log_json)
    try:
        asyncio.run(serve(settings))
    except VoxcoreError as error:
        print(f"server: {error}", file=sys.stderr)
        return 2 if isinstance(error, InvalidConfig) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
