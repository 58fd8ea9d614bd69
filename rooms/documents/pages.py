"""Pages of documents as pictures: made by a process of their own, kept by what they are made of.

Everybody in a room turns to the same page at once: a page is made once, whoever asks meanwhile
waits for it.
"""

import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from rooms.documents.apart import run_apart
from rooms.store.files import FileStore

log = logging.getLogger(__name__)

WIDTHS = (640, 1280, 2000)  # picture dots
SECONDS = 25.0  # for a page
AT_ONCE = 2
NICENESS = 10  # live sound and pictures come first
REMEMBERED_FAILURES = 1000
_PROGRAM = Path(__file__).with_name("render.py")

Key = tuple[str, int, int]  # digest, page (0: only count them), width


def width_for(wanted: int) -> int:
    """The width that is made for a wish."""
    return next((width for width in WIDTHS if width >= wanted), WIDTHS[-1])


class PageImages:
    """
    Args:
        files: where documents are, by the hash of their content.
        folder: where pictures of their pages are kept; all of it can be made again.
    """

    def __init__(self, files: FileStore, folder: Path, *, seconds: float = SECONDS) -> None:
        self._files = files
        self._folder = folder
        self._seconds = seconds
        self._places = asyncio.Semaphore(AT_ONCE)
        self._going: dict[Key, asyncio.Task[bool]] = {}
        self._failed: dict[Key, None] = {}

    async def count(self, digest: str) -> int | None:
        """How many pages there are; None: it cannot be read."""
        known = self._kept(digest, "pages")
        if not known.is_file() and not await self._made((digest, 0, WIDTHS[0])):
            return None
        return int(await asyncio.to_thread(known.read_text))

    async def picture(self, digest: str, page: int, width: int) -> Path | None:
        """The picture of a page, WebP; None: there is none."""
        kept = self._kept(digest, f"{page}-{width}.webp")
        if not kept.is_file():
            await self._made((digest, page, width))
        return kept if kept.is_file() else None

    async def text(self, digest: str, page: int) -> str | None:
        """What is written on a page, as far as it is text."""
        kept = self._kept(digest, f"{page}.txt")
        if not kept.is_file():
            await self._made((digest, page, WIDTHS[0]))
        if not kept.is_file():
            return None
        return await asyncio.to_thread(kept.read_text, encoding="utf-8")

    async def sweep(self, needed: Collection[str]) -> None:
        """Forget the pages of files nobody needs any more."""
        await asyncio.to_thread(self._sweep, set(needed))

    def _sweep(self, needed: set[str]) -> None:
        for folder in self._folder.glob("??/*"):
            if folder.name not in needed:
                shutil.rmtree(folder, ignore_errors=True)

    def _source(self, digest: str) -> Path:
        return self._files.path(digest).absolute()

    def _kept(self, digest: str, name: str) -> Path:
        return self._folder / digest[:2] / digest / name

    async def _made(self, key: Key) -> bool:
        """Whether it could be made; everybody who asks at once hears of one attempt."""
        if key in self._failed:
            return False
        task = self._going.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key), name=f"page {key[1]} of {key[0][:8]}")
            self._going[key] = task
            task.add_done_callback(lambda _: self._going.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, key: Key) -> bool:
        digest, page, width = key
        source = self._source(digest)
        if not source.is_file():
            return False
        async with self._places:
            folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="diemcau-page-"))
            try:
                made = await self._run(source, folder, page, width)
                await asyncio.to_thread(self._keep, folder, key)
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        if not made:
            log.warning("no page made document=%s page=%d", digest[:8], page)
            self._failed[key] = None
            if len(self._failed) > REMEMBERED_FAILURES:
                del self._failed[next(iter(self._failed))]
        return made

    def _keep(self, made: Path, key: Key) -> None:
        digest, page, width = key
        names = {"pages": "pages", "text": f"{page}.txt", "page.webp": f"{page}-{width}.webp"}
        for name, kept in names.items():
            if (made / name).is_file():
                target = self._kept(digest, kept)
                target.parent.mkdir(parents=True, exist_ok=True)
                partial = target.with_name(f"{kept}.{made.name}.partial")
                shutil.copyfile(made / name, partial)
                partial.replace(target)

    async def _run(self, source: Path, folder: Path, page: int, width: int) -> bool:
        code = await run_apart(
            sys.executable,
            "-I",
            str(_PROGRAM),
            str(source),
            str(folder),
            str(page),
            str(width),
            folder=folder,
            seconds=self._seconds,
            niceness=NICENESS,
        )
        return code == 0
