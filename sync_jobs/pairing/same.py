"""Whether a registration and an entry may be the same person: names, gender, birth date and age beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from sync_jobs.pairing import names
from sync_jobs.records import Entry, Registration

Person = Registration | Entry
ALIKE = 0.92  # a name so alike agrees, where gender and age do too
HINT = 0.90  # a name so alike is worth showing, where the birth date is the same
STRANGERS = 0.80  # without a word in common, a name less alike is another person's
NO_BIBS = frozenset({"", "0"})


@lru_cache(maxsize=100_000)
def age_on(born: date, day: date) -> int:
    """Full years on that day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def age(person: Person, day: date | None) -> int | None:
    """How old somebody is on the day of the race: by the birth date, else as the provider says."""
    return age_on(person.born, day) if person.born and day else person.age


def bib(person: Person) -> str | None:
    """The number on the chest as text, or None where there is none."""
    text = (person.bib or "").strip().casefold()
    return None if text in NO_BIBS else text


def spelt(person: Person) -> frozenset[str]:
    """Their name in one form, in each of its spellings."""
    return names.spellings(person.first_name, person.last_name)


def same_gender(one: Person, other: Person) -> bool:
    """Both are known and equal."""
    return one.gender is not None and one.gender == other.gender


def same_birthday(one: Person, other: Person) -> bool:
    """Both are known and equal."""
    return one.born is not None and one.born == other.born


def near_age(one: Person, other: Person, day: date | None) -> bool:
    """At most a year apart: providers count to different days."""
    mine, theirs = age(one, day), age(other, day)
    return mine is not None and theirs is not None and abs(mine - theirs) <= 1


def name_agrees(one: Person, other: Person, day: date | None) -> bool:
    """The same words; or nearly the same letters, where gender and age agree."""
    mine, theirs = spelt(one), spelt(other)
    if names.equal(mine, theirs):
        return True
    return same_gender(one, other) and near_age(one, other, day) and names.likeness(mine, theirs) >= ALIKE


def agrees(one: Person, other: Person, day: date | None) -> bool:
    """Enough beside an equal bib: the name, or gender and birth date."""
    return name_agrees(one, other, day) or (same_gender(one, other) and same_birthday(one, other))


def cannot_be_compared(one: Person, other: Person) -> bool:
    """One of the two says neither a name nor gender and birth date that the other says too."""
    names_missing = not spelt(one) or not spelt(other)
    rest_missing = one.gender is None or other.gender is None or one.born is None or other.born is None
    return names_missing and rest_missing


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What two linked records say differently."""

    name: bool
    gender: bool
    born: bool

    def __bool__(self) -> bool:
        return self.name or self.gender or self.born

    @property
    def words(self) -> list[str]:
        """For a sentence."""
        said = (("name", self.name), ("gender", self.gender), ("date of birth", self.born))
        return [word for word, differs in said if differs]


def disagreement(one: Person, other: Person) -> Disagreement:
    """Where both say something and it cannot be of the same person."""
    mine, theirs = spelt(one), spelt(other)
    strangers = bool(mine and theirs) and not names.share_a_word(mine, theirs) and names.likeness(mine, theirs) < STRANGERS
    return Disagreement(
        name=strangers and not names.nickname(mine, theirs),
        gender=one.gender is not None and other.gender is not None and one.gender != other.gender,
        born=one.born is not None and other.born is not None and one.born != other.born,
    )


def hint(one: Person, other: Person, day: date | None) -> int | None:
    """How likely these are the same, in percent, where it is worth asking a person; never enough to link."""
    mine, theirs = spelt(one), spelt(other)
    if not mine or not theirs:
        return None
    like = max(names.likeness(mine, theirs), HINT if names.nickname(mine, theirs) else 0.0)
    if same_birthday(one, other) and like >= HINT:
        return round(100 * like)
    if names.equal(mine, theirs) and same_gender(one, other) and near_age(one, other, day):
        return round(100 * STRANGERS)
    return None
