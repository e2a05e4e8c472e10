"""Who comes where. Scoring's places are taken as they are, never made again; only where it gave none of a kind are they made here.

Made by the unrounded time: equal times share a place, and the next one is skipped. Nothing else breaks a tie.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import NamedTuple

from sync_jobs.results import ContestFacts, ResultRow, Version


class Places(NamedTuple):
    """Where one entry comes; None: not ranked in that kind."""

    overall: int | None = None
    gender: int | None = None
    division: int | None = None


def ranked(times: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The place of each by their time: 1, 2, 2, 4."""
    places: dict[str, int] = {}
    before, place = None, 0
    for number, (ms, key) in enumerate(sorted((ms, key) for key, ms in times), start=1):
        place = place if ms == before else number
        before, places[key] = ms, place
    return places


def overall(version: Version, basis: str) -> Mapping[str, int]:
    """The overall place of everybody who has one."""
    return _given_or_made(version, lambda row: row.place, lambda _: "all", basis)


def everyone(version: Version, facts: ContestFacts) -> Mapping[str, Places]:
    """The places of everybody who is ranked, of each kind."""
    of_all = overall(version, facts.basis)
    of_gender = _given_or_made(version, lambda row: row.gender_place, lambda row: row.gender, facts.basis)
    of_division = _given_or_made(version, lambda row: row.division_place, lambda row: row.division, facts.division_basis)
    found = {**of_all, **of_gender, **of_division}
    return {key: Places(of_all.get(key), of_gender.get(key), of_division.get(key)) for key in found}


def _given_or_made(
    version: Version, given: Callable[[ResultRow], int | None], group: Callable[[ResultRow], Hashable], basis: str
) -> Mapping[str, int]:
    found = {row.entry_key: place for row in version.rows if (place := given(row)) is not None}
    return found or _made(version, group, basis)


def _made(version: Version, group: Callable[[ResultRow], Hashable], basis: str) -> Mapping[str, int]:
    groups: dict[Hashable, list[tuple[str, int]]] = defaultdict(list)
    for row in version.finishers:
        ms = row.time(basis)
        if ms is not None and not row.is_projected and (name := group(row)):
            groups[name].append((row.entry_key, ms))
    return {key: place for times in groups.values() for key, place in ranked(times).items()}
