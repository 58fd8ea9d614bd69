"""Connects slots to sources: what a slot wants, which encoding it gets, and when it switches."""

from collections.abc import Callable

from media.drops import Counters, DropReason
from media.forward.down_track import NO_CEILING, DownTrack, Want
from media.forward.layers import select_layer
from media.forward.relief import ceiling, rank_of
from media.forward.temporal import feed_of, next_limit
from media.receive.source_packet import SourcePacket
from media.receive.up_track import Encoding, Feed, UpTrack

PATIENCE_S = 1.0  # an old picture stays this long while the new source owes its key frame
SYNC_PATIENCE_S = 2.0  # more frames are waited for this long before a key frame is asked for

Key = tuple[str, str]  # (peer id, source)


class Router:
    """Wants may name sources that are not here yet; they are connected when they come.

    Args:
        on_request: called with a publisher's peer id when it should be asked for a key frame now.
    """

    def __init__(self, counters: Counters, on_request: Callable[[str], None]) -> None:
        self.counters = counters
        self.tracks: dict[Key, UpTrack] = {}
        self._followers: dict[Key, dict[DownTrack, None]] = {}
        self._signatures: dict[Key, tuple[object, ...]] = {}
        self._waiting: dict[DownTrack, float] = {}  # since when a slot waits for a key frame
        self.stirred: set[Key] = set()  # sources watched otherwise than before
        self.relief = 0  # how much is left out for the worker's sake, see `relief.LEVELS`
        self._on_request = on_request

    # Sources

    def add_track(self, track: UpTrack, now: float) -> None:
        key = (track.peer_id, track.source)
        self.tracks[key] = track
        self.refresh(key, now)

    def remove_track(self, track: UpTrack) -> None:
        key = (track.peer_id, track.source)
        self.tracks.pop(key, None)
        self._signatures.pop(key, None)
        self.stirred.discard(key)
        for down in tuple(self._followers.get(key, ())):
            self.stop(down)
        for encoding in track.encodings.values():
            for down in encoding.slots:
                self.stop(down)

    def set_allowed(self, track: UpTrack, allowed: bool, now: float) -> None:
        """A muted source leaves its slots, so that it comes back without a gap in their numbers."""
        if track.allowed == allowed:
            return
        track.allowed = allowed
        key = (track.peer_id, track.source)
        if not allowed:
            for encoding in track.encodings.values():
                encoding.burst.clear()
                for down in encoding.slots:
                    self.stop(down)
                for feed in encoding.feeds:
                    if feed.cache is not None:
                        feed.cache.clear()
        self.refresh(key, now)

    def followers(self, key: Key) -> tuple[DownTrack, ...]:
        """The slots that want a source."""
        return tuple(self._followers.get(key, ()))

    def refresh(self, key: Key, now: float) -> None:
        self.stirred.add(key)
        for down in tuple(self._followers.get(key, ())):
            self.select(down, now)

    def check_layers(self, now: float) -> None:
        """Layers that stopped, came back or changed their size; slots that waited too long."""
        for key, track in self.tracks.items():
            signature = tuple(
                (e.rid, e.arriving(now), e.estimated_height, e.ssrc)
                for e in track.encodings.values()
            )
            if self._signatures.get(key) != signature:
                self._signatures[key] = signature
                self.refresh(key, now)
            for encoding in track.encodings.values():
                for feed in encoding.feeds:
                    if feed.cache is not None:
                        feed.cache.trim(now)
                encoding.measure(now)
                if not encoding.waiters and not encoding.moving:
                    continue
                overdue = any(now - since > SYNC_PATIENCE_S for since in encoding.moving.values())
                if (encoding.waiters or overdue) and track.allowed and track.kind == "video":
                    self._ask(encoding, now)
        for down, since in tuple(self._waiting.items()):
            if now - since > PATIENCE_S:
                self._waiting.pop(down)
                playing = down.encoding
                target = down.target
                if playing is not None and target is not None and playing.track is not target.track:
                    self._leave(down)

    # Slots

    def set_want(self, down: DownTrack, want: Want | None, now: float) -> None:
        old = down.want
        down.want = want
        if old is not None and (
            want is None or (old.peer_id, old.source) != (want.peer_id, want.source)
        ):
            self._unfollow(down, (old.peer_id, old.source))
        if want is None:
            self.stop(down)
            return
        key = (want.peer_id, want.source)
        self._followers.setdefault(key, {})[down] = None
        self.stirred.add(key)
        self.select(down, now)

    def _unfollow(self, down: DownTrack, key: Key) -> None:
        self.stirred.add(key)
        followers = self._followers.get(key)
        if followers is not None:
            followers.pop(down, None)
            if not followers:
                del self._followers[key]

    def relieve(self, level: int, now: float) -> None:
        """Leave out as much as this level says, in all pictures."""
        self.relief = level
        for key in self._followers:
            if key[1] != "microphone":
                self.refresh(key, now)

    def select(self, down: DownTrack, now: float) -> None:
        """Choose the encoding for what the slot wants, and wait for its key frame."""
        want = down.want
        if want is None or not down.peer.ready:
            return
        key = (want.peer_id, want.source)
        self.stirred.add(key)
        down.ceiling = ceiling(self.relief, rank_of(down)) if self.relief else NO_CEILING
        if down.paused:
            self.stop(down)
            down.settle()
            return
        track = self.tracks.get(key)
        encoding = None
        if track is not None and track.allowed:
            encoding = select_layer(track.encodings.values(), down.wanted_height, down.codecs, now)
            if encoding is None and track.started and not self._speaks(down, track):
                self.counters.drop(DropReason.CODEC_MISMATCH)
        playing = down.encoding
        if encoding is None:
            # Nothing arrives: a picture of somebody else must not stay.
            if playing is not None and playing.track is not track:
                self.stop(down)
            return
        if encoding is playing:
            self._cancel(down)
            self._mind_frames(down, now)
        elif encoding is not down.target:
            self._cancel(down)
            down.target = encoding
            encoding.waiters[down] = None
            self._waiting[down] = now
            if encoding.track.kind == "video":
                self._ask(encoding, now)

    @staticmethod
    def _mind_frames(down: DownTrack, now: float) -> None:
        """More or fewer frames of what plays, where the source lets it happen: see `_move`."""
        epoch = down.epoch
        assert epoch is not None
        if epoch.feed.max_tid != down.max_tid:
            epoch.encoding.moving.setdefault(down, now)
        else:
            epoch.encoding.moving.pop(down, None)

    @staticmethod
    def _speaks(down: DownTrack, track: UpTrack) -> bool:
        return any(key in down.codecs for key in track.codec_keys.values())

    def _ask(self, encoding: Encoding, now: float) -> None:
        encoding.keyframes.request(now)
        if encoding.keyframes.due <= now:
            self._on_request(encoding.track.peer_id)

    def ask_for_newcomer(self, down: DownTrack, now: float) -> None:
        """Key frames of what a slot waits for, now and a moment later."""
        encoding = down.target or down.encoding
        if encoding is not None and encoding.track.kind == "video":
            encoding.keyframes.request_for_newcomer(now)
            self._on_request(encoding.track.peer_id)

    def renew(self, down: DownTrack, now: float) -> None:
        """Connect the slot anew to what it wants; its numbers go on."""
        self.stop(down)
        self.select(down, now)

    def ask_again(self, down: DownTrack, now: float) -> None:
        """The subscriber lost its picture (PLI, FIR)."""
        encoding = down.encoding or down.target
        if encoding is not None and encoding.track.kind == "video":
            self._ask(encoding, now)

    def _cancel(self, down: DownTrack) -> None:
        if down.target is not None:
            down.target.waiters.pop(down, None)
            down.target = None
            self._waiting.pop(down, None)

    def _leave(self, down: DownTrack) -> None:
        epoch = down.epoch
        if epoch is not None:
            playing = epoch.encoding
            epoch.feed.sinks.pop(down, None)
            playing.moving.pop(down, None)
            invalidate(epoch.feed)
            down.end()
            self.stirred.add((playing.track.peer_id, playing.track.source))

    def stop(self, down: DownTrack) -> None:
        """Nothing plays in the slot; what it wants stays."""
        self._cancel(down)
        self._leave(down)

    def forget(self, down: DownTrack) -> None:
        if down.want is not None:
            self._unfollow(down, (down.want.peer_id, down.want.source))
            down.want = None
        self.stop(down)

    # Packets

    def before_send(self, packet: SourcePacket) -> None:
        """Switch the slots that waited for this packet."""
        encoding = packet.encoding
        if encoding.playing_codec != packet.codec:
            self._codec_changed(encoding, packet.codec)
        if encoding.moving:
            self._move(packet)
        if not encoding.waiters or not (packet.keyframe or encoding.track.kind == "audio"):
            return
        for down in tuple(encoding.waiters):
            if packet.codec not in down.codecs:
                self.counters.drop(DropReason.CODEC_MISMATCH)
                continue
            self._leave(down)
            del encoding.waiters[down]
            down.target = None
            self._waiting.pop(down, None)
            down.begin(packet)
            encoding.sinks[down] = None
            self._mind_frames(down, packet.arrival)
        encoding.keyframes.satisfy()
        invalidate(encoding)
        self.stirred.add((encoding.track.peer_id, encoding.track.source))

    @staticmethod
    def _codec_changed(encoding: Encoding, codec: str) -> None:
        """The publisher changed its codec: everyone starts again at a key frame of the new one."""
        encoding.playing_codec = codec
        encoding.moving.clear()
        for feed in encoding.feeds:
            for down in feed.sinks:
                down.end()
                if down.target is None:
                    down.target = encoding
                    encoding.waiters[down] = None
            feed.sinks.clear()
            invalidate(feed)

    @staticmethod
    def _move(packet: SourcePacket) -> None:
        """Slots that are to get more or fewer frames, at a frame where they may. Only where it
        follows directly what they got: else what is missing could not be told from what is left
        out."""
        encoding, picture = packet.encoding, packet.vp8
        if picture is None or not picture.begins:
            return
        highest = encoding.temporal.highest
        for down in tuple(encoding.moving):
            epoch = down.epoch
            assert epoch is not None
            old = epoch.feed
            if not old.precedes(packet):
                continue
            limit = next_limit(old.max_tid, down.max_tid, highest, picture)
            if limit == old.max_tid:
                continue
            feed = feed_of(encoding, limit)
            numbered = feed.take(packet)
            if numbered is None:
                continue
            old.sinks.pop(down)
            invalidate(old)
            down.move(feed, numbered)
            feed.sinks[down] = None
            invalidate(feed)
            if limit == down.max_tid:
                del encoding.moving[down]


def invalidate(feed: Feed) -> None:
    """The feed's groups must be built anew; their counts go to the members first."""
    if feed.groups is not None:
        for group in feed.groups:
            group.settle()
        feed.groups = None
