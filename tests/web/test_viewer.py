"""The viewer's own suites: unit tests in Node, and tests in a real Chromium against a real server.

One pytest test a suite; what it printed is shown where it fails. Without Node.js or a Chromium they are
skipped, and say so; as root the Chromium is installed from the distribution.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parents[2] / "clients" / "web"
BUILD = WEB.parents[1] / "scripts" / "build_viewer.py"
SUITES = sorted(path.relative_to(WEB).as_posix() for path in (WEB / "tests").glob("*.browser.ts"))


def run(*command: str, seconds: float = 300.0, cwd: Path | None = WEB) -> None:
    """Runs a command; where it fails, its output is the failure."""
    environment = os.environ | {"VOXCORE_PYTHON": sys.executable, "NO_COLOR": "1", "CI": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, cwd=cwd, env=environment, timeout=seconds, check=False, **pipes)
    output = done.stdout.decode(errors="replace")
    print(output)
    assert done.returncode == 0, f"{' '.join(command)} ended with {done.returncode}:\n{output[-8000:]}"


@pytest.fixture(scope="session")
def node_modules() -> None:
    """What the viewer's package-lock.json says, and the page built from the sources."""
    if shutil.which("npm") is None:
        pytest.skip("there is no Node.js here (apt-get install nodejs npm)")
    # Each does nothing where it was done before.
    run(sys.executable, str(BUILD), "--packages")
    run(sys.executable, str(BUILD))


@pytest.fixture(scope="session")
def browser(node_modules: None) -> None:
    """A Chromium, installed where that is possible."""
    if shutil.which("chromium") is None and os.geteuid() == 0 and shutil.which("apt-get"):
        run("apt-get", "update", "-qq", cwd=None)
        run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium", seconds=600.0, cwd=None)
    if shutil.which("chromium") is None:
        pytest.skip("there is no Chromium here (apt-get install chromium)")


def test_units(node_modules: None) -> None:
    run("npm", "test")


@pytest.mark.parametrize("suite", SUITES)
def test_in_a_browser(suite: str, browser: None) -> None:
    run("npm", "run", "test:browser", "--", suite)
