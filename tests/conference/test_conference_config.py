"""Settings: defaults, the file, the environment, and clear refusals."""

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

import conference.config
from conference.config import ConfigError, Settings, load, sections

EXAMPLE = Path(conference.config.__file__).with_name("settings.example.toml")


def from_file(folder: Path, text: str, environment: dict[str, str] | None = None) -> Settings:
    path = folder / "diemcau.toml"
    path.write_text(text, encoding="utf-8")
    return load(path, environment or {})


def refusal(folder: Path, text: str, environment: dict[str, str] | None = None) -> str:
    """The one line a person sees."""
    with pytest.raises(ConfigError) as refused:
        from_file(folder, text, environment)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_without_file_and_environment_everything_has_a_default() -> None:
    settings = load(None, {"PATH": "/usr/bin"})
    assert settings == Settings()
    assert settings.host_and_port == ("127.0.0.1", 8080)
    assert settings.database_url == "sqlite+aiosqlite:///data/diemcau.sqlite"


def test_the_example_shows_every_setting_with_its_default() -> None:
    assert load(EXAMPLE, {}) == Settings()
    shown = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert {name: set(keys) for name, keys in shown.items()} == {
        name: set(keys) for name, keys in sections().items()
    }


def test_the_example_explains_every_setting() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if "=" in line and not line.startswith("#"):
            assert above.startswith("# "), line


def test_file_then_environment(tmp_path: Path) -> None:
    text = '[server]\nlisten = "[::1]:80"\n[media]\nport = 40100\naddresses = ["10.0.0.7"]\n'
    settings = from_file(
        tmp_path,
        text,
        {
            "DIEMCAU_MEDIA_PORT": "40200",
            "DIEMCAU_SERVER_SECURE_COOKIES": "true",
            "DIEMCAU_SERVER_TRUSTED_PROXIES": "10.0.0.1, fd00::1",
            "DIEMCAU_DATABASE_URL": "postgresql+asyncpg://db/diemcau",
        },
    )
    assert settings.host_and_port == ("::1", 80)
    assert settings.media.port == 40200
    assert settings.media_addresses == ("10.0.0.7",)
    assert settings.server.secure_cookies is True
    assert settings.server.trusted_proxies == ("10.0.0.1", "fd00::1")
    assert settings.database_url == "postgresql+asyncpg://db/diemcau"


def test_own_addresses_are_announced_unless_told_otherwise() -> None:
    assert load(None, {}).media_addresses
    both = load(None, {"DIEMCAU_MEDIA_IPV6": "true"}).media_addresses
    assert "127.0.0.1" in both
    assert "::1" in both
    assert not any(address.startswith("fe80") for address in both)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[serve]", "settings: unknown section [serve]; did you mean server?"),
        ("[media]\nprot = 1", "settings: unknown key prot in [media]; did you mean port?"),
        ("[media]\nzzz = 1", "settings: unknown key zzz in [media]"),
        ("media = 1", "settings: media must be a section, [media]"),
        ("[media]\nport = 70000", "settings: [media] port: expected int <= 65535"),
        ('[media]\nport = "40000"', "settings: [media] port: expected int, got str"),
        ("[media]\naddresses = [1]", "settings: [media] addresses: expected str, got int"),
        (
            '[media]\naddresses = ["hop.example.vn"]',
            "settings: [media] addresses: hop.example.vn is not an IP address",
        ),
        (
            '[media]\naddresses = ["203.0.113.5=::1"]',
            "settings: [media] addresses: 203.0.113.5 and ::1 are of different families",
        ),
        (
            '[server]\ntrusted_proxies = ["proxy"]',
            "settings: [server] trusted_proxies: proxy is not an IP address",
        ),
        ('[server]\nlisten = "8080"', "settings: [server] listen: must be HOST:PORT"),
        ('[server]\nlisten = "x:99999"', "settings: [server] listen: must be HOST:PORT"),
        (
            '[server]\npublic_url = "hop.example.vn"',
            "settings: [server] public_url: must be like https://hop.example.vn",
        ),
        (
            '[server]\npublic_url = "https://hop.example.vn/hop"',
            "settings: [server] public_url: must be like https://hop.example.vn",
        ),
        (
            '[logs]\nlevel = "loud"',
            "settings: [logs] level: must be one of debug, info, warning, error",
        ),
    ],
)
def test_refusals_are_one_clear_line(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        (
            "DIEMCAU_MEDIA_PROT",
            "1",
            "unknown variable DIEMCAU_MEDIA_PROT; did you mean DIEMCAU_MEDIA_PORT?",
        ),
        ("DIEMCAU_MEDIA_PORT", "many", "DIEMCAU_MEDIA_PORT: expected int, got str"),
        ("DIEMCAU_MEDIA_PORT", "70000", "settings: [media] port: expected int <= 65535"),
        (
            "DIEMCAU_SERVER_SECURE_COOKIES",
            "si",
            "DIEMCAU_SERVER_SECURE_COOKIES: expected bool, got str",
        ),
    ],
)
def test_environment_is_refused_as_clearly(
    tmp_path: Path, variable: str, value: str, expected: str
) -> None:
    assert refusal(tmp_path, "", {variable: value}) == expected


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match="Is a directory"):
        load(tmp_path, {})
    assert "line 1" in refusal(tmp_path, "[media\n")
    (tmp_path / "latin.toml").write_bytes(b"[site]\nprovince = '\xe9'\n")
    with pytest.raises(ConfigError, match=r"latin\.toml"):
        load(tmp_path / "latin.toml", {})


@pytest.mark.parametrize("text", ["[media]\n[media]\n", "x = 1e", "[[server]]\n", "\x00"])
def test_odd_files_are_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text)
