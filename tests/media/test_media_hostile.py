"""Strangers on the network during a live transport, and a packet dump of it."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aioice import stun
from aiortc import RTCPeerConnection
from test_media_end_to_end import publisher, see, viewer
from worker_process import HOST, WorkerProcess, running_worker

from media import control
from media.dump import Kind, load, read
from media.replay import Replay


@pytest.fixture
async def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WorkerProcess]:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **families: [HOST])
    async with running_worker(tmp_path, dumps=True) as process:
        await process.ask(control.OpenRoom(room="1"))
        yield process


def contents(path: str) -> bytes:
    return Path(path).read_bytes()


def ice_of(pc: RTCPeerConnection) -> object:
    sender = next(t.sender for t in pc.getTransceivers())
    return sender.transport.transport


def address_of(pc: RTCPeerConnection) -> tuple[str, int]:
    """Where a peer sends from."""
    pair = next(iter(ice_of(pc)._connection._nominated.values()))  # type: ignore[attr-defined]
    return pair.local_candidate.host, pair.local_candidate.port


@contextlib.contextmanager
def overheard(pc: RTCPeerConnection, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The SRTP datagrams a peer sends meanwhile, as somebody on its network sees them."""
    ice = ice_of(pc)
    send = ice._send  # type: ignore[attr-defined]
    datagrams: list[bytes] = []

    async def listen(data: bytes) -> None:
        if 128 <= data[0] <= 191:
            datagrams.append(data)
        await send(data)

    monkeypatch.setattr(ice, "_send", listen)
    yield datagrams
    monkeypatch.setattr(ice, "_send", send)


def forged(source: tuple[str, int], port: int, payload: bytes) -> bytes:
    """An IPv4 packet with UDP from an address that is not ours; the kernel fills the checksum."""
    udp = struct.pack("!HHHH", source[1], port, 8 + len(payload), 0) + payload
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(HOST)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + addresses + udp


async def test_replayed_packets_are_sent_to_nobody(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with publisher(worker) as pc, viewer(worker) as seer:
        with overheard(pc, monkeypatch) as datagrams:
            await see(seer, 10)
        recorded = list(datagrams)
        assert len(recorded) > 20
        before = await worker.counters()
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            for data in recorded * 3:
                stranger.sendto(data, (HOST, worker.port))
        for data in recorded:
            await ice_of(pc)._send(data)  # type: ignore[attr-defined]
        await see(seer, 5)
        after = await worker.counters()
        grown = {name: after.get(name, 0) - before.get(name, 0) for name in after}
        assert grown["drop_unknown_address"] == 3 * len(recorded)
        assert grown["drop_unprotect"] == len(recorded)
        assert not any(isinstance(report, control.PeerLost) for report in worker.reports)


@pytest.mark.root
async def test_forged_source_addresses_change_nothing(
    worker: WorkerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Datagrams in the name of both peers: old SRTP with other numbers, DTLS, checks, noise."""
    async with publisher(worker) as pc, viewer(worker) as seer:
        with overheard(pc, monkeypatch) as datagrams:
            await see(seer, 5)
        noise = [bytes([first]) + os.urandom(60) for first in (0, 22, 23, 63, 128, 200, 255)]
        check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        check.attributes["USERNAME"] = "aaaa:bbbb"
        check.attributes["USE-CANDIDATE"] = None
        check.add_message_integrity(b"guessed")
        changed = [data[:2] + os.urandom(2) + data[4:] for data in datagrams[:20]]
        before = await worker.counters()
        with contextlib.closing(
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        ) as raw:
            for source in (address_of(pc), address_of(seer)):
                for data in (*noise, bytes(check), *changed):
                    raw.sendto(forged(source, worker.port, data), (HOST, 0))
        await see(seer, 15)
        after = await worker.counters()
        assert after["drop_unprotect"] - before.get("drop_unprotect", 0) >= 2 * len(changed)
        assert after["drop_stun_unknown_ufrag"] > before.get("drop_stun_unknown_ufrag", 0)
        assert not any(isinstance(report, control.PeerLost) for report in worker.reports)


async def test_a_dump_of_a_live_transport_is_replayed(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    async with publisher(worker), viewer(worker) as seer:
        folder = str(tmp_path / "dumps")
        started = await worker.ask(control.StartDump(peer="publisher", directory=folder))
        assert isinstance(started, control.Done)
        again = await worker.ask(control.StartDump(peer="publisher", directory=folder))
        assert again == started
        await see(seer, 20)
        await asyncio.sleep(0.5)
        stopped = await worker.ask(control.StopDump(peer="publisher"))
        assert isinstance(stopped, control.Done)
        assert stopped.value["packets"] > 50
        assert stopped.value["dropped"] == 0
        data = contents(started.value)
        assert len(data) == stopped.value["size_bytes"]
        assert b"publisher" not in data
        media, records = read(data)
        kept = list(records)
        assert {record.kind for record in kept} == set(Kind)
        replay = Replay(media)
        decisions = list(replay.run(kept))
        assert {d.what.split()[0] for d in decisions if d.core == "source"} == {
            "camera",
            "microphone",
        }
        assert any(d.core == "voice" for d in decisions)
        assert all("0 lost" in line for line in replay.summary() if "packets" in line)


async def test_a_dump_ends_with_its_transport(worker: WorkerProcess, tmp_path: Path) -> None:
    async with publisher(worker) as pc:
        started = await worker.ask(control.StartDump(peer="publisher", directory=str(tmp_path)))
        await asyncio.sleep(0.5)
        await pc.close()
        await worker.report(control.PeerLost)
    await asyncio.sleep(0.3)
    assert (await worker.ask(control.StopDump(peer="publisher"))).value is None
    _, records = load(Path(started.value))
    assert list(records)


async def test_a_dump_ends_when_its_time_is_over(worker: WorkerProcess, tmp_path: Path) -> None:
    async with publisher(worker):
        request = control.StartDump(peer="publisher", directory=str(tmp_path), seconds=1.0)
        first = await worker.ask(request)
        await asyncio.sleep(1.8)
        taken = contents(first.value)
        await asyncio.sleep(0.5)
        assert len(taken) > 1000
        assert contents(first.value) == taken
        assert (await worker.ask(control.StopDump(peer="publisher"))).value is None
        again = await worker.ask(request)
        assert again.value != first.value


async def test_without_the_setting_there_are_no_dumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **families: [HOST])
    async with running_worker(tmp_path) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        async with publisher(worker):
            refused = await worker.ask(
                control.StartDump(peer="publisher", directory=str(tmp_path / "dumps"))
            )
            assert isinstance(refused, control.Failed)
            assert refused.code == "busy"
            assert not (tmp_path / "dumps").exists()
