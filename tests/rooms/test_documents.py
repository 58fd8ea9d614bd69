"""Documents: who sees what, and how they are kept."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator
from datetime import timedelta

import msgspec
import pytest

from rooms.documents import core
from rooms.documents.clamd import Clamd
from rooms.documents.documents import Documents
from rooms.documents.kinds import Kind
from rooms.documents.records import (
    Comment,
    Document,
    DocumentDraft,
    Limits,
    Preview,
    Reader,
    Version,
    Visibility,
)
from rooms.errors import Invalid, RequestRefused
from rooms.meetings.records import MeetingState

PDF = b"%PDF-1.7 noi dung"
SECRETARY = Reader(key="account:1", name="Thư ký", invited=True, edits=True)
CHAIR = Reader(key="account:2", name="Chủ trì", invited=True, leads=True)
KBANG = Reader(key="account:3", name="KBang", invited=True, sites=frozenset({7}))
PLEIKU = Reader(key="link:4", name="Pleiku", invited=True, sites=frozenset({4}))
STRANGER = Reader(key="account:5", name="Ia Pa", invited=False, sites=frozenset({7}))
READERS = (SECRETARY, CHAIR, KBANG, PLEIKU, STRANGER)


def document(visibility: Visibility, **more: object) -> Document:
    version = Version(
        number=1,
        digest="0" * 64,
        name="a.pdf",
        kind=Kind.PDF,
        size_bytes=1,
        note="",
        uploaded_by="Thư ký",
        uploaded_at=None,
    )
    sites = frozenset({7}) if visibility is Visibility.SITES else frozenset()
    fields = {"open_comments": False, "agenda_item_id": None, **more}
    return Document(
        id=1,
        meeting_id=1,
        position=1,
        title="Báo cáo",
        visibility=visibility,
        sites=sites,
        versions=(version,),
        revision=1,
        **fields,
    )


SEEN = {  # by secretary, chair, KBang, Pleiku, stranger
    Visibility.ALL: (True, True, True, True, False),
    Visibility.CHAIR: (True, True, False, False, False),
    Visibility.SITES: (True, True, True, False, False),
}


@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("state", MeetingState)
def test_who_sees_a_document(visibility, state):
    hidden = state in (MeetingState.DRAFT, MeetingState.PENDING)
    wanted = (True, *(False,) * 4) if hidden else SEEN[visibility]
    assert tuple(core.sees(one, document(visibility), state) for one in READERS) == wanted


@pytest.mark.parametrize("state", MeetingState)
def test_who_comments_and_edits_when(state):
    before = state in (MeetingState.APPROVED, MeetingState.INVITED, MeetingState.REHEARSAL)
    assert core.may_comment(KBANG, document(Visibility.ALL), state) is before
    assert not core.may_comment(PLEIKU, document(Visibility.SITES), state)
    assert not core.may_comment(STRANGER, document(Visibility.ALL), state)
    assert core.may_edit(SECRETARY, state) is (state is not MeetingState.ARCHIVED)
    assert not core.may_edit(CHAIR, state)


def test_who_sees_comments():
    said = Comment(id=1, number=1, at=None, author=KBANG.key, by="KBang", text="x")
    closed = document(Visibility.ALL)
    seen = [core.sees_comment(one, closed, said) for one in READERS[:4]]
    assert seen == [True, False, True, False]
    assert core.sees_comment(PLEIKU, document(Visibility.ALL, open_comments=True), said)


@pytest.fixture
def documents(db, tmp_path) -> Documents:
    limits = Limits(file_bytes=10_000, meeting_bytes=25_000)
    return Documents(db, tmp_path / "documents", limits)


async def incoming(documents: Documents, content: bytes = PDF):
    file = await documents.files.begin()
    for start in range(0, len(content), 4096):
        await file.write(content[start : start + 4096])
    await file.finish()
    return file


async def add(
    documents, meeting, people, now, content=PDF, name="Báo cáo.pdf", **draft
) -> Document:
    file = await incoming(documents, content)
    try:
        made = await documents.add(
            meeting, DocumentDraft(**draft), file, name, people["thuky"].id, now
        )
    finally:
        await file.drop()
    return await documents.get(meeting, made, SECRETARY)


async def test_a_document_and_its_versions(documents, meeting, people, now):
    made = await add(documents, meeting, people, now)
    assert (made.title, made.current.kind, made.current.shown_as) == ("Báo cáo.pdf", "pdf", "pdf")
    path = documents.files.path(made.current.digest)
    assert path.read_bytes() == PDF
    file = await incoming(documents, PDF + b" sua")
    await documents.add_version(made, file, "x.exe", people["thuky"].id, now, note="sửa mục 2")
    newer = await documents.get(meeting, made.id, SECRETARY)
    assert [(one.number, one.name) for one in newer.versions] == [
        (2, "x.exe.pdf"),
        (1, "Báo cáo.pdf"),
    ]
    assert await documents.used_bytes(meeting.id) == 2 * len(PDF) + 4


async def test_order_visibility_and_removal(documents, meeting, people, now, template):
    first = await add(documents, meeting, people, now, title="A")
    second = await add(documents, meeting, people, now, title="B")
    kbang = template.sites["kbang"]
    await documents.move(second, -1)
    draft = DocumentDraft(title="A", visibility=Visibility.SITES, sites=frozenset({kbang}))
    await documents.change(meeting, first, draft, first.revision)
    with pytest.raises(RequestRefused, match="changed-meanwhile"):
        await documents.change(meeting, first, draft, first.revision)
    assert [one.title for one in await documents.of_meeting(meeting, SECRETARY)] == ["B", "A"]
    assert [one.title for one in await documents.of_meeting(meeting, PLEIKU)] == ["B"]
    with pytest.raises(RequestRefused, match="not-found"):
        await documents.get(meeting, first.id, PLEIKU)
    await documents.remove(second, now)
    assert await documents.of_meeting(meeting, PLEIKU) == []


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", ["file"]),
        (b"MZ\0\0", ["file"]),
        (PDF + b"x" * 10_000, ["file"]),
    ],
)
async def test_files_that_are_refused(documents, meeting, people, now, content, fields):
    with pytest.raises(Invalid) as invalid:
        await add(documents, meeting, people, now, content)
    assert list(invalid.value.errors) == fields
    assert await documents.of_meeting(meeting, SECRETARY) == []
    assert not list(documents.files.path("0" * 64).parents[1].glob("*.partial"))


async def test_a_meeting_has_so_much_room(documents, meeting, people, now):
    for _ in range(2):
        await add(documents, meeting, people, now, PDF + b"x" * 9_900)
    with pytest.raises(Invalid):
        await add(documents, meeting, people, now, PDF + b"x" * 9_900)


async def test_drafts_that_are_refused(documents, meeting, people, now):
    for draft, field in (
        ({"visibility": Visibility.SITES}, "sites"),
        ({"visibility": Visibility.SITES, "sites": frozenset({9_999})}, "sites"),
        ({"agenda_item_id": 9_999}, "agenda_item"),
        ({"title": "x" * 301}, "title"),
    ):
        with pytest.raises(Invalid) as invalid:
            await add(documents, meeting, people, now, **draft)
        assert list(invalid.value.errors) == [field]


async def test_comments_and_receipts(documents, meeting, people, now):
    made = await add(documents, meeting, people, now)
    await documents.comment(meeting, made, KBANG, " Bổ sung số liệu. ", now)
    with pytest.raises(Invalid):
        await documents.comment(meeting, made, KBANG, "  ", now)
    live = msgspec.structs.replace(meeting, state=MeetingState.LIVE)
    with pytest.raises(RequestRefused, match="comments-closed"):
        await documents.comment(live, made, KBANG, "muộn", now)
    assert [one.text for one in await documents.comments(made, SECRETARY)] == ["Bổ sung số liệu."]
    assert await documents.comments(made, PLEIKU) == []
    for minutes in (0, 1, 30):
        await documents.opened(made, 1, KBANG, now + timedelta(minutes=minutes))
    await documents.opened(made, 1, PLEIKU, now)
    reads = await documents.reads(made)
    assert [(read.by, read.times) for read in reads] == [("KBang", 2), ("Pleiku", 1)]
    found = await documents.get(meeting, made.id, SECRETARY)
    assert (found.comments, found.readers) == (1, 2)


async def test_files_that_nobody_needs_go(documents, meeting, people, now):
    kept = await add(documents, meeting, people, now)
    gone = await add(documents, meeting, people, now, PDF + b"2")
    (await incoming(documents, b"left half written"))
    assert await documents.sweep(now, older_than_s=60) == 0
    await documents.remove(gone, now - timedelta(days=31))
    old = documents.files.path("0" * 64).parents[1]
    for path in [*old.glob("??/*"), *old.glob("*.partial")]:
        os.utime(path, (0, 0))
    assert await documents.sweep(now, older_than_s=60) == 2
    assert documents.files.path(kept.current.digest).exists()
    assert not documents.files.path(gone.current.digest).exists()


class FakeClamd:
    """A daemon of the scanner on a socket: says what it was told to, and what it was sent."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.seen = b""

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
        while length := struct.unpack("!I", await reader.readexactly(4))[0]:
            self.seen += await reader.readexactly(length)
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@pytest.fixture
async def daemon(tmp_path) -> AsyncIterator[tuple[FakeClamd, str]]:
    fake = FakeClamd(b"stream: OK\0")
    server = await asyncio.start_unix_server(fake, tmp_path / "clamd")
    async with server:
        yield fake, f"unix:{tmp_path}/clamd"


async def test_the_scanner_is_asked(db, tmp_path, daemon, meeting, people, now):
    fake, address = daemon
    aside = tmp_path / "aside"
    documents = Documents(
        db, tmp_path / "documents", clamd=Clamd(address, timeout_s=5), quarantine=aside
    )
    await add(documents, meeting, people, now)
    assert fake.seen == PDF
    fake.answer = b"stream: Eicar-Signature FOUND\0"
    with pytest.raises(Invalid) as invalid:
        await add(documents, meeting, people, now, PDF + b"virus")
    assert "mã độc" in invalid.value.errors["file"]
    assert [path.read_bytes() for path in aside.iterdir()] == [PDF + b"virus"]
    fake.answer = b"whatever ERROR\0"
    with pytest.raises(Invalid):
        await add(documents, meeting, people, now, PDF + b"3")
    assert len(await documents.of_meeting(meeting, SECRETARY)) == 1


async def test_without_its_scanner_nothing_is_taken(db, tmp_path, meeting, people, now):
    documents = Documents(db, tmp_path / "documents", clamd=Clamd(f"unix:{tmp_path}/nobody"))
    with pytest.raises(Invalid) as invalid:
        await add(documents, meeting, people, now)
    assert "Chưa quét được" in invalid.value.errors["file"]


async def test_office_files_wait_for_their_picture(db, tmp_path, meeting, people, now):
    documents = Documents(db, tmp_path / "documents", converts=True)
    made = await add(documents, meeting, people, now, b"{\\rtf1 xin chao}", "a.rtf")
    assert (made.current.preview, made.current.shown_as) == (Preview.WAITING, "")
    ((version, path, kind),) = await documents.waiting()
    assert (path.read_bytes()[:5], kind) == (b"{\\rtf", Kind.RTF)
    pdf = await incoming(documents)
    await documents.converted(version, pdf)
    ready = await documents.get(meeting, made.id, SECRETARY)
    assert (ready.current.preview, ready.current.shown_as) == (Preview.READY, "pdf")
    assert documents.files.path(ready.current.preview_digest).read_bytes() == PDF
    assert await documents.waiting() == []
