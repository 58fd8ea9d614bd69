"""Everything a worker listens on: a UDP socket and a TCP listener on each address it binds."""

from collections.abc import Sequence
from dataclasses import dataclass

from media.announced import Announced
from media.transport.mux import LocalSocket, open_sockets
from media.transport.tcp import TcpListener, listen

_ANY_PORT_TRIES = 20


@dataclass(frozen=True, slots=True)
class Ports:
    """All sockets of a worker. Their indices go on from one to the other."""

    announced: tuple[Announced, ...]  # best first
    sockets: tuple[LocalSocket, ...]
    listeners: tuple[TcpListener, ...]

    @property
    def port(self) -> int:
        return self.sockets[0].port

    @property
    def tcp_port(self) -> int:
        return self.listeners[0].port


def open_ports(announced: Sequence[Announced], port: int, tcp_port: int = 0) -> Ports:
    """Bind each address once, however often it is announced.

    Args:
        port: UDP; 0 takes one that is free everywhere.
        tcp_port: 0 is the number of the UDP port.

    Raises:
        OSError: an address is not ours or a port is in use.
    """
    for attempt in range(_ANY_PORT_TRIES):
        try:
            return _open(tuple(announced), port, tcp_port)
        except OSError:
            if port != 0 or attempt == _ANY_PORT_TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _open(announced: tuple[Announced, ...], port: int, tcp_port: int) -> Ports:
    hosts = tuple(dict.fromkeys(address.bound for address in announced))
    sockets = open_sockets(hosts, port)
    listeners: list[TcpListener] = []
    try:
        for host in hosts:
            index = len(sockets) + len(listeners)
            listeners.append(listen(host, tcp_port or sockets[0].port, index))
    except OSError:
        for local in sockets:
            local.close()
        for listener in listeners:
            listener.close()
        raise
    return Ports(announced, tuple(sockets), tuple(listeners))
