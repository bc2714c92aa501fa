"""``python tests/web/serve.py FOLDER WEB_PORT PORT_FILE MAPS [flag…]``: the server, on maps and data of its own.

Copies of the repository's sample maps and datasets (or of MAPS) lie in FOLDER, so that browser tests
write to nothing else. A folder that is there already is taken up as it is: a server that starts again.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    folder, web_port, port_file, maps, *flags = sys.argv[1:]
    workspace = Path(folder)
    left_out = shutil.ignore_patterns("trained_map_*", ".lock", "registry.json")
    for name, source in (("maps", Path(maps) if maps else ROOT / "maps"), ("datasets", ROOT / "datasets")):
        if not (workspace / name).exists():
            shutil.copytree(source, workspace / name, ignore=left_out)
    roots = [f"--{name}-root={workspace / name}" for name in ("maps", "datasets", "runs")]
    ports = ["--port=0", f"--web-port={web_port}", f"--web-port-file={port_file}"]
    dist = f"--web-root={ROOT / 'clients' / 'web' / 'dist'}"
    os.execv(sys.executable, [sys.executable, "-m", "server", *ports, *roots, dist, "--no-warm-up", *flags])


if __name__ == "__main__":
    main()
