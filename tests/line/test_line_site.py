"""The line between a namespace and this machine, with real packets."""

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.line.emulator import NAMESPACES
from tests.line.shape import Drop, Rule, Shape
from tests.line.site import Line, site_line, sweep

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with site_line() as line:
        yield line


class Echo:
    """A datagram socket of this machine, one of the site, and what passes between them."""

    def __init__(self, line: Line) -> None:
        self.host = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.host.bind((line.host, 0))
        self.host.settimeout(2.0)
        self.site = line.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.site.connect(self.host.getsockname())
        self.site.settimeout(2.0)

    def round_trip(self) -> float:
        """Seconds there and back."""
        begun = time.monotonic()
        self.site.send(b"ping")
        data, address = self.host.recvfrom(100)
        self.host.sendto(data, address)
        self.site.recv(100)
        return time.monotonic() - begun

    def arrives(self, wait_s: float = 0.2) -> bool:
        self.site.send(b"ping")
        return bool(select.select([self.host], [], [], wait_s)[0]) and bool(self.host.recv(100))

    def close(self) -> None:
        self.host.close()
        self.site.close()


@pytest.fixture
def echo(line: Line) -> Iterator[Echo]:
    line.shape(Shape())
    echo = Echo(line)
    yield echo
    echo.close()


def test_delay_is_that_of_the_shape(line: Line, echo: Echo) -> None:
    echo.round_trip()
    line.shape(up=Shape(delay_s=0.05), down=Shape(delay_s=0.1))
    best = min(echo.round_trip() for _ in range(4))
    assert 0.15 <= best < 0.2


def test_loss_and_counts(line: Line, echo: Echo) -> None:
    before = line.counts()["up"]
    line.shape(up=Shape(loss=1.0))
    assert not echo.arrives(0.05)
    after = line.counts()["up"]
    assert after[Drop.LOSS] - before.get(Drop.LOSS, 0) >= 1
    assert after["packets"] > before["packets"]


def test_a_rule_blocks_udp_alone(line: Line, echo: Echo) -> None:
    line.shape(Shape(blocked=(Rule("udp"),)))
    assert not echo.arrives(0.05)
    with socket.create_server((line.host, 0)) as server, line.socket() as client:
        client.settimeout(2.0)
        client.connect(server.getsockname())
    port = echo.host.getsockname()[1]
    line.shape(Shape(blocked=(Rule(),), allowed=(Rule("udp", port),)))
    assert echo.arrives(2.0)


def test_a_slow_link_carries_its_rate(line: Line, echo: Echo) -> None:
    line.shape(up=Shape(rate_bps=800_000, queue_s=10.0))
    begun = time.monotonic()
    for _ in range(50):
        echo.site.send(bytes(972))  # 1000 bytes with IP and UDP headers: 10 ms
    for _ in range(50):
        echo.host.recv(2000)
    assert 0.49 <= time.monotonic() - begun < 0.9


def test_the_site_gets_another_address(line: Line, echo: Echo) -> None:
    before = line.site
    after = line.change_address()
    assert after != before
    again = Echo(line)
    assert again.round_trip() < 1.0
    assert again.site.getsockname()[0] == after
    again.close()


def test_ipv6_passes_too(line: Line, echo: Echo) -> None:
    if not Path("/proc/net/if_inet6").exists():
        pytest.skip("this kernel has no IPv6")
    with (
        socket.create_server((line.host6, 0), family=socket.AF_INET6) as server,
        line.socket(socket.AF_INET6, socket.SOCK_STREAM) as client,
    ):
        client.settimeout(2.0)
        client.connect(server.getsockname())


def test_programs_run_inside(line: Line) -> None:
    shown = subprocess.run(
        [line.program("/usr/bin/env"), "ip", "-4", "-o", "addr"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert line.site in shown
    assert line.host not in shown


HOLDER = """
import subprocess, time
from tests.line.site import site_line
with site_line() as line:
    sleeper = subprocess.Popen(line.command("sleep", "60"), start_new_session=True)
    print(line.namespace, sleeper.pid, flush=True)
    time.sleep(60)
"""


def test_a_killed_test_leaves_nothing_behind() -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    namespace, sleeper = holder.stdout.readline().split()
    assert (NAMESPACES / namespace).exists()
    holder.kill()
    holder.wait()
    holder.stdout.close()
    deadline = time.monotonic() + 10
    while (NAMESPACES / namespace).exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not (NAMESPACES / namespace).exists()
    assert not _alive(int(sleeper))


def test_a_namespace_without_its_processes_is_swept() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    name = f"diemcau-line-{gone.pid}-0"
    subprocess.run(["ip", "netns", "add", name], check=True)
    sweep()
    assert not (NAMESPACES / name).exists()


def _alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False
