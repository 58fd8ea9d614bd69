"""DTLS-SRTP of one transport: aiortc's association over a pipe that the multiplexer feeds.

Only DTLS datagrams enter aiortc; STUN and SRTP never do. We are the DTLS server
(`a=setup:passive`, the client sends first) unless the offer insists on that role itself.
"""

import asyncio
from collections.abc import Callable, Sequence

from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    SRTP_PROFILES,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    State,
)

from media.sdp import DtlsRole
from media.transport.srtp import SrtpPair, derive

HANDSHAKE_TIMEOUT_S = 10.0
QUEUE_DATAGRAMS = 32  # a ClientHello is two; more waiting ones are dropped, DTLS retransmits

# Server preference. GCM-128 first: cheapest per packet, and both Chromium and Firefox offer it.
PROFILES = [
    profile
    for profile in (SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80)
    if profile in SRTP_PROFILES
]


class HandshakeFailed(Exception):
    """No association within the timeout, a wrong certificate, or no common SRTP profile."""


def make_certificate() -> RTCCertificate:
    """An EC certificate: aiortc sends a flight as one datagram of at most 1,500 bytes."""
    return RTCCertificate.generateCertificate()


def sha256_fingerprint(certificate: RTCCertificate) -> str:
    """Upper-case hex pairs for `a=fingerprint:sha-256`."""
    return next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")


class _Pipe:
    """What RTCDtlsTransport needs of an ICE transport: role, _recv, _send."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._emit = send
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUE_DATAGRAMS)
        self._closed = False

    def feed(self, datagram: bytes) -> bool:
        if self._closed or self._queue.full():
            return False
        self._queue.put_nowait(datagram)
        return True

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            while not self._queue.empty():
                self._queue.get_nowait()
            self._queue.put_nowait(None)

    async def _recv(self) -> bytes:
        datagram = await self._queue.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._emit(datagram)


class _Association(RTCDtlsTransport):
    """aiortc's transport with our profile order and our SRTP contexts."""

    def __init__(self, pipe: _Pipe, certificate: RTCCertificate, role: DtlsRole) -> None:
        super().__init__(pipe, [certificate])  # type: ignore[arg-type]
        self._srtp_profiles = PROFILES
        self._own_role: DtlsRole = role
        self._set_role(role)
        self.pair: SrtpPair | None = None

    def _setup_srtp(self) -> None:
        assert self._ssl is not None
        chosen = self._ssl.get_selected_srtp_profile()
        for profile in PROFILES:
            if profile.openssl_profile == chosen:
                size = 2 * (profile.key_length + profile.salt_length)
                material = self._ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
                self.pair = derive(profile, material, self._own_role)
                return
        self._set_state(State.FAILED)


class Dtls:
    """One association, from the first flight to close_notify."""

    def __init__(
        self,
        certificate: RTCCertificate,
        fingerprints: Sequence[tuple[str, str]],
        send: Callable[[bytes], None],
        role: DtlsRole = "server",
    ) -> None:
        """`fingerprints` as in the offer; `send` puts one datagram on the selected path."""
        self._pipe = _Pipe(send)
        self._association = _Association(self._pipe, certificate, role)
        self._remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=a, value=v) for a, v in fingerprints]
        )
        self._over = asyncio.Event()
        self._association.on("statechange", self._on_state)

    def feed(self, datagram: bytes) -> bool:
        """One DTLS datagram; False when it was dropped because too many wait."""
        return self._pipe.feed(datagram)

    async def handshake(self, timeout_s: float = HANDSHAKE_TIMEOUT_S) -> SrtpPair:
        """Shake hands in our role.

        Raises:
            HandshakeFailed: see there.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self._association.start(self._remote)
        except TimeoutError:
            raise HandshakeFailed("timeout") from None
        if self._association.pair is None or self._association.state != "connected":
            raise HandshakeFailed("refused")
        return self._association.pair

    async def until_closed(self) -> None:
        """Return when the peer closed the association."""
        await self._over.wait()

    async def close(self) -> None:
        """Send close_notify and end aiortc's reader."""
        await self._association.stop()
        self._pipe.close()
        self._association.remove_all_listeners()

    def _on_state(self) -> None:
        if self._association.state in ("closed", "failed"):
            self._over.set()
