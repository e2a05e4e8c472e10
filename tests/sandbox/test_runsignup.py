"""The simulated RunSignUp, held against what its documentation and captured answers show."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

PARTICIPANT = {
    "user", "registration_id", "event_id", "rsu_transaction_id", "transaction_id", "bib_num", "chip_num", "age",
    "registration_date", "team_id", "team_name", "team_type_id", "team_type", "team_gender", "team_bib_num", "last_modified",
    "imported", "race_fee", "offline_payment_amount", "processing_fee", "processing_fee_paid_by_user",
    "processing_fee_paid_by_race", "partner_fee", "affiliate_profit", "extra_fees", "amount_paid",
    "usatf_discount_amount_in_cents", "usatf_discount_additional_field", "giveaway", "giveaway_option_id",
}  # fmt: skip
USER = {"user_id", "first_name", "middle_name", "last_name", "email", "address", "dob", "gender", "phone", "profile_image_url"}
ADDRESS = {"street", "city", "state", "zipcode", "country_code"}
REMOVED = {
    "user", "registration_id", "age", "registration_date", "last_modified", "last_modified_ts", "imported", "race_fee",
    "processing_fee", "amount_paid", "removed_reason", "new_registration_id",
}  # fmt: skip
RACE = {
    "race_id", "name", "last_date", "next_date", "is_draft_race", "is_private_race", "is_registration_open", "created",
    "last_modified", "url", "address", "timezone",
}  # fmt: skip
EVENT = {
    "event_id", "race_event_days_id", "name", "details", "start_time", "end_time", "age_calc_base_date", "registration_opens",
    "event_type", "distance", "volunteer", "require_dob", "require_phone", "registration_periods", "giveaway",
    "previous_year_event_id",
}  # fmt: skip
ANYBODY = {"api_key": None, "api_secret": None}


def code(answer):
    return answer["error"]["error_code"]


def events_of(client, race, **query):
    return [event["event_id"] for event in client.runsignup(f"/race/{race}", **query)["race"]["events"]]


def test_without_format_json_it_answers_in_xml(client):
    keys = client.running.credentials(1, "runsignup")
    reply = client.session.get(client.running.urls["RUNSIGNUP_URL"] + "/races", params=keys)
    assert reply.headers["Content-Type"].startswith("text/xml")
    assert reply.text.startswith("<?xml")


def test_the_case_of_the_path_does_not_matter(client):
    assert client.runsignup("/Races") == client.runsignup("/races")
    base = client.running.base
    reply = client.session.get(f"{base}/runsignup/Rest/races", params={"format": "json"})
    assert reply.json()["races"]


def test_races_are_wrapped_and_hide_the_past_and_their_events(client):
    upcoming = client.runsignup("/races", **ANYBODY)["races"]
    everything = client.runsignup("/races", start_date="2000-01-01", events="T", **ANYBODY)["races"]
    assert len(upcoming) < len(everything)
    assert upcoming[0]["race"].keys() >= RACE
    assert "events" not in upcoming[0]["race"]
    assert all(event.keys() == EVENT for one in everything for event in one["race"]["events"])


def test_a_race_lists_all_years_but_a_list_only_the_current_one(client):
    races = client.runsignup("/races", events="T", start_date="2000-01-01", **ANYBODY)["races"]
    listed = {one["race"]["race_id"]: one["race"]["events"] for one in races}
    race = next(number for number, events in listed.items() if len(events_of(client, number)) > len(events))
    days = {event["race_event_days_id"] for event in client.runsignup(f"/race/{race}")["race"]["events"]}
    assert len(days) == 2
    current = [event["event_id"] for event in listed[race]]
    assert events_of(client, race, most_recent_events_only="T") == current
    assert events_of(client, race, race_event_days_id=max(days)) != events_of(client, race, race_event_days_id=min(days))


def test_dates_are_written_as_runsignup_writes_them(client):
    race = client.runsignup("/race/70001")["race"]
    assert race["next_date"] == "06/12/2026"
    today = [event for event in race["events"] if event["start_time"].startswith("6/12/2026 ")]
    assert today[0]["name"].endswith(" ")
    row = client.people(70001, today[0]["event_id"])[0]
    assert row["last_modified"] == int(row["last_modified"])
    assert len(row["registration_date"].split("/")) == 3


def test_races_are_paged_sorted_and_filtered(client):
    every = [r["race"]["name"] for r in client.runsignup("/races", start_date="2000-01-01", sort="name ASC")["races"]]
    assert every == sorted(every)
    paged = [
        r["race"]["name"]
        for page in (1, 2, 3, 4, 5, 6, 7, 8)
        for r in client.runsignup("/races", start_date="2000-01-01", sort="name ASC", page=page, results_per_page=1)["races"]
    ]
    assert paged == every[:8]
    assert client.runsignup("/races", start_date="2000-01-01", modified_since="tomorrow")["races"] == []
    assert code(client.runsignup("/races", start_date="yesterday")) == 9


def test_undated_races_are_listed(client):
    for partner in (1, 2, 3, 4):
        client.partner = partner
        for one in client.runsignup("/races", events="T")["races"]:
            if one["race"]["next_date"] is None and one["race"]["last_date"] is None:
                assert {event["start_time"] for event in one["race"]["events"]} == {None}
                return
    pytest.fail("no undated race")


def test_participants_stand_beside_the_event_and_never_in_it(client):
    event = events_of(client, 70001, most_recent_events_only="T")[0]
    answer = client.runsignup("/race/70001/participants", event_id=event)
    assert isinstance(answer, list)
    assert answer[0]["event"]["participants"] == []
    row = answer[0]["participants"][0]
    assert row.keys() == PARTICIPANT
    assert row["user"].keys() == USER
    assert row["user"]["address"].keys() == ADDRESS
    assert row["race_fee"] == "$35.00"


def test_several_events_come_in_one_answer_and_an_empty_one_may_lack_the_list(client):
    events = events_of(client, 70001, most_recent_events_only="T")
    answer = client.runsignup("/race/70001/participants", event_id=",".join(map(str, events)), results_per_page=2500)
    assert [element["event"]["event_id"] for element in answer] == events
    assert any("participants" not in element for element in answer)
    assert all(row["event_id"] == element["event"]["event_id"] for element in answer for row in element.get("participants", []))
    client.running.faults.add("one_list")
    crowded = client.runsignup("/race/70001/participants", event_id=",".join(map(str, events)), results_per_page=2500)
    assert {row["event_id"] for row in crowded[0]["participants"]} > {events[0]}


def test_pages_by_number_and_by_key_reach_everybody_once(even):
    whole = [row["registration_id"] for row in even.people(70001, "80001,80002", results_per_page=2500)]
    assert len(whole) == len(set(whole)) == 60
    pages = [even.people(70001, "80001,80002", page=page, results_per_page=25, sort="registration_id ASC") for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [25, 25, 10, 0]
    after, keys = 0, []
    while rows := even.people(70001, 80001, after_registration_id=after, results_per_page=7):
        keys += [row["registration_id"] for row in rows]
        after = keys[-1]
    assert sorted(keys) == sorted(row["registration_id"] for row in even.people(70001, 80001, results_per_page=2500))


def test_a_page_has_fifty_rows_unless_asked_and_never_more_than_2500(even):
    assert len(even.people(70001, "80001,80002")) == 50
    assert even.runsignup("/race/70001/participants", event_id="80001", results_per_page=9999)[0]["participants"]


def test_sorting(even):
    bibs = [row["bib_num"] for row in even.people(70001, 80001, sort="bib_num DESC")]
    assert bibs == sorted(bibs, reverse=True)
    names = [row["user"]["last_name"] for row in even.people(70001, 80001, sort="last_name,first_name")]
    assert names == sorted(names)
    assert code(even.runsignup("/race/70001/participants", event_id=80001, sort="height")) == 3


def test_modified_since_is_inclusive_and_in_seconds(client, clock):
    event = events_of(client, 70001, most_recent_events_only="T")[0]
    added = client.control("register", contest=event, first_name="Zoë").json()["registration"]
    since = int(clock.now.timestamp())
    assert added in [row["registration_id"] for row in client.people(70001, event, modified_after_timestamp=since)]
    later = [row["registration_id"] for row in client.people(70001, event, modified_after_timestamp=since + 1)]
    assert added not in later
    assert code(client.runsignup("/race/70001/participants", event_id=event, modified_after_timestamp="2026-06-12 15:00:00")) == 3


def test_who_is_removed_vanishes_and_stands_on_the_other_list(client, clock):
    race, events = 70001, events_of(client, 70001, most_recent_events_only="T")
    added = client.control("register", contest=events[0]).json()["registration"]
    clock.forward(minutes=1)
    successor = client.control("remove", registration=added, into=events[1]).json()["successor"]
    since = int(clock.now.timestamp())
    answer = client.runsignup(f"/race/{race}/removed-participants", event_id=events[0], modified_after_timestamp=since)
    assert "participants" not in answer[0]
    row = answer[0]["event"]["participants"][0]
    assert row.keys() == REMOVED
    assert (row["registration_id"], row["removed_reason"], row["new_registration_id"]) == (added, "transferred", successor)
    assert (row["last_modified"], row["last_modified_ts"]) == ("2026-06-12 11:01:00", since)
    assert added not in [one["registration_id"] for one in client.people(race, events[0], results_per_page=2500)]
    assert successor in [one["registration_id"] for one in client.people(race, events[1], results_per_page=2500)]


def test_what_changes_by_itself_is_found_by_asking_for_changes(client, clock):
    event = ",".join(map(str, events_of(client, 70001, most_recent_events_only="T")))
    before = {row["registration_id"]: row for row in client.people(70001, event, results_per_page=2500)}
    since = int(clock.now.timestamp())
    clock.forward(hours=1)
    after = {row["registration_id"]: row for row in client.people(70001, event, results_per_page=2500)}
    found = {row["registration_id"] for row in client.people(70001, event, results_per_page=2500, modified_after_timestamp=since)}
    assert found == {key for key, row in after.items() if before.get(key) != row}
    assert found - before.keys()


def test_non_binary_only_for_those_who_can_handle_it(full, clock):
    from sync_jobs.sandbox import servers
    from tests.sandbox.conftest import Client

    with servers.start(full, clock=clock) as running:
        client = Client(running)
        crowd = max(full.seen_by("runsignup", None), key=lambda h: sum(len(c.registrations) for c in h.contests))
        client.partner = crowd.edition.partners[0]
        event = ",".join(str(contest.number) for contest in crowd.contests)
        plain = {row["user"]["gender"] for row in client.people(crowd.number, event, results_per_page=2500)}
        able = {row["user"]["gender"] for row in client.people(crowd.number, event, results_per_page=2500, supports_nb="T")}
        client.session.close()
    assert (plain, able) == ({"F", "M", None}, {"F", "M", "X", None})


def test_optional_blocks_and_the_template_row(even):
    plain, asked = even.people(70001, 80001)[0], even.people(70001, 80001, include_questions="T", include_fundraisers="T")[0]
    assert asked.keys() - plain.keys() >= {"question_responses", "fundraiser_id"}
    assert even.people(70001, 80001, include_template_participant="T")[0]["registration_id"] == -1


def test_counts_agree_with_the_list(even):
    counts = even.runsignup("/race/70001/participant-counts")["counts"]
    assert [(one["event_id"], one["registered_count"]) for one in counts] == [(80001, 30), (80002, 30)]
    one = counts[0]
    genders = ("male", "female", "non_binary", "unspecified")
    assert sum(one[f"registered_{name}_count"] for name in genders) == 30
    assert one["donations_total"].startswith("$")


def test_the_key_can_be_checked(even):
    keys = even.running.credentials(1, "runsignup")
    url = even.running.urls["RUNSIGNUP_URL"] + "/v2/auth-info/entity-info.json"
    query, headers = {"format": "json", "rsu_api_key": keys["api_key"]}, {"X-RSU-API-SECRET": keys["api_secret"]}
    assert even.session.get(url, params=query, headers=headers).json()["entity_type"] == "partner"
    assert code(even.session.get(url, params=query).json()) == 6


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/race/1", {}, 201),
        ("/race/70001/participants", {"event_id": 1}, 223),
        ("/race/70001/participants", {}, 3),
        ("/race/70001/participants", {"event_id": 80001, "api_secret": "wrong"}, 6),
        ("/race/70001/participants", {"event_id": 80001, "api_key": None, "api_secret": None}, 7),
        ("/nothing", {}, 1),
        ("/race/70001/participants", {"event_id": 80001, "page": "two"}, 3),
    ],
)
def test_errors_come_with_http_200(even, path, query, expected):
    reply = even.runsignup_reply(path, **query)
    assert reply.status_code == 200
    assert code(reply.json()) == expected


def test_another_partners_race_is_denied(client):
    client.partner = 2
    foreign = next(h for h in client.running.world.seen_by("runsignup", None) if 2 not in h.edition.partners)
    assert code(client.runsignup(f"/race/{foreign.number}/participants", event_id=foreign.contests[0].number)) == 7


def test_a_wrong_caller_registration_is_the_one_error_with_http_400(even):
    reply = even.runsignup_reply("/races", rsu_api_reg="somebody")
    assert (reply.status_code, code(reply.json())) == (400, 17)


def test_other_methods_are_not_supported(even):
    keys = even.running.credentials(1, "runsignup")
    reply = requests.delete(even.running.urls["RUNSIGNUP_URL"] + "/races", params={**keys, "format": "json"}, timeout=5)
    assert code(reply.json()) == 2


def test_a_contest_that_opens_later_appears_later(full):
    from sync_jobs.sandbox import runsignup_rows
    from tests.conftest import NOW

    late = next(c for h in full.seen_by("runsignup", None) for c in h.contests if c.listed_at > NOW.timestamp())
    years = [late.happening]
    assert runsignup_rows.modified(years, NOW.timestamp()) < late.listed_at
    assert runsignup_rows.modified(years, (NOW + timedelta(hours=1)).timestamp()) == late.listed_at
