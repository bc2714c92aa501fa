"""Write docs/dependencies.md: the licence of every package in requirements.lock, as its metadata states it, and
of the viewer's packages, as clients/web/package-lock.json states it.

python scripts/list_licences.py          # write
python scripts/list_licences.py --check  # fail where the file is out of date
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUT = ROOT / "docs" / "dependencies.md"

HEAD = """# Dependencies and their licences

Written by `scripts/list_licences.py` from the packages' own metadata. All of them allow use in a
shipped game; none is copyleft for code that merely uses it. "When": `run` is needed to run jobs or
the server, `sdxl` only for the teacher of that name, `develop` only for tests, checks and regenerating
the stubs.

The table of word vectors in `voxcore/weights/words.safetensors` was computed with the sentence
encoder all-MiniLM-L6-v2 (Apache-2.0) from the SCOWL word list (permissive, Kevin Atkinson and
others); the prior's weights were trained by this project on worlds that it generates itself. The
thesaurus in `voxcore/weights/thesaurus.tsv` and the classifier in `descriptions.safetensors` beside it
are derived from WordNet 3.1, Copyright 2011 by Princeton University, all rights reserved, under the
WordNet licence: use, change and distribution are free for any purpose as long as its notice, which
stands at the head of both files, stays with them, and Princeton's name is not used in advertising.

| Package | Version | Licence | When |
|---|---|---|---|
"""
VIEWER_HEAD = """
## The viewer

"run" is in the page's script; "develop" only builds and tests it.

| Package | Version | Licence | When |
|---|---|---|---|
"""
DEVELOP = {
    "ast_serialize", "execnet", "grpc-stubs", "grpcio-tools", "hypothesis", "iniconfig", "librt", "mypy",
    "mypy_extensions", "pathspec", "pluggy", "pytest", "pytest-timeout", "pytest-xdist", "ruff", "sortedcontainers",
    "mypy-protobuf", "types-protobuf", "trustme", "cryptography", "cffi", "pycparser", "idna",
    "nbtlib", "trimesh",
}  # fmt: skip
SDXL = {
    "accelerate", "annotated-doc", "annotated-types", "anyio", "certifi", "charset-normalizer", "diffusers", "hf-xet",
    "httpcore2", "httpx2", "huggingface_hub", "importlib_metadata", "lazy-importer", "psutil", "pydantic",
    "pydantic_core", "PyYAML", "regex", "requests", "shellingham", "tokenizers", "tqdm", "transformers", "truststore",
    "typer", "typing-inspection", "urllib3", "zipp",
}  # fmt: skip


def licence(name: str) -> str:
    """The SPDX expression, else the classifiers, else the first line of the free text."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    classifiers = [c.split(" :: ")[-1] for c in metadata.get_all("Classifier") or [] if c.startswith("License ::")]
    if classifiers:
        return ", ".join(classifiers)
    return (metadata.get("License") or "not stated").strip().splitlines()[0][:60]


def table() -> str:
    rows = []
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        name, _, version = line.partition("==")
        if version:
            when = "develop" if name in DEVELOP else "sdxl" if name in SDXL else "run"
            rows.append(f"| {name} | {version} | {licence(name)} | {when} |")
    return HEAD + "\n".join(rows) + "\n" + VIEWER_HEAD + "\n".join(viewer_rows()) + "\n"


def viewer_rows() -> list[str]:
    """What the page is built from, and the tools that the viewer's package.json names."""
    packages = json.loads((ROOT / "clients" / "web" / "package-lock.json").read_text())["packages"]
    tools = packages[""]["devDependencies"]
    rows = []
    for path, package in sorted(packages.items()):
        name = path.rpartition("node_modules/")[2]
        develop = package.get("dev", False)
        if name and (not develop or (name in tools and path == f"node_modules/{name}")):
            when = "develop" if develop else "run"
            rows.append(f"| {name} | {package['version']} | {package.get('license', 'not stated')} | {when} |")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if args.check:
        if OUT.read_text() != table():
            print(f"{OUT.name} is out of date: run python scripts/list_licences.py", file=sys.stderr)
            return 1
        return 0
    OUT.write_text(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
