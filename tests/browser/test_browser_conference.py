"""A whole conference: 17 simulated sites, and chair, secretary, a site and a phone in Chromium.

From the waiting room to the minutes, with what goes wrong on such a morning: the chair's page is
reloaded in the middle of a vote, a site's cable is pulled while it speaks, the service is killed.
"""

import asyncio
import io
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conference_world import AGENDA, MEETING, SIMULATED, Conference, conference
from tests.browser.people import CONNECTED, Person
from tests.browser.test_browser_desk import open_desk, shot
from tests.line.conditions import CONDITIONS
from tests.line.shape import Shape

pytestmark = [pytest.mark.browser, pytest.mark.root]

SESSION = "window.diemcau.state().session"
OWN = f"{SESSION}.seats[window.diemcau.state().seat]"
IN = f"{CONNECTED} && window.diemcau.signaling.open && {OWN}?.present"
PRESENT = f"Object.values({SESSION}.seats).filter((seat) => seat.onTiles && seat.present).length"
KEPT = f"(({{ queue, floor, item, votes, roll }}) => [queue, floor, item, votes, roll])({SESSION})"
MIDDLE = "[data-middle]"
NOTHING = Shape(loss=1.0)


async def test_from_the_waiting_room_to_the_minutes(tmp_path: Path) -> None:
    async with conference(tmp_path / "data") as here:
        await enter(here)
        await call_the_roll(here)
        await speak_through_a_pulled_cable(here)
        await vote_while_the_chair_reloads(here)
        await outlive_the_service(here)
        await pause_and_talk(here)
        await conclude(here)
        await read_the_minutes(here)


async def look(here: Conference, stage: str) -> None:
    """Screenshots, when they are wanted."""
    for person in here.people:
        await shot(person.tab, f"conference-{stage}-{person.username}")


def led(here: Conference) -> Any:
    """The secretary's page."""
    return here.secretary.tab


async def enter(here: Conference) -> None:
    """Who is invited comes in; who is not knocks, and is let in by the secretary."""
    await asyncio.gather(*(one.enter() for one in (here.chair, here.secretary, here.site)))
    phone: Any = here.phone.tab
    await phone.goto(f"{here.running.url}/cuoc-hop/{MEETING}/phong?vao=1")
    await phone.wait_for_selector("[data-lost]:has-text('Đang chờ chủ trì cho vào')")
    await led(here).wait_for_selector("[data-desk-button]:has-text('người chờ vào')")
    await open_desk(led(here), "door")
    await led(here).click("[data-knocking] [data-yes]")
    await here.phone.until(IN)
    await here.all_see(f"{PRESENT} >= {SIMULATED + 2}", 60)
    await here.phone.shows(await here.chair.seat(), here.chair.colour)
    await look(here, "1-inside")


async def call_the_roll(here: Conference) -> None:
    """Sites answer for themselves; the secretary confirms one and marks one absent."""
    page: Any = here.site.tab
    await open_desk(led(here), "roll")
    await led(here).click("[data-roll-toggle]")
    await page.click("[data-banners] button:has-text('Điểm danh')")
    await page.fill("[data-roll-heads]", "32")
    await page.click("[data-roll-own] button[type=submit]")
    answers = f"Object.keys({SESSION}.roll.answers).length"
    await here.secretary.until(f"{answers} >= {SIMULATED + 1}")
    row = led(here).locator("[data-roll-rows] li", has_text="KBang").first
    await row.locator("[data-here]").click()
    absent = led(here).locator("[data-roll-rows] li", has_text="Pleiku").first
    await absent.locator("[data-said]").fill("Họp đột xuất ở thành phố")
    await absent.locator("[data-absent]").click()
    await absent.locator("[data-person]:has-text('đột xuất')").wait_for()
    await here.all_see(f"{SESSION}.roll.answers[{await here.site.seat()!r}]?.confirmed")
    await look(here, "2-roll")
    await led(here).click("[data-roll-toggle]")
    await here.all_see(f"{SESSION}.roll.ended !== null")
    counts = f"Object.values({SESSION}.roll.answers).reduce((sum, one) => sum + one.headCount, 0)"
    here.record["heads"] = await here.secretary.tab.evaluate(counts)


async def speak_through_a_pulled_cable(here: Conference) -> None:
    """Asked for, given, lost, kept, heard again, taken back."""
    chair, site = here.chair, here.site
    await go_to_item(here, 1)
    await led(here).keyboard.press("Escape")
    await site.click(MIDDLE)
    await site.until(f"document.querySelector('{MIDDLE}').innerText.includes('thứ 1')")
    await chair.click(MIDDLE)
    await site.until(f"{OWN}.microphone")
    seat = await site.seat()
    await here.all_see(f"{SESSION}.floor?.seat === {seat!r}")
    await here.phone.hears()
    turn = await chair.tab.evaluate(f"{SESSION}.floor")
    await look(here, "3-speech")

    here.line.shape(NOTHING)
    await chair.until(f"!{SESSION}.seats[{seat!r}].present")
    here.line.shape(CONDITIONS["good"].up)
    await site.until(IN)
    assert await chair.tab.evaluate(f"{SESSION}.floor") == turn
    await site.until(f"{OWN}.microphone")
    await here.phone.hears()
    await chair.click(MIDDLE)
    await here.all_see(f"{SESSION}.floor === null")
    await site.until(f"!{OWN}.microphone")


async def vote_while_the_chair_reloads(here: Conference) -> None:
    page: Any = here.site.tab
    await open_desk(led(here), "votes")
    await led(here).fill("[data-vote-question]", "Thông qua nghị quyết?")
    await led(here).click("[data-open-vote] button[type=submit]")
    await page.click("[data-banners] button:has-text('Bỏ phiếu')")
    await here.chair.reload()
    await page.check("[data-choices] input[value='0']")
    await page.click("[data-cast] button[type=submit]")
    await page.click("[data-confirm-yes]")
    voted = f"Object.keys({SESSION}.votes.at(-1).voted).length"
    await here.chair.until(f"{voted} === {SIMULATED + 1}")
    await look(here, "4-vote")
    await led(here).click("[data-close-vote]")
    await led(here).click("[data-publish]")
    await here.all_see(f"{SESSION}.votes.at(-1).published")
    here.record["tally"] = await here.site.tab.evaluate(f"{SESSION}.votes.at(-1).tally")


async def outlive_the_service(here: Conference) -> None:
    """Killed and started again: everybody is back, nothing of the meeting is lost."""
    before = await here.secretary.tab.evaluate(KEPT)
    begun = time.monotonic()
    here.running.process.kill()
    await here.all_see("!window.diemcau.signaling.open")
    await asyncio.to_thread(here.running.restart_killed)
    await here.all_see(IN)
    back = time.monotonic() - begun
    print(f"everybody is back {back:.1f} s after the service was killed")
    assert await here.secretary.tab.evaluate(KEPT) == before
    await here.all_see(f"{PRESENT} >= {SIMULATED + 2}", 60)
    await here.phone.shows(await here.chair.seat(), here.chair.colour)
    assert back < 20, back


async def pause_and_talk(here: Conference) -> None:
    chair, site = here.chair, here.site
    page: Any = site.tab
    await command(chair, "{ type: 'start-pause', seconds: 300 }")
    await here.all_see(f"{SESSION}.pause !== null")
    await look(here, "5-break")
    await chair.click(MIDDLE)
    await here.all_see(f"{SESSION}.pause === null")
    await open_desk(page, "words")
    await page.fill("[data-say-text]", "Điểm cầu KBang nghe rõ")
    await page.click("[data-say-form] button[type=submit]")
    await here.all_see(f"{SESSION}.messages.some(({{ text }}) => text.includes('nghe rõ'))")


async def conclude(here: Conference) -> None:
    await go_to_item(here, 2)
    await open_desk(led(here), "notes")
    await led(here).select_option("[data-note-kind]", "conclusion")
    await led(here).fill("[data-note-text]", "Hoàn thành giải ngân trước ngày 31/12")
    await led(here).click("[data-note-form] button[type=submit]")
    await led(here).wait_for_selector("[data-notes-list] li:has-text('giải ngân')")
    await here.chair.click("[data-list-button]")
    await here.chair.tab.click(".side__more summary")
    await here.chair.tab.click("[data-panel-end]")
    await here.chair.tab.fill("[data-end-words]", "Cảm ơn các đồng chí")
    await look(here, "6-ending")
    await here.chair.tab.click("[data-end-yes]")
    for person in here.people:
        await person.tab.wait_for_selector("[data-final]:not([hidden])")
    await look(here, "7-farewell")


async def read_the_minutes(here: Conference) -> None:
    """What they say is what happened."""
    page = led(here)
    address = f"{here.running.url}/cuoc-hop/{MEETING}"
    await page.goto(f"{address}/bien-ban")
    text = "\n".join([await box.input_value() for box in await page.locator("textarea").all()])
    await shot(page, "conference-8-minutes")
    sites, heads = SIMULATED + 2, here.record["heads"]
    assert f"Có mặt: {sites - 1}/{sites} điểm cầu, {heads} đại biểu" in text, text
    assert re.search(r"Vắng mặt: .*Pleiku", text), text
    assert "Dự từ thiết bị cá nhân: Bà Nay H’Lan." in text, text
    assert re.search(r"KBang phát biểu \(\d+", text), text
    assert AGENDA[1] in text
    assert AGENDA[2] in text
    for option, votes in zip(("Tán thành", "Không tán thành"), here.record["tally"], strict=False):
        assert f"{option}: {votes} phiếu" in text, text
    assert "Giải lao từ" in text
    assert "Hoàn thành giải ngân" in text
    for kind in ("docx", "pdf"):
        paper = await page.request.get(f"{address}/bien-ban.{kind}")
        assert paper.ok
    archive = await page.request.get(f"{address}/ho-so.zip")
    names = zipfile.ZipFile(io.BytesIO(await archive.body())).namelist()
    assert any(name.endswith(".docx") for name in names), names


async def go_to_item(here: Conference, at: int) -> None:
    item = f"{SESSION}.agenda[{at}].id"
    await command(here.chair, f"{{ type: 'go-to-item', item: {item} }}")
    await here.all_see(f"{SESSION}.item === {item}")


async def command(person: Person, words: str) -> None:
    await person.tab.evaluate(
        f"window.diemcau.signaling.request('command', {{ command: {words} }})"
    )
