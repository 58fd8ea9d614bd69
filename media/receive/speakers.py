"""Who speaks: RFC 6464 levels in, audio slots, speaking flags and the dominant speaker out."""

from collections.abc import Sequence

SILENCE = 127  # -dBov; larger is quieter
SPEAKING_LEVEL = 72  # loudness (127 - dBov) from which a voice counts; -55 dBov
FALL_PER_S = 60.0  # loudness units a smoothed level falls per second of silence
RISE_S = 0.1  # time constant upwards
HOLD_S = 2.5  # a voice keeps its slot this long after it last spoke
TAKE_MARGIN = 6.0  # a newcomer must be this much louder than a voice that still speaks
TAKE_AFTER_S = 0.2  # ... and must have spoken this long
SPEAKING_HOLD_S = 0.4  # the speaking flag outlives gaps between words
DOMINANT_AFTER_S = 0.8  # speech needed to become dominant
DOMINANT_MARGIN = 4.0  # of the mean loudness: who speaks as well must be clearly louder
DOMINANT_HOLD_S = 1.0  # a pause between phrases is not the end of a speech
MEAN_S = 2.0  # time constant of the mean loudness
# Steady noise (a fan, a street) is no speech: a voice must stand out from the quietest of late.
FLOOR_MARGIN = 9.0
FLOOR_RISE_PER_S = 3.0  # dips between words come sooner than it rises
FLOOR_FALL_S = 0.1
MIN_FLOOR, MAX_FLOOR = 57.0, 85.0
MAX_REPORTED_AGE_S = 1.0  # a source without packets for this long is silent


class Voice:
    """Loudness of one microphone, 0…127, louder is larger."""

    __slots__ = (
        "floor",
        "key",
        "last_packet",
        "last_spoke",
        "level",
        "mean",
        "reported_level",
        "reported_speaking",
        "since",
        "speech",
        "updated",
    )

    def __init__(self, key: str, now: float) -> None:
        self.key = key
        self.since = now
        self.level = 0.0
        self.mean = 0.0  # over the last seconds
        self.floor = MIN_FLOOR  # loudness of the room when nobody speaks
        self.updated = now
        self.last_packet = now
        self.last_spoke = -1e9
        self.speech = 0.0  # recent speech, seconds, bounded; grows speaking, shrinks in silence
        self.reported_level = 0
        self.reported_speaking = False

    def on_level(self, dbov: int, now: float) -> None:
        """One packet: `dbov` is 0 (loudest) … 127 (silence)."""
        loudness = float(SILENCE - dbov)
        elapsed = max(0.0, min(1.0, now - self.updated))
        self.updated = now
        self.last_packet = now
        if loudness >= self.level:
            self.level += (loudness - self.level) * min(1.0, (elapsed + 0.02) / RISE_S)
        else:
            self.level = max(loudness, self.level - FALL_PER_S * elapsed)
        self.mean += (self.level - self.mean) * min(1.0, elapsed / MEAN_S)
        self._follow_floor(loudness, elapsed)
        if loudness >= max(SPEAKING_LEVEL, self.floor + FLOOR_MARGIN):
            self.speech = min(2.0, self.speech + max(elapsed, 0.02))
            self.last_spoke = now
        else:
            self.speech = max(0.0, self.speech - elapsed)

    def _follow_floor(self, loudness: float, elapsed: float) -> None:
        if loudness < self.floor:
            self.floor += (loudness - self.floor) * min(1.0, elapsed / FLOOR_FALL_S)
        else:
            self.floor = min(loudness, self.floor + FLOOR_RISE_PER_S * elapsed)
        self.floor = min(MAX_FLOOR, max(MIN_FLOOR, self.floor))

    def loudness(self, now: float) -> float:
        """Smoothed level, 0 when the packets stopped."""
        return 0.0 if now - self.last_packet > MAX_REPORTED_AGE_S else self.level

    def speaking(self, now: float) -> bool:
        return now - self.last_spoke < SPEAKING_HOLD_S and self.speech > 0.1


class SpeakerSelector:
    """Room-wide choice of the voices that play in the audio slots.

    Position 0 is the main voice; while there is none (or it has no microphone), it is one more
    position for the loudest. A voice keeps its position as long as it is chosen, so that a slot
    does not change its speaker in the middle of a sentence. Free positions are filled even with
    silent voices: their first word is then not cut.
    """

    def __init__(self, positions: int = 4) -> None:
        self.positions: list[str | None] = [None] * positions
        self.main: str | None = None
        self.dominant: str | None = None
        self.voices: dict[str, Voice] = {}

    def resize(self, positions: int) -> None:
        """How many slots the best equipped peer of the room has."""
        current = self.positions
        self.positions = [*current, *([None] * positions)][:positions]

    def add(self, key: str, now: float) -> Voice:
        voice = self.voices.get(key)
        if voice is None:
            voice = self.voices[key] = Voice(key, now)
        return voice

    def remove(self, key: str) -> None:
        self.voices.pop(key, None)
        self.positions = [None if p == key else p for p in self.positions]
        if self.dominant == key:
            self.dominant = None

    def update(self, now: float) -> None:
        """Choose anew."""
        self._choose_dominant(now)
        if not self.positions:
            return
        reserved = self._place_main()
        free = [i for i in range(reserved, len(self.positions)) if self.positions[i] is None]
        waiting = self._waiting(now)
        for index in free:
            if waiting:
                self.positions[index] = waiting.pop(0).key
        self._take_over(waiting, reserved, now)

    def _place_main(self) -> int:
        """Main voice into position 0; returns the first position open to others."""
        if self.main is None or self.main not in self.voices:
            return 0
        if self.positions[0] != self.main:
            moved = self.positions[0]
            self.positions = [None if p == self.main else p for p in self.positions]
            self.positions[0] = self.main
            if moved is not None and None in self.positions:
                self.positions[self.positions.index(None)] = moved
        return 1

    def _waiting(self, now: float) -> list[Voice]:
        """Voices without a position, loudest first; those who spoke longest ago last."""
        placed = set(self.positions)
        waiting = [v for v in self.voices.values() if v.key not in placed]
        waiting.sort(key=lambda v: (-v.loudness(now), -v.last_spoke, v.since))
        return waiting

    def _take_over(self, waiting: Sequence[Voice], reserved: int, now: float) -> None:
        for voice in waiting:
            if not voice.speaking(now) or voice.speech < TAKE_AFTER_S:
                continue
            victim = self._weakest(voice, reserved, now)
            if victim is None:
                return
            self.positions[victim] = voice.key

    def _weakest(self, voice: Voice, reserved: int, now: float) -> int | None:
        """The position `voice` may take: one that fell silent long ago, else a much quieter one."""
        best: tuple[float, float] | None = None
        position = None
        for index in range(reserved, len(self.positions)):
            key = self.positions[index]
            holder = self.voices.get(key) if key is not None else None
            if holder is None:
                return index
            held = now - holder.last_spoke < HOLD_S
            if held and voice.level < holder.loudness(now) + TAKE_MARGIN:
                continue
            rank = (holder.last_spoke if not held else now, holder.loudness(now))
            if best is None or rank < best:
                best, position = rank, index
        return position

    def _choose_dominant(self, now: float) -> None:
        current = self.voices.get(self.dominant) if self.dominant is not None else None
        best = max(
            (v for v in self.voices.values() if v.speaking(now) and v.speech >= DOMINANT_AFTER_S),
            key=lambda v: v.mean,
            default=None,
        )
        if best is None or best is current:
            return
        if (
            current is None
            or now - current.last_spoke > DOMINANT_HOLD_S
            or best.mean > current.mean + DOMINANT_MARGIN
        ):
            self.dominant = best.key

    def changes(self, now: float) -> tuple[tuple[str, int, bool], ...]:
        """(key, level, speaking) of voices whose flag changed, or whose level did by 3 or more."""
        changed = []
        for voice in self.voices.values():
            level = round(voice.loudness(now))
            speaking = voice.speaking(now)
            if speaking != voice.reported_speaking or abs(level - voice.reported_level) >= 3:
                voice.reported_level = level
                voice.reported_speaking = speaking
                changed.append((voice.key, level, speaking))
        return tuple(changed)
