"""The contract's methods as every door sees them: bytes or a message in, packed messages out. Imports no gRPC."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from voxcore.errors import InvalidInput


@dataclass(frozen=True)
class Caller:
    """Who calls: the name of the token that came along, "" where the server asks for none."""

    name: str = ""
    is_admin: bool = True

    def may_see(self, owner: str) -> bool:
        """Whether what belongs to ``owner`` is there for this caller; what is nobody's is there for all."""
        return self.is_admin or owner in ("", self.name)


@dataclass(frozen=True)
class Packed:
    """A serialised message of the class ``kind``: serialised once, whoever it goes to."""

    kind: type[Message]
    data: bytes


@dataclass(frozen=True)
class Method:
    """One method of the contract.

    ``handler(request, caller)`` gives the answer, or an async iterator of answers where ``streams``.
    An answer is a message or the bytes of one. Errors are VoxcoreErrors.
    """

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    streams: bool
    handler: Callable[[Any, Caller], Any]

    @property
    def path(self) -> str:
        """As in a URL: "/vox.v1.JobService/GetJob"."""
        return f"/{self.service}/{self.name}"

    def parse(self, data: bytes) -> Message:
        """The request in ``data``. Raises InvalidInput."""
        try:
            return self.request.FromString(data)
        except DecodeError as error:
            raise InvalidInput(f"expected a {self.request.DESCRIPTOR.name}, got bytes that are none") from error

    def pack(self, answer: Message | bytes) -> Packed:
        """An answer of the handler, ready to be sent."""
        return Packed(self.response, answer if isinstance(answer, bytes) else answer.SerializeToString())


def methods_of(service: ServiceDescriptor, implementation: object) -> list[Method]:
    """The methods of ``service``, each answered by the attribute of ``implementation`` that has its name."""
    return [
        Method(
            service=service.full_name,
            name=method.name,
            request=_class(method.input_type),
            response=_class(method.output_type),
            streams=method.server_streaming,
            handler=getattr(implementation, method.name),
        )
        for method in service.methods
    ]


def _class(descriptor: Descriptor) -> type[Message]:
    return GetMessageClass(descriptor)
