"""Write docs/settings.md and docs/errors.md from the code that they are about.

python scripts/write_reference.py          # write
python scripts/write_reference.py --check  # fail where a file is out of date
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from pathlib import Path

from vox.v1 import errors_pb2

from server.errors import CODES, DOMAIN, code_name
from server.settings import ENVIRONMENT_PREFIX, RANGES, Settings

ROOT = Path(__file__).parents[1]
CONTRACT = ROOT / "proto" / "vox" / "v1" / "errors.proto"

SETTINGS_HEAD = """# Settings of the service

Written by `scripts/write_reference.py` from `server/settings.py`. Flags of `python -m server` come before
environment variables, before the TOML file named by `--config` or `VOXCORE_CONFIG`, before defaults. A
switch is `--name` or `--no-name`. A wrong value ends the start with one sentence and exit code 2.

| Flag | Variable | Default | Range | Meaning |
|---|---|---|---|---|
"""
ERRORS_HEAD = f"""# Errors of the service

Written by `scripts/write_reference.py` from `proto/vox/v1/errors.proto` and `server/errors.py`, the one place
where exceptions become statuses. Every error is a google.rpc.Status: over gRPC in the trailer
`grpc-status-details-bin`, over Connect in the JSON error's `details`. It always holds a
google.rpc.ErrorInfo with domain `{DOMAIN}` and the reason; where one field is to blame a
google.rpc.BadRequest names it; RATE_LIMITED has a google.rpc.RetryInfo, QUOTA_EXCEEDED a
google.rpc.QuotaFailure. Jobs carry the same reasons in `JobError.reason`.

| Reason | gRPC code | Meaning |
|---|---|---|
"""


def settings_page() -> str:
    rows = []
    meanings = _meanings()
    for field in dataclasses.fields(Settings):
        flag = "--" + field.name.replace("_", "-")
        low, high = RANGES.get(field.name, (None, None))
        reach = f"{low:g} to {high:,.10g}".replace(",", " ") if low is not None and high is not None else ""
        default = "" if field.default in (None, "") else str(field.default)
        rows.append(
            f"| `{flag}` | `{ENVIRONMENT_PREFIX}{field.name.upper()}` | {default} | {reach} | {meanings[field.name]} |"
        )
    return SETTINGS_HEAD + "\n".join(rows) + "\n"


def _meanings() -> dict[str, str]:
    """What the docstring of Settings says of each; "a, b: ..." stands for both."""
    text = inspect.getdoc(Settings) or ""
    found: dict[str, str] = {}
    for names, meaning in re.findall(r"^    ([a-z_, ]+): ((?:.|\n(?!    [a-z_, ]+: ))*)", text.split("Args:")[1], re.M):
        sentence = " ".join(meaning.split()).replace("|", "\\|")
        for name in names.split(","):
            found[name.strip()] = sentence[0].upper() + sentence[1:]
    return found


def errors_page() -> str:
    rows = []
    comment: list[str] = []
    for line in CONTRACT.read_text(encoding="utf-8").split("enum ErrorReason {")[1].splitlines():
        line = line.strip()
        if line.startswith("//"):
            comment.append(line.removeprefix("//").strip())
        elif match := re.fullmatch(r"ERROR_REASON_(\w+) = (\d+);", line):
            number = errors_pb2.ErrorReason.ValueType(int(match[2]))
            if number:
                meaning, _, said = " ".join(comment).partition(" [")
                code = code_name(CODES[number])
                if said and said.rstrip("]") != code:
                    raise SystemExit(f"{match[1]}: the contract says {said.rstrip(']')}, the server {code}")
                rows.append(f"| {match[1]} | {code} | {meaning} |")
            comment = []
    return ERRORS_HEAD + "\n".join(rows) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, text in (("settings.md", settings_page()), ("errors.md", errors_page())):
        path = ROOT / "docs" / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run python scripts/write_reference.py", file=sys.stderr)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
