import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2, status_pb2
from vox.v1 import errors_pb2 as pb
from voxclient.errors import (
    InvalidRequest,
    NotFound,
    Refused,
    ServerFault,
    Unreachable,
    from_rpc_error,
)

from server.errors import CODES, DOMAIN, status_of
from server.reasons import REASONS, ServerStopping, reason_of, told
from voxcore import errors
from voxcore.errors import VoxcoreError


def details(status: status_pb2.Status) -> tuple[error_details_pb2.ErrorInfo, error_details_pb2.BadRequest]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        assert detail.Unpack(info) or detail.Unpack(bad)
    return info, bad


class FakeRpcError(grpc.RpcError):
    def __init__(self, status: status_pb2.Status) -> None:
        self.status = status

    def code(self):
        return next(c for c in grpc.StatusCode if c.value[0] == self.status.code)

    def details(self):
        return self.status.message

    def trailing_metadata(self):
        return (("other", "x"), ("grpc-status-details-bin", self.status.SerializeToString()))


def test_every_core_error_has_a_reason_of_its_own():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and kind is not VoxcoreError]
    assert len({REASONS[kind] for kind in kinds}) == len(kinds)


def test_every_reason_of_the_contract_has_a_status():
    assert set(CODES) == set(pb.ErrorReason.values()) - {pb.ERROR_REASON_UNSPECIFIED}


def test_subclass_is_found_through_its_bases():
    class Special(errors.InvalidConfig):
        pass

    assert reason_of(Special("x")) == pb.ERROR_REASON_INVALID_CONFIG
    assert reason_of(KeyError("x")) == pb.ERROR_REASON_INTERNAL


def test_status_names_reason_domain_and_field():
    status = status_of(errors.InvalidConfig("expected more", field="steps"))
    info, bad = details(status)
    assert status.code == code_pb2.INVALID_ARGUMENT
    assert (info.reason, info.domain) == ("INVALID_CONFIG", DOMAIN)
    assert [v.field for v in bad.field_violations] == ["steps"]
    assert status.message == "steps: expected more"


def test_foreign_error_says_nothing_of_the_inside():
    status = status_of(RuntimeError("/secret/path"))
    assert status.code == code_pb2.INTERNAL
    assert "secret" not in str(status)


def test_error_of_the_disk_says_why_but_not_where():
    status = status_of(errors.StorageError("cannot write /srv/voxcore/runs/x: the disk is full"))
    assert status.message == "the server's disk refused: the disk is full"
    assert "/srv" not in str(status)


def test_stopping_says_where_to_go_on():
    info, _ = details(status_of(ServerStopping(41)))
    assert info.metadata["resume_after_seq"] == "41"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.ShapeError("x", field="grid"), InvalidRequest),
        (errors.NotFound("x", field="map_id"), NotFound),
        (errors.LimitExceeded("x"), Refused),
        (errors.CheckpointError("x"), Refused),
        (errors.TeacherError("x"), ServerFault),
        (errors.StorageError("x"), ServerFault),
        (ServerStopping(1), Unreachable),
    ],
)
def test_client_gets_back_what_the_server_said(error, kind):
    again = from_rpc_error(FakeRpcError(status_of(error)))
    assert type(again) is kind
    assert again.field == error.field
    assert again.reason == pb.ErrorReason.Name(reason_of(error)).removeprefix("ERROR_REASON_")
    assert str(again) == told(error)
