"""Names are found however they are written, and sorted as Vietnamese lists are."""

import random

import pytest

from rooms.directory.search import alphabetical_key, fold, given_name_key, matches


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("KBang", "kbang"),
        ("Kbang", "kbang"),
        ("K'Bang", "kbang"),
        ("K’Bang", "kbang"),
        ("Đăk Đoa", "dak doa"),
        ("Đắk Đoa", "dak doa"),
        ("Đak-Đoa", "dak doa"),
        ("  Ia   Grai ", "ia grai"),
        ("Ủy ban nhân dân", "uy ban nhan dan"),
        ("U\u0309y", "uy"),
        ("", ""),
    ],
)
def test_accents_case_apostrophes_and_hyphens_do_not_count(written, folded):
    assert fold(written) == folded


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("dak doa", "UBND huyện Đăk Đoa", True),
        ("doa dak", "UBND huyện Đăk Đoa", True),
        ("KrôngPa", "UBND huyện Krông Pa", True),
        ("k bang", "UBND huyện KBang", True),
        ("chu se", "UBND huyện Chư Pưh", False),
        ("", "UBND huyện Chư Pưh", True),
    ],
)
def test_a_query_matches_by_words_or_in_one(query, text, found):
    assert matches(query, text) is found


def test_persons_are_sorted_by_given_name_then_family_name():
    people = [
        "Lê Văn An", "Trần Thị An", "Nguyễn Văn Ái", "Phạm Ân", "Rơ Châm Bình", "Lê Danh",
        "Lê Đức", "Ông Trần Hạnh", "Nay H’Lan", "Phan Minh", "Bà Trần Ngọc Minh",
        "Lê Quang Minh", "Siu Ơn", "Kpă Tuấn", "Lê Tư",
    ]  # fmt: skip
    people.sort(key=given_name_key)
    names = [name.split()[-1] for name in people]
    assert names == [
        "Ái", "An", "An", "Ân", "Bình", "Danh", "Đức", "Hạnh", "H’Lan", "Minh", "Minh", "Minh",
        "Ơn", "Tuấn", "Tư",
    ]  # fmt: skip
    assert [n for n in people if n.endswith("Minh")] == [
        "Lê Quang Minh", "Phan Minh", "Bà Trần Ngọc Minh",
    ]  # fmt: skip


def test_words_are_sorted_by_letters_then_by_tones():
    right = ["ba", "bà", "bả", "bã", "bá", "bạ", "ban", "bă", "bâ", "da", "đa", "ma", "mơ", "mư"]
    mixed = right[:]
    random.Random(1).shuffle(mixed)
    assert sorted(mixed, key=alphabetical_key) == right
