"""Results as a table for a provider whose import screen lets a person match the columns: CSV in UTF-8."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence

from sync_jobs.kit import durations
from sync_jobs.kit.sheet import cell
from sync_jobs.records import ImportFile
from sync_jobs.results import Published

UNSAFE = re.compile(r"[^a-z0-9]+")


def _time(ms: int | None) -> str:
    return "" if ms is None else durations.written(ms)


COLUMNS: Mapping[str, Callable[[Published], object]] = {
    "Bib": lambda row: row.bib, "First name": lambda row: row.first_name, "Last name": lambda row: row.last_name,
    "Gender": lambda row: row.gender, "Age": lambda row: row.age, "Division": lambda row: row.division,
    "Place": lambda row: row.place, "Gender place": lambda row: row.gender_place, "Division place": lambda row: row.division_place,
    "Gun time": lambda row: _time(row.gun_ms), "Chip time": lambda row: _time(row.chip_ms), "Status": lambda row: row.status,
}  # fmt: skip
"""What is public of a row; titles are free, since a person matches them."""


def written(rows: Sequence[Published], name: str) -> ImportFile:
    """Everybody in the order given, with a column for each point that somebody passed."""
    points = list(dict.fromkeys(point for row in rows for point, _ in row.splits))
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([*COLUMNS, *(cell(point) for point in points)])
    for row in rows:
        passed = dict(row.splits)
        table.writerow([*(cell(value(row)) for value in COLUMNS.values()), *(_time(passed.get(point)) for point in points)])
    called = UNSAFE.sub("-", name.lower()).strip("-") or "results"
    return ImportFile(name=f"{called}-results.csv", media_type="text/csv", content=out.getvalue().encode())
