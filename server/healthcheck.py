"""``python -m server.healthcheck``: whether the service of these settings would start a job at once.

For containers and monitors on the same machine. Reads the settings from the environment; exit code 0
for yes, 1 for no.
"""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from typing import Final

from server.settings import is_loopback, load_settings
from voxcore.errors import VoxcoreError

_SECONDS: Final = 4.0


def main() -> int:
    """The exit code."""
    try:
        settings = load_settings([], os.environ)
        host = settings.host if is_loopback(settings.host) else "127.0.0.1"
        connection: http.client.HTTPConnection
        if settings.tls_cert is not None:
            # Whether it lives is the question, not who it is: the certificate is for other names.
            context = ssl._create_unverified_context()
            connection = http.client.HTTPSConnection(host, settings.web_port, timeout=_SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(host, settings.web_port, timeout=_SECONDS)
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        print(response.read().decode(errors="replace").strip())
        return 0 if response.status == 200 else 1
    except (OSError, http.client.HTTPException, VoxcoreError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
