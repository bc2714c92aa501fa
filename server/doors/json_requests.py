"""Requests in protobuf's JSON, with errors that name the field. Imports no gRPC."""

from __future__ import annotations

import re
from typing import Final, TypeVar

from google.protobuf import json_format
from google.protobuf.message import Message

from voxcore.errors import InvalidInput

Request = TypeVar("Request", bound=Message)

_MAX_DEPTH: Final = 32
_SHOWN: Final = 300
_STEP: Final = re.compile(r"Failed to parse (\w+) field: ")
_PLACE: Final = re.compile(r" at \"?(?:\w+)((?:\.\w+)*)\"?\.*(?:\n.*)?$", re.DOTALL)
_NO_SUCH_FIELD: Final = re.compile(r'has no field named "([^"]+)"')


def parse_json(data: bytes, kind: type[Request]) -> Request:
    """The message of the class ``kind`` in ``data``; unknown names are an error.

    Raises InvalidInput with the path of the field at fault, in the names of the JSON.
    """
    expected = f"expected a {kind.DESCRIPTOR.name} as a JSON object"
    if not data.lstrip().startswith(b"{"):
        raise InvalidInput(f"{expected}, got {data[:40]!r}")
    try:
        return json_format.Parse(data, kind(), max_recursion_depth=_MAX_DEPTH)
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{expected} in UTF-8: {error.reason} at byte {error.start}") from error
    except (json_format.ParseError, RecursionError) as error:
        text = str(error)
        place = _PLACE.search(text)
        names = place[1].split(".")[1:] if place else _STEP.findall(text)
        unknown = _NO_SUCH_FIELD.search(text)
        field = ".".join([*names, unknown[1]] if unknown else names)
        reason = _PLACE.sub("", _STEP.sub("", text)).rstrip(".\n ")
        raise InvalidInput(f"{expected}: {reason[:_SHOWN]}", field=field[:_SHOWN]) from error
