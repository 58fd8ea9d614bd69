"""What plays in which receive slot."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms_world import CHAIR, DELEGATE, KBANG, PLEIKU, SEATS, SECRETARY

from rooms.live.media import allowed_sources, layers_of
from rooms.session.limits import picture_kbps, sent_layers, source_kbps
from rooms.session.model import LineLimits, MeetingId, Profile, SeatId, Session, Source
from rooms.session.notices import Layers, SentLayers
from rooms.session.slots import Table, Tile, View, assign

CAMERA, SCREEN = Source.CAMERA, Source.SCREEN
MIDS = ("5", "6", "7")
EVERYTHING = frozenset(Source)
ARRIVING = {seat.id: EVERYTHING for seat in SEATS}


def session(**changes: object) -> Session:
    seats = {s.id: msgspec.structs.replace(s, present=True) for s in SEATS}
    state = Session(meeting=MeetingId(1), title="", seats=seats, main=CHAIR)
    return msgspec.structs.replace(state, **changes)


def with_seat(state: Session, seat: SeatId, **changes: object) -> Session:
    changed = msgspec.structs.replace(state.seats[seat], **changes)
    return msgspec.structs.replace(state, seats={**state.seats, seat: changed})


def view(*tiles: SeatId | tuple[SeatId, Source], main: int = 720, height: int = 180) -> View:
    pictures = [tile if isinstance(tile, tuple) else (tile, CAMERA) for tile in tiles]
    wanted = tuple(Tile(seat=s, source=source, height=height) for s, source in pictures)
    return View(main_height=main, tiles=wanted)


def pictures(table: Table) -> list[tuple[SeatId, Source] | None]:
    return [row.picture for row in table]


def test_until_the_client_says_it_gets_the_main_picture_alone():
    table = assign(session(), KBANG, View(), ARRIVING, (), MIDS)
    assert pictures(table) == [(CHAIR, CAMERA), None, None]
    assert table[0].height == 720


def test_a_client_without_slots_gets_none():
    assert assign(session(), KBANG, View(), ARRIVING, (), ()) == ()


def test_tiles_fill_the_other_slots_in_the_clients_order():
    table = assign(session(), SECRETARY, view(PLEIKU, KBANG, DELEGATE), ARRIVING, (), MIDS)
    assert pictures(table) == [(CHAIR, CAMERA), (PLEIKU, CAMERA), (KBANG, CAMERA)]
    assert [row.height for row in table] == [720, 180, 180]


def test_nobody_receives_itself():
    assert pictures(assign(session(), CHAIR, view(CHAIR, KBANG), ARRIVING, (), MIDS)) == [
        None,
        (KBANG, CAMERA),
        None,
    ]


def test_a_picture_that_plays_keeps_its_slot():
    before = assign(session(), SECRETARY, view(PLEIKU, KBANG), ARRIVING, (), MIDS)
    after = assign(session(), SECRETARY, view(DELEGATE, KBANG), ARRIVING, before, MIDS)
    assert pictures(after) == [(CHAIR, CAMERA), (DELEGATE, CAMERA), (KBANG, CAMERA)]


def test_a_tile_that_becomes_the_main_picture_moves_to_its_slot():
    before = assign(session(), SECRETARY, view(PLEIKU, KBANG), ARRIVING, (), MIDS)
    wanted = view(PLEIKU, KBANG, CHAIR)
    after = assign(session(main=KBANG), SECRETARY, wanted, ARRIVING, before, MIDS)
    assert pictures(after) == [(KBANG, CAMERA), (PLEIKU, CAMERA), (CHAIR, CAMERA)]
    assert after[0].height == 720


def test_a_shared_screen_is_the_main_picture_and_the_speaker_becomes_a_tile():
    state = with_seat(session(sharing=KBANG), KBANG, screen=True)
    table = assign(state, SECRETARY, view(CHAIR, KBANG), ARRIVING, (), MIDS)
    assert pictures(table) == [(KBANG, SCREEN), (CHAIR, CAMERA), (KBANG, CAMERA)]


def test_the_seat_that_shares_sees_the_speaker():
    state = with_seat(session(sharing=KBANG), KBANG, screen=True)
    assert pictures(assign(state, KBANG, View(), ARRIVING, (), MIDS))[0] == (CHAIR, CAMERA)


def test_what_is_off_absent_or_does_not_arrive_leaves_its_slot_empty():
    state = with_seat(session(), PLEIKU, camera=False)
    state = with_seat(state, DELEGATE, present=False)
    arriving = {**ARRIVING, KBANG: frozenset({Source.MICROPHONE})}
    table = assign(state, SECRETARY, view(PLEIKU, KBANG, DELEGATE), arriving, (), MIDS)
    assert pictures(table) == [(CHAIR, CAMERA), None, None]
    assert pictures(assign(state, SECRETARY, View(), {}, (), MIDS)) == [None, None, None]


def test_a_hidden_main_picture_or_tile_costs_no_slot():
    wanted = View(main_height=0, tiles=(Tile(seat=KBANG, source=CAMERA, height=0),))
    assert pictures(assign(session(), SECRETARY, wanted, ARRIVING, (), MIDS)) == [None] * 3


def test_a_hidden_main_picture_may_still_be_a_tile():
    table = assign(session(), SECRETARY, view(CHAIR, main=0), ARRIVING, (), MIDS)
    assert pictures(table) == [None, (CHAIR, CAMERA), None]


def test_the_larger_wish_counts_when_main_picture_and_tile_are_the_same():
    table = assign(session(), SECRETARY, view(CHAIR, main=180, height=360), ARRIVING, (), MIDS)
    assert pictures(table) == [(CHAIR, CAMERA), None, None]
    assert table[0].height == 360


seat_ids = st.sampled_from([seat.id for seat in SEATS] + [SeatId("site:99")])
tiles = st.lists(
    st.builds(Tile, seat=seat_ids, source=st.sampled_from(Source), height=st.integers(0, 720)),
    max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(
    own=seat_ids,
    steps=st.lists(
        st.tuples(
            st.builds(View, main_height=st.sampled_from((0, 720)), tiles=tiles.map(tuple)),
            st.none() | seat_ids,
            st.sets(seat_ids),
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_no_source_plays_twice_none_at_its_own_seat_and_what_is_wanted_stays(own, steps):
    table: Table = ()
    for wanted, main, arrives in steps:
        arriving = dict.fromkeys(arrives, EVERYTHING)
        before, table = table, assign(session(main=main), own, wanted, arriving, table, MIDS)
        playing = [picture for picture in pictures(table) if picture is not None]
        assert [row.mid for row in table] == list(MIDS)
        assert len(set(playing)) == len(playing)
        assert all(seat != own and seat in arrives for seat, _ in playing)
        tiles_before = {row.picture: row.mid for row in before[1:] if row.picture}
        for row in table[1:]:
            if row.picture in tiles_before:
                assert row.mid == tiles_before[row.picture]


# ---------------------------------------------------------------- weak lines


def limited(state: Session, seat: SeatId, profile: Profile) -> Session:
    return with_seat(state, seat, limits=LineLimits(profile=profile))


def test_a_weak_line_gets_the_main_picture_small_and_no_others():
    wanted = view(PLEIKU, CHAIR)
    table = assign(limited(session(), KBANG, Profile.WEAK), KBANG, wanted, ARRIVING, (), MIDS)
    assert pictures(table) == [(CHAIR, CAMERA), None, None]
    assert table[0].height == 180


def test_a_weak_line_keeps_the_document_before_the_cameras():
    state = with_seat(session(sharing=PLEIKU), PLEIKU, screen=True)
    table = assign(
        limited(state, KBANG, Profile.WEAK), KBANG, view(CHAIR, PLEIKU), ARRIVING, (), MIDS
    )
    assert pictures(table) == [(PLEIKU, SCREEN), None, None]
    assert table[0].height == 720, "its letters stay sharp"


def test_who_shares_on_a_weak_line_sees_the_main_camera_small():
    state = with_seat(session(sharing=KBANG), KBANG, screen=True)
    table = assign(limited(state, KBANG, Profile.WEAK), KBANG, view(), ARRIVING, (), MIDS)
    assert (table[0].picture, table[0].height) == ((CHAIR, CAMERA), 180)


def test_who_only_listens_gets_and_sends_no_picture():
    state = limited(with_seat(session(), KBANG, microphone=True), KBANG, Profile.AUDIO)
    table = assign(state, KBANG, view(PLEIKU), ARRIVING, (), MIDS)
    assert pictures(table) == [None, None, None]
    others = assign(state, SECRETARY, view(KBANG, PLEIKU), ARRIVING, (), MIDS)
    assert pictures(others) == [(CHAIR, CAMERA), (PLEIKU, CAMERA), None]
    assert allowed_sources(state.seats[KBANG]) == {Source.MICROPHONE}, "speech always goes"


def test_other_sites_do_not_notice_a_weak_line():
    """One bad site lowers nobody else's picture."""
    state = limited(session(), KBANG, Profile.WEAK)
    before = assign(session(), SECRETARY, view(PLEIKU, KBANG), ARRIVING, (), MIDS)
    assert assign(state, SECRETARY, view(PLEIKU, KBANG), ARRIVING, (), MIDS) == before


def test_a_weak_line_sends_its_camera_small():
    assert picture_kbps(LineLimits(profile=Profile.WEAK)) == 200
    assert sent_layers(200, ("q", "h", "f")) == ("q",)
    assert sent_layers(200, ("h",)) == ("q",), "watched large, sent small"
    assert sent_layers(200, ()) == (), "nobody watches"
    assert sent_layers(200, ("",)) == ("",), "a single layer, slower"


@pytest.mark.parametrize(
    ("kbps", "sent"),
    [
        (100, ()),
        (256, ("q",)),
        (512, ("q", "h")),  # the half picture with what is left
        (1000, ("q", "h")),
        (2000, ("q", "h", "f")),
        (5000, ("q", "h", "f")),
    ],
)
def test_a_ceiling_upwards_drops_the_largest_layers_first(kbps: int, sent: tuple[str, ...]):
    limits = LineLimits(max_up_kbps=kbps)
    assert sent_layers(picture_kbps(limits), ("q", "h", "f")) == sent
    seat = msgspec.structs.replace(session().seats[KBANG], microphone=True, limits=limits)
    assert Source.MICROPHONE in allowed_sources(seat), "never the sound"
    assert (Source.CAMERA in allowed_sources(seat)) is bool(sent)


@pytest.mark.parametrize(
    ("kbps", "camera", "screen"),
    [(100, 0, 0), (200, 150, 0), (256, 103, 103), (512, 120, 342), (2000, 120, 1830)],
)
def test_a_shared_screen_and_the_camera_keep_one_ceiling_upwards(kbps, camera, screen):
    limits = LineLimits(max_up_kbps=kbps)
    assert source_kbps(limits, CAMERA, shares=True) == camera
    assert source_kbps(limits, SCREEN, shares=True) == screen
    assert source_kbps(limits, CAMERA, shares=False) == picture_kbps(limits)
    assert source_kbps(LineLimits(), SCREEN, shares=True) is None


def test_layers_are_told_with_the_limits():
    assert layers_of(LineLimits(), {}) == Layers(sources=())
    camera = SentLayers(source=CAMERA, rids=("q",), max_kbps=200)
    screen = SentLayers(source=SCREEN, rids=())
    weak = LineLimits(profile=Profile.WEAK)
    assert layers_of(weak, {CAMERA: ("q", "f")}) == Layers(sources=(camera, screen))
    camera, screen = (
        SentLayers(source=source, rids=rids, max_kbps=100)
        for source, rids in ((CAMERA, ("q",)), (SCREEN, ("",)))
    )
    assert layers_of(weak, {}, shares=True) == Layers(sources=(camera, screen))


def test_a_ceiling_downwards_is_left_to_the_media_plane():
    state = with_seat(session(), SECRETARY, limits=LineLimits(max_down_kbps=64))
    table = assign(state, SECRETARY, view(PLEIKU, KBANG), ARRIVING, (), MIDS)
    assert [row.height for row in table] == [720, 180, 180]


def test_a_ceiling_downwards_leaves_what_is_sent_as_it_is():
    """Who refuses others' pictures may go on sending the own one."""
    seat = msgspec.structs.replace(session().seats[KBANG], limits=LineLimits(max_down_kbps=64))
    assert Source.CAMERA in allowed_sources(seat)
    assert layers_of(seat.limits, {CAMERA: ("q", "f")}) == Layers(
        sources=(SentLayers(source=CAMERA, rids=("q", "f")),)
    )
