"""Slots the room fills by itself: voices for everybody, pictures for viewers without a service."""

from collections.abc import Mapping

from media.forward.down_track import Want
from media.forward.router import Key, Router
from media.peer import Peer
from media.receive.speakers import SpeakerSelector
from media.receive.up_track import UpTrack

MAX_POSITIONS = 8  # voices forwarded at a time
AUTO_HEIGHT = 1080  # lines: viewers without a service get the largest layer


class VoiceSlots:
    """The room's choice of voices, in the audio slots of every peer except the speaker's own."""

    def __init__(self, peers: Mapping[str, Peer], router: Router) -> None:
        self.speakers = SpeakerSelector(0)
        self._peers = peers
        self._router = router
        self._assigned: tuple[str | None, ...] = ()

    def on_level(self, peer_id: str, dbov: int, now: float) -> None:
        """One packet of a microphone; the first makes it a voice at once."""
        voice = self.speakers.voices.get(peer_id)
        if voice is None:
            self.speakers.add(peer_id, now).on_level(dbov, now)
            self.choose(now)
        else:
            voice.on_level(dbov, now)

    def welcome(self, peer: Peer, now: float) -> None:
        """One more listener."""
        assert peer.subscriber is not None
        if min(len(peer.subscriber.audio), MAX_POSITIONS) > len(self.speakers.positions):
            self.resize()
        self.assign(peer, now)

    def resize(self) -> None:
        """As many positions as the best equipped peer has audio slots."""
        wanted = max(
            (len(p.subscriber.audio) for p in self._peers.values() if p.subscriber is not None),
            default=0,
        )
        self.speakers.resize(min(wanted, MAX_POSITIONS))

    def remove(self, peer_id: str) -> None:
        self.speakers.remove(peer_id)
        if self.speakers.main == peer_id:
            self.speakers.main = None

    def choose(self, now: float) -> None:
        self.speakers.update(now)
        positions = tuple(self.speakers.positions)
        if positions != self._assigned:
            self._assigned = positions
            for peer in self._peers.values():
                self.assign(peer, now)

    def assign(self, peer: Peer, now: float) -> None:
        assert peer.subscriber is not None
        positions = self.speakers.positions
        for index, down in enumerate(peer.subscriber.audio):
            voice = positions[index] if index < len(positions) else None
            if voice == peer.id:
                voice = None
            if (down.want.peer_id if down.want is not None else None) != voice:
                want = Want(voice, "microphone", 0) if voice is not None else None
                self._router.set_want(down, want, now)


class AutoSlots:
    """Video slots of peers that asked for it show the first published cameras and screens."""

    def __init__(self, peers: Mapping[str, Peer], router: Router) -> None:
        self._peers = peers
        self._router = router
        self._sources: list[Key] = []  # at the last look

    def check(self, now: float) -> None:
        """Everybody, if the sources changed."""
        sources = self._published(now)
        if sources == self._sources:
            return
        self._sources = sources
        for peer in self._peers.values():
            if peer.auto:
                self._fill(peer, now)

    def fill(self, peer: Peer, now: float) -> None:
        """One peer that came, or asked for it."""
        if peer.auto:
            self.check(now)
            self._fill(peer, now)

    def _published(self, now: float) -> list[Key]:
        if not any(peer.auto for peer in self._peers.values()):
            return []
        tracks = [t for t in self._router.tracks.values() if _publishes_video(t, now)]
        tracks.sort(key=lambda track: track.order)
        return [(track.peer_id, track.source) for track in tracks]

    def _fill(self, peer: Peer, now: float) -> None:
        """Slots whose source is still there stay; the others get the first sources not shown."""
        assert peer.subscriber is not None
        keys = [key for key in self._sources if key[0] != peer.id]
        free = []
        for down in peer.subscriber.video:
            shown = (down.want.peer_id, down.want.source) if down.want is not None else None
            if shown in keys:
                keys.remove(shown)
            else:
                free.append(down)
        for down in free:
            want = Want(*keys.pop(0), AUTO_HEIGHT) if keys else None
            if want is not None or down.want is not None:
                self._router.set_want(down, want, now)


def _publishes_video(track: UpTrack, now: float) -> bool:
    return track.kind == "video" and track.allowed and track.arriving(now)
