"""Every fuzz target takes its seeds, and some mutations of them, without an exception."""

import random

import pytest

from tests.fuzz.targets import TARGETS

MUTATIONS = 150


def mutated(data: bytes, chosen: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chosen.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        at = chosen.randrange(len(changed))
        match chosen.randrange(4):
            case 0:
                changed[at] = chosen.randrange(256)
            case 1:
                del changed[at : at + chosen.randrange(1, 9)]
            case 2:
                changed[at:at] = chosen.randbytes(chosen.randrange(1, 9))
            case _:
                changed[at] ^= 1 << chosen.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("name", TARGETS)
def test_target_takes_damaged_seeds(name: str) -> None:
    target = TARGETS[name]
    chosen = random.Random(name)
    target.run(b"")
    for seed in target.seeds():
        target.run(seed)
        for _ in range(MUTATIONS // 10 if len(seed) > 5000 else MUTATIONS):
            target.run(mutated(seed, chosen))
