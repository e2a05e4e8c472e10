"""Which row of one version is which row of another: by registration, else by entry, else by bib; never by place or name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sync_jobs.results import Registered, ResultRow

Links = Mapping[str, Hashable]
"""Whose row it is, by entry key: of both versions, where entries were made anew in between."""


class Twins(NamedTuple):
    """The rows of two versions: those that are in both, and those of one only."""

    both: list[tuple[ResultRow, ResultRow]]
    gone: list[ResultRow]
    come: list[ResultRow]


def links_of(registered: Mapping[str, Registered]) -> dict[str, tuple[str, str]]:
    """The identity of each linked entry."""
    return {entry: (one.provider_name, one.key) for entry, one in registered.items()}


def twins(old: Sequence[ResultRow], new: Sequence[ResultRow], links: Links) -> Twins:
    """Pair what can be paired for certain. Where a rung finds two on a side, it finds nobody."""
    both: list[tuple[ResultRow, ResultRow]] = []
    gone, come = list(old), list(new)
    rungs: tuple[tuple[Callable[[ResultRow], Hashable], bool], ...] = (
        (lambda row: links.get(row.entry_key), False),
        (lambda row: row.entry_key, True),
        (lambda row: row.bib, False),
    )
    for key, in_turn in rungs:
        found, gone, come = _climb(gone, come, key, in_turn=in_turn)
        both += found
    return Twins(both, gone, come)


def _climb(old: list[ResultRow], new: list[ResultRow], key: Callable[[ResultRow], Hashable], *, in_turn: bool) -> Twins:
    """One rung. `in_turn`: a key that comes several times is paired first with first."""
    if not old or not new:
        return Twins([], old, new)
    mine, theirs = _by(old, key), _by(new, key)
    both: list[tuple[ResultRow, ResultRow]] = []
    for one, rows in mine.items():
        others = theirs.get(one, [])
        if len(rows) == len(others) == 1:
            both.append((rows[0], others[0]))
        elif in_turn:
            both += zip(sorted(rows, key=_order), sorted(others, key=_order), strict=False)
    left, right = {id(one) for one, _ in both}, {id(one) for _, one in both}
    return Twins(both, [row for row in old if id(row) not in left], [row for row in new if id(row) not in right])


def _by(rows: Iterable[ResultRow], key: Callable[[ResultRow], Hashable]) -> Mapping[Hashable, list[ResultRow]]:
    found: defaultdict[Hashable, list[ResultRow]] = defaultdict(list)
    for row in rows:
        if (one := key(row)) is not None:
            found[one].append(row)
    return found


def _order(row: ResultRow) -> tuple[str, int, int, str]:
    return row.bib or "", row.gun_ms or 0, row.chip_ms or 0, row.name
