"""Networks that block UDP, and those that let nothing but a TURN server through."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.coturn import (
    LISTENS,
    RELAYS_FROM,
    SECRET,
    Authority,
    make_authority,
    running_coturn,
)
from tests.browser.cut import filtered, port_rules
from tests.browser.firefox import Firefox
from tests.browser.people import (
    BLUE,
    CONNECTED,
    GREEN,
    RED,
    YELLOW,
    Person,
    in_chromium,
    in_firefox,
    launch_chromium,
)
from tests.browser.running import Running, free_port, running_demo

pytestmark = pytest.mark.browser


@pytest.fixture
async def people(running: Running, chromium: Browser, firefox: Firefox) -> list[Person]:
    return [
        await in_chromium(chromium, running.url, "chutri", RED, 300),
        await in_firefox(firefox, running.url, "ayunpa", YELLOW, 900),
    ]


async def test_media_comes_through_tcp_when_udp_is_blocked(
    running: Running, people: list[Person]
) -> None:
    chair, firefox = people
    with filtered(*port_rules("udp", running.media_port)):
        await asyncio.gather(*(person.enter() for person in people))
        await chair.sees([firefox])
        await firefox.sees([chair])
        assert (await chair.tab.evaluate(PATHS))[1] == "tcp"
        for person in people:  # and they are told
            await person.until('document.querySelector("[data-line]").innerText.includes("TCP")')

        # Nothing comes through any more: people are told why, in words, until it works again.
        with filtered(*port_rules("tcp", running.media_port), table="diemcau_test_closed"):
            await chair.enter_blocked()
            assert "đang chặn đường truyền" in await chair.text()
        await chair.until(CONNECTED, 40)
        await chair.sees([firefox])
        assert "đang chặn đường truyền" not in await chair.text()


PATHS = """(async () => {
  const reports = [...(await window.diemcau.peer.connection.getStats()).values()];
  const transport = reports.find((r) => r.type === "transport");
  const pair = reports.find((r) => r.id === transport?.selectedCandidatePairId);
  const local = reports.find((r) => r.id === pair?.localCandidateId);
  return local ? [local.candidateType, local.relayProtocol ?? local.protocol] : null;
})()"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


async def test_udp_that_stays_bad_is_left_for_tcp(tmp_path: Path, chromium: Browser) -> None:
    """30 % of the UDP packets are lost both ways; over TCP the picture is clean."""
    settings = {"DIEMCAU_MEDIA_ADDRESSES": "127.0.0.1", "DIEMCAU_MEDIA_TCP_SWITCH_SECONDS": "4"}
    with running_demo(tmp_path / "data", environment=settings) as running:
        one = await in_chromium(chromium, running.url, "chutri", RED, 300)
        two = await in_chromium(chromium, running.url, "pleiku", GREEN, 500)
        people = (one, two)
        await asyncio.gather(*(person.enter() for person in people))
        await one.sees([two])
        assert await one.tab.evaluate(PATHS) == ["host", "udp"]
        with filtered(*port_rules("udp", running.media_port, 0.3)):
            for person in people:
                await person.until(f"({PATHS}).then((path) => path?.[1] === 'tcp')", 40)
            await one.sees([two])
            before = await lost(one)
            await asyncio.sleep(3)
            assert await lost(one) == before
            await two.sees([one])


async def lost(person: Person) -> int:
    """Packets that did not arrive here, ever."""
    counted = await person.tab.evaluate("""(async () => {
      const reports = [...(await window.diemcau.peer.connection.getStats()).values()];
      return reports.reduce((sum, r) => sum + (r.type === "inbound-rtp" ? r.packetsLost : 0), 0);
    })()""")
    return int(counted)


# The page uses one of its TURN servers only: that over TRANSPORT.
ONLY = """(() => {
  const only = (configuration) => ({...configuration, iceServers: configuration.iceServers.map(
    (server) => ({...server, urls: server.urls.filter((url) => url.startsWith("turns") ===
      (TRANSPORT === "tls") && (TRANSPORT === "tls" || url.endsWith(TRANSPORT)))}))});
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) { super(only(configuration)); }
    setConfiguration(configuration) { super.setConfiguration(only(configuration)); }
  };
})()"""


async def test_where_our_ports_are_blocked_turn_carries_media(
    authority: Authority, tmp_path: Path
) -> None:
    """Only the TURN server reaches our media ports; one person each comes by UDP, TCP and TLS."""
    ways = ("udp", "tcp", "tls")
    with contextlib.ExitStack() as stack:
        coturn = stack.enter_context(
            running_coturn(tmp_path, free_port(LISTENS), free_port(LISTENS), authority)
        )
        settings = {
            "DIEMCAU_TURN_URLS": ",".join(map(coturn.url, ways)),
            "DIEMCAU_TURN_SECRET": SECRET,
            "DIEMCAU_TURN_RELAY_ADDRESSES": RELAYS_FROM,
            "DIEMCAU_MEDIA_ADDRESSES": "127.0.0.1",
        }
        running = stack.enter_context(running_demo(tmp_path / "data", environment=settings))
        allowed = f"ip saddr {RELAYS_FROM} accept", f"ip daddr {RELAYS_FROM} accept"
        udp, tcp = (port_rules(kind, running.media_port) for kind in ("udp", "tcp"))
        stack.enter_context(filtered(*allowed, *udp, *tcp))
        async with async_playwright() as playwright:
            browser = await launch_chromium(playwright, home=authority.home)
            try:
                people = [
                    await in_chromium(browser, running.url, *person)
                    for person in (
                        ("chutri", RED, 300),
                        ("pleiku", GREEN, 500),
                        ("ankhe", BLUE, 700),
                    )
                ]
                for person, way in zip(people, ways, strict=True):
                    await person.tab.add_init_script(ONLY.replace("TRANSPORT", repr(way)))  # type: ignore[attr-defined]
                await asyncio.gather(*(person.enter() for person in people))
                for person, way in zip(people, ways, strict=True):
                    await person.sees([other for other in people if other is not person])
                    assert await person.tab.evaluate(PATHS) == ["relay", way]
            finally:
                await browser.close()
