"""Race Roster's own words: events with their sub-events, and participants, as its API writes them.

ASSUMED of a participant: `subEventId`, `dateOfBirth`, `address`, `teamName`; no public source shows them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import orjson

from sync_jobs.sandbox import menu
from sync_jobs.sandbox.things import Contest, Happening, Moment, Registration, State, local

DAY = 86_400
GENDER = {"U": 0, "M": 1, "F": 2, "C": 8, "X": 9}
OFFSETS = ("plain", "colon", "zulu")


def stamp(at: Moment | None, zone: str, style: str = "plain") -> str | None:
    """ISO with an offset: `-0400` as live events have it, `-04:00`, or in UTC with a `Z`."""
    if at is None:
        return None
    if style == "zulu":
        return f"{local(at, 'UTC'):%Y-%m-%dT%H:%M:%S}Z"
    then = local(at, zone)
    return f"{then:%Y-%m-%dT%H:%M:%S}{_offset(then, ':' if style == 'colon' else '')}"


def _offset(then: datetime, between: str) -> str:
    away = then.utcoffset() or timedelta()
    minutes = int(abs(away).total_seconds()) // 60
    return f"{'-' if away < timedelta() else '+'}{minutes // 60:02d}{between}{minutes % 60:02d}"


def modified(happening: Happening, now: Moment) -> int:
    """When the event's record last changed."""
    return max((c.listed_at for c in happening.contests if c.listed_at <= now), default=happening.edition.created_at)


def event(happening: Happening, now: Moment, style: str) -> dict[str, Any]:
    """One event with everything that belongs to it."""
    edition = happening.edition
    starts, zone = edition.starts_at, edition.zone
    year, slug = local(starts or now, zone).year, happening.name.lower().replace(" ", "-")
    closes = None if starts is None else starts - 10 * 3600
    canadian = edition.country == "CA"
    return {
        "eventId": happening.uid, "type": "event", "name": happening.name, "city": edition.city,
        "region": {"code": edition.state, "name": menu.REGIONS.get(edition.state, edition.state)},
        "country": {"code": edition.country, "name": "Canada" if canadian else "United States"},
        "startDate": stamp(starts, zone, style), "timeZone": zone,
        "registrationOpenDate": stamp(edition.created_at + 20 * DAY, zone, style),
        "registrationCloseDate": stamp(closes, zone, style),
        "lastModifiedDate": stamp(modified(happening, now), "UTC", "colon"),
        "url": f"https://raceroster.example.com/events/{year}/{happening.number}/{slug}",
        "organizerName": f"{edition.city} Running Society", "organizerEmail": "hello@example.com", "organizerPhone": None,
        "organizerDashboardUrl": f"https://raceroster.example.com/dashboard/events/{happening.number}",
        "address": f"1 Pier Road, {edition.city}, {edition.state}, {edition.postal_code}", "latitude": 44.64, "longitude": -63.57,
        "locale": "en-CA" if canadian else "en-US", "description": f"<p>{edition.name}, by the water.</p>",
        "facebook": None, "twitter": None, "branding": {"logo": "https://example.com/logo.png", "backgroundImage": None},
        "resultsUrl": None,
        "subEvents": {"data": [sub_event(contest, style) for contest in happening.contests if contest.listed_at <= now]},
    }  # fmt: skip


def sub_event(contest: Contest, style: str) -> dict[str, Any]:
    """One distance. Helpers look like any other, but for a distance of zero; a start of its own only where it differs."""
    edition, metres = contest.happening.edition, contest.metres
    kilometres = f"{metres / 1000:g}" if metres else "0"
    own = contest.starts_at if contest.starts_at != edition.starts_at else None
    return {
        "subEventId": contest.number, "name": contest.name, "maxParticipants": "500", "participantMinAge": "0",
        "participantMaxAge": "99",
        "subEventDistance": None if contest.distance is None or not metres else {
            "id": "3", "type": "running", "label": f"{kilometres} km", "value": kilometres, "unit": "km", "inMeters": str(metres)},
        "distance": kilometres, "distanceType": "km", "customSubEventDate": stamp(own, edition.zone, style),
    }  # fmt: skip


def participant(registration: Registration, state: State) -> bytes:
    """One registration; who left stays on the list, inactive."""
    person, edition = state.person, state.contest.happening.edition
    row = {
        "participantId": str(registration.key), "firstName": person.first_name, "lastName": person.last_name,
        "bibNumber": None if state.bib is None else str(state.bib), "gender": GENDER[person.gender],
        "registrationDate": stamp(registration.registered_at, edition.zone), "isActive": state.removed is None,
        "profile": {"email": person.email}, "subEventId": state.contest.number,
        "dateOfBirth": person.born and person.born.isoformat(),
        "address": {"city": person.city, "region": {"code": person.state}, "country": {"code": person.country}},
        "teamName": registration.team,
    }  # fmt: skip
    return orjson.dumps(row)
