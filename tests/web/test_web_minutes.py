"""Minutes: drafted from the log, edited without losing anybody's words, exported, filed."""

import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import FormData
from docx import Document
from web_world import Site, add_meeting

from rooms.documents.records import DocumentDraft
from rooms.meetings.records import Meeting, MeetingState
from rooms.session import commands as c
from rooms.session.core import NOTHING, decide, evolve
from rooms.session.events import Entry, MeetingOpened
from rooms.session.model import Agenda, NoteKind, Role, RollState, Seat, SeatId
from rooms.session.policy import SERVICE, Actor
from rooms.store.log import EventLog

NOW = datetime.now(UTC)
SEATS = tuple(
    Seat(
        id=SeatId(f"site:{number}"),
        name=name,
        short_name=name,
        rank=number,
        role=Role.CHAIR if number == 1 else Role.SITE,
        on_tiles=True,
    )
    for number, name in enumerate(("UBND tỉnh", "UBND huyện KBang", "UBND huyện Chư Sê"), 1)
)
SECRETARY = Actor(SeatId("user:9"), None)


def happened(start: datetime) -> list[Entry]:
    """A short conference: roll call, one speaker, one vote, one conclusion."""
    opened = MeetingOpened(
        meeting=1, title="Giao ban", seats=SEATS, agenda=(Agenda(id=5, title="Báo cáo"),)
    )
    log = [Entry(seq=1, at=start.timestamp(), actor="system", event=opened)]
    state = evolve(NOTHING, log[0])

    def give(actor: Actor, command: c.Command, after: float = 60) -> None:
        nonlocal state
        decision = decide(state, actor, command, log[-1].at + after)
        assert isinstance(decision, list), decision
        for event in decision:
            entry = Entry(seq=state.seq + 1, at=log[-1].at + after, actor=actor.seat, event=event)
            after = 0
            log.append(entry)
            state = evolve(state, entry)

    for seat in SEATS[:2]:
        give(Actor(seat.id, None), c.Enter(seat=seat))
    give(SECRETARY, c.StartRollCall())
    for seat, heads in zip(SEATS, (60, 32), strict=False):
        answer = c.AnswerRollCall(state=RollState.PRESENT, seat=seat.id, head_count=heads)
        give(SECRETARY, answer)
    absent = c.AnswerRollCall(state=RollState.ABSENT, seat=SEATS[2].id, reason="Mất điện")
    give(SECRETARY, absent)
    give(SECRETARY, c.GoToItem(item=5))
    give(SECRETARY, c.InviteToSpeak(seat=SEATS[1].id, person="Bà Rơ Châm H’Yéo"))
    give(SECRETARY, c.EndTurn(), after=300)
    give(SECRETARY, c.OpenVote(question="Thông qua?", options=("Tán thành", "Không tán thành")))
    vote = state.votes[0].id
    give(Actor(SEATS[0].id, None), c.CastVote(vote=vote, counts=(1, 0)))
    give(SECRETARY, c.CloseVote(vote=vote))
    give(SECRETARY, c.TakeNote(kind=NoteKind.TASK, text="Sở Tài chính bố trí vốn"))
    give(SERVICE, c.EndMeeting())
    return log


@pytest.fixture
async def ended(site: Site) -> Meeting:
    start = NOW - timedelta(hours=3)
    meeting = await add_meeting(site.world, "Giao ban", start, short_name="gb")
    await EventLog(site.db).append(meeting.id, happened(start))
    await site.world.meetings.set_state(meeting.id, MeetingState.LIVE)
    await site.world.meetings.set_state(meeting.id, MeetingState.ENDED)
    return meeting


async def test_the_draft_says_what_happened(site: Site, ended):
    thuky = await site.browser("thuky")
    page = await thuky.get("/cuoc-hop/gb/bien-ban")
    text = await page.text()
    assert page.status == 200
    assert "Bà Rơ Châm H’Yéo, UBND huyện KBang phát biểu (5 phút)" in text
    assert "Tán thành: 1 phiếu (100,0 %)" in text
    assert "Vắng mặt: UBND huyện Chư Sê" in text
    assert "Có mặt: 2/3 điểm cầu, 92 đại biểu" in text
    assert "Giao: Sở Tài chính bố trí vốn." in text
    assert "Thông báo kết luận: chậm nhất ngày" in text


async def test_edited_minutes_stay_and_nobody_overwrites_unseen(site: Site, ended):
    thuky = await site.browser("thuky")
    await thuky.post("/cuoc-hop/gb/bien-ban", {"revision": "0", "opinions": "Sửa tay"})
    text = await (await thuky.get("/cuoc-hop/gb/bien-ban")).text()
    assert "Sửa tay" in text
    stale = await thuky.post("/cuoc-hop/gb/bien-ban", {"revision": "0", "opinions": "Bản cũ"})
    assert stale.status == 409
    assert "Bản cũ" in await stale.text()
    again = {"revision": "1", "action": "again"}
    await thuky.post("/cuoc-hop/gb/bien-ban", again)
    assert "Sửa tay" not in await (await thuky.get("/cuoc-hop/gb/bien-ban")).text()


async def test_word_and_pdf_hold_the_same_words(site: Site, ended):
    thuky = await site.browser("thuky")
    word = await (await thuky.get("/cuoc-hop/gb/bien-ban.docx")).read()
    texts = [paragraph.text for paragraph in Document(io.BytesIO(word)).paragraphs]
    assert any("Thông qua? Kết quả: Tán thành" in text for text in texts)
    pdf = await (await thuky.get("/cuoc-hop/gb/bien-ban.pdf")).read()
    assert pdf.startswith(b"%PDF-")


async def test_the_file_of_the_meeting_has_a_manifest_that_is_true(site: Site, ended):
    thuky = await site.browser("thuky")
    content = await (await thuky.get("/cuoc-hop/gb/ho-so.zip")).read()
    archive = zipfile.ZipFile(io.BytesIO(content))
    lines = archive.read("MANIFEST.sha256").decode().splitlines()
    hashes = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    assert {"bien-ban.docx", "bien-ban.pdf", "diem-danh.csv", "nhat-ky.jsonl"} <= set(hashes)
    for name, digest in hashes.items():
        assert hashlib.sha256(archive.read(name)).hexdigest() == digest
    assert "Mất điện" in archive.read("diem-danh.csv").decode("utf-8-sig")


@pytest.mark.parametrize("who", ["kbang", "chutri"])
async def test_others_neither_read_the_draft_nor_take_the_file(site: Site, ended, who):
    other = await site.browser(who)
    for address in ("bien-ban", "bien-ban.pdf", "ho-so.zip"):
        assert (await other.get(f"/cuoc-hop/gb/{address}")).status == 403


async def test_the_signed_file_comes_back_as_it_was(site: Site, ended):
    thuky = await site.browser("thuky")
    await thuky.get("/cuoc-hop/gb/bien-ban")
    pdf = await (await thuky.get("/cuoc-hop/gb/bien-ban.pdf")).read()
    await thuky.get("/cuoc-hop/gb/bien-ban")
    for content, status in ((b"GIF89a", 422), (pdf, 303)):
        form = FormData({"csrf": thuky.token})
        form.add_field("file", content, filename="bien-ban.pdf")
        sent = await thuky.client.post(
            "/cuoc-hop/gb/bien-ban/da-ky", data=form, allow_redirects=False
        )
        assert sent.status == status
    assert await (await thuky.get("/cuoc-hop/gb/bien-ban/da-ky.pdf")).read() == pdf
    content = await (await thuky.get("/cuoc-hop/gb/ho-so.zip")).read()
    assert zipfile.ZipFile(io.BytesIO(content)).read("bien-ban-da-ky.pdf") == pdf


async def test_documents_are_in_the_file_of_the_meeting(site: Site, ended):
    documents, by = site.services.documents, site.world.people["thuky"].id
    incoming = await documents.files.begin()
    await incoming.write("Báo cáo quý.\n".encode())
    await incoming.finish()
    draft = DocumentDraft(title="Báo cáo")
    await documents.add(ended, draft, incoming, "bao-cao.txt", by, NOW)
    thuky = await site.browser("thuky")
    content = await (await thuky.get("/cuoc-hop/gb/ho-so.zip")).read()
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.read("tai-lieu/01 bao-cao.txt").decode() == "Báo cáo quý.\n"
    assert "tai-lieu/01 bao-cao.txt" in archive.read("MANIFEST.sha256").decode()


# ---------------------------------------------------------------- papers beside the minutes


async def test_the_notice_of_conclusions_is_drafted_edited_and_numbered(site: Site, ended):
    thuky = await site.browser("thuky")
    text = await (await thuky.get("/cuoc-hop/gb/thong-bao-ket-luan")).text()
    assert "1. Giao nhiệm vụ: Sở Tài chính bố trí vốn." in text
    form = {"revision": "0", "number": "12", "text": "Kết luận sửa tay"}
    assert (await thuky.post("/cuoc-hop/gb/thong-bao-ket-luan", form)).status == 303
    text = await (await thuky.get("/cuoc-hop/gb/thong-bao-ket-luan")).text()
    assert "Kết luận sửa tay" in text
    assert (await thuky.post("/cuoc-hop/gb/thong-bao-ket-luan", form)).status == 409
    wrong = form | {"revision": "1", "number": "mười"}
    refused = await thuky.post("/cuoc-hop/gb/thong-bao-ket-luan", wrong)
    assert refused.status == 422
    assert 'value="mười"' in await refused.text()
    word = await (await thuky.get("/cuoc-hop/gb/thong-bao-ket-luan.docx")).read()
    assert any("Kết luận sửa tay" in one.text for one in Document(io.BytesIO(word)).paragraphs)


@pytest.mark.parametrize("paper", ["thong-bao-ket-luan", "diem-danh"])
async def test_papers_are_filed_signed_and_are_in_the_file_of_the_meeting(site: Site, ended, paper):
    thuky = await site.browser("thuky")
    await thuky.get(f"/cuoc-hop/gb/{paper}")
    pdf = await (await thuky.get(f"/cuoc-hop/gb/{paper}.pdf")).read()
    await thuky.get(f"/cuoc-hop/gb/{paper}")
    for content, status in ((b"GIF89a", 422), (pdf, 303)):
        form = FormData({"csrf": thuky.token})
        form.add_field("file", content, filename="ky.pdf")
        sent = await thuky.client.post(
            f"/cuoc-hop/gb/{paper}/da-ky", data=form, allow_redirects=False
        )
        assert sent.status == status
    assert await (await thuky.get(f"/cuoc-hop/gb/{paper}/da-ky.pdf")).read() == pdf
    file = await (await thuky.get("/cuoc-hop/gb/ho-so.zip")).read()
    archive = zipfile.ZipFile(io.BytesIO(file))
    assert {f"{paper}.docx", f"{paper}.pdf"} <= set(archive.namelist())
    assert archive.read(f"{paper}-da-ky.pdf") == pdf
    kbang = await site.browser("kbang")
    assert (await kbang.get(f"/cuoc-hop/gb/{paper}")).status == 403
