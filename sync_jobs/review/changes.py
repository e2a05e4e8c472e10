"""One row that is not as it was, and many times that moved alike. Finding them is `comparing`'s business."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync_jobs.results import ResultRow
from sync_jobs.review.faces import Edited

CAUSES = ("status", "person", "time", "detail", "naming", "spelling")
"""Kinds of changed rows in the order in which they are shown. A place alone is a consequence: `place`."""
SAMPLE = 5
SLACK_MS = 1000
SHARE = 0.95  # of all changed times, in one shift
MANY = 20  # a shift of so many is one line in any case


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row that is not as it was: changed, added or removed. The kind is its weightiest change; `edits` are all of them."""

    kind: str  # of CAUSES, or place, added, removed
    old: ResultRow | None = None
    new: ResultRow | None = None
    edits: tuple[Edited, ...] = ()
    gun_shift: int | None = None
    chip_shift: int | None = None
    was_at: int | None = None  # overall
    is_at: int | None = None
    is_award: bool = False  # it is about an award place, as it was or as it is now
    is_masked: bool = False  # the name is hidden now
    was_told: bool = False  # they got a message with what it was

    @property
    def row(self) -> ResultRow:
        """The row as it is now, or as it was last."""
        found = self.new or self.old
        if found is None:
            raise ValueError("a change is about somebody")
        return found

    @property
    def bibs(self) -> frozenset[str]:
        """The bibs that it is about."""
        return frozenset(row.bib for row in (self.old, self.new) if row is not None and row.bib)

    @property
    def far(self) -> int:
        """How far the times moved, whichever moved further."""
        return max(abs(self.gun_shift or 0), abs(self.chip_shift or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """Many times that moved by the same, give or take a second: one cause, most likely."""

    gun_ms: int
    chip_ms: int
    changes: tuple[Change, ...]

    @property
    def sample(self) -> tuple[Change, ...]:
        """Some of them; award places first."""
        return tuple(sorted(self.changes, key=lambda one: not one.is_award)[:SAMPLE])

    @property
    def wave(self) -> str | None:
        """The wave that all of them started in, if it is one."""
        waves = {one.row.wave for one in self.changes}
        return waves.pop() if len(waves) == 1 else None


def folded(times: Sequence[Change]) -> tuple[tuple[Shift, ...], tuple[Change, ...]]:
    """Time changes as shifts of many, and the rest one by one, those that moved furthest first."""
    shifts: list[Shift] = []
    left = list(times)
    while (found := _commonest(left)) and _is_enough(len(found), len(times)):
        gun, chip = Counter(_moved(one) for one in found).most_common(1)[0][0]
        shifts.append(Shift(gun_ms=gun, chip_ms=chip, changes=tuple(found)))
        taken = {id(one) for one in found}
        left = [one for one in left if id(one) not in taken]
    return tuple(shifts), tuple(sorted(left, key=lambda one: -one.far))


def _commonest(times: Iterable[Change]) -> list[Change]:
    """Those that moved like most did."""
    whole = [one for one in times if one.gun_shift is not None and one.chip_shift is not None]
    if not whole:
        return []
    gun, chip = Counter(_moved(one) for one in whole).most_common(1)[0][0]
    return [one for one in whole if max(abs(_moved(one)[0] - gun), abs(_moved(one)[1] - chip)) <= SLACK_MS]


def _moved(one: Change) -> tuple[int, int]:
    return one.gun_shift or 0, one.chip_shift or 0


def _is_enough(found: int, all_of_them: int) -> bool:
    return found >= MANY or (found > SAMPLE and found >= SHARE * all_of_them)
