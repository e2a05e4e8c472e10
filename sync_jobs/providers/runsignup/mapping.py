"""RunSignUp's records as the columns of the customer's tables: their field is our column, unless said."""

from __future__ import annotations

from collections.abc import Callable

from sync_jobs import times
from sync_jobs.kit import parse
from sync_jobs.kit.base import Raw, Values

EASTERN = "America/New_York"  # RunSignUp's own zone, for a race that names none


def _names(words: str) -> tuple[str, ...]:
    return tuple(words.split())


RACE_TEXTS = _names(
    "name last_date last_end_date next_date next_end_date is_draft_race is_private_race is_registration_open created last_modified "
    "description url external_race_url external_results_url fb_page_id fb_event_id timezone logo_url "
    "real_time_notifications_enabled"
)
RACE_ADDRESS = _names("street street2 city state zipcode country_code")
EVENT_TEXTS = _names(
    "name details start_time end_time age_calc_base_date registration_opens event_type distance volunteer require_dob require_phone"
)
PERSON_TEXTS = _names("first_name middle_name last_name email dob gender phone profile_image_url")
PERSON_ADDRESS = _names("street city state zipcode country_code")
SIGN_UP_TEXTS = _names(
    "bib_num chip_num team_name team_type team_gender team_bib_num imported transaction_id "
    "usatf_discount_additional_field fundraiser_charity_name"
)
SIGN_UP_NUMBERS = _names(
    "race_id event_id registration_id age team_id team_type_id last_modified rsu_transaction_id giveaway_option_id fundraiser_id "
    "fundraiser_charity_id team_fundraiser_id multi_race_bundle_id"
)
SIGN_UP_MONEY = _names(
    "race_fee offline_payment_amount processing_fee processing_fee_paid_by_user processing_fee_paid_by_race partner_fee "
    "affiliate_profit extra_fees amount_paid usatf_discount_amount_in_cents"
)
SIGN_UP_DOCUMENTS = _names("giveaway multi_race_bundle signed_waiver_details")  # text, or an object that is kept as JSON


def _race(raw: Raw) -> Values:
    values: Values = {"race_id": parse.key_integer(raw.get("race_id"), "race_id")}
    return values | parse.texts(raw, RACE_TEXTS) | parse.texts(parse.mapping(raw.get("address"), "address"), RACE_ADDRESS)


def _event(raw: Raw) -> Values:
    values: Values = {name: parse.key_integer(raw.get(name), name) for name in ("event_id", "race_id")}
    values["race_event_days_id"] = parse.integer(raw.get("race_event_days_id"), "race_event_days_id")
    values |= parse.texts(raw, EVENT_TEXTS)
    values["giveaway"] = parse.document(raw.get("giveaway"), "giveaway")
    zone = times.zone(parse.text(raw.get("timezone"), "timezone"), fallback=EASTERN)
    values["starts_at"] = parse.american_instant(raw.get("start_time"), "start_time", zone)
    return values


def _participant(raw: Raw) -> Values:
    user = parse.mapping(raw.get("user"), "user")
    values: Values = {
        **parse.integers(raw, SIGN_UP_NUMBERS),
        **parse.texts(user, PERSON_TEXTS),
        **parse.texts(parse.mapping(user.get("address"), "address"), PERSON_ADDRESS),
        "user_id": parse.integer(user.get("user_id"), "user_id"),
        **parse.texts(raw, SIGN_UP_TEXTS),
        **parse.amounts(raw, SIGN_UP_MONEY),
        "registration_date": parse.american_text(raw.get("registration_date"), "registration_date"),
        **{name: parse.document(raw.get(name), name) for name in SIGN_UP_DOCUMENTS},
    }
    parse.key_integer(values["event_id"], "event_id")
    return values


# ASSUMED: how `participant-counts` may name what it counts


COUNTS: dict[str, tuple[str, ...]] = {
    "registered_count": ("registered_count", "num_registered", "num_participants", "count"),
    "completed_count": ("completed_count", "num_completed"),
    "active_count": ("active_count", "num_active"),
    "incomplete_count": ("incomplete_count", "num_incomplete"),
    "registered_male_count": ("registered_male_count", "num_male"),
    "registered_female_count": ("registered_female_count", "num_female"),
    "registered_non_binary_count": ("registered_non_binary_count", "num_non_binary"),
    "registered_unspecified_count": ("registered_unspecified_count", "num_unspecified"),
    "group_count": ("group_count", "num_groups"),
    "donations_count": ("donations_count", "num_donations"),
}


def _count(raw: Raw) -> Values:
    values: Values = {name: parse.key_integer(raw.get(name), name) for name in ("race_id", "event_id")}
    for column, names in COUNTS.items():
        values[column] = parse.integer(next((raw[name] for name in names if raw.get(name) is not None), None), column)
    values["donations_total"] = parse.money(raw.get("donations_total"), "donations_total")
    return values


MAPPINGS: dict[str, Callable[[Raw], Values]] = {
    "runsignup_races": _race,
    "runsignup_events": _event,
    "runsignup_participants": _participant,
    "runsignup_participant_counts": _count,
}
