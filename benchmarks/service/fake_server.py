"""The service with `fake_job` in its training process; takes the flags of ``python -m server``."""

from __future__ import annotations

import asyncio
import os
import sys

from server import logs
from server.settings import load_settings
from server.wiring import serve

if __name__ == "__main__":
    logs.set_up(as_json=False)
    asyncio.run(serve(load_settings(sys.argv[1:], os.environ), entry="fake_job"))
