"""The media worker process: `python -m media.worker --control SOCKET --address HOST [--port N]`.

It connects to the service's unix socket, says `Ready` and serves requests until `Shutdown`, SIGTERM
or the end of the connection: a worker never outlives its service.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from media import control, requests
from media.announced import Announced
from media.node import Node
from media.transport.links import LinkPlace
from media.transport.ports import Ports, open_ports

log = logging.getLogger(__name__)

# More than this unsent towards the service, and figures are left out; what changes state never is.
MAX_UNSENT_BYTES = 4 * 1024 * 1024
CLOSE_TIMEOUT_S = 5.0
_FIGURES = (control.Stats, control.WorkerStats, control.Speakers, control.RecordingHealth)


class ControlLink:
    """The worker's side of the connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._slow: set[asyncio.Task[None]] = set()

    def report(self, report: control.AnyReport) -> None:
        """Queue one report. Figures are dropped when the service does not read."""
        if self._writer.is_closing():
            return
        unsent = self._writer.transport.get_write_buffer_size()
        if unsent <= MAX_UNSENT_BYTES or not isinstance(report, _FIGURES):
            control.write_envelope(self._writer, control.Envelope(id=0, body=report))

    async def serve(self, node: Node) -> None:
        """Answer requests in order until `Shutdown` or the end of the connection."""
        while True:
            try:
                envelope = await control.read_envelope(self._reader)
            except (asyncio.IncompleteReadError, ConnectionError):
                log.info("the service closed the control connection")
                return
            except (ValueError, msgspec.DecodeError):
                log.exception("unreadable control message")
                return
            if not isinstance(envelope.body, control.Request):
                log.error("control message %s is no request", type(envelope.body).__name__)
            elif isinstance(envelope.body, requests.SLOW):
                task = asyncio.create_task(self._answer(node, envelope.id, envelope.body))
                self._slow.add(task)
                task.add_done_callback(self._slow.discard)
            else:
                await self._answer(node, envelope.id, envelope.body)
                if isinstance(envelope.body, control.Shutdown):
                    return

    async def close(self) -> None:
        if self._slow:
            await asyncio.wait(list(self._slow))
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()

    async def _answer(self, node: Node, number: int, request: control.AnyRequest) -> None:
        reply = await requests.handle(node, request, time.monotonic())
        if not self._writer.is_closing():
            control.write_envelope(self._writer, control.Envelope(id=number, body=reply))


async def run(
    control_path: str,
    ports: Ports,
    relays: frozenset[str] = frozenset(),
    *,
    dumps: bool = False,
    place: LinkPlace | None = None,
) -> None:
    """Serve one control connection, then close everything.

    Raises:
        OSError: the service does not listen.
    """
    reader, writer = await asyncio.open_unix_connection(control_path)
    link = ControlLink(reader, writer)
    node = Node(
        ports.sockets,
        link.report,
        listeners=ports.listeners,
        announced=ports.announced,
        relays=relays,
        dumps=dumps,
        place=place,
    )
    link.report(
        control.Ready(
            addresses=tuple(address.host for address in ports.announced),
            port=ports.port,
            tcp_port=ports.tcp_port,
        )
    )
    serving = asyncio.create_task(link.serve(node), name="control")
    housekeeping = asyncio.create_task(node.reporter.run(), name="housekeeping")
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    await asyncio.wait([serving])
    housekeeping.cancel()
    if not serving.cancelled() and serving.exception() is not None:
        log.error("serving the control connection failed", exc_info=serving.exception())
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await node.close()
            await link.close()
    except TimeoutError:
        log.error("closing took more than %d s", CLOSE_TIMEOUT_S)


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="media.worker", description=__doc__)
    parser.add_argument("--control", required=True, help="unix socket the service listens on")
    parser.add_argument(
        "--address",
        action="append",
        required=True,
        type=Announced.parse,
        help="address to bind and to announce to clients, or ANNOUNCED=BOUND; repeat for several",
    )
    parser.add_argument("--port", type=int, default=0, help="UDP port on every address; 0: any")
    parser.add_argument(
        "--tcp-port", type=int, default=0, help="TCP port on every address; 0: as the UDP port"
    )
    parser.add_argument(
        "--relay", action="append", default=[], help="address a TURN server sends from; repeat"
    )
    parser.add_argument("--dumps", action="store_true", help="packet dumps may be taken")
    parser.add_argument("--links", type=Path, metavar="DIR", help="sockets between workers")
    parser.add_argument("--number", type=int, default=0, help="of this worker, for --links")
    return parser.parse_args(arguments)


def _place(options: argparse.Namespace) -> LinkPlace | None:
    return LinkPlace(options.links, options.number) if options.links is not None else None


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s"
    )
    try:
        ports = open_ports(options.address, options.port, options.tcp_port)
    except OSError as error:
        log.error("cannot bind the media port: %s", error.strerror)
        return 1
    gc.freeze()  # modules and classes stay: no collection has to look at them again
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            relays, place = frozenset(options.relay), _place(options)
            runner.run(run(options.control, ports, relays, dumps=options.dumps, place=place))
    except OSError as error:
        log.error("cannot reach the service: %s", error.strerror)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
