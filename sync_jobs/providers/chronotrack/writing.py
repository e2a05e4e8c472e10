"""A start list's way to ChronoTrack: calls that nothing confirms, and the import file that is documented.

Paths and names of the calls stand in one place at the foot, ASSUMED from the names that reading has.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from sync_jobs.errors import NotThere, ProviderDown, RequestRefused, UnexpectedReply
from sync_jobs.kit.client import Client
from sync_jobs.kit.sheet import cell
from sync_jobs.records import ImportFile, StartListEntry, Told


def send(client: Client, event_id: str, line: StartListEntry, choices: Sequence[Any]) -> Told:
    """One line. A refusal is told, and so is that no proper answer came, whereupon nobody knows what was done."""
    method, path = UPDATE if line.entry_key else CREATE
    where = path.format(event=quote(event_id, safe=""), entry=quote(line.entry_key or "", safe=""))
    told = Told(external_id=line.external_id, entry_key=line.entry_key, accepted=False)
    try:
        key = _key(client.post(where, document_of(line, choices), method=method), where, line)
    except (RequestRefused, NotThere) as refused:
        return replace(told, why=f"ChronoTrack refused it ({refused.detail}).")
    except (ProviderDown, UnexpectedReply) as silence:
        return replace(told, why=f"ChronoTrack gave no proper answer ({silence.detail}).", failure=silence)
    return replace(told, entry_key=key, accepted=True)


def _key(reply: Any, where: str, line: StartListEntry) -> str:
    entry = reply.get("entry") if isinstance(reply, dict) else None
    key = str(entry["entry_id"]) if isinstance(entry, dict) and entry.get("entry_id") else line.entry_key
    if key is None or not isinstance(entry, dict):
        raise UnexpectedReply(where, "no entry")
    return key


def document_of(line: StartListEntry, choices: Sequence[Any]) -> dict[str, str]:
    """A line in ChronoTrack's words. What is not known here is not sent, so that it erases nothing there."""
    if line.withdrawn and line.entry_key:
        return {STATUS: WITHDRAWN}
    given = {name: getattr(line, ours) for name, ours in FIELDS.items()}
    document = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in given.items() if value}
    choice = _choice(line, choices)
    again = {STATUS: CONFIRMED} if line.restored else {}
    return {**document, RACE: line.contest_id, **({CHOICE: choice} if choice else {}), **again}


def _choice(line: StartListEntry, choices: Sequence[Any]) -> str | None:
    """The one reg choice that leads to the line's race: by the race's id where it is said, else by its name."""
    known = [choice for choice in choices if isinstance(choice, dict) and choice.get(CHOICE)]
    for name, value in ((RACE, line.contest_id), ("reg_choice_name", line.contest_name)):
        found = [str(choice[CHOICE]) for choice in known if choice.get(name) == value]
        if len(found) == 1:
            return found[0]
    return None


def import_file(event_id: str, lines: Sequence[StartListEntry]) -> ImportFile:
    """A header and one row for each line; a file cannot take anybody off, so who has withdrawn is not in it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for line in lines:
        if not line.withdrawn:
            writer.writerow([_cell(ours, getattr(line, ours)) for ours in COLUMNS.values()])
    return ImportFile(name=f"chronotrack-{event_id}.csv", media_type="text/csv", content=out.getvalue().encode())


def _cell(name: str, value: Any) -> str:
    written = "" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return written if name in {"external_id", "contest_name"} else cell(written)


COLUMNS: Mapping[str, str] = {
    "External ID": "external_id", "Reg Choice": "contest_name", "First Name": "first_name", "Last Name": "last_name",
    "Sex": "gender", "Date of Birth": "born", "Email": "email", "City": "city", "State": "state", "Country": "country",
    "Bib": "bib", "Team": "team",
}  # fmt: skip
"""The import file. External ID and Reg Choice are ChronoTrack's words; the others may be matched in its import screen."""
IMPORT_HELP = (
    "CT Live → your event → Entries → Import: choose the file, match the columns, and let External ID decide who is who. "
    "Loading it again updates the same people."
)
NOTE = (
    "How entries are written is not documented by ChronoTrack and not confirmed by anybody: the calls are inferred from how they "
    "are read. Switch it on only for an event on which you have tried it; changes are visible in CT Live at once. "
    "Without it, a run makes a file for CT Live's import screen."
)

CREATE, UPDATE = ("POST", "/event/{event}/entry"), ("PUT", "/entry/{entry}")
CHOICES = "/event/{event}/reg-choice"
RACE, CHOICE, STATUS, WITHDRAWN, CONFIRMED = "race_id", "reg_choice_id", "entry_status", "DNS", "CONF"
FIELDS: Mapping[str, str] = {
    "entry_external_id": "external_id", "entry_bib": "bib", "athlete_first_name": "first_name", "athlete_last_name": "last_name",
    "athlete_sex": "gender", "athlete_birthdate": "born", "athlete_email": "email", "location_city": "city",
    "location_region": "state", "location_country": "country", "team_name": "team",
}  # fmt: skip
"""ASSUMED, all of it: paths, methods, that the body is JSON in the names of reading, that DNS says that somebody will not start
and CONF that they do."""
