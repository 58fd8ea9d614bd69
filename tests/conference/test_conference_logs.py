"""What a log line looks like, and what it must not say."""

import io
import logging
from collections.abc import Iterator

import pytest

from conference.logs import LineFormatter, set_up


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """A logger "signaling.test" whose lines the test reads."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LineFormatter())
    log = logging.getLogger("signaling.test")
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(logging.INFO)
    yield stream
    log.removeHandler(handler)


@pytest.fixture
def quiet_root() -> Iterator[None]:
    """The root logger as a service has it: INFO; afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.setLevel(logging.INFO)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


LOG = logging.getLogger("signaling.test")


def test_context_ends_the_line(lines: io.StringIO) -> None:
    adapter = logging.LoggerAdapter(LOG, {"conn": "ab12", "room": 3, "participant": None})
    adapter.info("joined after %.1f s", 0.25)
    assert lines.getvalue().endswith(" INFO signaling.test joined after 0.2 s room=3 conn=ab12\n")


def test_input_cannot_forge_a_line(lines: io.StringIO) -> None:
    LOG.info("client %s", "x\n2018-01-01 ERROR all is lost\x1b[31m\x85")
    assert len(lines.getvalue().splitlines()) == 1
    assert "\x1b" not in lines.getvalue()


def test_vietnamese_stays_readable(lines: io.StringIO) -> None:
    LOG.info("thư mục dữ liệu: Điểm Cầu")
    assert "Điểm Cầu" in lines.getvalue()


@pytest.mark.usefixtures("quiet_root")
def test_traceback_says_where_but_not_what_a_person_typed(lines: io.StringIO) -> None:
    def parse(text: str) -> int:
        return int(text)

    try:
        try:
            parse("mật khẩu 1234")
        except ValueError as error:
            raise RuntimeError("cannot read mật khẩu 1234") from error
    except RuntimeError:
        LOG.exception("request failed")
    text = lines.getvalue()
    assert "in parse" in text
    assert "ValueError" in text
    assert text.endswith("RuntimeError\n")
    assert "1234" not in text.replace('parse("mật khẩu 1234")', "").replace(
        'RuntimeError("cannot read mật khẩu 1234")', ""
    )


@pytest.mark.usefixtures("quiet_root")
def test_every_failure_of_a_group_is_shown(lines: io.StringIO) -> None:
    try:
        raise ExceptionGroup("two", [KeyError("secret"), OSError("secret")])
    except ExceptionGroup:
        LOG.exception("tasks failed")
    assert "  | KeyError" in lines.getvalue()
    assert "  | OSError" in lines.getvalue()


@pytest.mark.usefixtures("quiet_root")
def test_levels(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("warning")
    logging.getLogger("rooms").info("opened")
    logging.getLogger("rooms").warning("slow disk")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.endswith("WARNING rooms slow disk\n")
    assert "opened" not in said.err
