"""What scoring says of one contest now, whichever provider: read from its tables, with what a reading had to set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from types import ModuleType

from sqlalchemy import select

from sync_jobs import people
from sync_jobs.models import SetAside, db
from sync_jobs.providers import ADAPTERS
from sync_jobs.results import ResultRow
from sync_jobs.versions import chronotrack, copernico
from sync_jobs.versions.scored import Made, Scored, Where

READERS: dict[str, ModuleType] = {"chronotrack": chronotrack, "copernico": copernico}
Asides = dict[str, list[tuple[str, str]]]  # by entry: field, and why it could not be read


def scored(contest: Where, run_id: int | None) -> Scored:
    """The rows as they stand in the tables. Whose record this run could not read has the field marked, and no old value in it."""
    reader = READERS[contest.provider_name]
    found: Scored = reader.scored(contest)
    asides = _asides(reader, contest, run_id)
    if not asides:
        return found
    marked = [replace_row(made, _marked(made.row, asides.pop(made.row.entry_key, ()), reader)) for made in found.made]
    return replace(found, made=[*marked, *_only_aside(contest, asides)], has_results=True)


def replace_row(made: Made, row: ResultRow) -> Made:
    """The same records, another row."""
    return made if row is made.row else Made(row, made.raw)


def _asides(reader: ModuleType, contest: Where, run_id: int | None) -> Asides:
    if run_id is None:
        return {}
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    table = ADAPTERS[contest.provider_name].results_table
    noted = select(SetAside.row_key, SetAside.field, SetAside.why).where(
        SetAside.run_id == run_id, SetAside.table_name == table, SetAside.row_key.is_not(None)
    )
    for row_key, field, why in db.session.execute(noted.order_by(SetAside.aside_id)):
        whose: tuple[str, str] | None = reader.entry_of(contest, row_key)
        if whose is not None:
            entry, part = whose
            mark = (f"{part}: {field}" if part else field, why)
            found[entry] += [] if mark in found[entry] else [mark]
    db.session.rollback()
    return dict(found)


def _marked(row: ResultRow, marks: Iterable[tuple[str, str]], reader: ModuleType) -> ResultRow:
    marks = tuple(marks)
    if not marks:
        return row
    blank = {reader.TIMES[field]: None for field, _ in marks if field in reader.TIMES}
    return replace(row, unreadable=(*row.unreadable, *marks), **blank)  # type: ignore[arg-type]  # the names are those of a row's times


def _only_aside(contest: Where, asides: Asides) -> list[Made]:
    """Of whom nothing could be read but who it is."""
    known = {entry.key: entry for entry in people.entries(contest.timing_partner_id, [contest.contest_id], keys=asides) if asides}
    made = []
    for key, marks in asides.items():
        entry = known.get(key)
        person = {} if entry is None else {
            "bib": entry.bib, "first_name": entry.first_name, "last_name": entry.last_name, "gender": entry.gender,
            "age": entry.age, "said": entry.status,
        }  # fmt: skip
        made.append(Made(ResultRow(entry_key=key, status=None, unreadable=tuple(marks), **person), ()))  # type: ignore[arg-type]
    return made
