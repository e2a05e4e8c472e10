"""Which row of one version is which row of another: by registration, else by entry, else by bib; never by place or name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

from sync_jobs.results import Registered, ResultRow

Links = Mapping[str, Hashable]
"""Whose row it is, by entry key: of both versions, where entries were made anew in between."""
Key = Callable[[ResultRow], Hashable]
Found = Mapping[Hashable, list[int]]


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
    pairs: list[tuple[int, int]] = []
    gone, come = list(range(len(old))), list(range(len(new)))
    for key, in_turn in _rungs(links):
        found = _climb(_by(old, gone, key), _by(new, come, key), in_turn=in_turn)
        left, right = {one for one, _ in found}, {other for _, other in found}
        gone, come = [at for at in gone if at not in left], [at for at in come if at not in right]
        pairs += found
    return Twins([(old[one], new[other]) for one, other in pairs], [old[at] for at in gone], [new[at] for at in come])


def _rungs(links: Links) -> tuple[tuple[Key, bool], ...]:
    """What says whose a row is, and whether rows that have the same there are paired first with first."""
    return (
        (lambda row: links.get(row.entry_key), False),
        (lambda row: row.entry_key, True),
        (lambda row: row.bib, False),
    )


def _climb(mine: Found, theirs: Found, *, in_turn: bool) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    for key, rows in mine.items():
        others = theirs.get(key, [])
        if in_turn or len(rows) == len(others) == 1:
            pairs += zip(rows, others, strict=False)
    return pairs


def _by(rows: Sequence[ResultRow], left: Sequence[int], key: Key) -> Found:
    """Which of those that are left have which key; several of one in an order of their own."""
    found: defaultdict[Hashable, list[int]] = defaultdict(list)
    for at in left:
        if (one := key(rows[at])) is not None:
            found[one].append(at)
    for several in found.values():
        if len(several) > 1:
            several.sort(key=lambda at: _order(rows[at]))
    return found


def _order(row: ResultRow) -> tuple[str, int, int, str]:
    return row.bib or "", row.gun_ms or 0, row.chip_ms or 0, row.name
