"""The interface language: Vietnamese message ids, other languages from `locale/*.po`.

Catalogues are compiled in memory when first needed, so no binary is kept in the repository.
"""

import gettext as gettext_module
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Literal, get_args

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
DEFAULT: Language = "vi"
LOCALE = Path(__file__).parent / "locale"

_current: ContextVar[Language] = ContextVar("language", default=DEFAULT)


def known_language(value: str | None) -> Language | None:
    """`value` when it names a language we speak, else None."""
    return next((language for language in LANGUAGES if language == value), None)


def use_language(language: Language) -> None:
    """Set the language of the running task: one request is one task."""
    _current.set(language)


def current_language() -> Language:
    return _current.get()


@cache
def catalogue(language: Language) -> gettext_module.NullTranslations:
    """Translations of one language; Vietnamese is the message ids themselves."""
    path = LOCALE / language / "LC_MESSAGES" / "diemcau.po"
    if not path.exists():
        return gettext_module.NullTranslations()
    with path.open("rb") as source:
        messages = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext_module.GNUTranslations(compiled)


def gettext(message: str) -> str:
    """`message` in the language of the running request."""
    return catalogue(_current.get()).gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    return catalogue(_current.get()).ngettext(singular, plural, number)


def mark(message: str) -> str:
    """Mark a text for extraction; it is translated later, when a request shows it."""
    return message
