"""What recordings show, folded from logs of meetings."""

from rooms.records.program import program
from rooms.session import events as e
from rooms.session.model import Role, Seat, SeatId, Source

T = 1_800_000_000.0
CHAIR, KBANG, AN_KHE = SeatId("user:1"), SeatId("site:2"), SeatId("site:3")


def seat(seat_id: SeatId, name: str) -> Seat:
    return Seat(
        id=seat_id,
        name=f"UBND {name}",
        short_name=name,
        rank=1,
        role=Role.CHAIR if seat_id == CHAIR else Role.SITE,
        on_tiles=True,
    )


SEATS = (seat(CHAIR, "Chủ tọa"), seat(KBANG, "KBang"), seat(AN_KHE, "An Khê"))


def entered(seat_id: SeatId) -> e.SeatEntered:
    (one,) = [s for s in SEATS if s.id == seat_id]
    return e.SeatEntered(
        seat=Seat(
            id=one.id,
            name=one.name,
            short_name=one.short_name,
            rank=one.rank,
            role=one.role,
            on_tiles=True,
            present=True,
        )
    )


def log(*events: tuple[float, e.AnyEvent]) -> list[e.Entry]:
    """A meeting where all have come, then these events, each with its second."""
    opening = [
        (-60.0, e.MeetingOpened(meeting=7, title="Giao ban", seats=SEATS)),
        (-50.0, entered(CHAIR)),
        (-40.0, entered(KBANG)),
        (-30.0, entered(AN_KHE)),
    ]
    return [
        e.Entry(seq=seq, at=T + at, actor="system", event=event)
        for seq, (at, event) in enumerate([*opening, *events], start=1)
    ]


def main(seat_id: SeatId | None) -> e.MainShown:
    return e.MainShown(seat=seat_id, pinned=False)


def started(recording: str = "r1") -> e.RecordingStarted:
    return e.RecordingStarted(recording=recording, by=CHAIR)


def stopped(recording: str = "r1") -> e.RecordingStopped:
    return e.RecordingStopped(recording=recording, by=CHAIR)


def shown(entries: list[e.Entry], recording: str = "r1"):
    made = program(entries, recording)
    assert made is not None
    return [(s.start, s.end, s.seat, s.source, s.label) for s in made.showings]


def test_who_is_on_the_main_picture_follows_the_log():
    entries = log(
        (-10, main(CHAIR)),
        (0, started()),
        (30, main(KBANG)),
        (31, e.MicrophoneSet(seat=KBANG, on=True, by=KBANG)),
        (70, main(AN_KHE)),
        (100, stopped()),
        (120, main(CHAIR)),
    )
    assert shown(entries) == [
        (0.0, 30.0, CHAIR, Source.CAMERA, "Chủ tọa"),
        (30.0, 70.0, KBANG, Source.CAMERA, "KBang"),
        (70.0, 100.0, AN_KHE, Source.CAMERA, "An Khê"),
    ]
    made = program(entries, "r1")
    assert made is not None
    assert (made.title, made.started, made.ended) == ("Giao ban", T, T + 100)


def test_a_shared_screen_comes_before_the_camera():
    entries = log(
        (0, started()),
        (0, main(CHAIR)),
        (10, e.ScreenSet(seat=KBANG, on=True)),
        (20, main(AN_KHE)),
        (30, e.ScreenSet(seat=KBANG, on=False)),
        (40, stopped()),
    )
    assert shown(entries) == [
        (0.0, 10.0, CHAIR, Source.CAMERA, "Chủ tọa"),
        (10.0, 30.0, KBANG, Source.SCREEN, "KBang"),
        (30.0, 40.0, AN_KHE, Source.CAMERA, "An Khê"),
    ]


def test_nobody_on_the_main_picture_is_a_hole():
    entries = log(
        (0, started()),
        (5, main(KBANG)),
        (9, e.SeatLeft(seat=KBANG, left=False)),
        (9, main(None)),
        (15, main(CHAIR)),
        (20, stopped()),
    )
    assert [row[:3] for row in shown(entries)] == [(5.0, 9.0, KBANG), (15.0, 20.0, CHAIR)]


def test_each_recording_has_its_own_program():
    entries = log(
        (0, main(CHAIR)),
        (1, started("r1")),
        (5, stopped("r1")),
        (6, main(KBANG)),
        (10, started("r2")),
        (14, stopped("r2")),
    )
    assert [row[:3] for row in shown(entries, "r1")] == [(0.0, 4.0, CHAIR)]
    assert [row[:3] for row in shown(entries, "r2")] == [(0.0, 4.0, KBANG)]
    assert program(entries, "r3") is None
    assert program([], "r1") is None


def test_a_log_that_breaks_off_says_no_end():
    made = program(log((0, main(CHAIR)), (1, started()), (8, main(KBANG)), (9, main(CHAIR))), "r1")
    assert made is not None
    assert made.ended is None
    assert [(s.start, s.end, s.seat) for s in made.showings] == [(0, 7, CHAIR), (7, 8, KBANG)]


def test_chapters_are_long_stays_on_the_main_picture():
    entries = log(
        (0, main(CHAIR)),
        (0, started()),
        (60, main(KBANG)),  # an interjection
        (65, main(CHAIR)),
        (120, main(KBANG)),
        (130, e.ScreenSet(seat=KBANG, on=True)),
        (300, e.ScreenSet(seat=KBANG, on=False)),
        (310, main(AN_KHE)),
        (400, stopped()),
    )
    made = program(entries, "r1")
    assert made is not None
    assert [(chapter.start, chapter.title) for chapter in made.chapters] == [
        (0.0, "Chủ tọa"),
        (120.0, "KBang"),
        (310.0, "An Khê"),
    ]
