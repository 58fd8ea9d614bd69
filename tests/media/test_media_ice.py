"""Who may send from where: connectivity checks against the ICE-lite table."""

import os

import pytest
from aioice import stun
from hypothesis import given
from hypothesis import strategies as st

from media.transport.ice import (
    CONSENT_S,
    MAX_PATHS,
    OLD_CREDENTIALS_S,
    STALE_S,
    Credentials,
    IceLite,
    IceSession,
    Path,
    check_ufrag,
)

ALICE = Credentials("alice-ufrag", "a" * 32)
BOB = Credentials("bob-ufrag", "b" * 32)
HOME = Path(0, ("192.0.2.1", 5000))
MOBILE = Path(0, ("198.51.100.7", 6000))
OTHER_NETWORK = Path(1, ("192.0.2.1", 5000))


def check(credentials: Credentials, *, use_candidate: bool = False, **attributes: object) -> bytes:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{credentials.ufrag}:theirs"
    message.attributes["PRIORITY"] = 1
    message.attributes.setdefault("ICE-CONTROLLING", 7)
    if use_candidate:
        message.attributes["USE-CANDIDATE"] = None
    message.attributes.update(attributes)
    message.add_message_integrity(credentials.password.encode())
    return bytes(message)


@pytest.fixture
def table() -> IceLite[str]:
    return IceLite(endpoints=2)


@pytest.fixture
def alice(table: IceLite[str]) -> IceSession[str]:
    return table.open("alice", ALICE, now=0.0)


def test_a_valid_check_is_answered_and_opens_the_path(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    request = check(ALICE)
    checked = table.on_stun(request, HOME, now=1.0)
    assert checked is not None
    assert checked.moved
    reply = stun.parse_message(checked.reply)
    assert reply.message_class == stun.Class.RESPONSE
    assert reply.transaction_id == stun.parse_message(request).transaction_id
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == HOME.address
    assert reply.check_message_integrity(ALICE.password.encode())
    assert table.routes[0][HOME.address] is alice
    assert alice.selected == HOME
    assert alice.heard == 1.0


def test_only_use_candidate_moves_the_path(table: IceLite[str], alice: IceSession[str]) -> None:
    table.on_stun(check(ALICE, use_candidate=True), HOME, now=1.0)
    probing = table.on_stun(check(ALICE), MOBILE, now=2.0)
    assert probing is not None
    assert not probing.moved
    assert alice.selected == HOME
    assert table.routes[0][MOBILE.address] is alice  # packets from both are taken meanwhile
    nominated = table.on_stun(check(ALICE, use_candidate=True), MOBILE, now=3.0)
    assert nominated is not None
    assert nominated.moved
    assert alice.selected == MOBILE
    again = table.on_stun(check(ALICE, use_candidate=True), MOBILE, now=4.0)
    assert again is not None
    assert not again.moved


def test_sockets_are_told_apart(table: IceLite[str], alice: IceSession[str]) -> None:
    table.on_stun(check(ALICE), OTHER_NETWORK, now=1.0)
    assert alice.selected == OTHER_NETWORK
    assert not table.routes[0]


def test_a_restart_takes_old_and_new_credentials_for_a_while(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    fresh = Credentials("fresh-ufrag", "f" * 32)
    table.on_stun(check(ALICE), HOME, now=1.0)
    table.restart(alice, fresh, now=2.0)
    assert alice.selected == HOME
    late = 2.0 + OLD_CREDENTIALS_S - 1
    assert table.on_stun(check(ALICE), HOME, now=late) is not None
    moved = table.on_stun(check(fresh, use_candidate=True), MOBILE, now=late)
    assert moved is not None
    assert moved.session is alice
    assert alice.selected == MOBILE
    assert list(table.expire(2.0 + OLD_CREDENTIALS_S)) == []
    assert table.on_stun(check(ALICE), HOME, now=late + 2) is None
    assert table.on_stun(check(fresh), MOBILE, now=late + 2) is not None


def test_turn_servers_are_answered_on_an_endpoint_to_leave() -> None:
    table: IceLite[str] = IceLite(endpoints=2, relays={MOBILE.address[0]})
    alice = table.open("alice", ALICE, now=0.0)
    table.restart(alice, BOB, now=1.0, barred=frozenset({HOME.endpoint}))
    assert table.on_stun(check(BOB, use_candidate=True), HOME, now=2.0) is None
    assert table.on_stun(check(BOB, use_candidate=True), MOBILE, now=2.0) is not None
    assert alice.selected == MOBILE


def test_an_endpoint_to_leave_answers_no_checks_until_the_next_restart(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    fresh, again = Credentials("fresh-ufrag", "f" * 32), Credentials("again-ufrag", "g" * 32)
    table.on_stun(check(ALICE, use_candidate=True), HOME, now=1.0)
    table.restart(alice, fresh, now=2.0, barred=frozenset({HOME.endpoint}))
    for credentials in (ALICE, fresh):
        assert table.on_stun(check(credentials, use_candidate=True), HOME, now=3.0) is None
    assert table.drops == {"stun_barred": 2}
    assert alice.selected == HOME  # media goes on there until another path is nominated
    assert table.routes[HOME.endpoint][HOME.address] is alice
    moved = table.on_stun(check(fresh, use_candidate=True), OTHER_NETWORK, now=4.0)
    assert moved is not None
    assert alice.selected == OTHER_NETWORK
    table.restart(alice, again, now=5.0)
    assert table.on_stun(check(again, use_candidate=True), HOME, now=6.0) is not None
    assert alice.selected == HOME


@pytest.mark.parametrize(
    ("reason", "datagram"),
    [
        ("stun_unknown_ufrag", check(BOB)),
        ("stun_bad_integrity", check(Credentials(ALICE.ufrag, "x" * 32))),
        ("stun_malformed", b""),
        ("stun_malformed", b"\0" * 19),
        ("stun_malformed", check(ALICE)[:-1]),
        ("stun_malformed", check(ALICE) + b"\0"),
        ("stun_malformed", bytes(stun.Message(stun.Method.BINDING, stun.Class.REQUEST))),
        ("stun_malformed", bytes(stun.Message(stun.Method.BINDING, stun.Class.INDICATION))),
        ("stun_malformed", b"\1" + check(ALICE)[1:]),
    ],
    ids=range(9),
)
def test_what_is_no_check_of_ours_changes_nothing(
    table: IceLite[str], alice: IceSession[str], reason: str, datagram: bytes
) -> None:
    assert table.on_stun(datagram, HOME, now=1.0) is None
    assert table.drops == {reason: 1}
    assert alice.selected is None
    assert alice.heard == 0.0
    assert not table.routes[0]


def test_a_check_without_integrity_is_dropped(table: IceLite[str], alice: IceSession[str]) -> None:
    message = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    message.attributes["USERNAME"] = f"{ALICE.ufrag}:theirs"
    assert table.on_stun(bytes(message), HOME, now=1.0) is None
    assert table.drops == {"stun_bad_integrity": 1}


def test_a_controlled_peer_is_told_to_control(table: IceLite[str], alice: IceSession[str]) -> None:
    checked = table.on_stun(check(ALICE, **{"ICE-CONTROLLED": 9}), HOME, now=1.0)
    assert checked is not None
    assert stun.parse_message(checked.reply).attributes["ERROR-CODE"][0] == 487
    assert alice.selected is None


def test_a_forged_source_address_does_not_divert_a_live_peer(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    bob = table.open("bob", BOB, now=0.0)
    table.on_stun(check(ALICE, use_candidate=True), HOME, now=1.0)
    assert table.on_stun(check(BOB, use_candidate=True), HOME, now=2.0) is None
    assert table.drops == {"stun_address_taken": 1}
    assert table.routes[0][HOME.address] is alice
    assert bob.selected is None


def test_an_address_goes_to_the_next_peer_once_the_first_is_silent(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    bob = table.open("bob", BOB, now=0.0)
    table.on_stun(check(ALICE, use_candidate=True), HOME, now=1.0)
    assert table.on_stun(check(BOB), HOME, now=1.5 + STALE_S) is not None
    assert table.routes[0][HOME.address] is bob
    assert alice.selected is None


def test_consent_runs_out_without_authenticated_packets(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    table.on_stun(check(ALICE), HOME, now=1.0)
    assert not alice.is_stale(1.0 + STALE_S)
    assert alice.is_stale(1.1 + STALE_S)
    assert list(table.expire(1.0 + CONSENT_S)) == []
    assert list(table.expire(1.1 + CONSENT_S)) == [alice]
    alice.heard = 40.0  # an SRTP packet passed authentication
    assert list(table.expire(41.0)) == []


def test_closing_forgets_everything(table: IceLite[str], alice: IceSession[str]) -> None:
    table.on_stun(check(ALICE), HOME, now=1.0)
    table.on_stun(check(ALICE), OTHER_NETWORK, now=1.0)
    table.close(alice)
    assert table.routes == [{}, {}]
    assert table.on_stun(check(ALICE), HOME, now=2.0) is None
    assert list(table.expire(1000.0)) == []


def test_one_peer_holds_a_bounded_number_of_addresses(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    table.on_stun(check(ALICE), HOME, now=0.5)
    for port in range(1, 100):
        table.on_stun(check(ALICE), Path(0, ("203.0.113.1", port)), now=1.0 + port)
    assert len(alice.paths) == len(table.routes[0]) == MAX_PATHS
    assert HOME in alice.paths  # the selected one stays


def test_quiet_paths_are_forgotten_but_not_the_selected_one(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    table.on_stun(check(ALICE, use_candidate=True), HOME, now=1.0)
    table.on_stun(check(ALICE), MOBILE, now=1.0)
    alice.heard = 50.0
    list(table.expire(1.1 + CONSENT_S))
    assert list(alice.paths) == [HOME]


def test_ipv6_addresses_as_the_socket_gives_them(
    table: IceLite[str], alice: IceSession[str]
) -> None:
    path = Path(0, ("2001:db8::1", 5000, 0, 0))
    checked = table.on_stun(check(ALICE), path, now=1.0)
    assert checked is not None
    reply = stun.parse_message(checked.reply)
    assert reply.attributes["XOR-MAPPED-ADDRESS"] == ("2001:db8::1", 5000)


@given(st.binary(max_size=200))
def test_random_bytes_are_dropped(tail: bytes) -> None:
    table: IceLite[str] = IceLite(endpoints=1)
    session = table.open("alice", ALICE, now=0.0)
    for datagram in (tail, check(ALICE)[:20] + tail):
        assert table.on_stun(datagram, HOME, now=1.0) is None
    assert session.selected is None


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_changed_byte_is_never_taken(at: int, value: int) -> None:
    table: IceLite[str] = IceLite(endpoints=1)
    table.open("alice", ALICE, now=0.0)
    datagram = bytearray(check(ALICE, use_candidate=True))
    at %= len(datagram) - 8  # FINGERPRINT, the last attribute, is outside of the integrity
    if datagram[at] == value:
        return
    datagram[at] = value
    assert table.on_stun(bytes(datagram), HOME, now=1.0) is None


def test_a_flood_of_wrong_ufrags_is_dropped_before_any_parsing(
    table: IceLite[str], alice: IceSession[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def parse(data: bytes) -> stun.Message:
        raise AssertionError("parsed")

    monkeypatch.setattr("media.transport.ice.stun.parse_message", parse)
    wrong = check(BOB)
    assert check_ufrag(wrong) == BOB.ufrag
    for _ in range(100):
        assert table.on_stun(wrong, HOME, now=1.0) is None
    assert table.drops == {"stun_unknown_ufrag": 100}


def test_random_datagrams_of_every_size(table: IceLite[str]) -> None:
    for size in range(0, 1600, 37):
        assert table.on_stun(os.urandom(size), HOME, now=1.0) is None
