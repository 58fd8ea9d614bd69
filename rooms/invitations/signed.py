"""The signed PDF that comes back: what it must be, by its content. Pure."""

import re

from rooms.errors import N_

MAX_BYTES = 20 * 1024 * 1024
MAX_NAME_CHARS = 200
_HEAD = 1024  # where readers look for the mark of a PDF
_TAIL = 2048
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia)\b")
_SIGNATURE = re.compile(rb"/(adbe\.pkcs7\.|ETSI\.CAdES\.|ETSI\.RFC3161)")


def pdf_fault(content: bytes) -> str | None:
    """Why this is not a letter to send on; None: it is one."""
    if not content:
        return N_("Chọn tệp PDF đã ký.")
    if len(content) > MAX_BYTES:
        return N_("Tệp lớn quá 20 MB.")
    if b"%PDF-" not in content[:_HEAD] or b"%%EOF" not in content[-_TAIL:]:
        return N_("Tệp này không phải PDF hoặc đã hỏng.")
    if b"/Encrypt" in content:
        return N_("Tệp PDF có mật khẩu, người nhận sẽ không mở được.")
    if _ACTIVE.search(content):
        return N_("Tệp PDF có mã lệnh hoặc tệp đính kèm, không nhận.")
    return None


def signed_digitally(content: bytes) -> bool:
    """Whether a PDF holds a digital signature. Whether it is valid is for a PDF reader to say."""
    return b"/ByteRange" in content and _SIGNATURE.search(content) is not None


def file_name(name: str) -> str:
    """A name to show and to offer when the file is downloaded."""
    bare = re.split(r"[\\/]", name)[-1]
    kept = "".join(character for character in bare if character.isprintable())
    return kept[-MAX_NAME_CHARS:].strip() or "giay-moi.pdf"
