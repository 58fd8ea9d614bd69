"""What one plain packet costs on this machine, so that figures of different machines compare."""

import os
import socket
import struct
import time

from pylibsrtp import Policy, Session
from pylibsrtp._binding import ffi, lib

PACKETS = 60_000
PAYLOAD_BYTES = 1100
SRTP_OVERHEAD_BYTES = 16 + 144  # tag, and what libsrtp wants free behind the packet
_HEAD = struct.Struct("!BBHII")


def plain_packet_us() -> float:
    """CPU time in µs of the plainest forwarding there is, one packet at a time.

    Write an RTP header, `srtp_protect` (AES-128-GCM) in place, `sendto` on loopback: what any
    server does at least once for every copy, without reading, routing or batching.
    """
    policy = Policy(
        key=os.urandom(28),
        ssrc_type=Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    )
    policy.window_size = 128
    session = Session(policy)
    handle = session._srtp[0]
    buffer = bytearray(12 + PAYLOAD_BYTES + SRTP_OVERHEAD_BYTES)
    pointer, length = ffi.from_buffer("char[]", buffer), ffi.new("int *")
    packet = memoryview(buffer)[: 12 + PAYLOAD_BYTES + 16]
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sink,
    ):
        sink.bind(("127.0.0.1", 0))
        where = sink.getsockname()
        begun = time.process_time()
        for number in range(PACKETS):
            _HEAD.pack_into(buffer, 0, 0x80, 96, number & 0xFFFF, number, 1)
            length[0] = 12 + PAYLOAD_BYTES
            lib.srtp_protect(handle, pointer, length)
            sender.sendto(packet, where)
        return (time.process_time() - begun) / PACKETS * 1e6
