"""Log lines, for people or for machines, each with the job it is about."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

job_in_hand: ContextVar[str] = ContextVar("job_in_hand", default="")
"""Id of the job that the running code is busy with, "" for none."""

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s%(about)s %(message)s"


class _About(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        job_id = job_in_hand.get()
        record.__dict__.update(job_id=job_id, about=f" [{job_id}]" if job_id else "")
        return True


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if job_id := getattr(record, "job_id", ""):
            line["job_id"] = job_id
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def set_up(*, as_json: bool) -> None:
    """Log to standard error from now on, one line an entry."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonFormatter() if as_json else logging.Formatter(_TEXT))
    handler.addFilter(_About())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # It announces itself at every start and stop; so do we.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
