"""Which media worker takes a new peer. No clock, no process: figures in, a worker's number out.

Rooms stay whole: a peer goes where its room is, because a packet that does not cross to another
worker costs nothing there. Only when that worker is over the threshold do further peers go to the
next one, and then the room's sources cross once and fan out there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# Of one core, the default of the setting `spread_percent`. At 70 % the forwarding delay is still
# flat (p99 under 10 ms); above 85 % queues grow. The rest is for speakers who change, key frames,
# and sites that come back all at once.
SPREAD_LOAD = 0.7
# Core share assumed for a peer that the last figures do not show yet: a site with one full picture
# and eight small tiles takes about 1,400 packets/s at 3.5 us. It keeps 250 sites that come within a
# second from all being put on the worker that looked idle.
NEW_PEER_LOAD = 0.005


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """What is known of one worker."""

    up: bool
    cpu: float = 0.0  # core share in the last measured second or so; 1.0 is a full core
    copies_per_s: float = 0.0  # datagrams it sent
    peers: int = 0  # placed there now
    rooms: int = 0  # opened there now
    unmeasured: int = 0  # of the peers, placed since `cpu` was measured

    @property
    def expected(self) -> float:
        """Core share, with the newest peers as they will weigh."""
        return self.cpu + self.unmeasured * NEW_PEER_LOAD


def choose_worker(
    loads: Sequence[WorkerLoad], home: Sequence[int], spread_load: float = SPREAD_LOAD
) -> int | None:
    """The worker for the next peer of a room.

    Args:
        loads: by worker number.
        home: the room's workers, in the order it came to them; empty for a new room.
        spread_load: a worker at or above it takes no further peers while another is below.

    Returns:
        None when no worker is up: the caller waits for one.
    """
    running = [number for number, load in enumerate(loads) if load.up]
    if not running:
        return None
    for number in home:
        if loads[number].up and loads[number].expected < spread_load:
            return number
    return min(running, key=lambda number: _rank(loads[number], number))


def _rank(load: WorkerLoad, number: int) -> tuple[float, ...]:
    """Least loaded first. A few percent of CPU are noise: there copies, then peers count."""
    copies = round(load.copies_per_s, -3)
    return round(load.expected, 1), copies, load.peers, load.rooms, number
