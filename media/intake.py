"""Where datagrams of the media ports go: connectivity checks to ICE, handshakes to their transport,
media decrypted to its room."""

from collections.abc import Callable

from media.drops import Counters
from media.pump import Pump
from media.transport.ice import Address, IceLite, IceSession, Path
from media.transport.mux import Local
from media.transport.srtp import InPlace
from media.transport.transport import Transport

MIN_SRTP_BYTES = 12 + 10  # header and the shortest authentication tag


class Intake:
    """The sink of the multiplexers.

    Args:
        moved: called when ICE chose another path for a session.
    """

    def __init__(
        self,
        ice: IceLite[Transport],
        pump: Pump,
        counters: Counters,
        moved: Callable[[IceSession[Transport], float], None],
    ) -> None:
        self._ice = ice
        self._pump = pump
        self._counters = counters
        self._moved = moved

    def on_srtp(
        self, local: Local, address: Address, packet: InPlace, size: int, now: float
    ) -> None:
        session = self._ice.routes[local.index].get(address)
        if session is None:
            self._counters.add("drop_unknown_address")
            return
        transport = session.owner
        srtp = transport.srtp
        if srtp is None or size < MIN_SRTP_BYTES:
            self._counters.add("drop_before_handshake" if srtp is None else "drop_short")
            return
        room = transport.room
        dump = transport.dump
        if 192 <= packet.buffer[1] <= 223:  # RTCP: RFC 5761 section 4
            if dump is None and room.skips(transport.peer, packet.buffer, size, now):
                return
            size = packet.unprotect_rtcp(srtp.rx, size)
            if size:
                data = bytes(packet.buffer[:size])
                if dump is not None:
                    dump.rtcp_in(data, now)
                room.on_rtcp(transport.peer, data, now)
        else:
            size = packet.unprotect_rtp(srtp.rx, size)
            if size:
                if dump is not None:
                    dump.rtp_in(packet.buffer, size, now)
                room.on_rtp(transport.peer, packet.buffer, size, now)
        if size:
            session.heard = now
            self._pump.stir(room, now)
        else:
            self._counters.add("drop_unprotect")

    def on_stun(self, local: Local, address: Address, datagram: bytes, now: float) -> bool:
        checked = self._ice.on_stun(datagram, Path(local.index, address), now)
        if checked is None:
            return False
        local.send(checked.reply, address)
        if checked.moved:
            self._moved(checked.session, now)
        return True

    def on_dtls(self, local: Local, address: Address, datagram: bytes, now: float) -> None:
        session = self._ice.routes[local.index].get(address)
        if session is None:
            self._counters.add("drop_unknown_address")
        elif not session.owner.on_dtls(datagram):
            self._counters.add("drop_dtls_queue")

    def gathered(self) -> int:
        return self._pump.gathered()

    def on_burst_end(self, now: float) -> int:
        return self._pump.burst_end(now)
