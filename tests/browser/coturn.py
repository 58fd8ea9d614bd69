"""A real coturn on loopback: TURN over UDP, TCP and TLS."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LISTENS = "127.0.0.2"
RELAYS_FROM = "127.0.0.3"
SECRET = "shared-with-coturn"


@dataclass(frozen=True, slots=True)
class Coturn:
    port: int  # UDP and TCP
    tls_port: int
    host: str = LISTENS

    def url(self, transport: str) -> str:
        """Of "udp", "tcp" or "tls"."""
        if transport == "tls":
            return f"turns:{self.host}:{self.tls_port}?transport=tcp"
        return f"turn:{self.host}:{self.port}?transport={transport}"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate for the server, and the home folder of somebody who trusts its issuer."""

    certificate: Path
    key: Path
    home: Path


def make_authority(folder: Path, host: str = LISTENS) -> Authority:
    """Needs openssl and certutil (of libnss3-tools)."""
    home = folder / "home"
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    key, request, certificate = folder / "key.pem", folder / "request.pem", folder / "cert.pem"
    ca_key, ca = folder / "ca_key.pem", folder / "ca.pem"
    names = folder / "names"
    names.write_text(f"subjectAltName=IP:{host}\nextendedKeyUsage=serverAuth\n")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    _run(
        "openssl", "req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "30",
        "-subj", "/CN=Test authority",
    )  # fmt: skip
    _run("openssl", "req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=turn")
    _run(
        "openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-days", "30",
        "-CAcreateserial", "-extfile", names, "-out", certificate,
    )  # fmt: skip
    _run("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
    _run("certutil", "-A", "-d", f"sql:{database}", "-t", "C,,", "-n", "test", "-i", ca)
    return Authority(certificate, key, home)


@contextlib.contextmanager
def running_coturn(
    folder: Path, port: int, tls_port: int, authority: Authority, host: str = LISTENS
) -> Iterator[Coturn]:
    arguments = [
        "turnserver", "-n", "--use-auth-secret", f"--static-auth-secret={SECRET}",
        "--realm=diemcau.test", "--no-cli", "--allow-loopback-peers", "--simple-log",
        f"--listening-ip={host}", f"--relay-ip={RELAYS_FROM}",
        f"--listening-port={port}", f"--tls-listening-port={tls_port}", "--no-dtls",
        f"--cert={authority.certificate}", f"--pkey={authority.key}",
        f"--log-file={folder / 'turn.log'}", f"--pidfile={folder / 'turn.pid'}",
        f"--userdb={folder / 'turn.db'}", "--proc-user=root", "--proc-group=root",
    ]  # fmt: skip
    environment = {**os.environ, "HOME": str(folder)}
    process = subprocess.Popen(
        arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _until_listening(host, port, process)
        _until_listening(host, tls_port, process)
        yield Coturn(port, tls_port, host)
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_listening(host: str, port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        assert process.poll() is None, "coturn ended at start"
        assert time.monotonic() < deadline, "coturn does not listen"
        time.sleep(0.05)


def _run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=30)
