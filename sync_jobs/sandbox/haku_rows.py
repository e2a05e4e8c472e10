"""Haku's own words: events, the thin line of a participant, and the registration's detail, as its API writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sync_jobs.sandbox.things import Contest, Happening, Moment, Registration, State, local, number_text

GENDER = {"F": "Female", "M": "Male", "X": "Non-Binary"}
FORMS: Mapping[str, str] = {
    "space": "%Y-%m-%d %H:%M:%S", "t": "%Y-%m-%dT%H:%M:%S", "zulu": "%Y-%m-%dT%H:%M:%SZ", "fraction": "%Y-%m-%dT%H:%M:%S.250",
    "offset": "%Y-%m-%dT%H:%M:%S%z", "day": "%Y-%m-%d",
}  # fmt: skip
"""The ways in which Haku may write an instant."""
Stamp = Callable[[Moment | None], str | None]
DAY = 86_400


def stamp(at: Moment | None, zone: str, form: str = "space") -> str | None:
    """An instant in one of the forms: on the venue's clock, but in UTC where it says so."""
    return None if at is None else local(at, "UTC" if form == "zulu" else zone).strftime(FORMS[form])


def event(happening: Happening, form: str) -> dict[str, Any]:
    """One event. It does not say which distances it has, nor in which zone it is."""
    edition = happening.edition
    starts, zone, first = edition.starts_at, edition.zone, next((c for c in happening.contests if c.distance), None)
    return {
        "id": happening.number, "name": happening.name, "description": f"{edition.name}, by the water",
        "event_date": stamp(starts, zone, form), "event_end_date": stamp(starts and starts + 6 * 3600, zone, form),
        "location_name": f"{edition.city} Park", "location_city": edition.city, "location_state": edition.state,
        "event_type": "running", "distance": None if first is None else first.name, "registration_limit": 2500,
        "registration_open_date": stamp(edition.created_at, zone, form),
        "registration_close_date": stamp(starts and starts - DAY // 2, zone, form),
        "base_price": f"{happening.contests[0].fee_cents / 100:.2f}" if happening.contests else None, "currency": "USD",
        "status": "active",
    }  # fmt: skip


def thin(registration: Registration, state: State) -> dict[str, Any]:
    """One line of the list: no bib, no birth date, one name. Whoever cancelled stays on it."""
    person, zone = state.person, state.contest.happening.edition.zone
    return {
        "registration_number": number_text(registration), "person_full_name": f"{person.first_name} {person.last_name}",
        "email": person.email, "age": _age(state), "gender": GENDER.get(person.gender),
        "team": None if registration.team is None else {"name": registration.team},
        "event_category_info": state.contest.name, "is_cancelled": state.removed is not None,
        "registered_at": stamp(registration.registered_at, zone), "transaction_amount": f"{registration.fee_cents / 100:.2f}",
        "updated_at": stamp(state.modified, zone),
    }  # fmt: skip


def detail(registration: Registration, state: State, form: str) -> dict[str, Any]:
    """Everything of one registration, with the categories that it holds or held."""
    person, zone, made = state.person, state.contest.happening.edition.zone, registration.registered_at
    row = thin(registration, state)
    return {
        "registration_number": row["registration_number"],
        "created_at": stamp(made, zone, form), "updated_at": stamp(state.modified, zone, form),
        "is_cancelled": row["is_cancelled"], "cancelled_at": stamp(state.modified, zone, form) if state.removed else None,
        "transaction_amount": row["transaction_amount"],
        "participant": {
            "account_number": f"A-{registration.key}", "source_system_identifier": None,
            "first_name": person.first_name, "middle_initial": person.middle_name, "last_name": person.last_name,
            "email": person.email, "phone": person.phone, "dob": person.born and person.born.isoformat(),
            "gender": row["gender"], "created_at": stamp(made, zone, form), "updated_at": stamp(state.modified, zone, form),
            "address": {"line1": person.street, "line2": None, "city": person.city, "state": person.state,
                        "country": person.country, "zip_code": person.postal_code},
            "additional_questions": []},
        "event_categories": [
            _category(contest, registration, state, form) for contest in (state.contest, state.also, state.left) if contest],
        "emergency_contact_name": None, "emergency_contact_phone_number": None, "emergency_contact_relationship": None,
        "shirt_size_name": "Medium", "shirt_size_code": "M", "current_pace": None, "strava_athlete_identification": None,
        "formatted_submitted_result_time": None, "fundraising_option": None, "fundraised_amount": None, "fundraiser_goal": None,
        "wants_sms_communications": False, "subscription_number": None, "team": row["team"], "entity": None, "club": None,
        "partner": None, "device": "mobile", "browser": "Safari", "browser_version": "18", "os": "iOS", "os_version": "18",
        "products": [], "additional_questions": [],
    }  # fmt: skip


def _category(contest: Contest, registration: Registration, state: State, form: str) -> dict[str, Any]:
    zone, bib = contest.happening.edition.zone, state.bib
    return {
        "id": contest.number, "name": contest.name, "master_name": "Run", "is_active": contest is not state.left,
        "participation_option": "Virtual" if contest.kind == "virtual_race" else "In person", "corral_name": "B",
        "wave_name": "Wave 2", "wave_code": "W2", "tag_number": None if bib is None else str(bib),
        "chip_number": None if bib is None else f"CH{bib:06d}",
        "created_at": stamp(registration.registered_at, zone, form), "updated_at": stamp(state.modified, zone, form),
    }  # fmt: skip


def _age(state: State) -> int | None:
    born, starts = state.person.born, state.contest.happening.edition.starts_at
    if born is None or starts is None:
        return None
    day = local(starts, state.contest.happening.edition.zone).date()
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
