"""A start list as the CSV file that Copernico's import screen is documented to take."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from sync_jobs.kit.sheet import cell
from sync_jobs.providers.copernico import people
from sync_jobs.providers.copernico.push import ASSUMED
from sync_jobs.records import ImportFile, Scope, StartListEntry

COLUMNS = ("id", "bib-number", "name", "surname", "gender", "birthdate", "eventName", "club", "document", "wave")
HELP = (
    "In Copernico: the race → Participants → Import data. The column id decides who is who, so that a second import changes "
    "people instead of adding them. Events are found by their name. Where an event has several waves, fill in the column wave: "
    "without a wave nobody gets a time. Look at the check before the race afterwards."
)


def written(scope: Scope, lines: Sequence[StartListEntry]) -> ImportFile:
    """Everybody, in UTF-8; a column that marks who withdrew only where somebody did."""
    marked = any(line.withdrawn for line in lines)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow([*COLUMNS, people.MARKER[0]] if marked else COLUMNS)
    for line in lines:
        table.writerow([*_cells(line), people.MARKER[1] if line.withdrawn else ""] if marked else _cells(line))
    return ImportFile(name=f"{scope.happening_id}-start-list.csv", media_type="text/csv", content=out.getvalue().encode())


def _cells(line: StartListEntry) -> list[str]:
    imported = line.known_as is not None and line.known_as.casefold() == line.external_id.casefold()
    return [
        line.external_id if imported or line.entry_key is None else line.entry_key,
        cell(line.bib), cell(line.first_name), cell(line.last_name),
        ASSUMED["gender"].get(line.gender, ""), line.born.isoformat() if line.born else "", line.contest_name or line.contest_id,
        cell(line.team), "", "",
    ]  # fmt: skip
