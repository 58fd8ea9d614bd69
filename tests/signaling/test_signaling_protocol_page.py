"""PROTOCOL.md says everything there is, and its examples are messages."""

import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

import rooms
import signaling
from rooms import turn
from rooms.errors import REFUSALS
from rooms.session import commands, events, model, notices
from signaling import messages
from signaling.codes import ENDINGS, FAILED_CODE, MEDIA_REFUSALS
from signaling.connection import Limits

PAGE = (Path(signaling.__file__).parent / "PROTOCOL.md").read_text()
SECTIONS = {
    match[1]: match[2]
    for match in re.finditer(r"^### `([\w-]+)`\n(.*?)(?=^###? |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
STRUCTURES: list[type[msgspec.Struct]] = [
    messages.Resume,
    messages.WantedTile,
    model.Session,
    model.Seat,
    model.Recording,
    model.LineLimits,
    model.Floor,
    model.Agenda,
    model.Pause,
    model.ShownDocument,
    model.RollCall,
    model.RollAnswer,
    model.Message,
    model.Question,
    model.Vote,
    model.Knock,
    model.Note,
    model.SiteCheck,
    model.Scene,
    model.Round,
    events.Entry,
    turn.IceServer,
    notices.Slot,
    notices.SentLayers,
    notices.PausedPicture,
    notices.Level,
    notices.Line,
]
ROOMS = Path(rooms.__file__).parent
ON_A_SOCKET = [
    *ROOMS.glob("session/*.py"),
    *ROOMS.glob("live/*.py"),
    ROOMS / "service.py",
    ROOMS / "documents/showing.py",
]
REFUSED = {
    code
    for file in ON_A_SOCKET
    for code in re.findall(r'Refused\("([a-z-]+)"\)', file.read_text(encoding="utf-8"))
}


COMMANDS = {str(kind.__struct_config__.tag) for kind in get_args(commands.ClientCommand)}


def fields_of(kind: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(kind)}


def fields_in(section: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) - COMMANDS


def example(section: str) -> str:
    found = re.search(r"```json\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return found[1]


ALL = {
    **messages.CLIENT_MESSAGES,
    **messages.SERVER_MESSAGES,
    **{kind.__name__: kind for kind in STRUCTURES},
}


@pytest.mark.parametrize("name", ALL)
def test_every_field_of_every_message_and_structure_is_there(name: str) -> None:
    assert fields_in(SECTIONS[name]) == fields_of(ALL[name])


def test_nothing_else_is_there() -> None:
    assert set(SECTIONS) == set(ALL)


@pytest.mark.parametrize("tag", messages.CLIENT_MESSAGES)
def test_client_example_is_that_message(tag: str) -> None:
    message = messages.Codec.parse(example(SECTIONS[tag]))
    assert type(message) is messages.CLIENT_MESSAGES[tag]
    assert messages.Codec.parse(messages.Codec.serialize(message)) == message


@pytest.mark.parametrize("tag", messages.SERVER_MESSAGES)
def test_server_example_is_that_message(tag: str) -> None:
    kind = messages.SERVER_MESSAGES[tag]
    text = example(SECTIONS[tag])
    message = msgspec.json.decode(text, type=kind)
    assert msgspec.json.decode(messages.Codec.serialize(message)) == msgspec.json.decode(text)


def bounds(node: Any) -> set[int]:
    """Largest lengths and numbers a type allows."""
    found: set[int] = set()
    for name in ("max_length", "le"):
        value = getattr(node, name, None)
        if value is not None:
            found.add(int(value))
    for part in getattr(node, "types", ()):
        found |= bounds(part)
    return found


@pytest.mark.parametrize("name", [*messages.CLIENT_MESSAGES, "Resume", "WantedTile"])
def test_bounds_are_stated(name: str) -> None:
    info = msgspec.inspect.type_info(ALL[name])
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        row = re.search(rf"^\| `{field.encode_name}` \|.*$", SECTIONS[name], re.MULTILINE)
        assert row is not None
        for bound in bounds(field.type):
            assert str(bound) in row[0]


@pytest.mark.parametrize("event", get_args(events.AnyEvent))
def test_every_event_and_its_fields(event: type[msgspec.Struct]) -> None:
    tag = event.__struct_config__.tag
    row = re.search(rf"^\| `{tag}` \| (.*?) \|", PAGE, re.MULTILINE)
    assert row is not None, tag
    assert set(re.findall(r"`(\w+)`", row[1])) - {"Seat"} == fields_of(event)


def table_codes(heading: str) -> dict[str, str]:
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section, re.MULTILINE))


def test_every_bye_code() -> None:
    rows = table_codes("How connections end")
    assert set(rows) == {code.value for code in ENDINGS}
    for code, ending in ENDINGS.items():
        close_code, retry, _ = rows[code.value].split(" | ")
        assert int(close_code) == ending.close_code
        assert (retry == "yes") is ending.retry


def test_every_refused_code() -> None:
    assert REFUSALS.keys() >= REFUSED
    codes = REFUSED | MEDIA_REFUSALS.keys() | {FAILED_CODE}
    assert set(table_codes("Why requests are refused")) == codes


def test_limits_are_those_of_the_code() -> None:
    assert Limits() == Limits(
        hello_seconds=10,
        silence_seconds=10,
        rate=50,
        burst=200,
        bytes_per_message=16 * 1024,
        pending_requests=64,
        batch_seconds=0.1,
        waiting_bytes=1024 * 1024,
        waiting_messages=2000,
        stall_seconds=10,
    ), "PROTOCOL.md, section Limits, says these figures"
    assert messages.MAX_MESSAGE_BYTES == 524288


@pytest.mark.parametrize("command", get_args(commands.ClientCommand))
def test_every_command_and_its_fields_and_bounds(command: type[msgspec.Struct]) -> None:
    tag = command.__struct_config__.tag
    row = re.search(rf"^\| `{tag}` \| (.*?) \| .*$", SECTIONS["command"], re.MULTILINE)
    assert row is not None, tag
    assert set(re.findall(r"`(\w+)`", row[1])) == fields_of(command)
    info = msgspec.inspect.type_info(command)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        assert all(str(bound) in row[1] for bound in bounds(field.type)), field.name
