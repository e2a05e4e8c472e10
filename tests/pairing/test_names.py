"""Names in one form, and how alike two are: the tables of the paper that the rules come from."""

import random

import pytest

from sync_jobs.pairing import names


def spelt(name):
    first, _, last = name.partition(" ")
    return names.spellings(first, last)


@pytest.mark.parametrize(
    ("one", "other", "about"),
    [
        ("John Smith", "Jane Smith", 0.88),
        ("John Smith", "Joan Smith", 0.95),
        ("Michael Brown", "Michelle Brown", 0.96),
        ("Katherine Smith", "Kate Smith", 0.85),
        ("Bob Jones", "Robert Jones", 0.64),
    ],
)
def test_how_alike_names_are_that_are_not_the_same(one, other, about):
    assert names.likeness(spelt(one), spelt(other)) == pytest.approx(about, abs=0.01)
    assert not names.equal(spelt(one), spelt(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jörg Müller", "Joerg Mueller"),
        ("Jörg Müller", "Jorg Muller"),
        ("Søren Kjær", "Soren Kjaer"),
        ("Søren Groß", "Soeren Gross"),
        ("MÃ¼ller Ana", "Ana Müller"),
        ("MÃƒÂ¼ller Ana", "Ana Müller"),
        ("JosÃ© GarcÃ­a", "José García"),
        ("Renée O’Neil", "renee ONEIL"),
        ("Sam Carter Jr.", "Carter, Sam"),
        ("Sam Carter III", "SAM CARTER"),
        ("Ana Maria Ruiz", "Ruiz Ana"),
        ("Łukasz Nowak", "Lukasz Nowak"),
    ],
)
def test_names_that_are_the_same(one, other):
    assert names.equal(spelt(one), spelt(other))
    assert names.equal(spelt(other), spelt(one))


@pytest.mark.parametrize(
    ("one", "other"), [("Ruiz", "Ana Ruiz"), ("", "Ana Ruiz"), ("", ""), ("Ana Ruiz", "Ana Reis"), ("Ii", "Iv")]
)
def test_one_word_in_common_is_not_enough(one, other):
    assert not names.equal(spelt(one), spelt(other))


def test_text_that_is_right_stays_as_it_is():
    for text in ("Ãrta Ünal", "Zoë", "François", "Жанна", "Â", "Ana – Ruiz", ""):
        assert names.repaired(text) == text


def test_any_name_survives_being_read_wrongly_once_or_twice():
    letters = "aeiouzßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœŠž’"
    dice = random.Random(5)
    for _ in range(300):
        name = "X" + "".join(dice.choice(letters) for _ in range(6))
        wrong = name.encode().decode("cp1252", "replace")
        if "�" not in wrong:
            assert names.repaired(wrong) == name
            twice = wrong.encode().decode("cp1252", "replace")
            assert "�" in twice or names.repaired(twice) == name


def test_equality_is_symmetric_and_does_not_care_for_order_case_or_marks():
    dice = random.Random(7)
    words = ("Ana", "Ruiz", "Müller", "Søren", "Tom", "Beck", "Jr", "III", "O’Neil", "Łukasz")
    for _ in range(300):
        some = dice.sample(words, dice.randint(2, 4))
        mixed = [dice.choice((str.upper, str.lower, str))(word) for word in dice.sample(some, len(some))]
        assert names.equal(spelt(" ".join(some)), spelt(" ".join(mixed))), (some, mixed)


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("Bob Jones", "Robert Jones", True),
        ("Kate Smith", "Katherine Smith", True),
        ("Chris Lee", "Christine Lee", True),
        ("Bob Jones", "Robert Smith", False),
        ("Bob Jones", "William Jones", False),
        ("Zed Jones", "Xan Jones", False),
    ],
)
def test_short_forms_of_first_names(one, other, is_one):
    assert names.nickname(spelt(one), spelt(other)) is is_one
