"""What a file is, told by its content and never by its name. Reads; changes nothing.

Only kinds an office sends are known. Whatever is none of them, carries macros, or is a container
that unpacks to something enormous is refused.
"""

import codecs
import struct
import zipfile
import zlib
from enum import StrEnum
from typing import BinaryIO

HEAD_BYTES = 4096
MAX_TEXT_BYTES = 5_000_000
MAX_MEMBERS = 5_000  # of a zip container
MAX_UNPACKED_BYTES = 1_000_000_000
MAX_MEMBER_READ = 200_000

_CFB_SECTORS = 64  # of a compound file's directory: office files need a few
_CFB_ENTRIES = 128


class Kind(StrEnum):
    PDF = "pdf"
    PNG = "png"
    JPEG = "jpg"
    GIF = "gif"
    WEBP = "webp"
    DOCX = "docx"
    XLSX = "xlsx"
    PPTX = "pptx"
    DOC = "doc"
    XLS = "xls"
    PPT = "ppt"
    ODT = "odt"
    ODS = "ods"
    ODP = "odp"
    RTF = "rtf"
    TEXT = "txt"


MEDIA_TYPES = {
    Kind.PDF: "application/pdf",
    Kind.PNG: "image/png",
    Kind.JPEG: "image/jpeg",
    Kind.GIF: "image/gif",
    Kind.WEBP: "image/webp",
    Kind.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Kind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Kind.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Kind.DOC: "application/msword",
    Kind.XLS: "application/vnd.ms-excel",
    Kind.PPT: "application/vnd.ms-powerpoint",
    Kind.ODT: "application/vnd.oasis.opendocument.text",
    Kind.ODS: "application/vnd.oasis.opendocument.spreadsheet",
    Kind.ODP: "application/vnd.oasis.opendocument.presentation",
    Kind.RTF: "application/rtf",
    Kind.TEXT: "text/plain",
}
PICTURES = frozenset({Kind.PNG, Kind.JPEG, Kind.GIF, Kind.WEBP})
OFFICE = frozenset(set(Kind) - PICTURES - {Kind.PDF, Kind.TEXT})
ENDINGS = {"jpeg": "jpg", "csv": "txt", "md": "txt", "log": "txt"}  # that mean the same kind

_OOXML = {"word/": Kind.DOCX, "xl/": Kind.XLSX, "ppt/": Kind.PPTX}
_ODF = {MEDIA_TYPES[kind]: kind for kind in (Kind.ODT, Kind.ODS, Kind.ODP)}
_CFB = {"WordDocument": Kind.DOC, "Workbook": Kind.XLS, "Book": Kind.XLS}
_CFB_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13, 27}


def identify(file: BinaryIO) -> Kind | None:
    """The kind of a file; None: of no kind that is taken. Any bytes at all give an answer."""
    file.seek(0)
    head = file.read(HEAD_BYTES)
    if head.startswith(b"PK\x03\x04"):
        return _container(file)
    if head.startswith(_CFB_MAGIC):
        return _compound(file, head)
    return _by_magic(head) or _text(file)


def _by_magic(head: bytes) -> Kind | None:
    if head.startswith(b"%PDF-"):
        return Kind.PDF
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Kind.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Kind.WEBP
    return Kind.RTF if head.startswith(b"{\\rtf") else None


def _container(file: BinaryIO) -> Kind | None:
    """A zip file that is an office document, without macros and of a sane size."""
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            sizes = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS or sizes > MAX_UNPACKED_BYTES:
                return None
            return _office(archive, [member.filename for member in members])
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        OSError,
        EOFError,
        ValueError,
        RuntimeError,  # encrypted members
        NotImplementedError,  # unknown compression
        LookupError,
    ):
        return None


def _office(archive: zipfile.ZipFile, names: list[str]) -> Kind | None:
    lower = [name.lower() for name in names]
    if any(name.endswith(("vbaproject.bin", ".exe", ".dll", ".js", ".vbs")) for name in lower):
        return None
    if any(name.startswith("basic/") for name in lower):  # macros of OpenDocument
        return None
    if names[:1] == ["mimetype"]:
        return _ODF.get(_member(archive, "mimetype").decode("ascii", "replace"))
    if "[Content_Types].xml" not in names or "_rels/.rels" not in names:
        return None
    if b"macroEnabled" in _member(archive, "[Content_Types].xml"):
        return None
    found = {kind for start, kind in _OOXML.items() if any(n.startswith(start) for n in names)}
    return found.pop() if len(found) == 1 else None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        return member.read(MAX_MEMBER_READ)


def _compound(file: BinaryIO, head: bytes) -> Kind | None:
    """A compound file (MS-CFB): its directory names the streams; no macro storage among them."""
    names = set(_stream_names(file, head))
    if "Macros" in names or "_VBA_PROJECT_CUR" in names or "VBA" in names:
        return None
    if "PowerPoint Document" in names:
        return Kind.PPT
    return next((kind for name, kind in _CFB.items() if name in names), None)


def _stream_names(file: BinaryIO, head: bytes) -> list[str]:
    """The names in the directory, whose sectors are followed through the allocation table."""
    if len(head) < 512:
        return []
    shift, first = struct.unpack_from("<H", head, 30)[0], struct.unpack_from("<I", head, 48)[0]
    if shift not in (9, 12):
        return []
    size, table = 1 << shift, struct.unpack_from("<109I", head, 76)
    names: list[str] = []
    sector, seen = first, 0
    while sector < 0xFFFFFFF0 and seen < _CFB_SECTORS:
        names += _names_in(_sector(file, sector, size))
        seen += 1
        index, entry = divmod(sector, size // 4)
        if index >= len(table) or table[index] >= 0xFFFFFFF0:
            break
        chain = _sector(file, table[index], size)
        if len(chain) < (entry + 1) * 4:
            break
        sector = struct.unpack_from("<I", chain, entry * 4)[0]
    return names


def _sector(file: BinaryIO, number: int, size: int) -> bytes:
    file.seek((number + 1) * size)
    return file.read(size)


def _names_in(sector: bytes) -> list[str]:
    names = []
    for start in range(0, len(sector) - _CFB_ENTRIES + 1, _CFB_ENTRIES):
        length = struct.unpack_from("<H", sector, start + 64)[0]
        if 2 <= length <= 64:
            names.append(sector[start : start + length - 2].decode("utf-16-le", "replace"))
    return names


def _text(file: BinaryIO) -> Kind | None:
    """Plain text: UTF-8 or UTF-16 with its mark, no control characters, no markup of the web."""
    file.seek(0)
    content = file.read(MAX_TEXT_BYTES + 1)
    if not content or len(content) > MAX_TEXT_BYTES:
        return None
    encoding = "utf-16" if content.startswith(_BOMS[1:]) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    if any(ord(character) in _CONTROLS for character in text):
        return None
    start = text.lstrip()[:200].lower()
    markup = ("<!doctype", "<html", "<?xml", "<svg", "<script", "#!", "<?php")
    return None if start.startswith(markup) else Kind.TEXT


def named(name: str, kind: Kind) -> str:
    """A file name with the ending its content asks for: "x.exe" that is a PDF: "x.exe.pdf"."""
    stem, dot, ending = name.rpartition(".")
    ending = ending.lower()
    if dot and stem and ENDINGS.get(ending, ending) == kind.value:
        return name
    return f"{name or 'tep'}.{kind.value}"
