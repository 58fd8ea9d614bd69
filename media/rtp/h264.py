"""H.264 payloads (RFC 6184): where a key frame starts, and the picture size in its SPS."""

from media.rtp.packet import Buffer, ParseError

_IDR = 5
_SPS = 7
_STAP_A = 24
_FU_A = 28
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


def _units(buffer: Buffer, start: int, end: int) -> list[tuple[int, int, int]]:
    """(type, start, end) of the NAL units that begin here: single, STAP-A, first FU-A fragment."""
    if start >= end:
        return []
    kind = buffer[start] & 0x1F
    if kind == _FU_A:
        if start + 1 < end and buffer[start + 1] & 0x80:
            return [(buffer[start + 1] & 0x1F, start + 1, end)]
        return []
    if kind != _STAP_A:
        return [(kind, start, end)]
    found = []
    at = start + 1
    while at + 3 <= end:
        size = buffer[at] << 8 | buffer[at + 1]
        at += 2
        if size == 0 or at + size > end:
            break
        found.append((buffer[at] & 0x1F, at, at + size))
        at += size
    return found


def is_keyframe_start(buffer: Buffer, start: int, end: int) -> bool:
    """Whether an SPS or an IDR slice begins here. Browsers send the SPS first, in its own packet or
    in a STAP-A; decoding can start with that packet."""
    return any(kind in (_SPS, _IDR) for kind, _, _ in _units(buffer, start, end))


def picture_size(buffer: Buffer, start: int, end: int) -> tuple[int, int] | None:
    """(width, height) when the payload holds a whole SPS that can be read."""
    for kind, at, stop in _units(buffer, start, end):
        if kind == _SPS and buffer[start] & 0x1F != _FU_A:
            try:
                return _sps_size(bytes(buffer[at + 1 : stop]))
            except ParseError:
                return None
    return None


class _Bits:
    """Bit reader with Exp-Golomb codes (H.264 section 9.1)."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise ParseError("SPS ends early")
        return self._value >> self._left & ((1 << count) - 1)

    def unsigned(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise ParseError("Exp-Golomb code too long")
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        code = self.unsigned()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def _sps_size(sps: bytes) -> tuple[int, int]:
    """H.264 section 7.3.2.1.1, after the NAL header."""
    bits = _Bits(sps.replace(b"\x00\x00\x03", b"\x00\x00"))
    profile = bits.take(8)
    bits.take(16)
    bits.unsigned()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.unsigned()
        if chroma == 3:
            bits.take(1)
        bits.unsigned()
        bits.unsigned()
        bits.take(1)
        if bits.take(1):
            _skip_scaling_lists(bits, 12 if chroma == 3 else 8)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.take(1)
        bits.signed()
        bits.signed()
        cycle = bits.unsigned()
        if cycle > 255:
            raise ParseError("picture order cycle too long")
        for _ in range(cycle):
            bits.signed()
    bits.unsigned()
    bits.take(1)
    width = 16 * (bits.unsigned() + 1)
    frame_only_rows = bits.unsigned() + 1
    frame_only = bits.take(1)
    height = 16 * frame_only_rows * (2 - frame_only)
    if not frame_only:
        bits.take(1)
    bits.take(1)
    if bits.take(1):
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        unit_x = 2 if chroma in (1, 2) else 1
        unit_y = (2 if chroma == 1 else 1) * (2 - frame_only)
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if not (0 < width <= 16384 and 0 < height <= 16384):
        raise ParseError(f"SPS says {width}x{height}")
    return width, height


def _skip_scaling_lists(bits: _Bits, count: int) -> None:
    for index in range(count):
        if not bits.take(1):
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last
