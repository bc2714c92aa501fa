"""Imports go one way: clients to the stubs, the server to voxcore and the stubs, voxcore to neither."""

import subprocess
import sys

import pytest

_PROGRAM = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith("__main__") and module.name not in sys.argv[3:]:
        importlib.import_module(module.name)
print(sorted(name for name in sys.argv[2].split(",") if name in sys.modules))
"""


def loaded(package: str, unwanted: str, *skipped: str) -> str:
    command = [sys.executable, "-c", _PROGRAM, package, unwanted, *skipped]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_one_file_alone_imports_diffusers():
    assert loaded("voxcore", "diffusers,transformers", "voxcore.guidance.diffusers_model") == "[]"


@pytest.mark.parametrize(
    ("package", "unwanted"),
    [
        ("voxcore", "grpc,google.protobuf,vox,server,voxclient"),
        ("voxclient", "torch,numpy,voxcore,server"),
        ("server.worker", "grpc,voxclient"),
    ],
)
def test_package_imports_nothing_it_must_not(package, unwanted):
    assert loaded(package, unwanted) == "[]"


def test_gateway_does_not_import_torch():
    assert loaded("server", "torch,voxclient", "server.worker.outgoing", "server.worker.gpu") == "[]"
