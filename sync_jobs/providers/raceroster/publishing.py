"""Results' way to Race Roster: ASSUMED, all of it. That resources for results exist is documented; their paths and bodies are not.

A set is a "results race" below the event. Its results are replaced as a whole, as a PUT is documented to do; there is no word for
preliminary. Whoever has read the live reference corrects this module and nothing else. The certain way is the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sync_jobs.errors import NotThere, UnexpectedReply, UnreadableRow
from sync_jobs.kit import durations, parse
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, by_number
from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags

PER_PAGE = 100
NOTE = (
    "How results are posted is not documented by Race Roster and not confirmed by anybody. Switch it on only for an event on which "
    "you have tried it. There is no word for preliminary there. Without it, a publication makes a file for the import screen."
)
HELP = (
    "Race Roster → timer dashboard → the event → Results → add a race (type Structured) → upload the file, match its columns once."
)
GENDERS: Mapping[str | None, int] = {None: 0, "M": 1, "F": 2, "X": 9}
LETTERS: Mapping[Any, str | None] = {number: letter for letter, number in GENDERS.items()}
STATUSES: Mapping[str, str] = {
    "FINISHED": "COMPLETE", "DNF": "DNF", "DNS": "DNS", "DQ": "DQ", "NC": "UNRANKED", "OTL": "UNRANKED",
}  # fmt: skip
OURS: Mapping[Any, str] = {"COMPLETE": "FINISHED", "DNF": "DNF", "DNS": "DNS", "DQ": "DQ", "UNRANKED": "NC"}


def shown(row: Published) -> Published:
    """A row as it reads there: nobody's registration, since rows are told apart by bib."""
    status = OURS.get(STATUSES.get(row.status, ""), row.status)
    return replace(row, registration_key=None, entry_key=None, status=status, splits=tuple(sorted(row.splits)), extra={})


class Results:
    """The result calls of one connection."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self.client, self.now = client, now

    def sets(self, target: ResultTarget) -> list[PublishedSet]:
        """The results races of one sub-event."""
        found = _data(self.client.get(_races(target)), _races(target))
        mine = [one for one in found if str(one.get("subEventId")) == target.contest_id]
        return [PublishedSet(set_id=str(one.get("resultsRaceId")), flags=_flags(one), read_at=self.now()) for one in mine]

    def make(self, target: ResultTarget, flags: SetFlags) -> str:
        """A results race; not active before somebody makes it so."""
        document = {"name": flags.name, "subEventId": target.contest_id, "type": "structured", "isActive": flags.is_public}
        (made, *_) = _data(self.client.post(_races(target), document), _races(target)) or [{}]
        if not made.get("resultsRaceId"):
            raise UnexpectedReply(_races(target), "no results race")
        return str(made["resultsRaceId"])

    def set_flags(self, target: ResultTarget, flags: SetFlags) -> None:
        """Whether it is active."""
        path = f"{_races(target)}/{target.set_id}"
        self.client.post(path, {"name": flags.name, "isActive": flags.is_public}, method="PATCH")

    def put(self, target: ResultTarget, rows: Sequence[Published]) -> None:
        """All rows of the set: whoever is not among them is gone."""
        self.client.post(_results(target), {"data": [_document(row) for row in rows]}, method="PUT", query=_which(target))

    def published(self, target: ResultTarget) -> PublishedSet:
        """The set with all its rows."""
        found = next((one for one in self.sets(target) if one.set_id == target.set_id), None)
        if found is None:
            return PublishedSet(set_id=None, flags=None, read_at=self.now())
        path = _results(target)

        def fetch(page: int) -> list[Any]:
            try:
                return _data(self.client.get(path, {**_which(target), "page": page, "perPage": PER_PAGE}), path)
            except NotThere:
                return []

        rows = [
            _row(one, path) for some, _ in by_number(fetch, Ending(PER_PAGE), lambda one: one.get("resultId"), path) for one in some
        ]
        return replace(found, rows=tuple(rows))


def _races(target: ResultTarget) -> str:
    return f"/events/{target.happening_id}/results-races"


def _results(target: ResultTarget) -> str:
    return f"/events/{target.happening_id}/results"


def _which(target: ResultTarget) -> dict[str, Any]:
    return {"resultsRaceId": target.set_id}


def _data(reply: Any, path: str) -> list[dict[str, Any]]:
    found = reply.get("data") if isinstance(reply, dict) else reply
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnexpectedReply(path, "no data")
    return found


def _flags(one: Mapping[str, Any]) -> SetFlags:
    return SetFlags(name=str(one.get("name") or ""), is_public=bool(one.get("isActive")), is_preliminary=False, notifies=False)


def _document(row: Published) -> dict[str, Any]:
    return {
        "bib": row.bib or "", "firstName": row.first_name, "lastName": row.last_name, "gender": GENDERS.get(row.gender, 0),
        "age": row.age, "overallPlace": row.place, "genderPlace": row.gender_place, "division": row.division,
        "divisionPlace": row.division_place, "gunTime": _text(row.gun_ms), "chipTime": _text(row.chip_ms),
        "raceStatus": STATUSES.get(row.status, row.status),
        "segments": [{"label": point, "time": durations.written(ms)} for point, ms in row.splits],
    }  # fmt: skip


def _text(ms: int | None) -> str | None:
    return None if ms is None else durations.written(ms)


def _row(one: Mapping[str, Any], path: str) -> Published:
    try:
        segments = [(str(part.get("label")), durations.read(part.get("time"), "time").ms) for part in one.get("segments") or []]
        return Published(
            registration_key=None, entry_key=None, bib=parse.text(one.get("bib"), "bib"),
            first_name=parse.text(one.get("firstName"), "firstName") or "",
            last_name=parse.text(one.get("lastName"), "lastName") or "", gender=LETTERS.get(one.get("gender")),
            age=parse.integer(one.get("age"), "age"), status=OURS.get(one.get("raceStatus"), "NOT_SEEN"),
            gun_ms=durations.read(one.get("gunTime"), "gunTime").ms, chip_ms=durations.read(one.get("chipTime"), "chipTime").ms,
            place=parse.integer(one.get("overallPlace"), "overallPlace"),
            gender_place=parse.integer(one.get("genderPlace"), "genderPlace"),
            division=parse.text(one.get("division"), "division"),
            division_place=parse.integer(one.get("divisionPlace"), "divisionPlace"),
            splits=tuple(sorted((point, ms) for point, ms in segments if ms is not None)),
        )  # fmt: skip
    except UnreadableRow as error:
        raise UnexpectedReply(path, str(error)) from None
