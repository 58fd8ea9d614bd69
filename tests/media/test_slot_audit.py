"""Slots that should flow and do not: noticed, healed step by step, and no false alarms."""

import itertools

import pytest
from room_world import Source, Viewer, World

from media.forward.audit import (
    FIRST_REST_S,
    MAX_REST_S,
    TRANSPORTS_PER_WINDOW,
    Facts,
    SlotAudit,
    Step,
    TransportLimit,
)
from media.peer import Peer
from media.rtp.rtcp import PictureLoss, ReceiverReport, ReportBlock


def run(  # type: ignore[no-untyped-def]
    seconds: int,
    *,
    kind: str = "video",
    sent=lambda now: int(now * 30),
    reported=lambda now: None,
    blocks=lambda now: now,
    heard=lambda now: now,
    playing=lambda now: True,
    audit: SlotAudit | None = None,
) -> list[tuple[int, Step]]:
    """The steps taken, looking once a second; the arguments tell the facts at each second."""
    audit = audit or SlotAudit()
    steps = []
    for now in range(seconds):
        facts = Facts(kind, playing(now), sent(now), reported(now), blocks(now), heard(now))
        step = audit.check(facts, float(now))
        if step is not None:
            steps.append((now, step))
    return steps


ALL = [Step.KEYFRAME, Step.RESLOT, Step.TRANSPORT]


def test_a_picture_that_never_arrives_is_healed_step_by_step() -> None:
    steps = run(14)
    assert [step for _, step in steps] == ALL
    assert steps[0][0] <= 5
    assert all(3 <= b[0] - a[0] <= 4 for a, b in itertools.pairwise(steps))


def test_a_picture_that_stops_arriving_is_healed_too() -> None:
    steps = run(24, reported=lambda now: min(now, 8) * 30)
    assert [step for _, step in steps] == ALL
    assert 11 <= steps[0][0] <= 13


def test_a_voice_has_no_key_frame_and_reports_come_rarely() -> None:
    steps = run(40, kind="audio", sent=lambda now: now * 50)
    assert [step for _, step in steps] == [Step.RESLOT, Step.TRANSPORT]
    assert steps[0][0] >= 9


def test_a_slot_whose_source_owes_its_key_frame_costs_nobody_the_transport() -> None:
    steps = run(60, playing=lambda now: False, sent=lambda now: 0)
    assert [step for _, step in steps] == [Step.KEYFRAME, Step.RESLOT]


def test_healing_rests_ever_longer_and_never_loops() -> None:
    steps = run(4000)
    rounds = [now for now, step in steps if step is Step.KEYFRAME]
    pauses = [b - a for a, b in itertools.pairwise(rounds)]
    assert all(b > a for a, b in itertools.pairwise(pauses) if a < MAX_REST_S)
    assert pauses[0] >= FIRST_REST_S
    assert len(rounds) <= 8


def test_what_helped_is_not_done_again_and_later_trouble_begins_mildly() -> None:
    audit = SlotAudit()
    first = run(6, audit=audit, reported=lambda now: 7)
    assert [step for _, step in first] == [Step.KEYFRAME]
    facts = [Facts("video", True, 300 + n * 30, 8 + n, 6 + n, 6.0 + n) for n in range(60)]
    assert not any(audit.check(f, f.heard_at) for f in facts)
    stalled = [Facts("video", True, 3000 + n * 30, 8 + 59, 66 + n, 66.0 + n) for n in range(7)]
    steps = [audit.check(f, f.heard_at) for f in stalled]
    assert [s for s in steps if s] == [Step.KEYFRAME]


@pytest.mark.parametrize(
    ("what", "facts"),
    {
        "flows": {"reported": lambda now: now * 30},
        "half is lost": {"reported": lambda now: now // 2 * 60},
        "reports every third second": {"reported": lambda now: now // 3 * 90},
        "static screen": {"sent": lambda now: now // 10, "reported": lambda now: now // 10},
        "nothing is sent": {"sent": lambda now: 500, "reported": lambda now: 500},
        "paused, then on": {
            "sent": lambda now: max(0, now - 30) * 30,
            "reported": lambda now: max(0, now - 31) * 30,
        },
        "reports every ninth second, others more often": {
            "reported": lambda now: now // 9 * 270,
            "blocks": lambda now: now // 9,
        },
        "the line is down": {"reported": lambda now: 7, "heard": lambda now: 0},
        "never reports": {"heard": lambda now: float("-inf")},
        "line comes and goes": {
            "reported": lambda now: now // 8 * 240,
            "heard": lambda now: now // 8 * 8,
        },
    }.items(),
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_false_alarm_about_pictures(what: str, facts: dict[str, object]) -> None:
    assert run(120, **facts) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "facts",
    [
        {"sent": lambda now: now * 50, "reported": lambda now: now // 7 * 350},
        {"sent": lambda now: now // 10 * 5, "reported": lambda now: now // 10 * 5},
        {"sent": lambda now: 40, "reported": lambda now: 40},
    ],
    ids=["reported every seven seconds", "discontinuous transmission", "silent"],
)
def test_no_false_alarm_about_voices(facts: dict[str, object]) -> None:
    assert run(120, kind="audio", **facts) == []  # type: ignore[arg-type]


def test_transports_are_ended_few_at_a_time_and_rarely_for_one_seat() -> None:
    limit = TransportLimit()
    allowed = [limit.allows(f"site:{n}", 1.0) for n in range(50)]
    assert allowed == [True] * TRANSPORTS_PER_WINDOW + [False] * (50 - TRANSPORTS_PER_WINDOW)
    ended = [now for now in range(20, 4000) if limit.allows("site:9", float(now))]
    pauses = [b - a for a, b in itertools.pairwise(ended)]
    assert pauses == [60, 120, 240, 480, 960, 960, 960]


# In a room


class Reporter:
    """A viewer that reports on its slots once a second, as a browser does; `deaf` to some."""

    def __init__(self, world: World, viewer: Viewer) -> None:
        self.world = world
        self.viewer = viewer
        self.deaf: set[int] = set()
        self.highest: dict[int, int] = {}

    def report(self) -> None:
        for packet in self.viewer.received:
            if packet.ssrc not in self.deaf:
                self.highest[packet.ssrc] = packet.sequence
        self.viewer.received.clear()
        blocks = [ReportBlock(s, 0, 0, n, 0, 0, 0) for s, n in self.highest.items()]
        self.world.tell(self.viewer.peer, ReceiverReport(1, tuple(blocks)))


class Meeting:
    """One publisher, a viewer that shows its camera."""

    def __init__(self) -> None:
        self.world = World()
        self.speaker = self.world.publisher("s")
        self.viewer = self.world.viewer("site:7#a", audio=1, video=1)
        self.reporter = Reporter(self.world, self.viewer)
        self.camera, self.voice = Source(5), Source(9, payload_type=111, items=((4, b"0"),))
        self.world.show(self.viewer, "v0", "s")
        self.key = True
        self.stalled: list[tuple[float, str, str]] = []
        self.requests = 0

    def second(self, *, picture: bool = True) -> None:
        for _ in range(10):
            if picture:
                self.world.send(self.speaker, *self.camera.frame(key=self.key, packets=2))
                self.key = False
            self.world.send(self.speaker, self.voice.voice(level=20))
            said = [p for _, p in self.world.tick(0.1) if isinstance(p, PictureLoss)]
            self.requests += len(said)
            self.key = self.key or bool(said)
        self.reporter.report()
        for stalled in self.world.room.take_reports(self.world.now).stalled:
            self.stalled.append((self.world.now, stalled.mid, stalled.step))

    @property
    def ssrc(self) -> int:
        return next(s.ssrc for s in self.viewer.peer.negotiated.slots if s.mid == "v0")


def test_a_deaf_slot_gets_a_key_frame_then_a_new_stretch_then_a_new_transport() -> None:
    meeting = Meeting()
    for _ in range(8):
        meeting.second()
    assert meeting.stalled == []
    requests = meeting.requests
    meeting.reporter.deaf.add(meeting.ssrc)
    for _ in range(14):
        meeting.second()
    assert [(mid, step) for _, mid, step in meeting.stalled] == [
        ("v0", "keyframe"),
        ("v0", "reslot"),
        ("v0", "transport"),
    ]
    assert meeting.requests > requests
    counters = meeting.world.counters.snapshot()
    assert [counters[f"healed_{s}"] for s in ("keyframe", "reslot", "transport")] == [1, 1, 1]


def test_numbers_go_on_over_a_new_stretch() -> None:
    meeting = Meeting()
    numbers: list[int] = []
    for second in range(14):
        if second == 3:
            meeting.reporter.deaf.add(meeting.ssrc)
        received = meeting.viewer.received
        meeting.second()
        numbers += [r.sequence for r in received if r.ssrc == meeting.ssrc]
    slot = meeting.viewer.peer.subscriber
    assert slot is not None
    assert len(slot.by_mid["v0"].history) == 1
    out = slot.by_mid["v0"].epoch
    assert out is not None
    assert out.first_out == slot.by_mid["v0"].history[0].last_out + 1


def test_a_slot_that_flows_again_after_a_step_is_left_alone() -> None:
    meeting = Meeting()
    for second in range(30):
        if second == 5:
            meeting.reporter.deaf.add(meeting.ssrc)
        if meeting.stalled:
            meeting.reporter.deaf.clear()
        meeting.second()
    assert [step for _, _, step in meeting.stalled] == ["keyframe"]


def test_muted_paused_switched_and_hidden_pictures_raise_no_alarm() -> None:
    meeting = Meeting()
    for second in range(60):
        if second == 10:
            meeting.world.room.set_allowed("s", ("microphone",), meeting.world.now)
        if second == 20:
            meeting.world.room.set_allowed("s", ("microphone", "camera"), meeting.world.now)
        if second == 40:
            meeting.world.show(meeting.viewer, "v0", None)
        if second == 50:
            meeting.world.show(meeting.viewer, "v0", "s")
        meeting.second(picture=not 28 <= second < 36)
    assert meeting.stalled == []


def test_a_room_of_deaf_viewers_is_not_rebuilt_at_once() -> None:
    """Nobody reports the picture although the reports come: not the viewers' transports."""
    world = World()
    speaker: Peer = world.publisher("s")
    viewers = [world.viewer(f"site:{n}#a", audio=1, video=1) for n in range(20)]
    source = Source(5)
    for viewer in viewers:
        world.show(viewer, "v0", "s")
    key, ended = True, []
    for second in range(20):
        for _ in range(5):
            world.send(speaker, *source.frame(key=key, packets=4))
            key = any(isinstance(p, PictureLoss) for _, p in world.tick(0.2))
        for viewer in viewers:
            audio = viewer.peer.negotiated.slots[0].ssrc
            block = ReportBlock(audio, 0, 0, second, 0, 0, 0)
            world.tell(viewer.peer, ReceiverReport(1, (block,)))
        ended += [s for s in world.room.take_reports(world.now).stalled if s.step == "transport"]
    assert 1 <= len(ended) <= 2 * TRANSPORTS_PER_WINDOW
    assert world.counters.get("heal_postponed") > 0
