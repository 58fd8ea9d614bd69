"""A network that passes nothing but the pages and TLS on port 443, where a TURN server listens."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.browser.coturn import RELAYS_FROM, SECRET, make_authority, running_coturn
from tests.browser.running import Running, free_port, running_demo
from tests.line.conditions import Condition
from tests.line.shape import Rule, Shape
from tests.line.site import Line

HTTPS_PORT = 443


@dataclass(frozen=True, slots=True)
class Closed:
    running: Running
    home: Path  # of somebody who trusts the TURN server's certificate
    firewall: Condition


@contextlib.contextmanager
def closed_network(line: Line, folder: Path) -> Iterator[Closed]:
    """A service with a real coturn. In practice a proxy has the pages on 443, too."""
    authority = make_authority(folder, line.host)
    port = free_port(line.host)
    with running_coturn(folder, port, HTTPS_PORT, authority, line.host) as coturn:
        settings = {
            "DIEMCAU_MEDIA_ADDRESSES": line.host,
            "DIEMCAU_TURN_URLS": coturn.url("tls"),
            "DIEMCAU_TURN_SECRET": SECRET,
            "DIEMCAU_TURN_RELAY_ADDRESSES": RELAYS_FROM,
        }
        with running_demo(folder / "data", host=line.host, environment=settings) as running:
            allowed = Rule("tcp", HTTPS_PORT), Rule("tcp", running.tcp_port)
            shape = Shape(delay_s=0.01, blocked=(Rule(),), allowed=allowed)
            yield Closed(running, authority.home, Condition.both(shape))
