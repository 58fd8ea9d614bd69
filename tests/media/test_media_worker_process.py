"""The worker as a process: control messages, refusals, ends. No media here."""

import asyncio
import contextlib
import signal
import socket
import struct
import sys
from pathlib import Path

import pytest
from worker_process import HOST, running_worker

from media import control

CAPTURES = Path(__file__).parent.parent / "captures"
OFFER = (CAPTURES / "chromium_156_offer_4+9.sdp").read_bytes().decode()


async def test_a_meeting_offer_is_answered_for_the_port_it_says(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        assert isinstance(await worker.ask(control.OpenRoom(room="1")), control.Done)
        reply = await worker.ask(control.Connect(room="1", peer="site:1#a", offer=OFFER))
        assert isinstance(reply, control.Connected)
        assert reply.audio_mids == ("3", "4", "5", "6")
        assert reply.video_mids == tuple(str(n) for n in range(7, 16))
        assert f" {HOST} {worker.port} typ host" in reply.answer
        again = await worker.ask(control.Restart(peer="site:1#a", offer=OFFER))
        assert isinstance(again, control.Connected)
        ufrags = [
            line for r in (reply, again) for line in r.answer.split("\r\n") if "a=ice-ufrag" in line
        ]
        assert len(set(ufrags)) == 2
        ssrcs = [
            [line for line in r.answer.split("\r\n") if line.startswith("a=ssrc:")]
            for r in (reply, again)
        ]
        assert ssrcs[0] == ssrcs[1]


async def test_every_request_has_one_reply(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        await worker.ask(control.Connect(room="1", peer="a", offer=OFFER))
        folder = str(tmp_path / "recording")
        wants = (control.SlotWant(mid="7", peer="b"), control.SlotWant(mid="99", peer=None))
        for request in (
            control.OpenRoom(room="1"),
            control.SetSlots(peer="a", wants=wants),
            control.AutoSlots(peer="a"),
            control.SetAllowed(peer="a", sources=("camera", "microphone")),
            control.SetMainVoice(room="1", peer="a"),
            control.SetMainVoice(room="1", peer=None),
            control.StartRecording(room="1", recording="7", directory=folder),
            control.StartRecording(room="1", recording="7", directory=folder),
            control.StopRecording(room="1", recording="7"),
            control.StopRecording(room="1", recording="7"),
            control.StopDump(peer="a"),
            control.Snapshot(),
            control.Disconnect(peer="a"),
            control.Disconnect(peer="a"),
            control.CloseRoom(room="1"),
            control.CloseRoom(room="1"),
        ):
            assert isinstance(await worker.ask(request), control.Done), request


async def test_refusals(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        await worker.ask(control.Connect(room="1", peer="a", offer=OFFER))
        blocked = tmp_path / "file"
        blocked.write_text("")
        for code, request in {
            "unknown-room": control.Connect(room="2", peer="b", offer=OFFER),
            "busy": control.Connect(room="1", peer="a", offer=OFFER),
            "malformed": control.Connect(room="1", peer="b", offer="v=0"),
            "no-fingerprint": control.Connect(
                room="1", peer="b", offer=OFFER.replace("a=fingerprint:", "a=x:")
            ),
            "no-known-codec": control.Connect(
                room="1", peer="b", offer=OFFER.replace("opus", "o").replace("90000", "8000")
            ),
            "too-large": control.Connect(room="1", peer="b", offer=OFFER * 5),
            "unknown-peer": control.Restart(peer="b", offer=OFFER),
            "internal": control.StartRecording(
                room="1", recording="1", directory=str(blocked / "folder")
            ),
        }.items():
            reply = await worker.ask(request)
            assert isinstance(reply, control.Failed), request
            assert reply.code == code
        for request in (
            control.SetSlots(peer="b", wants=()),
            control.AutoSlots(peer="b"),
            control.SetAllowed(peer="b", sources=()),
        ):
            assert (await worker.ask(request)).code == "unknown-peer"
        other = OFFER.replace("a=fingerprint:sha-256 C2", "a=fingerprint:sha-256 C3")
        assert (await worker.ask(control.Restart(peer="a", offer=other))).code == "malformed"


async def test_figures_come_every_second(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        stats = await worker.report(control.WorkerStats)
        assert stats.memory_bytes > 1_000_000
        assert stats.cpu_seconds > 0


@pytest.mark.parametrize("end", ["closed", "shutdown", "sigterm", "garbage"])
async def test_a_worker_ends_with_its_service(tmp_path: Path, end: str) -> None:
    async with running_worker(tmp_path) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        await worker.ask(control.Connect(room="1", peer="a", offer=OFFER))
        if end == "closed":
            worker.writer.transport.abort()
        elif end == "shutdown":
            assert isinstance(await worker.ask(control.Shutdown()), control.Done)
        elif end == "sigterm":
            worker.process.send_signal(signal.SIGTERM)
        else:
            worker.writer.write(struct.pack("!I", 2**31))
        assert await worker.exited() == 0


async def test_hostile_datagrams_change_nothing(tmp_path: Path) -> None:
    async with running_worker(tmp_path) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        await worker.ask(control.Connect(room="1", peer="a", offer=OFFER))
        before = (await worker.ask(control.Snapshot())).value["rooms"]
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
            stranger.connect((HOST, worker.port))
            for first in range(256):
                for size in (1, 2, 12, 20, 60, 1400, 3000):
                    stranger.send(
                        bytes([first]) + bytes((first * 7 + i) % 256 for i in range(size))
                    )
                stranger.send(b"")
                await asyncio.sleep(0)
        counters = await worker.counters()
        assert (await worker.ask(control.Snapshot())).value["rooms"].keys() == before.keys()
        assert counters["drop_unknown_address"] > 0
        assert counters["drop_stun_malformed"] > 0
        assert counters["drop_unknown_first_byte"] > 0
        assert not any(isinstance(r, control.PeerConnected) for r in worker.reports)


@pytest.mark.parametrize("address", ["192.0.2.250", HOST], ids=["foreign", "ours"])
async def test_a_worker_that_cannot_start_says_so_and_ends(tmp_path: Path, address: str) -> None:
    """No such address; or the address is fine but nobody listens on the control socket."""
    nobody = str(tmp_path / "nobody.sock")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "media.worker", "--control", nobody, "--address", address),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"cannot" in said
    assert b"Traceback" not in said
