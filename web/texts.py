"""Keep the catalogues in step with the texts in the code: ``python -m web.texts``.

New texts are added without a translation and named on standard output, texts that are gone are
dropped. Message ids are the Vietnamese texts themselves.
"""

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from web.i18n import LOCALE

ROOT = Path(__file__).parents[1]
PACKAGES = ("web", "rooms", "signaling", "conference")  # whatever people may read
TEMPLATES = "templates/**.html"
METHODS = [("**.py", "python"), (TEMPLATES, "jinja2")]
OPTIONS = {TEMPLATES: {"encoding": "utf-8", "newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None, "N_": None}

_COMMENT = "# English texts of Điểm Cầu. Message ids are the Vietnamese texts."
_NOISE = re.compile(
    r'"(?:Report-Msgid|POT-Creation|PO-Revision|Last-Translator|Language-Team|Generated-By)'
    r"[^\n]*\n"
)

Text = str | tuple[str, str]  # a message id, or singular and plural


def texts() -> dict[Text, str]:
    """Every text for people, with the file that has it first."""
    found: dict[Text, str] = {}
    for package in PACKAGES:
        messages = extract_from_dir(ROOT / package, METHODS, OPTIONS, keywords=KEYWORDS)
        for file, _line, message, _comments, _context in messages:
            text = message if isinstance(message, str) else (message[0], message[1])
            found.setdefault(text, f"{package}/{file}")
    return found


def singular(text: str | Sequence[str]) -> str:
    return text if isinstance(text, str) else text[0]


def translations(path: Path) -> dict[str, str | tuple[str, ...]]:
    """What a catalogue says for each (singular) message id, untranslated ones left out."""
    with path.open("rb") as source:
        return {
            singular(message.id): (
                message.string if isinstance(message.string, str) else tuple(message.string)
            )
            for message in read_po(source)
            if message.id and message.string and all(message.string)
        }


def refresh(path: Path, language: str) -> list[str]:
    """Rewrite a catalogue in the order of the files; what lacks a translation now."""
    known = translations(path)
    found = texts()
    catalog = Catalog(locale=language, project="diemcau", version="1", fuzzy=False)
    catalog.header_comment = _COMMENT
    for text, file in sorted(found.items(), key=lambda item: (item[1], singular(item[0]))):
        flags = ["python-format"] if "%(" in singular(text) else []
        catalog.add(text, known.get(singular(text)), locations=[(file, 0)], flags=flags)
    with path.open("wb") as target:
        write_po(target, catalog, width=0)
    path.write_text(_NOISE.sub("", path.read_text(encoding="utf-8")), encoding="utf-8")
    return [singular(text) for text in found if singular(text) not in known]


def main() -> int:
    missing = refresh(LOCALE / "en" / "LC_MESSAGES" / "diemcau.po", "en")
    for text in missing:
        print(text)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
