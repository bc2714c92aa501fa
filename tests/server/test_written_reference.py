"""The pages that are written from code say what the code says."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_reference.py"


def test_pages_are_up_to_date():
    found = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
