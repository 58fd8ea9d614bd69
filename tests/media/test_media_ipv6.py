"""A peer that reaches the worker over IPv6."""

from pathlib import Path

import pytest
from test_media_end_to_end import publisher, viewer
from worker_process import running_worker

from media import control

HOST = "::1"


async def test_pictures_arrive_over_ipv6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **families: [HOST])
    async with running_worker(tmp_path, HOST) as worker:
        await worker.ask(control.OpenRoom(room="1"))
        async with publisher(worker), viewer(worker) as watching:
            description = watching.remoteDescription.sdp
            assert f"c=IN IP6 {HOST}" in description
            video = next(t.receiver.track for t in watching.getTransceivers() if t.kind == "video")
            frame = await video.recv()
            assert frame.width > 0
