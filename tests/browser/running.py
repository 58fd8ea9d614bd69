"""A real `diemcau demo` as a child process, on free ports, with its own data folder."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

START_SECONDS = 60.0


@dataclass(slots=True)
class Running:
    """Where the service answers."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    arguments: list[str]
    environment: dict[str, str]

    @property
    def tcp_port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    @property
    def media_port(self) -> int:
        return int(self.arguments[self.arguments.index("--media-port") + 1])

    def worker_pid(self, number: int = 0) -> int:
        for line in self.get("/metrics").splitlines():
            if line.startswith(f'diemcau_worker_pid{{worker="{number}"}} '):
                return int(float(line.split()[1]))
        raise AssertionError("no worker pid in /metrics")

    def get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with contextlib.suppress(OSError):
                self.get("/readyz")
                return
            assert self.process.poll() is None, "the service ended at start"
            assert time.monotonic() < deadline, "the service did not become ready"
            time.sleep(0.1)

    def restart_killed(self) -> None:
        """`kill -9`, then start again on the same data folder and ports."""
        self.process.kill()
        self.process.wait()
        self.process = _spawn(self.arguments, self.environment)
        self.wait_ready()

    def stop(self) -> float:
        """Ctrl-C; returns how many seconds it took to end."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        return time.monotonic() - begun


def free_port(host: str = "127.0.0.1") -> int:
    """Free for TCP and for UDP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        tcp.bind((host, 0))
        port = int(tcp.getsockname()[1])
        udp.bind((host, port))
        return port


@contextlib.contextmanager
def running_demo(
    data: Path,
    *,
    sites: int = 0,
    host: str = "127.0.0.1",
    environment: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Running]:
    """
    Args:
        host: the address of pages and signalling.
        environment: settings, as `DIEMCAU_SECTION_KEY`.
    """
    port, media_port = free_port(host), free_port(host)
    arguments = [
        sys.executable, "-m", "conference", "demo", "--listen", f"{host}:{port}",
        "--media-port", str(media_port), "--data", str(data), "--sites", str(sites),
    ]  # fmt: skip
    process = _spawn(arguments, environment)
    running = Running(f"http://{host}:{port}", data, process, arguments, dict(environment))
    try:
        running.wait_ready()
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def _spawn(arguments: list[str], settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(arguments, env={**plain_environment(), **settings})


def plain_environment() -> dict[str, str]:
    """Ours, without settings."""
    return {k: v for k, v in os.environ.items() if not k.startswith("DIEMCAU_")}


def token(running: Running, meeting: str, role: str, name: str = "") -> str:
    """A bearer token, as the command line issues it."""
    output = subprocess.run(
        [
            sys.executable, "-m", "conference", "token", "--data", str(running.data),
            "--meeting", meeting, "--role", role, "--name", name,
        ],
        check=True, capture_output=True, text=True, timeout=30,
    ).stdout  # fmt: skip
    return output.strip().splitlines()[-1]
