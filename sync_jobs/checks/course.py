"""Somebody's way along the course: where they were read and when, in order of the course. What is odd about it is `splits`'s.

The start and the finish line are no reading points here: the clock begins at one, and the result is the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from sync_jobs.results import ContestFacts, Point, ResultRow

ENDS = frozenset({"start", "finish"})
START, FINISH = "the start", "the finish"


class Read(NamedTuple):
    """Where somebody was at which time after the start."""

    place: int  # metres; where nobody said how far the points are, their order
    point: str
    ms: int


class Leg(NamedTuple):
    """A piece of somebody's way between two reads."""

    begins: str
    ends: str
    metres: int
    ms: int


def points(facts: ContestFacts) -> list[Point]:
    """The reading points between start and finish, in order."""
    between = [point for point in facts.points if not _is_end(point.name) and not _is_outside(point.metres, facts.metres)]
    return sorted(between, key=lambda point: point.metres or 0) if all(point.metres for point in between) else between


class Course:
    """The points of one contest, and each row's way over them."""

    def __init__(self, facts: ContestFacts) -> None:
        self.metres = facts.metres
        found = points(facts)
        self.is_measured = bool(facts.metres) and (not found or all(point.metres for point in found))
        self._places: Mapping[str, int] = {
            point.name: (point.metres or number) if self.is_measured else number for number, point in enumerate(found, start=1)
        }

    def way(self, row: ResultRow) -> tuple[list[Read], int | None]:
        """All reads on one clock in order of the course, and the finish on the same: chip where they have it."""
        if not row.splits:
            return [], None
        by_chip = row.chip_ms is not None and any(split.chip_ms is not None for split in row.splits)
        reads = [
            Read(place, split.point, ms)
            for split in row.splits
            if (ms := split.chip_ms if by_chip else split.gun_ms) is not None
            and (place := self._place(split.point, split.metres)) is not None
        ]
        return sorted(reads), row.chip_ms if by_chip else row.gun_ms

    def legs(self, row: ResultRow) -> Iterator[Leg]:
        """Each piece from the start to the finish; none where the points' places are not known."""
        reads, finish = self.way(row)
        if not reads or finish is None or not self.is_measured:
            return
        for one, other in pairwise([Read(0, START, 0), *reads, Read(self.metres or 0, FINISH, finish)]):
            yield Leg(one.point, other.point, other.place - one.place, other.ms - one.ms)

    def _place(self, point: str, metres: int | None) -> int | None:
        if point in self._places:
            return self._places[point]
        if not self.is_measured or not metres or _is_end(point) or _is_outside(metres, self.metres):
            return None
        return metres


def _is_end(name: str) -> bool:
    return "".join(letter for letter in name.casefold() if letter.isalpha()) in ENDS


def _is_outside(metres: int | None, whole: int | None) -> bool:
    return metres is not None and (metres <= 0 or (whole is not None and metres >= whole))
