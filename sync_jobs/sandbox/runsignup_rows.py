"""RunSignUp's own words: races, events, participants and removed registrations, as its API writes them."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sync_jobs.sandbox.things import Contest, Edition, Happening, Moment, Person, Registration, State, local

EASTERN = "America/New_York"  # everything but the starts of events
DAY = 86_400
GENDER = {"F": "F", "M": "M"}


@lru_cache(maxsize=100_000)
def text_time(at: Moment, zone: str = EASTERN) -> str:
    """`M/D/YYYY HH:MM`, month and day not padded."""
    then = datetime.fromtimestamp(at, ZoneInfo(zone))
    return f"{then.month}/{then.day}/{then.year} {then.hour:02d}:{then.minute:02d}"


def money(cents: int) -> str:
    """`$1,234.50`."""
    return f"${cents / 100:,.2f}"


def processing_fee(cents: int) -> int:
    """What RunSignUp keeps."""
    return 100 + cents * 6 // 100 if cents else 0


def race(years: list[Happening], now: Moment, events: list[Contest] | None) -> dict[str, Any]:
    """A race over all its years; with `events`, that list too."""
    latest = years[-1]
    edition = latest.edition
    today = local(now, edition.zone).date()
    days = sorted(day for year in years if (day := _day(year.edition)))
    past, ahead = [d for d in days if d < today], [d for d in days if d >= today]
    slug = "".join(letter for letter in edition.name if letter.isalnum())
    found = {
        "race_id": latest.number, "name": latest.name,
        "last_date": _us(past[-1] if past else None), "last_end_date": _us(past[-1] if past else None),
        "next_date": _us(ahead[0] if ahead else None), "next_end_date": _us(ahead[0] if ahead else None),
        "is_draft_race": "F", "is_private_race": "F", "is_registration_open": "T" if ahead else "F",
        "created": text_time(years[0].edition.created_at), "last_modified": text_time(modified(years, now)),
        "description": f"<p>{edition.name} in {edition.city}</p>",
        "url": f"https://runsignup.example.com/Race/{edition.state}/{edition.city.replace(' ', '')}/{slug}",
        "external_race_url": None, "external_results_url": None, "fb_page_id": None, "fb_event_id": None,
        "address": {"street": "1 Pier Rd", "city": edition.city, "state": edition.state, "zipcode": edition.postal_code,
                    "country_code": edition.country},
        "timezone": edition.zone, "logo_url": None, "can_use_registration_api": "F", "real_time_notifications_enabled": "F",
    }  # fmt: skip
    return found if events is None else {**found, "events": [event(contest) for contest in events]}


def modified(years: list[Happening], now: Moment) -> int:
    """When the race's record last changed: when it was made, or a contest was added."""
    listed = [contest.listed_at for year in years for contest in year.contests if contest.listed_at <= now]
    return max(listed, default=years[0].edition.created_at)


def event(contest: Contest) -> dict[str, Any]:
    """One distance of one year."""
    edition, opens = contest.happening.edition, contest.listed_at + 10 * DAY
    closes = (edition.starts_at or opens + 300 * DAY) - 10 * 3600
    return {
        "event_id": contest.number, "race_event_days_id": contest.happening.days, "name": contest.name, "details": None,
        "start_time": None if contest.starts_at is None else text_time(contest.starts_at, edition.zone), "end_time": None,
        "age_calc_base_date": None, "registration_opens": text_time(opens), "event_type": contest.kind,
        "distance": contest.distance, "volunteer": "T" if contest.volunteer else "F", "require_dob": "T", "require_phone": "F",
        "registration_periods": [{
            "registration_opens": text_time(opens), "registration_closes": text_time(closes),
            "race_fee": money(contest.fee_cents), "processing_fee": money(processing_fee(contest.fee_cents))}],
        "giveaway": None, "previous_year_event_id": None,
    }  # fmt: skip


def participant(registration: Registration, state: State, flags: frozenset[str]) -> bytes:
    """One registration on the list."""
    fee, ordinal = registration.fee_cents, registration.ordinal
    team = registration.team
    row = {
        "user": _user(state.person, ordinal, flags), "registration_id": registration.key, "event_id": state.contest.number,
        "rsu_transaction_id": None if ordinal % 50 == 7 else 4_000_001 + ordinal,
        "transaction_id": None if ordinal % 50 == 7 else f"{ordinal * 2_654_435_761 % 2**32:08X}",
        "bib_num": state.bib, "chip_num": None if state.bib is None else str(state.bib), "age": age(state),
        "registration_date": text_time(registration.registered_at),
        "team_id": team and 600 + len(team), "team_name": team, "team_type_id": team and 3, "team_type": team and "Open",
        "team_gender": team and "X", "team_bib_num": None,
        "last_modified": state.modified, "imported": "F", **_payment(fee),
        "giveaway": f"Shirt {'SMLX'[ordinal % 4]}", "giveaway_option_id": 321 + ordinal % 4, **_blocks(ordinal, flags),
    }  # fmt: skip
    return orjson.dumps(row)


def _user(person: Person, ordinal: int, flags: frozenset[str]) -> dict[str, Any]:
    return {
        "user_id": 90_001 + ordinal, "first_name": person.first_name, "middle_name": person.middle_name,
        "last_name": person.last_name, "email": person.email,
        "address": {"street": person.street, "city": person.city, "state": person.state, "zipcode": person.postal_code,
                    "country_code": person.country},
        "dob": person.born and person.born.isoformat(),
        "gender": "X" if person.gender == "X" and "supports_nb" in flags else GENDER.get(person.gender),
        "phone": person.phone, "profile_image_url": None,
    }  # fmt: skip


def _payment(fee: int) -> dict[str, str | None]:
    charge = processing_fee(fee)
    return {
        "race_fee": money(fee), "offline_payment_amount": "$0.00", "processing_fee": money(charge),
        "processing_fee_paid_by_user": money(charge), "processing_fee_paid_by_race": "$0.00", "partner_fee": "$0.00",
        "affiliate_profit": "$0.00", "extra_fees": "$0.00", "amount_paid": money(fee + charge),
        "usatf_discount_amount_in_cents": "$0.00", "usatf_discount_additional_field": None,
    }  # fmt: skip


def _blocks(ordinal: int, flags: frozenset[str]) -> dict[str, Any]:
    """What comes only when asked for. The shapes of fundraisers, bundles and waivers are ASSUMED: no page shows them."""
    found: dict[str, Any] = {}
    if "include_questions" in flags:
        found["question_responses"] = [{"question_id": 1, "question_text": "Shirt?", "response": "SMLX"[ordinal % 4]}]
    if "include_registration_addons" in flags:
        found["participant_addons"] = [{"addon_id": 1, "addon_name": "Mug", "quantity": 1, "amount": "$10.00"}] * (ordinal % 9 == 0)
    if "include_fundraisers" in flags:
        raising = ordinal % 11 == 0
        found |= {"fundraiser_id": 700 + ordinal if raising else None, "fundraiser_charity_id": 12 if raising else None,
                  "fundraiser_charity_name": "Harbour Rescue Fund" if raising else None, "team_fundraiser_id": None}  # fmt: skip
    if "include_multi_race_bundle_info" in flags:
        bundled = ordinal % 13 == 0
        found |= {"multi_race_bundle_id": 40 if bundled else None, "multi_race_bundle": "Spring Series" if bundled else None}
    if "include_waiver_info" in flags or "include_multiple_waivers" in flags:
        found["signed_waiver_details"] = [{"signature": "electronic", "ip_address": "192.0.2.1"}]
    return found


def removed(registration: Registration, state: State) -> dict[str, Any]:
    """One registration that is no longer on the list."""
    fee, why = registration.fee_cents, state.removed
    then, gone = local(registration.registered_at, EASTERN), local(state.modified, EASTERN)
    successor = why.successor.key if why and why.successor else None
    return {
        "user": _user(state.person, registration.ordinal, frozenset({"supports_nb"})), "registration_id": registration.key,
        "age": age(state), "registration_date": f"{then:%Y-%m-%d %H:%M:%S}", "last_modified": f"{gone:%Y-%m-%d %H:%M:%S}",
        "last_modified_ts": state.modified, "imported": "F", "race_fee": money(fee), "processing_fee": money(processing_fee(fee)),
        "amount_paid": money(fee + processing_fee(fee)), "removed_reason": why.reason if why else None,
        "new_registration_id": successor,
    }  # fmt: skip


def age(state: State) -> int | None:
    """On race day."""
    born, day = state.person.born, _day(state.contest.happening.edition)
    if born is None or day is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def template() -> dict[str, Any]:
    """The row that is no person, for callers who ask for it."""
    return {"user": {"user_id": -1, "first_name": "Template", "last_name": "Participant"}, "registration_id": -1}


@lru_cache(maxsize=4096)
def _day(edition: Edition) -> date | None:
    return None if edition.starts_at is None else local(edition.starts_at, edition.zone).date()


def _us(day: date | None) -> str | None:
    return None if day is None else f"{day:%m/%d/%Y}"


day_of = _day
