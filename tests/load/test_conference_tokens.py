"""Bearer tokens open the meeting and role they were issued for, for as long as they say."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.directory.tokens import (
    KEY_BYTES,
    KEY_FILE,
    TokenRefused,
    TokenRole,
    issue_token,
    load_key,
    read_token,
)

KEY = bytes(range(KEY_BYTES))
NOW = 1_530_000_000.0


def refusal(text: str, key: bytes = KEY, now: float = NOW, **wanted: object) -> str:
    with pytest.raises(TokenRefused) as refused:
        read_token(key, text, now=now, **wanted)  # type: ignore[arg-type]
    return refused.value.code


def test_a_token_says_what_it_was_issued_for():
    text = issue_token(
        KEY, meeting="demo", role=TokenRole.SITE, now=NOW, name="UBND huyện KBang", seat="site:12"
    )
    token = read_token(
        KEY, text, now=NOW, meetings=frozenset({"7", "demo"}), roles=frozenset({TokenRole.SITE})
    )
    assert (token.meeting, token.role, token.seat) == ("demo", TokenRole.SITE, "site:12")
    assert token.name == "UBND huyện KBang"


def test_each_encoder_gets_a_seat_of_its_own():
    tokens = [issue_token(KEY, meeting="1", role=TokenRole.PUBLISHER, now=NOW) for _ in range(2)]
    seats = {read_token(KEY, text, now=NOW).seat for text in tokens}
    assert len(seats) == 2
    assert all(seat.startswith("encoder:") for seat in seats)


def test_refusals_have_their_codes():
    text = issue_token(KEY, meeting="demo", role=TokenRole.VIEWER, now=NOW, lifetime_s=60)
    assert refusal(text, now=NOW + 60) == "expired"
    assert refusal(text, meetings=frozenset({"9"})) == "wrong-meeting"
    assert refusal(text, roles=frozenset({TokenRole.PUBLISHER})) == "wrong-role"
    assert refusal(text, key=bytes(KEY_BYTES)) == "malformed"
    head, claims, signature = text.split(".")
    assert refusal(f"{head}.{claims}x.{signature}") == "malformed"
    # RFC 8725 section 3.1: the "none" algorithm opens nothing
    assert refusal(f"eyJhbGciOiJub25lIn0.{claims}.") == "malformed"


@given(st.text(max_size=200))
def test_arbitrary_text_is_refused(text: str):
    assert refusal(text) == "malformed"


def test_the_key_is_made_once_and_kept_private(tmp_path: Path):
    key = load_key(tmp_path)
    assert len(key) == KEY_BYTES
    assert load_key(tmp_path) == key
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(ValueError, match="not a token key"):
        load_key(tmp_path)
