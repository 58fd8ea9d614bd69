"""One DTLS 1.2 association that ends in SRTP keys (RFC 5764), as a state machine over datagrams.

OpenSSL does the protocol on memory buffers; certificates and the list of SRTP profiles are
aiortc's. Synchronous, so that thousands of clients need no task each.
"""

from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_AES128_CM_SHA1_80,
    X509_DIGEST_ALGORITHMS,
    RTCCertificate,
    certificate_digest,
)
from OpenSSL import SSL
from pylibsrtp import Policy, Session

PROFILES = [SRTP_AEAD_AES_128_GCM, SRTP_AES128_CM_SHA1_80]
_MTU = 1200
_RECORD_HEADER = 13  # RFC 6347 section 4.1
_WINDOW = 1024


class DtlsFailed(Exception):
    """The handshake cannot succeed: an alert, a wrong certificate, no common SRTP profile."""


def new_certificate() -> RTCCertificate:
    """A self-signed EC certificate; one per process is enough."""
    return RTCCertificate.generateCertificate()


def sha256_fingerprint(certificate: RTCCertificate) -> tuple[str, str]:
    """("sha-256", "AB:CD:…") for the offer."""
    for fingerprint in certificate.getFingerprints():
        if fingerprint.algorithm == "sha-256":
            return fingerprint.algorithm, fingerprint.value
    raise ValueError("the certificate has no SHA-256 fingerprint")


class Dtls:
    """One end of an association."""

    def __init__(
        self,
        certificate: RTCCertificate,
        *,
        client: bool,
        fingerprints: tuple[tuple[str, str], ...],
    ) -> None:
        """`fingerprints`: those of the other end, from its SDP."""
        self._fingerprints = fingerprints
        self._client = client
        self._ssl = SSL.Connection(certificate._create_ssl_context(PROFILES))
        self._ssl.set_ciphertext_mtu(_MTU)
        if client:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()
        self.receive_srtp: Session  # both exist once connected
        self.send_srtp: Session
        self.connected = False
        self.closed = False

    def start(self) -> list[bytes]:
        """The first flight of a client; nothing for a server."""
        return self._advance()

    def handle(self, datagram: bytes) -> list[bytes]:
        """A DTLS datagram arrived; the datagrams to send.

        Raises:
            DtlsFailed: see the class.
        """
        self._ssl.bio_write(datagram)
        if not self.connected:
            return self._advance()
        try:
            self._ssl.recv(2048)
        except SSL.ZeroReturnError:
            self.closed = True
        except SSL.Error:
            pass
        return self._flush()

    def timeout_s(self) -> float | None:
        """Seconds until `retransmit` is due; None when nothing waits."""
        return None if self.connected else self._ssl.DTLSv1_get_timeout()

    def retransmit(self) -> list[bytes]:
        """Send the last flight again."""
        try:
            self._ssl.DTLSv1_handle_timeout()
        except SSL.Error as error:
            raise DtlsFailed(f"no answer to the handshake: {error}") from None
        return self._flush()

    def close(self) -> list[bytes]:
        """close_notify, if there is an association to close."""
        if not self.connected or self.closed:
            return []
        self.closed = True
        try:
            self._ssl.shutdown()
        except SSL.Error:
            return []
        return self._flush()

    def _advance(self) -> list[bytes]:
        try:
            self._ssl.do_handshake()
        except SSL.WantReadError:
            return self._flush()
        except SSL.Error as error:
            raise DtlsFailed(f"DTLS handshake failed: {error}") from None
        self._check_identity()
        self._derive_keys()
        return self._flush()

    def _check_identity(self) -> None:
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        known = [
            (algorithm, value.upper())
            for algorithm, value in self._fingerprints
            if algorithm in X509_DIGEST_ALGORITHMS
        ]
        if certificate is None or not known:
            raise DtlsFailed("no certificate or no fingerprint to check it against")
        for algorithm, value in known:
            if certificate_digest(certificate, algorithm) != value:
                raise DtlsFailed("the certificate does not match the fingerprint of the SDP")

    def _derive_keys(self) -> None:
        chosen = self._ssl.get_selected_srtp_profile()
        profile = next((p for p in PROFILES if p.openssl_profile == chosen), None)
        if profile is None:
            raise DtlsFailed("no common SRTP profile")
        material = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        send, receive = (0, 1) if self._client else (1, 0)

        def session(index: int, direction: int) -> Session:
            policy = Policy(
                key=profile.get_key_and_salt(material, index),
                ssrc_type=direction,
                srtp_profile=profile.libsrtp_profile,
            )
            policy.window_size = _WINDOW
            return Session(policy)

        self.receive_srtp = session(receive, Policy.SSRC_ANY_INBOUND)
        self.send_srtp = session(send, Policy.SSRC_ANY_OUTBOUND)
        self.connected = True

    def _flush(self) -> list[bytes]:
        chunks = []
        while True:
            try:
                chunks.append(self._ssl.bio_read(65536))
            except SSL.WantReadError:
                break
        return _datagrams(b"".join(chunks))


def _datagrams(records: bytes) -> list[bytes]:
    """Pack whole DTLS records into datagrams that fit a path of 1,280 bytes."""
    datagrams: list[bytes] = []
    current = b""
    while records:
        size = _RECORD_HEADER + int.from_bytes(records[11:13], "big")
        record, records = records[:size], records[size:]
        if current and len(current) + len(record) > _MTU:
            datagrams.append(current)
            current = b""
        current += record
    return [*datagrams, current] if current else datagrams
