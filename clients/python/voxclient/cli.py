"""``python -m voxclient``: jobs from the command line.

Exit codes: 0 done; 1 the job or the server failed, or the server refused; 2 wrong usage or an
invalid argument; 3 the server does not answer; 4 the job was cancelled or interrupted; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from google.protobuf import json_format

from voxclient.client import VoxClient
from voxclient.convert import parse_setting
from voxclient.display import Display, choose_display
from voxclient.errors import InvalidRequest, NotFound, Unreachable, VoxError
from voxclient.events import Event, Job, Result, Stored, Voxels
from voxclient.saving import save

OK, FAILED, USAGE, UNREACHABLE, STOPPED, INTERRUPTED = 0, 1, 2, 3, 4, 130
_RESULT_CODES: Final = {"succeeded": OK, "failed": FAILED, "cancelled": STOPPED, "interrupted": STOPPED}
_ADDRESS_VARIABLE: Final = "VOXCORE_ADDRESS"
_TOKEN_VARIABLE: Final = "VOXCORE_TOKEN"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        with VoxClient(options.address, token=os.environ.get(_TOKEN_VARIABLE), ca_file=options.ca_file) as client:
            code: int = options.run(client, options)
            return code
    except VoxError as error:
        return _report(error, options.address)
    except OSError as error:
        print(f"voxclient: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED


def _report(error: VoxError, address: str) -> int:
    if isinstance(error, Unreachable):
        print(f"voxclient: no answer from {address}: {error}", file=sys.stderr)
        return UNREACHABLE
    reason = f" [{error.reason}]" if error.reason else ""
    print(f"voxclient: {error}{reason}", file=sys.stderr)
    return USAGE if isinstance(error, InvalidRequest | NotFound) else FAILED


def _train(client: VoxClient, options: argparse.Namespace) -> int:
    settings = dict(parse_setting(text) for text in options.set)
    named = {"steps": options.steps, "seed": options.seed, "teacher": options.teacher, "method": options.method}
    settings |= {name: value for name, value in named.items() if value is not None}
    _check_out(options.out)
    events = client.train(
        options.prompt,
        map_id=options.map,
        dataset_id=options.dataset,
        previews=False,
        priority=options.priority,
        **settings,
    )
    return _follow(client, events, options)


def _watch(client: VoxClient, options: argparse.Namespace) -> int:
    _check_out(options.out)
    events = client.watch(options.job_id, after_seq=options.after_seq, previews=False)
    return _follow(client, events, options)


def _resume(client: VoxClient, options: argparse.Namespace) -> int:
    _check_out(options.out)
    job = client.resume(options.job_id)
    return _follow(client, client.watch(job.job_id, previews=False), options)


def _check_out(out: Path | None) -> None:
    """Find out before the job, not after it, that there is no place for its map."""
    if out is not None and (out.is_dir() or not out.resolve().parent.is_dir()):
        raise InvalidRequest(f"--out: {out} is no file in a folder that exists", field="out")


def _follow(client: VoxClient, events: Iterator[Event], options: argparse.Namespace) -> int:
    """Show events to the job's end. Ctrl-C cancels the job and waits for what it keeps."""
    display = choose_display(as_json_lines=options.json)
    last = _Last()
    try:
        try:
            last.show_all(events, display)
        except KeyboardInterrupt:
            if not last.job_id:
                print("voxclient: interrupted; see `voxclient jobs` for whether a job was made", file=sys.stderr)
                return INTERRUPTED
            display.close()
            print("voxclient: cancelling; the map so far is kept (Ctrl-C again to leave)", file=sys.stderr)
            client.cancel(last.job_id)
            last.show_all(client.watch(last.job_id, after_seq=last.seq, previews=False), display)
            last.interrupted = True
    finally:
        display.close()
    assert last.result is not None
    if options.out is not None and last.grid is not None:
        last.grid.grid.save_map_json(options.out)
        if not options.json:
            print(f"saved {options.out}")
    return INTERRUPTED if last.interrupted else _RESULT_CODES[last.result.state]


class _Last:
    """The newest of what has been shown."""

    def __init__(self) -> None:
        self.job_id = ""
        self.seq = 0
        self.grid: Voxels | None = None
        self.result: Result | None = None
        self.interrupted = False

    def show_all(self, events: Iterator[Event], display: Display) -> None:
        for event in events:
            self.job_id, self.seq = event.job_id, max(self.seq, event.seq)
            if isinstance(event, Voxels):
                self.grid = event
            elif isinstance(event, Result):
                self.result = event
            display.show(event)


def _cancel(client: VoxClient, options: argparse.Namespace) -> int:
    return _print_job(client.cancel(options.job_id), options)


def _pause(client: VoxClient, options: argparse.Namespace) -> int:
    return _print_job(client.pause(options.job_id), options)


def _delete(client: VoxClient, options: argparse.Namespace) -> int:
    client.delete(options.job_id)
    return OK


def _jobs(client: VoxClient, options: argparse.Namespace) -> int:
    for job in client.jobs(options.limit):
        _print_job(job, options)
    return OK


def _print_job(job: Job, options: argparse.Namespace) -> int:
    if options.json:
        data = {"job_id": job.job_id, "state": job.state, "step": job.step, "total_steps": job.total_steps}
        print(json.dumps(data | {"prompt": job.prompt, "map_id": job.result.map_id if job.result else ""}))
    else:
        kept = f"  -> {job.result.map_id}" if job.result and job.result.map_id else ""
        print(f"{job.job_id}  {job.state:11}  {job.step}/{job.total_steps}  {job.prompt[:60]}{kept}")
    return OK


def _maps(client: VoxClient, options: argparse.Namespace) -> int:
    return _print_stored(client.datasets() if options.datasets else client.maps(), options)


def _print_stored(found: list[Stored], options: argparse.Namespace) -> int:
    for item in found:
        if options.json:
            print(json.dumps({"id": item.id, "file_bytes": item.file_bytes}))
        else:
            print(f"{item.id}  {item.file_bytes / 1e6:.1f} MB  {item.changed:%Y-%m-%d %H:%M} UTC")
    return OK


def _export(client: VoxClient, options: argparse.Namespace) -> int:
    _check_out(options.out)
    formats = client.info().map_formats
    name = options.format or next((f.name for f in formats if options.out.name.lower().endswith(f.suffix)), None)
    if name is None:
        known = ", ".join(dict.fromkeys(f.suffix for f in formats))
        raise InvalidRequest(f"--out: expected a name that ends in one of {known}, or --format", field="out")
    data = client.export_map(options.map_id, name)
    save(options.out, data)
    if options.json:
        print(json.dumps({"map_id": options.map_id, "format": name, "file": str(options.out), "bytes": len(data)}))
    else:
        print(f"saved {options.out}, {len(data) / 1e6:.1f} MB")
    return OK


def _info(client: VoxClient, options: argparse.Namespace) -> int:
    answer = client.info()
    if options.json:
        print(json_format.MessageToJson(answer, indent=None, preserving_proto_field_name=True))
        return OK
    print(f"voxcore {answer.version} on {answer.device}")
    for teacher in answer.teachers:
        print(f"teacher {teacher.name}: {teacher.description}")
    for found in answer.map_formats:
        print(f"export as {found.name} ({found.suffix}): {found.description}")
    for setting in answer.settings:
        kind = f"{setting.minimum:g} to {setting.maximum:g}" if setting.HasField("maximum") else ""
        print(f"setting {setting.name}: {kind or ', '.join(setting.choices) or 'see the README'}")
    return OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voxclient", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--address",
        default=os.environ.get(_ADDRESS_VARIABLE, "127.0.0.1:50051"),
        help=f"host:port of the service (or {_ADDRESS_VARIABLE}; default %(default)s)",
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="FILE", help=f"certificates to trust: TLS; a token goes into {_TOKEN_VARIABLE}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[VoxClient, argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="one JSON object a line")
        command.set_defaults(run=run)
        return command

    train = add("train", _train, "start a job and follow it to its end")
    train.add_argument("prompt")
    train.add_argument("--map", required=True, metavar="ID", help="map on the server to start from")
    train.add_argument("--dataset", default="", metavar="ID", help="dataset on the server")
    train.add_argument("--steps", type=int)
    train.add_argument("--seed", type=int)
    train.add_argument("--teacher")
    train.add_argument("--method")
    train.add_argument("--priority", type=int, default=0, help="-100 to 100; higher runs first")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="any other setting")

    watch = add("watch", _watch, "follow a job to its end")
    watch.add_argument("job_id")
    watch.add_argument("--after-seq", type=int, default=0, metavar="N", help="only events after this one")
    resume = add("resume", _resume, "go on with a job that was paused or stopped, and follow it")
    resume.add_argument("job_id")
    for command in (train, watch, resume):
        command.add_argument("--out", type=Path, metavar="FILE", help="save the final grid as a map.json")

    add("cancel", _cancel, "stop a job; its map so far is kept").add_argument("job_id")
    add("pause", _pause, "hold a job until it is resumed").add_argument("job_id")
    add("delete", _delete, "forget a job that has ended; its map stays").add_argument("job_id")
    add("jobs", _jobs, "list jobs, newest first").add_argument("--limit", type=int, default=50)
    add("maps", _maps, "list maps").add_argument("--datasets", action="store_true", help="list datasets instead")
    export = add("export", _export, "save a map of the server as a file")
    export.add_argument("map_id")
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="its ending says which format")
    export.add_argument("--format", metavar="NAME", help="as `info` lists them")
    add("info", _info, "what the server is and takes")
    return parser
