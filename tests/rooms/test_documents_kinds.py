"""What a file is, told by its content: known kinds, refusals, any bytes at all."""

import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.documents.clamd import Finding, Scan, understood
from rooms.documents.kinds import MEDIA_TYPES, Kind, identify, named


def packed(*members: str, **content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, content.get("content", b"<x/>"))
    return file.getvalue()


def ooxml(folder: str, *more: str, content: bytes = b"<Types/>") -> bytes:
    members = ("[Content_Types].xml", "_rels/.rels", f"{folder}/document.xml", *more)
    return packed(*members, content=content)


def odf(media_type: str, *more: str) -> bytes:
    return packed("mimetype", "content.xml", *more, content=media_type.encode())


def compound(*names: str) -> bytes:
    """A compound file with a directory of these names."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    struct.pack_into("<H", header, 30, 9)
    struct.pack_into("<I", header, 48, 1)  # the directory's first sector
    struct.pack_into("<109I", header, 76, 0, *[0xFFFFFFFF] * 108)
    count = -(-len(names) // 4)
    chain = [0xFFFFFFFD, *range(2, count + 1), 0xFFFFFFFE]
    table = struct.pack("<128I", *chain, *[0xFFFFFFFF] * (128 - len(chain)))
    directory = bytearray(512 * count)
    for index, name in enumerate(names):
        text = name.encode("utf-16-le") + b"\0\0"
        directory[index * 128 : index * 128 + len(text)] = text
        struct.pack_into("<H", directory, index * 128 + 64, len(text))
    return bytes(header) + table + bytes(directory)


KNOWN = {
    Kind.PDF: b"%PDF-1.7\n%\xe2\xe3",
    Kind.PNG: b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    Kind.JPEG: b"\xff\xd8\xff\xe0\0\x10JFIF",
    Kind.GIF: b"GIF89a\1\0\1\0",
    Kind.WEBP: b"RIFF\x24\0\0\0WEBPVP8 ",
    Kind.DOCX: ooxml("word"),
    Kind.XLSX: ooxml("xl"),
    Kind.PPTX: ooxml("ppt"),
    Kind.DOC: compound("Root Entry", "WordDocument"),
    Kind.XLS: compound("Root Entry", "1", "2", "3", "4", "Workbook"),
    Kind.PPT: compound("Root Entry", "PowerPoint Document"),
    Kind.ODT: odf(MEDIA_TYPES[Kind.ODT]),
    Kind.ODS: odf(MEDIA_TYPES[Kind.ODS]),
    Kind.ODP: odf(MEDIA_TYPES[Kind.ODP]),
    Kind.RTF: b"{\\rtf1\\ansi xin ch\\'e0o}",
    Kind.TEXT: "Họ tên,Chức vụ\r\nÔng Lê Quang Minh,Phó Chủ tịch\r\n".encode(),
}
REFUSED = {
    "empty": b"",
    "program": b"MZ\x90\0\3\0\0\0",
    "script": b"#!/bin/sh\nrm -rf /\n",
    "page": b"<!DOCTYPE html><script>alert(1)</script>",
    "picture with a script": b'\n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "markup": b"<?xml version='1.0'?><a/>",
    "controls": b"xin ch\0ao",
    "latin-1": b"\xe9\xe8 accents",
    "archive": packed("a.txt", "b.txt"),
    "archive in a docx": ooxml("word", "word/run.exe"),
    "docx with macros": ooxml("word", "word/vbaProject.bin"),
    "macros named docx": ooxml("word", content=b"application/vnd.ms-word.macroEnabled.main+xml"),
    "odt with macros": odf(MEDIA_TYPES[Kind.ODT], "Basic/Standard/Module1.xml"),
    "doc with macros": compound("Root Entry", "WordDocument", "Macros", "VBA"),
    "mail of Outlook": compound("Root Entry", "__properties_version1.0"),
    "broken docx": ooxml("word")[:60],
    "two in one": ooxml("word", "xl/workbook.xml"),
    "other zip with mimetype": odf("application/epub+zip"),
    "half a compound file": compound("Root Entry", "WordDocument")[:700],
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_known_by_its_content(kind):
    assert identify(io.BytesIO(KNOWN[kind])) is kind


def test_what_is_known_has_a_media_type_and_text_may_be_utf_16():
    assert set(MEDIA_TYPES) == set(Kind)
    assert identify(io.BytesIO("Họ tên".encode("utf-16"))) is Kind.TEXT


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused(what):
    assert identify(io.BytesIO(REFUSED[what])) is None


def test_a_bomb_is_refused_before_it_is_unpacked():
    content = bytearray(ooxml("word"))
    at = content.find(b"PK\1\2")
    struct.pack_into("<I", content, at + 24, 0xF0000000)  # what the directory claims it unpacks to
    assert identify(io.BytesIO(bytes(content))) is None


MAGICS = [b"", b"PK\3\4", b"%PDF-", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"RIFF", b"\xff\xfe", b"{"]


@settings(max_examples=80)
@given(st.sampled_from(MAGICS), st.binary(max_size=2000))
def test_any_bytes_give_an_answer(magic, rest):
    assert identify(io.BytesIO(magic + rest)) in (None, *Kind)


@settings(max_examples=80)
@given(st.sampled_from(sorted(KNOWN)), st.integers(0, 5000), st.binary(min_size=1, max_size=8))
def test_damaged_files_give_an_answer(kind, at, damage):
    content = bytearray(KNOWN[kind])
    at %= len(content)
    content[at : at + len(damage)] = damage
    assert identify(io.BytesIO(bytes(content))) in (None, *Kind)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("Báo cáo.pdf", Kind.PDF, "Báo cáo.pdf"),
        ("Báo cáo.PDF", Kind.PDF, "Báo cáo.PDF"),
        ("anh.jpeg", Kind.JPEG, "anh.jpeg"),
        ("so-lieu.csv", Kind.TEXT, "so-lieu.csv"),
        ("chay.exe", Kind.PDF, "chay.exe.pdf"),
        (".pdf", Kind.PDF, ".pdf.pdf"),
        ("", Kind.PNG, "tep.png"),
    ],
)
def test_names_end_as_the_content_asks(name, kind, expected):
    assert named(name, kind) == expected


@pytest.mark.parametrize(
    ("answer", "scan"),
    [
        (b"stream: OK\0", Scan(Finding.CLEAN, "")),
        (b"stream: Eicar-Signature FOUND\0", Scan(Finding.INFECTED, "Eicar-Signature")),
        (b"INSTREAM size limit exceeded. ERROR\0", None),
        (b"", Scan(Finding.UNKNOWN, "no answer")),
    ],
)
def test_answers_of_the_scanner(answer, scan):
    found = understood(answer)
    assert found == scan if scan else found.finding is Finding.UNKNOWN
