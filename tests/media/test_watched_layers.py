"""Nothing unwatched is sent: which layers publishers are asked for, and how slots live with it."""

from room_world import CHROMIUM, Source, Viewer, World

from media.forward.watched import OFF_AFTER_S
from media.negotiated import RID
from media.peer import Peer

HEIGHTS = {"q": 180, "h": 360, "f": 720}


class Camera:
    """A publisher with three layers that sends what it was asked for."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.peer: Peer = world.publisher(name, rids=("q", "h", "f"))
        self.asked: tuple[str, ...] = ("q", "h", "f")
        self.layers = {
            rid: Source(1000 + at, sequence=500 * at + 9, items=((CHROMIUM[RID], rid.encode()),))
            for at, rid in enumerate(HEIGHTS)
        }
        self.reports: list[tuple[str, ...]] = []
        self._key = True

    def frame(self) -> None:
        """One frame of each layer; switching one on makes a key frame on all, as browsers do."""
        for rid in self.asked:
            source = self.layers[rid]
            self.world.send(self.peer, *source.frame(key=self._key, height=HEIGHTS[rid]))
        self._key = False

    def run(self, seconds: float, *, obey: bool = True) -> None:
        for _ in range(round(seconds * 20)):
            self.frame()
            for packet in self.world.tick(0.05):
                self._key = self._key or "PictureLoss" in type(packet[1]).__name__
            self.obey(obey)

    def obey(self, obey: bool = True) -> None:
        for peer, source, rids in self.world.room.take_wanted(self.world.now):
            assert (peer, source) == (self.peer.id, "camera")
            self.reports.append(rids)
            if obey:
                self._key = self._key or bool(set(rids) - set(self.asked))
                self.asked = rids


def heights(viewer: Viewer, mid: str = "v0") -> list[int]:
    """Picture heights of the key frames a slot received."""
    return [r.picture.height for r in viewer.slot(mid) if r.picture.keyframe]


def test_a_camera_nobody_watches_pauses_and_stays_on_offer() -> None:
    world = World()
    camera = Camera(world, "s")
    camera.run(1.0)
    assert camera.reports == []
    camera.run(OFF_AFTER_S + 0.5)
    assert camera.reports == [()]
    sources = [s for _, s in world.room.take_reports(world.now).sources]
    assert sources == [("camera",)]
    world.tick(10.0)
    assert world.room.take_reports(world.now).sources == (), "paused is not gone"


def test_only_the_watched_layer_is_asked_for() -> None:
    world = World()
    camera = Camera(world, "s")
    tile = world.viewer("tile")
    camera.run(0.1)
    world.show(tile, "v0", "s", 180)
    camera.run(4.0)
    assert camera.reports == [("q",)]
    main = world.viewer("main")
    world.show(main, "v0", "s", 720)
    camera.obey()
    assert camera.asked == ("q", "h", "f"), "the small ones until the large one arrives"
    camera.run(4.0)
    assert camera.asked == ("q", "f")
    assert heights(main)[-1] == 720
    assert set(heights(tile)) == {180}


def test_a_paused_camera_is_asked_for_at_once_and_its_first_packet_is_shown() -> None:
    world = World()
    camera = Camera(world, "s")
    camera.run(4.0)
    assert camera.asked == ()
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 180)
    camera.obey()
    assert camera.asked == ("q",), "no timer between the wish and the request"
    camera.frame()
    assert heights(viewer) == [180]
    totals = world.counters.snapshot()
    assert totals["layers_resumed"] == 1
    assert totals["layers_resumed_ms"] == 0


def test_a_slot_shows_what_flows_while_its_layer_is_paused() -> None:
    """The large layer comes back late: the small picture goes on, and the switch has no gap."""
    world = World()
    camera = Camera(world, "s")
    small, large = world.viewer("small"), world.viewer("large")
    world.show(small, "v0", "s", 180)
    camera.run(4.0)
    assert camera.asked == ("q",)
    world.show(large, "v0", "s", 720)
    camera.run(0.5, obey=False)  # the publisher's line is slow to hear of it
    assert heights(large) == [180]
    camera.asked, camera._key = ("q", "f"), True
    camera.run(0.5)
    assert heights(large)[-1] == 720
    numbers = [r.sequence for r in large.slot("v0")]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_a_layer_that_never_comes_leaves_the_next_best() -> None:
    world = World()
    camera = Camera(world, "s")
    camera.layers.pop("f")
    camera.asked = ("q", "h")
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 720)
    for _ in range(120):
        camera.frame()
        world.tick(0.05)
        for _, _, rids in world.room.take_wanted(world.now):
            camera.asked = tuple(rid for rid in rids if rid != "f")
    assert camera.asked == ("h",), "the line carries no large layer"
    assert heights(viewer)[-1] == 360


def test_a_short_glance_elsewhere_switches_nothing_off() -> None:
    world = World()
    camera = Camera(world, "s")
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 180)
    camera.run(4.0)
    assert camera.reports == [("q",)]
    for _ in range(4):
        world.show(viewer, "v0", None)
        camera.run(OFF_AFTER_S * 0.75)
        world.show(viewer, "v0", "s", 180)
        camera.run(0.2)
    assert camera.reports == [("q",)]


def test_a_viewer_that_leaves_is_not_waited_for() -> None:
    world = World()
    camera = Camera(world, "s")
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 720)
    camera.run(4.0)
    assert camera.asked == ("f",)
    world.room.remove_peer("a", world.now)
    camera.run(OFF_AFTER_S + 0.5)
    assert camera.asked == ()


def test_recordings_need_every_picture_and_the_main_one_large() -> None:
    world = World()
    main, other = Camera(world, "main"), world.publisher("o", rids=("q", "h", "f"))

    class Tap:
        def on_packet(self, *_: object) -> None: ...

    tap = Tap()
    world.room.set_main_voice("main", world.now)
    world.room.add_tap(tap, world.now)  # type: ignore[arg-type]
    small = Source(77, items=((CHROMIUM[RID], b"q"),))
    asked: dict[str, tuple[str, ...]] = {}
    for step in range(100):
        main.frame()
        world.send(other, *small.frame(key=step == 0))
        world.tick(0.05)
        asked.update({peer: rids for peer, _, rids in world.room.take_wanted(world.now)})
    assert asked == {"main": ("f",), "o": ("q",)}
    world.room.remove_tap(tap)  # type: ignore[arg-type]
    for _ in range(60):
        main.frame()
        world.send(other, *small.frame())
        world.tick(0.05)
        asked.update({peer: rids for peer, _, rids in world.room.take_wanted(world.now)})
    assert asked == {"main": (), "o": ()}


def test_a_camera_that_is_off_is_not_asked_for_anything() -> None:
    world = World()
    camera = Camera(world, "s")
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 180)
    camera.run(4.0)
    world.room.set_allowed("s", ("microphone",), world.now)
    camera.run(4.0)
    assert camera.reports == [("q",)]


def test_a_watched_source_that_falls_silent_is_gone_after_three_seconds() -> None:
    world = World()
    camera = Camera(world, "s")
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 180)
    camera.run(4.0)
    world.room.take_reports(world.now)
    world.tick(2.5)
    assert world.room.take_reports(world.now).sources == ()
    world.tick(1.0)
    assert world.room.take_reports(world.now).sources == (("s", ()),)


def test_a_paused_source_that_does_not_come_back_is_gone_and_not_paused_again() -> None:
    """Else it would be offered, wanted, and missed, over and over."""
    world = World()
    camera = Camera(world, "s")
    camera.run(4.0)
    assert camera.asked == ()
    world.room.take_reports(world.now)
    viewer = world.viewer("a")
    world.show(viewer, "v0", "s", 180)
    camera.obey()
    world.tick(3.5)
    assert world.room.take_reports(world.now).sources == (("s", ()),)
    world.show(viewer, "v0", None)
    for _ in range(100):
        world.tick(0.05)
        assert world.room.take_wanted(world.now) == []
    assert world.room.take_reports(world.now).sources == ()
    camera.run(0.5)
    assert world.room.take_reports(world.now).sources == (("s", ("camera",)),)


def test_viewers_without_a_service_need_the_largest_layer() -> None:
    world = World()
    camera = Camera(world, "s")
    world.viewer("whep")
    world.room.auto_slots("whep", world.now)
    camera.run(4.0)
    assert camera.asked == ("f",)
