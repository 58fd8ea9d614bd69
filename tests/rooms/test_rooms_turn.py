"""Credentials that coturn takes."""

import base64
import hashlib
import hmac

from rooms.turn import TurnServers

SERVERS = TurnServers(("turn:192.0.2.1:3478",), "shared", 3600)


def test_the_name_says_until_when_and_the_password_proves_it() -> None:
    (server,) = SERVERS.for_seat("site:12", 1_000_000.7)
    expiry, _, who = server.username.partition(":")
    assert int(expiry) == 1_000_000 + 3600
    assert "12" not in who or len(who) == 16
    digest = hmac.new(b"shared", server.username.encode(), hashlib.sha1).digest()
    assert base64.b64decode(server.credential) == digest
    assert server.urls == SERVERS.urls


def test_seats_are_told_apart_but_not_named() -> None:
    names = {SERVERS.for_seat(seat, 0.0)[0].username for seat in ("site:1", "site:2")}
    assert len(names) == 2
    assert not any("site" in name for name in names)
    assert "shared" not in repr(SERVERS)


def test_without_servers_there_is_nothing() -> None:
    assert TurnServers().for_seat("site:1", 0.0) == ()
