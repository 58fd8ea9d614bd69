"""All wrapping arithmetic: 16-bit sequence numbers and 32-bit timestamps become integers."""

SEQUENCE_BITS = 16
TIMESTAMP_BITS = 32


def extend(value: int, reference: int, bits: int = SEQUENCE_BITS) -> int:
    """The integer congruent to `value` modulo 2**bits that lies nearest to `reference`.

    Args:
        value: as found in a packet, 0 <= value < 2**bits.
        reference: an extended number seen before.

    Returns:
        Between reference - 2**(bits-1) and reference + 2**(bits-1) - 1; may be negative when the
        reference is small (start extenders at 2**bits to avoid that).
    """
    half = 1 << (bits - 1)
    return reference + ((value - reference + half) & ((1 << bits) - 1)) - half


def wrap(value: int, bits: int = SEQUENCE_BITS) -> int:
    """Back to what a packet carries."""
    return value & ((1 << bits) - 1)


class Extender:
    """Extends a stream of wrapped numbers against the highest seen; the first gets one cycle added,
    so that numbers slightly before it stay positive."""

    __slots__ = ("bits", "highest")

    def __init__(self, bits: int = SEQUENCE_BITS) -> None:
        self.bits = bits
        self.highest: int | None = None

    def extend(self, value: int) -> int:
        if self.highest is None:
            self.highest = value + (1 << self.bits)
            return self.highest
        extended = extend(value, self.highest, self.bits)
        if extended > self.highest:
            self.highest = extended
        return extended
