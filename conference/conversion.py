"""Office files are made into PDFs by LibreOffice, one after another; old files are cleaned up.

LibreOffice runs as a process of its own with a fresh profile, low priority and a limit of time; it
gets a copy of one file in a folder that is removed afterwards.
"""

import asyncio
import logging
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from rooms.documents.apart import run_apart
from rooms.documents.documents import Documents
from rooms.documents.kinds import Kind, identify
from rooms.store.files import Incoming

log = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
SWEEP_EVERY_S = 3600.0
NICENESS = 15  # live meetings come first
PIECE_BYTES = 1024 * 1024


def office_program(setting: str) -> str | None:
    """The program that converts; None: there is none."""
    return None if setting == "off" else shutil.which(setting or "soffice")


async def run_conversions(
    documents: Documents,
    program: str | None,
    timeout_s: float,
    *,
    look_every_s: float = LOOK_EVERY_S,
) -> None:
    """Until cancelled: convert what waits, and forget files nobody needs."""
    loop = asyncio.get_running_loop()
    sweep_at = loop.time()
    while True:
        try:
            if program is not None:
                for version, path, kind in await documents.waiting():
                    await convert(documents, version, path, kind, program, timeout_s)
            if loop.time() >= sweep_at:
                sweep_at = loop.time() + SWEEP_EVERY_S
                gone = await documents.sweep(datetime.now(UTC))
                log.info("documents swept files=%d", gone)
        except (SQLAlchemyError, OSError):
            log.exception("documents wait")
        await asyncio.sleep(look_every_s)


async def convert(
    documents: Documents, version: int, path: Path, kind: Kind, program: str, timeout_s: float
) -> None:
    """One version: its PDF is kept, or it is noted that there is none."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="diemcau-office-"))
    try:
        source = folder / f"tai-lieu.{kind.value}"
        await asyncio.to_thread(shutil.copyfile, path, source)
        await _run(program, source, folder, timeout_s)
        pdf = await _taken(documents, folder / "pdf" / "tai-lieu.pdf")
        await documents.converted(version, pdf)
        log.info("converted version=%d kind=%s made=%s", version, kind.value, pdf is not None)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _run(program: str, source: Path, folder: Path, timeout_s: float) -> None:
    code = await run_apart(
        program,
        "--headless",
        "--norestore",
        "--nolockcheck",
        f"-env:UserInstallation=file://{folder}/profile",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder / "pdf"),
        str(source),
        folder=folder,
        seconds=timeout_s,
        niceness=NICENESS,
    )
    if code is None:
        log.warning("conversion given up after %.0f s", timeout_s)


async def _taken(documents: Documents, made: Path) -> Incoming | None:
    """What was made, as a file of the store; None when it is no PDF."""
    if not await asyncio.to_thread(_is_pdf, made):
        return None
    incoming = await documents.files.begin()
    file = await asyncio.to_thread(made.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            await incoming.write(piece)
    finally:
        await asyncio.to_thread(file.close)
    await incoming.finish()
    return incoming


def _is_pdf(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return identify(file) is Kind.PDF
