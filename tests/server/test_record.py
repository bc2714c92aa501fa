import json
from dataclasses import replace

import pytest
from vox.v1 import jobs_pb2 as pb

from server.jobs.record import FILE, Record, RecordFiles
from server.paging import page
from voxcore.config import Region, TrainConfig
from voxcore.errors import InvalidInput, StorageError

CONFIG = TrainConfig.create("a tower", seed=2**64 - 1, region=Region((0, 0, 0), (4, 5, 6)))
RECORD = Record("20250101-000000-aa", "r", "d", CONFIG, "1", "", "", created=1.5)


def test_record_comes_back_as_it_was(tmp_path):
    store = RecordFiles(tmp_path / "runs")
    result = pb.JobResult(
        state=pb.JOB_STATE_FAILED,
        error=pb.JobError(message="x", field="lr"),
        sha256=b"\0\1",
        after=pb.GridStats(total_cells=2**40, blocks={"Stone": 3}),
    )
    ended = replace(RECORD, job_id="20250101-000001-bb", created=2.5, state=result.state, result=result, last_seq=7)
    store.save(ended)
    store.save(RECORD)
    assert store.load_all() == [RECORD, ended]
    assert ended.is_over
    assert not RECORD.is_over


def test_store_of_a_new_folder_is_empty(tmp_path):
    assert RecordFiles(tmp_path / "a" / "b").load_all() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "JOB_STATE_DANCING"},
        {"state": 4},
        {"job_id": "another"},
        {"config": None},
        {"config": {"seed": "x"}},
        {"created": "yesterday"},
        {"last_seq": 1.5},
        {"result": {"nonsense": 1}},
        {"result": [1]},
    ],
)
def test_damaged_record_is_left_out_and_said(tmp_path, caplog, changes):
    store = RecordFiles(tmp_path)
    store.save(RECORD)
    store.save(replace(RECORD, job_id="20250101-000001-bb"))
    path = tmp_path / RECORD.job_id / FILE
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert [r.job_id for r in store.load_all()] == ["20250101-000001-bb"]
    assert "left out the damaged record" in caplog.text


def test_half_a_record_is_left_out(tmp_path):
    RecordFiles(tmp_path).save(RECORD)
    path = tmp_path / RECORD.job_id / FILE
    path.write_bytes(path.read_bytes()[:50])
    assert RecordFiles(tmp_path).load_all() == []


def test_disk_that_refuses_is_a_storage_error(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(StorageError):
        RecordFiles(tmp_path / "runs").save(RECORD)
    with pytest.raises(StorageError):
        RecordFiles(tmp_path / "runs").load_all()


def test_pages_cover_the_list_once():
    items = [str(i) for i in range(10)]
    seen, token = [], ""
    for _ in range(4):
        found, token = page(items, str, pb.ListJobsRequest(page_size=3, page_token=token), usual=5, most=100)
        seen += found
    assert seen == items
    assert token == ""


def test_page_size_has_a_usual_value_and_a_limit():
    items = [str(i) for i in range(10)]
    assert len(page(items, str, pb.ListJobsRequest(), usual=5, most=100)[0]) == 5
    assert len(page(items, str, pb.ListJobsRequest(page_size=2**32 - 1), usual=5, most=7)[0]) == 7
    assert page([], str, pb.ListJobsRequest(), usual=5, most=7) == ([], "")


def test_foreign_page_token_is_refused():
    with pytest.raises(InvalidInput) as caught:
        page(["a"], str, pb.ListJobsRequest(page_token="b"), usual=5, most=7)
    assert caught.value.field == "page_token"
