"""What a receipt says of the rows themselves: how many, who won, what is other than before. By hash and bib only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from sync_jobs.receipts.words import row_key
from sync_jobs.results import ContestFacts, Published
from sync_jobs.review import fingerprints
from sync_jobs.review.packed import Payload

ENDS = 3  # rows of either end
PLACES = frozenset({"place", "gender_place", "division_place"})
ASIDE = frozenset({"entry_key", "extra"})
FIELDS = tuple(one.name for one in fields(Published) if one.name not in ASIDE)


def content(payload: Payload, facts: ContestFacts) -> dict[str, Any]:
    """Counts, the first and last rows by hash, and the podiums with bibs."""
    rows = payload.rows
    return {
        "rows": len(rows), "by_status": dict(sorted(Counter(row.status for row in rows).items())),
        "first": [fingerprints.digest(row) for row in rows[:ENDS]],
        "last": [fingerprints.digest(row) for row in rows[-ENDS:]] if rows else [], "podiums": _podiums(rows, facts),
    }  # fmt: skip


def _podiums(rows: Sequence[Published], facts: ContestFacts) -> list[dict[str, Any]]:
    """The first of each gender and of each age group, as they were published."""
    ranked = sorted((row for row in rows if row.place is not None), key=lambda row: row.place or 0)
    groups: defaultdict[tuple[str, str], list[Published]] = defaultdict(list)
    for row in ranked:
        if row.gender and len(groups["gender", row.gender]) < facts.overall_awards:
            groups["gender", row.gender].append(row)
        if row.division and len(groups["division", row.division]) < facts.division_awards:
            groups["division", row.division].append(row)
    return [
        {"kind": kind, "name": name, "winners": [_winner(one) for one in won]}
        for (kind, name), won in sorted(groups.items()) if won
    ]  # fmt: skip


def _winner(row: Published) -> dict[str, Any]:
    """A bib leads to a name: whoever is not to be named has none here either."""
    return {"bib": None if row.is_veiled else row.bib, "gun_ms": row.gun_ms, "chip_ms": row.chip_ms}


def differences(before: Payload | None, now: Payload) -> dict[str, Any]:
    """Counts and the list of rows, against what this destination was sent before."""
    old = _by_key(before.rows if before else ())
    new = _by_key(now.rows)
    changed = {key: what for key in old.keys() & new.keys() if (what := _what(old[key], new[key]))}
    moved = sum(set(what) <= PLACES for what in changed.values())
    listed = [{"row": key, "what": what} for key, what in sorted(changed.items()) if not set(what) <= PLACES]
    listed += [{"row": key, "what": ["added"]} for key in sorted(new.keys() - old.keys())] if before else []
    listed += [{"row": key, "what": ["removed"]} for key in sorted(old.keys() - new.keys())]
    return {
        "is_first": before is None, "added": len(new.keys() - old.keys()), "removed": len(old.keys() - new.keys()),
        "changed": len(changed) - moved, "place_only": moved, "unchanged": len(old.keys() & new.keys()) - len(changed),
        "rows": listed,
    }  # fmt: skip


def _by_key(rows: Iterable[Published]) -> dict[str, Published]:
    return {row_key(row): row for row in rows}


def _what(old: Published, new: Published) -> list[str]:
    return [name for name in FIELDS if getattr(old, name) != getattr(new, name)]
