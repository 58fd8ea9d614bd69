"""Parsing: a message or a ProtocolError, whatever comes in."""

import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling.messages import (
    CLIENT_MESSAGES,
    MAX_MESSAGE_BYTES,
    SERVER_MESSAGES,
    AnyClientMessage,
    Codec,
    ProtocolError,
    Request,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = {
    field.encode_name
    for message in CLIENT_MESSAGES.values()
    for field in msgspec.structs.fields(message)
}
NEARLY = st.builds(
    lambda kind, fields: {"type": kind, **fields},
    st.sampled_from(sorted(CLIENT_MESSAGES)) | st.text(),
    st.dictionaries(st.sampled_from(sorted(FIELDS)) | st.text(), JSON, max_size=6),
)


def parse_or_error(text: str | bytes) -> None:
    outcome: AnyClientMessage | ProtocolError
    try:
        outcome = Codec.parse(text)
    except ProtocolError as error:
        outcome = error
    if isinstance(outcome, ProtocolError):
        assert outcome.code == 4400
        assert 0 < len(outcome.reason) <= 100
    else:
        assert isinstance(outcome, get_args(AnyClientMessage))


@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    parse_or_error(data)


@given(st.text(st.characters(), max_size=300))
def test_random_text(text: str) -> None:
    parse_or_error(text)


@given(JSON)
def test_random_json(value: object) -> None:
    parse_or_error(json.dumps(value))


@given(NEARLY)
def test_nearly_messages(value: dict[str, object]) -> None:
    parse_or_error(json.dumps(value))


@pytest.mark.parametrize("text", ["[" * 10_000, '{"type":' * 10_000, "\ud800", '"\\ud800"'])
def test_traps(text: str) -> None:
    parse_or_error(text)


def test_too_large_is_said_before_parsing() -> None:
    with pytest.raises(ProtocolError) as error:
        Codec.parse("x" * (MAX_MESSAGE_BYTES + 1))
    assert error.value.code == 1009


def test_every_string_and_list_a_client_sends_is_bounded() -> None:
    schema = msgspec.json.schema(AnyClientMessage)

    def check(node: object, where: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "string" and "enum" not in node:
                assert "maxLength" in node, where
            if node.get("type") == "array":
                assert "maxItems" in node, where
            for key, inner in node.items():
                check(inner, f"{where}.{key}")
        elif isinstance(node, list):
            for inner in node:
                check(inner, where)

    check(schema, "")


def test_tags_are_unique_and_no_message_is_both_ways() -> None:
    assert len(CLIENT_MESSAGES) == len(get_args(AnyClientMessage))
    assert not CLIENT_MESSAGES.keys() & SERVER_MESSAGES.keys()
    assert any(issubclass(message, Request) for message in CLIENT_MESSAGES.values())
