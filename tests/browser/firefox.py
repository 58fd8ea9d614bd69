"""Firefox, driven over WebDriver BiDi (built in; no driver program is needed)."""

import asyncio
import base64
import contextlib
import itertools
import json
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import aiohttp

from tests.line.site import Line

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "extensions.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "services.settings.server": "data:,",
    "remote.active-protocols": 1,
    "security.warn_submit_secure_to_insecure": False,  # asks, when a trusted page has plain http
}


class ScriptFailed(AssertionError):
    """A script in the page threw."""


class Page:
    """One tab."""

    def __init__(self, firefox: "Firefox", context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def goto(self, url: str) -> None:
        await self._firefox.command(
            "browsingContext.navigate", context=self._context, url=url, wait="complete"
        )

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression (awaited), through JSON."""
        answer = await self._firefox.command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression})))()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise ScriptFailed(answer["exceptionDetails"]["text"])
        value = answer["result"].get("value")
        return None if value is None else json.loads(value)

    async def wait_for(self, expression: str, timeout_s: float = 20.0) -> Any:
        """Poll until the expression is truthy, and return its value."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            with contextlib.suppress(ScriptFailed):
                value = await self.evaluate(expression)
                if value:
                    return value
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"Firefox: not true within {timeout_s} s: {expression}")
            await asyncio.sleep(0.2)

    async def screenshot(self, path: Path) -> None:
        answer = await self._firefox.command(
            "browsingContext.captureScreenshot", context=self._context
        )
        picture = base64.b64decode(answer["data"])
        await asyncio.to_thread(path.write_bytes, picture)


class Firefox:
    """A running browser with its BiDi session."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    async def command(self, method: str, **parameters: Any) -> Any:
        number = next(self._ids)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        message = await asyncio.wait_for(answer, 60)
        if message["type"] == "error":
            raise AssertionError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]

    async def _read(self) -> None:
        """Answers may come in any order; events have no id."""
        async for frame in self._socket:
            message = json.loads(frame.data)
            answer = self._waiting.pop(message.get("id"), None)
            if answer is not None and not answer.done():
                answer.set_result(message)

    async def new_page(self) -> Page:
        answer = await self.command("browsingContext.create", type="tab")
        return Page(self, answer["context"])

    @classmethod
    @contextlib.asynccontextmanager
    async def launch(
        cls, port: int, *, trusted: str | None = None, inside: Line | None = None
    ) -> AsyncIterator[Self]:
        """Start headless Firefox with a fresh profile and fake devices.

        Args:
            trusted: a host whose plain-http pages get camera and microphone all the same.
            inside: start in the namespace behind this line.
        """
        preferences = {**PREFERENCES, "dom.securecontext.allowlist": trusted or ""}
        program = ["firefox-esr"] if inside is None else inside.command("firefox-esr")
        with tempfile.TemporaryDirectory(
            prefix="diemcau-firefox-", ignore_cleanup_errors=True
        ) as profile:
            lines = (f'user_pref("{k}", {json.dumps(v)});' for k, v in preferences.items())
            (Path(profile) / "user.js").write_text("\n".join(lines))
            process = await asyncio.create_subprocess_exec(
                *program,
                "--headless",
                "--no-remote",
                "--profile",
                profile,
                f"--remote-debugging-port={port}",
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with aiohttp.ClientSession(connector=_connector(inside)) as http:
                    socket = await _connect(http, port)
                    firefox = cls(socket)
                    await firefox.command("session.new", capabilities={})
                    yield firefox
                    await socket.close()
                    await firefox._reader
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
                try:
                    await asyncio.wait_for(process.wait(), 10)
                except TimeoutError:
                    process.kill()
                    await process.wait()


def _connector(inside: Line | None) -> aiohttp.TCPConnector:
    """Firefox listens on the loopback device of its own network alone."""
    if inside is None:
        return aiohttp.TCPConnector()
    return aiohttp.TCPConnector(socket_factory=lambda info: inside.socket(*info[:3]))


async def _connect(
    http: aiohttp.ClientSession, port: int, timeout_s: float = 40.0
) -> aiohttp.ClientWebSocketResponse:
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        try:
            return await http.ws_connect(f"ws://127.0.0.1:{port}/session", max_msg_size=0)
        except aiohttp.ClientError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.2)
