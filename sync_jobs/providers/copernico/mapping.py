"""Copernico's records as the columns of our tables: their field on the right, our column on the left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson

from sync_jobs import times
from sync_jobs.kit import durations, parse
from sync_jobs.kit.base import Raw, Values
from sync_jobs.providers.copernico import people, timing
from sync_jobs.providers.copernico.timing import Timed

ASSUMED: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "title"), "zone": ("timezone", "timeZone"), "day": ("date", "startDate"), "place": ("location", "city"),
    "event": ("name", "event"), "start": ("startTime", "start", "gunTime", "date"), "wave_start": ("startTime", "start", "gunTime"),
    "created": ("createdAt", "created"), "updated": ("updatedAt", "modified"),
}  # fmt: skip
"""ASSUMED names of a race's and its events' fields, the likeliest first: the shape of this answer was never recorded."""
NEAR = timedelta(days=45)


def first_of(record: Raw, what: str) -> Any:
    """The first of the assumed fields that is there."""
    return next((record[name] for name in ASSUMED[what] if record.get(name) not in {None, ""}), None)


def zone_of(race: Raw) -> str | None:
    """The race's zone, where it says one that exists."""
    written = parse.text(first_of(race, "zone"), "timezone")
    return written if times.is_zone(written) else None


def names_of(events: Any) -> dict[str, Raw]:
    """A race's own list of its events, by their names; they may be bare names."""
    listed = events if isinstance(events, list) else []
    found = [event if isinstance(event, dict) else {"name": event} for event in listed]
    return {name: event for event in found if isinstance(name := first_of(event, "event"), str)}


def has_start(event: Raw) -> bool:
    """Whether a race's list says at which time of the day that event starts."""
    return _start(event, None, "UTC") is not None


def is_near(race: Raw, zone: str, now: datetime) -> bool:
    """Whether the start still matters: a race of an unknown day, or one around now."""
    day = starts_at(race, {}, None, zone)
    return day is None or abs(day - now) < NEAR


def _event(raw: Raw) -> Values:
    race, event, name = raw["race"], raw["event"], raw["name"]
    metres = event.get("distance")
    return {
        "event_id": f"{raw['slug']}/{name}", "competition_id": raw["slug"], "event_name": name, "event_description": None,
        "event_date": parse.text(first_of(race, "day"), "date") or parse.text(raw["gun"], "gunTime"),
        "location": parse.text(first_of(race, "place"), "location"), "discipline": parse.text(event.get("sport"), "sport"),
        "gender_categories": None, "age_categories": None,
        "distance_categories": f"{metres / 1000:g} km" if isinstance(metres, int | float) and metres > 0 else None,
        "status": parse.text(race.get("status"), "status"),
        "created_at": parse.text(first_of(race, "created"), "createdAt"),
        "updated_at": parse.text(first_of(race, "updated"), "updatedAt"),
        "competition_name": parse.text(first_of(race, "name"), "name") or raw["slug"], "timezone": zone_of(race),
        "starts_at": starts_at(race, event, raw["gun"], raw["zone"]),
    }  # fmt: skip


def starts_at(race: Raw, event: Raw, gun: Any, zone: str) -> datetime | None:
    """When it begins: its first wave, the gun of its people, its own start; else its day, at midnight there."""
    here = zone_of(race) or zone
    if found := _start(event, gun, here):
        return found
    return parse.iso_instant(first_of(race, "day") or first_of(event, "start"), "date", times.zone(here))


def _start(event: Raw, gun: Any, zone: str) -> datetime | None:
    waves = event.get("waves")
    planned = [first_of(wave, "wave_start") for wave in waves if isinstance(wave, dict)] if isinstance(waves, list) else []
    first = min((found for value in planned if (found := _instant(value, zone))), default=None)
    return first or _instant(gun, zone) or _instant(first_of(event, "start"), zone)


def _instant(value: Any, zone: str) -> datetime | None:
    """An instant with its time of day; a bare day is none."""
    if isinstance(value, str) and not value.strip().isdecimal():
        return None if _is_day(value) else parse.iso_instant(value, "startTime", times.zone(zone))
    return timing.instant(value, "startTime")


def _is_day(written: str) -> bool:
    return len(written.strip()) <= len("2026-05-10")


def _names(record: Raw) -> dict[str, str | None]:
    found = {name: parse.text(record.get(name), name) for name in ("name", "surname", "fullName")}
    alone = found["fullName"] if not (found["name"] or found["surname"]) else None
    return {"first_name": found["name"], "last_name": found["surname"] or alone}


def _participant(raw: Raw) -> Values:
    person, event = raw["person"], raw["event"]
    withdrawn = parse.text(person.get(people.MARKER[0]), people.MARKER[0])
    key = parse.key_text(person.get("id"), "id")
    return {
        "id": key, "event_id": raw["event_id"], "participant_id": key, **_names(person),
        "bib_number": people.bib(event.get("dorsal")),
        "date_of_birth": parse.day(person.get("birthdate"), "birthdate"),
        "gender": parse.text(person.get("gender"), "gender"), "nationality": parse.text(person.get("nationality"), "nationality"),
        "club_team": parse.text(person.get("club"), "club") or parse.text(event.get("team"), "team"),
        "category": parse.text(event.get("category"), "category"), "license_number": None,
        "registration_status": withdrawn or parse.text(raw["status"], "status"), "created_at": None, "updated_at": None,
        "external_id": people.external_id(person),
    }  # fmt: skip


def _result(raw: Raw) -> Values:
    record, event = raw["person"], raw["event"]
    timed = timing.of_row(record, raw["gun"]) if event is None else timing.of_event(event)
    of_event = record if event is None else event
    finish = timed if timed.is_finish else Timed(status=timed.status)
    return {
        "id": raw["key"], "event_id": raw["event_id"], "participant_id": raw["key"], **_names(record),
        "bib_number": people.bib(of_event.get("dorsal")), "category": parse.text(of_event.get("category"), "category"),
        "start_time": timed.started_at and times.customer_form(timed.started_at),
        "finish_time": finish.finished_at and times.customer_form(finish.finished_at),
        "total_time": _written(finish.official), "net_time": _written(finish.net),
        "split_times": orjson.dumps(timed.splits).decode() if timed.splits else None,
        "overall_position": finish.overall and str(finish.overall),
        "gender_position": finish.in_gender and str(finish.in_gender),
        "category_position": finish.in_category and str(finish.in_category),
        "status": timed.status, "created_at": None, "updated_at": None,
    }  # fmt: skip


def _written(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else durations.written(milliseconds)


MAPPINGS: Mapping[str, Callable[[Raw], Values]] = {
    "copernico_events": _event,
    "copernico_participants": _participant,
    "copernico_results": _result,
}
