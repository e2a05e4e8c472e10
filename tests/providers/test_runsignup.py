"""RunSignUp's quirks: errors with HTTP 200, rows in odd places, dates in three forms, people who vanish."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

import pytest

from sync_jobs.errors import (
    AccessDenied,
    CredentialsRejected,
    NotThere,
    ProviderDown,
    ProviderThrottled,
    ReadIncomplete,
    RequestRefused,
    UnexpectedReply,
    UnreadableRow,
)  # fmt: skip
from sync_jobs.providers.runsignup import RunSignUp
from sync_jobs.records import Scope
from sync_jobs.sandbox import servers
from sync_jobs.sandbox.world import World
from tests.kit.standin import NOW, Answer, access, stand_in

SCOPE = Scope(happening_id="70001", contest_ids=("80001", "80002"), timezone="America/New_York")
ADA = {  # as the provider's own documentation shows a participant
    "user": {"user_id": 90001, "first_name": "Ada", "middle_name": None, "last_name": "Sample ", "email": "ada@example.com",
             "address": {"street": "2 Low St", "city": "Sampletown", "state": "NJ", "zipcode": "08000", "country_code": "US"},
             "dob": "1986-01-06", "gender": "X", "phone": "856-555-0100", "profile_image_url": None},
    "registration_id": 5000001, "event_id": 80001, "rsu_transaction_id": 4000001, "transaction_id": "AB12CD34",
    "bib_num": 101, "chip_num": "101", "age": 40, "registration_date": "2/7/2026 15:15",
    "team_id": None, "team_name": None, "team_type_id": None, "team_type": None, "team_gender": None, "team_bib_num": None,
    "last_modified": 1770495300, "imported": "F", "race_fee": "$35.00", "offline_payment_amount": "$0.00",
    "processing_fee": "$3.10", "processing_fee_paid_by_user": "$3.10",
    "processing_fee_paid_by_race": "$0.00", "partner_fee": "$0.00",
    "affiliate_profit": "$0.00", "extra_fees": "$0.00", "amount_paid": "$38.10", "usatf_discount_amount_in_cents": "$0.00",
    "usatf_discount_additional_field": None, "giveaway": "Shirt M", "giveaway_option_id": 321,
}  # fmt: skip
RACE = {
    "race_id": 70001, "name": "Harbor Run", "last_date": None, "next_date": "05/17/2026", "is_draft_race": "F",
    "is_private_race": "F", "is_registration_open": "T", "created": "12/19/2024 11:47", "last_modified": "1/11/2026 01:58",
    "url": "https://races.example.com/70001", "timezone": "America/Denver",
    "address": {"street": "1 Pier Rd", "city": "Sampletown", "state": "NJ", "zipcode": "08000", "country_code": "US"},
}  # fmt: skip
EVENT = {
    "event_id": 80001, "race_event_days_id": 60001, "name": "5K ", "details": None, "start_time": "5/17/2026 09:00",
    "end_time": None, "age_calc_base_date": None, "registration_opens": "1/2/2026 00:00", "event_type": "running_race",
    "distance": "5K", "volunteer": "F", "require_dob": "T", "require_phone": "F", "giveaway": None,
}  # fmt: skip


@pytest.fixture
def provider():
    with stand_in() as it:
        yield it


@pytest.fixture
def adapter(provider):
    made = RunSignUp(access({"RUNSIGNUP_URL": f"{provider.url}/rest"}))
    yield made
    made.close()


def person(number: int, **changes: object) -> dict[str, object]:
    return {**copy.deepcopy(ADA), "registration_id": number, **changes}


def page(*people: object, event: int = 80001) -> dict[str, object]:
    return {"event": {"event_id": event, "participants": []}, "participants": list(people)}


def keys(pages) -> list[int]:
    return [row.key[0] for found in pages for row in found.rows]


# What is asked


def test_a_full_reading_asks_for_all_events_at_once_in_the_order_of_ids(provider, adapter):
    provider.give(Answer(body=[page()]))
    list(adapter.registrations(SCOPE, None, None))
    asked = provider.asked[0]
    assert asked.path == "/rest/race/70001/participants"
    assert {name: asked.query[name] for name in ("event_id", "results_per_page", "sort", "supports_nb", "format")} == {
        "event_id": "80001,80002", "results_per_page": "2500", "sort": "registration_id ASC", "supports_nb": "T", "format": "json",
    }  # fmt: skip
    assert "modified_after_timestamp" not in asked.query
    assert "include_template_participant" not in asked.query


def test_changes_are_asked_for_in_unix_seconds_ten_before_the_mark(provider, adapter):
    provider.give(Answer(body=[page()]))
    list(adapter.registrations(SCOPE, NOW, None))
    list(adapter.removed(SCOPE, NOW))
    assert {asked.query["modified_after_timestamp"] for asked in provider.asked} == {str(int(NOW.timestamp()) - 10)}


def test_the_list_of_races_reaches_the_past_and_has_events(provider, adapter):
    provider.give(Answer(body={"races": []}))
    list(adapter.discover(NOW, None))
    query = provider.asked[0].query
    assert (query["events"], query["start_date"] < "2011", query["results_per_page"]) == ("T", True, "1000")
    assert query["modified_since"] == "2026-06-11"  # a day earlier: their day ends later than ours


def test_without_contests_nothing_is_asked(provider, adapter):
    empty = Scope(happening_id="70001", contest_ids=(), timezone="UTC")
    assert list(adapter.registrations(empty, None, None)) == list(adapter.removed(empty, None)) == []
    assert not provider.asked


# Where the rows stand


@pytest.mark.parametrize(
    "body",
    [
        [page(person(1)), page(person(2, event_id=80002), event=80002)],
        [page(person(1), person(2, event_id=80002)), {"event": {"event_id": 80002, "participants": []}}],  # one carries all
        page(person(1), person(2, event_id=80002)),  # the documentation's drawing
        [{"event": {"event_id": 80001}, "participants": [person(1), person(2, event_id=80002)]}],
    ],
)
def test_people_are_found_in_every_shape_and_belong_to_their_own_event(provider, adapter, body):
    provider.give(Answer(body=body), Answer(body=[page()]))
    pages = list(adapter.registrations(SCOPE, None, None))
    rows = [adapter.values(one.table, row.raw) for one in pages for row in one.rows]
    assert [(row["registration_id"], row["event_id"], row["race_id"]) for row in rows] == [(1, 80001, 70001), (2, 80002, 70001)]


def test_a_row_without_an_event_has_its_elements(provider, adapter):
    ada = person(1)
    del ada["event_id"]
    provider.give(Answer(body=[page(ada, event=80002)]), Answer(body=[page()]))
    found = next(adapter.registrations(SCOPE, None, None))
    assert adapter.values(found.table, found.rows[0].raw)["event_id"] == 80002


@pytest.mark.parametrize("body", [[], [{"event": {"event_id": 80001, "participants": []}}], [page()], [page(), page(event=80002)]])
def test_nobody_is_nobody(provider, adapter, body):
    provider.give(Answer(body=body))
    assert keys(adapter.registrations(SCOPE, None, None)) == []
    assert len(provider.asked) == 1


@pytest.mark.parametrize(
    "body",
    [
        {}, {"races": []}, ["x"], [[]], {"participants": "none"}, [{"participants": {"1": {}}}],
        [{"event": {"event_id": 80001, "participants": [ADA]}, "participants": []}],  # a place that was always empty
    ],
)  # fmt: skip
def test_a_shape_that_we_do_not_know_is_said_and_not_taken_for_nobody(provider, adapter, body):
    provider.give(Answer(body=body))
    with pytest.raises(UnexpectedReply):
        list(adapter.registrations(SCOPE, None, None))


def test_the_template_is_nobody(provider, adapter):
    template = {"user": {"first_name": "Template"}, "registration_id": -1, "event_id": 80001}
    provider.give(Answer(body=[page(template, person(1))]), Answer(body=[page(template)]))
    pages = list(adapter.registrations(SCOPE, None, None))
    assert keys(pages) == [1]
    assert [one.aside for one in pages] == [[], []]


def test_the_template_alone_is_an_empty_list(provider, adapter):
    provider.give(Answer(body=[page({"registration_id": -1, "event_id": 80001})]))
    assert keys(adapter.registrations(SCOPE, None, None)) == []
    assert len(provider.asked) == 1


def test_a_keyset_without_effect_is_an_incomplete_reading(provider, adapter):
    provider.give(Answer(body=[page(person(1), person(2))]))
    with pytest.raises(ReadIncomplete):
        list(adapter.registrations(SCOPE, None, None))


def test_a_page_that_is_counted_by_event_is_not_trusted(provider, adapter):
    provider.give(Answer(body=[page(*({"registration_id": n} for n in range(1, 2502)))]))
    with pytest.raises(ReadIncomplete):
        list(adapter.registrations(SCOPE, None, None))


# Errors inside HTTP 200


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (1, RequestRefused), (2, RequestRefused), (3, RequestRefused), (4, ProviderDown), (5, ProviderDown),
        (6, CredentialsRejected),
        (7, AccessDenied), (8, RequestRefused), (9, RequestRefused), (10, RequestRefused), (13, CredentialsRejected),
        (14, ProviderThrottled), (15, NotThere), (17, CredentialsRejected), (102, CredentialsRejected), (201, NotThere),
        (223, NotThere), (9999, RequestRefused), ("6", CredentialsRejected), (None, UnexpectedReply),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [200, 400])
def test_each_code_is_classed_by_who_must_act(provider, adapter, code, failure, status):
    provider.give(Answer(status=status, body={"error": {"error_code": code, "error_msg": "Whatever."}, "error_details": []}))
    with pytest.raises(failure) as caught:
        list(adapter.registrations(SCOPE, None, None))
    assert "Whatever" not in str(caught.value)


def test_permission_denied_for_the_list_is_the_key_and_for_a_race_is_the_race(provider, adapter):
    provider.give(Answer(body={"error": {"error_code": 7, "error_msg": "Permission Denied"}}))
    with pytest.raises(CredentialsRejected):
        adapter.test()
    with pytest.raises(AccessDenied):
        list(adapter.registrations(SCOPE, None, None))


def test_an_error_as_text_is_unexpected(provider, adapter):
    provider.give(Answer(body={"error": "invalid_client"}))
    with pytest.raises(UnexpectedReply):
        adapter.test()


# Values


def test_a_participant_as_the_tables_hold_it(adapter):
    row = adapter.values("runsignup_participants", {**ADA, "race_id": "70001"})
    assert row["race_id"] == 70001
    assert row["age"] == 40  # beside the user, not in it
    assert (row["zipcode"], row["country_code"], row["gender"]) == ("08000", "US", "X")
    assert (row["bib_num"], row["chip_num"]) == ("101", "101")
    assert (row["last_modified"], row["registration_date"]) == (1770495300, "2/7/2026 15:15")
    assert (row["last_name"], row["middle_name"]) == ("Sample", None)
    assert (row["race_fee"], row["amount_paid"], row["usatf_discount_amount_in_cents"]) == ("$35.00", "$38.10", "$0.00")
    assert (row["transaction_id"], row["rsu_transaction_id"], row["user_id"]) == ("AB12CD34", 4000001, 90001)


def test_nulls_and_numbers_where_text_is_usual(adapter):
    bare = person(
        1, bib_num=None, chip_num=None, age=None, rsu_transaction_id=None, transaction_id=4000001, race_id="70001", user={}
    )
    row = adapter.values("runsignup_participants", bare)
    assert (row["bib_num"], row["age"], row["transaction_id"], row["email"], row["city"]) == (None, None, "4000001", None, None)


def test_optional_blocks_are_kept_as_json(adapter):
    row = adapter.values("runsignup_participants", person(1, race_id="1", signed_waiver_details=[{"signature": "electronic"}]))
    assert row["signed_waiver_details"] == '[{"signature":"electronic"}]'


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"age": "abc"}, "age"), ({"registration_date": "13/45/2026 99:00"}, "registration_date"), ({"user": "Ada"}, "user"),
        ({"last_modified": "yesterday"}, "last_modified"), ({"event_id": None}, "event_id"), ({"bib_num": []}, "bib_num"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_names_its_field(adapter, changes, field):
    with pytest.raises(UnreadableRow) as caught:
        adapter.values("runsignup_participants", person(1, race_id="70001", **changes))
    assert caught.value.field == field


# Races and events


def discovered(adapter):
    found: dict[str, list[dict[str, object]]] = {}
    for one in adapter.discover(None, None):
        found.setdefault(one.table, []).extend(adapter.values(one.table, row.raw) for row in one.rows)
    return found


def test_an_event_starts_in_the_zone_of_its_race(provider, adapter):
    provider.give(Answer(body={"races": [{"race": {**RACE, "events": [EVENT]}}]}), Answer(body={"races": []}))
    found = discovered(adapter)
    event = found["runsignup_events"][0]
    assert event["starts_at"] == datetime(2026, 5, 17, 15, tzinfo=UTC)  # nine in Denver
    assert (event["name"], event["race_id"], event["race_event_days_id"], event["volunteer"]) == ("5K", 70001, 60001, "F")
    assert event["start_time"] == "5/17/2026 09:00"  # the customer's column keeps the provider's form
    race = found["runsignup_races"][0]
    assert (race["city"], race["zipcode"], race["timezone"], race["next_date"]) == (
        "Sampletown",
        "08000",
        "America/Denver",
        "05/17/2026",
    )


@pytest.mark.parametrize(("start", "instant"), [("", None), (None, None), ("5/17/2026", datetime(2026, 5, 17, 4, tzinfo=UTC))])
def test_starts_that_are_missing_or_days_and_races_without_a_zone(provider, adapter, start, instant):
    race = {**RACE, "timezone": None, "events": [{**EVENT, "start_time": start}]}
    provider.give(Answer(body={"races": [{"race": race}]}), Answer(body={"races": []}))
    assert discovered(adapter)["runsignup_events"][0]["starts_at"] == instant


def test_the_digest_of_a_race_does_not_move_with_its_events(provider, adapter):
    digests = set()
    for events in ([EVENT], [EVENT, {**EVENT, "event_id": 80002}]):
        provider.give(Answer(body={"races": [{"race": {**RACE, "events": events}}]}), Answer(body={"races": []}))
        digests |= {row.digest for one in adapter.discover(None, None) if one.table == "runsignup_races" for row in one.rows}
    assert len(digests) == 1


def test_the_digest_of_an_event_moves_with_the_zone_of_its_race(provider, adapter):
    digests = set()
    for zone in ("America/Denver", "America/Chicago"):
        provider.give(Answer(body={"races": [{"race": {**RACE, "timezone": zone, "events": [EVENT]}}]}), Answer(body={"races": []}))
        digests |= {row.digest for one in adapter.discover(None, None) if one.table == "runsignup_events" for row in one.rows}
    assert len(digests) == 2


def test_a_race_without_a_list_of_events_is_asked_for_by_itself(provider, adapter):
    provider.give(
        Answer(body={"races": [{"race": RACE}]}), Answer(body={"race": {**RACE, "events": [EVENT]}}), Answer(body={"races": []})
    )
    assert len(discovered(adapter)["runsignup_events"]) == 1
    assert (provider.asked[1].path, provider.asked[1].query["most_recent_events_only"]) == ("/rest/race/70001", "T")


def test_a_race_that_has_no_events_yet_is_not(provider, adapter):
    provider.give(Answer(body={"races": [{"race": {**RACE, "events": []}}]}), Answer(body={"races": []}))
    assert discovered(adapter)["runsignup_events"] == []
    assert len(provider.asked) == 2


def test_the_list_of_races_must_be_one(provider, adapter):
    provider.give(Answer(body={"races": None}))
    with pytest.raises(UnexpectedReply):
        list(adapter.discover(None, None))


def test_a_race_that_nobody_can_name_is_set_aside(provider, adapter):
    provider.give(
        Answer(body={"races": [{"race": {"name": "?"}}, {"race": {**RACE, "events": [EVENT, "x"]}}]}), Answer(body={"races": []})
    )
    pages = list(adapter.discover(None, None))
    assert [(one.table, len(one.rows), [row.field for row in one.aside]) for one in pages[:2]] == [
        ("runsignup_races", 1, ["race_id"]),
        ("runsignup_events", 1, ["event_id"]),
    ]


# Who left


REMOVED = {"user": ADA["user"], "registration_id": 5000002, "age": 36, "registration_date": "2026-02-07 15:20:36",
           "last_modified": "2026-03-01 09:54:37", "last_modified_ts": 1772376877, "removed_reason": "transferred",
           "new_registration_id": 5000009}  # fmt: skip


def test_who_left_stands_inside_the_event_with_reason_and_successor(provider, adapter):
    plain = {**REMOVED, "registration_id": 5000003, "removed_reason": None, "new_registration_id": None}
    provider.give(Answer(body=[{"event": {"event_id": 80001, "participants": [REMOVED, plain]}}]), Answer(body=[]))
    left = [one for batch in adapter.removed(SCOPE, None) for one in batch]
    assert [(one.key, one.reason, one.successor) for one in left] == [
        ((5000002,), "transferred", "5000009"),
        ((5000003,), "removed", None),
    ]


def test_a_removed_row_without_an_id_is_said(provider, adapter):
    provider.give(Answer(body=[{"event": {"event_id": 80001, "participants": [{**REMOVED, "new_registration_id": "x"}]}}]))
    with pytest.raises(UnexpectedReply):
        list(adapter.removed(SCOPE, None))


def test_the_simulated_list_of_who_left_is_read_in_pages():
    world = World.regular(anchor=NOW, editions=1, contests=2, each=30)
    happening = world.happenings[0]
    gone = [registration for contest in happening.contests for registration in contest.registrations[:20]]
    for registration in gone[:-1]:
        world.remove(registration, NOW, "deferred")
    successor = world.remove(gone[-1], NOW, into=happening.contests[0])
    scope = Scope(happening_id=happening.uid, contest_ids=tuple(str(c.number) for c in happening.contests), timezone="UTC")
    later = NOW + timedelta(minutes=1)
    with servers.start(world, clock=lambda: later) as running:
        running.faults.add("page_cap", 7)
        adapter = RunSignUp(access(running.urls, secrets=running.credentials(1, "runsignup")))
        left = {one.key[0]: one for batch in adapter.removed(scope, NOW - timedelta(minutes=1)) for one in batch}
        none = [one for batch in adapter.removed(scope, later + timedelta(minutes=1)) for one in batch]
        adapter.close()
    assert set(left) == {registration.key for registration in gone}
    assert (left[gone[-1].key].reason, left[gone[-1].key].successor) == ("transferred", str(successor.key))
    assert left[gone[0].key].reason == "deferred"
    assert none == []


# The provider's own counts: an assumed form


@pytest.mark.parametrize("wrap", ["counts", "participant_counts", None])
def test_counts_in_the_forms_we_can_think_of(provider, adapter, wrap):
    items = [
        {"event_id": 80001, "num_registered": 40, "donations_total": "$25.00"},
        {"event": {"event_id": 80002}, "registered_count": 2},
    ]
    provider.give(Answer(body={wrap: items} if wrap else items))
    rows = [adapter.values(one.table, row.raw) for one in adapter.counts(SCOPE) for row in one.rows]
    assert [(row["race_id"], row["event_id"], row["registered_count"]) for row in rows] == [(70001, 80001, 40), (70001, 80002, 2)]
    assert rows[0]["donations_total"] == "$25.00"


def test_counts_in_another_form_are_said(provider, adapter):
    provider.give(Answer(body={"total": 3}))
    with pytest.raises(UnexpectedReply):
        list(adapter.counts(SCOPE))
