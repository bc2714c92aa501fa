"""How long a client waits for the first event after its request to a warm server, over both doors.

python benchmarks/service/first_event.py [--requests 100]
"""

from __future__ import annotations

import argparse
import http.client
import json
import struct
import time

import grpc
from harness import machine, percentile, server
from vox.v1 import jobs_pb2, training_pb2, training_pb2_grpc


def native(address: str, requests: int) -> list[float]:
    seconds = []
    with grpc.insecure_channel(address) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        spec = jobs_pb2.TrainingSpec(prompt="sleep=0", map_id="1")
        spec.settings.CopyFrom(jobs_pb2.TrainSettings(teacher=jobs_pb2.TEACHER_NOISE, steps=1))
        for _ in range(requests + 1):
            began = time.perf_counter()
            stream = stub.StartTraining(training_pb2.StartTrainingRequest(spec=spec))
            next(stream)
            seconds.append(time.perf_counter() - began)
            for _ in stream:
                pass
    return seconds[1:]


def web(port: int, requests: int) -> list[float]:
    seconds = []
    settings = {"teacher": "TEACHER_NOISE", "steps": 1}
    message = json.dumps({"spec": {"prompt": "sleep=0", "mapId": "1", "settings": settings}}).encode()
    body = struct.pack(">BI", 0, len(message)) + message
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(requests + 1):
        began = time.perf_counter()
        path = "/vox.v1.TrainingService/StartTraining"
        connection.request("POST", path, body, {"content-type": "application/connect+json"})
        response = connection.getresponse()
        response.read(5)
        seconds.append(time.perf_counter() - began)
        response.read()
    connection.close()
    return seconds[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100)
    requests = parser.parse_args().requests
    print(machine())
    with server() as found:
        for name, seconds in (("native", native(found.address, requests)), ("web", web(found.web_port, requests))):
            p50, p99 = 1000 * percentile(seconds, 0.5), 1000 * percentile(seconds, 0.99)
            verdict = "ok" if p99 < 100 else "MISSED"
            print(f"first event, {name}: median {p50:.1f} ms, 99th percentile {p99:.1f} ms (goal 100 ms) {verdict}")


if __name__ == "__main__":
    main()
