"""RunSignUp's result sets, simulated: what is stored, with all traps, and who was sent a message. Calls are `runsignup_posts`'.

A set that nobody named is made by itself; a field that is left out becomes its default, and the default is public; a blank split
clears nothing; rows merge by registration or bib, and rows with only a name double.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import durations
from sync_jobs.sandbox.runsignup_query import Refused
from sync_jobs.sandbox.things import Contest, Registration, state_at
from sync_jobs.sandbox.world import World

DEFAULTS: Mapping[str, Any] = {
    "individual_result_set_name": "Results", "public_results": "T", "preliminary_results": "F", "results_source_name": None,
    "results_source_url": None, "result_questions_contact_email": None, "result_questions_url": None, "pace_type": "T",
    "team_column_display_type": 1, "alt_event_ids": [], "hide_splits_in_results": "F", "hide_event_names": "F",
    "disable_notifications": "F", "sort_order": 0,
}  # fmt: skip
"""What a field that is left out becomes. Public as the file import documents it; the others ASSUMED."""
FIRST_SET, FIRST_RESULT, FIRST_SPLIT = 300_001, 900_000_001, 278_311
WORDS = frozenset({"DNF", "DNS", "DQ", "DNQ"})
TIMES = ("clock_time", "chip_time")
Keep = Callable[[str, datetime, dict[str, Any]], None]
Row = dict[str, Any]


@dataclass(slots=True)
class ResultSet:
    """One set of an event."""

    number: int
    race: str
    event: int
    fields: dict[str, Any]
    splits: list[dict[str, Any]] = field(default_factory=list)
    rows: dict[int, Row] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether a finish that appears sends a message."""
        return bool(self.fields["disable_notifications"] == "F")


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody was told of their result."""

    at: datetime
    event: int
    registration: int


class Results:
    """All result sets of one world. Every change is a deed, so that a restart does it again."""

    def __init__(self, world: World, keep: Keep = lambda *_: None) -> None:
        self.world, self.keep = world, keep
        self.lock = threading.RLock()
        self.sets: dict[int, ResultSet] = {}
        self.messages: list[Message] = []
        self._told: set[tuple[int, int]] = set()
        self._results, self._splits = FIRST_RESULT, FIRST_SPLIT
        self._bibs: dict[int, tuple[int, dict[int, Registration]]] = {}
        self.deeds: dict[str, Callable[[datetime, dict[str, Any]], Any]] = {
            "new_result_set": self._new, "edit_result_set": self._edit, "post_results": self._post, "clear_results": self._clear,
            "delete_result_set": self._delete, "set_splits": self._set_splits, "edit_result": self._edit_row,
        }  # fmt: skip

    def do(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, kept. One that is refused is not done at all."""
        with self.lock:
            done = self.again(what, now, given)
            self.keep(what, now, given)
            return done

    def again(self, what: str, now: datetime, given: dict[str, Any]) -> Any:
        """One deed, not kept."""
        with self.lock:
            return self.deeds[what](now, dict(given))

    def of_event(self, event: int) -> list[ResultSet]:
        """The sets of one event."""
        return [one for one in self.sets.values() if one.event == event]

    def listed(self) -> dict[str, Any]:
        """Everything, for people and tests to read."""
        return {
            "sets": [{"set": one.number, "race": one.race, "event": one.event, "rows": len(one.rows), **one.fields}
                     for one in self.sets.values()],
            "notifications": len(self.messages),
            "told": [{"at": one.at, "event": one.event, "registration": one.registration} for one in self.messages],
        }  # fmt: skip

    def _set(self, given: dict[str, Any]) -> ResultSet:
        found = self.sets.get(int(given["set"]))
        if found is None:
            raise Refused(15, "individual_result_set_id")
        return found

    def _new(self, _now: datetime, given: dict[str, Any]) -> ResultSet:
        number = FIRST_SET + len(self.sets) if not self.sets else max(self.sets) + 1
        fields = {**DEFAULTS, **{name: given[name] for name in DEFAULTS if name in given}}
        made = self.sets[number] = ResultSet(number, str(given["race"]), int(given["event"]), fields)
        return made

    def _edit(self, now: datetime, given: dict[str, Any]) -> ResultSet:
        """All fields at once, unless somebody edits by hand, who changes only what they change."""
        found = self._set(given)
        before = found.fields if given.get("by_hand") else DEFAULTS
        found.fields = {**before, **{name: given[name] for name in DEFAULTS if name in given}}
        self._tell(found, list(found.rows.values()), now)
        return found

    def _clear(self, _now: datetime, given: dict[str, Any]) -> None:
        self._set(given).rows.clear()

    def _delete(self, _now: datetime, given: dict[str, Any]) -> None:
        del self.sets[self._set(given).number]

    def _set_splits(self, _now: datetime, given: dict[str, Any]) -> list[dict[str, Any]]:
        """Replaces all: whoever is not named is gone, with every time that was read there."""
        found, splits = self._set(given), []
        for one in given["splits"]:
            known = one.get("split_id") or self._splits
            self._splits += not one.get("split_id")
            splits.append({"split_name": "", "split_distance": None, "split_distance_units": "M", **one, "split_id": known})
        found.splits, kept = splits, {f"split-{one['split_id']}" for one in splits}
        for row in found.rows.values():
            row["splits"] = {key: ms for key, ms in row["splits"].items() if key in kept}
        return splits

    def _edit_row(self, _now: datetime, given: dict[str, Any]) -> Row:
        """By hand, in RunSignUp's own pages: any field of one row, found by `registration`, `bib` or `result`."""
        found = self._set(given)
        names = {"registration": "registration_id", "bib": "bib", "result": "result_id"}
        which = next((names[name], given[name]) for name in names if name in given)
        row = next((one for one in found.rows.values() if str(one[which[0]]) == str(which[1])), None)
        if row is None:
            raise Refused(15, "result")
        if given.get("delete"):
            del found.rows[row["result_id"]]
            return row
        row.update({name: given[name] for name in ("first_name", "last_name", "place") if name in given})
        row.update({name: _time(given[name]) for name in TIMES if name in given})
        return row

    # Posting

    def _post(self, now: datetime, given: dict[str, Any]) -> list[int]:
        """All rows or none. Where no set is named and there is one, that one; where there is none, a set is made by itself."""
        event, chosen = int(given["event"]), given.get("set")
        there = self.of_event(event)
        if chosen is None and len(there) > 1:
            raise Refused(3, "individual_result_set_id is required.")
        meant = [(whose, _checked(row)) for row in given["results"] for whose in [self._whose(event, row, now)]]
        held = self._set({"set": chosen}) if chosen is not None else there[0] if there else None
        known = {f"split-{one['split_id']}" for one in (held.splits if held else ())}
        if any(name not in known for _, row in meant for name in row if name.startswith("split-")):
            raise Refused(3, "split")
        found = held or self._new(now, given)
        index = {("registration", row["registration_id"]): row for row in found.rows.values() if row["registration_id"]}
        index |= {("bib", row["bib"]): row for row in found.rows.values() if row["bib"] is not None and not row["registration_id"]}
        touched = [self._put(found, row, whose, index, now) for whose, row in meant]
        self._tell(found, touched, now)
        return [row["result_id"] for row in touched]

    def _whose(self, event: int, row: Mapping[str, Any], now: datetime) -> Registration | None:
        """By registration, or by bib; whoever is nobody's needs a name."""
        wanted = row.get("registration_id")
        if wanted is not None:
            found = self.world.find("runsignup", int(wanted))
            if found is None or state_at(found, now.timestamp()) is None:
                raise Refused(11, "Registration not found.")
            return found
        bib = _bib(row)
        found = None if bib is None else self._by_bib(event, now).get(bib)
        if found is None and row.get("result_id") is None and not (row.get("first_name") or row.get("last_name")):
            raise Refused(11, "First name is required.")
        return found

    def _by_bib(self, event: int, now: datetime) -> dict[int, Registration]:
        contest = self.world.contest("runsignup", event)
        if contest is None:
            return {}
        held = self._bibs.get(event)
        if held is None or held[0] != self.world.revision:
            held = self._bibs[event] = (self.world.revision, _bibs(contest, now))
        return held[1]

    def _put(
        self, found: ResultSet, given: Row, whose: Registration | None, index: dict[tuple[str, Any], Row], now: datetime
    ) -> Row:
        bib = _bib(given)
        key = ("registration", whose.key) if whose else ("bib", bib)
        row = (
            found.rows.get(int(given["result_id"]))
            if given.get("result_id")
            else index.get(key)
            if whose or bib is not None
            else None
        )
        if row is None:
            row = {"result_id": self._results, "registration_id": whose and whose.key, "bib": bib, "place": None, "splits": {},
                   **dict.fromkeys(TIMES), **_person(given, whose, now)}  # fmt: skip
            self._results += 1
            found.rows[row["result_id"]] = row
            if whose or bib is not None:
                index[key] = row
        row.update({name: given[name] for name in ("place", *TIMES) if name in given})
        row["bib"] = row["bib"] if bib is None else bib
        for name, value in given.items():
            if name.startswith("split-") and value == "X":
                row["splits"].pop(name, None)
            elif name.startswith("split-") and value is not None:  # a blank leaves the old one
                row["splits"][name] = value
        return row

    def _tell(self, found: ResultSet, rows: list[Row], now: datetime) -> None:
        """Each finisher of an event gets one message, the first time that they are seen with messages on."""
        for row in rows if found.tells else ():
            key = (found.event, row["registration_id"])
            finished = any(isinstance(row[name], int) for name in TIMES)
            if row["registration_id"] and finished and key not in self._told:
                self._told.add(key)
                self.messages.append(Message(now, *key))


def _bibs(contest: Contest, now: datetime) -> dict[int, Registration]:
    found = {}
    for registration in contest.registrations:
        state = state_at(registration, now.timestamp())
        if state is not None and state.removed is None and state.bib is not None:
            found[state.bib] = registration
    return found


def _person(given: Row, whose: Registration | None, now: datetime) -> Row:
    """A registered person's own name and all; what is sent of them is ignored."""
    state = state_at(whose, now.timestamp()) if whose else None
    if state is None:
        return {"first_name": given.get("first_name") or "", "last_name": given.get("last_name") or "",
                "gender": given.get("gender"), "age": given.get("age")}  # fmt: skip
    person = state.person
    gender = person.gender if person.gender in {"F", "M", "X"} else None
    return {"first_name": person.first_name, "last_name": person.last_name, "gender": gender, "age": None}


def _bib(row: Mapping[str, Any]) -> int | None:
    """`bib_num`, or `bib` as RunSignUp's own samples write it. No letters."""
    given = row.get("bib_num", row.get("bib"))
    if given in {None, ""}:
        return None
    if not str(given).isdecimal():
        raise Refused(11, "Bib is not a number.")
    return int(str(given))


def _checked(row: Mapping[str, Any]) -> Row:
    """A row as it would be stored: times in milliseconds, or a word."""
    found = dict(row)
    _bib(row)
    for name in row:
        if name in TIMES:
            found[name] = _time(row[name])
        elif name.startswith("split-"):
            found[name] = "X" if row[name] == "X" else _time(row[name])
        elif name.startswith("division-"):
            raise Refused(3, "Divisions are placed automatically.")
    return found


def _time(text: Any) -> Any:
    if text in {None, ""} or text in WORDS:
        return text or None
    try:
        found = durations.read(text, "time").ms
    except UnreadableRow:
        raise Refused(11, "Invalid time.") from None
    if str(text).count(":") != 2:  # H:MM:SS.mmm and nothing else
        raise Refused(11, "Invalid time.")
    return found
