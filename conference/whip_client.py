"""The HTTP half of a WHIP (RFC 9725) or WHEP client."""

from urllib.parse import urljoin

import aiohttp

SDP = "application/sdp"


class WhipRefused(Exception):
    """The server did not answer 201."""


class WhipSession:
    """One resource on the server, from its offer to its deletion."""

    def __init__(self, http: aiohttp.ClientSession, endpoint: str, token: str) -> None:
        """`endpoint`: "http://host/whip/demo"; `token`: "" = no Authorization header."""
        self._http = http
        self._endpoint = endpoint
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._resource: str | None = None

    async def start(self, offer: str) -> str:
        """POST the offer; the answer.

        Raises:
            WhipRefused: with status and the server's reason.
            aiohttp.ClientError: no server there.
        """
        headers = {**self._headers, "Content-Type": SDP, "Accept": SDP}
        async with self._http.post(self._endpoint, data=offer, headers=headers) as response:
            text = await response.text()
            if response.status != 201:
                raise WhipRefused(f"{self._endpoint}: {response.status} {text[:200]}")
            location = response.headers.get("Location")
            if location:
                self._resource = urljoin(str(response.url), location)
            return text

    async def stop(self) -> None:
        """DELETE the resource, if there is one; a server that is gone needs no goodbye."""
        if self._resource is None:
            return
        resource, self._resource = self._resource, None
        try:
            async with self._http.delete(resource, headers=self._headers):
                pass
        except aiohttp.ClientError:
            return
