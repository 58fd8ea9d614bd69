"""Which media worker takes a new peer. No clock, no process: figures in, a worker's number out.

Rooms stay whole: a peer goes where its room is, because a packet that does not cross to another
worker costs nothing there. Only when that worker is over the threshold do further peers go to the
next one, and then the room's sources cross once and fan out there.

A peer weighs nothing when it comes, and its full weight some seconds later, when its pictures flow.
Until then what it will weigh is added to what was measured; how much that is, the peers that are
there tell.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Of one core, the default of the setting `spread_percent`. At 70 % the forwarding delay is still
# flat (p99 under 10 ms); above 85 % queues grow. The rest is for speakers who change, key frames,
# and sites that come back all at once.
SPREAD_LOAD = 0.7
# Core share of a peer while too few are there to tell: a site with one full picture, eight small
# tiles and three voices takes about 570 packets/s, at 12 to 15 us on a machine of 2020.
NEW_PEER_LOAD = 0.008
MIN_KNOWN = 8  # peers that are there for a while, before their measured weight counts
LIGHTEST, HEAVIEST = 0.001, 0.05  # core shares a peer is taken to weigh
QUIET_S = 3.0  # from placing a peer until anything of its weight shows in the measurement
RISE_S = 6.0  # until all of it shows


@dataclass(frozen=True, slots=True)
class WorkerLoad:
    """What is known of one worker."""

    up: bool
    cpu: float = 0.0  # core share in the last measured second or so; 1.0 is a full core
    copies_per_s: float = 0.0  # datagrams it sent
    peers: int = 0  # placed there now
    rooms: int = 0  # opened there now
    fresh: int = 0  # of the peers, placed within `RISE_S`
    coming: float = 0.0  # of these, not in `cpu` yet; see `coming`
    late: bool = False  # it cannot send everything in time

    def expected(self, peer_load: float) -> float:
        """Core share, with the newest peers as they will weigh."""
        share = self.cpu + self.coming * peer_load
        return max(1.0, share) if self.late else share


def coming(ages_s: Iterable[float]) -> float:
    """How many of the peers placed so long ago do not show in the measurement yet."""
    rise_s = RISE_S - QUIET_S
    return sum(min(1.0, max(0.0, (RISE_S - age) / rise_s)) for age in ages_s)


def peer_load(loads: Sequence[WorkerLoad]) -> float:
    """Core share of one peer, as those that are there weigh."""
    running = [load for load in loads if load.up]
    if sum(load.peers - load.fresh for load in running) < MIN_KNOWN:
        return NEW_PEER_LOAD
    there = sum(load.peers - load.coming for load in running)
    measured = sum(load.cpu for load in running) / there
    return min(HEAVIEST, max(LIGHTEST, measured))


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
    each = peer_load(loads)
    for number in home:
        if loads[number].up and loads[number].expected(each) < spread_load:
            return number
    return min(running, key=lambda number: _rank(loads[number], each, number))


def _rank(load: WorkerLoad, each: float, number: int) -> tuple[float, ...]:
    """Least loaded first. A few percent of CPU are noise: there copies, then peers count."""
    copies = round(load.copies_per_s, -3)
    return round(load.expected(each), 1), copies, load.peers, load.rooms, number
