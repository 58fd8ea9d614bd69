"""The file of a meeting (hồ sơ cuộc họp): one ZIP archive with a manifest of hashes."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from rooms.records.ledger import Proceedings, SiteRecord
from rooms.session.events import Entry

MANIFEST = "MANIFEST.sha256"
_PIECE = 1 << 20


class Part(msgspec.Struct, frozen=True):
    """One file of the archive: its content, or where it is on the disk."""

    name: str  # path within the archive
    content: bytes | None = None
    path: Path | None = None


def write(target: Path, parts: Iterable[Part]) -> None:
    """Write the archive. Takes as long as its files are large: run it in a thread.

    The manifest has the form `sha256sum --check` reads. A file that is gone meanwhile is left out.
    """
    lines: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in parts:
            digest = _add(archive, part)
            if digest is not None:
                lines.append(f"{digest}  {part.name}")
        archive.writestr(MANIFEST, "".join(f"{line}\n" for line in lines))


def _add(archive: zipfile.ZipFile, part: Part) -> str | None:
    if part.content is not None:
        archive.writestr(part.name, part.content)
        return hashlib.sha256(part.content).hexdigest()
    if part.path is None or not part.path.is_file():
        return None
    digest = hashlib.sha256()
    info = zipfile.ZipInfo.from_file(part.path, part.name)
    info.compress_type = zipfile.ZIP_STORED  # films and PDF files are compressed already
    with part.path.open("rb") as source, archive.open(info, "w") as into:
        while piece := source.read(_PIECE):
            digest.update(piece)
            into.write(piece)
    return digest.hexdigest()


def log_part(entries: Iterable[Entry]) -> Part:
    """The log of the meeting, one JSON object a line. A secret vote's log knows no choices."""
    lines = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    return Part("nhat-ky.jsonl", lines)


def attendance_part(found: Proceedings) -> Part:
    """Who attended, for a spreadsheet (UTF-8 with its mark, so that Excel reads the accents)."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(
        ("Điểm cầu", "Chủ trì tại điểm cầu", "Số đại biểu", "Điểm danh", "Lý do", "Phút kết nối")
    )
    for site in found.sites:
        table.writerow(_row(site))
    return Part("diem-danh.csv", b"\xef\xbb\xbf" + text.getvalue().encode())


def _row(site: SiteRecord) -> tuple[str, ...]:
    answer, minutes = site.answer, str(round(site.stays.seconds / 60))
    if answer is None:
        return (_plain(site.name), "", "", "", "", minutes)
    return (
        _plain(site.name),
        _plain(answer.person),
        str(answer.head_count),
        answer.state.value,
        _plain(answer.reason),
        minutes,
    )


def _plain(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
