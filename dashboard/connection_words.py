"""What a connection's page says first: how it stands, since when, and whose turn it is. Reads nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dashboard import words
from sync_jobs.providers import label


def answer(row: Any) -> str:
    """The first line of its page."""
    name, provider = row.connection_name, label(row.provider_name)
    states = {
        "unsupported": f"{provider} comes with a later version",
        "incomplete": f"{name} still needs a credential",
        "paused": f"{name} is paused",
    }
    if row.connection_state in states:
        return states[row.connection_state]
    if row.refused_since:
        return f"{provider} refuses the credential of {name}"
    return f"{name} {'is connected' if row.success_at else 'has not synced yet'}"


def standing(row: Any, partner: str, zone: str, now: datetime) -> str:
    """What that means, and what to do about it."""
    if row.connection_state == "unsupported":
        return f"Nothing is read at {label(row.provider_name)} yet. The credential is kept for then."
    if row.connection_state == "incomplete":
        return f"Nothing is read until somebody enters what is missing. {partner}’s turn."
    if row.started_at is None:
        return f"{partner} has not been started: nothing runs by itself until an administrator starts it on its page."
    return _paused(row, zone) if row.connection_state == "paused" else _active(row, partner, zone, now)


def _active(row: Any, partner: str, zone: str, now: datetime) -> str:
    if row.refused_since:
        return f"Refused since {_since(row.refused_since, zone)}. {partner}’s turn: enter a valid one."
    if row.throttled_until and row.throttled_until > now:
        until = words.clock_zone(row.throttled_until, zone)
        return f"{label(row.provider_name)} asks us to wait until {until}. We go on by ourselves."
    if row.success_at:
        events = f"{row.events[:1].upper()}{row.events[1:]}. " if row.events else ""
        return f"{events}The last good answer came {words.ago(row.success_at)}."
    return "Nothing has been read yet. The first look for events begins with the next free worker."


def _paused(row: Any, zone: str) -> str:
    who = f" by {row.paused_by}" if row.paused_by else ""
    since = f" since {_since(row.paused_at, zone)}" if row.paused_at else ""
    why = f": “{row.paused_reason}”." if row.paused_reason else "."
    return f"Paused{who}{since}{why} Nothing runs until somebody resumes it."


def _since(instant: datetime, zone: str) -> str:
    return f"{words.clock_zone(instant, zone)}, {words.ago(instant)}"


FIELDS = {
    "sub_event_id": "distance",
    "date_of_birth": "date of birth",
    "phone": "phone number",
    "address_line1": "street",
    "city": "city",
    "state": "state or province",
    "postal_code": "postal code",
    "country": "country",
    "team_name": "team",
    "division": "division",
    "emergency_contact_name": "emergency contact",
    "emergency_contact_phone": "emergency contact’s phone",
    "registration_status": "whether a registration is cancelled",
    "payment_status": "payment status",
    "amount_paid": "amount paid",
}
"""Columns of people in a person's words. What is not here (a second address line) nobody misses."""


def never_sent(provider_name: str, readings: list[list[str] | None]) -> str:
    """Which columns stay empty because none of these readings had them; empty where every one came."""
    looked = [set(names) for names in readings if names is not None]
    lacking = set.intersection(*looked) if looked else set()
    named = [word for name, word in FIELDS.items() if name in lacking]
    if not named:
        return ""
    counts = " Without the distance, people are counted by event only." if "sub_event_id" in lacking else ""
    return f"{label(provider_name)} does not send everything. Empty here for that reason: {words.listed(named)}.{counts}"


NOTICES = {
    "without_wave": (
        "no wave there. Without one nobody gets a time: assign waves at {provider}.",
        "person stands in",
        "people stand in",
    ),
    "without_event": ("no distance there yet; nobody without one is listed here.", "person has", "people have"),
    "technical": ("of no person, like a spare bib, and left out.", "record is", "records are"),
    "repaired": ("in a broken encoding; the text was repaired here.", "record came", "records came"),
}
"""What an adapter notes of a reading: the end of a sentence, and how one or several of them begin it."""


def notices(provider_name: str, readings: list[dict[str, int] | None]) -> list[str]:
    """What somebody at the provider should know of the latest readings of people, most pressing first."""
    summed = {kind: sum((reading or {}).get(kind, 0) for reading in readings) for kind in NOTICES}
    return [
        f"{words.counted(summed[kind], one, many)} {end.format(provider=label(provider_name))}"
        for kind, (end, one, many) in NOTICES.items()
        if summed[kind]
    ]


def all_of_them(rows: list[Any]) -> str:
    """The first line of the list."""
    troubled = sum(row.state in {"bad", "late"} for row in rows)
    if not rows:
        return "No connection yet"
    if troubled:
        return f"{words.counted(troubled, 'connection')} of {len(rows)} {'needs' if troubled == 1 else 'need'} somebody"
    return "One connection, in order" if len(rows) == 1 else f"{words.counted(len(rows), 'connection')}, none needs anybody"
