"""A client that knows nothing but the address: it asks the server for its own contract and uses that.

python benchmarks/service/independent/reflection_walk.py 127.0.0.1:50051

Needs grpcio and grpcio-reflection; no stub of this project is imported.
"""

from __future__ import annotations

import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha import reflection_pb2 as pb
from grpc_reflection.v1alpha import reflection_pb2_grpc


class Walker:
    """Methods by name, from what reflection says."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._reflection = reflection_pb2_grpc.ServerReflectionStub(channel)
        self._pool = descriptor_pool.DescriptorPool()
        self._loaded: set[str] = set()

    def _ask(self, request: pb.ServerReflectionRequest) -> pb.ServerReflectionResponse:
        (answer,) = self._reflection.ServerReflectionInfo(iter([request]), timeout=10)
        return answer

    def services(self) -> list[str]:
        answer = self._ask(pb.ServerReflectionRequest(list_services=""))
        return [service.name for service in answer.list_services_response.service]

    def load(self, symbol: str) -> None:
        self._add(self._ask(pb.ServerReflectionRequest(file_containing_symbol=symbol)))

    def _add(self, answer: pb.ServerReflectionResponse) -> None:
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            if file.name in self._loaded:
                continue
            self._loaded.add(file.name)
            for dependency in file.dependency:
                if dependency not in self._loaded:
                    self._add(self._ask(pb.ServerReflectionRequest(file_by_filename=dependency)))
            self._pool.Add(file)

    def call(self, service: str, method: str, **fields: object) -> list[dict[str, object]]:
        """The answers, as JSON has them."""
        found = self._pool.FindServiceByName(service).FindMethodByName(method)
        request = json_format.ParseDict(fields, message_factory.GetMessageClass(found.input_type)())
        answer = message_factory.GetMessageClass(found.output_type)
        kind = self._channel.unary_stream if found.server_streaming else self._channel.unary_unary
        call = kind(
            f"/{service}/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=answer.FromString,
        )(request, timeout=120)
        return [json_format.MessageToDict(m) for m in (call if found.server_streaming else [call])]


def main() -> int:
    with grpc.insecure_channel(sys.argv[1]) as channel:
        walker = Walker(channel)
        services = walker.services()
        print("services:", ", ".join(services))
        for service in services:
            walker.load(service)
        maps = walker.call("vox.v1.MapService", "ListMaps")[0]["maps"]
        spec = {"prompt": "a tower", "mapId": maps[0]["mapId"], "settings": {"teacher": "TEACHER_NOISE", "steps": 3}}
        events = [answer["event"] for answer in walker.call("vox.v1.TrainingService", "StartTraining", spec=spec)]
        kinds = [next(k for k in event if k not in ("jobId", "seq", "emitTime")) for event in events]
        print("events:", " ".join(kinds))
        ok = kinds[0] == "accepted" and events[-1]["result"]["state"] == "JOB_STATE_SUCCEEDED"
        print("ok" if ok else "MISSED")
        return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
