"""Pages of documents as pictures: made once, kept, and never at the cost of the service."""

import asyncio
import random
from pathlib import Path

import pytest
from fpdf import FPDF
from PIL import Image

from rooms.documents.pages import WIDTHS, PageImages, width_for
from rooms.documents.render import MAX_PIXELS, scale_of
from rooms.store.files import FileStore


def a_pdf(pages: int = 3, size: tuple[float, float] = (210, 297)) -> bytes:
    pdf = FPDF(format=size)
    for number in range(1, pages + 1):
        pdf.add_page()
        pdf.set_font("helvetica", size=20)
        pdf.cell(0, 10, f"Trang {number}")
    return bytes(pdf.output())


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "documents")


@pytest.fixture
def pages(files: FileStore, tmp_path: Path) -> PageImages:
    return PageImages(files, tmp_path / "pages")


def sizes(path: Path) -> tuple[int, int]:
    with Image.open(path) as opened:
        assert opened.format == "WEBP"
        return opened.size


async def test_a_page_is_a_picture_and_a_text(files: FileStore, pages: PageImages) -> None:
    digest = await files.put(a_pdf())
    assert await pages.count(digest) == 3
    picture = await pages.picture(digest, 2, 640)
    assert picture is not None
    assert sizes(picture)[0] == 640
    assert await pages.text(digest, 2) == "Trang 2"
    assert await pages.picture(digest, 4, 640) is None


async def test_whoever_asks_at_once_waits_for_one_making(
    files: FileStore, pages: PageImages, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = await files.put(a_pdf(1))
    made = []
    run = pages._run
    monkeypatch.setattr(pages, "_run", lambda *job: made.append(job) or run(*job))
    found = await asyncio.gather(*(pages.picture(digest, 1, 640) for _ in range(250)))
    assert len(made) == 1
    assert len(set(found)) == 1


async def test_a_picture_is_one_page(files: FileStore, pages: PageImages, tmp_path: Path) -> None:
    Image.new("RGBA", (3000, 1500), "red").save(tmp_path / "a.png")
    digest = await files.put((tmp_path / "a.png").read_bytes())
    assert await pages.count(digest) == 1
    picture = await pages.picture(digest, 1, 1280)
    assert picture is not None
    assert sizes(picture) == (1280, 640)


async def test_what_cannot_be_read_has_no_pages(files: FileStore, pages: PageImages) -> None:
    locked = FPDF()
    locked.add_page()
    locked.set_encryption(owner_password="a", user_password="b")
    for content in (b"%PDF-1.7\ngarbage", b"", bytes(locked.output()), b"\x89PNG\r\n\x1a\n"):
        assert await pages.count(await files.put(content)) is None


async def test_broken_files_break_nothing(files: FileStore, pages: PageImages) -> None:
    dice, good = random.Random(5), a_pdf(1)
    for _ in range(6):
        broken = bytearray(good)
        for _ in range(40):
            broken[dice.randrange(len(broken))] = dice.randrange(256)
        await pages.picture(await files.put(bytes(broken)), 1, 640)
    assert await pages.count(await files.put(good)) == 1


async def test_who_takes_too_long_is_ended(files: FileStore, tmp_path: Path) -> None:
    hasty = PageImages(files, tmp_path / "pages", seconds=0.001)
    assert await hasty.count(await files.put(a_pdf())) is None


async def test_pages_go_with_their_file(
    files: FileStore, pages: PageImages, tmp_path: Path
) -> None:
    kept, gone = await files.put(a_pdf(1)), await files.put(a_pdf(2))
    assert await pages.count(kept) == 1
    assert await pages.count(gone) == 2
    await pages.sweep({kept})
    assert [folder.name for folder in (tmp_path / "pages").glob("??/*")] == [kept]


@pytest.mark.parametrize(("width", "height"), [(1, 14_400), (14_400, 1), (595, 842), (3, 3)])
def test_no_page_makes_a_huge_picture(width: int, height: int) -> None:
    scale = scale_of(width, height, WIDTHS[-1])
    assert width * scale * height * scale <= MAX_PIXELS + 1


def test_a_page_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        scale_of(0, 842, 640)


def test_only_some_widths_are_made() -> None:
    assert [width_for(wish) for wish in (0, 640, 641, 99_999)] == [640, 640, 1280, 2000]
