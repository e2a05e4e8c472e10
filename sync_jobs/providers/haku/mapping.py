"""Haku's records as the columns of our tables: their field on the right, our column on the left.

A person's raw record is what the list and the detail said of them, with one of their categories: `event_id`, `thin`, `detail`,
`category`, `left`. Anything but the number and the name may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any

from sync_jobs.kit import parse
from sync_jobs.kit.base import Raw, Values

ACTIVE, INACTIVE, CANCELLED, PENDING = "active", "inactive", "cancelled", "detail pending"
"""What a row's `registration_status` says; inactive: out of this category, or the person is not shown in it any more."""

GENDERS = {
    "M": "M", "MALE": "M", "MAN": "M", "F": "F", "FEMALE": "F", "WOMAN": "F", "X": "X", "NON-BINARY": "X", "NONBINARY": "X",
    "NON BINARY": "X",
}  # fmt: skip
HALF = re.compile(r"(?i)\bhalf\b(?![\s-]*(mile|k\b|km\b|hour))")
MARATHON = re.compile(r"(?i)\bmarathon\b")
LENGTH = re.compile(r"(?i)(?<![\d.])(\d+(?:\.\d+)?)[\s-]*(k|km|kilomet(?:er|re)s?|mi|miles?)\b")


def gender(value: Any, field: str) -> str | None:
    """M, F or X out of free text; what we do not know stays as it is written, and views call it unspecified."""
    written = parse.text(value, field)
    return None if written is None else GENDERS.get(written.upper(), written)


def distance(name: str | None) -> str | None:
    """How long a category is, by its name. A half marathon is looked for before a marathon."""
    if not name:
        return None
    if HALF.search(name):
        return "13.1 Miles"
    if found := LENGTH.search(name):
        return f"{found[1]}K" if found[2].lower().startswith("k") else f"{found[1]} Mile{'' if found[1] == '1' else 's'}"
    return "26.2 Miles" if MARATHON.search(name) else None


def named(value: Any, field: str) -> str | None:
    """The name of a team: an object with a name, or the name itself."""
    return parse.text(value.get("name"), field) if isinstance(value, dict) else parse.text(value, field)


def _date(value: Any, field: str) -> str | None:
    """As it is written, once it can be read. Without an offset it is taken for UTC, which only its order needs."""
    parse.iso_instant(value, field, UTC)
    return parse.text(value, field)


def _event(raw: Raw, zone: tzinfo) -> Values:
    city, state = parse.text(raw.get("location_city"), "location_city"), parse.text(raw.get("location_state"), "location_state")
    place = parse.text(raw.get("location_name"), "location_name")
    return {
        "event_id": parse.key_text(raw.get("id"), "id"),
        "organization_id": None,  # a credential is one organisation; its number is never sent
        "event_name": parse.text(raw.get("name"), "name"),
        "event_description": parse.text(raw.get("description"), "description"),
        "start_date": parse.text(raw.get("event_date"), "event_date"),
        "end_date": parse.text(raw.get("event_end_date"), "event_end_date"),
        "location": ", ".join(part for part in (place, city, state) if part) or None,
        "event_type": parse.text(raw.get("event_type"), "event_type"),
        "distance": parse.text(raw.get("distance"), "distance"),
        "registration_limit": parse.text(raw.get("registration_limit"), "registration_limit"),
        "registration_count": None,
        "registration_fee": parse.money(raw.get("base_price"), "base_price"),
        "currency": parse.text(raw.get("currency"), "currency"),
        "status": parse.text(raw.get("status"), "status"),
        "created_at": parse.text(raw.get("created_at"), "created_at"),
        "updated_at": parse.text(raw.get("updated_at"), "updated_at"),
        "city": city, "state": state,
        "starts_at": parse.iso_instant(raw.get("event_date"), "event_date", zone),  # local to the venue
    }  # fmt: skip


def _category(raw: Raw, zone: tzinfo) -> Values:  # noqa: ARG001  a category has no date of its own
    name = parse.text(raw.get("name"), "event_categories.name")
    return {
        "event_id": parse.key_text(raw.get("event_id"), "event_id"),
        "category_id": parse.key_text(raw.get("id"), "event_categories.id"),
        "name": name,
        "master_name": parse.text(raw.get("master_name"), "event_categories.master_name"),
        "distance": distance(name),
        "starts_at": None,
    }


def participant_id(number: str, category_id: str | None) -> str:
    """A person in one category: `R-204518/901`; the number alone where no category is known."""
    return number if category_id is None else f"{number}/{category_id}"


def category_id(category: Raw | None) -> str | None:
    """The id of a category, as text."""
    return None if category is None else parse.key_text(category.get("id"), "event_categories.id")


def _participant(raw: Raw, zone: tzinfo) -> Values:  # noqa: ARG001  none of these dates is local to the venue
    thin, detail = raw["thin"], raw["detail"] or {}
    person = parse.mapping(detail.get("participant"), "participant")
    category = raw["category"] or {}
    number, belongs = parse.key_text(thin.get("registration_number"), "registration_number"), category_id(raw["category"])
    key = participant_id(number, belongs)
    return {
        "id": key, "participant_id": key, "registration_number": number, "category_id": belongs,
        "event_id": parse.key_text(raw["event_id"], "event_id"),
        "bib_number": parse.text(category.get("tag_number"), "tag_number"),  # the chip's number is no bib
        **_names(thin, person),
        **_address(person),
        "email": parse.text(person.get("email") or thin.get("email"), "email"),
        "phone": parse.text(person.get("phone"), "phone"),
        "date_of_birth": parse.day(person.get("dob"), "dob"),
        "gender": gender(person.get("gender") or thin.get("gender"), "gender"),
        "nationality": None,
        "emergency_contact": _emergency(detail),
        "team_affiliation": named(thin.get("team") or detail.get("team"), "team"),
        "category": parse.text(category.get("name") or thin.get("event_category_info"), "event_categories.name"),
        "registration_date": _date(thin.get("registered_at") or detail.get("created_at"), "registered_at"),
        "registration_status": _status(raw, thin, detail, category),
        "payment_status": None,
        "amount_paid": parse.money(thin.get("transaction_amount", detail.get("transaction_amount")), "transaction_amount"),
        "special_requirements": None,
    }  # fmt: skip


def _names(thin: Raw, person: Raw) -> Values:
    """From the detail. The list has one field, which is not split: that would damage names of several words."""
    first, last = parse.text(person.get("first_name"), "first_name"), parse.text(person.get("last_name"), "last_name")
    if first is None and last is None:
        last = parse.text(thin.get("person_full_name"), "person_full_name")
    return {"first_name": first, "last_name": last}


def _address(person: Raw) -> Values:
    address = parse.mapping(person.get("address"), "participant.address")
    fields = {"city": "city", "state": "state", "postal_code": "zip_code", "country": "country"}
    return {column: parse.text(address.get(field), field) for column, field in fields.items()}


def _emergency(detail: Raw) -> str | None:
    parts = (parse.text(detail.get(f"emergency_contact_{name}"), f"emergency_contact_{name}") for name in ("name", "phone_number"))
    return ", ".join(part for part in parts if part) or None


def _status(raw: Raw, thin: Raw, detail: Raw, category: Raw) -> str:
    """Absent means not cancelled."""
    if any(parse.flag(said.get("is_cancelled"), "is_cancelled") for said in (thin, detail)):
        return CANCELLED
    if raw["left"] or parse.flag(category.get("is_active"), "is_active") is False:
        return INACTIVE
    return ACTIVE if raw["detail"] else PENDING


MAPPINGS: Mapping[str, Callable[[Raw, tzinfo], Values]] = {
    "haku_events": _event,
    "haku_categories": _category,
    "haku_participants": _participant,
}
