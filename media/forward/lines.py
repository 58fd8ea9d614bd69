"""The lines towards all subscribers of a room: looked at regularly, and when one has to send."""

from collections.abc import Iterable, Mapping

from media.forward.down_track import DownTrack
from media.forward.downlink import Downlink
from media.peer import Peer

TURNS = 5
RELIEVED_TURNS = 20


class Lines:
    """`now`: monotonic seconds."""

    def __init__(self, peers: Mapping[str, Peer]) -> None:
        self.due = float("inf")  # when `run` has something to send
        self._peers = peers
        self._turn = 0
        self._stirred: dict[Peer, None] = {}
        self._sending: dict[Downlink, None] = {}  # with held pictures, or a probe under way

    def wake(self, line: Downlink) -> None:
        """It has something to send when it is due."""
        self._sending[line] = None
        self.due = min(self.due, line.due)

    def forget(self, line: Downlink) -> None:
        self._sending.pop(line, None)
        self._stirred.pop(line.peer, None)

    def run(self, now: float) -> None:
        """Pictures and probes that wait for their turn on narrow lines."""
        for line in tuple(self._sending):
            if line.due <= now:
                line.run(now)
            if line.due == float("inf"):
                del self._sending[line]
        self.due = min((line.due for line in self._sending), default=float("inf"))

    def check(self, now: float, turns: int = TURNS) -> None:
        """Twenty times a second: each line has its turn now and then, hundreds not at once."""
        stirred, self._stirred = self._stirred, {}
        for peer in stirred:
            self._check_if_tight(peer, now)
        self._turn = (self._turn + 1) % turns
        for peer in self._peers.values():
            if peer.index % turns == self._turn and peer.ready and peer.negotiated.slots:
                peer.subscriber.downlink.tick(now)  # type: ignore[union-attr]

    def stir(self, slots: Iterable[DownTrack]) -> None:
        """Something changed for these slots that lines without room must not wait for: they are
        looked at with the next `check`. When many sources begin, a line is looked at once."""
        for down in slots:
            self._stirred[down.peer] = None

    def check_tight(self, now: float) -> None:
        """Something changed that lines without room must not wait for."""
        for peer in self._peers.values():
            self._check_if_tight(peer, now)

    @staticmethod
    def _check_if_tight(peer: Peer, now: float) -> None:
        if peer.ready and peer.subscriber is not None and peer.subscriber.downlink.tight:
            peer.subscriber.downlink.check(now)
