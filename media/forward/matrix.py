"""Many copies at once: subscribers x packets as one numpy array.

What differs between copies are six numbers: they are added up as one array, turned into octets, and
these put where they belong. The number of numpy calls counts here, not the arithmetic.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from media.forward.groups import PID, TL0, TRANSPORT, Group
from media.transport.egress import Egress

if TYPE_CHECKING:
    from media.forward.fanout import Copy

Octets = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]


def write(
    egress: Egress,
    group: Group,
    run: Sequence["Copy"],
    start: int,
    stop: int,
    slot: int,
    transport_numbers: Numbers,
) -> Numbers:
    """The copies of members `start` to `stop` into the slots from `slot`, a row a member.

    Args:
        transport_numbers: the next transport-wide number of every peer of the room; they go on.

    Returns:
        The transport-wide numbers of the copies, if their headers have any.
    """
    rows, count = stop - start, len(run)
    end = slot + rows * count
    block = egress.bytes_view[slot:end].reshape(rows, count, -1)
    _broadcast(block, egress.lengths[slot:end].reshape(rows, count), run)
    arrays = group.arrays
    numbers: Numbers = arrays.offsets[start:stop] + np.array(
        [copy.numbers(column) for column, copy in enumerate(run)], np.uint32
    )
    transport = run[0].transport_at
    if transport:
        indices = arrays.indices[start:stop]
        following = transport_numbers[indices]
        numbers[:, :, TRANSPORT] += following[:, None]
        transport_numbers[indices] = following + np.uint32(count)
    octets = numbers.astype(">u4").view(np.uint8)
    block[:, :, 2:12] = octets[:, :, 2:12]  # sequence number, timestamp, SSRC
    if transport:
        block[:, :, transport : transport + 2] = octets[:, :, 4 * TRANSPORT + 2 : 4 * TRANSPORT + 4]
    _write_pictures(block, octets, run)
    return numbers[:, :, TRANSPORT]


def _broadcast(block: Octets, lengths: npt.NDArray[np.int32], run: Sequence["Copy"]) -> None:
    templates = [copy.template for copy in run]
    sizes = [len(template) for template in templates]
    if min(sizes) == max(sizes):
        block[:, :, : sizes[0]] = np.frombuffer(b"".join(templates), np.uint8).reshape(len(run), -1)
        lengths[:] = sizes[0]
        return
    for column, template in enumerate(templates):
        block[:, column, : sizes[column]] = np.frombuffer(template, np.uint8)
    lengths[:] = sizes


def _write_pictures(block: Octets, octets: Octets, run: Sequence["Copy"]) -> None:
    """VP8 picture ids and TL0PICIDX: at once where all packets have them in the same place, as
    those of one frame do."""
    places = [_places(copy) for copy in run]
    step = len(run) if places.count(places[0]) == len(places) else 1
    for first in range(0, len(run), step):
        bits, pid_at, tl0_at = places[first]
        target = block[:, first : first + step]
        source = octets[:, first : first + step]
        if bits == 15:
            source[:, :, 4 * PID + 2] |= 0x80
            target[:, :, pid_at : pid_at + 2] = source[:, :, 4 * PID + 2 : 4 * PID + 4]
        elif bits:
            target[:, :, pid_at] = source[:, :, 4 * PID + 3] & 0x7F
        if tl0_at:
            target[:, :, tl0_at] = source[:, :, 4 * TL0 + 3]


def _places(copy: "Copy") -> tuple[int, int, int]:
    """Bits of the picture id and where it is, where TL0PICIDX is; 0: absent."""
    picture = copy.packet.vp8
    if picture is None:
        return 0, 0, 0
    tl0_at = copy.payload_at + picture.tl0_offset if picture.tl0_offset >= 0 else 0
    return picture.picture_id_bits, copy.payload_at + picture.picture_id_offset, tl0_at
