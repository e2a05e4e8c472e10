"""ChronoTrack's records as the columns of our tables: the same words in most places. Every value comes as a string."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sync_jobs import times
from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import durations, parse
from sync_jobs.kit.base import Raw, Values

SECONDS = re.compile(r"\d{8,11}(?:\.\d+)?", re.ASCII)
OPEN_NAMES = frozenset({"overall", "open"})  # what the views know as the ranking of everybody
TIMES = ("results_time", "results_gun_time", "results_pace", "results_gun_pace")


def instant(value: Any, field: str) -> datetime | None:
    """Seconds since 1970, perhaps with a fraction; None for a blank."""
    written = parse.text(value, field)
    if written is None or written == "0":
        return None
    if not SECONDS.fullmatch(written):
        raise UnreadableRow(field, "is no instant")
    whole, _, fraction = written.partition(".")
    return times.from_ms(int(whole) * 1000 + int(fraction[:3].ljust(3, "0")))


def starts_at(value: Any) -> datetime | None:
    """The same, where it only steers us: what cannot be read is unknown."""
    try:
        return instant(value, "")
    except UnreadableRow:
        return None


def open_bracket(name: Any) -> str:
    """The name of the ranking of everybody, as the views know it; what was asked for is the open bracket, however it is called."""
    written = name.strip() if isinstance(name, str) else ""
    return written if written.lower() in OPEN_NAMES else "Overall"


def _event(raw: Raw) -> Values:
    return {
        "event_id": parse.key_text(raw.get("event_id"), "event_id"),
        **parse.texts(raw, EVENT),
        "starts_at": instant(raw.get("event_start_time"), "event_start_time"),
    }


def _race(raw: Raw) -> Values:
    starts = instant(raw.get("race_planned_start_time"), "race_planned_start_time")
    return {
        "race_id": parse.key_text(raw.get("race_id"), "race_id"),
        "event_id": parse.key_text(raw.get("event_id"), "event_id"),
        **parse.texts(raw, RACE),
        "starts_at": starts or starts_at(raw.get("event_start_time")),
    }


def _entry(raw: Raw) -> Values:
    return {
        "entry_id": parse.key_text(raw.get("entry_id"), "entry_id"),
        "event_id": parse.key_text(raw.get("event_id"), "event_id"),
        **parse.texts(raw, ENTRY),
        "athlete_birthdate": parse.day(raw.get("athlete_birthdate"), "athlete_birthdate"),
    }


def _finish(raw: Raw) -> Values:
    """A result's times stay as they are written, once the grammar has read them."""
    for name in TIMES:
        durations.read(raw.get(name), name)
    return {
        "event_id": parse.key_text(raw.get("event_id"), "event_id"),
        "race_id": parse.key_text(raw.get("results_race_id"), "results_race_id"),
        "entry_id": parse.key_text(raw.get("results_entry_id"), "results_entry_id"),
        "results_bracket_name": parse.key_text(raw.get("bracket_name"), "results_bracket_name"),
        **parse.texts(raw, RESULT),
    }


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


EVENT = _names(
    "event_tag event_name event_description event_start_time event_end_time event_site_uri event_is_published "
    "event_device_protocol event_external_id organization_id organization_name location_city location_region location_country "
    "location_time_zone"
)
RACE = _names(
    "race_tag race_name race_type race_subtype race_course_distance race_pref_distance_unit race_planned_start_time "
    "race_planned_end_time race_actual_start_time race_actual_end_time race_age_ref_time"
)
ENTRY = _names(
    "race_id entry_external_id entry_name entry_type entry_status entry_bib entry_race_age athlete_id athlete_first_name "
    "athlete_last_name athlete_sex athlete_email athlete_home_phone athlete_mobile_phone location_city location_region "
    "location_country team_id team_name"
)
RESULT = _names(
    "results_bib results_first_name results_last_name results_sex results_age results_hometown results_state_code "
    "results_postal_code results_country_code results_time results_gun_time results_pace results_gun_pace results_rank "
    "results_primary_bracket_name"
)
"""Fields that keep their name as our column."""
MAPPINGS: Mapping[str, Callable[[Raw], Values]] = {
    "ct_events": _event,
    "ct_races": _race,
    "ct_participants": _entry,
    "ct_results": _finish,
}
