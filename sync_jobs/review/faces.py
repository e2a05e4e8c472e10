"""What the public sees of a row, and in what two such faces differ, in words. What a difference means: `difference`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sync_jobs.pairing import names
from sync_jobs.results import ANONYMOUS, Published, ResultRow
from sync_jobs.review.payload import WITH_SPLITS, WITH_TIME, rounded
from sync_jobs.review.places import Places
from sync_jobs.review.words import clock, ordinal, standing

ALIKE = 0.95  # a name so alike is the same one spelt better, where gender and age are the same
INITIALS = 2


class Face(NamedTuple):
    """One row as the public reads it."""

    first_name: str
    last_name: str
    gender: str | None
    age: int | None
    bib: str | None
    status: str | None
    gun_ms: int | None
    chip_ms: int | None
    division: str | None
    splits: tuple[tuple[str, int], ...]
    registration_key: str | None
    places: Places

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_masked(self) -> bool:
        """Whether the name says nothing: Anonymous, or initials."""
        said = [part for part in (self.first_name, self.last_name) if part]
        return self.name == ANONYMOUS or (bool(said) and all(len(part) == INITIALS and part.endswith(".") for part in said))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """One thing that is not as it was, in words."""

    name: str
    before: str
    after: str


def of_published(one: Published, places: Places) -> Face:
    """As it goes out."""
    return Face(
        one.first_name, one.last_name, one.gender, one.age, one.bib, one.status, one.gun_ms, one.chip_ms, one.division, one.splits,
        one.registration_key, places,
    )  # fmt: skip


def of_row(row: ResultRow, places: Places, basis: str, *, exact: bool) -> Face:
    """As it would be read; `exact`: to the millisecond, as scoring has it."""
    shown = _as_it_is if exact else rounded
    timed = row.status in WITH_TIME
    return Face(
        row.first_name, row.last_name, row.gender, row.age, row.bib, row.status, shown(row.gun_ms) if timed else None,
        shown(row.chip_ms) if timed else None, row.division, _splits(row, basis, shown) if row.splits else (), None, places,
    )  # fmt: skip


def _as_it_is(ms: int | None) -> int | None:
    return ms


def _splits(row: ResultRow, basis: str, shown: Callable[[int | None], int | None]) -> tuple[tuple[str, int], ...]:
    if row.status not in WITH_SPLITS:
        return ()
    times = ((split.point, split.gun_ms if basis == "gun" else split.chip_ms) for split in row.splits)
    return tuple((point, ms) for point, time in times if (ms := shown(time)) is not None)


def same_person(old: ResultRow | Face, new: ResultRow | Face) -> bool:
    """Whether two names are one person's: the same words, or nearly the same with the same gender and age."""
    if (old.first_name, old.last_name) == (new.first_name, new.last_name):
        return True
    was, now = names.spellings(old.first_name, old.last_name), names.spellings(new.first_name, new.last_name)
    if names.equal(was, now):
        return True
    agree = old.age is not None and old.gender is not None and (old.gender, old.age) == (new.gender, new.age)
    return agree and names.likeness(was, now) >= ALIKE


def _text(value: Any) -> str:
    return "none" if value is None or value == "" else str(value)


def _place(value: int | None) -> str:
    return "not ranked" if value is None else ordinal(value)


IN_WORDS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("status", "status", standing), ("gun_ms", "gun time", clock), ("chip_ms", "chip time", clock), ("bib", "bib", _text),
    ("gender", "gender", _text), ("age", "age", _text), ("division", "division", _text),
)  # fmt: skip


def edited(old: Face, new: Face) -> tuple[Edited, ...]:
    """Everything in which two faces differ."""
    found = [("name", old.name, new.name)] if old.name != new.name else []
    found += [("registration", _text(old.registration_key), _text(new.registration_key))] * (
        old.registration_key != new.registration_key
    )
    found += [
        (word, say(was), say(now)) for field, word, say in IN_WORDS if (was := getattr(old, field)) != (now := getattr(new, field))
    ]
    found += _points(dict(old.splits), dict(new.splits))
    found += [
        (f"{kind} place", _place(was), _place(now))
        for kind, was, now in zip(Places._fields, old.places, new.places, strict=True)
        if was != now
    ]
    return tuple(Edited(name=name, before=before, after=after) for name, before, after in found)


def _points(old: Mapping[str, int], new: Mapping[str, int]) -> list[tuple[str, str, str]]:
    points = {**old, **new}
    return [
        (f"split {point}", clock(old.get(point)), clock(new.get(point))) for point in points if old.get(point) != new.get(point)
    ]
