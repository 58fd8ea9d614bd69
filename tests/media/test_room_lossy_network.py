"""A publisher and viewers behind lossy lines, in virtual time: the picture goes on."""

from itertools import pairwise

import pytest
from room_world import CHROMIUM, Source, Viewer, World

from media.negotiated import MID
from media.peer import Peer, StreamEndpoint
from media.receive.nack import NackGenerator
from media.rtp.extensions import render
from media.rtp.packet import build
from media.rtp.rtcp import Nack, PictureLoss, Rtcp, parse, serialize
from tests.sim.net import SimNet

FRAME_S = 1 / 30
MID_ITEM = (CHROMIUM[MID], b"1")


class Camera:
    """Sends frames, repeats what is asked for as RTX, makes key frames on request."""

    def __init__(self, send) -> None:  # type: ignore[no-untyped-def]
        self.send = send
        self.source = Source(5, sequence=65000, items=(MID_ITEM,))
        self.sent: dict[int, bytes] = {}
        self.rtx = 0
        self.key = True

    def frame(self) -> None:
        for data in self.source.frame(key=self.key, packets=6, size=300):
            self.sent[int.from_bytes(data[2:4], "big")] = data
            self.send(data)
        self.key = False

    def on_rtcp(self, packet: Rtcp) -> None:
        if isinstance(packet, PictureLoss):
            self.key = True
        elif isinstance(packet, Nack):
            for lost in packet.lost:
                data = self.sent[lost]
                self.rtx += 1
                payload = data[2:4] + data[-300:]
                repair = build(
                    97,
                    self.rtx & 0xFFFF,
                    int.from_bytes(data[4:8], "big"),
                    0x55,
                    payload,
                    marker=bool(data[1] & 0x80),
                    extension=render((MID_ITEM,)),
                )
                self.send(repair)


class Screen:
    """A viewer's receiver: asks for what is missing, plays frames in order without holes."""

    def __init__(self, net: SimNet, viewer: Viewer, tell) -> None:  # type: ignore[no-untyped-def]
        self.net = net
        self.viewer = viewer
        self.tell = tell
        self.nack = NackGenerator()
        slot = next(s for s in viewer.peer.negotiated.slots if s.kind == "video")
        self.ssrc, self.rtx_ssrc = slot.ssrc, slot.rtx_ssrc
        self.waiting: dict[int, tuple[bool, bool]] = {}  # number -> (marker, key frame start)
        self.next: int | None = None
        self.stuck_since = 0.0
        self.shown: list[float] = []

    def on_datagram(self, data: bytes) -> None:
        self.viewer.on_datagram(data)
        received = self.viewer.received.pop()
        number, payload = received.sequence, received.payload
        if received.ssrc == self.rtx_ssrc:
            number, payload = int.from_bytes(payload[:2], "big"), payload[2:]
        elif received.ssrc != self.ssrc:
            return
        self.nack.on_packet(number, self.net.now)
        starts = bool(payload[0] & 0x10) and payload[6] == 0x10
        self.waiting[number] = (received.marker, starts)
        if self.next is None and starts:
            self.next = number
        self.play()

    def play(self) -> None:
        while self.next is not None and self.next in self.waiting:
            marker, _ = self.waiting.pop(self.next)
            self.next = (self.next + 1) & 0xFFFF
            self.stuck_since = self.net.now
            if marker:
                self.shown.append(self.net.now)

    def poll(self) -> None:
        lost = self.nack.poll(self.net.now, rtt=0.06)
        if lost:
            self.tell(serialize([Nack(1, self.ssrc, tuple(lost))]))
        if self.net.now - self.stuck_since > 0.4:
            self.stuck_since = self.net.now
            self.tell(serialize([PictureLoss(1, self.ssrc)]))
            keys = [n for n, (_, starts) in self.waiting.items() if starts]
            if keys:
                self.next = keys[-1]
                self.play()


def meeting(loss: float, seed: int, seconds: float) -> list[Screen]:
    net = SimNet(seed)
    world = World()
    speaker = world.publisher("s", allowed=("camera",))

    def into_room(data: bytes) -> None:
        world.now = net.now
        world.send(speaker, data)

    camera = Camera(net.link(into_room, delay=0.03, loss=loss, jitter=0.004))

    def to_camera(data: bytes) -> None:
        for packet in parse(data):
            camera.on_rtcp(packet)

    backs = {"s": net.link(to_camera, delay=0.03, loss=loss)}
    screens = []
    for index in range(3):
        viewer = world.viewer(f"v{index}", ready=False, firefox=index == 1)
        screens.append(join(net, world, viewer, loss))

    def poll() -> None:
        world.now = net.now
        for peer, data in world.room.poll(net.now):
            if peer.id in backs:
                backs[peer.id](data)
        world.room.flush(net.now)
        for screen in screens:
            screen.poll()

    net.every(FRAME_S, camera.frame, until=seconds)
    net.every(0.01, poll, until=seconds)
    net.run(until=seconds)
    return screens


def join(net: SimNet, world: World, viewer: Viewer, loss: float) -> Screen:
    def tell_room(peer: Peer, data: bytes) -> None:
        world.now = net.now
        world.room.on_rtcp(peer, data, net.now)
        world.room.flush(net.now)

    up = net.link(tell_room, delay=0.03, loss=loss)
    screen = Screen(net, viewer, lambda data: up(viewer.peer, data))
    down = net.link(screen.on_datagram, delay=0.03, loss=loss, jitter=0.004)
    world.room.peer_ready(viewer.peer.id, viewer.tx._srtp[0], StreamEndpoint(down), net.now)
    world.show(viewer, "v0", "s")
    return screen


def longest_freeze(shown: list[float]) -> float:
    return max(b - a for a, b in pairwise(shown))


@pytest.mark.parametrize("seed", [1, 2])
def test_ten_percent_loss_both_ways_keeps_the_picture_moving(seed: int) -> None:
    for screen in meeting(0.1, seed, 12.0):
        assert len(screen.shown) / 12.0 >= 15
        assert longest_freeze(screen.shown) < 1.0


def test_without_loss_every_frame_is_shown_once_and_in_time() -> None:
    for screen in meeting(0.0, 1, 4.0):
        assert len(screen.shown) >= 4.0 * 30 - 8
        assert longest_freeze(screen.shown) < 0.06
