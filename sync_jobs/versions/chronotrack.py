"""A ChronoTrack race's results as rows: the overall bracket's row is the result, the others' ranks and splits are joined to it.

Whoever stopped, was disqualified or did not start has no result there: only the entry says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sync_jobs import people, times
from sync_jobs.kit.statuses import status_of
from sync_jobs.models import PROVIDER_TABLES, TWINS, db
from sync_jobs.records import Entry
from sync_jobs.results import ResultRow, Split
from sync_jobs.versions.cells import BEGINNINGS, Cells, place_of, word
from sync_jobs.versions.scored import Made, Scored, Where, nobody

OPEN = frozenset({"overall", "open"})
SPLIT = "split"
SEXES = frozenset({"female", "male", "women", "men", "females", "males", "non-binary", "nonbinary", "f", "m", "x", "girls", "boys"})
DECIDED = frozenset({"DNS", "DNF", "DQ", "NC", None})  # of an entry without a result; None: a word that we do not know
COLUMNS = (
    "entry_id", "results_bib", "results_first_name", "results_last_name", "results_sex", "results_age", "results_time",
    "results_gun_time", "results_rank", "results_bracket_name", "results_primary_bracket_name", "row_hash",
)  # fmt: skip
Brackets = dict[str, Any]


def scored(contest: Where) -> Scored:
    """Everybody of that race of whom scoring says anything."""
    event, _, race = contest.provider_contest_id.partition("/")
    entries = {entry.key: entry for entry in people.entries(contest.timing_partner_id, [contest.contest_id])}
    grouped = _grouped(contest.timing_partner_id, event, race)
    made = [
        _made(key, rows, entries.get(key) or nobody(contest.provider_name, key)) for key, each in grouped.items() for rows in each
    ]
    made += [_stopped(entry) for key, entry in entries.items() if key not in grouped and _status(entry, None) in DECIDED]
    return Scored(
        made=made, has_results=bool(grouped), entries=len(entries), started_at=_started(contest.timing_partner_id, event, race)
    )


def _grouped(partner: int, event: str, race: str) -> dict[str, list[Brackets]]:
    """The rows of each entry by what they are: open, sex, age, splits. An entry whose overall row came twice is there twice."""
    table = PROVIDER_TABLES["ct_results"]
    mine = (table.c.timing_partner_id == partner, table.c.event_id == event, table.c.race_id == race, table.c.gone_at.is_(None))
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in db.session.execute(select(*(table.c[name] for name in COLUMNS)).where(*mine).order_by(table.c.id)):
        found[row.entry_id or f"bib {row.results_bib}"].append(row)
    db.session.rollback()
    return {key: _divided(rows) for key, rows in found.items()}


def _divided(rows: list[Any]) -> list[Brackets]:
    opens = [row for row in rows if _name(row) in OPEN] or [None]
    rest = [row for row in rows if _name(row) not in OPEN]
    splits = [row for row in rest if _name(row).startswith(SPLIT)]
    ranked = [row for row in rest if row not in splits]
    sex = next((row for row in ranked if _name(row) in SEXES), None)
    groups = [row for row in ranked if row is not sex]
    age = next((row for row in groups if _name(row) == _primary(row)), groups[0] if groups else None)
    if sex is None:
        sex = next((row for row in groups if row is not age), None)
    return [{"open": one, "sex": sex, "age": age, "splits": splits} for one in opens]


def _name(row: Any) -> str:
    return (row.results_bracket_name or "").strip().lower()


def _primary(row: Any) -> str:
    return (row.results_primary_bracket_name or "").strip().lower()


def _made(key: str, brackets: Brackets, entry: Entry) -> Made:
    cells = Cells()
    whole = brackets["open"] or brackets["sex"] or brackets["age"]  # a finish; who has only splits is out there
    main = whole or brackets["splits"][0]
    chip = cells.time(whole and whole.results_time, "results_time")
    gun = cells.time(whole and whole.results_gun_time, "results_gun_time")
    said = next((time.status for time in (chip, gun) if time.status), None)
    has_time = chip.ms is not None or gun.ms is not None or bool(cells.unreadable)
    age = brackets["age"]
    row = ResultRow(
        entry_key=key, bib=word(main.results_bib) or entry.bib,
        first_name=word(main.results_first_name) or entry.first_name,
        last_name=word(main.results_last_name) or entry.last_name,
        gender=cells.gender(main.results_sex) or entry.gender, age=cells.number(main.results_age, "results_age"),
        status=said or _status(entry, has_time), said=entry.status, gun_ms=gun.ms, chip_ms=chip.ms,
        place=_rank(cells, brackets["open"]), gender_place=_rank(cells, brackets["sex"]),
        division=_division(main, age), division_place=_rank(cells, age),
        splits=_splits(cells, brackets["splits"]), unreadable=tuple(cells.unreadable),
    )  # fmt: skip
    used = [each for each in (brackets["open"], brackets["sex"], age, *brackets["splits"]) if each is not None]
    return Made(row, tuple(sorted(each.row_hash.hex() for each in used if each.row_hash)))


def _status(entry: Entry, has_time: bool | None) -> str | None:  # noqa: FBT001  None: no result at all
    return status_of("chronotrack", entry.status, finished=bool(has_time), started=has_time is not None)


def _rank(cells: Cells, row: Any) -> int | None:
    return None if row is None else cells.number(row.results_rank, f"rank in {row.results_bracket_name}")


def _division(main: Any, age: Any) -> str | None:
    found = word(main.results_primary_bracket_name) or (age is not None and word(age.results_bracket_name)) or None
    return None if found is None or found.lower() in SEXES else found


def _splits(cells: Cells, rows: list[Any]) -> tuple[Split, ...]:
    """In the order of the course, as far as that is known, else in that of their times."""
    found = []
    for row in rows:
        point = row.results_bracket_name.strip()[len(SPLIT) :].strip(" :-") or SPLIT
        gun = cells.time(row.results_gun_time, f"split {point}, gun").ms
        chip = cells.time(row.results_time, f"split {point}").ms
        if (gun is not None or chip is not None) and point.lower() not in BEGINNINGS:
            found.append(Split(point=point, metres=place_of(point), gun_ms=gun, chip_ms=chip))
    return tuple(sorted(found, key=lambda split: (split.gun_ms or split.chip_ms or 0, split.point)))


def _stopped(entry: Entry) -> Made:
    """Who has no result, and a word that says why."""
    row = ResultRow(
        entry_key=entry.key, bib=entry.bib, first_name=entry.first_name, last_name=entry.last_name, gender=entry.gender,
        age=entry.age, status=_status(entry, None), said=entry.status,
    )  # fmt: skip
    return Made(row, ())


def _started(partner: int, event: str, race: str) -> datetime | None:
    """The gun that scoring counted from; a second partner's copy of a race stands in the twin table."""
    for table in (PROVIDER_TABLES["ct_races"], TWINS["ct_races"]):
        mine = (table.c.timing_partner_id == partner, table.c.event_id == event, table.c.race_id == race)
        written: str | None = db.session.scalar(select(table.c.race_actual_start_time).where(*mine))
        if written and written.split(".")[0].isdecimal():
            return times.from_ms(int(written.split(".")[0]) * 1000) if int(written.split(".")[0]) else None
    return None


def entry_of(contest: Where, row_key: str) -> tuple[str, str] | None:
    """Whose record it is that could not be read, by its key; and which of theirs, where it is not the result itself."""
    before, _, rest = row_key.partition(f"{contest.provider_contest_id}/")
    entry, _, bracket = rest.partition("/")
    return None if before or not entry else (entry, "" if bracket.strip().lower() in OPEN else bracket)


TIMES: Mapping[str, str] = {"results_time": "chip_ms", "results_gun_time": "gun_ms"}
"""Which of our times a field of theirs is."""
