"""The lines of the province, as shapes: name -> what leaves the site and what comes to it."""

from dataclasses import dataclass

from tests.line.shape import Bursts, Rule, Shape


@dataclass(frozen=True, slots=True)
class Condition:
    """A line, and how long it takes until what it carries is judged."""

    up: Shape
    down: Shape
    settle_s: float = 3.0

    @staticmethod
    def both(shape: Shape, settle_s: float = 3.0) -> "Condition":
        return Condition(shape, shape, settle_s)


OFFICE = Shape(delay_s=0.01)
CONDITIONS: dict[str, Condition] = {
    "good": Condition.both(OFFICE),
    "2 % loss": Condition.both(Shape(delay_s=0.02, loss=0.02)),
    "10 % loss": Condition.both(Shape(delay_s=0.02, loss=0.1)),
    "30 % loss": Condition.both(Shape(delay_s=0.02, loss=0.3)),
    "bursts of 5": Condition.both(Shape(delay_s=0.02, bursts=Bursts(begin=0.01, end=0.2))),
    "reordered": Condition.both(Shape(delay_s=0.02, reorder=0.05, reorder_s=0.03)),
    "300 ms + 30 ms jitter": Condition.both(Shape(delay_s=0.3, jitter_s=0.03)),
    "2 Mbit/s": Condition.both(Shape(rate_bps=2_000_000, delay_s=0.02)),
    "1 Mbit/s down": Condition(OFFICE, Shape(rate_bps=1_000_000, delay_s=0.02), settle_s=8),
    "400 kbit/s down": Condition(OFFICE, Shape(rate_bps=400_000, delay_s=0.02), settle_s=8),
    "256 kbit/s down": Condition(OFFICE, Shape(rate_bps=256_000, delay_s=0.02), settle_s=8),
    "64 kbit/s down": Condition(OFFICE, Shape(rate_bps=64_000, delay_s=0.02), settle_s=8),
    "256 kbit/s up": Condition(Shape(rate_bps=256_000, delay_s=0.02), OFFICE, settle_s=8),
    "UDP blocked": Condition.both(Shape(delay_s=0.01, blocked=(Rule("udp"),)), settle_s=12),
    "64 kbit/s up": Condition(Shape(rate_bps=64_000, delay_s=0.02), OFFICE, settle_s=8),
}
