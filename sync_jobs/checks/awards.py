"""Whose finding touches an award: whoever is in an award place, or would be if what is odd about them were in order.

Places are scoring's; where somebody has none, their time says where they would stand.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from sync_jobs.checks import divisions
from sync_jobs.checks.base import TOP_OVERALL, Field
from sync_jobs.results import Registered, ResultRow

Group = tuple[str, str]
EVERYBODY: Group = ("overall", "")
UNRANKED = frozenset({"kids"})  # profiles in which nobody is ranked unless scoring says so
GENDERS = ("M", "F", "X")


class Awards:
    """Award places of one field; the times to beat are worked out when first asked for."""

    def __init__(self, field: Field) -> None:
        self._field, self._facts = field, field.facts

    def touch(self, entries: Iterable[str]) -> bool:
        """Whether any of them is, was or would be in an award place."""
        return any(entry in self._field.awards or self._would_be(entry) for entry in entries)

    def _would_be(self, entry: str) -> bool:
        row = self._row(entry)
        if row is None or self._facts.profile in UNRANKED:
            return False
        return any(self._beats(group, row) for group in self._groups_of(row))

    def _row(self, entry: str) -> ResultRow | None:
        """Of somebody who is gone, the row that the public sees."""
        found = self._field.version.by_entry.get(entry)
        return found or (self._field.live.by_entry.get(entry) if self._field.live else None)

    def _beats(self, group: Group, row: ResultRow) -> bool:
        depth, best = self._depth(group), self._best[group]
        time = self._time(group, row)
        return depth > 0 and time is not None and (len(best) < depth or time <= best[depth - 1])

    def _groups_of(self, row: ResultRow) -> Iterator[Group]:
        """Every ranking that the row may belong to: its own and, where the registration says otherwise, that one's too."""
        registered = self._field.registered.get(row.entry_key)
        genders = {one.gender for one in (row, registered) if one and one.gender} or set(GENDERS)
        yield EVERYBODY
        yield from (("gender", gender) for gender in genders)
        yield from (("division", name) for name in self._divisions(row, registered, genders))

    def _divisions(self, row: ResultRow, registered: Registered | None, genders: set[str]) -> set[str]:
        ages = {one.age for one in (row, registered) if one and one.age is not None}
        fitting = {
            name for name, (gender, low, high) in self._by_age.items()
            if any(low <= age <= high for age in ages) and (gender is None or gender in genders)
        }  # fmt: skip
        return fitting | ({row.division} if row.division else set())

    def _depth(self, group: Group) -> int:
        kind, _ = group
        return {"overall": self._facts.overall_awards, "gender": TOP_OVERALL, "division": self._facts.division_awards}[kind]

    def _time(self, group: Group, row: ResultRow) -> int | None:
        """The time that counts there, or the other one of somebody who has only that."""
        time = row.time(self._facts.division_basis if group[0] == "division" else self._facts.basis)
        return time if time is not None else row.gun_ms if row.gun_ms is not None else row.chip_ms

    @cached_property
    def _best(self) -> defaultdict[Group, list[int]]:
        """The best times of each ranking, as many as have an award."""
        best: defaultdict[Group, list[int]] = defaultdict(list)
        for row in self._field.finishers:
            for group in (EVERYBODY, ("gender", row.gender or ""), ("division", row.division or "")):
                time = self._time(group, row)
                if time is not None:
                    _keep(best[group], time, self._depth(group))
        return best

    @cached_property
    def _by_age(self) -> dict[str, tuple[str | None, int, int]]:
        """The contest's age groups: gender, youngest and oldest."""
        names = {row.division for row in self._field.finishers if row.division}
        return {name: (divisions.gender(name), *bounds) for name in names if (bounds := divisions.ages(name))}


def _keep(best: list[int], time: int, depth: int) -> None:
    if len(best) < depth or (best and time < best[-1]):
        insort(best, time)
        del best[depth:]
