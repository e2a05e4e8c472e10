"""Race Roster's records as the columns of our tables: their field on the right, our column on the left."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sync_jobs import times
from sync_jobs.errors import UnreadableRow
from sync_jobs.kit import parse
from sync_jobs.kit.base import Raw, Values

Path = tuple[str, ...]
Read = Callable[[Any, str], Any]

GENDERS = {
    "0": "U", "1": "M", "2": "F", "8": "U", "9": "X",  # 8 is a mixed team: it says nothing about a person
    "M": "M", "F": "F", "X": "X", "MALE": "M", "FEMALE": "F",
}  # fmt: skip
METRES = {"m": 1.0, "km": 1000.0, "mi": 1609.344}
KINDS = (
    ("volunteer", re.compile(r"(?i)\b(volunteer(s|ing)?|bénévoles?|benevoles?)\b")),
    ("merchandise", re.compile(r"(?i)\b(merch(andise)?|t-?shirts?|donations?|souvenirs?)\b")),
)
"""What is no race, by its name, and only where it has no distance: a Volunteer Fire Department 5K is one."""
VIRTUAL = re.compile(r"(?i)\bvirtu(al|el|elle)\b")


def find(record: Any, path: Path) -> Any:
    """What stands at a path of nested objects; None where any of them is missing."""
    for name in path:
        if not isinstance(record, dict):
            return None
        record = record.get(name)
    return record


def code(value: Any, field: str) -> str | None:
    """`NS`, also out of `{"code": "NS", "name": "Nova Scotia"}`."""
    if isinstance(value, dict):
        value = value.get("code") or value.get("name")
    return parse.text(value, field)


def gender(value: Any, field: str) -> str | None:
    """M, F, X or U out of an integer code, of which 0 is one."""
    word = parse.text(value, field)
    if word is None:
        return None
    if word.upper() not in GENDERS:
        raise UnreadableRow(field, "is a code that we do not know")
    return GENDERS[word.upper()]


def _event(raw: Raw) -> Values:
    zone = parse.text(raw.get("timeZone"), "timeZone")
    inside = [item for item in _listed(raw.get("subEvents")) if isinstance(item, dict)]
    only = inside[0] if len(inside) == 1 else {}
    labels = [label for item in inside if (label := _label(item))]
    return {
        "event_id": parse.key_text(raw.get("eventId"), "eventId"),
        "race_id": parse.text(only.get("subEventId"), "subEventId"),
        "name": parse.text(raw.get("name"), "name"),
        "description": parse.text(raw.get("description"), "description"),
        "start_date": parse.text(raw.get("startDate"), "startDate"),
        "end_date": parse.text(raw.get("endDate"), "endDate"),
        "location_name": None,
        "address_line1": parse.text(raw.get("address"), "address"),
        "address_line2": None,
        "city": parse.text(raw.get("city"), "city"),
        "state": code(raw.get("region"), "region"),
        "postal_code": None,
        "country": code(raw.get("country"), "country"),
        "timezone": zone,
        "distance": ", ".join(dict.fromkeys(labels)) or None,
        "event_type": parse.text(raw.get("type"), "type"),
        "registration_open_date": parse.text(raw.get("registrationOpenDate"), "registrationOpenDate"),
        "registration_close_date": parse.text(raw.get("registrationCloseDate"), "registrationCloseDate"),
        "max_participants": parse.text(only.get("maxParticipants"), "maxParticipants"),
        "current_participants": None, "price": None, "currency": None, "status": None,  # not in this answer
        "last_modified": parse.text(raw.get("lastModifiedDate"), "lastModifiedDate"),
        "unique_code": _last_part(parse.text(raw.get("resultsUrl"), "resultsUrl")),
        "starts_at": parse.iso_instant(raw.get("startDate"), "startDate", times.zone(zone)),
    }  # fmt: skip


def _listed(inside: Any) -> list[Any]:
    """Sub-events: `{"data": […]}` or a bare list."""
    found = inside.get("data") if isinstance(inside, dict) else inside
    return found if isinstance(found, list) else []


def _last_part(address: str | None) -> str | None:
    return address.rstrip("/").rpartition("/")[2] if address else None


def _sub_event(raw: Raw) -> Values:
    own = parse.text(raw.get("customSubEventDate"), "customSubEventDate")
    start, zone = own or raw.get("eventStartDate"), times.zone(parse.text(raw.get("timeZone"), "timeZone"))
    return {
        "sub_event_id": parse.key_text(raw.get("subEventId"), "subEventId"),
        "event_id": parse.key_text(raw.get("eventId"), "eventId"),
        "name": parse.text(raw.get("name"), "name"),
        "distance": _label(raw),
        "metres": _metres(raw),
        "start_date": parse.text(start, "startDate"),
        "max_participants": parse.text(raw.get("maxParticipants"), "maxParticipants"),
        "kind": _kind(raw),
        "starts_at": parse.iso_instant(start, "startDate", zone),
    }


def _label(raw: Raw) -> str | None:
    """How long it is, in the provider's words; None for what has no length."""
    if _metres(raw) is None:
        return None
    given = parse.text(find(raw, ("subEventDistance", "label")), "subEventDistance")
    return given or f"{parse.text(raw.get('distance'), 'distance')} {parse.text(raw.get('distanceType'), 'distanceType')}"


def _metres(raw: Raw) -> str | None:
    """`inMeters` is the trustworthy one; the plain distance with its unit comes second."""
    exact = _number(find(raw, ("subEventDistance", "inMeters")), "subEventDistance")
    unit = METRES.get((parse.text(raw.get("distanceType"), "distanceType") or "").lower(), 0.0)
    metres = exact or _number(raw.get("distance"), "distance") * unit
    return f"{metres:.3f}".rstrip("0").rstrip(".") if metres > 0 else None


def _number(value: Any, field: str) -> float:
    written = parse.text(value, field)
    try:
        return float(written or 0)
    except ValueError:
        raise UnreadableRow(field, "is no number") from None


def _kind(raw: Raw) -> str:
    name = parse.text(raw.get("name"), "name") or ""
    if VIRTUAL.search(name):
        return "virtual"
    if _metres(raw) is None:
        return next((kind for kind, words in KINDS if words.search(name)), "race")
    return "race"


def _paths(words: str) -> tuple[Path, ...]:
    return tuple(tuple(word.split(".")) for word in words.split())


ASSUMED: Mapping[str, tuple[Path, ...]] = {
    "sub_event_id": _paths("subEventId subEvent.subEventId subEvent.id"),
    "date_of_birth": _paths("dateOfBirth birthDate profile.dateOfBirth profile.birthDate"),
    "phone": _paths("phone phoneNumber profile.phone profile.phoneNumber"),
    "address_line1": _paths("address.address1 address.line1 address.street profile.address.address1"),
    "address_line2": _paths("address.address2 address.line2 profile.address.address2"),
    "city": _paths("address.city city profile.city profile.address.city"),
    "state": _paths("address.region region profile.region profile.address.region"),
    "postal_code": _paths("address.postalCode address.postal postalCode profile.address.postalCode"),
    "country": _paths("address.country country profile.country profile.address.country"),
    "team_name": _paths("teamName team.name"),
    "division": _paths("division divisionName division.name"),
    "emergency_contact_name": _paths("emergencyContactName emergencyContact.name"),
    "emergency_contact_phone": _paths("emergencyContactPhone emergencyContact.phone"),
    "payment_status": _paths("paymentStatus transaction.status"),
    "amount_paid": _paths("amountPaid transaction.amount"),
}
"""ASSUMED names of a participant's fields, the likeliest first: no public source shows them."""
READ: Mapping[str, Read] = {"state": code, "country": code, "date_of_birth": parse.day, "amount_paid": parse.money}
NEVER = ("shirt_size", "dietary_restrictions", "medical_conditions")  # not even guessed: nobody here needs them


def _participant(raw: Raw) -> Values:
    key = parse.key_text(raw.get("participantId"), "participantId")
    active = parse.flag(raw.get("isActive"), "isActive")
    registered = raw.get("registrationDate")
    parse.iso_instant(registered, "registrationDate", times.zone(None))
    values: Values = {
        "id": key, "registration_id": key, "event_id": parse.key_text(raw.get("eventId"), "eventId"),
        "first_name": parse.text(raw.get("firstName"), "firstName"),
        "last_name": parse.text(raw.get("lastName"), "lastName"),
        "bib_number": parse.text(raw.get("bibNumber"), "bibNumber"),
        "gender": gender(raw.get("gender"), "gender"),
        "email": parse.text(parse.mapping(raw.get("profile"), "profile").get("email"), "profile.email"),
        "registration_date": parse.text(registered, "registrationDate"),
        "registration_status": "inactive" if active is False else "active",
    }  # fmt: skip
    for column, paths in ASSUMED.items():
        value = next((found for path in paths if (found := find(raw, path)) is not None and not _is_holder(column, found)), None)
        read: Read = READ.get(column, parse.text)
        values[column] = read(value, ".".join(paths[0]))
    return values | dict.fromkeys(NEVER)


def _is_holder(column: str, value: Any) -> bool:
    """An object where a plain value was assumed: another candidate may be inside it."""
    return isinstance(value, dict) and READ.get(column) is not code


MAPPINGS: Mapping[str, Callable[[Raw], Values]] = {
    "raceroster_events": _event,
    "raceroster_sub_events": _sub_event,
    "raceroster_participants": _participant,
}
