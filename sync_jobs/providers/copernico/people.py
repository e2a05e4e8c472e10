"""What Copernico's athletes are made of: several events each, no wave, no name at all. Their columns are `mapping`'s."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sync_jobs.kit import parse
from sync_jobs.kit.base import Raw
from sync_jobs.providers.copernico.text import folded

OURS = re.compile(r"[a-z]{2,12}:\S+")
EXTERNAL = ("registrationId", "importId")
"""ASSUMED: a column that was sent beside the documented ones comes back under its name; `importId` is the id of an import."""
MARKER = ("registrationStatus", "cancelled")
"""ASSUMED, of our own making: Copernico has no way to take somebody off over its API."""
NO_PERSON = re.compile(r"(?i)\b(volunteers?|voluntari[oa]s?|judges?|jue(z|ces)|spare|reserva|t[eé]cnic[oa]s?|technical)\b")
"""ASSUMED categories of technical records (helpers, judges, spare bibs)."""
MOVING = frozenset((
    "times", "rankings", "startTime", "startNetTime", "startRawTime", "splitsSeen", "splitsMissing",
    "maxConsecutiveSplitsMissing", "last_split_seen", "issuesCount", "penalties", "mst", "custom-rankings", "predictive", "leader",
    "leader_weight", "backups", "commentator", "commentatorTimes", "calculatedTimes", "status", "realStatus", "events", "locations",
))  # fmt: skip
"""What changes while somebody runs: no part of an entry."""
NOT_YET = ("notstarted", "running", "started", "active", "finished")


def events_of(person: Raw) -> list[Mapping[str, Any]]:
    """One element for each event that somebody takes part in. The demo's short form has one at the root."""
    inside = person.get("events")
    if isinstance(inside, list):
        return [event for event in inside if isinstance(event, dict)]
    return [person] if person.get("event") else []


def event_name(event: Raw) -> str:
    """The name, which may come as text or inside an object. Raises UnreadableRow."""
    value = event.get("event")
    return parse.key_text(value.get("name") or value.get("event") if isinstance(value, dict) else value, "event")


def spelt(name: str, known: Iterable[str]) -> str:
    """The event's name as we know it already, where only accents, capitals or blanks differ."""
    wanted = folded(name)
    return next((one for one in known if folded(one) == wanted), name)


def is_nobody(person: Raw, *events: Raw) -> bool:
    """A technical record: without any name, or in a category of helpers."""
    if not any(parse.text(person.get(name), name) for name in ("name", "surname", "fullName")):
        return True
    categories = [str(record.get("category") or "") for record in (person, *events)]
    return any(NO_PERSON.search(category) for category in categories)


def bib(value: Any) -> str | None:
    """The number on the chest as text, whatever it comes as; 0 is none."""
    written = parse.text(value, "dorsal")
    return None if written in {None, "0"} else written


def lacks_wave(event: Raw) -> bool:
    """Whether the event starts in waves and this person stands in none: no time and no position will ever come."""
    config = event.get("gunTimeModeConfig")
    named = isinstance(config, dict) and config.get("wave")
    return event.get("gunTimeMode") == "wave" and not named and not event.get("waveTime")


def standing(person: Raw, event: Raw) -> dict[str, Any]:
    """The part of a record that says who stands on the list, and how: what an entry's digest is made of."""
    of_event = {name: value for name, value in event.items() if name not in MOVING}
    of_person = {name: value for name, value in person.items() if name not in MOVING}
    said = str(event.get("status") or "").lower()
    return {"person": of_person, "event": of_event, "status": None if said in NOT_YET else event.get("status")}


def external_id(person: Raw) -> str | None:
    """The id that was sent or imported: our own column, an id in our form, or the import's."""
    found = {name: parse.text(person.get(name), name) for name in (*EXTERNAL, "id")}
    own = found["id"] if OURS.fullmatch(found["id"] or "") else None
    return found["registrationId"] or own or found["importId"]
