"""Which layers of each published picture somebody watches; nobody needs to send the others. Pure.

A slot needs the layer that fills it, whether it arrives or not, and the one it plays until that
layer takes over. While nothing plays, the smaller layers are needed too: a publisher whose line
carries no large layer must not leave the slot empty.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from media.forward.down_track import DownTrack
from media.forward.layers import ideal_layers
from media.receive.up_track import UpTrack

OFF_AFTER_S = 2.0  # switching a layer on makes a key frame on all of them: do not flap

Key = tuple[str, str]  # (peer id, source)
Wanted = tuple[str, str, tuple[str, ...]]  # peer id, source, rids


class WatchedLayers:
    """What each publisher was asked to send: more at once, less when nobody wanted it for a while.

    Args:
        followers: the slots that want a source.
    """

    def __init__(self, followers: Callable[[Key], Iterable[DownTrack]]) -> None:
        self._followers = followers
        self._idle: dict[tuple[Key, str], float] = {}  # since when nobody needs an asked layer
        self._waiting: set[Key] = set()  # sources with idle layers
        self.wanted_at: dict[tuple[Key, str], float] = {}  # resumed, not arrived yet

    def forget(self, key: Key) -> None:
        self._waiting.discard(key)
        for table in (self._idle, self.wanted_at):
            for one in [entry for entry in table if entry[0] == key]:
                del table[one]

    def update(
        self,
        stirred: Collection[Key],
        tracks: Mapping[Key, UpTrack],
        elsewhere: Callable[[UpTrack], Collection[str]],
        now: float,
    ) -> list[Wanted]:
        """What publishers are to be told now.

        Args:
            stirred: sources whose slots or layers changed since the last call.
            elsewhere: the layers of a source that recordings and other workers need.
        """
        told = []
        for key in {*stirred, *self._waiting}:
            track = tracks.get(key)
            if track is None or track.kind != "video" or not (track.allowed and track.known):
                continue
            needed = needed_layers(track, self._followers(key), now) | set(elsewhere(track))
            if needed <= track.asked and not track.arriving(now):
                continue  # a source that sends nothing by itself is not told to pause
            if self._apply(key, track, needed, now):
                told.append((*key, tuple(rid for rid in track.rids if rid in track.asked)))
        return told

    def _apply(self, key: Key, track: UpTrack, needed: set[str], now: float) -> bool:
        """Bring `track.asked` nearer to what is needed; whether it changed."""
        on = needed - track.asked
        for rid in needed:
            self._idle.pop((key, rid), None)
        off = set()
        for rid in track.asked - needed:
            if now - self._idle.setdefault((key, rid), now) >= OFF_AFTER_S:
                off.add(rid)
        for rid in off:
            del self._idle[key, rid]
        if any(rid not in off for rid in track.asked - needed):
            self._waiting.add(key)
        else:
            self._waiting.discard(key)
        if not (on or off):
            return False
        track.ask(frozenset((track.asked | on) - off), now)
        self.wanted_at.update({(key, rid): now for rid in on})
        return True

    def arrived(self, key: Key, rid: str, now: float) -> float | None:
        """The first packet of a layer; seconds since it was wanted, None when it was not."""
        since = self.wanted_at.pop((key, rid), None)
        return None if since is None else now - since


def needed_layers(track: UpTrack, slots: Iterable[DownTrack], now: float) -> set[str]:
    """The layers these slots need of a source."""
    needed: set[str] = set()
    for down in slots:
        if len(needed) == len(track.rids):
            break
        if down.want is None or not down.peer.ready:
            continue
        if down.paused and track.started:
            continue  # paused by its budget or its worker, and what it would cost is known
        ideal = ideal_layers(track, down.wanted_height or down.want.max_height)
        needed.add(ideal[-1])
        playing = down.encoding
        if playing is None or playing.track is not track or not playing.flows(now):
            needed.update(ideal)
        else:
            needed.add(playing.rid)
    return needed
