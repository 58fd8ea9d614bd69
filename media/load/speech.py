"""Speech-like sound: sung vowels in syllables with tones and pauses. Nobody's voice, no words.

Additive synthesis: the harmonics of a gliding pitch, weighted by the formants of the vowel.
"""

import random

import numpy as np
import numpy.typing as npt

RATE_HZ = 24000
Samples = npt.NDArray[np.float64]

# first three formants in Hz (a, ă, e, i, o, u, ơ, ư)
_VOWELS = (
    (800, 1300, 2600),
    (720, 1250, 2500),
    (520, 1900, 2600),
    (320, 2250, 2950),
    (480, 850, 2500),
    (340, 750, 2300),
    (520, 1350, 2450),
    (360, 1400, 2350),
)
_BANDWIDTHS = (80.0, 110.0, 170.0)
# pitch at start, middle and end of a syllable relative to the voice: the six Vietnamese tones
_TONES = (
    (1.0, 1.0, 1.0),
    (0.95, 0.88, 0.8),
    (1.0, 1.1, 1.35),
    (1.0, 0.8, 0.95),
    (1.05, 0.85, 1.4),
    (0.95, 0.8, 0.65),
)
_TOP_HZ = 4200.0
_PEAK = 0.4


def speech(seed: int, seconds: float) -> Samples:
    """Mono samples in -1…1 at `RATE_HZ`; begins and ends silent, so that it can loop."""
    rng = random.Random(seed)
    voice_hz = rng.choice((105.0, 120.0, 135.0, 185.0, 205.0, 225.0)) * rng.uniform(0.95, 1.05)
    total = int(seconds * RATE_HZ)
    sound = np.zeros(total)
    at = int(0.12 * RATE_HZ)
    left_in_phrase = rng.randint(5, 9)
    while True:
        size = int(rng.uniform(0.14, 0.26) * RATE_HZ)
        if at + size > total - int(0.15 * RATE_HZ):
            break
        sound[at : at + size] += _syllable(rng, voice_hz, size)
        at += size + int(rng.uniform(0.01, 0.05) * RATE_HZ)
        left_in_phrase -= 1
        if left_in_phrase == 0:
            at += int(rng.uniform(0.25, 0.5) * RATE_HZ)
            left_in_phrase = rng.randint(5, 9)
    loudest = float(np.abs(sound).max()) or 1.0
    return sound * (_PEAK / loudest)


def _syllable(rng: random.Random, voice_hz: float, size: int) -> Samples:
    """A burst of breath, then a vowel that glides along one of the tones."""
    place = np.linspace(0.0, 1.0, size)
    pitch = voice_hz * np.interp(place, (0.0, 0.5, 1.0), rng.choice(_TONES))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE_HZ
    formants = rng.choice(_VOWELS)
    sound = np.zeros(size)
    for harmonic in range(1, int(_TOP_HZ / voice_hz)):
        strength = _resonance(harmonic * voice_hz, formants) / harmonic**0.5
        sound += strength * np.sin(harmonic * phase)
    swell = np.minimum(1.0, np.minimum(place / 0.15, (1.0 - place) / 0.35)) * rng.uniform(0.7, 1.0)
    noise = np.random.default_rng(rng.randrange(2**31)).standard_normal(size)
    breath = np.exp(-((place - 0.04) ** 2) / 0.0012) * 0.35
    return sound * swell + noise * breath


def _resonance(hz: float, formants: tuple[int, int, int]) -> float:
    """How strongly the mouth lets a frequency out."""
    return sum(
        weight / (1.0 + ((hz - centre) / bandwidth) ** 2)
        for weight, centre, bandwidth in zip((1.0, 0.6, 0.3), formants, _BANDWIDTHS, strict=True)
    )


def level_of(samples: Samples) -> int:
    """RFC 6464 byte of one frame: -dBov 0…127, plus 128 when it sounds like a voice."""
    power = float(np.mean(samples**2))
    if power < 1e-12:
        return 127
    level = min(127, max(0, round(-10 * float(np.log10(power)))))
    return level | 0x80 if level < 50 else level
