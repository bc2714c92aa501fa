"""The Dockerfile without a container engine: its own instructions, one by one, in a bare Debian, then the server.

    python scripts/try_image.py [--target cpu] [--build-arg TORCH_INDEX=URL] [--copy PATH[:THERE] ...] [--root DIR]

Wants root, debootstrap and util-linux. In place of the image python:3.11-slim-bookworm stands what `debootstrap
--variant=minbase bookworm` and Debian's python3.11 make; everything after FROM is what the Dockerfile says, with
the files that .dockerignore lets through. Then CMD runs as the image's user until HEALTHCHECK is content, a job
is run over the web port with a token, and STOPSIGNAL must end it with exit code 0. ``--copy`` lays files of
this machine in the bare Debian (a pip.conf and its certificates, say). Nothing is isolated but the file system:
not the network, not the processes.
"""

from __future__ import annotations

import argparse
import fnmatch
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BASE = "python:3.11-slim-bookworm"
DEBIAN, PACKAGES = "bookworm", "python3,python3-venv,ca-certificates"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HEALTHY_SECONDS = 300.0


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Keyword and argument of each instruction; lines that end in a backslash go on."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    for line in joined.splitlines():
        if line.strip():
            keyword, _, rest = line.strip().partition(" ")
            yield keyword.upper(), rest.strip()


def ignore_rule(text: str) -> Callable[[str], bool]:
    """Whether .dockerignore keeps a path out; the last rule that fits decides."""
    rules = []
    for line in text.splitlines():
        rule = line.strip()
        if rule and not rule.startswith("#"):
            pattern = re.escape(rule.lstrip("!")).replace(r"\*\*/", "(.*/)?").replace(r"\*\*", ".*")
            rules.append((rule.startswith("!"), re.compile(pattern.replace(r"\*", "[^/]*") + "(/.*)?")))

    def is_ignored(path: str) -> bool:
        found = False
        for lets_in, pattern in rules:
            if pattern.fullmatch(path):
                found = not lets_in
        return found

    return is_ignored


class Stage:
    """One build stage: a folder that is its file system, and what the instructions have set so far."""

    def __init__(self, folder: Path, before: Stage | None) -> None:
        self.folder = folder
        self.environment = dict(before.environment) if before else {"PATH": SYSTEM_PATH}
        self.arguments: dict[str, str] = {}
        self.user, self.place = (before.user, before.place) if before else ("0:0", "/")
        self.command, self.health = (before.command, before.health) if before else ([], [])
        self.stop_signal = before.stop_signal if before else signal.SIGTERM

    def inside(self, path: str) -> Path:
        return self.folder / os.path.normpath(os.path.join(self.place, path)).lstrip("/")

    def command_line(self, command: list[str]) -> list[str]:
        """``command`` in here, as the stage's user, with nothing of this machine's environment."""
        values = {"HOME": self._home()} | self.environment | self.arguments
        chroot = ["chroot", f"--userspec={self.user}", "--groups=", str(self.folder)]
        go = ["sh", "-c", 'cd "$0" && exec "$@"', self.place, *command]
        return [*chroot, "env", "-i", *(f"{name}={value}" for name, value in values.items()), *go]

    def run(self, command: list[str]) -> None:
        subprocess.run(self.command_line(command), check=True)

    def _home(self) -> str:
        uid = self.user.partition(":")[0]
        for line in (self.folder / "etc/passwd").read_text().splitlines():
            fields = line.split(":")
            if uid == fields[2]:
                return fields[5]
        return "/"

    def identity(self, name: str) -> str:
        """user:group as numbers, of a USER or a --chown."""
        if re.fullmatch(r"\d+(:\d+)?", name):
            return name if ":" in name else f"{name}:{name}"
        user, _, group = name.partition(":")
        users = {f[0]: f for f in (line.split(":") for line in (self.folder / "etc/passwd").read_text().splitlines())}
        groups = {f[0]: f for f in (line.split(":") for line in (self.folder / "etc/group").read_text().splitlines())}
        return f"{users[user][2]}:{groups[group][2] if group else users[user][3]}"


class Build:
    """The stages of one Dockerfile, under ``root``."""

    def __init__(self, root: Path, arguments: dict[str, str], copied: list[str]) -> None:
        self.root, self.given, self.copied = root, arguments, copied
        self.stages: dict[str, Stage] = {}
        self.is_ignored = ignore_rule((ROOT / ".dockerignore").read_text())

    def target(self, name: str) -> Stage:
        for keyword, text in instructions((ROOT / "Dockerfile").read_text()):
            if keyword == "FROM":
                if name in self.stages:
                    break
                source, _, stage = text.partition(" AS ")
                self.stages[stage] = now = self._from(source, stage)
            else:
                print(f"--- {keyword} {text}", flush=True)
                self._do(now, keyword, text)
        return self.stages[name]

    def _from(self, source: str, name: str) -> Stage:
        print(f"=== FROM {source} AS {name}", flush=True)
        before = self.stages.get(source)
        origin = before.folder if before else self._base(source)
        subprocess.run(["cp", "-a", "--one-file-system", str(origin), str(self.root / name)], check=True)
        stage = Stage(self.root / name, before)
        for path, kind in (("proc", ["-t", "proc", "proc"]), ("dev", ["--rbind", "/dev"])):
            subprocess.run(["mount", *kind, str(stage.folder / path)], check=True)
        return stage

    def _base(self, source: str) -> Path:
        if source != BASE:
            raise SystemExit(f"expected FROM {BASE} or an earlier stage, got {source}")
        folder = self.root / "base"
        if not folder.exists():
            subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", DEBIAN, str(folder)],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
            for text in ("/etc/resolv.conf", *self.copied):
                here, _, to = text.partition(":")
                file, there = Path(here), folder / (to or here).lstrip("/")
                there.parent.mkdir(parents=True, exist_ok=True)
                if file.is_dir():
                    shutil.copytree(file, there, dirs_exist_ok=True)
                else:
                    shutil.copyfile(file, there)
        return folder

    def _do(self, stage: Stage, keyword: str, text: str) -> None:
        match keyword:
            case "ARG":
                name, _, default = text.partition("=")
                stage.arguments[name] = self.given.get(name, default)
            case "ENV":
                for pair in shlex.split(text):
                    name, _, value = pair.partition("=")
                    stage.environment[name] = string.Template(value).safe_substitute(stage.environment)
            case "WORKDIR":
                stage.inside(text).mkdir(parents=True, exist_ok=True)
                stage.place = os.path.join(stage.place, text)
            case "USER":
                stage.user = stage.identity(text)
            case "RUN":
                stage.run(["/bin/sh", "-c", text])
            case "COPY":
                self._copy(stage, shlex.split(text))
            case "CMD":
                stage.command = json.loads(text)
            case "HEALTHCHECK":
                stage.health = json.loads(text[text.index("CMD ") + 4 :])
            case "STOPSIGNAL":
                stage.stop_signal = signal.Signals[text]
            case "EXPOSE" | "VOLUME":
                pass
            case _:
                raise SystemExit(f"this script does not know {keyword}")

    def _copy(self, stage: Stage, words: list[str]) -> None:
        options = dict(word[2:].split("=") for word in words if word.startswith("--"))
        *sources, target = (word for word in words if not word.startswith("--"))
        owner = stage.identity(options.get("chown", "0:0"))
        into = stage.inside(target)
        if "from" in options:
            (source,) = sources
            shutil.copytree(self.stages[options["from"]].folder / source.lstrip("/"), into, symlinks=True)
        else:
            for name in self._context():
                for source in sources:
                    # A folder's content goes into the target; a file goes into a target that is a folder.
                    if name == source or fnmatch.fnmatch(name, source):
                        self._file(name, into / Path(name).name if target.endswith("/") else into)
                    elif any(fnmatch.fnmatch(str(p), source) for p in Path(name).parents):
                        depth = source.count("/") + 1
                        self._file(name, into.joinpath(*Path(name).parts[depth:]))
        if into.exists():
            subprocess.run(["chown", "-R", "-h", owner, str(into)], check=True)

    def _context(self) -> Iterator[str]:
        for folder, names, files in os.walk(ROOT):
            names[:] = [n for n in names if n not in (".git", ".venv", "node_modules", "__pycache__")]
            for file in files:
                path = (Path(folder) / file).relative_to(ROOT).as_posix()
                if not self.is_ignored(path):
                    yield path

    def _file(self, name: str, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)


def call(token: str, path: str, message: dict[str, object]) -> dict[str, object]:
    connection = http.client.HTTPConnection("127.0.0.1", 50080, timeout=60)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    connection.request("POST", f"/vox.v1.{path}", json.dumps(message), headers)
    response = connection.getresponse()
    answer: dict[str, object] = json.loads(response.read())
    if response.status != 200:
        raise SystemExit(f"{path}: {response.status} {answer}")
    return answer


def serve(stage: Stage) -> None:
    """CMD, HEALTHCHECK, a job, STOPSIGNAL. Exits with a sentence where something is not as it must be."""
    made = subprocess.run(
        stage.command_line(["python", "-m", "server.access", "somebody"]), check=True, capture_output=True, text=True
    ).stdout
    token = made.split("secret: ")[1].split()[0]
    folder = stage.folder / "etc/voxcore"
    folder.mkdir(exist_ok=True)
    (folder / "tokens.toml").write_text(made[made.index("[[tokens]]") :])
    began = time.monotonic()
    server = subprocess.Popen(stage.command_line(stage.command))
    try:
        while subprocess.run(stage.command_line(stage.health), capture_output=True).returncode != 0:
            if server.poll() is not None or time.monotonic() - began > HEALTHY_SECONDS:
                raise SystemExit(f"HEALTHCHECK is not content; CMD's exit code: {server.poll()}")
            time.sleep(1)
        print(f"HEALTHCHECK content after {time.monotonic() - began:.1f} s", flush=True)
        status = Path(f"/proc/{server.pid}/status").read_text()
        ids = re.search(r"^Uid:\s+(\d+)\s+(\d+)", status, re.MULTILINE)
        assert ids is not None
        if set(ids.groups()) != {stage.user.partition(":")[0]} or "0" in ids.groups():
            raise SystemExit(f"expected CMD to run as {stage.user}, got {ids.groups()}")
        settings = {"teacher": "TEACHER_NOISE", "steps": 5}
        spec = {"prompt": "a tower", "mapId": "1", "settings": settings}
        job = call(token, "JobService/CreateJob", {"spec": spec})["job"]
        assert isinstance(job, dict)
        while not (now := call(token, "JobService/GetJob", {"jobId": job["jobId"]})["job"]).get("result"):  # type: ignore[attr-defined]
            time.sleep(0.5)
        print(f"as uid {ids[1]}: a job ended {now['result']['state']}, map {now['result'].get('mapId')}")  # type: ignore[index]
        if now["result"]["state"] != "JOB_STATE_SUCCEEDED":  # type: ignore[index]
            raise SystemExit(str(now))
    finally:
        server.send_signal(stage.stop_signal)
        code = server.wait(90)
    print(f"{stage.stop_signal.name}: exit code {code}")
    if code != 0:
        raise SystemExit("expected exit code 0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", default="cpu")
    parser.add_argument("--root", type=Path, help="where to build; kept afterwards (default: a scratch folder)")
    parser.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--copy", action="append", default=[], metavar="PATH[:THERE]")
    options = parser.parse_args()
    if os.environ.get("TRY_IMAGE_INSIDE") != "1":
        # In a mount namespace of its own: whatever happens, nothing stays mounted.
        again = ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv]
        sys.exit(subprocess.run(again, env=os.environ | {"TRY_IMAGE_INSIDE": "1"}).returncode)
    arguments = dict(pair.split("=", 1) for pair in options.build_arg)
    with tempfile.TemporaryDirectory(prefix="voxcore-image-", ignore_cleanup_errors=True) as scratch:
        root = options.root or Path(scratch)
        root.mkdir(parents=True, exist_ok=True)
        stage = Build(root, arguments, options.copy).target(options.target)
        try:
            serve(stage)
        finally:
            for name in ("build", options.target):
                for path in ("proc", "dev"):
                    subprocess.run(["umount", "-R", "-l", str(root / name / path)], check=False)


if __name__ == "__main__":
    main()
