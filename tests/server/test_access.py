import pytest

from server import access as access_module
from server.access import Access, Quota
from server.reasons import QuotaExceeded, RateLimited, Unauthenticated
from server.rpc import Caller
from voxcore.errors import InvalidConfig

DIGEST = access_module._digest("secret")


def load(tmp_path, text: str) -> Access:
    file = tmp_path / "tokens.toml"
    file.write_text(text)
    return Access.load(file)


def test_without_a_file_everybody_may_do_everything():
    access = Access.load(None)
    assert access.admit({}) == Caller()
    access.quota(Caller()).check("max_steps", 10**9)


def test_token_is_found_by_its_hash(tmp_path):
    access = load(tmp_path, f'[[tokens]]\nname = "ci"\nsha256 = "{DIGEST}"\nmax_steps = 10')
    caller = access.admit({"authorization": "Bearer secret"})
    assert caller == Caller("ci", is_admin=False)
    access.quota(caller).check("max_steps", 10)
    with pytest.raises(QuotaExceeded) as caught:
        access.quota(caller).check("max_steps", 11)
    assert caught.value.field == "max_steps"
    for header in ("secret", "Basic secret", "Bearer", "Bearer ", f"Bearer {DIGEST}", "Bearer Secret"):
        with pytest.raises(Unauthenticated) as refused:
            access.admit({"authorization": header})
        assert "secret" not in str(refused.value)


def test_calls_come_back_at_their_rate(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr(access_module.time, "monotonic", lambda: now)
    access = load(tmp_path, f'[[tokens]]\nname = "ci"\nsha256 = "{DIGEST}"\ncalls_per_second = 2')
    headers = {"authorization": "Bearer secret"}
    for _ in range(4):
        access.admit(headers)
    with pytest.raises(RateLimited) as caught:
        access.admit(headers)
    assert caught.value.retry_seconds == pytest.approx(0.5)
    now += 0.6
    access.admit(headers)
    with pytest.raises(RateLimited):
        access.admit(headers)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", "tokens_file"),
        ("tokens = 1", "tokens_file"),
        ("[[tokens]]\nname = ", "tokens_file"),
        ("[[tokens]]\nname = 'x'\n[more]", "tokens_file"),
        (f"[[tokens]]\nsha256 = '{DIGEST}'", "tokens[0].name"),
        (f"[[tokens]]\nname = 'a b'\nsha256 = '{DIGEST}'", "tokens[0].name"),
        ("[[tokens]]\nname = 'x'\nsha256 = 'secret'", "tokens[0].sha256"),
        (f"[[tokens]]\nname = 'x'\nsha256 = '{DIGEST}'\nadmin = 1", "tokens[0].admin"),
        (f"[[tokens]]\nname = 'x'\nsha256 = '{DIGEST}'\nmax_job = 1", "tokens[0].max_job"),
        (f"[[tokens]]\nname = 'x'\nsha256 = '{DIGEST}'\nmax_jobs = -1", "tokens[0].max_jobs"),
        (f"[[tokens]]\nname = 'x'\nsha256 = '{DIGEST}'\n[[tokens]]\nname = 'y'\nsha256 = '{DIGEST}'", "tokens[1]"),
    ],
)
def test_wrong_file_says_where(tmp_path, text, field):
    with pytest.raises(InvalidConfig) as caught:
        load(tmp_path, text)
    assert caught.value.field == field


def test_share_of_nothing_is_no_limit():
    Quota().check("max_jobs", 10**6)
