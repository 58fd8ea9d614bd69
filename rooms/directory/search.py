"""How Vietnamese names are found and put in order. Pure.

Names of the highlands are written in many ways: KBang, Kbang and K'Bang are one place, so are
Đăk Đoa, Đak Đoa and Dak Doa. Persons are sorted by their given name, which is the last word.
"""

import unicodedata
from functools import lru_cache

_APOSTROPHES = "'\u2019\u2018\u02bc\u0060\u00b4"
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2014"
_DROP_AND_PART = {ord(c): None for c in _APOSTROPHES} | {ord(c): " " for c in _HYPHENS}
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: f"{rank:02d}" for rank, letter in enumerate(_ALPHABET, start=41)}
_DIGIT_RANK = {str(digit): f"{digit + 21:02d}" for digit in range(10)}
_RANKS = _LETTER_RANK | _DIGIT_RANK
# The dictionary's order of tones: ngang, huyền, hỏi, ngã, sắc, nặng.
_TONES = {"\u0300": "2", "\u0309": "3", "\u0303": "4", "\u0301": "5", "\u0323": "6"}
_SHAPES = {"\u0306", "\u0302", "\u031b"}  # breve, circumflex, horn: they make another letter
_END = "00"
_HONORIFICS = ("ông ", "bà ", "đồng chí ", "đ/c ")


@lru_cache(maxsize=32_768)
def fold(text: str) -> str:
    """Text without accents, case, apostrophes and hyphens: "K'Bang" -> "kbang"."""
    text = text.translate(_DROP_AND_PART).casefold().replace("đ", "d")
    plain = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join("".join(plain).split())


def squeeze(text: str) -> str:
    """The folded text without spaces: "Krông Pa" and "KrôngPa" are the same."""
    return fold(text).replace(" ", "")


def matches(query: str, *texts: str) -> bool:
    """Whether the texts hold every word of the query, or the query written in one."""
    words = fold(query).split()
    folded = " ".join(fold(text) for text in texts)
    return all(word in folded for word in words) or any(
        "".join(words) in squeeze(text) for text in texts
    )


@lru_cache(maxsize=32_768)
def alphabetical_key(text: str) -> str:
    """A key that sorts as a Vietnamese dictionary does: letters first, then tones.

    The key is digits alone, so that every collation of every database keeps its order.
    """
    return "".join(_word_key(word) for word in _words(text))


@lru_cache(maxsize=32_768)
def given_name_key(full_name: str) -> str:
    """A key that sorts persons by given name, then family name, then the names between."""
    words = _words(full_name)
    return "".join(_word_key(word) for word in (*words[-1:], *words[:-1]))


def _words(text: str) -> list[str]:
    lowered = unicodedata.normalize("NFC", text).casefold().translate(_DROP_AND_PART)
    lowered = " ".join(lowered.split())
    for honorific in _HONORIFICS:
        lowered = lowered.removeprefix(honorific)
    return lowered.split()


def _word_key(word: str) -> str:
    letters = [_letter(character) for character in word]
    known = [(_RANKS[letter], tone) for letter, tone in letters if letter in _RANKS]
    ranks, tones = "".join(r for r, _ in known), "".join(t for _, t in known)
    return f"{ranks}{_END}{tones}{_END}"


def _letter(character: str) -> tuple[str, str]:
    """A letter of the alphabet and its tone, "1" being none: "ậ" -> ("â", "6")."""
    parts = unicodedata.normalize("NFD", character)
    tone = next((_TONES[part] for part in parts if part in _TONES), "1")
    shaped = unicodedata.normalize("NFC", parts[:1] + "".join(p for p in parts if p in _SHAPES))
    return (shaped if shaped in _RANKS else parts[:1]), tone
