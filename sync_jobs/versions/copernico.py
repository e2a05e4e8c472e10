"""A Copernico event's results as rows: one record for each person, with places and splits in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from sync_jobs import people, times
from sync_jobs.kit.statuses import WORDS, status_of
from sync_jobs.models import PROVIDER_TABLES, db
from sync_jobs.records import Entry
from sync_jobs.results import ResultRow, Split
from sync_jobs.versions.cells import BEGINNINGS, Cells, place_of, word
from sync_jobs.versions.scored import Made, Scored, Where, nobody

COLUMNS = (
    "participant_id", "bib_number", "first_name", "last_name", "category", "finish_time", "total_time", "net_time", "split_times",
    "overall_position", "gender_position", "category_position", "status", "row_hash",
)  # fmt: skip
NOT_YET = "NOT_SEEN"
ENOUGH = 10  # a gun is one that a tenth of the finishers share: no single odd row says when it was


def scored(contest: Where) -> Scored:
    """Everybody of that event who was seen, or of whom somebody decided."""
    entries = people.entries(contest.timing_partner_id, [contest.contest_id])
    by_key = {entry.key: entry for entry in entries}
    by_bib: defaultdict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_bib[entry.bib].append(entry)
    rows = _rows(contest)
    made = [_made(row, _entry(row, by_key, by_bib) or nobody(contest.provider_name, row.participant_id)) for row in rows]
    there = [each for each in made if each.row.status != NOT_YET]
    return Scored(made=there, has_results=bool(there), entries=len(entries), started_at=_started(rows))


def _rows(contest: Where) -> list[Any]:
    table = PROVIDER_TABLES["copernico_results"]
    mine = (
        table.c.timing_partner_id == contest.timing_partner_id, table.c.event_id == contest.provider_contest_id,
        table.c.gone_at.is_(None),
    )  # fmt: skip
    found = db.session.execute(select(*(table.c[name] for name in COLUMNS)).where(*mine)).all()
    db.session.rollback()
    return list(found)


def _entry(row: Any, by_key: Mapping[str, Entry], by_bib: Mapping[str | None, list[Entry]]) -> Entry | None:
    """An export may have no ids: then it is whoever alone has that bib."""
    if row.participant_id == f"bib:{row.bib_number}":
        alike = by_bib.get(row.bib_number, [])
        return alike[0] if len(alike) == 1 else None
    return by_key.get(row.participant_id)


def _made(row: Any, entry: Entry) -> Made:
    cells = Cells()
    gun, chip = cells.time(row.total_time, "total_time"), cells.time(row.net_time, "net_time")
    said = word(row.status) or word(entry.status)
    splits = _splits(cells, row.split_times, gun.ms)
    has_time = gun.ms is not None or chip.ms is not None
    is_out = WORDS["copernico"].get((said or "").upper()) == "RUNNING"  # then a time is an estimate, and no finish
    status = gun.status or chip.status or status_of("copernico", said, finished=has_time and not is_out, started=bool(splits))
    found = ResultRow(
        entry_key=entry.key, bib=word(row.bib_number) or entry.bib,
        first_name=word(row.first_name) or entry.first_name,
        last_name=word(row.last_name) or entry.last_name, gender=entry.gender, age=entry.age,
        status=status, said=said, gun_ms=gun.ms, chip_ms=chip.ms, place=cells.number(row.overall_position, "overall_position"),
        gender_place=cells.number(row.gender_position, "gender_position"), division=word(row.category),
        division_place=cells.number(row.category_position, "category_position"), splits=splits,
        unreadable=tuple(cells.unreadable),
    )  # fmt: skip
    return Made(found, (row.row_hash.hex(),) if row.row_hash else ())


def _splits(cells: Cells, written: str | None, finish: int | None) -> tuple[Split, ...]:
    """The points between start and finish: both stand among them."""
    try:
        listed = orjson.loads(written or "[]")
    except orjson.JSONDecodeError:
        cells.unreadable.append(("split_times", written or ""))
        return ()
    found = [split for point in listed if isinstance(point, dict) and (split := _split(point, finish))]
    return tuple(sorted(found, key=lambda split: (split.gun_ms or split.chip_ms or 0, split.point)))


def _split(point: dict[str, Any], finish: int | None) -> Split | None:
    name, gun, chip = str(point.get("split") or "").strip(), _whole(point, "official_ms"), _whole(point, "net_ms")
    length = point.get("metres")
    metres = round(length) if isinstance(length, int | float) else place_of(name)
    is_end = metres == 0 or (gun is not None and gun == finish) or name.lower() in BEGINNINGS
    if not name or is_end or (gun is None and chip is None):
        return None
    return Split(point=name, metres=metres, gun_ms=gun, chip_ms=chip)


def _whole(point: Mapping[str, Any], name: str) -> int | None:
    value = point.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _started(rows: Iterable[Any]) -> datetime | None:
    """The gun, to the second: from the instants of the finishes and the times from the gun. With several waves the first."""
    guns: Counter[datetime] = Counter()
    for row in rows:
        finished, gun = times.from_customer_form(row.finish_time), Cells().time(row.total_time, "").ms
        if finished is not None and gun is not None:
            guns[times.from_ms(-((gun - times.to_ms(finished)) // 1000) * 1000)] += 1
    likely = [at for at, many in guns.items() if many * ENOUGH >= guns.total()]
    return min(likely, default=None)


def entry_of(contest: Where, row_key: str) -> tuple[str, str] | None:
    """Whose record it is that could not be read, by its key."""
    before, _, rest = row_key.partition(f"{contest.provider_contest_id}/")
    return None if before or not rest else (rest, "")


TIMES: Mapping[str, str] = {}  # a field of theirs says no more than that something is wrong with the record
