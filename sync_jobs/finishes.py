"""What the results say of each entry, whatever the provider: read from the unified view, times by the one grammar.

One that cannot be read is kept as such: it is a result all the same. What a status allows is `reconciliation`'s business.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, Text, column, select, table, union_all

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import durations
from sync_jobs.kit.durations import Time
from sync_jobs.models import db
from sync_jobs.reconciliation import Finish

UNIFIED = table(
    "unified_finishes",
    *(column(name, Integer) for name in ("timing_partner_id", "contest_id", "overall_place")),
    *(
        column(name, Text)
        for name in (
            "source_provider", "event_id", "bib_number", "first_name", "last_name", "results_time", "results_gun_time", "entry_key",
        )
    ),
)  # fmt: skip
AT_ONCE = 20  # contests in one statement
Rows = Select[*tuple[Any, ...]]


def finishes(partner: int, contests: Iterable[Any]) -> dict[int, dict[str, Finish]]:
    """The results of these contests, by contest and entry."""
    return _read([_of(partner, contest) for contest in contests])


def of_entries(wanted: Collection[tuple[int, Any, str]]) -> dict[int, dict[str, Finish]]:
    """The results of single entries: each with its partner, its contest and its key."""
    keys: dict[tuple[int, int], set[str]] = defaultdict(set)
    contests = {}
    for partner, contest, key in wanted:
        keys[partner, contest.contest_id].add(key)
        contests[contest.contest_id] = contest
    return _read(
        [_of(partner, contests[number], UNIFIED.c.entry_key.in_(sorted(some))) for (partner, number), some in keys.items()]
    )


def _of(partner: int, contest: Any, *conditions: ColumnElement[bool]) -> Rows:
    """Each contest is named by itself: only then does every branch of the view use its index."""
    return select(UNIFIED).where(
        UNIFIED.c.timing_partner_id == partner, UNIFIED.c.source_provider == contest.provider_name,
        UNIFIED.c.event_id.in_((contest.happening_id, contest.provider_contest_id)),
        UNIFIED.c.contest_id == contest.contest_id, *conditions,
    )  # fmt: skip


def _read(parts: list[Rows]) -> dict[int, dict[str, Finish]]:
    found: dict[int, dict[str, Finish]] = defaultdict(dict)
    for at in range(0, len(parts), AT_ONCE):
        for row in db.session.execute(union_all(*parts[at : at + AT_ONCE])):
            finish = _finish(row)
            found[row.contest_id][finish.entry_key] = finish
    db.session.rollback()
    return found


def _finish(row: Any) -> Finish:
    chip, gun = _time(row.results_time), _time(row.results_gun_time)
    said = next((time.status for time in (chip, gun) if time and time.status), None)
    return Finish(
        entry_key=row.entry_key or f"bib {row.bib_number}", first_name=row.first_name or "", last_name=row.last_name or "",
        bib=(row.bib_number or "").strip() or None, chip_ms=chip and chip.ms, gun_ms=gun and gun.ms, status=said,
        is_readable=chip is not None and gun is not None, place=row.overall_place,
    )  # fmt: skip


def _time(written: str | None) -> Time | None:
    """None for what is no time in any form that we know."""
    try:
        return durations.read(written, "time")
    except UnreadableRow:
        return None
