"""Which picture is shown when: plans against the footage that arrived."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.recording.timeline import (
    Chapter,
    Footage,
    Plan,
    PlanError,
    Segment,
    matches,
    read_plan,
    shots,
)


def plan_of(*segments: Segment) -> Plan:
    return Plan(recording="r", started=0.0, ended=100.0, title="T", segments=segments)


def seat(number: int, start: float, end: float, source: str = "camera") -> Segment:
    name = f"site:{number}"
    return Segment(
        start=start, end=end, seat=name, peers=(name,), source=source, label=f"Site {number}"
    )


def film(track: int, start: float, end: float, **more) -> Footage:
    fields = {"peer": "site:1#a", "source": "camera", "rid": "", "height": 0, "keyframes": [start]}
    return Footage(track=track, start=start, end=end, **(fields | more))


def shown(plan: Plan, footage, length: float = 20.0):
    return [(shot.start, shot.end, shot.track, shot.label) for shot in shots(plan, footage, length)]


def test_segments_become_shots_and_holes_the_card():
    footage = [film(0, 0, 20), film(1, 0, 20, peer="site:2#x")]
    assert shown(plan_of(seat(1, 2, 6), seat(2, 6, 9)), footage) == [
        (0.0, 2, None, ""),
        (2, 6, 0, "Site 1"),
        (6, 9, 1, "Site 2"),
        (9, 20.0, None, ""),
    ]


def test_a_seat_without_pictures_has_its_name_below_the_card():
    assert shown(plan_of(seat(1, 0, 20)), []) == [(0, 20, None, "Site 1")]


def test_the_picture_before_stays_with_its_name_until_the_next_arrives():
    footage = [film(0, 0, 20), film(1, 6.4, 20, peer="site:2#x")]
    assert shown(plan_of(seat(1, 0, 6), seat(2, 6, 20)), footage) == [
        (0, 6.4, 0, "Site 1"),
        (6.4, 20, 1, "Site 2"),
    ]


def test_a_near_key_frame_is_waited_for():
    footage = [
        film(0, 0, 20),
        film(1, 0, 20, peer="site:2#x", keyframes=[0, 6.5, 16.5]),
    ]
    assert shown(plan_of(seat(1, 0, 6), seat(2, 6, 20)), footage)[1][0] == 6.5
    assert shown(plan_of(seat(1, 0, 8), seat(2, 8, 20)), footage)[1][0] == 8
    assert shown(plan_of(seat(1, 0, 12), seat(2, 12, 20)), footage)[1][0] == 12


def test_the_highest_layer_that_arrives_is_taken():
    footage = [
        film(0, 0, 20, rid="q", height=180),
        film(1, 0, 20, rid="h", height=360),
        film(2, 5, 9, rid="f", height=720),
    ]
    assert [shot[2] for shot in shown(plan_of(seat(1, 0, 20)), footage)] == [1, 2, 1]
    without_size = [
        film(number, 0, 20, rid=rid, height=0) for number, rid in enumerate(["f", "q", "h"])
    ]
    assert [shot[2] for shot in shown(plan_of(seat(1, 0, 20)), without_size)] == [0]


def test_a_screen_that_does_not_arrive_leaves_the_camera():
    camera = film(0, 0, 20, height=720)
    screen = film(1, 5, 10, source="screen", height=540)
    segments = plan_of(seat(1, 0, 12, "screen"), seat(1, 12, 20))
    assert [shot[:3] for shot in shown(segments, [camera, screen])] == [
        (0, 5, 0),
        (5, 10, 1),
        (10, 20, 0),
    ]


def test_a_seat_that_reconnects_goes_on():
    footage = [film(0, 0, 8), film(1, 8.3, 20, peer="site:1#b")]
    assert [shot[:3] for shot in shown(plan_of(seat(1, 0, 20)), footage)] == [
        (0, 8.3, 0),
        (8.3, 20, 1),
    ]


def test_peers_are_named_whole_or_by_seat():
    segment = Segment(start=0, end=1, peers=("site:1", "site:7#c"))
    assert matches(segment, "site:1#whatever")
    assert matches(segment, "site:7#c")
    assert not matches(segment, "site:7#d")
    assert not matches(segment, "site:12#a")


@given(st.data())
def test_shots_always_cover_the_whole_length_in_order(data):
    times = st.floats(0, 30).map(lambda value: round(value, 2))
    cuts = sorted(data.draw(st.lists(times, min_size=2, max_size=8)))
    segments = [
        seat(number % 3, start, end)
        for number, (start, end) in enumerate(zip(cuts[::2], cuts[1::2], strict=False))
    ]
    footage = []
    for track in range(data.draw(st.integers(0, 5))):
        start, end = sorted((data.draw(times), data.draw(times)))
        footage.append(film(track, start, end, peer=f"site:{track % 3}#a"))
    result = shots(plan_of(*segments), footage, 25.0)
    assert result[0].start == 0.0
    assert result[-1].end == 25.0
    for before, after in itertools.pairwise(result):
        assert before.end == after.start
    for shot in result:
        assert shot.start < shot.end
        if shot.track is not None:
            assert shot.label == f"Site {shot.track % 3}"


def test_plans_are_read_from_json():
    plan = Plan(
        recording="r",
        started=1.8e9,
        ended=None,
        title="Họp",
        segments=(seat(1, 0, 2),),
        chapters=(Chapter(start=0.0, title="Mở đầu"),),
    )
    assert read_plan(msgspec.json.encode(plan)) == plan


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"recording":"r"}',
        b'{"recording":"r","started":5,"ended":4,"title":""}',
        b'{"recording":"r","started":0,"ended":9,"title":"",'
        b'"segments":[{"start":3,"end":5},{"start":4,"end":6}]}',
    ],
)
def test_bad_plans_are_refused(text):
    with pytest.raises(PlanError):
        read_plan(text)
