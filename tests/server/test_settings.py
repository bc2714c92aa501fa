import dataclasses
from pathlib import Path

import pytest

from server.settings import Settings, load_settings
from voxcore.errors import InvalidConfig


def test_defaults_stand_without_anything():
    assert load_settings([], {}) == Settings()
    assert Settings().host == "127.0.0.1"


def test_flags_come_before_environment_before_file_before_defaults(tmp_path):
    file = tmp_path / "server.toml"
    file.write_text('port = 1001\nmax_queue = 2\nframes_per_second = 3\ndevice = "cuda"\n')
    environment = {"VOXCORE_PORT": "1002", "VOXCORE_MAX_QUEUE": "3", "VOXCORE_CONFIG": str(file)}
    settings = load_settings(["--port", "1003"], environment)
    assert (settings.port, settings.max_queue, settings.frames_per_second) == (1003, 3, 3.0)
    assert (settings.device, settings.max_steps) == ("cuda", Settings().max_steps)


def test_flag_names_another_file_than_the_environment(tmp_path):
    (tmp_path / "a.toml").write_text("port = 1")
    (tmp_path / "b.toml").write_text("port = 2")
    settings = load_settings(["--config", str(tmp_path / "a.toml")], {"VOXCORE_CONFIG": str(tmp_path / "b.toml")})
    assert settings.port == 1


def test_every_setting_can_come_from_every_place(tmp_path):
    values = {
        "host": "::1",
        "port_file": "p",
        "maps_root": "m",
        "datasets_root": "d",
        "models_root": "im",
        "runs_root": "r",
        "device": "cuda",
        "web_port_file": "w",
        "web_root": "web",
        "tokens_file": "t",
        "tls_cert": "c",
        "tls_key": "k",
        "tls_client_ca": "a",
        "web_hosts": "a.example, b.example",
        "cors_origins": "https://a.example",
        "viewer_servers": "https://b.example:444, http://[::1]:50080",
    }
    booleans = {"insecure": "true", "warm_up": "false", "web": "false", "log_json": "true"}
    values |= booleans
    numbers = {f.name: "77" for f in dataclasses.fields(Settings) if f.name not in values}
    numbers |= {"max_message_bytes": "77777", "workers": "7"}
    values |= numbers
    flags = [f"--{n.replace('_', '-')}={v}" for n, v in values.items() if n not in booleans]
    flags += ["--insecure", "--no-warm-up", "--no-web", "--log-json"]
    file = tmp_path / "all.toml"
    file.write_text("".join(f"{n} = {v if n in numbers or n in booleans else repr(v)}\n" for n, v in values.items()))
    from_flags = load_settings(flags, {})
    assert from_flags == load_settings([], {f"VOXCORE_{n.upper()}": v for n, v in values.items()})
    assert from_flags == load_settings(["--config", str(file)], {})
    assert from_flags.maps_root == Path("m")
    assert from_flags.max_cells == 77


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", "10.0.0.1"])
def test_other_addresses_need_tls_or_insecure_and_tokens(host):
    with pytest.raises(InvalidConfig, match="--insecure"):
        load_settings(["--host", host, "--tokens-file=t"], {})
    with pytest.raises(InvalidConfig, match="--tokens-file"):
        load_settings(["--host", host, "--insecure"], {})
    assert load_settings(["--host", host, "--insecure", "--tokens-file=t"], {}).host == host
    assert load_settings(["--host", host, "--tls-cert=c", "--tls-key=k", "--tokens-file=t"], {}).host == host


@pytest.mark.parametrize("flags", [["--tls-cert=c"], ["--tls-key=k"], ["--tls-client-ca=a"]])
def test_half_a_tls_setup_is_refused(flags):
    with pytest.raises(InvalidConfig):
        load_settings(flags, {})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_needs_nothing(host):
    assert load_settings(["--host", host], {}).host == host


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", "65536"),
        ("port", "-1"),
        ("port", "x"),
        ("port", ""),
        ("max_cells", "0"),
        ("max_cells", "1.5"),
        ("max_prompt_chars", "100000"),
        ("frames_per_second", "nan"),
        ("frames_per_second", "0"),
        ("stop_seconds", "inf"),
        ("insecure", "perhaps"),
        ("maps_root", ""),
        ("viewer_servers", "*"),
        ("viewer_servers", "https:"),
        ("viewer_servers", "https://*.example"),
        ("viewer_servers", "https://a.example/path"),
        ("viewer_servers", "https://a.example; script-src *"),
        ("viewer_servers", "https://a.example, 'unsafe-inline'"),
        ("viewer_servers", "https://a.example\r\nx: y"),
    ],
)
def test_wrong_value_names_its_setting(field, value):
    with pytest.raises(InvalidConfig) as caught:
        load_settings([], {f"VOXCORE_{field.upper()}": value})
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("prot = 1", "prot"),
        ("port = ", "config"),
        ("port = 1.5", "port"),
        ("port = true", "port"),
        ("host = 5", "host"),
    ],
)
def test_wrong_file_says_where(tmp_path, text, field):
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(InvalidConfig) as caught:
        load_settings(["--config", str(tmp_path / "c.toml")], {})
    assert caught.value.field == field


def test_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InvalidConfig, match=r"nowhere\.toml"):
        load_settings(["--config", str(tmp_path / "nowhere.toml")], {})
