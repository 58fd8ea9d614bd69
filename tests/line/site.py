"""A site behind an emulated line: a network namespace whose only way out is `emulator.py`.

    with site_line() as line:
        line.shape(Shape(rate_bps=256_000), up=..., down=...)
        line.host       # the address of this machine as the site sees it
        line.program("/usr/bin/chromium")  # a script that starts it inside

Needs root, `ip` and `nsenter`.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.line.emulator import NAMESPACES, inside, remove_namespace
from tests.line.shape import Shape

PREFIX = "diemcau-line-"
SITE_DEVICE = "line0"
TXQUEUE_PACKETS = 5000  # between the kernel and the emulator, for moments when it does not run
FIRST_SITE, LAST_SITE = 2, 6  # the hosts of a /29; the first is this machine
_numbers = itertools.count()


class Line:
    """A running line and the namespace behind it."""

    def __init__(self, namespace: str, subnet: int, process: "subprocess.Popen[str]") -> None:
        self.namespace = namespace
        self.host = f"10.77.{subnet}.1"
        self.host6 = f"fd77:0:0:{subnet:x}::1"
        self._subnet = subnet
        self._site = FIRST_SITE
        self._process = process
        self._folder = tempfile.TemporaryDirectory(prefix=PREFIX)
        self._programs = itertools.count()

    @property
    def site(self) -> str:
        """The site's present address."""
        return f"10.77.{self._subnet}.{self._site}"

    def shape(
        self, both: Shape | None = None, *, up: Shape | None = None, down: Shape | None = None
    ) -> None:
        """From now on: `up` leaves the site, `down` comes to it; what is not named stays."""
        shapes = {"up": up or both, "down": down or both}
        self._ask({name: dataclasses.asdict(one) for name, one in shapes.items() if one})

    def counts(self) -> dict[str, Any]:
        """Figures since the beginning: `up` and `down` with packets, bytes, drops by reason."""
        return self._ask({})

    def change_address(self) -> str:
        """The site moves to another network: its address goes and another one comes."""
        before = self.site
        self._site = FIRST_SITE if self._site == LAST_SITE else self._site + 1
        self._ip(
            f"addr del {before}/29 dev {SITE_DEVICE}",
            f"addr add {self.site}/29 dev {SITE_DEVICE}",
            f"route replace default dev {SITE_DEVICE}",
        )
        return self.site

    def command(self, *arguments: str) -> list[str]:
        """What starts a program inside; descriptors and environment pass."""
        return ["nsenter", f"--net={NAMESPACES / self.namespace}", *arguments]

    def program(self, path: str) -> str:
        """A script that starts the program inside with the arguments given to it."""
        script = Path(self._folder.name) / f"{next(self._programs)}-{Path(path).name}"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(self.command(path))} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def socket(self, *arguments: Any) -> socket.socket:
        """`socket.socket(...)` of the namespace, for this process."""
        with inside(self.namespace):
            return socket.socket(*arguments)

    def configure(self, host_device: str) -> None:
        """Addresses and routes, once both devices are there."""
        ours = [f"addr add {self.host}/29 dev {host_device}"]
        theirs = ["link set lo up", f"addr add {self.site}/29 dev {SITE_DEVICE}"]
        if Path("/proc/net/if_inet6").exists():
            net6 = f"fd77:0:0:{self._subnet:x}::"
            ours.append(f"addr add {net6}1/64 dev {host_device} nodad")
            theirs.append(f"addr add {net6}2/64 dev {SITE_DEVICE} nodad")
        for device, commands in ((host_device, ours), (SITE_DEVICE, theirs)):
            commands.append(f"link set {device} txqueuelen {TXQUEUE_PACKETS} up")
        theirs.append(f"route add default dev {SITE_DEVICE}")
        _ip_batch([], ours)
        self._ip(*theirs)

    def close(self) -> None:
        """The emulator ends what runs inside and removes the namespace."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            remove_namespace(self.namespace)
            self._folder.cleanup()

    def _ip(self, *commands: str) -> None:
        _ip_batch(["-n", self.namespace], commands)

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the line emulator ended"
        return dict(json.loads(answer))


@contextlib.contextmanager
def site_line() -> Iterator[Line]:
    """A namespace with a line that passes everything, until its shape is set."""
    sweep()
    number = next(_numbers)
    namespace = f"{PREFIX}{os.getpid()}-{number}"
    host_device = f"dcl{os.getpid()}n{number}"
    subprocess.run(["ip", "netns", "add", namespace], check=True, timeout=10)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.line.emulator", namespace, host_device, SITE_DEVICE],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    line = Line(namespace, _free_subnet(), process)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the line emulator did not start"
        line.configure(host_device)
        yield line
    finally:
        line.close()


def sweep() -> None:
    """Remove namespaces whose test process is gone, emulator killed before it could clean up."""
    if not NAMESPACES.exists():
        return
    for path in NAMESPACES.iterdir():
        found = re.fullmatch(rf"{PREFIX}(\d+)-\d+", path.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            remove_namespace(path.name)


def _free_subnet() -> int:
    """x of a 10.77.x.0/29 that no device of this machine has."""
    shown = subprocess.run(
        ["ip", "-4", "-o", "addr"], check=True, capture_output=True, text=True, timeout=10
    ).stdout
    taken = {int(subnet) for subnet in re.findall(r"inet 10\.77\.(\d+)\.", shown)}
    begin = os.getpid() % 250
    return next(x for x in (1 + (begin + i) % 250 for i in range(250)) if x not in taken)


def _ip_batch(options: Sequence[str], commands: Sequence[str]) -> None:
    subprocess.run(
        ["ip", *options, "-batch", "-"],
        input="\n".join(commands) + "\n", text=True, check=True, timeout=10,
    )  # fmt: skip
