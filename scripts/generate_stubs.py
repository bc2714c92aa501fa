"""Write the Python stubs of the contract beside the .proto files, or check that they are up to date.

``python scripts/generate_stubs.py [--check]``; the exit code of ``--check`` is 1 where they differ.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent / "proto"
PACKAGE = Path("vox/v1")


def generate(out: Path) -> dict[str, bytes]:
    """The generated files by name, made in the folder ``out``."""
    sources = sorted(str(p.relative_to(ROOT)) for p in (ROOT / PACKAGE).glob("*.proto"))
    include = Path(grpc_tools.__file__).parent / "_proto"
    # The typing plugins are console scripts; protoc finds them beside the interpreter that runs this.
    plugins = [
        f"--plugin=protoc-gen-{name}={Path(sys.executable).parent / f'protoc-gen-{name}'}"
        for name in ("mypy", "mypy_grpc")
    ]
    kinds = [f"--{kind}_out={out}" for kind in ("python", "grpc_python")]
    kinds += [f"--{kind}_out=quiet:{out}" for kind in ("mypy", "mypy_grpc")]
    code = protoc.main(["protoc", f"-I{ROOT}", f"-I{include}", *plugins, *kinds, *sources])
    if code != 0:
        raise SystemExit("the contract does not compile")
    return {path.name: path.read_bytes() for path in sorted((out / PACKAGE).iterdir()) if _is_needed(path)}


def _is_needed(path: Path) -> bool:
    # A .proto without a service still gets a _pb2_grpc file, with nothing in it.
    service = ROOT / PACKAGE / (path.name.split("_pb2")[0] + ".proto")
    return "_pb2_grpc" not in path.name or "\nservice " in service.read_text(encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; write nothing")
    check = parser.parse_args().check
    folder = ROOT / PACKAGE
    with tempfile.TemporaryDirectory() as scratch:
        fresh = generate(Path(scratch))
    present = {p.name: p.read_bytes() for p in folder.iterdir() if "_pb2" in p.name}
    stale = sorted(name for name in fresh.keys() | present.keys() if fresh.get(name) != present.get(name))
    if check:
        if stale:
            print(f"not what the contract says: {', '.join(stale)}; run scripts/generate_stubs.py", file=sys.stderr)
        return 1 if stale else 0
    for name in stale:
        if name in fresh:
            (folder / name).write_bytes(fresh[name])
        else:
            (folder / name).unlink()
        print(f"updated {PACKAGE / name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
