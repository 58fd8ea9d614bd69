"""Debian's Janus as a WHIP/WHEP server, so that the same bench loads it. For comparison only.

`python -m tests.load.janus` starts Janus with a video room and this front, and prints the bench's
command. Janus offers to subscribers where WHEP clients offer: the front writes each side the answer
it expects out of the other's offer, and is not on the way of media.
"""

import argparse
import asyncio
import contextlib
import itertools
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

JANUS = "janus"
PLUGIN = "janus.plugin.videoroom"
ROOM = 1234
START_SECONDS = 15.0
ANSWER_SECONDS = 30.0
KEEPALIVE_SECONDS = 20.0
CONFIG = """
general: {{
    configs_folder = "{folder}"
    debug_level = 1
    {general}
}}
media: {{
    {media}
}}
nat: {{
    ice_lite = true
    ice_enforce_list = "{address}"
}}
plugins: {{
    disable = "{other_plugins}"
}}
transports: {{
    disable = "{other_transports}"
}}
"""
SOCKETS = """
general: {{
    json = "compact"
    ws = true
    ws_port = {port}
    ws_ip = "127.0.0.1"
    wss = false
}}
"""
VIDEOROOM = f"""
room-{ROOM}: {{
    description = "bench"
    publishers = 50
    bitrate = 0
    audiocodec = "opus"
    videocodec = "vp8"
    record = false
    notify_joining = false
}}
"""
# One thread for all connections instead of one each; no statistics that nobody reads.
TUNED = {"general": "event_loops = 1", "media": "slowlink_threshold = 0"}
PACKAGED = {"general": "", "media": ""}
_PLUGINS = "/usr/lib/x86_64-linux-gnu/janus/plugins"
_TRANSPORTS = "/usr/lib/x86_64-linux-gnu/janus/transports"


class JanusFailed(Exception):
    """Janus is not installed, does not start, or refuses."""


def installed() -> bool:
    return shutil.which(JANUS) is not None


def own_address() -> str:
    """An address of this machine that is not loopback, which Janus does not use."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        address: str = probe.getsockname()[0]
        return address


# ---------------------------------------------------------------- its API


class Api:
    """One WebSocket session with Janus."""

    def __init__(self, socket_: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket_
        self._names = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._session: int | None = None

    async def open(self) -> None:
        self._session = (await self._ask({"janus": "create"}))["data"]["id"]

    async def attach(self) -> int:
        """A new handle of the video room."""
        reply = await self._ask({"janus": "attach", "plugin": PLUGIN})
        handle: int = reply["data"]["id"]
        return handle

    async def tell(
        self, handle: int, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A message to the plugin; its event."""
        message: dict[str, Any] = {"janus": "message", "handle_id": handle, "body": body}
        if jsep is not None:
            message["jsep"] = jsep
        event = await self._ask(message, asynchronous=True)
        data = event["plugindata"]["data"]
        if "error" in data:
            raise JanusFailed(f"{body['request']}: {data['error']}")
        return {**data, "sdp": event.get("jsep", {}).get("sdp", "")}

    async def detach(self, handle: int) -> None:
        await self._ask({"janus": "detach", "handle_id": handle})

    async def _ask(self, message: dict[str, Any], *, asynchronous: bool = False) -> dict[str, Any]:
        name = str(next(self._names))
        message = {**message, "transaction": name}
        if self._session is not None:
            message["session_id"] = self._session
        waiting = self._waiting[name] = asyncio.get_running_loop().create_future()
        await self._socket.send_json(message)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await waiting
        finally:
            self._waiting.pop(name, None)
        if reply["janus"] == "error":
            raise JanusFailed(f"{message['janus']}: {reply['error']['reason']}")
        return reply

    async def read(self) -> None:
        """Until cancelled or closed."""
        async for frame in self._socket:
            message = frame.json()
            waiting = self._waiting.get(message.get("transaction", ""))
            if waiting is not None and message["janus"] != "ack" and not waiting.done():
                waiting.set_result(message)

    async def keep_alive(self) -> None:
        while True:
            await asyncio.sleep(KEEPALIVE_SECONDS)
            await self._socket.send_json(
                {"janus": "keepalive", "session_id": self._session, "transaction": "keepalive"}
            )


# ---------------------------------------------------------------- the front


def answer_for_janus(offered: str, client_offer: str) -> str:
    """What a client that wrote `client_offer` would answer to Janus's offer.

    Both list sound first, then pictures, with the same payload types; m-line names and
    header-extension ids are Janus's.
    """
    theirs = _sections(offered)
    session, *own = _split(client_offer)
    mids = [_value(section, "mid") for section in theirs]
    lines = [line for line in session if not line.startswith("a=group:")]
    lines.append("a=group:BUNDLE " + " ".join(mids))
    for section, answered in zip(theirs, own, strict=True):
        known = {_uri(line) for line in answered if line.startswith("a=extmap:")}
        for line in answered:
            if line.startswith("a=mid:"):
                lines.append(f"a=mid:{_value(section, 'mid')}")
            elif line == "a=setup:actpass":
                lines.append("a=setup:active")
            elif not line.startswith("a=extmap:"):
                lines.append(line)
        lines += [line for line in section if line.startswith("a=extmap:") and _uri(line) in known]
    return "\r\n".join(lines) + "\r\n"


def answer_for_client(offered: str) -> str:
    """Janus's offer as the answer a WHEP client waits for."""
    return offered.replace("a=setup:actpass", "a=setup:passive")


def _split(text: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for line in text.split("\r\n"):
        if line.startswith("m="):
            parts.append([])
        if line:
            parts[-1].append(line)
    return parts


def _sections(text: str) -> list[list[str]]:
    return _split(text)[1:]


def _value(lines: Sequence[str], name: str) -> str:
    return next(line for line in lines if line.startswith(f"a={name}:")).partition(":")[2]


def _uri(line: str) -> str:
    return line.split()[1]


@dataclass(slots=True)
class Front:
    """WHIP and WHEP on one side, Janus's API on the other."""

    api: Api
    feeds: list[int] = field(default_factory=list)
    handles: dict[str, int] = field(default_factory=dict)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/whip/{meeting}", self._publish)
        app.router.add_post("/whep/{meeting}", self._watch)
        app.router.add_delete("/resource/{id}", self._end)
        return app

    async def _publish(self, request: web.Request) -> web.Response:
        handle = await self.api.attach()
        body = {"request": "joinandconfigure", "room": ROOM, "ptype": "publisher"}
        joined = await self.api.tell(handle, body, {"type": "offer", "sdp": await request.text()})
        self.feeds.append(joined["id"])
        return self._created(handle, joined["sdp"])

    async def _watch(self, request: web.Request) -> web.Response:
        handle = await self.api.attach()
        body = {
            "request": "join",
            "room": ROOM,
            "ptype": "subscriber",
            "streams": [{"feed": feed} for feed in self.feeds],
        }
        offered = (await self.api.tell(handle, body))["sdp"]
        answer = answer_for_janus(offered, await request.text())
        await self.api.tell(handle, {"request": "start"}, {"type": "answer", "sdp": answer})
        return self._created(handle, answer_for_client(offered))

    def _created(self, handle: int, answer: str) -> web.Response:
        id_ = secrets.token_hex(4)
        self.handles[id_] = handle
        headers = {"Location": f"/resource/{id_}"}
        return web.Response(
            status=201, text=answer, content_type="application/sdp", headers=headers
        )

    async def _end(self, request: web.Request) -> web.Response:
        with contextlib.suppress(JanusFailed):
            await self.api.detach(self.handles.pop(request.match_info["id"]))
        return web.Response()


# ---------------------------------------------------------------- the process


@dataclass(frozen=True, slots=True)
class Running:
    url: str  # of the front
    pid: int  # of Janus


@contextlib.asynccontextmanager
async def running_janus(tuning: dict[str, str]) -> AsyncIterator[Running]:
    """Janus with one video room, and the front.

    Raises:
        JanusFailed: not installed, or it does not start.
    """
    if not installed():
        raise JanusFailed("janus is not installed: apt-get install janus")
    with tempfile.TemporaryDirectory(prefix="diemcau-janus-") as name:
        folder, port = Path(name), _free_port()
        _configure(folder, port, tuning)
        process = await asyncio.create_subprocess_exec(
            JANUS, "--config", str(folder / "janus.jcfg"), "--configs-folder", name,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            async with _front(f"ws://127.0.0.1:{port}", process) as url:
                yield Running(url, process.pid)
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


def _configure(folder: Path, port: int, tuning: dict[str, str]) -> None:
    plugins = sorted({p.name.rpartition(".so")[0] + ".so" for p in Path(_PLUGINS).glob("*.so*")})
    transports = sorted(
        {p.name.rpartition(".so")[0] + ".so" for p in Path(_TRANSPORTS).glob("*.so*")}
    )
    text = CONFIG.format(
        folder=folder,
        address=own_address(),
        other_plugins=",".join(p for p in plugins if "videoroom" not in p),
        other_transports=",".join(p for p in transports if "websockets" not in p),
        **tuning,
    )
    (folder / "janus.jcfg").write_text(text)
    (folder / "janus.transport.websockets.jcfg").write_text(SOCKETS.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text(VIDEOROOM)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def _front(url: str, process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    async with aiohttp.ClientSession() as http:
        socket_ = await _reach(http, url, process)
        api = Api(socket_)
        reading = asyncio.create_task(api.read())
        await api.open()
        keeping = asyncio.create_task(api.keep_alive())
        runner = web.AppRunner(Front(api).app(), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, own_address(), 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}"
        finally:
            await runner.cleanup()
            for task in (reading, keeping):
                task.cancel()
            await asyncio.gather(reading, keeping, return_exceptions=True)


async def _reach(
    http: aiohttp.ClientSession, url: str, process: asyncio.subprocess.Process
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(START_SECONDS):
            while process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError):
                    return await http.ws_connect(url, protocols=["janus-protocol"])
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    raise JanusFailed("janus did not start")


async def _serve(tuning: dict[str, str]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_janus(tuning) as running:
        print(f"diemcau bench --url {running.url} --server-pid {running.pid}", flush=True)
        await stop.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packaged", action="store_true", help="a thread for each connection")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(PACKAGED if options.packaged else TUNED))
    except JanusFailed as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
