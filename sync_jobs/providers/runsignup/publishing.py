"""Results' way to RunSignUp: sets with all their fields, rows by registration, and everything read back.

A post's answer is not confirmed by anybody, so what was stored is only ever known from reading. What a set is called in the address
and in the form, and what results look like in both directions, stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from sync_jobs.errors import NotThere, UnexpectedReply, UnreadableRow
from sync_jobs.kit import durations, parse
from sync_jobs.kit.base import Key
from sync_jobs.kit.client import Client
from sync_jobs.kit.paging import Ending, by_number
from sync_jobs.results import Published, PublishedSet, ResultTarget, SetFlags

AT_ONCE = 500  # rows of a post; no limit is documented
PER_PAGE = 500  # of a reading; documented clients use 500 to 2,500, and one reports a cap of 1,000
CACHED = timedelta(seconds=30)  # answers seem to be kept for so long
NOTE = (
    "RunSignUp can send an e-mail or a text message to a runner whose result appears. The hub makes each result set with messages "
    "off, and turns them on only where somebody approved that, with the number of people. Divisions are placed by RunSignUp."
)
WORDS: Mapping[str, str] = {"DNF": "DNF", "DNS": "DNS", "DQ": "DQ", "NC": "DNQ", "OTL": "DNQ"}
"""What stands where a time would, for whoever has none that counts."""
CLEAR = "X"  # a blank split would leave the old one
OWN: Mapping[str, Any] = {
    "results_source_name": "Project88Hub", "results_source_url": None, "pace_type": "T", "team_column_display_type": 1,
    "sort_order": 0,
}  # fmt: skip
"""Fields of a set that are not ours to decide: as they stand there, else these."""
UNREADABLE: Mapping[str, Any] = {"result_questions_url": None, "hide_splits_in_results": "F", "hide_event_names": "F"}
FLAG = {True: "T", False: "F"}
Record = Mapping[str, Any]


def shown(row: Published) -> Published:
    """How a row reads at RunSignUp, which names registrations itself: whoever is not to be named stands there without one."""
    word = WORDS.get(row.status)
    found = replace(
        row, entry_key=None, bib=_bib_text(row.bib), gender_place=None, division=None, division_place=None,
        splits=tuple(sorted(row.splits)), extra={},
    )  # fmt: skip
    if row.is_veiled:  # a bib would lead to the registration
        found = replace(found, registration_key=None, bib=None)
    elif row.registration_key:
        found = replace(found, first_name="", last_name="", gender=None, age=None)
    if word:
        found = replace(found, status=durations.STATUS_WORDS[word])
    return found if row.status == "FINISHED" else replace(found, gun_ms=None, chip_ms=None, place=None)


class Results:
    """The result calls of one connection. Remembers how sets and their splits are described there."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self.client, self.now = client, now
        self._seen: dict[str, Record] = {}  # by set: its own fields
        self._splits: dict[str, dict[str, str]] = {}  # by set: the split's name and its key
        self._bare: set[str] = set()  # made by us just now: there are no splits yet
        self._proven = 0

    def sets(self, target: ResultTarget) -> list[PublishedSet]:
        """Every set of the event, without rows."""
        path = _path(target, "get-result-sets")
        found = _sets(self.client.get(path, _query(target)), path)
        self._seen |= {_set_id(record, path): record for record in found}
        return [PublishedSet(set_id=_set_id(one, path), flags=_flags(one), read_at=self.now()) for one in found]

    def make(self, target: ResultTarget, flags: SetFlags) -> str:
        """A new set."""
        path = _path(target, "new-result-set")
        reply = self._post(path, target, _fields(flags, {}))
        made = reply.get("individual_result_set_id") if isinstance(reply, dict) else None
        if not isinstance(made, int | str) or not made:
            raise UnexpectedReply(path, "no result set")
        self._splits[str(made)] = {}
        self._bare.add(str(made))
        return str(made)

    def set_flags(self, target: ResultTarget, flags: SetFlags) -> None:
        """All of a set's fields; what nobody may decide here stays as it was read."""
        if _of(target) not in self._seen:
            self.sets(target)
        self._post(_path(target, "edit-result-set"), target, _fields(flags, self._seen.get(_of(target), {})))

    def post(self, target: ResultTarget, rows: Sequence[Published], there: Mapping[Key, Published]) -> None:
        """Some rows."""
        splits = self._split_keys(target, rows)
        documents = [_document(row, there.get(shown(row).key), splits) for row in rows]
        self._post(_path(target, "full-results"), target, {"results": documents})

    def empty(self, target: ResultTarget) -> None:
        """No row is left."""
        self._post(_path(target, "clear-results"), target, None)

    def published(self, target: ResultTarget) -> PublishedSet:
        """The set with all its rows: a short page ends it, an exactly full one does not."""
        rows: list[Published] = []
        record: Record | None = None
        ending, read_at = Ending(PER_PAGE, proven=self._proven), self.now()

        def fetch(page: int) -> list[Any]:
            nonlocal record
            found, records = self._page(target, page)
            record = record or found
            return records

        path = _path(target, "get-results")
        for some, _ in by_number(fetch, ending, lambda one: one["result_id"], path):
            rows += [_row(one, self._splits.get(_of(target), {}), path) for one in some]
        self._proven = max(self._proven, ending.largest)
        if record is None:
            return PublishedSet(set_id=None, flags=None, read_at=read_at)
        return PublishedSet(set_id=target.set_id, flags=_flags(record), rows=tuple(rows), read_at=read_at)

    def _page(self, target: ResultTarget, page: int) -> tuple[Record | None, list[Any]]:
        """The set as this page describes it, and its rows, each with its registration. None where there is no such set."""
        path, query = (
            _path(target, "get-results"),
            {**_query(target), "page": page, "results_per_page": PER_PAGE, "supports_nb": "T"},
        )
        try:
            found = _sets(self.client.get(path, query), path)
        except NotThere as error:
            if error.detail != "error 15":  # the race or the event, not the set
                raise
            return None, []
        record = next((one for one in found if _set_id(one, path) == target.set_id), None)
        if record is None:
            return None, []
        self._bare.discard(_of(target))
        self._seen[_of(target)] = record
        self._splits[_of(target)] = _split_names(record)
        return record, _with_registrations(record, path)

    def _split_keys(self, target: ResultTarget, rows: Sequence[Published]) -> dict[str, str]:
        """The keys of the points that these rows have; a set that lacks one of them gets it, beside those that it has."""
        points = list(dict.fromkeys(point for row in rows for point, _ in row.splits))
        known = self._splits.get(_of(target))
        if known is None or any(point not in known for point in points):
            known = self._splits[_of(target)] = self._with_splits(target, points)
        return known

    def _with_splits(self, target: ResultTarget, points: Sequence[str]) -> dict[str, str]:
        path = _path(target, "result-set-splits")
        is_bare = _of(target) in self._bare
        there = [] if is_bare else _listed_splits(self.client.get(path, _query(target)), path)
        self._bare.discard(_of(target))
        names = [str(one.get("split_name")) for one in there]
        new = [{"split_id": None, "split_name": point} for point in points if point not in names]
        if new:  # the post replaces all of them
            reply = self._post(path, target, {"result_set_splits": [*there, *new]})
            made = _listed_splits(reply, path)
            if len(made) != len(there) + len(new):
                raise UnexpectedReply(path, "other splits than were sent")
            names += [str(one["split_name"]) for one in new]
            there = made
        return {name: f"split-{one.get('split_id')}" for name, one in zip(names, there, strict=True)}

    def _post(self, path: str, target: ResultTarget, document: Any) -> Any:
        form = {"request_format": "json"} | ({} if document is None else {"request": orjson.dumps(document).decode()})
        return self.client.send_form(path, form, _query(target))


def _path(target: ResultTarget, call: str) -> str:
    return f"/race/{target.happening_id}/results/{call}"


def _query(target: ResultTarget) -> dict[str, Any]:
    """The event, and the set wherever there is one: without it RunSignUp chooses, or makes another."""
    chosen = {} if target.set_id is None else {"individual_result_set_id": target.set_id}
    return {"format": "json", "event_id": target.contest_id, **chosen}


def _of(target: ResultTarget) -> str:
    return target.set_id or ""


# Sets


def _sets(reply: Any, path: str) -> list[Record]:
    found = reply.get("individual_results_sets") if isinstance(reply, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnexpectedReply(path, "no result sets")
    return found


def _set_id(record: Record, path: str) -> str:
    try:
        return parse.key_text(record.get("individual_result_set_id"), "individual_result_set_id")
    except UnreadableRow as error:
        raise UnexpectedReply(path, str(error)) from None


def _flags(record: Record) -> SetFlags:
    """As far as they can be read: whether messages go out and whom to ask is never told."""
    return SetFlags(
        name=str(record.get("individual_result_set_name") or ""), is_public=record.get("public_results") == "T",
        is_preliminary=record.get("preliminary_results") == "T", notifies=False,
        also_for=tuple(sorted(str(one) for one in record.get("alt_event_ids") or [])),
    )  # fmt: skip


def _fields(flags: SetFlags, there: Record) -> dict[str, Any]:
    """Every field that a set has: one that is left out becomes its default, and the default is public."""
    kept = {name: there.get(name, value) for name, value in OWN.items()}
    return {
        **kept, **UNREADABLE, "individual_result_set_name": flags.name, "public_results": FLAG[flags.is_public],
        "preliminary_results": FLAG[flags.is_preliminary], "disable_notifications": FLAG[not flags.notifies],
        "result_questions_contact_email": flags.contact, "alt_event_ids": [int(one) for one in flags.also_for],
    }  # fmt: skip


def _listed_splits(reply: Any, path: str) -> list[Record]:
    found = reply.get("result_set_splits") if isinstance(reply, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) and one.get("split_id") for one in found):
        raise UnexpectedReply(path, "no splits")
    return found


def _split_names(record: Record) -> dict[str, str]:
    headers = record.get("results_headers")
    listed = headers.items() if isinstance(headers, dict) else ()  # an empty one may come as a list
    return {str(name): key for key, name in listed if key.startswith("split-") and key.removeprefix("split-").isdecimal()}


# Rows


def _document(row: Published, there: Published | None, splits: Mapping[str, str]) -> dict[str, Any]:
    """A row in RunSignUp's words. A split that is there and shall not be is cleared by name."""
    reads = shown(row)
    document: dict[str, Any] = _whose(reads)
    document |= {"place": reads.place} | {
        name: _time(reads, ms) for name, ms in (("clock_time", reads.gun_ms), ("chip_time", reads.chip_ms))
    }
    gone = {point for point, _ in there.splits} - {point for point, _ in row.splits} if there else set()
    document |= {splits[point]: _written(ms) for point, ms in row.splits}
    return document | {splits[point]: CLEAR for point in sorted(gone) if point in splits}


def _whose(row: Published) -> dict[str, Any]:
    bib = {} if row.bib is None else {"bib_num": int(row.bib)}
    if row.registration_key:
        return {"registration_id": int(row.registration_key), **bib}
    return {**bib, "first_name": row.first_name, "last_name": row.last_name, "gender": row.gender, "age": row.age}


def _time(row: Published, ms: int | None) -> str:
    return WORDS.get(row.status, "") if row.status != "FINISHED" else "" if ms is None else _written(ms)


def _written(ms: int) -> str:
    """`H:MM:SS.mmm`."""
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _bib_text(bib: str | None) -> str | None:
    """A bib as RunSignUp can hold it: a number."""
    return str(int(bib)) if bib and bib.isascii() and bib.isdecimal() else None


def _with_registrations(record: Record, path: str) -> list[Any]:
    """The rows with whose they are, which stands in a list of its own beside them."""
    rows, whose = record.get("results") or [], record.get("registration_ids") or []
    if not isinstance(rows, list) or not isinstance(whose, list) or len(rows) != len(whose):
        raise UnexpectedReply(path, "rows that do not say whose they are")
    if not all(isinstance(row, dict) and row.get("result_id") for row in rows):
        raise UnexpectedReply(path, "a row without its number")
    return [{**row, "registration_id": key} for row, key in zip(rows, whose, strict=True)]


def _row(record: Record, splits: Mapping[str, str], path: str) -> Published:
    try:
        return _read(record, splits)
    except UnreadableRow as error:
        raise UnexpectedReply(path, str(error)) from None


def _read(record: Record, splits: Mapping[str, str]) -> Published:
    gun, chip = (durations.read(record.get(name), name) for name in ("clock_time", "chip_time"))
    word = gun.status or chip.status
    passed = ((point, durations.read(record.get(key), key).ms) for point, key in splits.items())
    key = parse.integer(record.get("registration_id"), "registration_id")
    return Published(
        registration_key=str(key) if key else None, entry_key=None, bib=parse.text(record.get("bib"), "bib"),
        first_name=parse.text(record.get("first_name"), "first_name") or "",
        last_name=parse.text(record.get("last_name"), "last_name") or "",
        gender=parse.text(record.get("gender"), "gender"), age=parse.integer(record.get("age"), "age"),
        status=word or ("NOT_SEEN" if gun.ms is None and chip.ms is None else "FINISHED"),
        gun_ms=gun.ms, chip_ms=chip.ms, place=parse.integer(record.get("place"), "place"),
        splits=tuple(sorted((point, ms) for point, ms in passed if ms is not None)),
    )  # fmt: skip
