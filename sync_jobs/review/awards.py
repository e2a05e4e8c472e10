"""Who stands on which award place of a version, and which change hands. Whose word a place is, is `places`' business."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sync_jobs.results import ContestFacts, ResultRow, Version
from sync_jobs.review import places
from sync_jobs.review.words import listed, ordinal, person

GENDERS = {"F": "woman", "M": "man", "X": "non-binary"}


class Award(NamedTuple):
    """One award place: the third of overall, of the women, of a division."""

    kind: str  # overall, gender, division
    group: str  # F, M, X, or the division's name
    place: int

    @property
    def said(self) -> str:
        """`3rd woman`, `1st in F 40-49`."""
        nth = ordinal(self.place)
        if self.kind == "overall":
            return f"{nth} overall"
        return f"{nth} in {self.group}" if self.kind == "division" else f"{nth} {GENDERS.get(self.group, self.group)}"


Holders = Mapping[Award, tuple[ResultRow, ...]]
ORDER = {"overall": 0, "gender": 1, "division": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardChange:
    """An award place that somebody else has now, or nobody."""

    award: Award
    was: tuple[ResultRow, ...]
    now: tuple[ResultRow, ...]
    handed_out: bool = False  # one of those who had it got it on the stage

    @property
    def before(self) -> str:
        """Who had it."""
        return listed([person(row) for row in self.was])

    @property
    def after(self) -> str:
        """Who has it now."""
        return listed([person(row) for row in self.now]) or "nobody"

    @property
    def sentence(self) -> str:
        """`3rd woman: A. Ruiz (bib 88) → M. Cole (bib 141)`."""
        return f"{self.award.said}: {self.before} → {self.after}"


def holders(
    version: Version, facts: ContestFacts, shown: Collection[str], placed: Mapping[str, places.Places] | None = None
) -> Holders:
    """Who of those that are shown stands where, in the order in which one reads podiums."""
    found: defaultdict[Award, list[ResultRow]] = defaultdict(list)
    placed = places.everyone(version, facts) if placed is None else placed
    for row in version.finishers:
        if row.entry_key in shown:
            for award in _of(row, placed.get(row.entry_key, places.Places()), facts):
                found[award].append(row)
    order = sorted(found, key=lambda award: (ORDER[award.kind], award.group, award.place))
    return {award: tuple(sorted(found[award], key=lambda row: row.entry_key)) for award in order}


def _of(row: ResultRow, at: places.Places, facts: ContestFacts) -> list[Award]:
    found = []
    if at.overall is not None and at.overall <= facts.overall_awards:
        found.append(Award("overall", "", at.overall))
    if at.gender is not None and row.gender and at.gender <= facts.overall_awards:
        found.append(Award("gender", row.gender, at.gender))
    if at.division is not None and row.division and at.division <= facts.division_awards:
        found.append(Award("division", row.division, at.division))
    return found


def changed_hands(
    old: Holders, new: Holders, same: Callable[[ResultRow], str | None], handed_out: Collection[str]
) -> tuple[AwardChange, ...]:
    """Places that somebody had and that are another's now. `same` is the new entry of an old row, if they are one person.

    Those that were handed out already come first.
    """
    found = [
        AwardChange(award=award, was=was, now=new.get(award, ()), handed_out=any(row.entry_key in handed_out for row in was))
        for award, was in old.items()
        if {same(row) for row in was} != {row.entry_key for row in new.get(award, ())}
    ]
    return tuple(sorted(found, key=lambda one: not one.handed_out))
